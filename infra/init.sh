#!/usr/bin/env bash
# Sets up a Terraform root for tests, without its state: infra/init.sh ROOT
#
# Providers come from Terraform's registry or a configured mirror. TF_PLUGIN_DIR, if set, names a folder to
# take them from.
set -euo pipefail

if ! said=$(terraform -chdir="$1" init -backend=false -input=false -no-color ${TF_PLUGIN_DIR:+-plugin-dir="$TF_PLUGIN_DIR"} 2>&1); then
    echo "$said" >&2
    echo "terraform init failed in $1; if its registry cannot be reached, set TF_PLUGIN_DIR to a folder of providers" >&2
    exit 1
fi
