"""The required speed ratios to other programs, by model and rows per call, and for loading."""

from collections.abc import Mapping

# The programs that are compared.
OURS = "ours"
RUNTIME = "onnxruntime"
LIBRARY = "library"
COMPILED = "lleaves"
OTHERS = [RUNTIME, LIBRARY, COMPILED]

FOREST = {1: 8, 100: 8, 10_000: 8}
LIGHTGBM = {1: 2.5, 100: 2.5, 10_000: 4}
XGBOOST = {1: 4, 100: 4, 10_000: 7}
AHEAD = {1: 1, 100: 1, 10_000: 1}
CLOSE = {100: 1 / 1.2}


def half(bars: Mapping[int, float]) -> dict[int, float]:
    """Half of the ratios, for several classes and for categories."""
    return {batch: bar / 2 for batch, bar in bars.items()}


BARS: Mapping[str, Mapping[str, Mapping[int, float]]] = {
    "linear": {RUNTIME: CLOSE},
    "network": {RUNTIME: CLOSE},
    "forest_classifier": {RUNTIME: FOREST},
    "forest_classifier_5": {RUNTIME: half(FOREST)},
    "forest_regressor_12": {RUNTIME: FOREST},
    "lightgbm": {RUNTIME: LIGHTGBM, COMPILED: AHEAD},
    "lightgbm_classifier_5": {RUNTIME: half(LIGHTGBM)},
    "lightgbm_categorical": {RUNTIME: half(LIGHTGBM)},
    "xgboost": {RUNTIME: XGBOOST, LIBRARY: {10_000: 3}},
    "xgboost_classifier_5": {RUNTIME: half(XGBOOST)},
}


# Required ratios of ONNX Runtime to this project when a model is loaded: milliseconds, and peak memory of the
# process.
LOAD = {"ms": 1, "MB": 1}

PORTABLE = {10_000: 3}
HALVED = ("forest_classifier_5", "lightgbm_classifier_5", "lightgbm_categorical", "xgboost_classifier_5")


def bars(model: str, portable: bool, batch: int) -> dict[str, float]:
    """The ratios that a model must reach, by peer.

    If `portable`, without AVX2 and AVX-512, only trees have one.
    """
    by_peer = BARS.get(model, {})
    if portable:
        trees = by_peer and model not in ("linear", "network")
        by_peer = {RUNTIME: half(PORTABLE) if model in HALVED else PORTABLE} if trees else {}
    return {peer: by_batch[batch] for peer, by_batch in by_peer.items() if batch in by_batch}
