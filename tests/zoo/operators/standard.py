"""Operators of ONNX's default domain, on special numbers."""

from typing import Any

import numpy as np
from onnx import TensorProto

from case import Case, declared
from values import special, strings

NAN, INF = float("nan"), float("inf")
REALS = {"floats": np.float32, "doubles": np.float64}


def case(label: str, operator: str, *inputs: np.ndarray, constants: tuple = (), version: int = 13, **more: Any) -> Case:
    """An operator of ONNX's default domain."""
    return Case(label, operator, inputs, more, version, domain="", constants=constants)


def rows(type_: type, width: int) -> np.ndarray:
    """Rows of a width: with NaN in each position, with the infinities, and with neither."""
    usual = np.linspace(-2, 3, (width + 4) * width).reshape(-1, width)
    usual[range(width), range(width)] = NAN
    usual[width, :2] = INF, -INF
    usual[width + 1, 0] = -0.0
    return usual.astype(type_)


# Widths that vectors divide, and widths with elements behind the last vector.
WIDTHS = (3, 8, 17)
LARGE = np.array([[2**31, 5_000_000_000], [-(2**31) - 1, -5_000_000_000], [2**53 + 1, 2**62], [7, -7]])
WHOLE = np.array([[1.5, -1.5], [2.5, -0.0], [3e9, -3e9], [1.7e12, 2.0**31], [-(2.0**31), -(2.0**31) - 1]])
TOO_LARGE = np.array([[NAN, INF, -INF, 1e20, -1e20, 2.0**63, 2.0**62, 1]])
TEXTS = strings(["1", "-3"], ["+5", "007"], ["2147483647", "-2147483648"])
LARGE_TEXTS = strings(["9007199254740993"], ["-5000000000"], ["9223372036854775807"])
REAL_TEXTS = strings(["1.5", "-0.25"], ["1e3", "+5E-2"], ["nan", "NaN"], ["INF", "-inf"], [" 2 ", "Infinity"])
DIGITS = [1e8, 123456789, 1e9, 1e15, 1e21, 1e-4, 1e-5, 1e-7, 0.1, 1 / 3, 99999.5, 99999999.5, 12345678, 1000, 0.5]
PRINTED = np.array([[x, -x] for x in [*DIGITS, NAN, INF, 0.0]])
TYPES = {
    "float": TensorProto.FLOAT,
    "double": TensorProto.DOUBLE,
    "int64": TensorProto.INT64,
    "int32": TensorProto.INT32,
    "string": TensorProto.STRING,
    "bool": TensorProto.BOOL,
}


def cast(label: str, x: np.ndarray, to: str) -> Case:
    """A Cast."""
    return case(f"{label}_to_{to}", "Cast", x, to=TYPES[to])


CASTS = [
    *(cast("large_integers", LARGE, to) for to in ("int64", "int32", "float", "double", "string", "bool")),
    *(cast("short_integers", LARGE.astype(np.int32), to) for to in ("int64", "string")),
    *(cast(name, WHOLE.astype(type_), to) for name, type_ in REALS.items() for to in ("int64", "int32", "bool")),
    *(
        cast(f"{name}_too_large", TOO_LARGE.astype(type_), to)
        for name, type_ in REALS.items()
        for to in ("int64", "int32", "bool")
    ),
    *(cast(f"printed_{name}", PRINTED.astype(type_), "string") for name, type_ in REALS.items()),
    *(cast("booleans", np.array([[True], [False]]), to) for to in ("string", "int64", "float")),
    *(cast("texts", TEXTS, to) for to in ("int64", "int32", "float", "double")),
    *(cast("large_texts", LARGE_TEXTS, to) for to in ("int64", "float", "double")),
    *(cast("real_texts", REAL_TEXTS, to) for to in ("float", "double")),
]

FUNCTIONS = [
    case(f"{name}_{width}", operator, rows(type_, width), version=13 if operator != "Relu" else 14)
    for operator in ("Relu", "Sigmoid", "Tanh", "Exp", "Log", "Sqrt", "Abs", "Neg", "Sign", "Floor", "Softmax")
    for name, type_ in REALS.items()
    for width in WIDTHS
]

OTHERS = {
    "HardSigmoid": 6,
    "Elu": 6,
    "LeakyRelu": 16,
    "Selu": 6,
    "Softplus": 1,
    "Softsign": 1,
    "ThresholdedRelu": 10,
    "HardSwish": 14,
    "Celu": 12,
    "Gelu": 20,
    "Mish": 18,
    "Erf": 13,
}
FUNCTIONS += [
    case("floats_17", operator, rows(np.float32, 17), version=version) for operator, version in OTHERS.items()
]

LARGE_REALS = np.array([[1000, -1000, 0, 90], [-1000, -1001, -1002, -1003], [0, 0.5, -0.5, -0.0]])
STABLE = [
    case(f"large_{name}", operator, LARGE_REALS.astype(type_), **more)
    for operator, more in (("Softmax", {}), ("ReduceLogSumExp", {"axes": [1]}))
    for name, type_ in REALS.items()
] + [case(f"nan_{width}", "LogSoftmax", rows(np.float32, width)) for width in WIDTHS]
# ONNX Runtime does not support Softplus of doubles.
OVERFLOWING = [case(f"large_{name}", "LogSoftmax", LARGE_REALS.astype(type_)) for name, type_ in REALS.items()] + [
    case("large_floats", "Softplus", LARGE_REALS.astype(np.float32), version=1)
]

