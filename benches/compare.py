#!/usr/bin/env python3
"""Compares the speed of predictions with ONNX Runtime, the library that fitted the model, and lleaves, on one thread.

    compare.py --models DIR --predict PROGRAM           nanoseconds per row, and the ratios
    compare.py --models DIR --predict PROGRAM --load    milliseconds and memory to load a model

models.py makes DIR; PROGRAM is built from predict.rs. All programs load the model from the same folder and
get the same rows. This project and ONNX Runtime load `model.onnx`.

Machines are shared and busy, so nanoseconds of different runs cannot be compared, but ratios can. In each
round all programs take turns, one right after the other, each for a few dozen milliseconds, and each time
another one goes first. A ratio compares two programs in the same round; the table shows the median over all
rounds. Whatever slows down a round slows down both programs, or makes an outlier that the median ignores.

A call from Python costs ONNX Runtime and the libraries some microseconds. Our program is not called from
Python and pays nothing. These microseconds count, because callers pay them. With one row per call they are
most of ONNX Runtime's time for the linear model, which shows how much of a forest's ratio they can be.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import load
from bars import COMPILED, OTHERS, OURS, bars

if TYPE_CHECKING:
    from peers import Peer

MEASUREMENT = 30e6  # nanoseconds


def main() -> None:
    """Measures the selected models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True, metavar="DIR", help="made by models.py")
    parser.add_argument("--predict", type=Path, required=True, metavar="PROGRAM", help="built from predict.rs")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="names of models")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 100, 10_000], metavar="ROWS", help="rows per call")
    parser.add_argument("--bars", action="store_true", help="fail if a model misses its required ratio")
    parser.add_argument("--portable", action="store_true", help="run ours without AVX2 and AVX-512, as on other processors")
    parser.add_argument("--load", action="store_true", help="measure loading instead of predictions")
    arguments = parser.parse_args()
    names = arguments.only or sorted(path.parent.name for path in arguments.models.glob("*/model.onnx"))
    folders = [arguments.models / name for name in names or ["*"]]
    for folder in folders:
        if not (folder / "model.onnx").exists():
            parser.error(f"{folder / 'model.onnx'} does not exist: run `make bench`")
    program = arguments.predict.resolve()
    if hasattr(os, "sched_setaffinity"):
        # All programs run on the same core, because on a shared machine another core may be busier.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if arguments.load:
        reached = load.report(folders, program)
    else:
        reached = report(folders, program, arguments.portable, arguments.batches, arguments.rounds)
    if arguments.bars and not reached:
        sys.exit("some models miss their required ratio")


@dataclass(frozen=True)
class Result:
    """Nanoseconds per row of a model and a number of rows per call, by peer, one number per round."""

    model: str
    portable: bool
    batch: int
    times: Mapping[str, Sequence[float]]

    @property
    def ratios(self) -> dict[str, float]:
        """The ratios of the others' time to ours."""
        ours = self.times[OURS]
        return {
            name: median(theirs / our for theirs, our in zip(times, ours))
            for name, times in self.times.items()
            if name != OURS
        }

    @property
    def verdicts(self) -> dict[str, bool]:
        """The required ratios, and whether each is reached."""
        needed = bars(self.model, self.portable, self.batch)
        ratios = self.ratios
        return {f"{name} {bar:.2f}": ratios[name] >= bar for name, bar in needed.items() if name in ratios}

    def line(self) -> str:
        """A line of the table."""
        medians = {name: f"{median(times):,.0f}" for name, times in self.times.items()}
        ratios = {name: f"{ratio:.2f}" for name, ratio in self.ratios.items()}
        marks = ", ".join(text + ("" if reached else " MISSED") for text, reached in self.verdicts.items())
        return row(self.model, f"{self.batch:,}", medians, ratios, marks)


def row(model: str, batch: str, medians: Mapping[str, str], ratios: Mapping[str, str], marks: str) -> str:
    """Cells in their columns."""
    cells = [medians.get(name, "") for name in [OURS, *OTHERS]] + [ratios.get(name, "") for name in OTHERS]
    return f"{model:<22}{batch:>7}{''.join(f'{cell:>13}' for cell in cells)}   {marks}".rstrip()


def report(folders: Sequence[Path], program: Path, portable: bool, batches: Sequence[int], rounds: int) -> bool:
    """Prints the table line by line. Returns whether all ratios are reached."""
    from peers import peers  # imported late: with the libraries, this process is too large for `load`

    print(row("", "rows", {OURS: "ns per row"}, {OTHERS[0]: "times ours"}, ""))
    print(row("model", "per call", {name: name for name in [OURS, *OTHERS]}, {name: name for name in OTHERS}, "at least"))
    reached = True
    for folder in folders:
        with peers(folder, program, portable, COMPILED in bars(folder.name, portable, 1)) as found:
            for batch in batches:
                result = Result(folder.name, portable, batch, measured(found, batch, rounds))
                print(result.line(), flush=True)
                reached &= all(result.verdicts.values())
    return reached


def measured(peers: Mapping[str, "Peer"], batch: int, rounds: int) -> dict[str, list[float]]:
    """The nanoseconds per row of each peer, for each round."""
    calls = {name: enough_calls(peer, batch) for name, peer in peers.items()}
    times: dict[str, list[float]] = {name: [] for name in peers}
    order = list(peers)
    for _ in range(rounds):
        for name in order:
            times[name].append(peers[name].time(batch, calls[name]) / (calls[name] * batch))
        order.append(order.pop(0))
    return times


def enough_calls(peer: "Peer", batch: int) -> int:
    """The number of calls that make a measurement long enough. Finding it warms up."""
    calls = 1
    while (spent := peer.time(batch, calls)) < MEASUREMENT / 4:
        calls *= 4
    return max(1, round(calls * MEASUREMENT / spent))


if __name__ == "__main__":
    main()
