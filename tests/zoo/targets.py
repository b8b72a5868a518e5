"""Targets for training, one kind each, made of a signal."""

from collections.abc import Callable

import numpy as np

Target = Callable[[np.ndarray], np.ndarray | None]


def noisy(signal: np.ndarray, seed: int = 0) -> np.ndarray:
    """The signal with noise."""
    return signal + np.random.default_rng(seed).normal(0, 0.3, len(signal))


def nothing(signal: np.ndarray) -> None:
    """No target, for models that learn from features alone."""


def amount(signal: np.ndarray) -> np.ndarray:
    """A number."""
    return noisy(signal) * 3 + 10


def amounts(signal: np.ndarray) -> np.ndarray:
    """Two numbers."""
    return np.column_stack([amount(signal), noisy(signal**2, 1)])


def positive_amount(signal: np.ndarray) -> np.ndarray:
    """A number above zero."""
    return np.exp(noisy(signal) / 3)


def count(signal: np.ndarray) -> np.ndarray:
    """A number of events."""
    return np.random.default_rng(0).poisson(np.exp(signal / 4))


def two(signal: np.ndarray) -> np.ndarray:
    """Two classes."""
    return (noisy(signal) > np.median(signal)).astype(np.int64)


def two_words(signal: np.ndarray) -> np.ndarray:
    """Two classes with names."""
    return np.array(["no", "yes"])[two(signal)]


def two_codes(signal: np.ndarray) -> np.ndarray:
    """Two classes with numbers that are not indices."""
    return np.array([-5, 300])[two(signal)]


def three(signal: np.ndarray) -> np.ndarray:
    """Three classes: thirds by size."""
    values = noisy(signal)
    return np.digitize(values, np.quantile(values, [1 / 3, 2 / 3]))


def three_words(signal: np.ndarray) -> np.ndarray:
    """Three classes with names."""
    return np.array(["low", "mid", "über"])[three(signal)]


def three_codes(signal: np.ndarray) -> np.ndarray:
    """Three classes with numbers that are not indices."""
    return np.array([-5, 7, 300])[three(signal)]


def two_flags(signal: np.ndarray) -> np.ndarray:
    """Two independent flags."""
    return np.column_stack([two(signal), two(-(signal**2))])
