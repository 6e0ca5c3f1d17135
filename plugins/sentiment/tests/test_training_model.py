"""The folder that is shipped: whole, small, readable offline, and as good as its card says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from earful_sentiment.normalise import NORMALISATION, normalise
from training import metrics
from training.evaluate import OnnxModel, care_check, tweets

FOLDER = Path(__file__).parents[1] / "earful_sentiment" / "model"
TONE_SET = Path(__file__).parents[4] / "shared" / "data" / "sentiment-dev"


@pytest.fixture(scope="module")
def model() -> OnnxModel:
    return OnnxModel(FOLDER)


def test_the_folder_is_at_most_25_megabytes() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 25_000_000


def test_every_file_is_the_one_the_checksums_name() -> None:
    lines = (FOLDER / "checksums.txt").read_text(encoding="utf-8").splitlines()
    named = {name: digest for digest, name in (line.split("  ") for line in lines)}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in FOLDER.iterdir()
        if path.name != "checksums.txt"
    }
    assert found == named


def test_the_config_says_how_to_read_the_model() -> None:
    config = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
    assert list(config["id2label"].values()) == ["negative", "neutral", "positive", "frustrated"]
    assert config["earful"]["normalise"] == NORMALISATION
    assert config["earful"]["window"] <= config["max_position_embeddings"]
    assert config["earful"]["version"] in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_plain_feelings_are_read(model: OnnxModel) -> None:
    texts = [
        "I hate this, it is the worst thing I ever bought",
        "The shop opens at nine on Monday.",
        "What a wonderful day, thank you all so much \U0001f60d",
    ]
    logits = model.logits([normalise(text) for text in texts])
    assert logits[:, :3].argmax(axis=1).tolist() == [0, 1, 2]


def test_an_answer_hardly_depends_on_the_batch(model: OnnxModel) -> None:
    texts = ["so good", "it came on Tuesday and I have not opened it yet", "meh"]
    together = model.logits(texts)
    alone = np.concatenate([model.logits([text]) for text in texts])
    difference = np.abs(metrics.softmax(together[:, :3]) - metrics.softmax(alone[:, :3]))
    assert difference.max() < 0.1


def test_frustration_is_found_in_messages_written_apart(model: OnnxModel) -> None:
    assert care_check(model)["f1"] >= 0.6


@pytest.mark.skipif(not TONE_SET.exists(), reason="the set of tweets is not there")
def test_tweets_are_read_as_well_as_promised(model: OnnxModel) -> None:
    texts, labels = tweets(TONE_SET)
    probabilities = metrics.softmax(model.logits(texts)[:, :3])
    assert metrics.macro_recall(probabilities, labels) >= 0.69
    assert metrics.expected_calibration_error(probabilities, labels) <= 0.05
