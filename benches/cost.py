#!/usr/bin/env python3
"""Computes the cost of a million records by batch size and memory, for this function and the Python function.

    cost.py --bootstrap target/package/x86-64/bootstrap

Both get the same events of rides and the same linear model. Both publish to the same stand-in for Kinesis,
which answers each request after --latency. The script measures how long an invocation takes, and how much of
that time the processor works. Lambda gives a function one processor from 1 769 MB on, and a share of it below
(docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). So an invocation is taken to last, and is
billed for,

    waiting + working / min(1, memory / 1 769 MB)

The Python function is that of mlops-zoomcamp: a scikit-learn pipeline, loaded with mlflow.pyfunc, and one
prediction and one `put_record` of boto3 per record.
"""

import argparse
import base64
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from function import LINEAR, ROOT, Aws, Function, rides_event, serve

# Dollars in us-east-1, as published. AWS's pages have today's prices:
# aws.amazon.com/lambda/pricing and aws.amazon.com/kinesis/data-streams/pricing.
PER_REQUEST = 0.20 / 1e6
PER_GB_SECOND = {"arm64": 0.0000133334, "x86_64": 0.0000166667}
ON_DEMAND_GB_IN, ON_DEMAND_GB_OUT, STREAM_HOUR = 0.08, 0.04, 0.04
PUT_UNIT, SHARD_HOUR = 0.014 / 1e6, 0.015

FULL_CPU_MB = 1769


def theirs(address):
    """The handler of the Python function, in this process."""
    sys.path.insert(0, str(ROOT / "examples"))
    import boto3
    import mlflow
    import ride_duration

    pipeline = ride_duration.train(ride_duration.simulate_rides(), "linear")
    with tempfile.TemporaryDirectory() as folder:
        mlflow.sklearn.save_model(pipeline, f"{folder}/model", serialization_format="cloudpickle")
        model = mlflow.pyfunc.load_model(f"{folder}/model")
    client = boto3.client("kinesis", endpoint_url=f"http://{address}", region_name="us-east-1",
                          aws_access_key_id="t", aws_secret_access_key="t")

    def handle(payload):
        predictions = []
        for record in json.loads(payload)["Records"]:
            document = json.loads(base64.b64decode(record["kinesis"]["data"]).decode())
            ride = document["ride"]
            features = {"PU_DO": f"{ride['PULocationID']}_{ride['DOLocationID']}", "trip_distance": ride["trip_distance"]}
            minutes = float(model.predict(features)[0])
            result = {"model": "ride_duration_prediction_model", "version": "1",
                      "prediction": {"ride_duration": minutes, "ride_id": document["ride_id"]}}
            client.put_record(StreamName="p", Data=json.dumps(result), PartitionKey=str(document["ride_id"]))
            predictions.append(result)
        return predictions

    def invoke(payload):
        start = time.perf_counter()
        handle(payload)
        return time.perf_counter() - start

    return invoke, time.thread_time


def measure(invoke, cpu, payload, seconds):
    """The medians of an invocation's waiting and working time, in seconds."""
    invoke(payload)
    times, start, worked = [], time.perf_counter(), cpu()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        times.append(invoke(payload))
    working = (cpu() - worked) / len(times)
    return max(median(times) - working, 0), working


def compute(waiting, working, records, memory, architecture):
    """Dollars for a million records, and the billed milliseconds of one invocation."""
    duration = waiting + working / min(1, memory / FULL_CPU_MB)
    invocation = PER_REQUEST + duration * memory / 1024 * PER_GB_SECOND[architecture]
    return invocation * 1e6 / records, duration * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", type=Path, required=True, help="the function's binary, of `make zip ARCH=x86-64`")
    parser.add_argument("--latency", type=float, default=10, metavar="MS", help="latency of a request to Kinesis [default: 10]")
    parser.add_argument("--seconds", type=float, default=5, help="least duration of a measurement [default: 5]")
    options = parser.parse_args()

    Aws.latency = options.latency / 1e3
    address = serve()
    python, python_cpu = theirs(address)
    sizes, memories = [1, 10, 100, 1000, 10000], [128, 256, 512, 1024, 1769]
    with Function(options.bootstrap, address, str(LINEAR)) as function:
        print(f"\nan invocation with a linear model; Kinesis answers after {options.latency:g} ms\n")
        print(f"{'':>7} | {'this function, ms':^21} | {'Python function, ms':^21} |")
        print(f"{'records':>7} | {'waiting':>10} {'working':>10} | {'waiting':>10} {'working':>10} | records in the same time")
        measured = {}
        for records in sizes:
            payload = rides_event(records)
            here = measure(function.invoke, function.cpu_seconds, payload, options.seconds)
            # Ten thousand requests of 10 ms take minutes, and all records are alike, so scale.
            there = measure(python, python_cpu, rides_event(min(records, 100)), options.seconds)
            there = tuple(part * records / min(records, 100) for part in there)
            measured[records] = here, there
            row = " | ".join(f"{wait * 1e3:>10.1f} {work * 1e3:>10.2f}" for wait, work in (here, there))
            print(f"{records:>7} | {row} | {sum(there) / sum(here):>7.1f}", flush=True)

        print("\ndollars of Lambda per million records, here on arm64, Python on x86_64\n")
        print(f"{'records':>7} | " + " ".join(f"{memory:>8}" for memory in memories) + " MB | " + " ".join(f"{memory:>8}" for memory in memories[2:]) + " MB")
        for records, (here, there) in measured.items():
            row = " ".join(f"{compute(*here, records, memory, 'arm64')[0]:>8.4f}" for memory in memories)
            peer = " ".join(f"{compute(*there, records, memory, 'x86_64')[0]:>8.2f}" for memory in memories[2:])
            print(f"{records:>7} | {row}    | {peer}")

    gigabytes = 1e6 * 1024 / 2**30
    print("\ndollars of Kinesis per million records of at most 1 KB, in and out\n")
    print(f"on-demand    {2 * gigabytes * ON_DEMAND_GB_IN + gigabytes * ON_DEMAND_GB_OUT:.3f}, and {2 * STREAM_HOUR:.2f} per hour for the two streams")
    print(f"provisioned  {2e6 * PUT_UNIT:.3f}, and {2 * SHARD_HOUR:.2f} per hour for two streams of one shard")


if __name__ == "__main__":
    main()
