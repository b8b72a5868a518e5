"""Pipelines whose input is a map from names to numbers."""

from functools import partial

from lightgbm import LGBMRegressor
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, Normalizer, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVR
from sklearn.tree import DecisionTreeRegressor
from xgboost import XGBRegressor

from exporters import Exported
from features import maps
from model import Model
from targets import amount, amounts, three, three_codes, three_words, two

dense = partial(DictVectorizer, sparse=False)

REGRESSORS = {
    "linear": LinearRegression(),
    "ridge": Ridge(),
    "lasso": Lasso(0.01),
    "poisson": PoissonRegressor(),
    "tree": DecisionTreeRegressor(max_depth=6, random_state=0),
    "forest": RandomForestRegressor(10, random_state=0),
    "extra_trees": ExtraTreesRegressor(10, random_state=0),
    "boosting": GradientBoostingRegressor(n_estimators=15, random_state=0),
    "svr": SVR(),
    "linear_svr": LinearSVR(random_state=0),
    "network": MLPRegressor(hidden_layer_sizes=(5,), max_iter=20, random_state=0),
}

CLASSIFIERS = {
    "logistic": LogisticRegression(),
    "forest": RandomForestClassifier(8, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=8, random_state=0),
    "bayes": MultinomialNB(),
    "svc": SVC(probability=True, random_state=0),
}

MODELS = [
    Model("map", DictVectorizer(), maps),
    *(Model(f"map_{name}", make_pipeline(dense(), regressor), maps, amount) for name, regressor in REGRESSORS.items()),
    *(
        Model(f"map_{name}_three", make_pipeline(dense(), classifier), maps, three)
        for name, classifier in CLASSIFIERS.items()
    ),
    Model("map_linear_multi_output", make_pipeline(DictVectorizer(), LinearRegression()), maps, amounts),
    Model("map_logistic_two", make_pipeline(DictVectorizer(), LogisticRegression()), maps, two),
    Model(
        "map_logistic_zipmap",
        make_pipeline(DictVectorizer(), LogisticRegression()),
        maps,
        three_words,
        options={"zipmap": True},
    ),
    Model(
        "map_forest_zipmap",
        make_pipeline(dense(), RandomForestClassifier(9, random_state=0)),
        maps,
        three_codes,
        options={"zipmap": True},
    ),
    Model("map_scaled_linear", make_pipeline(dense(), StandardScaler(), LinearRegression()), maps, amount),
    Model("map_max_abs_linear", make_pipeline(DictVectorizer(), MaxAbsScaler(), LinearRegression()), maps, amount),
    Model("map_normalized_linear", make_pipeline(DictVectorizer(), Normalizer(), LinearRegression()), maps, amount),
    Model(
        "map_selected_linear",
        make_pipeline(DictVectorizer(), SelectKBest(f_regression, k=9), LinearRegression()),
        maps,
        amount,
    ),
    Model("map_svd_ridge", make_pipeline(DictVectorizer(), TruncatedSVD(5, random_state=0), Ridge()), maps, amount),
    Exported(
        "map_lightgbm", make_pipeline(dense(), LGBMRegressor(n_estimators=10, num_leaves=7, verbose=-1)), maps, amount
    ),
    Exported("map_xgboost", make_pipeline(dense(), XGBRegressor(n_estimators=10, max_depth=4, n_jobs=1)), maps, amount),
]
