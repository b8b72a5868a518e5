"""Tables for training and testing the models, one kind each, with a seed.

Numbers lie on a coarse grid, so that 32 bits hold them and the thresholds between them exactly. Otherwise
rounding could move a threshold past a value, and a tree would take another branch, which is not the fault of
a runtime.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

KNOWN = 400
NEW = 1000
COLUMNS = 6
GRID = 256

CITIES = ["Aachen", "Berlin", "Çorum", "", "東京"]
COLOURS = ["red", "green", "blue"]
WORDS = ["the", "a", "ride", "was", "fast", "slow", "late", "cheap", "driver", "taxi", "city", "night", "rain"]
WORDS += ["bridge", "station", "don't", "24", "7pm", "re-routed"]


class Table(NamedTuple):
    """Rows for training, rows that no model has seen, and the signal for the targets of the first."""

    known: Any
    new: Any
    signal: np.ndarray


Features = Callable[[], Table]


def parts(rows: np.ndarray, signal: np.ndarray) -> Table:
    """A table of the rows. The first ones are for training."""
    return Table(rows[:KNOWN], rows[KNOWN:], signal[:KNOWN])


def on_grid(values: np.ndarray, steps: int = GRID) -> np.ndarray:
    """The values, rounded to whole steps, in 32 bits."""
    return (np.round(values * steps) / steps).astype(np.float32)


def signal_of(values: np.ndarray) -> np.ndarray:
    """A signal that is mostly linear."""
    return values @ np.linspace(1, -0.5, values.shape[1]) + 0.5 * values[:, 0] * values[:, 1]


def normal(seed: int = 0) -> np.ndarray:
    """Numbers around zero."""
    return np.random.default_rng(seed).normal(size=(KNOWN + NEW, COLUMNS))


@cache
def numbers() -> Table:
    """32-bit numbers."""
    values = on_grid(normal())
    return parts(values, signal_of(values))


@cache
def ties() -> Table:
    """Numbers whose new values lie on a finer grid, and so on thresholds at midpoints of known ones."""
    table = numbers()
    coarse = on_grid(normal(), 4)
    return Table(coarse[:KNOWN], on_grid(normal(1)[KNOWN:], 8), table.signal)


@cache
def apart() -> Table:
    """Numbers whose new values avoid the known ones and their midpoints.

    For trees behind a scaler: on a threshold, the scaler's rounding would decide the branch.
    """
    table = numbers()
    return Table(table.known, table.new + np.float32(1 / GRID / 4), table.signal)


@cache
def doubles() -> Table:
    """64-bit numbers that 32 bits cannot hold."""
    values = normal()
    return parts(values, signal_of(values))


@cache
def integers() -> Table:
    """64-bit integers."""
    values = np.round(normal() * 10).astype(np.int64)
    return parts(values, signal_of(values / 10))


@cache
def counts() -> Table:
    """Small counts, mostly zero."""
    values = np.random.default_rng(2).poisson(0.7, (KNOWN + NEW, COLUMNS)).astype(np.float32)
    return parts(values, signal_of(values))


@cache
def positive() -> Table:
    """Numbers above zero."""
    values = on_grid(np.abs(normal())) + np.float32(1 / GRID)
    return parts(values, signal_of(values))


@cache
def missing() -> Table:
    """Numbers, of which a sixth is missing."""
    table = numbers()
    rng = np.random.default_rng(3)
    known, new = (np.where(rng.random(rows.shape) < 1 / 6, np.float32(np.nan), rows) for rows in table[:2])
    return Table(known, new, table.signal)


@cache
def wide() -> Table:
    """More columns than are useful."""
    values = on_grid(np.hstack([normal(), normal(4), normal(5)]))
    return parts(values, signal_of(values[:, :COLUMNS]))


@cache
def single() -> Table:
    """A single column."""
    values = on_grid(normal()[:, :1])
    return parts(values, np.abs(values[:, 0]))


@cache
def codes() -> Table:
    """Two columns of numbers and two of category numbers. New rows have new categories."""
    rng = np.random.default_rng(6)
    categories = rng.integers(0, 12, (KNOWN + NEW, 2))
    values = np.hstack([on_grid(normal()[:, :2]), categories]).astype(np.float32)
    values[-20:, 2] = 40
    return parts(values, values[:, 0] + np.sin(categories[:, 0] * 5) + np.cos(categories[:, 1] * 3))


def pick(rng: np.random.Generator, choices: list[str]) -> np.ndarray:
    """Random choices; the first ones are more likely."""
    weights = 1 / np.arange(1, len(choices) + 1)
    return rng.choice(np.array(choices, object), KNOWN + NEW, p=weights / weights.sum())


@cache
def categories() -> Table:
    """Columns of strings. New rows have new ones."""
    rng = np.random.default_rng(7)
    rows = np.column_stack([pick(rng, CITIES), pick(rng, COLOURS)])
    signal = np.array([len(city) * 0.3 + COLOURS.index(colour) for city, colour in rows])
    rows[-30:, 0] = "Zürich"
    rows[-10:, 1] = "GREEN"
    return parts(rows, signal + normal()[:, 0])


@cache
def known_categories() -> Table:
    """Columns of strings. New rows have only known ones."""
    table = categories()
    return Table(table.known, np.tile(table.known, (3, 1))[:NEW], table.signal)


@cache
def missing_categories() -> Table:
    """Columns of strings, some of them empty for missing values."""
    table = categories()
    rng = np.random.default_rng(8)
    known, new = (np.where(rng.random(rows.shape) < 1 / 6, "", rows) for rows in table[:2])
    return Table(known, new, table.signal)


@cache
def small_integers() -> Table:
    """Integers that stand for categories."""
    values = np.random.default_rng(9).integers(0, 5, (KNOWN + NEW, 3))
    return parts(values, signal_of(values.astype(float)))


@cache
def one_category() -> Table:
    """One string per row."""
    known, new, signal = known_categories()
    return Table(known[:, 0], new[:, 0], signal)


@cache
def some_integers() -> Table:
    """One integer per row."""
    known, new, signal = small_integers()
    return Table(known[:, 0], new[:, 0], signal)


@cache
def frame() -> Table:
    """Numbers in named columns."""
    table = numbers()
    names = [f"x{i}" for i in range(COLUMNS)]
    return Table(*(pd.DataFrame(rows, columns=names) for rows in table[:2]), table.signal)


@cache
def mixed() -> Table:
    """Named columns of numbers, integers and strings."""
    numeric, text = missing(), categories()

    def join(numbers_: np.ndarray, strings: np.ndarray) -> pd.DataFrame:
        columns = {"distance": numbers_[:, 0], "fare": numbers_[:, 1], "hour": np.arange(len(numbers_)) * 7 % 24}
        return pd.DataFrame(columns | {"city": strings[:, 0], "colour": strings[:, 1]}).astype(
            {"city": object, "colour": object}
        )

    return Table(join(numeric.known, text.known), join(numeric.new, text.new), numeric.signal + text.signal)


@cache
def maps() -> Table:
    """Maps from names to numbers, for DictVectorizer. New rows have new names."""
    rng = np.random.default_rng(10)
    distances = on_grid(rng.gamma(2, 2, KNOWN + NEW)).tolist()
    zones = rng.integers(0, 40, KNOWN + NEW)
    zones[-50:] += 20
    rows = [{f"zone={zone}": 1.0, "distance": miles} for zone, miles in zip(zones.tolist(), distances)]
    for row in rows[::9]:
        row["night"] = 1.0
    return Table(rows[:KNOWN], rows[KNOWN:], (np.sin(zones) + np.array(distances))[:KNOWN])


@cache
def texts() -> Table:
    """Lines of text. New rows have unknown words, punctuation, and empty lines."""
    rng = np.random.default_rng(11)
    lines = [" ".join(rng.choice(WORDS, rng.integers(3, 9))) for _ in range(KNOWN + NEW)]
    signal = np.array([line.count("fast") - line.count("late") + len(line) / 50 for line in lines])
    lines[KNOWN + 1 : KNOWN + 6] = ["", "unheard-of things", "Fast!!! FAST? cheap...", " ", "a b c"]
    return parts(np.array(lines, object), signal)
