"""How good predictions are. Arrays: `probabilities` [texts, classes], `labels` [texts] of int."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "confusion",
    "expected_calibration_error",
    "f1",
    "macro_recall",
    "recalls",
    "softmax",
]

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


def softmax(logits: Floats) -> Floats:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return shares


def confusion(probabilities: Floats, labels: Ints) -> Ints:
    """Counts: rows are what people said, columns what the model says."""
    classes = probabilities.shape[1]
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (labels, probabilities.argmax(axis=1)), 1)
    return counts


def recalls(probabilities: Floats, labels: Ints) -> Floats:
    """By class, which share of it is found; nan where the labels have none."""
    counts = confusion(probabilities, labels)
    with np.errstate(invalid="ignore"):
        shares: Floats = counts.diagonal() / counts.sum(axis=1)
    return shares


def macro_recall(probabilities: Floats, labels: Ints) -> float:
    return float(np.nanmean(recalls(probabilities, labels)))


def expected_calibration_error(probabilities: Floats, labels: Ints, bins: int = 15) -> float:
    """How far the top class's probability is from how often it is right, weighted by bin size.

    Bins are of equal width (Guo et al. 2017, "On Calibration of Modern Neural Networks").
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    error = 0.0
    for number in range(bins):
        inside = bin_of == number
        if inside.any():
            error += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return float(error)


def f1(said: NDArray[np.bool_], true: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean of a yes-or-no label; 0 where undefined."""
    found = int((said & true).sum())
    precision = found / max(int(said.sum()), 1)
    recall = found / max(int(true.sum()), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)
