"""Nearest neighbours."""

import numpy as np
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    KNeighborsTransformer,
    LocalOutlierFactor,
    NearestNeighbors,
    NeighborhoodComponentsAnalysis,
)

from features import doubles, numbers
from model import Model
from targets import amount, amounts, three, three_words, two, two_flags

ALL_ALIKE = "the converter takes distances as negative, and weighs them all alike"


def nearest(fitted: NearestNeighbors, rows: np.ndarray) -> np.ndarray:
    """The indices of the nearest known rows."""
    return fitted.kneighbors(rows, return_distance=False)


def distances(fitted: NearestNeighbors, rows: np.ndarray) -> np.ndarray:
    """The distances of the nearest known rows."""
    return fitted.kneighbors(rows)[0]


MODELS = [
    Model("k_neighbors", KNeighborsRegressor(), numbers, amount),
    # On a grid, some neighbours have the same distance.
    Model("k_neighbors_manhattan", KNeighborsRegressor(metric="manhattan"), doubles, amount),
    Model("k_neighbors_minkowski", KNeighborsRegressor(p=3), numbers, amount),
    Model("k_neighbors_by_distance", KNeighborsRegressor(weights="distance"), numbers, amount, differs=ALL_ALIKE),
    Model("k_neighbors_single", KNeighborsRegressor(1), numbers, amount),
    Model("k_neighbors_doubles", KNeighborsRegressor(), doubles, amount),
    Model("k_neighbors_multi_output", KNeighborsRegressor(), numbers, amounts),
    Model("k_neighbors_two", KNeighborsClassifier(), numbers, two),
    Model("k_neighbors_three", KNeighborsClassifier(4), numbers, three),
    Model("k_neighbors_three_words", KNeighborsClassifier(), numbers, three_words),
    Model("k_neighbors_flags", KNeighborsClassifier(), numbers, two_flags),
    Model("k_neighbors_cdist", KNeighborsRegressor(), numbers, amount, options={"optim": "cdist"}),
    Model("nearest_neighbors", NearestNeighbors(n_neighbors=3, radius=None), numbers, answers=[nearest, distances]),
    Model("k_neighbors_transformer", KNeighborsTransformer(n_neighbors=3), numbers),
    Model("neighborhood_components", NeighborhoodComponentsAnalysis(3, random_state=0), numbers, three),
    Model("local_outlier_factor", LocalOutlierFactor(novelty=True), numbers),
]
