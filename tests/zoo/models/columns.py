"""Pipelines with named columns of numbers and strings."""

from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from features import frame, mixed, numbers
from model import Model
from targets import amount, amounts, three, three_words, two

NUMBERS = ["distance", "fare"]
STRINGS = ["city", "colour"]


def columns(scale: bool = True, remainder: str = "drop") -> ColumnTransformer:
    """Imputes numbers, and may scale them; encodes strings in columns; passes hours through."""
    numeric = make_pipeline(SimpleImputer(), StandardScaler()) if scale else SimpleImputer(strategy="median")
    return ColumnTransformer(
        [("numbers", numeric, NUMBERS), ("strings", OneHotEncoder(handle_unknown="ignore"), STRINGS)],
        remainder=remainder,
    )


def ordinal() -> ColumnTransformer:
    """Imputes numbers, and encodes strings as numbers."""
    unknown = {"handle_unknown": "use_encoded_value", "unknown_value": -1}
    return ColumnTransformer(
        [("numbers", SimpleImputer(), [*NUMBERS, "hour"]), ("strings", OrdinalEncoder(**unknown), STRINGS)]
    )


MODELS = [
    Model("columns", columns(), mixed),
    Model("columns_remainder", columns(remainder="passthrough"), mixed),
    Model("columns_linear", make_pipeline(columns(), LinearRegression()), mixed, amount),
    Model("columns_linear_multi_output", make_pipeline(columns(), LinearRegression()), mixed, amounts),
    Model("columns_logistic", make_pipeline(columns(), LogisticRegression()), mixed, three_words),
    Model(
        "columns_logistic_zipmap",
        make_pipeline(columns(), LogisticRegression()),
        mixed,
        three_words,
        options={"zipmap": True},
    ),
    Model(
        "columns_logistic_columns",
        make_pipeline(columns(), LogisticRegression()),
        mixed,
        two,
        options={"zipmap": "columns"},
    ),
    Model(
        "columns_forest", make_pipeline(columns(scale=False), RandomForestClassifier(9, random_state=0)), mixed, three
    ),
    Model(
        "columns_boosting",
        make_pipeline(ordinal(), GradientBoostingRegressor(n_estimators=10, random_state=0)),
        mixed,
        amount,
    ),
    Model("columns_hist_boosting", make_pipeline(ordinal(), HistGradientBoostingRegressor(max_iter=10)), mixed, amount),
    Model("frame_linear", make_pipeline(StandardScaler(), LinearRegression()), frame, amount),
    Model("frame_logistic", make_pipeline(MinMaxScaler(), LogisticRegression()), frame, three),
    Model("union", make_union(StandardScaler(), PCA(2)), numbers),
    Model(
        "union_weighted",
        FeatureUnion([("one", MinMaxScaler()), ("two", PCA(2))], transformer_weights={"two": 2.0}),
        numbers,
    ),
    Model("union_logistic", make_pipeline(make_union(PCA(2), SelectKBest(k=2)), LogisticRegression()), numbers, three),
    Model("by_position", ColumnTransformer([("a", StandardScaler(), [0, 2]), ("b", MinMaxScaler(), [1, 5])]), numbers),
    Model(
        "function_pipeline", make_pipeline(FunctionTransformer(), StandardScaler(), LinearRegression()), numbers, amount
    ),
]
