"""LightGBM, converted by onnxmltools: by itself, or in pipelines of scikit-learn through skl2onnx."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from lightgbm import LGBMClassifier, LGBMRanker, LGBMRegressor
from onnx import ModelProto
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm as lightgbm_converter
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features import KNOWN, apart, codes, counts, missing, numbers, positive, ties
from model import Model
from targets import amount, count, positive_amount, three, three_codes, three_words, two, two_codes, two_words

update_registered_converter(
    LGBMClassifier,
    "LightGbmLGBMClassifier",
    calculate_linear_classifier_output_shapes,
    lightgbm_converter,
    options={"nocl": [True, False], "zipmap": [True, False, "columns"], "raw_scores": [True, False]},
)
for regressor in LGBMRegressor, LGBMRanker:
    update_registered_converter(
        regressor,
        f"LightGbm{regressor.__name__}",
        calculate_linear_regressor_output_shapes,
        lightgbm_converter,
        options={"split": None},
    )

SMALL = {"n_estimators": 15, "num_leaves": 15, "random_state": 0, "verbose": -1, "deterministic": True}
GROUPS = {"group": [20] * (KNOWN // 20)}


def by_itself(
    fitted: Any, initial_types: list, target_opset: int | None, options: Mapping[str, Any] | None = None
) -> ModelProto:
    """Converts without skl2onnx, which makes other outputs."""
    types = [(name, FloatTensorType(type_.shape)) for name, type_ in initial_types]
    return convert_lightgbm(fitted, initial_types=types, target_opset=target_opset, **(options or {}))


# Under the default opset both converters name a version of `ai.onnx.ml` that skl2onnx refuses.
exported = partial(Model, opset={"": 21, "ai.onnx.ml": 3})

MODELS = [
    exported("lightgbm_regressor", LGBMRegressor(**SMALL), ties, amount),
    exported("lightgbm_regressor_missing", LGBMRegressor(**SMALL), missing, amount),
    Model("lightgbm_regressor_by_itself", LGBMRegressor(**SMALL), ties, amount, convert=by_itself),
    exported("lightgbm_regressor_split", LGBMRegressor(**SMALL), ties, amount, options={"split": 4}),
    # The converter divides by 100, whatever the number of trees.
    exported(
        "lightgbm_random_forest",
        LGBMRegressor(boosting_type="rf", subsample=0.7, subsample_freq=1, **SMALL | {"n_estimators": 100}),
        ties,
        amount,
    ),
    exported("lightgbm_dart", LGBMRegressor(boosting_type="dart", **SMALL), ties, amount),
    exported("lightgbm_l1", LGBMRegressor(objective="mae", **SMALL), ties, amount),
    exported("lightgbm_poisson", LGBMRegressor(objective="poisson", **SMALL), ties, count),
    exported("lightgbm_gamma", LGBMRegressor(objective="gamma", **SMALL), ties, positive_amount),
    exported("lightgbm_tweedie", LGBMRegressor(objective="tweedie", **SMALL), missing, positive_amount),
    exported("lightgbm_quantile", LGBMRegressor(objective="quantile", alpha=0.8, **SMALL), ties, amount),
    exported("lightgbm_categories", LGBMRegressor(**SMALL), codes, amount, fit={"categorical_feature": [2, 3]}),
    exported(
        "lightgbm_zero_as_missing",
        LGBMRegressor(zero_as_missing=True, **SMALL),
        counts,
        amount,
        differs="zero_as_missing is lost in conversion",
    ),
    exported("lightgbm_zero_as_missing_two", LGBMClassifier(zero_as_missing=True, **SMALL), positive, two),
    exported("lightgbm_ranker", LGBMRanker(**SMALL), numbers, three, ["predict"], fit=GROUPS),
    exported("lightgbm_two", LGBMClassifier(**SMALL), ties, two),
    exported("lightgbm_two_missing", LGBMClassifier(**SMALL), missing, two),
    exported("lightgbm_two_codes", LGBMClassifier(**SMALL), ties, two_codes),
    exported("lightgbm_two_words", LGBMClassifier(**SMALL), ties, two_words),
    Model("lightgbm_two_by_itself", LGBMClassifier(**SMALL), ties, two, convert=by_itself, options={"zipmap": True}),
    exported("lightgbm_three", LGBMClassifier(**SMALL), ties, three),
    exported("lightgbm_three_missing", LGBMClassifier(**SMALL), missing, three),
    exported("lightgbm_three_codes_zipmap", LGBMClassifier(**SMALL), ties, three_codes, options={"zipmap": True}),
    exported("lightgbm_three_words", LGBMClassifier(**SMALL), ties, three_words),
    Model("lightgbm_three_by_itself", LGBMClassifier(**SMALL), ties, three, convert=by_itself),
    exported("lightgbm_categories_two", LGBMClassifier(**SMALL), codes, two, fit={"categorical_feature": [2, 3]}),
    exported("lightgbm_scaled", make_pipeline(StandardScaler(), LGBMRegressor(**SMALL)), apart, amount),
    exported("lightgbm_scaled_three", make_pipeline(StandardScaler(), LGBMClassifier(**SMALL)), apart, three),
]
