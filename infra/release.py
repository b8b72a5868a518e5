#!/usr/bin/env python3
"""Applies this Terraform, and moves the function from one model to another.

plan        only shows what deploy would do
deploy      applies the configuration, with the model that is served
promote     serves another run id, or gives it a share of the invocations first
rollback    serves the run id before

Each shows Terraform's plan, and asks before it changes anything. What is served stands in release.auto.tfvars.json, which
Terraform reads by itself, and what was before in release.previous.json: commit both. Needed are terraform, credentials and a region.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

RELEASE = "release.auto.tfvars.json"
PREVIOUS = "release.previous.json"


class Refused(Exception):
    """What the user has to change first, in one line."""


class Root:
    """A folder that Terraform is run in."""

    def __init__(self, folder):
        if not any(folder.glob("*.tf")):
            raise Refused(f"{folder} holds no Terraform")
        self.folder = folder

    def terraform(self, *arguments, **options):
        command = ["terraform", f"-chdir={self.folder}", *arguments]
        try:
            return subprocess.run(command, check=True, text=True, **options)
        except FileNotFoundError:
            raise Refused("terraform is not installed; 1.10 or later is needed") from None
        except subprocess.CalledProcessError as error:
            raise Refused(f"`terraform {arguments[0]}` failed: see above, and run it again once that is mended") from None

    def init(self):
        mirror, bucket = os.environ.get("TF_PLUGIN_DIR"), os.environ.get("STATE_BUCKET")
        arguments = ["init", "-input=false"]
        if mirror:
            arguments.append(f"-plugin-dir={mirror}")
        if bucket:
            # Not in the module itself: one that is used from another configuration has no backend.
            (self.folder / "backend_override.tf").write_text('terraform {\n  backend "s3" {}\n}\n')
            key = f"stream-predictor/{self.folder.resolve().name}.tfstate"
            arguments += [f"-backend-config=bucket={bucket}", f"-backend-config=key={key}", "-backend-config=use_lockfile=true"]
        self.terraform(*arguments, stdout=subprocess.DEVNULL)

    def output(self, name):
        outputs = json.loads(self.terraform("output", "-json", stdout=subprocess.PIPE).stdout)
        return outputs.get(name, {}).get("value")

    def read(self, name):
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else {}

    def write(self, name, release):
        (self.folder / name).write_text(json.dumps(release, indent=2) + "\n")

    def apply(self, release, confirmed, only_plan):
        """Applies `release`, and keeps it once it is in effect."""
        plan = self.folder / ".release.tfplan"
        arguments = [f"-var={name}={json.dumps(value) if isinstance(value, dict) else value}" for name, value in release.items()]
        before = self.read(RELEASE)
        # Who only plans may be allowed only to read.
        arguments += ["-lock=false"] if only_plan else []
        # A canary that ended is not to be read again from the file.
        arguments += ["-var=canary=null"] if "canary" in before and "canary" not in release else []
        try:
            self.terraform("plan", "-input=false", f"-out={plan.name}", *arguments)
            if only_plan:
                return
            if not confirmed and input("Apply this plan? Only yes is taken for it: ").strip() != "yes":
                raise Refused("nothing was changed")
            self.terraform("apply", "-input=false", plan.name)
        finally:
            plan.unlink(missing_ok=True)
        if release.get("run_id") != before.get("run_id") and before:
            self.write(PREVIOUS, {"run_id": before["run_id"]})
        if release:
            self.write(RELEASE, release)


def deploy(root, _options):
    release = root.read(RELEASE)
    run_id = release.get("run_id")
    served = f"model {run_id}" if run_id else "no model yet, so no function: promote one next"
    return f"applies {root.folder} in {region()}: {served}", release


def promote(root, options):
    if not re.fullmatch("[0-9a-f]{32}", options.run_id):
        raise Refused(f"RUN_ID={options.run_id}: an MLflow run id has 32 hexadecimal digits")
    release = {"run_id": options.run_id}
    before = root.read(RELEASE).get("run_id", "none")
    what = f"serves model {options.run_id} instead of {before}, in {region()}"
    if options.canary is not None:
        stable = root.output("live_version")
        if not stable:
            raise Refused("a canary needs a version that is served; the first model takes all")
        release["canary"] = {"stable_version": stable, "share": options.canary}
        what = f"gives model {options.run_id} {options.canary:.0%} of the invocations, and version {stable} the rest, in {region()}"
    return what, release


def rollback(root, _options):
    previous = root.read(PREVIOUS)
    if not previous:
        raise Refused(f"there is no {root.folder / PREVIOUS}: no model was promoted after another")
    before = root.read(RELEASE).get("run_id", "none")
    return f"serves model {previous['run_id']} again instead of {before}, in {region()}", previous


ACTIONS = {"plan": deploy, "deploy": deploy, "promote": promote, "rollback": rollback}


def region():
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if os.environ.get(name):
            return os.environ[name]
    if os.environ.get("AWS_PROFILE"):
        return f"the region of profile {os.environ['AWS_PROFILE']}"
    raise Refused("AWS_REGION is not set: give the region of stream and bucket, and credentials as for the AWS CLI")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("run_id", nargs="?", help="for promote: the MLflow run id")
    parser.add_argument("--canary", type=float, metavar="SHARE", help="for promote: its share of the invocations, 0.01 to 0.99")
    parser.add_argument("--root", type=Path, default=Path(__file__).parent, help="folder that Terraform is run in")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args()
    if (options.action == "promote") != bool(options.run_id):
        parser.error("promote, and it alone, takes a run id: make promote RUN_ID=…")
    try:
        region()
        root = Root(options.root)
        root.init()
        what, release = ACTIONS[options.action](root, options)
        print(f"{options.action} {what}", flush=True)
        root.apply(release, options.yes, only_plan=options.action == "plan")
    except Refused as refused:
        print(f"{options.action}: {refused}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        print(f"\n{options.action}: nothing was changed", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
