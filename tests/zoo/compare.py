"""Compares outputs."""

from collections.abc import Sequence

import numpy as np

# Models compute in 32 bits, with steps of 6e-8, and add up tens to hundreds of terms. If terms cancel out,
# the error has the size of the terms, not of the result. So the floor follows the largest result.
RELATIVE = 1e-4
FLOOR = 1e-6


def differences(expected: Sequence, got: Sequence) -> list[str]:
    """The differences between some outputs. The list is empty if they are close."""
    if len(expected) != len(got):
        return [f"expected {len(expected)} outputs, found {len(got)}"]
    pairs = enumerate(zip(expected, got))
    return [f"output {i}: {text}" for i, (one, other) in pairs if (text := difference(one, other))]


def difference(expected: np.ndarray | list, got: np.ndarray | list) -> str:
    """The difference between two outputs, or an empty string."""
    if isinstance(expected, list) and expected and isinstance(expected[0], dict):
        if [list(row) for row in expected] != [list(row) for row in got]:
            return "other keys"
        return difference(*(np.array([list(row.values()) for row in rows]) for rows in (expected, got)))
    if isinstance(expected, list):
        return "; ".join(differences(expected, got))
    if expected.shape != got.shape:
        return f"expected shape {expected.shape}, found {got.shape}"
    if expected.dtype.kind != got.dtype.kind and {expected.dtype.kind, got.dtype.kind} != {"O", "U"}:
        return f"expected type {expected.dtype}, found {got.dtype}"
    wrong = expected != got if expected.dtype.kind != "f" else ~close(expected, got)
    if not np.any(wrong):
        return ""
    first = np.argwhere(wrong)[0]
    where = tuple(first)
    return f"{np.sum(wrong)} of {wrong.size} differ, at {first.tolist()} {got[where]} instead of {expected[where]}"


def close(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    """Where numbers are close. NaN and the infinities are equal only to themselves."""
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    largest = np.max(np.abs(expected), initial=1, where=np.isfinite(expected))
    return np.isclose(got, expected, rtol=RELATIVE, atol=FLOOR * largest, equal_nan=True)
