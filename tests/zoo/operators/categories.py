"""CategoryMapper, LabelEncoder, OneHotEncoder, CastMap and ZipMap."""

from typing import Any

import numpy as np
from onnx import numpy_helper

from case import Case, declared, map_type
from values import numbers, special, strings

WORDS = strings(["red", "blue", ""], ["Red", "東京", "unheard-of"])
CODES = np.array([[3, -1, 0], [7, 99, -(2**40)]])
CATEGORIES = {"cats_strings": ["red", "東京", ""], "cats_int64s": [3, -1, 7]}

MAPPERS = [
    Case("words", "CategoryMapper", [WORDS], CATEGORIES | {"default_int64": -5}),
    Case("words_no_default", "CategoryMapper", [WORDS], CATEGORIES),
    Case("codes", "CategoryMapper", [CODES], CATEGORIES | {"default_string": "none"}),
    Case("codes_no_default", "CategoryMapper", [CODES], CATEGORIES),
    Case("words_vector", "CategoryMapper", [WORDS[0]], CATEGORIES),
]

# For each type: keys, lookups, values.
SIDES: dict[str, tuple[list, Any, list]] = {
    "strings": (["red", "", "東京"], WORDS, ["eins", "", "zwölf"]),
    "int64s": ([3, -1, 0], CODES, [10, -20, 2**40]),
    "floats": (
        [0.5, -2.0, 0.0],
        np.array([[0.5, -2, -0.0], [0.25, np.inf, 7]], np.float32),
        [1.5, -0.25, float("inf")],
    ),
}
DEFAULTS = {"strings": {"default_string": "?"}, "int64s": {"default_int64": -9}, "floats": {"default_float": 0.125}}
TENSORS = {
    "string": np.object_,
    "int64": np.int64,
    "int32": np.int32,
    "int16": np.int16,
    "float": np.float32,
    "double": np.float64,
}


def by_lists(key: str, value: str, version: int, default: bool) -> Case:
    """A LabelEncoder with list attributes."""
    keys, x, _ = SIDES[key]
    attributes = {f"keys_{key}": keys, f"values_{value}": SIDES[value][2]} | (DEFAULTS[value] if default else {})
    label = f"{key}_to_{value}_version_{version}{'_no_default' * (not default)}"
    return Case(label, "LabelEncoder", [x], attributes, version)


def side(name: str) -> tuple[list, np.ndarray, list]:
    """Keys, lookups and values of a tensor type."""
    source = {"string": "strings", "float": "floats", "double": "floats"}.get(name, "int64s")
    keys, x, values = SIDES[source]
    if source == "int64s" and name != "int64":
        x, values = np.clip(x, -100, 100), [10, -20, 30]
    return keys, x.astype(TENSORS[name]), values


def by_tensors(key: str, value: str) -> Case:
    """A LabelEncoder with tensor attributes."""
    keys, x, _ = side(key)
    values = np.array(side(value)[2], TENSORS[value])
    attributes = {
        "keys_tensor": numpy_helper.from_array(np.array(keys, TENSORS[key])),
        "values_tensor": numpy_helper.from_array(values),
        "default_tensor": numpy_helper.from_array(values[:1]),
    }
    return Case(f"tensors_{key}_to_{value}", "LabelEncoder", [x], attributes, 4)


CLASSES = {"classes_strings": ["red", "", "東京"]}
FLOATS = {"keys_floats": [float("nan"), 1.0, 0.0], "values_strings": ["missing", "one", "zero"]}
REPEATED_INTEGERS = {"keys_int64s": [3, -1, 3, -1], "values_strings": ["a", "b", "c", "d"]}
REPEATED = {"keys_strings": ["red", "red"], "values_int64s": [1, 2]}

