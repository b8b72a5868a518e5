"""Runs models in ONNX Runtime."""

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, helper
from onnxruntime import InferenceSession, SessionOptions


def run(model: ModelProto, inputs: Sequence) -> list:
    """The outputs, in order. ONNX Runtime takes one map per call, so rows of maps run one by one."""
    options = SessionOptions()
    options.log_severity_level = 4  # errors are raised
    options.intra_op_num_threads = 1  # so that sums add up in the same order each time
    session = InferenceSession(with_locale(model).SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [info.name for info in model.graph.input]
    if not model.graph.input[0].type.HasField("map_type"):
        return session.run(None, dict(zip(names, inputs, strict=True)))
    (rows,) = inputs
    answers = [session.run(None, {names[0]: row}) for row in rows]
    return [stacked(list(output)) for output in zip(*answers)]


def with_locale(model: ModelProto) -> ModelProto:
    """The model with a locale that every machine has. It changes case as the default, `en_US.UTF-8`, does."""
    result = ModelProto()
    result.CopyFrom(model)
    for node in result.graph.node:
        if node.op_type == "StringNormalizer" and "locale" not in {attribute.name for attribute in node.attribute}:
            node.attribute.append(helper.make_attribute("locale", "C.UTF-8"))
    return result


def stacked(outputs: list) -> np.ndarray | list[dict]:
    """Joins the outputs of single rows."""
    if isinstance(outputs[0], list):
        return [item for output in outputs for item in output]
    return np.concatenate(outputs)
