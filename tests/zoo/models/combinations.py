"""Models made of models."""

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from answers import shares_of_votes
from features import numbers
from model import Model
from targets import amount, amounts, three, three_words, two, two_flags

REGRESSORS = [("linear", LinearRegression()), ("tree", DecisionTreeRegressor(max_depth=4, random_state=0))]
CLASSIFIERS = [
    ("logistic", LogisticRegression()),
    ("tree", DecisionTreeClassifier(max_depth=4, random_state=0)),
    ("bayes", GaussianNB()),
]
PENALTIES = {"C": [0.1, 1.0]}

MODELS = [
    Model("voting_regressor", VotingRegressor(REGRESSORS), numbers, amount),
    Model("voting_regressor_weighted", VotingRegressor(REGRESSORS, weights=np.array([3, 1])), numbers, amount),
    Model("voting_soft", VotingClassifier(CLASSIFIERS, voting="soft", flatten_transform=False), numbers, three),
    Model(
        "voting_soft_two",
        VotingClassifier(CLASSIFIERS, voting="soft", flatten_transform=False, weights=np.array([1, 2, 1])),
        numbers,
        two,
    ),
    Model(
        "voting_hard",
        VotingClassifier(CLASSIFIERS, flatten_transform=False),
        numbers,
        three_words,
        ["predict", shares_of_votes],
    ),
    Model("stacking_regressor", StackingRegressor(REGRESSORS, Ridge(), cv=3), numbers, amount),
    Model(
        "stacking_regressor_through", StackingRegressor(REGRESSORS, Ridge(), cv=3, passthrough=True), numbers, amount
    ),
    Model("stacking_two", StackingClassifier(CLASSIFIERS, LogisticRegression(), cv=3), numbers, two),
    Model("stacking_three", StackingClassifier(CLASSIFIERS, LogisticRegression(), cv=3), numbers, three_words),
    Model("bagging_linear", BaggingRegressor(LinearRegression(), n_estimators=4, random_state=0), numbers, amount),
    Model("bagging_some_features", BaggingRegressor(max_features=0.5, n_estimators=6, random_state=0), numbers, amount),
    Model("bagging_logistic", BaggingClassifier(LogisticRegression(), n_estimators=4, random_state=0), numbers, three),
    Model("calibrated_sigmoid", CalibratedClassifierCV(LinearSVC(random_state=0), cv=3), numbers, two),
    Model("calibrated_sigmoid_three", CalibratedClassifierCV(GaussianNB(), cv=3), numbers, three),
    Model(
        "calibrated_isotonic",
        CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=3),
        numbers,
        two,
        differs="the converter steps where scikit-learn interpolates",
    ),
    Model("one_versus_rest", OneVsRestClassifier(LogisticRegression()), numbers, three_words),
    Model(
        "one_versus_rest_tree", OneVsRestClassifier(DecisionTreeClassifier(max_depth=5, random_state=0)), numbers, three
    ),
    Model("one_versus_rest_flags", OneVsRestClassifier(LogisticRegression()), numbers, two_flags),
    Model("one_versus_one", OneVsOneClassifier(LogisticRegression()), numbers, three),
    Model("multi_output_regressor", MultiOutputRegressor(Ridge()), numbers, amounts),
    Model("multi_output_forest", MultiOutputRegressor(RandomForestRegressor(5, random_state=0)), numbers, amounts),
    Model("multi_output_classifier", MultiOutputClassifier(LogisticRegression()), numbers, two_flags),
    Model("multi_output_trees", MultiOutputClassifier(RandomForestClassifier(8, random_state=0)), numbers, two_flags),
    Model("grid_search", GridSearchCV(LogisticRegression(), PENALTIES, cv=2), numbers, three),
    Model(
        "nested_pipeline", make_pipeline(make_pipeline(StandardScaler()), LogisticRegression()), numbers, three_words
    ),
]
