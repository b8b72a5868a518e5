#!/bin/sh
# Runs the function with less address space: ADDRESS_SPACE is in KiB.
ulimit -v "$ADDRESS_SPACE" && exec "$FUNCTION"
