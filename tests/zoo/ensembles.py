"""Trees as nested tuples, and their attributes for the tree operators."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from onnx import TensorProto, numpy_helper

COMPARISONS = {
    "BRANCH_LEQ": operator.le,
    "BRANCH_LT": operator.lt,
    "BRANCH_GTE": operator.ge,
    "BRANCH_GT": operator.gt,
    "BRANCH_EQ": operator.eq,
    "BRANCH_NEQ": operator.ne,
    "BRANCH_MEMBER": lambda value, members: value in members,
}
MODES = list(COMPARISONS)
AGGREGATES = ["AVERAGE", "SUM", "MIN", "MAX"]
POST_TRANSFORMS = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"]

Leaf = Mapping[int, float]


class Split(NamedTuple):
    """A node that compares a feature, with the branches for true and false.

    A sequence is a set, for BRANCH_MEMBER.
    """

    feature: int
    mode: str
    value: float | Sequence[float]
    if_true: "Split | Leaf"
    if_false: "Split | Leaf"
    missing_is_true: bool = False


def sums(trees: Sequence[Split | Leaf], rows: np.ndarray, targets: int) -> np.ndarray:
    """The sum of the votes for each target, by definition.

    It is for cases that no implementation answers well.
    """
    result = np.zeros((len(rows), targets))
    for scores, row in zip(result, rows):
        for node in trees:
            while isinstance(node, Split):
                value = row[node.feature]
                holds = COMPARISONS[node.mode](value, node.value) or (node.missing_is_true and np.isnan(value))
                node = node.if_true if holds else node.if_false
            for target, weight in node.items():
                scores[target] += weight
    return result


@dataclass
class Nodes:
    """The nodes of trees, one per row, as the older tree operators take them: leaves are nodes."""

    rows: list[tuple] = field(default_factory=list)
    leaves: list[tuple] = field(default_factory=list)

    def add(self, tree: int, node: Split | Leaf, seen: dict[int, int]) -> int:
        """Adds a node and the nodes below it. Returns its number. Shared nodes are added once."""
        if id(node) in seen:
            return seen[id(node)]
        number = seen[id(node)] = len(seen)
        if isinstance(node, Split):
            place = len(self.rows)
            self.rows.append(())
            children = self.add(tree, node.if_true, seen), self.add(tree, node.if_false, seen)
            self.rows[place] = (tree, number, node.feature, node.value, node.mode, *children, int(node.missing_is_true))
        else:
            self.rows.append((tree, number, 0, 0.0, "LEAF", 0, 0, 0))
            self.leaves += [(tree, number, target, weight) for target, weight in node.items()]
        return number


def first_attributes(trees: Sequence[Split | Leaf], kind: str, double: bool = False) -> dict[str, Any]:
    """The attributes of TreeEnsembleRegressor and TreeEnsembleClassifier; `kind` is `target` or `class`.

    `double` gives the values and weights as 64-bit tensors, which version 3 introduced.
    """
    nodes = Nodes()
    for number, tree in enumerate(trees):
        nodes.add(number, tree, {})
    columns = ["treeids", "nodeids", "featureids", "values", "modes"]
    columns += ["truenodeids", "falsenodeids", "missing_value_tracks_true"]
    attributes = {f"nodes_{column}": list(values) for column, values in zip(columns, zip(*nodes.rows))}
    columns = ["treeids", "nodeids", "ids", "weights"]
    attributes |= {f"{kind}_{column}": list(values) for column, values in zip(columns, zip(*nodes.leaves))}
    for name in ("nodes_values", f"{kind}_weights"):
        values = attributes.pop(name)
        if double:
            attributes[f"{name}_as_tensor"] = tensor(values, np.float64)
        else:
            attributes[name] = [float(value) for value in values]
    return attributes


def tensor(values: Sequence[float], type_: type) -> TensorProto:
    """A tensor attribute."""
    return numpy_helper.from_array(np.array(values, type_))


def last_attributes(trees: Sequence[Split], type_: type) -> dict[str, Any]:
    """The attributes of TreeEnsemble. Its leaves are numbered separately and have a single weight."""
    rows: list[list] = []
    leaves: list[tuple[int, float]] = []
    members: list[float] = []

    def add(node: Split | Leaf, seen: dict[int, int]) -> tuple[int, bool]:
        """Adds a node and the nodes below it. Returns its number, and whether it is a leaf."""
        if not isinstance(node, Split):
            leaves.extend(node.items())
            return len(leaves) - 1, True
        if id(node) not in seen:
            place = seen[id(node)] = len(rows)
            value = node.value
            if node.mode == "BRANCH_MEMBER":
                members.extend([*value, np.nan])
                value = 0.0
            rows.append([])
            children = *add(node.if_true, seen), *add(node.if_false, seen)
            rows[place] = [node.feature, value, MODES.index(node.mode), *children, int(node.missing_is_true)]
        return seen[id(node)], False

    roots = [add(tree, {})[0] for tree in trees]
    features, values, modes, true_ids, true_leaves, false_ids, false_leaves, missing = (list(c) for c in zip(*rows))
    attributes = {
        "tree_roots": roots,
        "nodes_featureids": features,
        "nodes_splits": tensor(values, type_),
        "nodes_modes": tensor(modes, np.uint8),
        "nodes_truenodeids": true_ids,
        "nodes_trueleafs": [int(leaf) for leaf in true_leaves],
        "nodes_falsenodeids": false_ids,
        "nodes_falseleafs": [int(leaf) for leaf in false_leaves],
        "nodes_missing_value_tracks_true": missing,
        "leaf_targetids": [target for target, _ in leaves],
        "leaf_weights": tensor([weight for _, weight in leaves], type_),
    }
    if members:
        attributes["membership_values"] = tensor(members, type_)
    return attributes


def grow(
    rng: np.random.Generator,
    depth: int,
    targets: Sequence[int],
    modes: Sequence[str] = ("BRANCH_LEQ",),
    weights: tuple[float, float] = (-1, 1),
    missing_is_true: bool = False,
    several: bool = False,
) -> Split | Leaf:
    """A random tree over `FEATURES`. Each leaf votes for one target, or for all if `several`."""
    if depth == 0:
        chosen = targets if several else [int(rng.choice(targets))]
        return {target: float(np.float32(rng.uniform(*weights))) for target in chosen}
    mode = str(rng.choice(modes))
    value = float(rng.choice(GRID))
    children = (grow(rng, depth - 1, targets, modes, weights, missing_is_true, several) for _ in range(2))
    split = Split(int(rng.integers(FEATURES)), mode, value, *children, missing_is_true)
    # Without zero, because the reference ends a set there.
    return split._replace(value=sorted({value, 0.5, -1.0} - {0.0})) if mode == "BRANCH_MEMBER" else split


def forest(
    count: int,
    depth: int,
    targets: Sequence[int],
    modes: Sequence[str] = ("BRANCH_LEQ",),
    weights: tuple[float, float] = (-1, 1),
    missing_is_true: bool = False,
    several: bool = False,
    seed: int = 0,
) -> list[Split | Leaf]:
    """Random trees."""
    rng = np.random.default_rng(seed)
    return [grow(rng, depth, targets, modes, weights, missing_is_true, several) for _ in range(count)]


FEATURES = 3
# Thresholds of trees, and values of rows. So most values lie on a threshold.
GRID = np.array([-1.5, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 1.5])


def rows(type_: type = np.float32, count: int = 40, seed: int = 1) -> np.ndarray:
    """Rows on thresholds and between them. Floats are also missing, infinite and subnormal."""
    rng = np.random.default_rng(seed)
    values = rng.choice(np.concatenate([GRID, GRID + 0.125]), (count, FEATURES))
    if np.issubdtype(type_, np.integer):
        return np.round(values).astype(type_)
    values = values.astype(type_)
    tiny = np.finfo(type_).smallest_subnormal
    special = [np.nan, np.inf, -np.inf, tiny, -tiny, np.finfo(type_).max, -0.0]
    values[: len(special), 0] = special
    values[7 : 7 + len(special), 1] = special
    values[14] = np.nan
    return values
