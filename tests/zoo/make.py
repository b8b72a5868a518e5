#!/usr/bin/env python3
"""Makes the zoo: models and operators with what they are to answer, in the layout of ONNX's backend tests.

    make.py --out DIR                     everything
    make.py --out DIR --only 'zoo/svc*'   what matches

DIR gets three folders:

    official/NAME    the tests of the `ai.onnx.ml` operators that come with the onnx package
    zoo/NAME         models that scikit-learn, LightGBM and XGBoost have fitted, and their converters have exported
    operators/NAME   models of a single operator, one for each way in which it can be used

A NAME is a folder with `model.onnx`, and with a folder for each data set: `input_0.pb`, …, `output_0.pb`, …, which are
a TensorProto each, or a SequenceProto if the value is a sequence. Where a model takes a map, `input_0.pb` is a
SequenceProto of maps, one for each row: it is to be given row by row, and the outputs are those of all rows, one after
the other.

A model has the data sets `batch_1` and `batch_1000`, answered by ONNX Runtime, and `library_1000`, answered by the
library that has fitted it. The last one is missing where ONNX Runtime answers differently, which a model has to declare
with the reason. An operator has one data set, with the name of what has answered: `onnxruntime`; or `reference`, the
reference implementation of ONNX, where it alone has the operator or follows the specification; or `specification`,
where neither does.

Whatever differs without being declared, and whatever is declared without differing, makes this fail.
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

# Before the libraries look: the workers are enough to keep the cores busy; and nodes go by the order of sets.
os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}

import catalogue  # noqa: E402

WORKERS = 2
SCRATCH = ".making-"


def main() -> None:
    """Makes what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the folders go")
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
    """Makes items, and tells of each; returns what is remarkable, and how many have failed."""
    remarks, failed = {}, 0
    # Spawned, as a forked process hangs in the libraries that have threads.
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as workers:
        results = [workers.submit(make_one, name, out) for name in names]
        for name, result in zip(names, results):
            try:
                seconds, remark, error = result.result()
            except BrokenProcessPool:
                sys.exit(f"a library has crashed, at {name} or soon after")
            print(f"{seconds:5.1f} s  {name}{'  FAILED' if error else ''}", flush=True)
            failed += bool(error)
            if remark or error:
                remarks[name] = remark or error
    return remarks, failed


def make_one(name: str, out: Path) -> tuple[float, str, str]:
    """Makes an item in a worker: how many seconds it took, what is remarkable, what went wrong.

    Its folder appears all at once, so that tests can use the others meanwhile.
    """
    warnings.simplefilter("ignore")  # models that have not converged answer all the same
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
        except Exception as exception:  # noqa: BLE001 - of any library; told with the name, and the run fails
            error = f"{type(exception).__name__}: {exception}"
    return time.monotonic() - start, remark, error


def remove_others(out: Path) -> None:
    """Removes the folders of what is not made any longer, and of what has been interrupted."""
    kinds = {name.partition("/")[0] for name in items()}
    made = {out / name for name in items()}
    for pattern in (f"{SCRATCH}*", *(f"{kind}/*" for kind in kinds)):
        for folder in set(out.glob(pattern)) - made:
            shutil.rmtree(folder)


@cache
def items() -> dict[str, catalogue.Item]:
    """The catalogue, once a process."""
    return catalogue.items()


if __name__ == "__main__":
    main()
