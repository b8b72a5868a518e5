#!/usr/bin/env python3
"""How fast predictions are beside ONNX Runtime, the library that fitted the model, and lleaves; all on one thread.

    compare.py --models DIR --predict PROGRAM           nanoseconds a row, and how many times as fast
    compare.py --models DIR --predict PROGRAM --load    what loading takes: milliseconds, and memory

DIR is made by models.py; PROGRAM is built from predict.rs. All load what is in the same folder, this project and ONNX
Runtime its `model.onnx`, and get the same rows.

Machines are shared and busy: the nanoseconds of one run cannot be compared with those of another. The ratios can, and
they are what counts. In each round all take turns, one right after the other, and each time another one first, for a
few dozen milliseconds each. A ratio is that of two of them in the same round, and what is told is the median over all
rounds: what slows down a round slows down both, or makes an outlier that the median passes over.

A call from Python costs ONNX Runtime and the libraries some microseconds, and our program, which is not called from
Python, nothing. They are counted, as those who call them pay them; with one row a call, they are most of what ONNX
Runtime takes for the linear model, which tells how much of a forest's ratio they can be.
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
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True, metavar="DIR", help="made by models.py")
    parser.add_argument("--predict", type=Path, required=True, metavar="PROGRAM", help="built from predict.rs")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="names of models")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 100, 10_000], metavar="ROWS", help="rows a call")
    parser.add_argument("--bars", action="store_true", help="fail if one is slower, or larger, than it has to be")
    parser.add_argument("--portable", action="store_true", help="ours without AVX2 and AVX-512, as other processors have to do")
    parser.add_argument("--load", action="store_true", help="loading instead of predictions")
    arguments = parser.parse_args()
    names = arguments.only or sorted(path.parent.name for path in arguments.models.glob("*/model.onnx"))
    folders = [arguments.models / name for name in names or ["*"]]
    for folder in folders:
        if not (folder / "model.onnx").exists():
            parser.error(f"there is no {folder / 'model.onnx'}")
    program = arguments.predict.resolve()
    if hasattr(os, "sched_setaffinity"):
        # All on the same core, programs that are started included: on a shared machine one may be busier than another.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if arguments.load:
        reached = load.report(folders, program)
    else:
        reached = report(folders, program, arguments.portable, arguments.batches, arguments.rounds)
    if arguments.bars and not reached:
        sys.exit("some take more than they may")


@dataclass(frozen=True)
class Result:
    """What a model takes with as many rows a call: nanoseconds a row, by peer, a number for each round."""

    model: str
    portable: bool
    batch: int
    times: Mapping[str, Sequence[float]]

    @property
    def ratios(self) -> dict[str, float]:
        """How many times as long as ours the others take."""
        ours = self.times[OURS]
        return {
            name: median(theirs / our for theirs, our in zip(times, ours))
            for name, times in self.times.items()
            if name != OURS
        }

    @property
    def verdicts(self) -> dict[str, bool]:
        """What each ratio has to be, if anything, and whether it is."""
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
    """Prints the table, a line as soon as it is known; whether all is as fast as it has to be."""
    from peers import peers  # not before: with the libraries, this process is too large for `load`

    print(row("", "rows", {OURS: "ns a row"}, {OTHERS[0]: "times ours"}, ""))
    print(row("model", "a call", {name: name for name in [OURS, *OTHERS]}, {name: name for name in OTHERS}, "at least"))
    reached = True
    for folder in folders:
        with peers(folder, program, portable, COMPILED in bars(folder.name, portable, 1)) as found:
            for batch in batches:
                result = Result(folder.name, portable, batch, measured(found, batch, rounds))
                print(result.line(), flush=True)
                reached &= all(result.verdicts.values())
    return reached


def measured(peers: Mapping[str, "Peer"], batch: int, rounds: int) -> dict[str, list[float]]:
    """The nanoseconds a row of each peer, for each round."""
    calls = {name: enough_calls(peer, batch) for name, peer in peers.items()}
    times: dict[str, list[float]] = {name: [] for name in peers}
    order = list(peers)
    for _ in range(rounds):
        for name in order:
            times[name].append(peers[name].time(batch, calls[name]) / (calls[name] * batch))
        order.append(order.pop(0))
    return times


def enough_calls(peer: "Peer", batch: int) -> int:
    """With how many calls a measurement takes long enough; trying it out warms up."""
    calls = 1
    while (spent := peer.time(batch, calls)) < MEASUREMENT / 4:
        calls *= 4
    return max(1, round(calls * MEASUREMENT / spent))


if __name__ == "__main__":
    main()
