"""Binarizer, Imputer, Normalizer and Scaler."""

import numpy as np

from case import Case, declared
from values import NUMBERS, numbers, special

NAN = float("nan")

BINARIZERS = [Case(name, "Binarizer", [numbers(type_)], {"threshold": 1.0}) for name, type_ in NUMBERS.items()] + [
    Case("no_threshold", "Binarizer", [numbers(np.float32)]),
    Case("special", "Binarizer", [special()], {"threshold": 0.0}),
    Case("special_doubles", "Binarizer", [special(np.float64)], {"threshold": 0.5}),
    Case("three_dimensions", "Binarizer", [numbers(np.float32, 2, 3, 2)], {"threshold": -0.25}),
]

IMPUTERS = [
    Case("nan_by_one", "Imputer", [special()], {"imputed_value_floats": [9.5], "replaced_value_float": NAN}),
    Case(
        "nan_by_column", "Imputer", [special()], {"imputed_value_floats": [1.0, 2.0, 3.0], "replaced_value_float": NAN}
    ),
    Case("zero", "Imputer", [numbers(np.float32)], {"imputed_value_floats": [7.0], "replaced_value_float": 0.0}),
    Case("zero_signed", "Imputer", [special()], {"imputed_value_floats": [7.0], "replaced_value_float": 0.0}),
    Case("no_replaced_value", "Imputer", [special()], {"imputed_value_floats": [7.0]}),
    Case("infinity", "Imputer", [special()], {"imputed_value_floats": [7.0], "replaced_value_float": float("inf")}),
    Case("by_nan", "Imputer", [numbers(np.float32)], {"imputed_value_floats": [NAN], "replaced_value_float": -1.0}),
    Case(
        "doubles",
        "Imputer",
        [special(np.float64)],
        {"imputed_value_floats": [0.1, 0.2, 0.3], "replaced_value_float": NAN},
    ),
    Case(
        "doubles_third", "Imputer", [numbers(np.float64)], {"imputed_value_floats": [0.3], "replaced_value_float": 0.25}
    ),
    Case("integers", "Imputer", [numbers(np.int64)], {"imputed_value_int64s": [5, 6, 7], "replaced_value_int64": -1}),
    Case("integers_by_one", "Imputer", [numbers(np.int64)], {"imputed_value_int64s": [99], "replaced_value_int64": 0}),
    Case("short_integers", "Imputer", [numbers(np.int32)], {"imputed_value_int64s": [99], "replaced_value_int64": 0}),
    Case("vector", "Imputer", [special()[0]], {"imputed_value_floats": [4.0], "replaced_value_float": NAN}),
]

NORMS = ["MAX", "L1", "L2"]
WITH_ZEROS = np.vstack([numbers(np.float32), np.zeros((1, 3)), [[1, -1, 0]], -np.ones((1, 3))]).astype(np.float32)

NORMALIZERS = (
    [
        Case(f"{norm.lower()}_{name}", "Normalizer", [numbers(t)], {"norm": norm})
        for norm in NORMS
        for name, t in NUMBERS.items()
    ]
    + [Case(f"{norm.lower()}_zeros", "Normalizer", [WITH_ZEROS], {"norm": norm}) for norm in NORMS]
    + [Case(f"{norm.lower()}_special", "Normalizer", [special()[:3]], {"norm": norm}) for norm in NORMS[1:]]
    + [Case(f"{norm.lower()}_vector", "Normalizer", [numbers(np.float32, 4)], {"norm": norm}) for norm in NORMS]
    + [Case("no_norm", "Normalizer", [np.abs(numbers(np.float32))])]
)

FACTORS = {"offset": [1.0, -2.0, 0.5], "scale": [0.5, 3.0, -1.0]}

SCALERS = [Case(name, "Scaler", [numbers(type_)], FACTORS) for name, type_ in NUMBERS.items()] + [
    Case("one_for_all", "Scaler", [numbers(np.float32)], {"offset": [1.5], "scale": [2.0]}),
    Case("scale_zero", "Scaler", [numbers(np.float32)], {"offset": [1.5], "scale": [0.0]}),
    Case("special", "Scaler", [special()], FACTORS),
    Case("vector", "Scaler", [numbers(np.float32, 3)], FACTORS),
    Case("large_integers", "Scaler", [np.array([[2**53 + 1, 2**24 + 1, 3]])], FACTORS),
    Case("close_doubles", "Scaler", [np.array([[1e9 + 0.25, 1 / 3, 1e-300]])], {"offset": [1e9], "scale": [4.0]}),
]

REASONS = {
    "max_[!v]*": "the specification divides by the largest number, the reference by the largest size",
    "int*": "scaled integers are not integers; the reference rounds offsets and scales",
}

CASES = BINARIZERS + IMPUTERS + declared(NORMALIZERS + SCALERS, "onnxruntime", REASONS)