LIMITS = [
    case(f"{name}_{width}", operator, rows(type_, width), rows(type_, width)[::-1].copy())
    for operator in ("Max", "Min")
    for name, type_ in REALS.items()
    for width in WIDTHS
]
LIMITS += [
    case(f"{name}_by_{label}", operator, rows(type_, 3), constants=(np.array(by, type_),))
    for operator in ("Max", "Min")
    for name, type_ in REALS.items()
    for label, by in (("one", 1), ("row", [0, 1, 2]), ("nan", NAN))
]
LIMITS += [
    case(f"{name}_{label}", "Clip", rows(type_, 8), constants=tuple(np.array(limit, type_) for limit in limits))
    for name, type_ in REALS.items()
    for label, limits in (("below", [-0.5]), ("both", [-0.5, 0.5]))
]
LIMITS += [case("large", operator, LARGE, LARGE[::-1].copy()) for operator in ("Max", "Min")]

EXTREMES = [
    case(f"{name}_{width}", operator, rows(type_, width), axes=[1])
    for operator in ("ReduceMax", "ReduceMin")
    for name, type_ in REALS.items()
    for width in WIDTHS
]
EXTREMES += [
    case("three_dimensions", operator, rows(np.float32, 6).reshape(-1, 2, 3), **where)
    for operator, where in (("ReduceMax", {"axes": [1, 2]}), ("ReduceMin", {"axes": [1], "keepdims": 0}))
]
SUMS = [
    case(f"{name}_{width}", "ReduceLogSumExp", rows(type_, width), axes=[-1])
    for name, type_ in REALS.items()
    for width in WIDTHS
]
PLACES = [
    case(f"{name}_{width}{'_last' * last}", operator, rows(type_, width), axis=1, select_last_index=last)
    for operator in ("ArgMax", "ArgMin")
    for name, type_ in REALS.items()
    for width in (3, 17)
    for last in (0, 1)
]

KINDS = [case(name, "IsNaN", special(type_)) for name, type_ in REALS.items()]
KINDS += [
    case(f"{name}_{label}", "IsInf", special(type_), version=10, **more)
    for name, type_ in REALS.items()
    for label, more in (("both", {}), ("positive", {"detect_negative": 0}), ("negative", {"detect_positive": 0}))
]

HALVES = np.array([[0.5, 1.5, 2.5], [-0.5, -1.5, -2.5], [1e30, 0.49999999999999994, -0.0]])
ROUNDS = [case(name, "Round", HALVES.astype(type_), version=11) for name, type_ in REALS.items()]

GEMMS = [
    case(
        f"{name}_alpha_{alpha}_beta_{beta}{'_transposed' * transposed}",
        "Gemm",
        np.array([[1, -2, 0.5], [3, 4, -0.25]], type_),
        constants=(np.arange(12, dtype=type_).reshape(4, 3) if transposed else np.arange(12, dtype=type_).reshape(3, 4),)
        + bias,
        alpha=alpha,
        beta=beta,
        transB=transposed,
    )
    for name, type_ in REALS.items()
    for alpha, beta, transposed, bias in (
        (1.0, 1.0, 0, (np.array([1, 2, 3, 4], type_),)),
        (0.5, 2.0, 1, (np.array([[1, 2, 3, 4]], type_),)),
        (0.25, 1.0, 0, ()),
        (1.0, 0.0, 0, (np.array(7, type_),)),
    )
]

ONE_HOTS = [
    case(label, "OneHot", x, constants=(np.array([3]), values), version=11, axis=axis)
    for label, x, values, axis in (
        ("out_of_range", np.array([[0], [-1], [5], [3], [-3], [-4], [2**40]]), np.array([0, 1], np.float32), -1),
        ("first_axis", np.array([0, -2, 9]), np.array([5, -7]), 0),
        ("middle_axis", np.array([[0, 1], [2, 7], [-1, -9]]), np.array([0.5, 2.5], np.float32), 1),
    )
]

CASES = [
    *declared(
        CASTS,
        "onnxruntime",
        dict.fromkeys(
            ("printed_*", "booleans_to_string"),
            "how many digits, and which words, are not defined; the reference has Python's",
        ),
    ),
    *FUNCTIONS,
    *STABLE,
    *declared(OVERFLOWING, "onnxruntime", {"*": "the exponentials of the reference overflow"}),
    *declared(LIMITS, "reference", {"*_below": "without an upper limit, ONNX Runtime clips at the largest number"}),
    *declared(EXTREMES, "reference", {"*": "ONNX Runtime loses some NaN"}),
    *SUMS,
    *declared(PLACES, "onnxruntime", {"*": "for the reference, NaN is the extreme"}),
    *KINDS,
    *ROUNDS,
    *GEMMS,
    *ONE_HOTS,
]
