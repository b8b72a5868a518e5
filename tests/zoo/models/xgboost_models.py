"""XGBoost, converted by onnxmltools: by itself, or in pipelines of scikit-learn through skl2onnx."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from onnx import ModelProto
from onnxmltools.convert import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost as xgboost_converter
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRanker, XGBRegressor, XGBRFClassifier, XGBRFRegressor

from features import KNOWN, apart, counts, missing, numbers, ties
from model import Model
from targets import amount, count, positive_amount, three, two

for classifier in XGBClassifier, XGBRFClassifier:
    update_registered_converter(
        classifier,
        f"XGBoost{classifier.__name__}",
        calculate_linear_classifier_output_shapes,
        xgboost_converter,
        options={"nocl": [True, False], "zipmap": [True, False, "columns"], "raw_scores": [True, False]},
    )
for regressor in XGBRegressor, XGBRFRegressor, XGBRanker:
    update_registered_converter(
        regressor,
        f"XGBoost{regressor.__name__}",
        calculate_linear_regressor_output_shapes,
        xgboost_converter,
    )

SMALL = {"n_estimators": 15, "max_depth": 4, "random_state": 0, "n_jobs": 1}
GROUPS = {"group": [20] * (KNOWN // 20)}


def by_itself(
    fitted: Any, initial_types: list, target_opset: int | None, options: Mapping[str, Any] | None = None
) -> ModelProto:
    """Converts without skl2onnx, which makes other outputs."""
    types = [(name, FloatTensorType(type_.shape)) for name, type_ in initial_types]
    return convert_xgboost(fitted, initial_types=types, target_opset=target_opset)


# Under the default opset both converters name a version of `ai.onnx.ml` that skl2onnx refuses.
exported = partial(Model, opset={"": 21, "ai.onnx.ml": 3})

MODELS = [
    exported("xgboost_regressor", XGBRegressor(**SMALL), ties, amount),
    exported("xgboost_regressor_missing", XGBRegressor(**SMALL), missing, amount),
    exported("xgboost_regressor_counts", XGBRegressor(**SMALL), counts, amount),
    Model("xgboost_regressor_by_itself", XGBRegressor(**SMALL), ties, amount, convert=by_itself),
    exported("xgboost_poisson", XGBRegressor(objective="count:poisson", **SMALL), ties, count),
    exported("xgboost_gamma", XGBRegressor(objective="reg:gamma", **SMALL), ties, positive_amount),
    exported("xgboost_tweedie", XGBRegressor(objective="reg:tweedie", **SMALL), missing, positive_amount),
    exported("xgboost_l1", XGBRegressor(objective="reg:absoluteerror", **SMALL), ties, amount),
    exported("xgboost_base_score", XGBRegressor(base_score=0.25, **SMALL), ties, amount),
    exported(
        "xgboost_lossguide",
        XGBRegressor(grow_policy="lossguide", max_leaves=9, tree_method="hist", **SMALL),
        ties,
        amount,
    ),
    exported("xgboost_random_forest", XGBRFRegressor(**SMALL), ties, amount),
    exported("xgboost_random_forest_two", XGBRFClassifier(**SMALL), ties, two),
    exported("xgboost_ranker", XGBRanker(**SMALL), numbers, three, ["predict"], fit=GROUPS),
    exported("xgboost_two", XGBClassifier(**SMALL), ties, two),
    exported("xgboost_two_missing", XGBClassifier(**SMALL), missing, two),
    Model("xgboost_two_by_itself", XGBClassifier(**SMALL), ties, two, convert=by_itself),
    exported("xgboost_two_zipmap", XGBClassifier(**SMALL), ties, two, options={"zipmap": True}),
    exported("xgboost_three", XGBClassifier(**SMALL), ties, three),
    exported("xgboost_three_missing", XGBClassifier(**SMALL), missing, three),
    Model("xgboost_three_by_itself", XGBClassifier(**SMALL), ties, three, convert=by_itself),
    exported("xgboost_three_zipmap", XGBClassifier(**SMALL), ties, three, options={"zipmap": True}),
    exported("xgboost_hinge", XGBClassifier(objective="binary:hinge", **SMALL), ties, two),
    exported("xgboost_scaled", make_pipeline(StandardScaler(), XGBRegressor(**SMALL)), apart, amount),
    exported("xgboost_scaled_three", make_pipeline(StandardScaler(), XGBClassifier(**SMALL)), apart, three),
]
