"""Encoders from categories to numbers."""

from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelBinarizer, LabelEncoder, OneHotEncoder, OrdinalEncoder, TargetEncoder
from sklearn.tree import DecisionTreeRegressor

from features import categories, known_categories, one_category, small_integers, some_integers
from model import Model
from targets import amount, three_words, two

IGNORED = {"handle_unknown": "ignore"}

MODELS = [
    Model("one_hot_words", OneHotEncoder(**IGNORED), categories),
    Model("one_hot_words_dense", OneHotEncoder(sparse_output=False, **IGNORED), categories),
    Model("one_hot_integers", OneHotEncoder(**IGNORED), small_integers),
    Model("one_hot_drop_first", OneHotEncoder(drop="first"), known_categories),
    Model("one_hot_drop_if_binary", OneHotEncoder(drop="if_binary"), known_categories),
    Model("one_hot_regression", make_pipeline(OneHotEncoder(**IGNORED), LinearRegression()), categories, amount),
    Model("one_hot_logistic", make_pipeline(OneHotEncoder(**IGNORED), LogisticRegression()), categories, three_words),
    Model(
        "one_hot_tree",
        make_pipeline(OneHotEncoder(**IGNORED), DecisionTreeRegressor(random_state=0)),
        categories,
        amount,
    ),
    Model("ordinal_words", OrdinalEncoder(), known_categories),
    Model("ordinal_words_unknown", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), categories),
    Model("ordinal_integers", OrdinalEncoder(), small_integers),
    Model(
        "ordinal_tree",
        make_pipeline(OrdinalEncoder(), DecisionTreeRegressor(max_depth=4, random_state=0)),
        known_categories,
        amount,
    ),
    Model("target_encoder", TargetEncoder(target_type="continuous", random_state=0), known_categories, amount),
    Model("target_encoder_unknown", TargetEncoder(target_type="continuous", random_state=0), categories, amount),
    Model("label_encoder_words", LabelEncoder(), one_category),
    Model("label_encoder_integers", LabelEncoder(), some_integers),
    Model("label_binarizer_integers", LabelBinarizer(), some_integers),
    Model("feature_hasher", FeatureHasher(16, input_type="string", alternate_sign=False), categories),
    Model("target_encoder_classes", TargetEncoder(random_state=0), known_categories, two),
]
