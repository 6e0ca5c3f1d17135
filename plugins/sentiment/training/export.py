"""From trained weights to the folder that is shipped: ONNX in eight bits, tokenizer, config.

Calibration is folded into the last layer, so a plain softmax of the first three logits is the
calibrated probability, whoever runs the model.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from earful_sentiment.normalise import NORMALISATION
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import PreTrainedTokenizerBase

from training.network import Network
from training.targets import CLASSES

__all__ = ["CHECKSUMS", "Calibration", "export", "write_checksums"]

CHECKSUMS = "checksums.txt"
WINDOW = 128


@dataclass(frozen=True)
class Calibration:
    """`bias` is added to the logits of the three classes, before division by `temperature`."""

    bias: tuple[float, float, float] = (0.0, 0.0, 0.0)
    temperature: float = 1.0
    frustrated_bias: float = 0.0


def export(
    network: Network,
    tokenizer: PreTrainedTokenizerBase,
    calibration: Calibration,
    version: str,
    folder: Path,
    full: Path | None = None,
) -> None:
    """Write the model, its config and its tokenizer; `full` also keeps the model in 32 bits."""
    folder.mkdir(parents=True, exist_ok=True)
    _fold(network, calibration)
    with tempfile.TemporaryDirectory() as scratch:
        path = full or Path(scratch) / "model.onnx"
        _to_onnx(network, path)
        quantize_dynamic(
            path,
            folder / "model.onnx",
            per_channel=True,
            # Seven bits of eight: processors without VNNI add pairs of products in 16 bits, and
            # the sums of full bytes overflow there.
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    tokenizer.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(_config(network, version), indent=2) + "\n")


def write_checksums(folder: Path) -> None:
    """In the form of `sha256sum`, which can check it."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
        if path.name != CHECKSUMS
    ]
    (folder / CHECKSUMS).write_text("".join(lines))


def _fold(network: Network, calibration: Calibration) -> None:
    with torch.no_grad():
        network.head.bias[:3] += torch.tensor(calibration.bias)
        network.head.weight[:3] /= calibration.temperature
        network.head.bias[:3] /= calibration.temperature
        network.head.bias[3] += calibration.frustrated_bias


def _to_onnx(network: Network, path: Path) -> None:
    network.eval()
    network.encoder.set_attn_implementation("eager")
    ids = torch.tensor([[101, 7592, 2088, 102], [101, 2204, 102, 0]])
    mask = (ids > 0).long()
    dynamic = {0: "batch", 1: "sequence"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (ids, mask),
            path,
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={"input_ids": dynamic, "attention_mask": dynamic, "logits": {0: "batch"}},
            opset_version=17,
            # The newer exporter fixes shapes in a way that the quantizer then refuses.
            dynamo=False,
        )


def _config(network: Network, version: str) -> dict[str, object]:
    config: dict[str, object] = network.encoder.config.to_dict()
    for key in ("_name_or_path", "transformers_version", "dtype", "torch_dtype"):
        config.pop(key, None)
    labels = [*CLASSES, "frustrated"]
    config |= {
        "architectures": ["BertForSequenceClassification"],
        "id2label": {str(number): label for number, label in enumerate(labels)},
        "label2id": {label: number for number, label in enumerate(labels)},
        "earful": {
            "version": version,
            "languages": ["en"],
            "window": WINDOW,
            "frustrated_threshold": 0.5,
            "normalise": NORMALISATION,
        },
    }
    return config
