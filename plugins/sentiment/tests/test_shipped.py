"""The model in the package, as operators get it: whole, small, offline, and no fool."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from earful import ClassifiedMessage, Classifier
from earful_sentiment import folders, register_classifiers

(SENTIMENT,) = register_classifiers()
EXAMPLES = json.loads((Path(__file__).parent / "fixtures/messages.json").read_text("utf-8"))
MOST_BYTES = 25_000_000


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return SENTIMENT.create(SENTIMENT.settings())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["text"][:20])
def test_the_tone_of_plain_sentences_is_told(
    classifier: Classifier, message: Callable[..., ClassifiedMessage], example: dict[str, str]
) -> None:
    ((tone, *_),) = classifier.classify([message(example["text"])])
    assert tone.name == example["expected"]


def test_its_files_are_whole_small_and_named() -> None:
    assert SENTIMENT.check is not None
    assert "ONNX Runtime; languages: en" in SENTIMENT.check(SENTIMENT.settings())
    assert sum(each.stat().st_size for each in folders.SHIPPED.iterdir()) < MOST_BYTES
    assert SENTIMENT.version_with(SENTIMENT.settings()).startswith("earful-sentiment ")
    listed = (folders.SHIPPED / folders.CHECKSUMS).read_text().split()[1::2]
    assert set(listed) >= {"model.onnx", "config.json", "tokenizer.json"}


def test_it_is_read_without_a_network() -> None:
    offline = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HTTPS_PROXY": "127.0.0.1:9"}
    told = subprocess.run(
        [sys.executable, "-m", "earful", "classify"],
        input="I love it\n",
        capture_output=True,
        text=True,
        check=False,
        env=offline,
    )
    assert told.returncode == 0, told.stderr
    assert told.stderr == ""
    (labels,) = (json.loads(line) for line in told.stdout.splitlines())
    assert labels[0]["name"] == "sentiment:positive"
