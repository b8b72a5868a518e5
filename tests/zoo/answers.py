"""Answers of a library that no single method gives."""

from typing import Any

import numpy as np


def both_sides(fitted: Any, rows: Any) -> np.ndarray:
    """The scores of two classes, where the library has one for both."""
    score = fitted.decision_function(rows)
    return np.column_stack([-score, score])


def swapped_sides(fitted: Any, rows: Any) -> np.ndarray:
    """The scores of two classes, as the converter of support vector machines has them: the first class's last."""
    return both_sides(fitted, rows)[:, ::-1]


def absent_and_present(fitted: Any, rows: Any) -> np.ndarray:
    """The probabilities that each flag is not set, and those that it is."""
    present = fitted.predict_proba(rows)
    return np.hstack([1 - present, present])


def shares_of_votes(fitted: Any, rows: Any) -> np.ndarray:
    """How many of the voters are for each class."""
    votes = fitted.transform(rows)
    return np.column_stack([np.mean(votes == i, axis=1) for i in range(len(fitted.classes_))])
