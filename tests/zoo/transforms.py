"""The functions of `post_transform`, as ONNX Runtime and the reference compute them. ONNX only names them."""

import numpy as np


def logistic(scores: np.ndarray) -> np.ndarray:
    """Turns each score into a probability."""
    return (1 / (1 + np.exp(-scores.astype(np.float64)))).astype(scores.dtype)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Turns the scores of a row into probabilities that add up to one."""
    powers = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(scores.dtype)
