#!/usr/bin/env python3
"""Applies this Terraform, and moves the function from one model to another.

plan        only shows what deploy would do
deploy      applies the configuration, with the model of the last release
promote     serves another run id, or gives it a share of the invocations first
rollback    serves the run id before

Each shows Terraform's plan, and asks before it changes anything. The release stands in release.auto.tfvars.json, which Terraform
reads by itself, and what was served before it in release.previous.json: commit both. A function of an image stays with that image
until it is given another. Needed are terraform, credentials and a region.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

ACTIONS = ("plan", "deploy", "promote", "rollback")
PLAN = ".release.tfplan"
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
        # What interrupts this program interrupts Terraform too, which ends in order and keeps its state: it is waited for.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            return subprocess.run(command, check=True, text=True, **options)
        except FileNotFoundError:
            raise Refused("terraform is not installed; 1.10 or later is needed") from None
        except subprocess.CalledProcessError as error:
            raise Refused(f"`terraform {arguments[0]}` failed: see above, and run it again once that is mended") from None
        finally:
            signal.signal(signal.SIGINT, before)

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

    def outputs(self):
        """The module's outputs: the root's own, or those of a configuration that gives all of the module's in one."""
        outputs = json.loads(self.terraform("output", "-json", stdout=subprocess.PIPE).stdout)
        values = {name: output["value"] for name, output in outputs.items()}
        return next((value for value in (values, *values.values()) if isinstance(value, dict) and "live_version" in value), {})

    def takes(self, variable):
        return any(re.search(rf'^variable "{variable}"', path.read_text(), re.MULTILINE) for path in self.folder.glob("*.tf"))

    def read(self, name):
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else {}

    def write(self, name, release):
        (self.folder / name).write_text(json.dumps(release, indent=2) + "\n")

    def plan(self, release, image, *options):
        """Writes the plan that makes `release` the one that is served, and shows it."""
        given = dict(release)
        # A canary that ended is not to be read again from the file.
        if "canary" in self.read(RELEASE):
            given.setdefault("canary", None)
        if image and self.takes("code"):
            given["code"] = image
        text = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        self.terraform("plan", "-input=false", f"-out={PLAN}", *options, *(f"-var={name}={value}" for name, value in text.items()))

    def destroyed(self):
        """What the plan takes away for good, or for a while, and records with it."""
        shown = self.terraform("show", "-json", PLAN, stdout=subprocess.PIPE).stdout
        changes = json.loads(shown or "{}").get("resource_changes", [])
        gone = [change["address"] for change in changes if "delete" in change["change"]["actions"]]
        return [address for address in gone if re.search(r"aws_(kinesis_stream|s3_bucket|lambda_\w+)\.", address)]


def release_of(root, served, options):
    """The release that an action is for, and in a line what it does."""
    release = root.read(RELEASE)
    now = served.get("run_id")
    if options.action == "promote":
        release = {"run_id": options.run_id}
        if not re.fullmatch("[0-9a-f]{32}", options.run_id):
            raise Refused(f"RUN_ID={options.run_id}: an MLflow run id has 32 hexadecimal digits")
        if options.canary is None:
            return release, f"serves model {options.run_id} instead of {now or 'none'}"
        stable = served.get("live_version")
        if not stable:
            raise Refused("a canary needs a version that is served; the first model takes all")
        if now == options.run_id:
            raise Refused(f"model {now} is served already, and a canary is another one")
        release["canary"] = {"stable_version": stable, "share": options.canary}
        return release, f"gives model {options.run_id} {options.canary:.0%} of the invocations, and version {stable} the rest"
    if options.action == "rollback":
        previous = root.read(PREVIOUS)
        if not previous:
            raise Refused(f"there is no {root.folder / PREVIOUS}: no model was promoted after another")
        return previous, f"serves model {previous['run_id']} again instead of {release.get('run_id', 'none')}"
    run_id, is_canary = release.get("run_id"), "canary" in release
    if not run_id:
        return release, "no model was promoted yet, so that there is no function unless the configuration gives a run_id"
    return release, f"model {run_id}" + (f" instead of {now}" if now not in (None, run_id) and not is_canary else "")


def apply(root, release, served, confirmed):
    """Applies the plan, once that is confirmed."""
    destroyed = root.destroyed()
    if destroyed and confirmed:
        raise Refused(f"this would destroy {', '.join(destroyed)}, which is not done unasked: without YES=1 it asks")
    if not confirmed and input("Apply this plan? Only yes is taken for it: ").strip() != "yes":
        raise Refused("nothing was changed")
    # Before it is in effect: should the apply fail half-way, deploy goes on with it, and rollback goes back.
    now = served.get("run_id")
    if release:
        root.write(RELEASE, release)
        if now and now != release["run_id"]:
            root.write(PREVIOUS, {"run_id": now})
    root.terraform("apply", "-input=false", PLAN)
    now = root.outputs().get("run_id")
    if now and release and "canary" not in release and now != release["run_id"]:
        raise Refused(
            f"model {now} is served still: an apply before this one was cut off when the function was changed and no version "
            "published. Change any setting of the function, its memory say, and deploy"
        )


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
    parser.add_argument("--image-uri", metavar="URI", help="the image to run, for arm64 unless the one before was not")
    parser.add_argument("--root", type=Path, default=Path(__file__).parent, help="folder that Terraform is run in")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args()
    if (options.action == "promote") != bool(options.run_id):
        parser.error("promote, and it alone, takes a run id: make promote RUN_ID=…")
    try:
        region()
        root = Root(options.root)
        root.init()
        served = root.outputs()
        release, what = release_of(root, served, options)
        print(f"{options.action} in {region()}: {what}", flush=True)
        image = served.get("image")
        if options.image_uri and not root.takes("code"):
            raise Refused(f"{root.folder} has no variable `code`, which an image could be given in")
        if options.image_uri:
            image = {"architecture": (image or {}).get("architecture", "arm64"), "image_uri": options.image_uri}
        try:
            # Who only plans may be allowed only to read.
            root.plan(release, image, *(["-lock=false"] if options.action == "plan" else []))
            if options.action != "plan":
                apply(root, release, served, options.yes)
        finally:
            (root.folder / PLAN).unlink(missing_ok=True)
    except Refused as refused:
        print(f"{options.action}: {refused}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        print(f"\n{options.action}: nothing was changed", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
