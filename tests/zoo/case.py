"""One use of a single operator, with the answers of ONNX Runtime and of ONNX's reference implementation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from onnx import ModelProto, TypeProto, ValueInfoProto, defs, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import layout
import runtime
from compare import differences
from layout import DataSet

ML = "ai.onnx.ml"
Value = np.ndarray | list


@dataclass(frozen=True)
class Case:
    """A node with its inputs: arrays, or rows of maps of the type `takes`.

    `asked` has the same inputs in types that the implementations support. `constants` are further inputs,
    which the graph holds.

    Two implementations answer, if they support the operator. Where they disagree, `differs` says how and why,
    and `trusted` names the one that follows the specification. If neither does, `repair` turns the first
    output of the trusted one into the specified output.
    """

    label: str
    operator: str
    inputs: Sequence[Value]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    outputs: int = 1
    domain: str = ML
    takes: TypeProto | None = None
    asked: Sequence[Value] = ()
    constants: Sequence[np.ndarray] = ()
    differs: str = ""
    trusted: str = "onnxruntime"
    repair: Callable[[np.ndarray], np.ndarray] | None = None

    @property
    def name(self) -> str:
        return f"operators/{self.operator.lower()}_{self.label}"

    def write(self, folder: Path) -> str:
        """Asks both implementations. Returns the declared disagreement, if there is one."""
        answers, errors = self.answers()
        if not answers:
            raise AssertionError(f"no implementation answers: {errors}")
        if self.repair:
            first, *others = answers[self.trusted]
            answers["specification"] = [self.repair(first), *others]
        found = self.disagreement(answers)
        if bool(found) != bool(self.differs):
            raise AssertionError(f"expected {self.differs or 'no disagreement'}, found {found or 'none'} {errors or ''}")
        source = next(iter(answers))
        if found:
            source = "specification" if self.repair else self.trusted
        model = self.model(self.inputs, [type_of(value) for value in answers[source]])
        layout.write(folder, model, [DataSet(source, self.inputs, answers[source])])
        if source == "reference" and not found:
            return "by the reference alone"
        return self.differs and f"by the {source}: {self.differs} ({found})"

    def disagreement(self, answers: Mapping[str, list]) -> str:
        """The differences of the other answers from the last one."""
        *others, (judge, expected) = answers.items()
        found = {source: "; ".join(differences(expected, got)) for source, got in others}
        return "; ".join(f"{source} against {judge}: {text}" for source, text in found.items() if text)

    def answers(self) -> tuple[dict[str, list], dict[str, str]]:
        """The outputs of the implementations that support the operator, and the errors of the others."""
        asked = self.asked or self.inputs
        model = self.model(asked, [TypeProto()] * self.outputs)
        names = [info.name for info in model.graph.input]
        ask = {
            "onnxruntime": lambda: runtime.run(model, asked),
            "reference": lambda: self.as_declared(ReferenceEvaluator(model).run(None, dict(zip(names, asked)))),
        }
        answers, errors = {}, {}
        for source, run in ask.items():
            try:
                answers[source] = [as_value(output) for output in run()]
            except Exception as error:  # noqa: BLE001 - each has its own errors
                errors[source] = " ".join(str(error).split())[:200]
        return answers, errors

    def as_declared(self, outputs: Sequence[Any]) -> list:
        """The outputs in 32 bits where the operator declares that; the reference does not always convert."""
        declared_types = [
            output.type_str for output in defs.get_schema(self.operator, self.version, self.domain).outputs
        ]
        return [
            np.asarray(output).astype(np.float32) if type_ == "tensor(float)" else output
            for output, type_ in zip(outputs, declared_types)
        ]

    def model(self, inputs_: Sequence[Value], output_types: Sequence[TypeProto]) -> ModelProto:
        """A graph with only the node."""
        inputs = [ValueInfoProto(name=f"x{i}", type=self.takes or type_of(value)) for i, value in enumerate(inputs_)]
        outputs = [ValueInfoProto(name=f"y{i}", type=type_) for i, type_ in enumerate(output_types)]
        names = [[info.name for info in infos] for infos in (inputs, outputs)]
        constants = [numpy_helper.from_array(value, f"c{i}") for i, value in enumerate(self.constants)]
        names[0] += [constant.name for constant in constants]
        node = helper.make_node(self.operator, *names, domain=self.domain, **self.attributes)
        graph = helper.make_graph([node], self.label, inputs, outputs, constants)
        opsets = {"": 18, ML: 3} | {self.domain: self.version}
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid(*item) for item in opsets.items()], ir_version=9
        )


def declared(cases: Sequence[Case], trusted: str, reasons: Mapping[str, str]) -> list[Case]:
    """The cases. Those whose labels match a pattern are declared to differ for its reason."""
    result = list(cases)
    for pattern, reason in reasons.items():
        places = [i for i, case in enumerate(result) if fnmatchcase(case.label, pattern)]
        if not places:
            raise ValueError(f"no case matches {pattern}")
        for i in places:
            result[i] = replace(result[i], differs=reason, trusted=trusted)
    return result


def as_value(output: Any) -> Value:
    """An output of either implementation, with scalars as arrays and strings as objects."""
    if isinstance(output, list):
        return output
    array = np.asarray(output)
    return array.astype(object) if array.dtype.kind in "UT" else array


def type_of(value: Value) -> TypeProto:
    """The type of an array, or of a ZipMap's output. An array of several rows may have any number of rows."""
    if isinstance(value, list):
        return helper.make_sequence_type_proto(map_type(as_value(next(iter(value[0]))).dtype, np.float32))
    shape = [None, *value.shape[1:]] if value.ndim > 1 and len(value) != 1 else value.shape
    return helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(value.dtype), shape)


def map_type(key: DTypeLike, value: DTypeLike) -> TypeProto:
    """The type of a map with such keys and values."""
    key_type, value_type = (helper.np_dtype_to_tensor_dtype(np.dtype(type_)) for type_ in (key, value))
    return helper.make_map_type_proto(key_type, helper.make_tensor_type_proto(value_type, None))
