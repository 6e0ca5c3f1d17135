"""The classifier `sentiment`: what it says, what it leaves alone, and that nothing stops it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from earful import ClassifiedMessage, Label, Surface
from earful_sentiment import register_classifiers
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

FIXTURES = json.loads((Path(__file__).parent / "fixtures/messages.json").read_text("utf-8"))
(SENTIMENT,) = register_classifiers()
CLASSIFIER = SENTIMENT.create(SENTIMENT.settings())


def message(text: str, language: str | None = "en") -> ClassifiedMessage:
    return ClassifiedMessage(
        id=1,
        text=text,
        surface=Surface.PUBLIC_REPLY,
        language=language,
        channel="blog",
        author_name="Ann",
    )


def labels(text: str, language: str | None = "en") -> list[Label]:
    (found,) = CLASSIFIER.classify([message(text, language)])
    return found


@pytest.mark.parametrize("example", FIXTURES, ids=lambda example: example["text"][:20])
def test_the_tone_of_plain_sentences_is_told(example: dict[str, str]) -> None:
    (label,) = labels(example["text"])
    assert label.name == example["expected"]
    assert label.score is not None
    assert 0.5 <= label.score <= 1
    assert label.detail.startswith("tone ")


def test_a_batch_keeps_its_order() -> None:
    batch = [message(example["text"]) for example in FIXTURES]
    names = [found[0].name for found in CLASSIFIER.classify(batch)]
    assert names == [example["expected"] for example in FIXTURES]


def test_an_empty_batch_is_fine() -> None:
    assert CLASSIFIER.classify([]) == []


def test_a_stronger_tone_is_a_surer_one() -> None:
    weak, strong = labels("It is good."), labels("It is GREAT, wonderful, and I love it!!!")
    assert (weak[0].score or 1) < (strong[0].score or 0)


@pytest.mark.parametrize("text", ["", "  \n", "\x00\x01", "\ud800"])
def test_a_message_without_text_gets_no_label(text: str) -> None:
    assert labels(text) == []


@pytest.mark.parametrize(("language", "count"), [("de", 0), ("en-GB", 1), ("EN", 1), (None, 1)])
def test_other_languages_get_no_label(language: str | None, count: int) -> None:
    assert len(labels("great", language)) == count


def test_only_the_beginning_counts() -> None:
    settings = SENTIMENT.settings.model_validate({"max_characters": 100})
    (found,) = SENTIMENT.create(settings).classify([message("The box. " * 12 + "I hate it")])
    assert found[0].name == "sentiment:neutral"


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10**6,
        "\N{GRINNING FACE}" * 10**6,
        "".join(map(chr, range(0x1F300, 0x1F600))) * 10**3,
        "good but " * 10**5,
        "never so good " * 10**5,
        "!?" * 10**6,
        "bad\x00\ud800\udfff" * 10**5,
    ],
    ids=["letter", "emoji", "all emoji", "but", "never", "marks", "surrogates"],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    labels("warm up")
    started = time.perf_counter()
    assert len(labels(text)) == 1
    assert time.perf_counter() - started < 0.5


@given(st.text())
@settings(deadline=None)
def test_any_text_gets_at_most_one_label(text: str) -> None:
    assert len(labels(text)) <= 1


def test_unknown_settings_are_mistakes() -> None:
    with pytest.raises(ValidationError):
        SENTIMENT.settings.model_validate({"threshold": 1})


def test_the_version_names_the_lexicon() -> None:
    assert SENTIMENT.version.startswith("vader-3")


def test_the_lexicon_is_loaded_only_when_used() -> None:
    code = "import earful_sentiment, sys; sys.exit('vaderSentiment' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
