"""What binaries of the function cost, side by side: packages.py [--models DIR] NAME=BINARY …, of `make zip`.

Megabytes, as they are and in the zip; the time from the start of the process to its first request for an invocation, with a
model in a folder and from S3; the processor's time for a record on its whole way, from the event to the stream; and the time
that models take to load and a row takes (`stream-predictor check`). S3 and the stream are stand-ins in this process. Runs take
turns; medians, and in brackets their ratio to the first binary's.
"""

import argparse
import base64
import json
import os
import queue
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlparse

ROOT = Path(__file__).resolve().parent.parent
LINEAR = next((ROOT / "tests/fixtures/mlflow3").rglob("MLmodel")).parent
RIDES = (ROOT / "tests/fixtures/rides.jsonl").read_text().splitlines()[:100] * 5
INVOCATIONS = 200


class Aws(BaseHTTPRequestHandler):
    """The runtime API, the stream and the bucket, for one process at a time."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one piece
    asked = queue.Queue()
    events = queue.Queue()
    answers = queue.Queue()

    def answer(self, body, **headers):
        self.send_response(200)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urlparse(self.path)
        if url.path.endswith("/invocation/next"):
            self.asked.put(time.perf_counter())
            event = self.events.get()
            if event is None:
                self.close_connection = True
                return
            deadline = str(int(time.time() * 1000) + 60_000)
            arn = "arn:aws:lambda:eu-west-1:123456789012:function:f"
            self.answer(event, Lambda_Runtime_Aws_Request_Id="1", Lambda_Runtime_Deadline_Ms=deadline,
                        Lambda_Runtime_Invoked_Function_Arn=arn)  # fmt: skip
        elif "list-type" in parse_qs(url.query):
            [prefix] = parse_qs(url.query)["prefix"]
            contents = (f"<Contents><Key>{prefix}{path.name}</Key><Size>{path.stat().st_size}</Size></Contents>"
                        for path in LINEAR.iterdir())  # fmt: skip
            self.answer(f"<ListBucketResult>{''.join(contents)}</ListBucketResult>".encode())
        else:
            self.answer((LINEAR / Path(unquote(url.path)).name).read_bytes())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "X-Amz-Target" in self.headers:
            records = body.count(b'"PartitionKey"')
            accepted = [{"SequenceNumber": "1", "ShardId": "shardId-000000000000"}] * records
            self.answer(json.dumps({"FailedRecordCount": 0, "Records": accepted}).encode())
        else:
            self.answer(b"")
            self.answers.put((self.path, body))

    def log_message(self, *_):
        pass


def rides_event():
    def record(number, ride):
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": f"key-{number}",
                "sequenceNumber": str(49630081666084879290581185630324770000000000000000000000 + number),
                "data": base64.b64encode(ride.encode()).decode(),
                "approximateArrivalTimestamp": 1654161514.132,
            },
            "eventSource": "aws:kinesis",
            "eventID": "shardId-000000000000:1",
            "awsRegion": "eu-west-1",
            "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/ride_events",
        }

    return json.dumps({"Records": [record(*ride) for ride in enumerate(RIDES)]}).encode()


EVENT = rides_event()


class Function:
    """A process of the function, up to its first request for an invocation; then its end."""

    def __init__(self, binary, address, location):
        env = {
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_LOG_LEVEL": "ERROR",
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": f"http://{address}",
            "MODEL_LOCATION": location,
            "PREDICTIONS_STREAM_NAME": "predictions",
        }
        start = time.perf_counter()
        self.process = subprocess.Popen([binary], env=env, stdout=subprocess.DEVNULL)
        self.started_in = Aws.asked.get(timeout=20) - start

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        Aws.events.put(None)
        _, self.process.returncode, usage = os.wait4(self.process.pid, 0)
        self.cpu_seconds_in_all = usage.ru_utime + usage.ru_stime

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def seconds_a_record(self, event):
        """CPU time for a record, once the process is warm."""
        for number in range(INVOCATIONS + 10):
            if number == 10:
                before = self.cpu_seconds()
            Aws.events.put(event)
            path, body = Aws.answers.get(timeout=20)
            Aws.asked.get(timeout=20)
            assert path.endswith("/response") and json.loads(body) == {"batchItemFailures": []}, (path, body)
        return (self.cpu_seconds() - before) / INVOCATIONS / len(RIDES)


def checked(binary, folder):
    """Milliseconds to load a model, and microseconds a row in calls of 1, 100 and 10 000."""
    report = subprocess.run([binary, "check", folder], capture_output=True, text=True, check=True).stdout
    load = re.search(r"^load +([\d.]+) ms", report, re.MULTILINE)[1]
    return [float(load), *map(float, re.findall(r"^  \d+ rows? +([\d.]+) µs", report, re.MULTILINE))]


def zipped(binary):
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "zip")
        subprocess.run(["python3", ROOT / "infra/zip.py", binary, archive], check=True)
        return archive.stat().st_size


def measure(binary, address, models, figures):
    """Adds one run to the figures, a list for each measure."""
    for where, location in {"a folder": str(LINEAR), "S3": "s3://models/rides"}.items():
        with Function(binary, address, location) as function:
            figures[f"start, model from {where}, ms"].append(function.started_in * 1e3)
        figures[f"start, model from {where}, CPU, ms"].append(function.cpu_seconds_in_all * 1e3)
    with Function(binary, address, str(LINEAR)) as function:
        figures["CPU, µs a record"].append(function.seconds_a_record(EVENT) * 1e6)
    for name, folder in models.items():
        load, *rows = checked(binary, folder)
        figures[f"{name}, load, ms"].append(load)
        for calls, row in zip((1, 100, 10_000), rows, strict=True):
            figures[f"{name}, {calls} rows a call, µs a row"].append(row)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=21)
    options.add_argument("--models", type=Path, default=ROOT / "target/bench", help="of `make bench`")
    options.add_argument("binaries", nargs="+", metavar="NAME=BINARY")
    options = options.parse_args()
    models = {"linear": LINEAR, "forest": options.models / "forest_regressor", "network": options.models / "network"}
    binaries = dict(binary.split("=", 1) for binary in options.binaries)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Aws)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    figures = {name: defaultdict(list) for name in binaries}
    for name, binary in binaries.items():
        figures[name] |= {"MB": [Path(binary).stat().st_size / 1e6], "MB zipped": [zipped(binary) / 1e6]}
    for _ in range(options.runs):
        for name, binary in binaries.items():
            measure(binary, f"127.0.0.1:{server.server_port}", models, figures[name])
    first = figures[next(iter(binaries))]
    print("| |", " | ".join(binaries), "|")
    print("|---" * (len(binaries) + 1) + "|")
    for measured in first:
        medians = [statistics.median(figures[name][measured]) for name in binaries]
        print(f"| {measured} |", " | ".join(f"{median:.3g} ({median / medians[0]:.2f})" for median in medians), "|")


if __name__ == "__main__":
    main()
