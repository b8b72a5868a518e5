"""The same pipelines, exported for each version of the standard operators."""

from collections.abc import Callable
from typing import Any

from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from features import Features, categories, missing, numbers
from model import Model
from targets import Target, amount, nothing, three_words

VERSIONS = [9, 11, 13, 15, 18, 21]

PIPELINES: dict[str, tuple[Callable[[], Any], Features, Target]] = {
    "logistic": (lambda: make_pipeline(StandardScaler(), LogisticRegression()), numbers, three_words),
    "forest": (lambda: RandomForestClassifier(8, random_state=0), numbers, three_words),
    "hist_boosting": (lambda: HistGradientBoostingRegressor(max_iter=8), missing, amount),
    "network": (lambda: MLPClassifier((6,), max_iter=20, random_state=0), numbers, three_words),
    "polynomial": (lambda: PolynomialFeatures(2), numbers, nothing),
    "one_hot": (lambda: OneHotEncoder(handle_unknown="ignore"), categories, nothing),
    "k_means": (lambda: KMeans(3, n_init=1, random_state=0), numbers, nothing),
    "k_neighbors": (lambda: KNeighborsRegressor(), numbers, amount),
}

MODELS = [
    Model(
        f"{name}_version_{version}",
        make(),
        features,
        target,
        opset={"": version, "ai.onnx.ml": 1 if version < 15 else 3},
    )
    for name, (make, features, target) in PIPELINES.items()
    for version in VERSIONS
]
