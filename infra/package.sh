#!/usr/bin/env bash
# Builds the function for Lambda: one static binary, target/package/ARCH/bootstrap, and its zip,
# target/package/stream-predictor-ARCH.zip. Usage: infra/package.sh arm64|x86-64
#
# PROFILE=package-test builds in a fraction of the time, without link-time optimisation. The tests use that
# package. It goes to target/test-package, so it is never deployed in place of a release.
#
# glibc is linked statically, so the same file runs from a zip and from an empty image. Paths and times of the
# build are mapped away: one commit gives the same bytes in every folder, with the same compilers.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
    arm64) machine=aarch64 ;;
    x86-64) machine=x86_64 ;;
    *) echo "infra/package.sh arm64|x86-64" >&2; exit 2 ;;
esac
case "${PROFILE:=release}" in
    release) place=target/package ;;
    package-test) place=target/test-package ;;
    *) echo "infra/package.sh: expected PROFILE=release or PROFILE=package-test, found $PROFILE" >&2; exit 2 ;;
esac
target=$machine-unknown-linux-gnu
gcc=gcc package=gcc
[ "$machine" = "$(uname -m)" ] || gcc=$machine-linux-gnu-gcc package=gcc-${machine/_/-}-linux-gnu
triple=${target//-/_}
built=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")
home=$(realpath "${CARGO_HOME:-$HOME/.cargo}")

missing() { echo "make zip ARCH=$1: $2" >&2; exit 1; }
command -v "$gcc" >/dev/null || missing "$1" "$gcc was not found; on Debian or Ubuntu: apt-get install $package"
[ -d "$(rustc --print target-libdir --target "$target")" ] || rustup target add "$target" ||
    missing "$1" "Rust's standard library for $target is not installed, and \`rustup target add $target\` failed"

cargo fetch --locked --target "$target"
flags=(-C target-feature=+crt-static "--remap-path-prefix=$PWD=." "--remap-path-prefix=$built=target")
c_flags="-ffile-prefix-map=$built=target"
for registry in "$home"/registry/src/*/; do
    flags+=("--remap-path-prefix=${registry%/}=crates")
    c_flags+=" -ffile-prefix-map=${registry%/}=crates"
done

# `--version` and the log name the commit. Set the variable to build from an archive, which has no history.
: "${STREAM_PREDICTOR_COMMIT:=$(git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null || echo unknown)}"
export STREAM_PREDICTOR_COMMIT
# Incremental builds give other bytes.
export CARGO_INCREMENTAL=0
# mimalloc compiles the date into the binary.
export SOURCE_DATE_EPOCH=0
# Lambda's hosts have the kernel's and the processor's random numbers. Timing jitter as a third source of
# entropy would cost every cold start 10 to 50 ms.
export AWS_LC_SYS_NO_JITTER_ENTROPY=1
export "CC_$triple=$gcc" "CFLAGS_$triple=$c_flags" "CARGO_TARGET_${triple^^}_LINKER=$gcc"
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; echo "${flags[*]}") \
    cargo build --locked --profile "$PROFILE" --target "$target" --package stream-predictor --bin stream-predictor

mkdir -p "$place/$1"
cp "$built/$target/$PROFILE/stream-predictor" "$place/$1/bootstrap"
.venv/bin/python infra/zip.py "$place/$1/bootstrap" "$place/stream-predictor-$1.zip"
sha256sum "$place/$1/bootstrap" "$place/stream-predictor-$1.zip"
