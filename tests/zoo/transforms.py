"""What `post_transform` asks for, as ONNX Runtime and the reference compute it; the specification gives names only."""

import numpy as np


def logistic(scores: np.ndarray) -> np.ndarray:
    """Each score on its own, to a probability."""
    return (1 / (1 + np.exp(-scores.astype(np.float64)))).astype(scores.dtype)


def softmax(scores: np.ndarray) -> np.ndarray:
    """The scores of a row, to probabilities that add up to one."""
    powers = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(scores.dtype)