LABEL_ENCODERS = (
    [
        Case("words_version_1", "LabelEncoder", [WORDS], CLASSES | {"default_int64": -7}, 1),
        Case(
            "codes_version_1",
            "LabelEncoder",
            [np.array([[0, 2], [1, 3], [-1, 99]])],
            CLASSES | {"default_string": "?"},
            1,
        ),
        Case("missing_version_2", "LabelEncoder", [special()], FLOATS, 2),
        Case("missing_version_4", "LabelEncoder", [special()], FLOATS, 4),
        Case("repeated_version_4", "LabelEncoder", [WORDS], REPEATED, 4),
        Case("repeated_version_2", "LabelEncoder", [WORDS], REPEATED, 2),
        Case("repeated_integers_version_2", "LabelEncoder", [CODES], REPEATED_INTEGERS, 2),
    ]
    + [
        by_lists(key, value, version, default)
        for key in SIDES
        for value in SIDES
        for version, default in ((2, True), (4, True), (4, False))
    ]
    + [by_tensors(key, value) for key in TENSORS for value in TENSORS]
)

ONE_HOT_ENCODERS = [
    Case("words", "OneHotEncoder", [WORDS], {"cats_strings": ["red", "東京", ""]}),
    Case("words_known", "OneHotEncoder", [WORDS[:, :1]], {"cats_strings": ["red", "Red"], "zeros": 0}),
    Case("words_vector", "OneHotEncoder", [WORDS[0]], {"cats_strings": ["blue", "red"]}),
    Case("integers", "OneHotEncoder", [CODES], {"cats_int64s": [7, 3, -1]}),
    Case("integers_column", "OneHotEncoder", [CODES[:, :1]], {"cats_int64s": [7, 3, -1]}),
    Case("short_integers", "OneHotEncoder", [numbers(np.int32)], {"cats_int64s": [1, 2, 3, -4]}),
    Case("floats", "OneHotEncoder", [numbers(np.float32)], {"cats_int64s": [0, 1, 2, -2]}),
    Case("doubles", "OneHotEncoder", [numbers(np.float64)], {"cats_int64s": [0, 1, 2, -2]}),
    Case("three_dimensions", "OneHotEncoder", [numbers(np.int64, 2, 2, 2)], {"cats_int64s": [1, -3, 5]}),
]

MAPS = [{3: 1.5, 0: -2.0, 1: 7.0}, {0: 0.5, 2: 3.75, 3: -0.25}]
FORMS = {"dense": {}, "sparse": {"map_form": "SPARSE", "max_map": 5}}

# ONNX Runtime cannot take a map of strings, and ONNX does not define the string for an absent key.
CAST_MAPS = [
    Case(
        f"{form}_{target.lower()}",
        "CastMap",
        [MAPS],
        {"cast_to": target, **attributes},
        takes=map_type(np.int64, np.float32),
    )
    for form, attributes in FORMS.items()
    for target in ("TO_FLOAT", "TO_INT64", "TO_STRING")
    if (form, target) != ("sparse", "TO_STRING")
]

ZIP_MAPS = [
    Case("words", "ZipMap", [numbers(np.float32)], {"classlabels_strings": ["low", "", "über"]}),
    Case("integers", "ZipMap", [numbers(np.float32)], {"classlabels_int64s": [10, -20, 2**40]}),
    Case("one_row", "ZipMap", [numbers(np.float32, 1, 3)], {"classlabels_int64s": [2, 1, 0]}),
    Case("one_class", "ZipMap", [numbers(np.float32, 4, 1)], {"classlabels_strings": ["only"]}),
    Case("vector", "ZipMap", [numbers(np.float32, 3)], {"classlabels_strings": ["a", "b", "c"]}),
    Case("special", "ZipMap", [special()], {"classlabels_int64s": [0, 1, 2]}),
]

CASES = [
    *MAPPERS,
    *declared(
        declared(LABEL_ENCODERS, "reference", {"repeated_version_4": "the last of repeated keys takes precedence"}),
        "onnxruntime",
        {
            "missing_version_4": "a NaN key matches NaN",
            "repeated*_version_2": "before version 4 the precedence of repeated keys is not defined",
        },
    ),
    *declared(
        ONE_HOT_ENCODERS,
        "onnxruntime",
        dict.fromkeys(("floats", "doubles"), "numbers are cast to integers before they are looked up"),
    ),
    *CAST_MAPS,
    *ZIP_MAPS,
]
