"""The release script: what each action does, and the line that each mistake gets before anything changes."""

import json
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

RELEASE = Path(__file__).parents[2] / "infra" / "release.py"
A, B, C = "a" * 32, "b" * 32, "c" * 32

# Stands in for Terraform and AWS. The state has the versions, each with its run id, and the live one.
TERRAFORM = """#!{python}
import json, os, sys, time
from pathlib import Path

folder, command, *arguments = Path(sys.argv[1].removeprefix("-chdir=")), *sys.argv[2:]
state_file, plan_file = folder / "state.json", folder / ".release.tfplan"
state = json.loads(state_file.read_text()) if state_file.exists() else {{"runs": []}}
if command == os.environ.get("FAILS"):
    sys.exit("as asked for")
if command == "plan":
    given = dict(argument.removeprefix("-var=").split("=", 1) for argument in arguments if argument.startswith("-var="))
    plan_file.write_text(json.dumps(given))
elif command == "show":
    print(os.environ.get("SHOWS", "{{}}"))
elif command == "apply":
    given = json.loads(plan_file.read_text())
    time.sleep(float(os.environ.get("TAKES", "0")))
    if "run_id" in given and os.environ.get("CUT") != "before the version":
        state["runs"].append(given["run_id"])
        canary = json.loads(given.get("canary", "null"))
        state["live"] = canary["stable_version"] if canary else str(len(state["runs"]))
    state |= {{"code": json.loads(given.get("code", "null"))}}
    state_file.write_text(json.dumps(state))
    if os.environ.get("CUT") == "after the alias":
        sys.exit("as asked for")
elif command == "output":
    live = state.get("live")
    values = {{"run_id": state["runs"][int(live) - 1], "live_version": live, "image": state["code"]}} if live else {{}}
    values = {{"predictor": values, "other": 1}} if "NESTED" in os.environ else values
    print(json.dumps({{name: {{"value": value}} for name, value in values.items()}}))
"""


class Releases(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "main.tf").write_text('variable "code" {}\n')
        program = self.root / "terraform"
        program.write_text(TERRAFORM.format(python=sys.executable))
        program.chmod(0o755)

    def command(self, *arguments, root=None):
        return [sys.executable, RELEASE, *arguments, "--root", root or self.root, "--yes"]

    def env(self, env):
        return {"PATH": f"{self.root}:/usr/bin:/bin", "AWS_REGION": "eu-west-1", **env}

    def run_release(self, *arguments, root=None, **env):
        return subprocess.run(self.command(*arguments, root=root), env=self.env(env), text=True, capture_output=True)

    def done(self, *arguments, **env):
        done = self.run_release(*arguments, **env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def refusal(self, *arguments, **env):
        done = self.run_release(*arguments, **env)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr.strip()

    def state(self):
        state = json.loads((self.root / "state.json").read_text())
        return state["runs"][int(state["live"]) - 1], state

    def test_a_missing_region_is_reported(self):
        self.assertIn("AWS_REGION is not set", self.refusal("deploy", AWS_REGION=""))

    def test_a_run_id_has_32_digits(self):
        self.assertEqual(self.refusal("promote", "latest"), "promote: RUN_ID=latest: expected the 32 hexadecimal digits of an MLflow run id")
        self.assertIn("promote takes a run id", self.refusal("promote"))

    def test_the_first_model_has_no_canary_and_no_model_before(self):
        self.assertIn("promote the first model without CANARY", self.refusal("promote", A, "--canary", "0.1"))
        self.assertIn("only one model was promoted so far", self.refusal("rollback"))

    def test_missing_terraform_is_reported(self):
        empty = self.root / "empty"
        empty.mkdir()
        self.assertIn("terraform is not installed", self.refusal("deploy", PATH=str(empty)))
        self.assertIn("expected a folder with .tf files", self.refusal("deploy", root=empty))

    def test_a_plan_that_fails_changes_nothing(self):
        self.assertIn("`terraform plan` failed", self.refusal("promote", A, FAILS="plan"))
        self.assertFalse((self.root / "release.auto.tfvars.json").exists())

    def test_a_rollback_serves_the_model_before(self):
        self.done("promote", A)
        self.assertEqual(self.done("promote", B), f"promote in eu-west-1: serves model {B} instead of {A}")
        self.assertEqual(self.done("rollback"), f"rollback in eu-west-1: serves model {A} again instead of {B}")
        self.assertEqual(self.state()[0], A)

    def test_a_rollback_of_canaries_serves_the_stable_model(self):
        self.done("promote", A)
        for run_id in (B, C):
            self.done("promote", run_id, "--canary", "0.1")
            self.assertEqual(self.state()[0], A)
        self.done("rollback")
        self.assertEqual(self.state()[0], A)
        self.assertIn("is served already", self.refusal("promote", A, "--canary", "0.1"))

    def test_a_canary_can_take_all(self):
        self.done("promote", A)
        self.done("promote", B, "--canary", "0.1")
        self.done("promote", B)
        self.assertEqual(self.state()[0], B)
        self.done("rollback")
        self.assertEqual(self.state()[0], A)

    def test_an_apply_that_fails_can_go_on_or_back(self):
        self.done("promote", A)
        self.assertIn("`terraform apply` failed", self.refusal("promote", B, CUT="after the alias"))
        self.done("deploy")
        self.assertEqual(self.state()[0], B)
        self.assertIn("`terraform apply` failed", self.refusal("promote", C, CUT="after the alias"))
        self.done("rollback")
        self.assertEqual(self.state()[0], B)

    def test_a_version_that_was_not_published_is_reported(self):
        self.done("promote", A)
        self.assertIn(f"model {A} is still served", self.refusal("promote", B, CUT="before the version"))

    def test_a_deploy_says_that_it_serves_another_model(self):
        self.done("promote", A)
        (self.root / "release.auto.tfvars.json").write_text(json.dumps({"run_id": B}))
        self.assertEqual(self.done("deploy"), f"deploy in eu-west-1: model {B} instead of {A}")

    def test_streams_and_buckets_are_not_destroyed_without_asking(self):
        changes = [{"address": "aws_kinesis_stream.made[\"input\"]", "change": {"actions": ["delete", "create"]}}]
        refusal = self.refusal("deploy", SHOWS=json.dumps({"resource_changes": changes}))
        self.assertIn('would destroy aws_kinesis_stream.made["input"]', refusal)

    def test_a_promotion_keeps_the_image(self):
        image = {"architecture": "arm64", "image_uri": "repository@sha256:0"}
        self.done("promote", A, "--image-uri", image["image_uri"])
        self.done("promote", B)
        self.assertEqual(self.state()[1]["code"], image)
        (self.root / "main.tf").write_text("")
        self.assertIn("no variable `code`", self.refusal("deploy", "--image-uri", image["image_uri"]))

    def test_a_configuration_may_expose_the_module_in_one_output(self):
        self.done("promote", A)
        self.assertEqual(self.done("promote", B, NESTED="1"), f"promote in eu-west-1: serves model {B} instead of {A}")

    def test_an_interruption_lets_terraform_end(self):
        process = subprocess.Popen(
            self.command("promote", A), env=self.env({"TAKES": "2"}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        while not (self.root / "release.auto.tfvars.json").exists():
            time.sleep(0.01)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.state()[0], A)


if __name__ == "__main__":
    unittest.main()
