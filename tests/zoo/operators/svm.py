"""SVMClassifier and SVMRegressor."""

from dataclasses import replace
from typing import Any

import numpy as np

from case import Case, declared
from ensembles import POST_TRANSFORMS
from transforms import logistic
from values import NUMBERS, numbers, special

# Gamma, constant, degree.
KERNELS = {"LINEAR": [0.0, 0.0, 0.0], "POLY": [0.5, 1.0, 2.0], "RBF": [0.25, 0.0, 0.0], "SIGMOID": [0.125, 0.5, 0.0]}
NUMBER_LABELS = [7, -3, 40, 2]
WORDS = ["no", "über", "", "ja"]
VECTORS = 3  # for each class
FEATURES = 3


def some(*shape: int) -> list[float]:
    """Random numbers between -1 and 1."""
    values = np.random.default_rng(5).uniform(-1, 1, shape)
    return values.astype(np.float32).ravel().tolist()


def classifier(
    label: str,
    classes: int,
    kernel: str = "RBF",
    probability: bool = False,
    words: bool = False,
    x: np.ndarray | None = None,
    **more: Any,
) -> Case:
    """A classifier with support vectors, and more attributes."""
    pairs = classes * (classes - 1) // 2
    labels = {"classlabels_strings": WORDS[:classes]} if words else {"classlabels_ints": NUMBER_LABELS[:classes]}
    attributes = {
        "kernel_type": kernel,
        "kernel_params": KERNELS[kernel],
        "vectors_per_class": [VECTORS] * classes,
        "support_vectors": some(classes * VECTORS, FEATURES),
        "coefficients": some(classes - 1, classes * VECTORS),
        "rho": some(pairs),
    }
    if probability:
        attributes |= {"prob_a": [-1.5, -2.0, -1.0, -0.5, -2.5, -1.25][:pairs], "prob_b": some(pairs)}
    x = numbers(np.float32) if x is None else x
    return Case(label, "SVMClassifier", [x], attributes | labels | more, outputs=2)


def linear_classifier(label: str, classes: int, **more: Any) -> Case:
    """A classifier without support vectors, with coefficients for features."""
    attributes = {
        "kernel_type": "LINEAR",
        "kernel_params": KERNELS["LINEAR"],
        "coefficients": some(classes, FEATURES),
        "rho": [0.25],
        "classlabels_ints": NUMBER_LABELS[:classes],
    }
    return Case(label, "SVMClassifier", [numbers(np.float32)], attributes | more, outputs=2)


def regressor(label: str, kernel: str = "RBF", x: np.ndarray | None = None, **more: Any) -> Case:
    """A regressor with support vectors, and more attributes."""
    attributes = {
        "kernel_type": kernel,
        "kernel_params": KERNELS[kernel],
        "n_supports": 5,
        "support_vectors": some(5, FEATURES),
        "coefficients": some(5),
        "rho": [0.25],
    }
    return Case(label, "SVMRegressor", [numbers(np.float32) if x is None else x], attributes | more)


CLASSIFIERS = (
    [
        classifier(f"{kernel.lower()}_{classes}{'_probability' * probability}", classes, kernel, probability)
        for kernel in KERNELS
        for classes in (2, 3, 4)
        for probability in (False, True)
    ]
    + [
        classifier(f"words_{classes}{'_probability' * probability}", classes, probability=probability, words=True)
        for classes in (2, 3)
        for probability in (False, True)
    ]
    + [
        classifier(f"{transform.lower()}_{classes}", classes, post_transform=transform)
        for transform in POST_TRANSFORMS[1:-1]
        for classes in (2, 3)
    ]
    + [classifier(name, 3, x=numbers(type_)) for name, type_ in NUMBERS.items()]
    + [classifier(f"two_{name}", 2, x=numbers(type_), probability=True) for name, type_ in NUMBERS.items()]
    + [
        classifier("no_rows", 3, x=numbers(np.float32)[:0]),
        classifier("one_row", 3, x=numbers(np.float32)[:1]),
        classifier("positive_coefficients", 2, coefficients=np.abs(some(1, 2 * VECTORS)).tolist()),
        classifier("special", 3, x=special()),
        linear_classifier("no_vectors_2", 2),
        linear_classifier("no_vectors_3", 3),
        linear_classifier("no_vectors_3_softmax", 3, post_transform="SOFTMAX"),
    ]
)

IGNORED = "ONNX Runtime leaves out the transform"

REGRESSORS = (
    [regressor(kernel.lower(), kernel) for kernel in KERNELS]
    + [regressor(f"{kernel.lower()}_one_class", kernel, one_class=1) for kernel in KERNELS]
    + [replace(regressor("logistic", post_transform="LOGISTIC"), repair=logistic, differs=IGNORED)]
    + [
        # Implementations support one type, or round the results to integers too.
        replace(regressor(name, x=numbers(type_)), asked=[numbers(type_).astype(np.float32)])
        for name, type_ in NUMBERS.items()
    ]
    + [
        regressor("special", x=special()),
        regressor("no_rows", x=numbers(np.float32)[:0]),
        regressor("no_vectors", "LINEAR", n_supports=0, support_vectors=None, coefficients=some(FEATURES)),
    ]
)

INTEGERS = "scores are not integers; the reference rounds them"

CASES = REGRESSORS + declared(
    declared(
        CLASSIFIERS,
        "onnxruntime",
        {
            "*_[34]_probability": "LIBSVM couples the probabilities of pairs as ONNX Runtime does",
            "softmax*_2": "the specification does not define the scores of two classes; ONNX Runtime takes s and 1 - s",
            "positive_coefficients": "the label is the class with most votes, for any signs of the coefficients",
            "no_vectors_3*": "the reference gives no labels with coefficients for features",
            "int??": INTEGERS,
            "two_int??": INTEGERS,
        },
    ),
    "reference",
    {"no_vectors_2": "the label is the class with the highest score, not always the second"},
)
