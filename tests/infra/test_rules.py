"""Each rule of infra/ has a test: `terraform test` fails when the rule is removed."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

INFRA = Path(__file__).parents[2] / "infra"

# Rules to break: the file, the text, its replacement, and the test file that must fail.
BREAKS = {
    "no partial failures": ("function.tf", 'function_response_types        = ["ReportBatchItemFailures"]', "", "function"),
    "retries without end": ("function.tf", "var.mapping.maximum_retry_attempts", "-1", "function"),
    "any action": ("iam.tf", '"kinesis:PutRecords"', '"kinesis:*"', "permissions"),
    "any resource": ("iam.tf", "[local.stream_arns.output]", '["*"]', "permissions"),
    "any model": ("iam.tf", "${local.model_bucket_arn}/${local.model_prefix}/*", "${local.model_bucket_arn}/*", "permissions"),
    "endless retries as a variable": ("variables.tf", "var.mapping.maximum_retry_attempts >= 0", "var.mapping.maximum_retry_attempts >= -1", "refusals"),
    "tags that move": ("image.tf", "IMMUTABLE", "MUTABLE", "resources"),
}


class Rules(unittest.TestCase):
    def test_each_rule_is_missed(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "infra"
            shutil.copytree(INFRA, folder, symlinks=True, ignore=shutil.ignore_patterns("examples", "*.tfstate*"))
            for what, (file, text, instead, test) in BREAKS.items():
                with self.subTest(what):
                    path = folder / file
                    sound = path.read_text()
                    # `terraform fmt` aligns, so the number of spaces does not matter.
                    squeezed = " ".join(text.split())
                    lines = [line for line in sound.splitlines() if squeezed in " ".join(line.split())]
                    self.assertEqual(len(lines), 1, f"{file}: expected one line with {text}")
                    broken = " ".join(lines[0].split()).replace(squeezed, instead)
                    path.write_text(sound.replace(lines[0], broken))
                    command = ["terraform", f"-chdir={folder}", "test", "-no-color", f"-filter=tests/{test}.tftest.hcl"]
                    done = subprocess.run(command, text=True, capture_output=True)
                    path.write_text(sound)
                    self.assertIn("Failure!", done.stdout, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
