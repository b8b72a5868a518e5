#!/usr/bin/env bash
# Prints the parts of the tests that this machine cannot run, one word each: infra, image, packages. With
# --explain, a line for each part says what to install.
set -uo pipefail
cd "$(dirname "$0")/.."

left_out() {
    if [ "${explain:-}" ]; then echo "not tested: $2"; else echo "$1"; fi
}
[ "${1:-}" != --explain ] || explain=1

terraform_version=$(terraform version 2>/dev/null | sed -n 's/^Terraform v//p')
if [ -z "$terraform_version" ] || [ "$(printf '1.10\n%s\n' "$terraform_version" | sort --version-sort | head -n 1)" != 1.10 ]; then
    left_out infra "infra/ (install Terraform 1.10 or later)"
elif ! why=$(infra/init.sh tests/infra/root 2>&1); then
    left_out infra "infra/ (${why##*$'\n'})"
fi

# A glibc that can be linked statically: it comes with gcc on Debian and Ubuntu, in glibc-static on Fedora.
program=$(mktemp)
trap 'rm -f "$program"' EXIT
if [ "$(uname -s)" != Linux ] || ! echo 'int main(void) { return 0; }' | gcc -static -x c - -o "$program" 2>/dev/null; then
    left_out packages "the zip and the image (they are built on Linux, with gcc and a static glibc)"
    [ "${explain:-}" ] || echo image
elif ! infra/image.sh engine >/dev/null 2>&1; then
    left_out image "the image (install Docker or buildah)"
elif ! type -P openssl >/dev/null; then
    left_out image "the image (install openssl)"
fi
