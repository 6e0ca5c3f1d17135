"""A tiny model of the shipped one's form: it knows a dozen words and adds up what they say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from earful import ClassifiedMessage, Classifier, Surface
from earful_sentiment.classifier import SentimentClassifier, SentimentSettings
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

WORDS = {
    # negative, neutral, positive, frustrated
    "bad": (4, 0, 0, 0),
    "good": (0, 0, 4, 0),
    "box": (0, 4, 0, 0),
    "angry": (4, 0, 0, 6),
    "!": (0.5, 0, 0.5, 0),
    "the": (0, 0, 0, 0),
    "pouting": (2, 0, 0, 2),
    "face": (0, 0, 0, 0),
    "@": (0, 0, 0, 0),
    "user": (0, 0, 0, 0),
    "der": (0, 0, 0, 0),
}
"""What each word says, as logits."""
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
CALM = (0, 0.5, 0, -3)
"""What is said by `[CLS]`, which every window has: without other words the text is neutral."""
NAMES = ("negative", "neutral", "positive", "frustrated")
OWN = {
    "version": "1",
    "languages": ["en"],
    "window": 32,
    "frustrated_threshold": 0.5,
    "normalise": "social-1",
}


def write_model(
    folder: Path,
    *,
    names: Sequence[str] = NAMES,
    own: Mapping[str, Any] | None = OWN,
    token_types: bool = False,
    onnx_name: str = "model.onnx",
) -> Path:
    """Write a whole model folder, as the recipe does for the shipped one."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {word: at for at, word in enumerate((*SPECIAL, *WORDS))}
    _write_tokenizer(folder, vocabulary)
    config = {
        "model_type": "bert",
        "vocab_size": len(vocabulary),
        "max_position_embeddings": 512,
        "id2label": dict(enumerate(names)),
        **({"earful": dict(own)} if own is not None else {}),
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "README.md").write_text("# A tiny model\n\nIt knows a dozen words.\n")
    file = folder / onnx_name
    file.parent.mkdir(exist_ok=True)
    onnx.save(_network(len(names), token_types), file)
    write_checksums(folder)
    return folder


def write_checksums(folder: Path) -> None:
    names = ("config.json", "tokenizer.json")
    lines = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in names
    ]
    (folder / "checksums.txt").write_text("\n".join(lines) + "\n")


def _write_tokenizer(folder: Path, vocabulary: dict[str, int]) -> None:
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=512,
    ).save_pretrained(folder)


def _network(outputs: int, token_types: bool) -> onnx.ModelProto:  # noqa: FBT001
    """Logits as the sum over the tokens that are not padding."""
    rows = [(0, 0, 0, 0), (0, 0, 0, 0), CALM, (0, 0, 0, 0), *WORDS.values()]
    table = np.array([[*row, 0][:outputs] for row in rows], dtype=np.float32)
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if token_types else [])]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "s"]) for name in names]
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["said"]),
        helper.make_node("Cast", ["attention_mask"], ["kept"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["kept", "last"], ["weights"]),
        helper.make_node("Mul", ["said", "weights"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "tokens"], ["logits"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        inputs,
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", outputs])],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.array([-1]), "last"),
            numpy_helper.from_array(np.array([1]), "tokens"),
        ],
    )
    return helper.make_model(
        graph, ir_version=10, opset_imports=[helper.make_opsetid("", 17)], producer_name="earful"
    )


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model's folder; not to be changed."""
    return write_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_classifier(tiny: Path) -> Classifier:
    return SentimentClassifier(SentimentSettings(model=str(tiny)))


@pytest.fixture(scope="session")
def new_model() -> Callable[..., Path]:
    """`write_model`, for tests that need a model of their own."""
    return write_model


@pytest.fixture(scope="session")
def message() -> Callable[..., ClassifiedMessage]:
    """A message with this text."""

    def made(text: str, language: str | None = None) -> ClassifiedMessage:
        return ClassifiedMessage(
            id=1,
            text=text,
            surface=Surface.PUBLIC_REPLY,
            language=language,
            channel="blog",
            author_name="Ann",
        )

    return made
