"""TreeEnsemble, which replaces both older operators in version 5."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from case import Case, declared
from ensembles import AGGREGATES, MODES, POST_TRANSFORMS, Split, forest, last_attributes, rows, sums
from transforms import logistic, softmax

TYPES = {"half": np.float16, "float": np.float32, "double": np.float64}


def case(label: str, trees: list, targets: int = 1, type_: type = np.float32, **more: Any) -> Case:
    """An ensemble with this number of `targets`, for numbers of a type, and more attributes."""
    attributes = last_attributes(trees, type_) | {"n_targets": targets, **more}
    return Case(label, "TreeEnsemble", [rows(type_)], attributes, version=5)


def repaired(transform: str, targets: int, repair: Callable[[np.ndarray], np.ndarray]) -> Case:
    """An ensemble with a transform of its scores."""
    plain = case(
        f"{transform.lower()}_{targets}", each(targets), targets, post_transform=POST_TRANSFORMS.index(transform)
    )
    reason = "the reference leaves out the transform, ONNX Runtime does so for one target, and confuses two for several"
    return replace(plain, repair=repair, trusted="reference", differs=reason)


def each(targets: int, weights: tuple[float, float] = (-1, 1)) -> list:
    """Some trees for each target, so that each target gets votes."""
    return [tree for target in range(targets) for tree in forest(3, 3, [target], weights=weights, seed=target)]


def sets(label: str, type_: type) -> Case:
    """Trees with sets of one member and of several, also zero. One set comes before other modes."""
    inner = Split(1, "BRANCH_MEMBER", [0.25], {0: 1.0}, {0: 2.0})
    outer = Split(0, "BRANCH_MEMBER", [-1.0, 0.0, 0.5, 1.5], inner, {0: 4.0})
    last = Split(2, "BRANCH_MEMBER", [-1.5, -0.5], {0: 8.0}, {0: 16.0})
    trees = [outer, Split(2, "BRANCH_LEQ", 0.0, last, {0: 32.0})]
    return replace(
        case(label, trees, type_=type_),
        repair=lambda scores: sums(trees, rows(type_), 1).astype(scores.dtype),
        trusted="reference",
        differs="sets end at NaN; the reference also ends them at zero, and so confuses the next ones",
    )


def sets_of_codes() -> list:
    """A tree with sets of small positive integers, the only ones that ONNX Runtime supports."""
    inner = Split(1, "BRANCH_MEMBER", [1.0], {0: 2.0}, {0: 4.0})
    return [Split(0, "BRANCH_MEMBER", [1.0, 2.0, 30.0], {0: 1.0}, inner)]


SUMS = [
    case(
        f"{aggregate.lower()}_{targets}_{name}",
        each(targets),
        targets,
        type_,
        aggregate_function=AGGREGATES.index(aggregate),
    )
    for aggregate in AGGREGATES
    for targets in (1, 3)
    for name, type_ in TYPES.items()
]

TRANSFORMS = [
    repaired("LOGISTIC", 1, logistic),
    repaired("LOGISTIC", 2, logistic),
    repaired("LOGISTIC", 3, logistic),
    repaired("SOFTMAX", 2, softmax),
    repaired("SOFTMAX", 3, softmax),
    *(
        case(
            f"{transform.lower()}_{targets}",
            each(targets, weights=(0.2, 0.3)),
            targets,
            post_transform=POST_TRANSFORMS.index(transform),
        )
        for transform in ("SOFTMAX_ZERO", "PROBIT")
        for targets in (2, 3)
    ),
    case("none", each(1), post_transform=POST_TRANSFORMS.index("NONE")),
]

BRANCHES = [
    case(f"{mode.lower()}{'_missing_is_true' * missing}", forest(4, 3, [0], [mode], missing_is_true=missing))
    for mode in MODES
    for missing in (False, True)
]

OTHERS = [
    case("mixed_modes", forest(6, 4, [0], MODES)),
    case("mixed_modes_doubles", forest(6, 4, [0, 1], MODES, missing_is_true=True), 2, np.float64),
    sets("sets", np.float32),
    sets("sets_doubles", np.float64),
    case("sets_of_codes", sets_of_codes()),
    case("target_without_leaves", forest(4, 3, [0, 2]), 3),
    case("many_trees", forest(120, 3, [0, 1]), 2),
    case("stump", forest(1, 1, [0])),
]

CASES = declared(
    SUMS + TRANSFORMS + BRANCHES + OTHERS,
    "onnxruntime",
    dict.fromkeys(("softmax_zero_?", "probit_?"), "the reference leaves out the transform"),
)
