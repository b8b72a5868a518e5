"""LinearClassifier and LinearRegressor."""

from dataclasses import replace
from typing import Any

import numpy as np

from case import Case, declared
from ensembles import POST_TRANSFORMS
from transforms import logistic
from values import NUMBERS, numbers, special

# Inputs between -3 and 3 give scores that are small enough for every transform.
WEIGHTS = [0.5, -0.25, 0.125, -0.375, 0.25, 0.5, 0.125, 0.0, -0.5]
INTERCEPTS = [0.25, -0.125, 0.0]
NUMBER_LABELS = [7, -3, 40]
WORDS = ["no", "über", ""]


def classifier(
    label: str, classes: int, columns: int, x: np.ndarray | None = None, words: bool = False, **more: Any
) -> Case:
    """A classifier with this number of `classes` and `columns`, and more attributes."""
    labels = {"classlabels_strings": WORDS[:classes]} if words else {"classlabels_ints": NUMBER_LABELS[:classes]}
    attributes = {"coefficients": WEIGHTS[: 3 * columns], "intercepts": INTERCEPTS[:columns]} | labels | more
    return Case(label, "LinearClassifier", [numbers(np.float32) if x is None else x], attributes, outputs=2)


def regressor(label: str, targets: int = 1, x: np.ndarray | None = None, **more: Any) -> Case:
    """A regressor with this number of `targets`, and more attributes."""
    attributes = {"coefficients": WEIGHTS[: 3 * targets], "intercepts": INTERCEPTS[:targets], "targets": targets} | more
    return Case(label, "LinearRegressor", [numbers(np.float32) if x is None else x], attributes)


SIZES = {"two_by_one": (2, 1), "two_by_two": (2, 2), "three": (3, 3)}

CLASSIFIERS = (
    [
        classifier(
            f"{size}_{transform.lower()}{'_words' * words}", classes, columns, words=words, post_transform=transform
        )
        for size, (classes, columns) in SIZES.items()
        for transform in POST_TRANSFORMS[:-1]
        for words in (False, True)
    ]
    + [
        classifier(f"{size}_multi_class_{transform.lower()}", classes, columns, multi_class=1, post_transform=transform)
        for size, (classes, columns) in SIZES.items()
        for transform in ("NONE", "LOGISTIC", "SOFTMAX")
    ]
    + [classifier(f"three_{name}", 3, 3, numbers(type_)) for name, type_ in NUMBERS.items()]
    + [classifier(f"two_{name}", 2, 1, numbers(type_), post_transform="LOGISTIC") for name, type_ in NUMBERS.items()]
    + [
        classifier("three_special", 3, 3, special()),
        classifier("two_special", 2, 1, special(), post_transform="LOGISTIC"),
        classifier("three_tied", 3, 3, coefficients=[0.0] * 9, intercepts=[0.5] * 3),
        classifier("two_tied", 2, 1, coefficients=[0.0] * 3, intercepts=[0.0], post_transform="LOGISTIC"),
        classifier("no_rows", 3, 3, numbers(np.float32)[:0]),
        classifier("one_row", 3, 3, numbers(np.float32)[:1]),
        classifier("vector", 3, 3, numbers(np.float32)[0]),
    ]
)

REGRESSORS = (
    [regressor(f"targets_{targets}", targets) for targets in (1, 2, 3)]
    + [regressor(f"no_intercepts_{targets}", targets, intercepts=None) for targets in (1, 3)]
    + [
        # Implementations support one type, or round the coefficients to integers too.
        replace(regressor(name, 2, numbers(type_)), asked=[numbers(type_).astype(np.float32)])
        for name, type_ in NUMBERS.items()
    ]
    + [
        regressor(f"{transform.lower()}_{targets}", targets, post_transform=transform)
        for transform in POST_TRANSFORMS[1:]
        for targets in (1, 3)
        if targets > 1 or transform == "PROBIT"
    ]
    + [replace(regressor("logistic_1", post_transform="LOGISTIC"), repair=logistic)]
    + [
        regressor("special", 2, special()),
        regressor("no_rows", 2, numbers(np.float32)[:0]),
    ]
)

SINGLE = (
    "the specification does not say what is to be done about the second class; ONNX Runtime takes 1 minus the first"
)

CASES = declared(
    CLASSIFIERS + REGRESSORS,
    "onnxruntime",
    {
        "two_by_one_none*": SINGLE,
        "two_by_one_softmax*": SINGLE,
        "two_by_one_multi_class_none": SINGLE,
        "two_by_one_multi_class_softmax": SINGLE,
        "logistic_1": "ONNX Runtime leaves out the transform for one target",
        "no_intercepts_?": "intercepts are optional, but the reference needs them",
    },
)
