"""A fitted model, its ONNX form, and the proof that the two agree."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from onnx import ModelProto
from skl2onnx import to_onnx
from skl2onnx.common.data_types import (
    DictionaryType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from sklearn.base import is_classifier, is_clusterer, is_outlier_detector, is_regressor

import layout
import runtime
from compare import differences
from features import Features
from layout import DataSet
from targets import Target, nothing

TENSORS = {"f4": FloatTensorType, "f8": DoubleTensorType, "i8": Int64TensorType, "O": StringTensorType}

Answer = str | Callable[[Any, Any], Any]
Converter = Callable[..., ModelProto]


@dataclass(frozen=True)
class Model:
    """An estimator, its training data, and the library's answer for each output of the ONNX form.

    `answers` are names of methods, or functions of the fitted estimator and the rows. The default is the
    methods that converters turn into outputs. `differs` says why ONNX Runtime's answers differ from the
    library's.
    """

    label: str
    estimator: Any
    features: Features
    target: Target = nothing
    answers: Sequence[Answer] = ()
    options: Mapping[str, Any] | None = field(default_factory=dict)
    opset: Mapping[str, int] | None = None
    fit: Mapping[str, Any] = field(default_factory=dict)
    convert: Converter = to_onnx
    differs: str = ""

    @property
    def name(self) -> str:
        return f"zoo/{self.label}"

    def write(self, folder: Path) -> str:
        """Fits, converts and compares. Returns the declared difference, if there is one."""
        known, new, signal = self.features()
        target = self.target(signal)
        fitted = self.estimator.fit(for_library(known), *([] if target is None else [target]), **self.fit)
        model = self.convert(fitted, initial_types=types_of(known), target_opset=self.opset, **self.converter_options())
        got = runtime.run(model, for_onnx(new))
        one = new[:1]
        data_sets = [
            DataSet("batch_1", for_onnx(one), runtime.run(model, for_onnx(one))),
            DataSet("batch_1000", for_onnx(new), got),
        ]
        expected = self.outputs_of_library(fitted, for_library(new), got)
        found = differences(expected, got)
        if found and not self.differs:
            raise AssertionError(f"ONNX Runtime differs from the library: {'; '.join(found)}")
        if self.differs and not found:
            raise AssertionError(f"expected ONNX Runtime to differ from the library, found no difference: {self.differs}")
        if not found:
            data_sets.append(DataSet("library_1000", for_onnx(new), expected))
        layout.write(folder, model, data_sets)
        return self.differs and f"{self.differs} ({'; '.join(found)})"

    def converter_options(self) -> dict[str, Any]:
        """The options of the converter.

        Probabilities are a tensor, unless the model asks for a ZipMap or has no option.
        """
        if self.options is None:
            return {}
        usual = {"zipmap": False} if is_classifier(self.estimator) else {}
        options = {name: value for name, value in (usual | self.options).items() if (name, value) != ("zipmap", True)}
        return {"options": options} if options else {}

    def outputs_of_library(self, fitted: Any, rows: Any, got: list) -> list:
        """The library's answers, in the shapes and types of the ONNX outputs."""
        answers = self.answers or usual_answers(fitted)
        values = [getattr(fitted, a)(rows) if isinstance(a, str) else a(fitted, rows) for a in answers]
        if self.options and self.options.get("zipmap") == "columns":
            values = [values[0], *values[1].T]
        return [shaped(value, output, fitted) for value, output in zip(values, got, strict=True)]


def usual_answers(fitted: Any) -> tuple[str, ...]:
    """The methods of an estimator that converters turn into outputs."""
    if is_classifier(fitted):
        return "predict", "predict_proba" if hasattr(fitted, "predict_proba") else "decision_function"
    if is_outlier_detector(fitted):
        return "predict", "decision_function"
    if is_clusterer(fitted):
        return "predict", "transform"
    if is_regressor(fitted):
        return ("predict",)
    return ("transform",)


def shaped(value: Any, output: np.ndarray | list, fitted: Any) -> np.ndarray | list:
    """A library's answer in the shape and type of an ONNX output."""
    if isinstance(output, list) and not isinstance(output[0], dict):
        return [shaped(*pair, fitted) for pair in zip(value, output, strict=True)]
    if isinstance(output, list):
        return [dict(zip(fitted.classes_.tolist(), row)) for row in value.astype(np.float32)]
    if hasattr(value, "toarray"):
        value = value.toarray()
    return np.asarray(value).astype(output.dtype).reshape(output.shape)


def for_library(rows: Any) -> Any:
    """The rows with 64-bit numbers in place of 32-bit ones, so that libraries compute with full precision."""
    if isinstance(rows, np.ndarray) and rows.dtype == np.float32:
        return rows.astype(np.float64)
    if isinstance(rows, pd.DataFrame):
        return rows.astype(dict.fromkeys(rows.select_dtypes(np.float32), np.float64))
    return rows


def for_onnx(rows: Any) -> list:
    """The model's inputs: a matrix, a column for each name, or maps."""
    if isinstance(rows, pd.DataFrame):
        return [rows[[name]].to_numpy() for name in rows]
    if isinstance(rows, list):
        return [rows]
    return [rows.reshape(len(rows), -1)]


def types_of(rows: Any) -> list[tuple[str, Any]]:
    """The declared types of the model's inputs."""
    if isinstance(rows, list):
        return [("X", DictionaryType(StringTensorType(), FloatTensorType()))]
    names = list(rows) if isinstance(rows, pd.DataFrame) else ["X"]
    return [
        (name, TENSORS[values.dtype.str.lstrip("<|")]([None, values.shape[1]]))
        for name, values in zip(names, for_onnx(rows))
    ]
