#!/usr/bin/env python3
"""Applies this Terraform, and moves the function from one model to another.

plan        shows what deploy would do
deploy      applies the configuration, with the model of the last release
promote     serves another run id, or gives it a share of the invocations first
rollback    serves the run id before

Each command shows Terraform's plan, and asks before it changes anything. Two files hold the release; commit
both. Terraform reads release.auto.tfvars.json by itself. release.previous.json names the run id before. A
function that runs an image keeps it until you give another. You need terraform, credentials and a region.
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
    """A mistake that the user has to correct first, in one line."""


class Root:
    """A folder to run Terraform in."""

    def __init__(self, folder):
        if not any(folder.glob("*.tf")):
            raise Refused(f"{folder}: expected a folder with .tf files, found none")
        self.folder = folder

    def terraform(self, *arguments, **options):
        command = ["terraform", f"-chdir={self.folder}", *arguments]
        # Ctrl-C interrupts Terraform as well. Terraform then ends in order and saves its state, so wait for
        # it.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            return subprocess.run(command, check=True, text=True, **options)
        except FileNotFoundError:
            raise Refused("terraform is not installed: install 1.10 or later") from None
        except subprocess.CalledProcessError as error:
            raise Refused(f"`terraform {arguments[0]}` failed: correct the error above, and run this again") from None
        finally:
            signal.signal(signal.SIGINT, before)

    def init(self):
        mirror, bucket = os.environ.get("TF_PLUGIN_DIR"), os.environ.get("STATE_BUCKET")
        arguments = ["init", "-input=false"]
        if mirror:
            arguments.append(f"-plugin-dir={mirror}")
        if bucket:
            # Not in the module itself: a module that another configuration uses has no backend.
            (self.folder / "backend_override.tf").write_text('terraform {\n  backend "s3" {}\n}\n')
            key = f"stream-predictor/{self.folder.resolve().name}.tfstate"
            arguments += [f"-backend-config=bucket={bucket}", f"-backend-config=key={key}", "-backend-config=use_lockfile=true"]
        self.terraform(*arguments, stdout=subprocess.DEVNULL)

    def outputs(self):
        """The module's outputs: the root's own, or the one output that exposes the module."""
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
        """Writes the plan that serves `release`, and shows it."""
        given = dict(release)
        # The file may still hold a canary that has ended.
        if "canary" in self.read(RELEASE):
            given.setdefault("canary", None)
        if image and self.takes("code"):
            given["code"] = image
        text = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        self.terraform("plan", "-input=false", f"-out={PLAN}", *options, *(f"-var={name}={value}" for name, value in text.items()))

    def destroyed(self):
        """Resources that the plan destroys or creates anew, if records would be lost with them."""
        shown = self.terraform("show", "-json", PLAN, stdout=subprocess.PIPE).stdout
        changes = json.loads(shown or "{}").get("resource_changes", [])
        gone = [change["address"] for change in changes if "delete" in change["change"]["actions"]]
        return [address for address in gone if re.search(r"aws_(kinesis_stream|s3_bucket|lambda_\w+)\.", address)]


def release_of(root, served, options):
    """The release that an action leads to, and a line that says what the action does."""
    release = root.read(RELEASE)
    now = served.get("run_id")
    if options.action == "promote":
        release = {"run_id": options.run_id}
        if not re.fullmatch("[0-9a-f]{32}", options.run_id):
            raise Refused(f"RUN_ID={options.run_id}: expected the 32 hexadecimal digits of an MLflow run id")
        if options.canary is None:
            return release, f"serves model {options.run_id} instead of {now or 'none'}"
        stable = served.get("live_version")
        if not stable:
            raise Refused("a canary needs a version that is served already: promote the first model without CANARY")
        if now == options.run_id:
            raise Refused(f"model {now} is served already: give a canary another run id")
        release["canary"] = {"stable_version": stable, "share": options.canary}
        return release, f"gives model {options.run_id} {options.canary:.0%} of the invocations, and version {stable} the rest"
    if options.action == "rollback":
        previous = root.read(PREVIOUS)
        if not previous:
            raise Refused(f"{root.folder / PREVIOUS} does not exist: only one model was promoted so far")
        return previous, f"serves model {previous['run_id']} again instead of {release.get('run_id', 'none')}"
    run_id, is_canary = release.get("run_id"), "canary" in release
    if not run_id:
        return release, "no model was promoted yet: without a run_id in the configuration, the function is not created"
    return release, f"model {run_id}" + (f" instead of {now}" if now not in (None, run_id) and not is_canary else "")


def apply(root, release, served, confirmed):
    """Applies the plan, once the user has confirmed it."""
    destroyed = root.destroyed()
    if destroyed and confirmed:
        raise Refused(f"this would destroy {', '.join(destroyed)}: run it without YES=1 to confirm that")
    if not confirmed and input("Apply this plan? Type yes to apply it: ").strip() != "yes":
        raise Refused("nothing was changed")
    # Written before the apply. If that fails half-way, deploy continues and rollback goes back.
    now = served.get("run_id")
    if release:
        root.write(RELEASE, release)
        if now and now != release["run_id"]:
            root.write(PREVIOUS, {"run_id": now})
    root.terraform("apply", "-input=false", PLAN)
    now = root.outputs().get("run_id")
    if now and release and "canary" not in release and now != release["run_id"]:
        raise Refused(
            f"model {now} is still served: an earlier apply was cut off after it changed the function and before it published a "
            "version. Change any setting of the function, such as its memory, and deploy"
        )


def region():
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if os.environ.get(name):
            return os.environ[name]
    if os.environ.get("AWS_PROFILE"):
        return f"the region of profile {os.environ['AWS_PROFILE']}"
    raise Refused("AWS_REGION is not set: give the region of the streams and buckets, and credentials as for the AWS CLI")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("run_id", nargs="?", help="for promote: the MLflow run id")
    parser.add_argument("--canary", type=float, metavar="SHARE", help="for promote: the share of the invocations, 0.01 to 0.99")
    parser.add_argument("--image-uri", metavar="URI", help="the image to run; its architecture is that of the image before, or else arm64")
    parser.add_argument("--root", type=Path, default=Path(__file__).parent, help="the folder to run Terraform in")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args()
    if (options.action == "promote") != bool(options.run_id):
        parser.error("promote takes a run id, and the other actions do not: make promote RUN_ID=…")
    try:
        region()
        root = Root(options.root)
        root.init()
        served = root.outputs()
        release, what = release_of(root, served, options)
        print(f"{options.action} in {region()}: {what}", flush=True)
        image = served.get("image")
        if options.image_uri and not root.takes("code"):
            raise Refused(f"{root.folder} has no variable `code`: declare it to give an image")
        if options.image_uri:
            image = {"architecture": (image or {}).get("architecture", "arm64"), "image_uri": options.image_uri}
        try:
            # A plan takes no lock, because its role may only read.
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
