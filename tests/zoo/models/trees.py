"""Decision trees and forests."""

from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    RandomTreesEmbedding,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from features import integers, numbers, ties
from model import Model
from targets import amount, amounts, three, three_codes, three_words, two, two_codes, two_flags, two_words

# Eight fully grown trees vote in eighths, so some classes tie exactly.
VOTES = 8

TREES = [
    Model("decision_tree_regressor", DecisionTreeRegressor(random_state=0), ties, amount),
    Model("decision_tree_regressor_multi_output", DecisionTreeRegressor(max_depth=5, random_state=0), ties, amounts),
    Model("decision_tree_regressor_integers", DecisionTreeRegressor(max_depth=6, random_state=0), integers, amount),
    Model("decision_tree_regressor_stump", DecisionTreeRegressor(max_depth=1), numbers, amount),
    Model("decision_tree_two", DecisionTreeClassifier(max_depth=5, random_state=0), ties, two),
    Model("decision_tree_two_codes", DecisionTreeClassifier(max_depth=5, random_state=0), ties, two_codes),
    Model("decision_tree_three", DecisionTreeClassifier(random_state=0), ties, three),
    Model("decision_tree_three_words", DecisionTreeClassifier(max_depth=4, random_state=0), ties, three_words),
    Model(
        "decision_tree_flags",
        DecisionTreeClassifier(max_depth=4, random_state=0),
        numbers,
        two_flags,
        differs="the converter rounds the fractions in a leaf",
    ),
    Model("extra_tree_regressor", ExtraTreeRegressor(random_state=0), numbers, amount),
    Model("extra_tree_classifier", ExtraTreeClassifier(max_depth=7, random_state=0), numbers, three_codes),
]

FORESTS = [
    Model("random_forest_regressor", RandomForestRegressor(20, random_state=0), ties, amount),
    Model("random_forest_regressor_multi_output", RandomForestRegressor(10, random_state=0), ties, amounts),
    Model("random_forest_regressor_integers", RandomForestRegressor(10, random_state=0), integers, amount),
    Model("random_forest_two", RandomForestClassifier(VOTES, random_state=0), ties, two),
    Model("random_forest_two_words", RandomForestClassifier(VOTES, random_state=0), ties, two_words),
    Model("random_forest_two_codes", RandomForestClassifier(VOTES, random_state=0), ties, two_codes),
    Model("random_forest_three", RandomForestClassifier(VOTES, random_state=0), ties, three),
    Model(
        "random_forest_three_words_zipmap",
        RandomForestClassifier(15, max_depth=6, random_state=0),
        ties,
        three_words,
        options={"zipmap": True},
    ),
    Model("random_forest_flags", RandomForestClassifier(VOTES, random_state=0), numbers, two_flags),
    Model("extra_trees_regressor", ExtraTreesRegressor(10, random_state=0), numbers, amount),
    Model("extra_trees_two", ExtraTreesClassifier(VOTES, random_state=0), numbers, two),
    Model("extra_trees_three_codes", ExtraTreesClassifier(VOTES, random_state=0), numbers, three_codes),
    Model("bagging_regressor", BaggingRegressor(n_estimators=8, random_state=0), numbers, amount),
    Model("bagging_classifier", BaggingClassifier(n_estimators=VOTES, random_state=0), numbers, three),
    Model(
        "random_trees_embedding",
        RandomTreesEmbedding(n_estimators=5, max_depth=3, sparse_output=False, random_state=0),
        ties,
    ),
    Model(
        "isolation_forest", IsolationForest(n_estimators=20, random_state=0), numbers, opset={"": 21, "ai.onnx.ml": 3}
    ),
]

MODELS = TREES + FORESTS
