"""Runs models in ONNX Runtime."""

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto
from onnxruntime import InferenceSession, SessionOptions


def run(model: ModelProto, inputs: Sequence) -> list:
    """The outputs, in order. Rows of maps, of which ONNX Runtime takes one a call, are answered one by one."""
    options = SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    options.intra_op_num_threads = 1  # sums add up in the same order each time
    session = InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [info.name for info in model.graph.input]
    if not model.graph.input[0].type.HasField("map_type"):
        return session.run(None, dict(zip(names, inputs, strict=True)))
    (rows,) = inputs
    answers = [session.run(None, {names[0]: row}) for row in rows]
    return [stacked(list(output)) for output in zip(*answers)]


def stacked(outputs: list) -> np.ndarray | list[dict]:
    """One output from those of single rows."""
    if isinstance(outputs[0], list):
        return [item for output in outputs for item in output]
    return np.concatenate(outputs)
