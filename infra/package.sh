#!/usr/bin/env bash
# Builds the function for Lambda as one static binary, target/package/ARCH/bootstrap, and as its zip,
# target/package/stream-predictor-ARCH.zip: infra/package.sh arm64|x86-64.
#
# glibc is linked statically, so the same file runs from a zip and from an empty image. What a build leaves in the bytes
# of its place and time is mapped away: the same commit gives the same file in every folder, with the same compilers.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
    arm64) machine=aarch64 ;;
    x86-64) machine=x86_64 ;;
    *) echo "infra/package.sh arm64|x86-64" >&2; exit 2 ;;
esac
target=$machine-unknown-linux-gnu
gcc=gcc package=gcc
[ "$machine" = "$(uname -m)" ] || gcc=$machine-linux-gnu-gcc package=gcc-${machine/_/-}-linux-gnu
triple=${target//-/_}
built=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")
home=$(realpath "${CARGO_HOME:-$HOME/.cargo}")

missing() { echo "make zip ARCH=$1: $2" >&2; exit 1; }
command -v "$gcc" >/dev/null || missing "$1" "no $gcc; on Debian or Ubuntu: apt-get install $package"
[ -d "$(rustc --print target-libdir --target "$target")" ] || rustup target add "$target" ||
    missing "$1" "Rust's standard library for $target is not installed, and \`rustup target add $target\` failed"

cargo fetch --locked --target "$target"
flags=(-C target-feature=+crt-static "--remap-path-prefix=$PWD=." "--remap-path-prefix=$built=target")
c_flags="-ffile-prefix-map=$built=target"
for registry in "$home"/registry/src/*/; do
    flags+=("--remap-path-prefix=${registry%/}=crates")
    c_flags+=" -ffile-prefix-map=${registry%/}=crates"
done

# mimalloc writes down when it was compiled.
export SOURCE_DATE_EPOCH=0
# Lambda's hosts seed from the kernel and the processor; timing the processor as well costs a cold start 10 to 50 ms.
export AWS_LC_SYS_NO_JITTER_ENTROPY=1
export "CC_$triple=$gcc" "CFLAGS_$triple=$c_flags" "CARGO_TARGET_${triple^^}_LINKER=$gcc"
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; echo "${flags[*]}") \
    cargo build --locked --release --target "$target" --bin stream-predictor

mkdir -p "target/package/$1"
cp "$built/$target/release/stream-predictor" "target/package/$1/bootstrap"
.venv/bin/python infra/zip.py "target/package/$1/bootstrap" "target/package/stream-predictor-$1.zip"
sha256sum "target/package/$1/bootstrap" "target/package/stream-predictor-$1.zip"
