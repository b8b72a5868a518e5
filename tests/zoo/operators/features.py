"""ArrayFeatureExtractor, FeatureVectorizer and DictVectorizer."""

import numpy as np

from case import Case, map_type
from values import NUMBERS, numbers, strings

TABLE = strings(["a", "b", "ß"], ["", "東", "c"])


UNDEFINED = {("string", "string"), ("int64", "int64")}


def indices(*values: int) -> np.ndarray:
    """Indices of columns."""
    return np.array(values, np.int64)


EXTRACTED = {
    "one": (numbers(np.float32), indices(1)),
    "several": (numbers(np.float32), indices(2, 0, 2)),
    "in_a_row": (numbers(np.float32), indices(0, 2).reshape(1, 2)),
    "of_a_vector": (numbers(np.float32, 5), indices(4, 1)),
    "of_three_dimensions": (numbers(np.float32, 2, 3, 4), indices(3, 0)),
    "strings": (TABLE, indices(2, 1)),
    "strings_of_a_vector": (TABLE[1], indices(1)),
} | {name: (numbers(type_), indices(2, 1)) for name, type_ in NUMBERS.items()}

VECTORIZED = {
    "one": [numbers(np.float32)],
    "three": [numbers(np.float32, 4, 1), numbers(np.float32, 4, 3), numbers(np.float32, 4, 2)],
    "vectors": [numbers(np.float32, 2), numbers(np.float32, 3)],
} | {name: [numbers(type_, 3, 2), numbers(type_, 3, 1)] for name, type_ in NUMBERS.items()}

VOCABULARIES = {"string": ["a", "c", "", "ü"], "int64": [7, -1, 0, 40]}
UNKNOWN = {"string": "unheard-of", "int64": 99}
MAP_VALUES = {
    "float": (np.float32, [1.5, -2.0, float("nan"), float("inf")]),
    "double": (np.float64, [0.1, -2.0, 1e300, 0.0]),
    "int64": (np.int64, [2**40, -3, 0, 5]),
    "string": (np.object_, ["x", "", "y", "ÿ"]),
}


def dictionaries(key: str, value: str) -> Case:
    """Rows with all keys, and with one. ONNX Runtime takes only floats, and ignores unknown keys."""
    type_, values = MAP_VALUES[value]
    vocabulary = VOCABULARIES[key]
    rows = [
        dict(zip(vocabulary, values)),
        dict(zip(reversed(vocabulary), values)),
        {vocabulary[1]: values[0]},
    ]
    if value == "float":
        rows.append({UNKNOWN[key]: values[1], vocabulary[3]: values[1]})
    return Case(
        f"{key}_to_{value}",
        "DictVectorizer",
        [rows],
        {f"{key}_vocabulary": vocabulary},
        takes=map_type({"string": np.object_, "int64": np.int64}[key], type_),
    )


CASES = (
    [Case(label, "ArrayFeatureExtractor", inputs) for label, inputs in EXTRACTED.items()]
    + [
        Case(label, "FeatureVectorizer", inputs, {"inputdimensions": [x.shape[-1] for x in inputs]})
        for label, inputs in VECTORIZED.items()
    ]
    + [dictionaries(key, value) for key in VOCABULARIES for value in MAP_VALUES if (key, value) not in UNDEFINED]
)
