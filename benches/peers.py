"""The peers of the comparison: our program, ONNX Runtime, the library that fitted the model, and lleaves."""

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
    print("lleaves is not installed, so it is skipped")

Predict = Callable[[np.ndarray], Any]


class Peer(Protocol):
    """A runtime that predicts the rows of a model on one thread."""

    def time(self, batch: int, calls: int) -> int:
        """The total nanoseconds of `calls` calls, each with the next `batch` rows."""


class Program:
    """The program of `predict.rs`. It has loaded the model and waits for requests."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        self.answer()  # the time to load the model

    def time(self, batch: int, calls: int) -> int:
        print(batch, calls, file=self.process.stdin, flush=True)
        return self.answer()

    def answer(self) -> int:
        """Reads the next line. If the program failed, it has printed the reason, and there is no line."""
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args[0]} failed")
        return int(line)


class Function:
    """A peer that is called in this process."""

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
    """The peers for a model, by name. lleaves takes half a minute to compile, so it is included only with `compiled`."""
    rows = np.load(folder / "rows.npy")
    if rows.astype("<f4").tobytes() != (folder / "rows.bin").read_bytes():
        raise SystemExit(f"{folder}: expected the same rows in rows.bin and rows.npy: make both again with models.py")
    functions = {RUNTIME: of_onnx(folder / "model.onnx"), LIBRARY: of_library(folder)}
    if compiled and lleaves:
        functions[COMPILED] = of_lleaves(folder)
    command = [program, folder, *["--portable"] * portable]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield {OURS: Program(process)} | {name: Function(f, rows) for name, f in functions.items() if f}


def of_onnx(path: Path) -> Predict:
    """The peer ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda rows: session.run(None, {name: rows})


def of_library(folder: Path) -> Predict | None:
    """The library that fitted the model; `None` if it is unknown."""
    if (path := folder / "model.txt").exists():
        trees = lightgbm.Booster(model_file=path)
        return lambda rows: trees.predict(rows, num_threads=1)
    if (path := folder / "model.json").exists():
        booster = xgboost.Booster({"nthread": 1}, model_file=path)
        booster.set_param({"nthread": 1})  # loading restores the setting of the training
        return booster.inplace_predict
    if (path := folder / "model.joblib").exists():
        model = joblib.load(path)
        return getattr(model, "predict_proba", None) or model.predict
    return None


def of_lleaves(folder: Path) -> Predict:
    """The trees of LightGBM, compiled by lleaves. The compiled file is kept for the next run."""
    model = lleaves.Model(folder / "model.txt")
    model.compile(cache=folder / "lleaves.bin")
    return lambda rows: model.predict(rows, n_jobs=1)
