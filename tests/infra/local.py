#!/usr/bin/env python3
"""Applies infra/ to a local stack, sends rides through the result, promotes, rolls back and destroys.

The rides go through the applied streams. The function comes from the zip and has the applied environment; the
mapping has the applied settings. `make infra-local` runs this. Everything listens on a free port of
127.0.0.1, and ends with this program.
"""

import contextlib
import csv
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import botocore.session

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
REGION = "us-east-1"
ZIP = PROJECT / "target/test-package/stream-predictor-x86-64.zip"

# Fields that ministack does not store, so that a second plan wants to change them. None stands for all
# fields.
DRIFTS = {
    "aws_cloudwatch_metric_alarm": None,
    "aws_lambda_event_source_mapping": {"metrics_config"},
}


def say(text):
    print(f"{time.monotonic() - STARTED:5.0f} s  {text}", flush=True)


@contextlib.contextmanager
def ended(command, **options):
    """A process that ends with the block."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def until(what, condition, limit=60):
    """Waits until the condition returns a true value, and returns it."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    sys.exit(f"{what}: expected within {limit} s")


def equal(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: expected {expected!r}, found {found!r}")
    say(f"{what}: {found if isinstance(found, (str, int)) else 'as expected'}")


class Stack:
    """A ministack, and a separate folder with this test's Terraform root."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.env = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "TF_PLUGIN_DIR") if name in os.environ},
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "TF_IN_AUTOMATION": "1",
        }
        session = botocore.session.Session()
        session.set_credentials("test", "test")
        self.client = lambda service: session.create_client(service, REGION, endpoint_url=self.env["AWS_ENDPOINT_URL"])
        # main.tf finds the module by its relative path. Links keep the state out of the checkout.
        self.root = folder / "tests/infra/root"
        self.root.mkdir(parents=True)
        (self.root / "main.tf").symlink_to(HERE / "root/main.tf")
        (folder / "infra").symlink_to(PROJECT / "infra")
        (folder / "target").symlink_to(PROJECT / "target")

    def process(self):
        env = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "IOT_MTLS_ENABLED": "0", "LOG_LEVEL": "ERROR",
               "HOME": str(self.folder), "TMPDIR": str(self.folder), "STATE_DIR": str(self.folder), "PATH": "/usr/bin:/bin"}
        ministack = Path(sys.executable).parent / "ministack"
        return ended([ministack], env=env, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True

    def release(self, *arguments):
        command = [sys.executable, PROJECT / "infra/release.py", *arguments, "--root", self.root, "--yes"]
        done = subprocess.run(command, env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            sys.exit(f"{' '.join(arguments)} failed:\n{done.stdout}")
        say(next(line for line in done.stdout.splitlines() if line.startswith(arguments[0])))

    def terraform(self, *arguments, may_fail=False):
        command = ["terraform", f"-chdir={self.root}", *arguments]
        done = subprocess.run(command, env=self.env, text=True, capture_output=True)
        if done.returncode and not may_fail:
            sys.exit(f"terraform {arguments[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout + (done.stderr if may_fail else "")

    def outputs(self):
        return json.loads(self.terraform("output", "-json"))["predictor"]["value"]

    def drift(self):
        """Changes that a second plan would make, except to fields that the local stack does not store."""
        self.terraform("plan", "-out=second.tfplan")
        plan = json.loads(self.terraform("show", "-json", "second.tfplan"))
        found = []
        for change in plan["resource_changes"]:
            before, after = change["change"]["before"], change["change"]["after"]
            if change["change"]["actions"] in (["no-op"], ["read"]):
                continue
            fields = {name for name in after or before if (before or {}).get(name) != (after or {}).get(name)}
            known = DRIFTS.get(change["type"], set())
            if known is not None and not fields <= known:
                found.append(f"{change['address']}: {sorted(fields - known)}")
        return found

    def refused(self, variables, *expected):
        """Runs a plan that must fail with the expected words."""
        arguments = [f"-var={name}={value}" for name, value in variables.items()]
        text = " ".join(self.terraform("plan", "-no-color", "-input=false", "-refresh=false", *arguments, may_fail=True).replace("│", " ").split())
        for words in expected:
            if words not in text:
                sys.exit(f"plan with {variables}: expected {words!r}, found\n{text}")
        say(f"plan is refused: {expected[0]}")


def model_runs(stack, bucket):
    """Uploads two models, as MLflow 2 and 3 write them to S3. Returns their run ids."""
    s3, runs = stack.client("s3"), []
    for layout in ("mlflow2", "mlflow3"):
        folder = PROJECT / "tests/fixtures" / layout
        for path in filter(Path.is_file, folder.rglob("*")):
            s3.put_object(Bucket=bucket, Key=str(path.relative_to(folder)), Body=path.read_bytes())
        text = next(folder.rglob("MLmodel")).read_text()
        runs.append(next(line.split(": ")[1] for line in text.splitlines() if line.startswith("run_id: ")))
    return runs


def records(kinesis, stream):
    """The data of all records of a stream."""
    data = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        data += [record["Data"] for record in kinesis.get_records(ShardIterator=iterator)["Records"]]
    return data


def send(stack, outputs, binary):
    """Sends rides and one broken record through the applied streams, function and mapping."""
    kinesis, function, s3 = stack.client("kinesis"), stack.client("lambda"), stack.client("s3")
    applied = function.get_function_configuration(FunctionName=outputs["function_name"], Qualifier="live")
    mapping = function.get_event_source_mapping(UUID=outputs["mapping_id"])
    equal("the mapping invokes", mapping["FunctionArn"], outputs["alias_arn"])
    options = {
        "stream": mapping["EventSourceArn"].split("/")[1],
        "function-binary": binary,
        "function-timeout": applied["Timeout"],
        "batch-size": mapping["BatchSize"],
        "maximum-batching-window-in-seconds": mapping["MaximumBatchingWindowInSeconds"],
        "starting-position": mapping["StartingPosition"],
        "report-batch-item-failures": str("ReportBatchItemFailures" in mapping["FunctionResponseTypes"]).lower(),
        "bisect-batch-on-function-error": str(mapping["BisectBatchOnFunctionError"]).lower(),
        "maximum-retry-attempts": mapping["MaximumRetryAttempts"],
        "maximum-record-age-in-seconds": mapping["MaximumRecordAgeInSeconds"],
        "on-failure-bucket": mapping["DestinationConfig"]["OnFailure"]["Destination"].split(":::")[1],
    }
    rides = (PROJECT / "tests/fixtures/rides.jsonl").read_bytes().splitlines()[:200]
    entries = [{"Data": data, "PartitionKey": str(n)} for n, data in enumerate([*rides, b"not a ride"])]
    kinesis.put_records(StreamName=outputs["input_stream"], Records=entries)
    command = [PROJECT / "target/debug/stream-predictor-local", "poll"] + [f"--{name}={value}" for name, value in options.items()]
    with ended(command, env={**stack.env, **applied["Environment"]["Variables"]}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        until("predictions", lambda: len(records(kinesis, outputs["output_stream"])) >= len(rides))
        bucket = outputs["quarantine_location"].split("/")[2]
        until("a quarantined record", lambda: s3.list_objects_v2(Bucket=bucket, Prefix="quarantine/")["KeyCount"])
    predictions = {p["prediction"]["ride_id"]: p for p in map(json.loads, records(kinesis, outputs["output_stream"]))}
    equal("predictions", len(predictions), len(rides))
    equal("made by", {p["version"] for p in predictions.values()}, {applied["Environment"]["Variables"]["RUN_ID"]})
    with (PROJECT / "tests/fixtures/rides.linear.csv").open() as file:
        expected = {row["ride_id"]: float(row["ride_duration"]) for row in csv.DictReader(file)}
    far = [i for i, p in predictions.items() if abs(p["prediction"]["ride_duration"] - expected[str(i)]) > 1e-3]
    equal("predictions that differ from training", far, [])
    line = s3.get_object(Bucket=bucket, Key=s3.list_objects_v2(Bucket=bucket, Prefix="quarantine/")["Contents"][0]["Key"])["Body"].read()
    equal("quarantined because", json.loads(line)["failures"][0]["reason"], "the payload is not JSON (line 1, column 2)")


def empty(stack, bucket):
    s3 = stack.client("s3")
    listed = s3.list_object_versions(Bucket=bucket)
    for version in listed.get("Versions", []) + listed.get("DeleteMarkers", []):
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


def main():
    if not ZIP.exists():
        sys.exit(f"{ZIP.relative_to(PROJECT)} is missing: run `make infra-local`")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with zipfile.ZipFile(ZIP) as packed:
            binary = packed.extract("bootstrap", folder)
            os.chmod(binary, 0o755)
        stack = Stack(folder)
        with stack.process():
            until("the local stack", stack.answers)
            stack.release("deploy")
            outputs = stack.outputs()
            equal("function without a model", outputs["function_name"], None)
            models = outputs["model_location"].removeprefix("s3://")
            first, second = model_runs(stack, models)

            stack.release("promote", first)
            outputs = stack.outputs()
            equal("a second plan changes", stack.drift(), [])
            send(stack, outputs, binary)

            function = stack.client("lambda")
            stack.release("promote", second, "--canary", "0.1")
            alias = function.get_alias(FunctionName=outputs["function_name"], Name="live")
            equal("versions", [alias["FunctionVersion"], alias["RoutingConfig"]["AdditionalVersionWeights"]], ["1", {"2": 0.1}])
            stack.release("rollback")
            alias = function.get_function_configuration(FunctionName=outputs["function_name"], Qualifier="live")
            equal("model after the rollback", alias["Environment"]["Variables"]["RUN_ID"], first)

            nowhere = f'{{ existing = {{ arn = "arn:aws:kinesis:{REGION}:000000000000:stream/nowhere" }} }}'
            stack.refused({"input_stream": nowhere}, "Kinesis Stream (nowhere): couldn't find resource")
            stack.client("s3").create_bucket(Bucket="empty")
            stack.refused({"run_id": first, "model": '{ existing = { bucket = "empty" } }'}, f"no model of run {first}", "s3://empty/1/models/")
            stack.refused({"run_id": first, "model": '{ existing = { bucket = "nowhere" } }'}, "nowhere")

            for bucket in (models, outputs["quarantine_location"].split("/")[2]):
                empty(stack, bucket)
            stack.terraform("destroy", "-auto-approve")
            equal("streams left", len(stack.client("kinesis").list_streams()["StreamNames"]), 0)
    say("applied, used and destroyed everything")


STARTED = time.monotonic()

if __name__ == "__main__":
    main()
