#!/usr/bin/env python3
"""Makes the zoo: models and operators with expected answers, in the layout of ONNX's backend tests.

    make.py --out DIR                     everything
    make.py --out DIR --only 'zoo/svc*'   the items that match

DIR gets three folders:

    official/NAME    the tests of the `ai.onnx.ml` operators from the onnx package
    zoo/NAME         models of scikit-learn, LightGBM and XGBoost, exported by their converters
    operators/NAME   models of a single operator, one for each use of it

Each folder NAME has `model.onnx` and a folder per data set with `input_0.pb`, …, `output_0.pb`, …. Each file
is a TensorProto, or a SequenceProto if the value is a sequence. Where a model takes a map, `input_0.pb` is a
SequenceProto of maps, one per row. Give them to the model row by row; the outputs are those of all rows, one
after the other.

A model has three data sets. ONNX Runtime answers `batch_1` and `batch_1000`. The library that fitted the
model answers `library_1000`, which is missing where ONNX Runtime differs; the model then declares the reason.

An operator has one data set, named after the source of the answer. That is `onnxruntime`; or `reference`,
ONNX's reference implementation, where it alone has the operator or follows the specification; or
`specification`, where neither does.

The script fails on a difference that is not declared, and on a declared difference that does not exist.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from fnmatch import fnmatchcase
from functools import cache
from multiprocessing import get_context
from pathlib import Path

# Set before the libraries are imported. The workers keep the cores busy, and the order of sets decides that
# of nodes.
os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}

import catalogue  # noqa: E402

WORKERS = 2
SCRATCH = ".making-"


def main() -> None:
    """Makes the items that the options select."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder of the zoo")
    parser.add_argument(
        "--only", nargs="+", default=["*"], metavar="NAME", help="names or patterns, such as 'zoo/svc*'"
    )
    arguments = parser.parse_args()
    start = time.monotonic()
    names = [name for name in items() if any(fnmatchcase(name, pattern) for pattern in arguments.only)]
    if not names:
        parser.error(f"nothing has the name {' or '.join(arguments.only)}")
    remarks, failed = make(names, arguments.out)
    if arguments.only == ["*"]:
        remove_others(arguments.out)
    print(f"{len(names) - failed} made, {failed} failed, {time.monotonic() - start:.0f} s")
    for name, remark in remarks.items():
        print(f"  {name}: {remark}")
    sys.exit(failed > 0)


def make(names: Sequence[str], out: Path) -> tuple[dict[str, str], int]:
    """Makes items and prints a line for each. Returns the remarks, and the number of failures."""
    remarks, failed = {}, 0
    # Spawned, because forked processes hang in libraries that use threads.
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as workers:
        results = [workers.submit(make_one, name, out) for name in names]
        for name, result in zip(names, results):
            try:
                seconds, remark, error = result.result()
            except BrokenProcessPool:
                sys.exit(f"a library crashed, at {name} or soon after")
            print(f"{seconds:5.1f} s  {name}{'  FAILED' if error else ''}", flush=True)
            failed += bool(error)
            if remark or error:
                remarks[name] = remark or error
    return remarks, failed


def make_one(name: str, out: Path) -> tuple[float, str, str]:
    """Makes an item in a worker. Returns the seconds, a remark and an error.

    The folder appears all at once, so tests can use the other folders meanwhile.
    """
    warnings.simplefilter("ignore")  # models that did not converge still answer
    start = time.monotonic()
    folder = out / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    remark = error = ""
    with tempfile.TemporaryDirectory(dir=out, prefix=SCRATCH) as scratch:
        made = Path(scratch) / folder.name
        made.mkdir()
        try:
            remark = items()[name].write(made)
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
        except Exception as exception:  # noqa: BLE001 - reported with the name, and the run fails
            error = f"{type(exception).__name__}: {exception}"
    return time.monotonic() - start, remark, error


def remove_others(out: Path) -> None:
    """Removes folders of former items, and of interrupted runs."""
    kinds = {name.partition("/")[0] for name in items()}
    made = {out / name for name in items()}
    for pattern in (f"{SCRATCH}*", *(f"{kind}/*" for kind in kinds)):
        for folder in set(out.glob(pattern)) - made:
            shutil.rmtree(folder)


@cache
def items() -> dict[str, catalogue.Item]:
    """The catalogue, loaded once per process."""
    return catalogue.items()


if __name__ == "__main__":
    main()
