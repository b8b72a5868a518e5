"""Values for the operators' cases."""

import numpy as np

NUMBERS = {"float": np.float32, "double": np.float64, "int64": np.int64, "int32": np.int32}


def numbers(type_: type, *shape: int) -> np.ndarray:
    """Small numbers of either sign, on a grid of quarters unless they are integers. Zero is among them."""
    quarters = np.random.default_rng(0).integers(-12, 13, shape or (8, 3))
    return quarters.astype(type_) if np.issubdtype(type_, np.integer) else (quarters / 4).astype(type_)


def special(type_: type = np.float32) -> np.ndarray:
    """Rows of three with special numbers."""
    limits = np.finfo(type_)
    rows = [
        [np.nan, 1, -1],
        [np.inf, 0.5, 2],
        [-np.inf, 0, 1],
        [limits.smallest_subnormal, -limits.smallest_subnormal, 0],
        [limits.max, limits.min, 1],
        [0.0, -0.0, 0.0],
    ]
    return np.array(rows, type_)


def strings(*rows: str | list[str]) -> np.ndarray:
    """An array of strings."""
    return np.array(rows, object)
