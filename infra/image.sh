#!/usr/bin/env bash
# The function as an image for Lambda, made from what infra/package.sh ARCH built:
#
#   infra/image.sh build ARCH               builds the image stream-predictor:ARCH
#   infra/image.sh push ARCH REPOSITORY     pushes it to ECR in AWS_REGION and prints its address
#   infra/image.sh save ARCH FILE           writes it to a tar archive, for `docker load` or `skopeo`
#   infra/image.sh run ARCH                 runs it with the environment and the network of the caller
#   infra/image.sh inspect ARCH             prints its configuration as JSON
#   infra/image.sh engine                   prints docker or buildah, or fails if neither is installed
#
# Docker is used if its engine answers, otherwise buildah, which needs no engine and keeps its images in
# target/package. PROFILE=package-test works on the package and the image of the tests, as in
# infra/package.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

command=${1:-} arch=${2:-}
case "${PROFILE:=release}" in
    release) place=target/package image=stream-predictor:$arch ;;
    package-test) place=target/test-package image=stream-predictor-test:$arch ;;
    *) echo "infra/image.sh: expected PROFILE=release or PROFILE=package-test, found $PROFILE" >&2; exit 2 ;;
esac

if docker version >/dev/null 2>&1; then
    engine=docker
elif type -P buildah >/dev/null; then
    engine=buildah
else
    echo "infra/image.sh: expected a Docker engine or buildah; on Debian or Ubuntu: apt-get install buildah" >&2
    exit 1
fi
[ "$command" != engine ] || { echo "$engine"; exit; }

case $arch in
    arm64) platform=linux/arm64 ;;
    x86-64) platform=linux/amd64 ;;
    *) echo "infra/image.sh: expected the architecture arm64 or x86-64, found '$arch'" >&2; exit 2 ;;
esac
store=$PWD/target/package/images
buildah() { command buildah --storage-driver vfs --root "$store" --runroot "$store/run" "$@"; }

# The files of the image. Their times are fixed, so that one commit gives one image.
prepare() {
    local root=$place/$arch/root
    rm -rf "$root"
    install -D --mode 755 "$place/$arch/bootstrap" "$root/bootstrap"
    install -D --mode 644 "$(.venv/bin/python -m certifi)" "$root/etc/ssl/certs/ca-certificates.crt"
    # Models are downloaded to /tmp.
    install --directory --mode 1777 "$root/tmp"
    find "$root" -exec touch --no-dereference --date @0 {} +
    echo "$root"
}

case $command-$engine in
    build-docker)
        # Lambda takes one manifest. It refuses an index with attestations.
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
        # A hash of the bytes tells uncommitted builds apart.
        [[ $tag != *-dirty-* ]] || tag+=-$(sha256sum "$place/$arch/bootstrap" | cut --characters=-12)
        address=$repository:$tag
        login=(--username AWS --password-stdin "${repository%%/*}")
        ecr() { .venv/bin/aws ecr "$@" --region "$AWS_REGION"; }
        token() { ecr get-login-password; }
        # The repository's tags are immutable. A tag names the bytes, so it never has to change.
        digest=$(ecr describe-images --repository-name "${repository#*/}" --image-ids "imageTag=$tag" \
            --query 'imageDetails[0].imageDigest' --output text 2>/dev/null || true)
        if [[ $digest == sha256:* ]]; then
            echo "$address exists already" >&2
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
        # The password is valid for twelve hours, so do not leave it behind.
        scratch=$(mktemp --directory)
        trap 'rm -rf "$scratch"' EXIT
        token | buildah login --authfile "$scratch/auth.json" "${login[@]}" >&2
        buildah push --format v2s2 --authfile "$scratch/auth.json" --digestfile "$scratch/digest" \
            "$image" "docker://$address" >&2
        echo "$repository@$(<"$scratch/digest")"
        ;;
    save-docker) docker save --output "$3" "$image" ;;
    save-buildah) buildah push "$image" "docker-archive:$3:$image" ;;
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
    *) echo "infra/image.sh build|push|save|run|inspect ARCH, or infra/image.sh engine" >&2; exit 2 ;;
esac
