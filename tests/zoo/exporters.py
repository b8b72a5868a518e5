"""Converts models of LightGBM and XGBoost with onnxmltools, through skl2onnx or alone."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from onnx import ModelProto
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.base import is_classifier

from model import Model

CLASSIFIER_OPTIONS = {"nocl": [True, False], "zipmap": [True, False, "columns"], "raw_scores": [True, False]}

# With the default opset the converters name a version of `ai.onnx.ml` that skl2onnx refuses.
Exported = partial(Model, opset={"": 21, "ai.onnx.ml": 3})


def register(estimator: type, alias: str, convert: Callable) -> None:
    """Registers an estimator with skl2onnx, so that pipelines convert too."""
    if is_classifier(estimator()):
        shapes, options = calculate_linear_classifier_output_shapes, CLASSIFIER_OPTIONS
    else:
        shapes, options = calculate_linear_regressor_output_shapes, {"split": None}
    update_registered_converter(estimator, alias, shapes, convert, options=options)


def by_itself(convert: Callable) -> Callable:
    """A converter without skl2onnx. Its outputs differ."""

    def export(
        fitted: Any, initial_types: list, target_opset: int | None, options: Mapping[str, Any] | None = None
    ) -> ModelProto:
        types = [(name, FloatTensorType(type_.shape)) for name, type_ in initial_types]
        return convert(fitted, initial_types=types, target_opset=target_opset, **(options or {}))

    return export
