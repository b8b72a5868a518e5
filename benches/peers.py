"""The programs that are compared: ours, ONNX Runtime, the library that fitted the model, lleaves.

Each has one thread.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Protocol

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # set before the libraries are imported

import joblib  # noqa: E402
import lightgbm  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import xgboost  # noqa: E402

from bars import COMPILED, LIBRARY, OURS, RUNTIME  # noqa: E402

try:
    import lleaves
except ImportError:
    lleaves = None
    print("lleaves is not installed, so it is left out")

Predict = Callable[[np.ndarray], Any]


class Peer(Protocol):
    """A program that predicts the same rows as the others."""

    def time(self, batch: int, calls: int) -> int:
        """The nanoseconds of a number of calls, each with the next `batch` rows."""


class Program:
    """`predict.rs`, which has loaded the model and waits for requests."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        self.answer()  # the time to load

    def time(self, batch: int, calls: int) -> int:
        print(batch, calls, file=self.process.stdin, flush=True)
        return self.answer()

    def answer(self) -> int:
        """The next line. If the program fails, it says why and sends no line."""
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args[0]} has failed")
        return int(line)


class Function:
    """A function in this process."""

    def __init__(self, predict: Predict, rows: np.ndarray) -> None:
        self.predict, self.rows = predict, rows

    def time(self, batch: int, calls: int) -> int:
        starts = range(0, len(self.rows) - batch + 1, batch)
        batches = list(islice(cycle([self.rows[start : start + batch] for start in starts]), calls))
        predict = self.predict
        started = time.perf_counter_ns()
        for rows in batches:
            predict(rows)
        return time.perf_counter_ns() - started


@contextmanager
def peers(folder: Path, program: Path, portable: bool, compiled: bool) -> Iterator[dict[str, Peer]]:
    """All programs that can predict a model. lleaves takes half a minute to compile, so it is optional."""
    rows = np.load(folder / "rows.npy")
    if rows.astype("<f4").tobytes() != (folder / "rows.bin").read_bytes():
        raise SystemExit(f"{folder}: rows.bin has other rows than rows.npy; models.py makes both")
    functions = {RUNTIME: of_onnx(folder / "model.onnx"), LIBRARY: of_library(folder)}
    if compiled and lleaves:
        functions[COMPILED] = of_lleaves(folder)
    command = [program, folder, *["--portable"] * portable]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield {OURS: Program(process)} | {name: Function(f, rows) for name, f in functions.items() if f}


def of_onnx(path: Path) -> Predict:
    """ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda rows: session.run(None, {name: rows})


def of_library(folder: Path) -> Predict | None:
    """The library that fitted the model, if it is one of these."""
    if (path := folder / "model.txt").exists():
        trees = lightgbm.Booster(model_file=path)
        return lambda rows: trees.predict(rows, num_threads=1)
    if (path := folder / "model.json").exists():
        booster = xgboost.Booster({"nthread": 1}, model_file=path)
        booster.set_param({"nthread": 1})  # the file holds the setting of the fit
        return booster.inplace_predict
    if (path := folder / "model.joblib").exists():
        model = joblib.load(path)
        return getattr(model, "predict_proba", None) or model.predict
    return None


def of_lleaves(folder: Path) -> Predict:
    """The compiled trees of LightGBM, kept for the next run."""
    model = lleaves.Model(folder / "model.txt")
    model.compile(cache=folder / "lleaves.bin")
    return lambda rows: model.predict(rows, n_jobs=1)
