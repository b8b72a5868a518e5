"""Tells how outputs differ."""

from collections.abc import Sequence

import numpy as np

# Models compute in 32 bits, with steps of 6e-8, and add up tens to hundreds of terms. What cancels out in a sum
# leaves an error that goes with the size of the terms, not with that of the result: hence the floor, which follows
# the largest result.
RELATIVE = 1e-4
FLOOR = 1e-6


def differences(expected: Sequence, got: Sequence) -> list[str]:
    """What is wrong with some outputs; nothing if they are as good as equal."""
    if len(expected) != len(got):
        return [f"{len(got)} outputs instead of {len(expected)}"]
    pairs = enumerate(zip(expected, got))
    return [f"output {i}: {text}" for i, (one, other) in pairs if (text := difference(one, other))]


def difference(expected: np.ndarray | list, got: np.ndarray | list) -> str:
    """How an output differs, or an empty string."""
    if isinstance(expected, list) and expected and isinstance(expected[0], dict):
        if [list(row) for row in expected] != [list(row) for row in got]:
            return "other keys"
        return difference(*(np.array([list(row.values()) for row in rows]) for rows in (expected, got)))
    if isinstance(expected, list):
        return "; ".join(differences(expected, got))
    if expected.shape != got.shape:
        return f"shape {got.shape} instead of {expected.shape}"
    if expected.dtype.kind != got.dtype.kind and {expected.dtype.kind, got.dtype.kind} != {"O", "U"}:
        return f"type {got.dtype} instead of {expected.dtype}"
    wrong = expected != got if expected.dtype.kind != "f" else ~close(expected, got)
    if not np.any(wrong):
        return ""
    first = np.argwhere(wrong)[0]
    where = tuple(first)
    return f"{np.sum(wrong)} of {wrong.size} differ, at {first.tolist()} {got[where]} instead of {expected[where]}"


def close(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    """Where numbers are as good as equal; not a number and the infinities are equal to themselves only."""
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    largest = np.max(np.abs(expected), initial=1, where=np.isfinite(expected))
    return np.isclose(got, expected, rtol=RELATIVE, atol=FLOOR * largest, equal_nan=True)
