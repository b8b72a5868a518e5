"""StringNormalizer, TfIdfVectorizer, and the Tokenizer that exporters of text models use."""

from typing import Any

import numpy as np

from case import Case, declared
from values import strings

WORDS = strings("Fast", "late", "LATE", "fast", "東京")
OTHERS = strings("", "ÉTÉ", "à", "Ça")
ACTIONS = ["NONE", "LOWER", "UPPER"]


def normalizer(label: str, x: np.ndarray = WORDS, **attributes: Any) -> Case:
    """A StringNormalizer."""
    return Case(label, "StringNormalizer", [x], attributes, version=10, domain="")


NORMALIZERS = (
    [normalizer(action.lower(), case_change_action=action) for action in ACTIONS]
    + [
        normalizer(
            f"{action.lower()}_stop{'_case' * case}",
            case_change_action=action,
            stopwords=["late", "東京"],
            is_case_sensitive=int(case),
        )
        for action in ACTIONS
        for case in (False, True)
    ]
    + [
        normalizer("row", WORDS.reshape(1, -1), case_change_action="LOWER", stopwords=["fast"]),
        normalizer("nothing_left", strings("a", "b"), stopwords=["a", "b"], is_case_sensitive=1),
        normalizer("nothing_left_row", strings("a", "b").reshape(1, -1), stopwords=["a", "b"], is_case_sensitive=1),
        normalizer("no_attributes"),
        normalizer("none_accents", OTHERS),
        normalizer("lower_accents", OTHERS, case_change_action="LOWER", stopwords=["été"]),
        normalizer("upper_accents", OTHERS, case_change_action="UPPER", stopwords=["ÀÇ"], is_case_sensitive=1),
        normalizer("lower_sharp", strings("Straße"), case_change_action="LOWER"),
    ]
)

NUMBERS = np.array([[1, 1, 3, 3, 3, 7], [8, 6, 7, 5, 6, 8]], np.int64)
TOKENS = strings(["a", "b", "a", "ü", "c", ""], ["b", "a", "b", "a", "a", "b"])

# Single tokens 2, 3, 5, 4; pairs 5 6, 7 8, 6 7.
OF_NUMBERS = {
    "ngram_counts": [0, 4],
    "ngram_indexes": [0, 1, 2, 3, 4, 5, 6],
    "pool_int64s": [2, 3, 5, 4, 5, 6, 7, 8, 6, 7],
}
# Single tokens a, b, ü and an empty one; pairs a b, b a; one of three.
OF_STRINGS = {
    "ngram_counts": [0, 4, 8],
    "ngram_indexes": [1, 0, 5, 3, 2, 4, 6],
    "pool_strings": ["a", "b", "ü", "", "a", "b", "b", "a", "a", "b", "a"],
}
WEIGHTS = [0.5, 2.0, 1.0, 0.25, 3.0, 1.5, 4.0]
LENGTHS = {"single": (1, 1), "pairs": (2, 2), "up_to_pairs": (1, 2), "up_to_three": (1, 3)}


def vectorizer(
    label: str, x: np.ndarray, pool: dict, lengths: tuple[int, int], mode: str = "TF", skips: int = 0, **more: Any
) -> Case:
    """A TfIdfVectorizer."""
    attributes = {"min_gram_length": lengths[0], "max_gram_length": lengths[1], "mode": mode, "max_skip_count": skips}
    return Case(label, "TfIdfVectorizer", [x], pool | attributes | more, version=9, domain="")


VECTORIZERS = (
    [
        vectorizer(f"numbers_{name}_skip_{skips}", NUMBERS, OF_NUMBERS, lengths, skips=skips)
        for name, lengths in LENGTHS.items()
        if lengths[1] < 3
        for skips in (0, 1, 5)
    ]
    + [
        vectorizer(f"strings_{name}_{mode.lower()}", TOKENS, OF_STRINGS, lengths, mode, weights=WEIGHTS)
        for name, lengths in LENGTHS.items()
        for mode in ("TF", "IDF", "TFIDF")
    ]
    + [
        vectorizer("strings_skip", TOKENS, OF_STRINGS, (1, 3), skips=2),
        vectorizer("strings_vector", TOKENS[0], OF_STRINGS, (1, 2)),
        vectorizer("numbers_vector", NUMBERS[1], OF_NUMBERS, (1, 2)),
        vectorizer("short_integers", NUMBERS.astype(np.int32), OF_NUMBERS, (1, 2)),
        vectorizer("no_weights", TOKENS, OF_STRINGS, (1, 2), "TFIDF"),
        vectorizer("unknown_only", strings(["x", "y"]), OF_STRINGS, (1, 2)),
    ]
)

TEXTS = strings("Fast, cheap and late.", "", "  two  spaces ", "don't re-route 24/7", "été à Çorum 東京", "a")


def tokenizer(label: str, x: np.ndarray = TEXTS, **attributes: Any) -> Case:
    """A Tokenizer of com.microsoft, with its required attributes."""
    usual = {"mark": 0, "mincharnum": 1, "pad_value": "#"}
    return Case(label, "Tokenizer", [x], usual | attributes, domain="com.microsoft")


TOKENIZERS = [
    tokenizer("words", tokenexp="[a-zA-Z0-9_]+"),
    tokenizer("words_of_two", tokenexp="[a-zA-Z0-9_]+", mincharnum=2),
    tokenizer("words_marked", tokenexp="[a-zA-Z0-9_]+", mark=1),
    tokenizer("words_pattern", tokenexp=r"\b\w\w+\b"),
    tokenizer("characters", tokenexp="."),
    tokenizer("characters_by_separator", separators=[""]),
    tokenizer("separators", separators=[" ", "[.]", ","]),
    tokenizer("separators_marked", separators=[" "], mark=1, pad_value=""),
    tokenizer("table", TEXTS.reshape(2, 3), tokenexp="[a-zA-Z0-9_]+"),
    tokenizer("column", TEXTS.reshape(6, 1), separators=[" "]),
    tokenizer("nothing", strings("", ""), separators=[" "]),
    tokenizer("nothing_found", strings("...", "!"), tokenexp="[a-z]+"),
]

CASES = declared(
    NORMALIZERS + VECTORIZERS + TOKENIZERS,
    "onnxruntime",
    {
        "none_stop": "by default, stop words match in any case",
        "*_accents": "the reference removes accents and empty strings",
        "strings_*idf": "weights belong to the n-grams of the pool; the reference applies them to the output",
    },
)
