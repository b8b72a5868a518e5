#!/bin/sh
# Runs the image of architecture ARCH. It takes no arguments, so the tests can start it in place of the
# binary.
exec "$(dirname "$0")/../../infra/image.sh" run "$ARCH"
