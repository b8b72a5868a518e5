"""What is wrong with a release is told in one line, before Terraform is asked for anything."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

RELEASE = Path(__file__).parents[2] / "infra" / "release.py"

# Stands for Terraform, and has nothing to tell.
TERRAFORM = "#!/bin/sh\ncase $2 in output) echo '{}' ;; esac\n"


class Refusals(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        (self.root / "main.tf").write_text("")
        program = self.root / "terraform"
        program.write_text(TERRAFORM)
        program.chmod(0o755)

    def refusal(self, *arguments, root=None, **env):
        env = {"PATH": f"{self.root}:/usr/bin:/bin", "AWS_REGION": "eu-west-1", **env}
        command = [sys.executable, RELEASE, *arguments, "--root", root or self.root, "--yes"]
        done = subprocess.run(command, env=env, text=True, capture_output=True)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr.strip()

    def test_a_region_is_asked_for(self):
        self.assertIn("AWS_REGION is not set", self.refusal("deploy", AWS_REGION=""))

    def test_a_run_id_has_32_digits(self):
        self.assertEqual(self.refusal("promote", "latest"), "promote: RUN_ID=latest: an MLflow run id has 32 hexadecimal digits")
        self.assertIn("takes a run id", self.refusal("promote"))

    def test_the_first_model_has_no_canary_and_no_model_before(self):
        self.assertIn("the first model takes all", self.refusal("promote", "0" * 32, "--canary", "0.1"))
        self.assertIn("no model was promoted after another", self.refusal("rollback"))

    def test_terraform_is_asked_for(self):
        empty = self.root / "empty"
        empty.mkdir()
        self.assertIn("terraform is not installed", self.refusal("deploy", PATH=str(empty)))
        self.assertIn("holds no Terraform", self.refusal("deploy", root=empty))

    def test_a_plan_that_fails_changes_nothing(self):
        (self.root / "terraform").write_text("#!/bin/sh\n[ $2 != plan ]\n")
        self.assertIn("`terraform plan` failed", self.refusal("promote", "0" * 32))
        self.assertFalse((self.root / "release.auto.tfvars.json").exists())

    def test_what_is_served_is_kept_and_what_was_before(self):
        for run_id in ("1" * 32, "2" * 32):
            command = [sys.executable, RELEASE, "promote", run_id, "--root", self.root, "--yes"]
            env = {**os.environ, "PATH": f"{self.root}:/usr/bin:/bin", "AWS_REGION": "eu-west-1"}
            subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
        self.assertIn("2" * 32, (self.root / "release.auto.tfvars.json").read_text())
        self.assertIn("1" * 32, (self.root / "release.previous.json").read_text())


if __name__ == "__main__":
    unittest.main()
