"""Measures a folder with an ONNX model, through ONNX Runtime, as Earful runs it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from earful_sentiment.normalise import normalise
from numpy.typing import NDArray
from transformers import AutoTokenizer

from training import metrics
from training.examples import Example

__all__ = ["OnnxModel", "care_check", "report", "tweets"]

_CARE_CHECK = Path(__file__).with_name("care_check.tsv")


class OnnxModel:
    """Logits [texts, 4] of normalised texts."""

    def __init__(self, folder: Path, file: Path | None = None) -> None:
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._session = onnxruntime.InferenceSession(
            file or folder / "model.onnx", providers=["CPUExecutionProvider"]
        )

    def logits(self, texts: Sequence[str], window: int = 128) -> NDArray[np.float32]:
        ids = self._tokenizer(list(texts), truncation=True, max_length=window)["input_ids"]
        logits = np.zeros((len(ids), 4), dtype=np.float32)
        order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
        for start in range(0, len(order), 32):
            chosen = order[start : start + 32]
            logits[chosen] = self._batch([ids[number] for number in chosen])
        return logits

    def _batch(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        padded = np.zeros((len(ids), max(map(len, ids))), dtype=np.int64)
        for row, numbers in enumerate(ids):
            padded[row, : len(numbers)] = numbers
        inputs = {"input_ids": padded, "attention_mask": (padded != 0).astype(np.int64)}
        logits: NDArray[np.float32] = self._session.run(["logits"], inputs)[0]
        return logits


def tweets(folder: Path) -> tuple[list[str], NDArray[np.int64]]:
    """A set of TweetEval's form: `text.txt` and `labels.txt`, one line each."""
    lines = (folder / "text.txt").read_text(encoding="utf-8").split("\n")
    labels = np.array((folder / "labels.txt").read_text().split(), dtype=np.int64)
    return [normalise(line) for line in lines[: len(labels)]], labels


def report(
    model: OnnxModel, held_out: Sequence[Example], tone_set: Path | None = None
) -> dict[str, Any]:
    """Every figure of the model card, by the name of the set it was measured on."""
    found: dict[str, Any] = {}
    if tone_set is not None:
        texts, labels = tweets(tone_set)
        found[tone_set.name] = _tone(model.logits(texts), labels)
    for source in dict.fromkeys(example.source for example in held_out):
        examples = [example for example in held_out if example.source == source]
        logits = model.logits([example.text for example in examples])
        labels = np.array([np.argmax(example.target) for example in examples])
        found[source] = _tone(logits, labels)
        if source == "reddit":
            true = np.array([(example.frustrated or 0) >= 0.5 for example in examples])  # noqa: PLR2004
            found[source]["frustrated"] = _mood(logits, true)
    found["care_check"] = {"frustrated": care_check(model)}
    return found


def care_check(model: OnnxModel) -> dict[str, Any]:
    """Of messages written by hand, apart from the wordings learned from."""
    with _CARE_CHECK.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    logits = model.logits([normalise(text) for _, text in rows])
    return _mood(logits, np.array([label == "1" for label, _ in rows]))


def _tone(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, Any]:
    probabilities = metrics.softmax(logits[:, :3])
    return {
        "texts": len(labels),
        "macro_recall": round(metrics.macro_recall(probabilities, labels), 4),
        "recall": [round(float(share), 4) for share in metrics.recalls(probabilities, labels)],
        "accuracy": round(float((probabilities.argmax(axis=1) == labels).mean()), 4),
        "ece": round(metrics.expected_calibration_error(probabilities, labels), 4),
        "confusion": metrics.confusion(probabilities, labels).tolist(),
    }


def _mood(logits: NDArray[np.float32], true: NDArray[np.bool_]) -> dict[str, Any]:
    precision, recall, both = metrics.f1(logits[:, 3] > 0, true)
    return {
        "texts": len(true),
        "frustrated": int(true.sum()),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(both, 4),
    }
