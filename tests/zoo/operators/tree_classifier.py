"""TreeEnsembleClassifier."""

from dataclasses import replace
from typing import Any

import numpy as np

from case import Case, declared
from ensembles import MODES, POST_TRANSFORMS, first_attributes, forest, rows, tensor

WORDS = ["no", "yes", "peut-être"]
NUMBERS = [-3, 5, 40]
SIGNS = {"": (-1, 1), "_positive": (0.05, 0.6), "_negative": (-0.6, -0.05)}


def case(
    label: str,
    trees: list,
    labels: list,
    x: np.ndarray | None = None,
    double: bool = False,
    **more: Any,
) -> Case:
    """A classifier with these labels and more attributes. Rows have 32 bits by default."""
    kind = "strings" if isinstance(labels[0], str) else "int64s"
    attributes = first_attributes(trees, "class", double) | {f"classlabels_{kind}": labels, **more}
    x = rows() if x is None else x
    return Case(label, "TreeEnsembleClassifier", [x], attributes, version=3, outputs=2)


# For two classes, the weights of one are enough.
COLUMNS = {"two_by_first": [0], "two_by_second": [1], "two_by_both": [0, 1]}

TWO_CLASSES = [
    case(
        f"{label}_{transform.lower()}{sign}{'_words' * (labels is WORDS)}",
        forest(3, 3, columns, weights=weights, several=True),
        labels[:2],
        post_transform=transform,
    )
    for label, columns in COLUMNS.items()
    for transform in POST_TRANSFORMS[:-1]
    for sign, weights in SIGNS.items()
    for labels in (NUMBERS, WORDS)
    if labels is NUMBERS or transform in ("NONE", "LOGISTIC")
]

# PROBIT is defined for sums between 0 and 1. At its zero, 1/2, the result is only rounding.
PROBIT = [
    case(
        f"{label}_probit",
        forest(3, 3, columns, weights=(0.2, 0.3), several=True),
        NUMBERS[: max(columns) + 1],
        post_transform="PROBIT",
    )
    for label, columns in {"two_by_both": [0, 1], "three": [0, 1, 2]}.items()
]

BASED = [
    case(
        f"{label}_{transform.lower()}_base_values",
        forest(3, 3, columns, several=True),
        NUMBERS[:2],
        post_transform=transform,
        base_values=[0.25, -0.5][: len(columns)],
    )
    for label, columns in COLUMNS.items()
    for transform in POST_TRANSFORMS[:-1]
    if label != "two_by_second"
]

THREE_CLASSES = [
    case(
        f"three_{transform.lower()}{sign}",
        forest(4, 3, [0, 1, 2], weights=weights, several=True),
        NUMBERS,
        post_transform=transform,
    )
    for transform in POST_TRANSFORMS[:-1]
    for sign, weights in SIGNS.items()
] + [
    case("three_words", forest(4, 3, [0, 1, 2]), WORDS),
    case("three_base_values", forest(4, 3, [0, 1, 2]), NUMBERS, base_values=[0.1, 0.2, -0.3]),
    case(
        "three_softmax_base_values",
        forest(4, 3, [0, 1, 2]),
        NUMBERS,
        base_values=[0.5, 1.0, -1.5],
        post_transform="SOFTMAX",
    ),
    case("three_one_without_leaves", forest(4, 3, [0, 2]), NUMBERS),
    case("three_few_votes", forest(4, 3, [0, 1, 2], weights=(-0.6, -0.05)), NUMBERS),
    case("three_tied", forest(8, 1, [0, 1, 2], weights=(0.125, 0.125)), NUMBERS),
    case("two_tied", forest(8, 1, [0, 1], weights=(0.125, 0.125)), WORDS[:2]),
]

BRANCHES = [
    case(
        f"{mode.lower()}{'_missing_is_true' * missing}",
        forest(4, 4, [0, 1, 2], [mode], missing_is_true=missing),
        NUMBERS,
    )
    for mode in MODES[:-1]
    for missing in (False, True)
]

OTHERS = [
    replace(
        case("one_class", forest(3, 3, [0]), [7]),
        repair=lambda labels: np.full_like(labels, 7),
        differs="labels are the given ones; ONNX Runtime answers 1 for a single label",
    ),
    case("doubles", forest(4, 4, [0, 1, 2]), NUMBERS, rows(np.float64)),
    case("doubles_as_tensor", forest(4, 4, [0, 1, 2]), NUMBERS, rows(np.float64), double=True),
    case(
        "doubles_as_tensor_base_values",
        forest(4, 4, [0, 1, 2]),
        NUMBERS,
        rows(np.float64),
        double=True,
        base_values_as_tensor=tensor([0.1, 0.2, 0.3], np.float64),
    ),
    case(
        "doubles_two_logistic", forest(4, 4, [1]), NUMBERS[:2], rows(np.float64), double=True, post_transform="LOGISTIC"
    ),
    case("integers", forest(4, 4, [0, 1, 2]), NUMBERS, rows(np.int64)),
    case("short_integers", forest(4, 4, [0, 1, 2]), NUMBERS, rows(np.int32)),
    case("one_tree", forest(1, 5, [0, 1, 2], several=True), NUMBERS),
    case("many_trees", forest(120, 3, [0, 1, 2]), NUMBERS),
    case("many_trees_two", forest(120, 3, [0]), NUMBERS[:2], post_transform="LOGISTIC"),
    case("many_trees_one_row", forest(120, 3, [0, 1, 2]), NUMBERS, rows(count=20)[-1:]),
    case("many_rows", forest(3, 3, [0, 1, 2], several=True), NUMBERS, rows(count=300)),
    case("no_rows", forest(3, 3, [0, 1, 2]), NUMBERS, rows()[:0]),
    case("only_leaves", [{0: 0.5, 1: 0.25}, {1: 0.5}], NUMBERS),
]

SINGLE = "the specification does not say what the weights of one of two classes mean; exporters rely on ONNX Runtime"
TOP = "the label is the class with the highest score; ONNX Runtime looks at the second of two scores only"
NOT_EQUAL = "a missing value is not equal to anything, so BRANCH_NEQ is true for it"

VAGUE = [
    "first_none",
    "first_none_words",
    "first_none_negative*",
    "first_none_base_values",
    "first_logistic_positive*",
    "first_softmax*",
    "second_*",
]

CASES = declared(
    declared(
        TWO_CLASSES + PROBIT + BASED + THREE_CLASSES + BRANCHES + OTHERS,
        "onnxruntime",
        {f"two_by_{label}": SINGLE for label in VAGUE} | {"branch_neq": NOT_EQUAL},
    ),
    "reference",
    {
        "two_by_both_*": TOP,
        "two_tied": TOP,
        "three_one_without_leaves": "a class without votes has the score 0, which can be the highest",
        "three_few_votes": "a class without votes has the score 0, which can be the highest",
    },
)
