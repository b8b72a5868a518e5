#!/bin/sh
# Runs the image of architecture ARCH, for those who can start a program but give it no arguments.
exec "$(dirname "$0")/../../infra/image.sh" run "$ARCH"
