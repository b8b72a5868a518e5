"""Answers of a library that need more than one method call."""

from typing import Any

import numpy as np


def both_sides(fitted: Any, rows: Any) -> np.ndarray:
    """The scores of two classes, where the library gives one score for both."""
    score = fitted.decision_function(rows)
    return np.column_stack([-score, score])


def swapped_sides(fitted: Any, rows: Any) -> np.ndarray:
    """The scores of two classes in the order of the SVM converter: the first class comes last."""
    return both_sides(fitted, rows)[:, ::-1]


def absent_and_present(fitted: Any, rows: Any) -> np.ndarray:
    """The probabilities that each flag is not set, then those that it is set."""
    present = fitted.predict_proba(rows)
    return np.hstack([1 - present, present])


def shares_of_votes(fitted: Any, rows: Any) -> np.ndarray:
    """The share of voters for each class."""
    votes = fitted.transform(rows)
    return np.column_stack([np.mean(votes == i, axis=1) for i in range(len(fitted.classes_))])
