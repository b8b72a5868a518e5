"""Gradient boosting and AdaBoost of scikit-learn."""

from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.tree import DecisionTreeClassifier

from answers import both_sides
from features import integers, missing, numbers, ties
from model import Model
from targets import amount, three, three_words, two, two_codes, two_words

SMALL = {"max_iter": 15, "random_state": 0}

MODELS = [
    Model("gradient_boosting_regressor", GradientBoostingRegressor(n_estimators=20, random_state=0), ties, amount),
    Model(
        "gradient_boosting_regressor_huber",
        GradientBoostingRegressor(n_estimators=20, loss="huber", random_state=0),
        ties,
        amount,
    ),
    Model(
        "gradient_boosting_regressor_zero",
        GradientBoostingRegressor(n_estimators=20, init="zero", random_state=0),
        integers,
        amount,
    ),
    Model("gradient_boosting_two", GradientBoostingClassifier(n_estimators=20, random_state=0), ties, two),
    Model("gradient_boosting_two_words", GradientBoostingClassifier(n_estimators=5, random_state=0), ties, two_words),
    Model("gradient_boosting_two_codes", GradientBoostingClassifier(n_estimators=9, random_state=0), ties, two_codes),
    Model("gradient_boosting_three", GradientBoostingClassifier(n_estimators=10, random_state=0), ties, three),
    Model(
        "gradient_boosting_three_raw_scores",
        GradientBoostingClassifier(n_estimators=10, random_state=0),
        ties,
        three_words,
        ["predict", "decision_function"],
        {"raw_scores": True},
    ),
    Model(
        "gradient_boosting_exponential",
        GradientBoostingClassifier(n_estimators=10, loss="exponential", random_state=0),
        ties,
        two,
    ),
    Model("hist_gradient_boosting_regressor", HistGradientBoostingRegressor(**SMALL), missing, amount),
    Model("hist_gradient_boosting_regressor_ties", HistGradientBoostingRegressor(**SMALL), ties, amount),
    Model("hist_gradient_boosting_two", HistGradientBoostingClassifier(**SMALL), missing, two),
    Model("hist_gradient_boosting_two_codes", HistGradientBoostingClassifier(**SMALL), missing, two_codes),
    Model("hist_gradient_boosting_three_words", HistGradientBoostingClassifier(**SMALL), missing, three_words),
    Model(
        "hist_gradient_boosting_two_raw_scores",
        HistGradientBoostingClassifier(**SMALL),
        numbers,
        two,
        ["predict", both_sides],
        {"raw_scores": True},
    ),
    Model("ada_boost_regressor", AdaBoostRegressor(n_estimators=10, random_state=0), numbers, amount),
    Model("ada_boost_two", AdaBoostClassifier(n_estimators=10, random_state=0), numbers, two),
    Model(
        "ada_boost_three",
        AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=10, random_state=0),
        numbers,
        three,
    ),
]
