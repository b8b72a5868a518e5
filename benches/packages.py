"""Compares binaries of the function that `make zip` built: packages.py [--models DIR] NAME=BINARY …

It measures megabytes, of the file and in the zip; the time from the start of the process to its first request
for an invocation, with a model in a folder and from S3; the processor time per record, from the event to the
stream; and the time to load a model and to predict a row (`stream-predictor check`). S3 and the stream are
stand-ins in this process. The binaries take turns. The table has medians, with their ratio to the first
binary in brackets.
"""

import argparse
import re
import statistics
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

from function import LINEAR, ROOT, Function, rides_event, serve

RECORDS = 500
EVENT = rides_event(RECORDS)
INVOCATIONS = 200


def checked(binary, folder):
    """Milliseconds to load a model, and microseconds per row in calls of 1, 100 and 10 000 rows."""
    report = subprocess.run([binary, "check", folder], capture_output=True, text=True, check=True).stdout
    load = re.search(r"^load +([\d.]+) ms", report, re.MULTILINE)[1]
    return [float(load), *map(float, re.findall(r"^  \d+ rows? +([\d.]+) µs", report, re.MULTILINE))]


def seconds_a_record(function):
    """Processor time per record, from the event to the stream, in a warm process."""
    for _ in range(10):
        function.invoke(EVENT)
    before = function.cpu_seconds()
    for _ in range(INVOCATIONS):
        function.invoke(EVENT)
    return (function.cpu_seconds() - before) / INVOCATIONS / RECORDS


def zipped(binary):
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "zip")
        subprocess.run(["python3", ROOT / "infra/zip.py", binary, archive], check=True)
        return archive.stat().st_size


def measure(binary, address, models, figures):
    """Adds one run to the figures, which hold a list per measure."""
    for where, location in {"a folder": str(LINEAR), "S3": "s3://models/rides"}.items():
        with Function(binary, address, location) as function:
            figures[f"start, model from {where}, ms"].append(function.started_in * 1e3)
        figures[f"start, model from {where}, CPU, ms"].append(function.cpu_seconds_in_all * 1e3)
    with Function(binary, address, str(LINEAR)) as function:
        figures["CPU, µs a record"].append(seconds_a_record(function) * 1e6)
    for name, folder in models.items():
        load, *rows = checked(binary, folder)
        figures[f"{name}, load, ms"].append(load)
        for calls, row in zip((1, 100, 10_000), rows, strict=True):
            figures[f"{name}, {calls} rows per call, µs per row"].append(row)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=21)
    options.add_argument("--models", type=Path, default=ROOT / "target/bench", help="the models of `make bench`")
    options.add_argument("binaries", nargs="+", metavar="NAME=BINARY")
    options = options.parse_args()
    models = {"linear": LINEAR, "forest": options.models / "forest_regressor", "network": options.models / "network"}
    binaries = dict(binary.split("=", 1) for binary in options.binaries)
    address = serve()
    figures = {name: defaultdict(list) for name in binaries}
    for name, binary in binaries.items():
        figures[name] |= {"MB": [Path(binary).stat().st_size / 1e6], "MB zipped": [zipped(binary) / 1e6]}
    for _ in range(options.runs):
        for name, binary in binaries.items():
            measure(binary, address, models, figures[name])
    first = figures[next(iter(binaries))]
    print("| |", " | ".join(binaries), "|")
    print("|---" * (len(binaries) + 1) + "|")
    for measured in first:
        medians = [statistics.median(figures[name][measured]) for name in binaries]
        print(f"| {measured} |", " | ".join(f"{median:.3g} ({median / medians[0]:.2f})" for median in medians), "|")


if __name__ == "__main__":
    main()
