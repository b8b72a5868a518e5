"""The layout of ONNX's backend tests.

A folder holds `model.onnx`, and a folder with `input_0.pb`, `output_0.pb`, … for each data set.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from onnx import MapProto, ModelProto, SequenceProto, TensorProto, TypeProto, helper, numpy_helper


class DataSet(NamedTuple):
    """Inputs of a model and the expected outputs, in the order of the graph."""

    name: str
    inputs: Sequence
    outputs: Sequence


def write(folder: Path, model: ModelProto, data_sets: Sequence[DataSet]) -> None:
    """Writes the data sets, and the model last, because the model marks the folder as a test."""
    for data_set in data_sets:
        (folder / data_set.name).mkdir()
        for kind, infos, values in (
            ("input", model.graph.input, data_set.inputs),
            ("output", model.graph.output, data_set.outputs),
        ):
            for i, (info, value) in enumerate(zip(infos, values, strict=True)):
                message = to_proto(value, info.type)
                (folder / data_set.name / f"{kind}_{i}.pb").write_bytes(message.SerializeToString())
    (folder / "model.onnx").write_bytes(model.SerializeToString())


def to_proto(value: np.ndarray | list, type_: TypeProto) -> TensorProto | SequenceProto:
    """A value of a type.

    Rows of maps, which a model takes one by one, are a sequence, like a sequence of maps.
    """
    if type_.HasField("map_type"):
        return maps_to_proto(value, type_.map_type)
    if type_.HasField("sequence_type") and type_.sequence_type.elem_type.HasField("map_type"):
        return maps_to_proto(value, type_.sequence_type.elem_type.map_type)
    if type_.HasField("sequence_type"):
        return numpy_helper.from_list([tensor(item) for item in value])
    return numpy_helper.from_array(tensor(value))


def tensor(value: np.ndarray) -> np.ndarray:
    """An array that ONNX can write, with strings as objects."""
    return value.astype(object) if value.dtype.kind == "U" else value


def maps_to_proto(rows: Sequence[dict], type_: TypeProto.Map) -> SequenceProto:
    """A sequence of maps.

    `numpy_helper.from_dict` takes string keys for names of types, so it cannot be used.
    """
    value_type = type_.value_type.tensor_type.elem_type
    to_bytes = helper.tensor_dtype_to_np_dtype(value_type).type

    def scalar(value: float | str) -> TensorProto:
        if value_type == TensorProto.STRING:
            return TensorProto(data_type=value_type, string_data=[value.encode()])
        return TensorProto(data_type=value_type, raw_data=to_bytes(value).tobytes())

    def map_(row: dict) -> MapProto:
        values = SequenceProto(elem_type=SequenceProto.TENSOR, tensor_values=map(scalar, row.values()))
        if type_.key_type == TensorProto.STRING:
            return MapProto(key_type=type_.key_type, string_keys=[key.encode() for key in row], values=values)
        return MapProto(key_type=type_.key_type, keys=list(row), values=values)

    return SequenceProto(elem_type=SequenceProto.MAP, map_values=map(map_, rows))
