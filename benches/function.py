"""Runs the function as a process, with stand-ins for the runtime API, a stream and a bucket.

One process at a time, on the loopback interface.
"""

import base64
import json
import os
import queue
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlparse

ROOT = Path(__file__).resolve().parent.parent

# The linear model of rides, and rides.
LINEAR = next((ROOT / "tests/fixtures/mlflow3").rglob("MLmodel")).parent
RIDES = (ROOT / "tests/fixtures/rides.jsonl").read_text().splitlines()


class Aws(BaseHTTPRequestHandler):
    """The runtime API, the stream and the bucket, for one process at a time."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # each answer is sent at once, in one piece
    disable_nagle_algorithm = True
    asked = queue.Queue()
    events = queue.Queue()
    # Latency of the stream, in seconds.
    latency = 0.0
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
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        accepted = {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}
        if operation:
            time.sleep(self.latency)
        if operation == "PutRecords":
            records = body.count(b'"PartitionKey"')
            self.answer(json.dumps({"FailedRecordCount": 0, "Records": [accepted] * records}).encode())
        elif operation == "PutRecord":
            self.answer(json.dumps(accepted).encode())
        elif operation:
            summary = {"StreamName": "predictions", "StreamARN": "arn", "StreamStatus": "ACTIVE", "RetentionPeriodHours": 24}
            summary |= {"StreamCreationTimestamp": 1, "EnhancedMonitoring": [], "OpenShardCount": 1}
            self.answer(json.dumps({"StreamDescriptionSummary": summary}).encode())
        else:
            self.answer(b"")
            self.answers.put((self.path, body))

    def log_message(self, *_):
        pass


def serve():
    """The address of the stand-ins."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Aws)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_port}"


def rides_event(records):
    """An event with this number of rides, as Lambda sends it."""

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

    return json.dumps({"Records": [record(*ride) for ride in enumerate(islice(cycle(RIDES), records))]}).encode()


class Function:
    """A process of the function, which has asked for its first invocation. It ends with the block."""

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

    def invoke(self, event):
        """Seconds until the answer. The answer must report no record."""
        start = time.perf_counter()
        Aws.events.put(event)
        path, body = Aws.answers.get(timeout=600)
        took = time.perf_counter() - start
        Aws.asked.get(timeout=20)
        if not path.endswith("/response") or json.loads(body) != {"batchItemFailures": []}:
            raise RuntimeError(f"{path}: {body[:200]}")
        return took
