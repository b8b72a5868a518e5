#!/usr/bin/env bash
# The function as an image for Lambda, of what infra/package.sh ARCH has built:
#
#   infra/image.sh build ARCH               stream-predictor:ARCH
#   infra/image.sh push ARCH REPOSITORY     to ECR in AWS_REGION; the last line is the image's address by digest
#   infra/image.sh run ARCH                 as it is, with the environment and network of the caller
#   infra/image.sh inspect ARCH             what is known of it, as JSON
#
# With a Docker engine where there is one, else with buildah, which needs none and keeps its images in target/package.
set -euo pipefail
cd "$(dirname "$0")/.."

command=$1
arch=$2
image=stream-predictor:$arch
case $arch in
    arm64) platform=linux/arm64 ;;
    x86-64) platform=linux/amd64 ;;
    *) echo "infra/image.sh: an architecture is arm64 or x86-64" >&2; exit 2 ;;
esac

store=$PWD/target/package/images
buildah() { command buildah --storage-driver vfs --root "$store" --runroot "$store/run" "$@"; }
if docker version >/dev/null 2>&1; then
    engine=docker
elif type -P buildah >/dev/null; then
    engine=buildah
elif [ "$(id -u)" = 0 ] && type -P apt-get >/dev/null; then
    echo "Neither a Docker engine nor buildah is here: installing buildah" >&2
    apt-get update --quiet >&2
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes buildah >&2
    engine=buildah
else
    echo "infra/image.sh: a Docker engine or buildah is needed; on Debian or Ubuntu: apt-get install buildah" >&2
    exit 1
fi

# What the image consists of. Times are set: the same commit gives the same image.
prepare() {
    local root=target/package/$arch/root
    rm -rf "$root"
    install -D --mode 755 "target/package/$arch/bootstrap" "$root/bootstrap"
    install -D --mode 644 "$(.venv/bin/python -m certifi)" "$root/etc/ssl/certs/ca-certificates.crt"
    # A model is downloaded to /tmp.
    install --directory --mode 1777 "$root/tmp"
    find "$root" -exec touch --no-dereference --date @0 {} +
    echo "$root"
}

case $command-$engine in
    build-docker)
        # One manifest, not an index with attestations, which Lambda refuses.
        SOURCE_DATE_EPOCH=0 docker build --platform "$platform" --provenance=false --sbom=false \
            --tag "$image" --file Dockerfile "$(prepare)"
        ;;
    build-buildah)
        if buildah inspect --type image "$image" >/dev/null 2>&1; then buildah rmi --force "$image"; fi
        buildah bud --isolation chroot --arch "${platform#*/}" --timestamp 0 --identity-label=false \
            --tag "$image" --file Dockerfile "$(prepare)"
        ;;
    push-*)
        repository=$3
        tag=$(git describe --always --dirty --abbrev=12)-$arch
        # What is not committed is told apart by its bytes.
        [[ $tag != *-dirty-* ]] || tag+=-$(sha256sum "target/package/$arch/bootstrap" | cut --characters=-12)
        address=$repository:$tag
        login=(--username AWS --password-stdin "${repository%%/*}")
        ecr() { .venv/bin/aws ecr "$@" --region "$AWS_REGION"; }
        token() { ecr get-login-password; }
        # Tags can't be written again, and need not: they name the bytes.
        digest=$(ecr describe-images --repository-name "${repository#*/}" --image-ids "imageTag=$tag" \
            --query 'imageDetails[0].imageDigest' --output text 2>/dev/null || true)
        if [[ $digest == sha256:* ]]; then
            echo "$address is there already" >&2
            echo "$repository@$digest"
            exit
        fi
        ;;&
    push-docker)
        token | docker login "${login[@]}" >&2
        docker tag "$image" "$address"
        docker push "$address" >&2
        docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$address" | grep --fixed-strings "$repository@"
        ;;
    push-buildah)
        # The password is good for twelve hours; it is not left behind.
        scratch=$(mktemp --directory)
        trap 'rm -rf "$scratch"' EXIT
        token | buildah login --authfile "$scratch/auth.json" "${login[@]}" >&2
        buildah push --format v2s2 --authfile "$scratch/auth.json" --digestfile "$scratch/digest" \
            "$image" "docker://$address" >&2
        echo "$repository@$(<"$scratch/digest")"
        ;;
    run-*)
        options=()
        for name in $(compgen -e | grep --invert-match --line-regexp --extended-regexp 'HOME|OLDPWD|PATH|PWD|SHLVL|_'); do
            options+=(--env "$name=${!name}")
        done
        [ -d "${MODEL_LOCATION:-}" ] && options+=(--volume "$MODEL_LOCATION:$MODEL_LOCATION:ro")
        ;;&
    run-docker) exec docker run --rm --network host "${options[@]}" "$image" ;;
    run-buildah)
        container=$(buildah from "$image")
        trap 'buildah rm "$container" >/dev/null' EXIT
        buildah run --isolation chroot "${options[@]}" "$container" -- /bootstrap
        ;;
    inspect-docker) docker image inspect "$image" ;;
    inspect-buildah) buildah inspect --type image "$image" ;;
    *) echo "infra/image.sh build|push|run|inspect ARCH" >&2; exit 2 ;;
esac
