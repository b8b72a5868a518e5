"""TreeEnsembleRegressor."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from case import Case, declared
from ensembles import AGGREGATES, MODES, POST_TRANSFORMS, Split, first_attributes, forest, rows, sums, tensor
from transforms import logistic


def case(
    label: str, trees: list, x: np.ndarray | None = None, targets: int = 1, double: bool = False, **more: Any
) -> Case:
    """A regressor with this number of `targets` and more attributes. Rows have 32 bits by default."""
    attributes = first_attributes(trees, "target", double) | {"n_targets": targets, **more}
    return Case(label, "TreeEnsembleRegressor", [rows() if x is None else x], attributes, version=3)


# The specification says the opposite. But both implementations of TreeEnsemble, whose specification is the
# same, compare first. So does one implementation of TreeEnsembleRegressor.
NOT_EQUAL = "a missing value is not equal to anything, so BRANCH_NEQ is true for it"
BASED = "base values are added to the final prediction, with votes or without"


def base_values(targets: int) -> Mapping[str, Any]:
    """A base value for each target."""
    return {"base_values": [0.5, -0.25, 2.0][:targets]}


def double_base_values() -> Case:
    """Doubles with base values. Some rows have votes for only one target."""
    trees, x, bases = forest(5, 4, [0, 1]), rows(np.float64), [1 / 3, 2 / 3]
    plain = case(
        "doubles_as_tensor_base_values",
        trees,
        x,
        targets=2,
        double=True,
        base_values_as_tensor=tensor(bases, np.float64),
    )
    return replace(plain, repair=lambda scores: (sums(trees, x, 2) + bases).astype(scores.dtype), differs=BASED)


def chain(length: int) -> Split:
    """A tree whose depth is its number of splits."""
    node: Any = {0: 0.0}
    for i in range(length):
        node = Split(i % 3, "BRANCH_LEQ", i / length - 0.5, {0: float(i)}, node)
    return node


def with_shared_children() -> list:
    """A tree in which two nodes lead to the same node."""
    shared = Split(2, "BRANCH_LEQ", 0.0, {0: 1.0}, {0: 2.0})
    return [Split(0, "BRANCH_LEQ", 0.0, Split(1, "BRANCH_LEQ", 0.5, shared, {0: 4.0}), shared)]


def renumbered(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The same trees with other node numbers and another order of nodes."""
    order = np.random.default_rng(0).permutation(len(attributes["nodes_treeids"])).tolist()
    changed = {
        name: [values[i] for i in order] if name.startswith("nodes_") else list(values)
        for name, values in attributes.items()
        if isinstance(values, list)
    }
    for name in changed:
        if name.endswith("treeids"):
            changed[name] = [5 + 3 * tree for tree in changed[name]]
    return {**attributes, **changed}


AGGREGATIONS = [
    case(
        f"{aggregate.lower()}_{targets}{'_base_values' * based}",
        forest(5, 3, range(targets), several=True),
        targets=targets,
        aggregate_function=aggregate,
        **(base_values(targets) if based else {}),
    )
    for aggregate in AGGREGATES
    for targets in (1, 3)
    for based in (False, True)
]

TRANSFORMS = [
    case(
        f"{transform.lower()}_{targets}",
        forest(3, 3, range(targets), weights=(0.2, 0.3), several=True),
        targets=targets,
        post_transform=transform,
    )
    for transform in POST_TRANSFORMS
    for targets in (1, 2, 3)
    if targets > 1 or not transform.startswith("SOFTMAX")
]
TRANSFORMS = [replace(case_, repair=logistic) if case_.label == "logistic_1" else case_ for case_ in TRANSFORMS]

BRANCHES = [
    case(
        f"{mode.lower()}{'_missing_is_true' * missing}",
        forest(4, 4, [0], [mode], missing_is_true=missing),
    )
    for mode in MODES[:-1]
    for missing in (False, True)
]

TYPES = [
    case("doubles", forest(5, 4, [0, 1]), rows(np.float64), targets=2),
    case("doubles_as_tensor", forest(5, 4, [0, 1]), rows(np.float64), targets=2, double=True),
    double_base_values(),
    case("doubles_average", forest(3, 4, [0]), rows(np.float64), double=True, aggregate_function="AVERAGE"),
]

# ONNX Runtime does not support integers here, and the reference rounds the results to integers too.
TYPES += [
    replace(case(label, forest(5, 4, [0]), rows(type_)), asked=[rows(type_).astype(np.float32)])
    for label, type_ in (("integers", np.int64), ("short_integers", np.int32))
]

SHAPES = [
    case("mixed_modes", forest(6, 4, [0], MODES[:-1])),
    case("mixed_modes_missing_is_true", forest(6, 4, [0], MODES[:-1], missing_is_true=True)),
    case("leaves_for_several_targets", forest(4, 3, [0, 1, 2], several=True), targets=3),
    case("target_without_leaves", forest(4, 3, [0, 2]), targets=3),
    case("target_without_leaves_min", forest(4, 3, [0, 2]), targets=3, aggregate_function="MIN"),
    case("target_without_leaves_base_values", forest(4, 3, [0, 2]), targets=3, **base_values(3)),
    case("only_a_leaf", [{0: 2.5}]),
    case("only_leaves", [{0: 2.5}, {0: -1.0}]),
    case("stump", forest(1, 1, [0])),
    case("one_tree", forest(1, 5, [0])),
    case("one_tree_several_targets", forest(1, 5, [0, 1], several=True), targets=2),
    case("many_trees", forest(120, 3, [0])),
    case("many_trees_several_targets", forest(120, 3, [0, 1], several=True), targets=2),
    case("many_trees_one_row", forest(120, 3, [0]), rows(count=20)[-1:]),
    case("many_rows", forest(3, 3, [0]), rows(count=300)),
    case("no_rows", forest(3, 3, [0]), rows()[:0]),
    case("chain", [chain(100)]),
    case("shared_children", with_shared_children()),
    Case(
        "renumbered",
        "TreeEnsembleRegressor",
        [rows()],
        renumbered(first_attributes(forest(4, 3, [0]), "target")) | {"n_targets": 1},
    ),
    Case(
        "version_1", "TreeEnsembleRegressor", [rows()], first_attributes(forest(4, 3, [0]), "target") | {"n_targets": 1}
    ),
]

CASES = declared(
    declared(
        AGGREGATIONS + TRANSFORMS + BRANCHES + TYPES + SHAPES,
        "onnxruntime",
        {
            "branch_neq": NOT_EQUAL,
            "mixed_modes": NOT_EQUAL,
            "logistic_1": "ONNX Runtime leaves out the transform for one target",
            "target_without_leaves_min": "the specification does not define the minimum of no votes",
        },
    ),
    "reference",
    {"target_without_leaves_base_values": BASED},
)
