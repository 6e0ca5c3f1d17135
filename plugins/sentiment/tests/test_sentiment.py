"""The classifier `sentiment` with a tiny model: what it says, leaves alone, and bears."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from earful import ClassifiedMessage, Classifier, Installation, Label, PluginError
from earful_sentiment import register_classifiers
from earful_sentiment.classifier import SentimentClassifier, SentimentSettings
from earful_sentiment.reader import MOST_CHARACTERS, MOST_WINDOWS, Reader
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

(SENTIMENT,) = register_classifiers()
Message = Callable[..., ClassifiedMessage]
Labels = Callable[..., list[Label]]


@pytest.fixture(scope="session")
def labels(tiny_classifier: Classifier, message: Message) -> Labels:
    def found(text: str, language: str | None = None) -> list[Label]:
        (answer,) = tiny_classifier.classify([message(text, language)])
        return answer

    return found


@pytest.mark.parametrize(
    ("text", "tone"),
    [("the good box good", "positive"), ("BAD!", "negative"), ("the box", "neutral")],
)
def test_the_tone_comes_with_the_probabilities_of_all_three(
    labels: Labels, text: str, tone: str
) -> None:
    (label,) = labels(text)
    assert label.name == f"sentiment:{tone}"
    assert list(label.probabilities) == ["negative", "neutral", "positive"]
    assert sum(label.probabilities.values()) == pytest.approx(1, abs=1e-3)
    assert label.score == max(label.probabilities.values()) == label.probabilities[tone]
    assert f"{tone} {label.score:.0%}" in label.detail


def test_frustration_is_told_with_its_own_score(labels: Labels) -> None:
    tone, mood = labels("angry")
    assert (tone.name, mood.name) == ("sentiment:negative", "mood:frustrated")
    assert mood.score == pytest.approx(0.9526, abs=1e-3)
    assert mood.score != tone.score


def test_frustration_below_the_models_threshold_is_not_told(
    new_model: Callable[..., Path], tmp_path: Path, message: Message
) -> None:
    own = {"version": "2", "window": 32, "frustrated_threshold": 0.96}
    folder = new_model(tmp_path / "calm", own=own)
    classifier = SentimentClassifier(SentimentSettings(model=str(folder)))
    (found,) = classifier.classify([message("angry")])
    assert [label.name for label in found] == ["sentiment:negative"]


def test_a_batch_keeps_its_order_whatever_the_lengths(
    tiny_classifier: Classifier, message: Message
) -> None:
    texts = ["the " * (at * 7 % 25) + ("good", "bad", "box")[at % 3] for at in range(200)]
    found = tiny_classifier.classify([message(text) for text in texts])
    tones = [each[0].name.removeprefix("sentiment:") for each in found]
    assert tones == [("positive", "negative", "neutral")[at % 3] for at in range(200)]


def test_what_stands_beside_a_text_does_not_change_its_answer(
    tiny_classifier: Classifier, message: Message
) -> None:
    (alone,) = tiny_classifier.classify([message("bad box")])
    together = tiny_classifier.classify([message("bad box"), message("good " * 300)])
    assert together[0] == alone


@pytest.mark.parametrize("text", ["", "  \n", "\x00\x01", "\ud800", "\u200f\u202e"])
def test_a_message_without_text_gets_no_label(labels: Labels, text: str) -> None:
    assert labels(text) == []


def test_mentions_and_emoji_are_read_as_the_model_was_trained_to(labels: Labels) -> None:
    assert labels("@ann_the_bad")[0].name == "sentiment:neutral"
    assert labels("\U0001f621")[0].name == "sentiment:negative"


def test_a_text_longer_than_the_window_is_read_whole(labels: Labels) -> None:
    beginning = labels("the " * 200 + "bad " * 60)[0]
    assert beginning.name == "sentiment:negative"
    assert "only the first" not in beginning.detail
    assert labels("the " * 200 + "angry")[-1].name == "mood:frustrated"


class CountingEngine:
    """Counts what is computed, instead of a clock."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.shapes: list[tuple[int, int]] = []

    def run(self, ids: Any, mask: Any) -> Any:
        self.shapes.append(ids.shape)
        return self.engine.run(ids, mask)


@pytest.fixture
def counting(tiny: Path) -> tuple[Reader, CountingEngine]:
    from earful_sentiment.folders import find

    reader = Reader.open(find(str(tiny)), threads=1, batch_size=32)
    engine = CountingEngine(reader.engine)
    reader.engine = engine
    return reader, engine


HOSTILE = {
    "one character": "a" * 10**6,
    "marks": "!" * 10**6,
    "spaced marks": "! " * (5 * 10**5),
    "emoji": "\U0001f600" * 10**6,
    "right to left": "\u202e\u200f" * (5 * 10**5),
    "NUL": "\x00" * 10**6 + "bad",
    "lone surrogates": "bad \ud800\udfff" * 10**5,
    "mentions": "@abc " * 50_000,
    "combining": "e" + "\u0301" * 10**6,
    "words": "good " * (2 * 10**5),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_gets_an_answer_or_a_refusal_with_bounded_work(
    counting: tuple[Reader, CountingEngine], text: str
) -> None:
    reader, engine = counting
    (reading,) = reader.read([text])
    assert sum(rows for rows, _ in engine.shapes) <= MOST_WINDOWS
    assert all(rows * tokens <= 1024 for rows, tokens in engine.shapes)
    assert reading is None or f"{MOST_CHARACTERS:,} of {len(text):,}" in reading.refused


def test_a_refusal_to_read_on_is_told_with_the_label(labels: Labels) -> None:
    (label,) = labels("good " * 50_000)
    assert label.name == "sentiment:positive"
    assert label.detail.endswith("only the first 70,000 of 250,000 characters were read")


def test_windows_of_like_length_are_computed_together(
    counting: tuple[Reader, CountingEngine],
) -> None:
    reader, engine = counting
    reader.read(["the " * (at % 20) + "box" for at in range(400)])
    computed = sum(rows * tokens for rows, tokens in engine.shapes)
    said = sum(at % 20 + 3 for at in range(400))
    assert computed <= 1.1 * said
    assert max(rows for rows, _ in engine.shapes) == 32


@given(st.lists(st.text(), max_size=5))
@settings(deadline=None)
def test_any_texts_get_an_answer_each(
    tiny_classifier: Classifier, message: Message, texts: Sequence[str]
) -> None:
    found = tiny_classifier.classify([message(text) for text in texts])
    assert len(found) == len(texts)


@pytest.mark.parametrize(
    ("language", "said"), [("de", "lang:de"), ("en-GB", "lang:en"), ("EN", "lang:en")]
)
def test_the_platforms_word_on_the_language_is_taken(
    labels: Labels, language: str, said: str
) -> None:
    assert labels("good", language)[-1].name == said


def test_a_label_says_when_the_model_was_not_made_for_the_language(labels: Labels) -> None:
    assert "not made for (only en)" in labels("good", "de")[0].detail
    assert "not made for" not in labels("good", "en")[0].detail


@pytest.mark.parametrize("language", ["", "und", "<b>", None, "x" * 99])
def test_a_language_that_says_nothing_gets_no_label(labels: Labels, language: str | None) -> None:
    assert [label.name for label in labels("good", language)] == ["sentiment:positive"]


def test_the_language_is_guessed_among_the_configured_ones(tiny: Path, message: Message) -> None:
    wanted = SentimentSettings(model=str(tiny), languages=("en", "de"))
    classifier = SentimentClassifier(wanted)
    german, french, short = classifier.classify(
        [
            message("Der Karton kam gestern leider ganz zerrissen bei mir an"),
            message("La boîte est arrivée hier et je ne suis pas content du tout"),
            message("ok"),
        ]
    )
    assert german[-1].name == "lang:de"
    assert "the text is in de" in german[0].detail
    assert not any(label.name == "lang:fr" for label in french)
    assert not any(label.name.startswith("lang:") for label in short)


def test_without_languages_of_its_own_it_tells_those_of_the_inbox_apart(
    tiny: Path, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Installation(languages=("de", "en"))
    monkeypatch.setattr("earful_sentiment.classifier.installation", lambda: inbox)
    classifier = SentimentClassifier(SentimentSettings(model=str(tiny)))
    (found,) = classifier.classify([message("Der Karton kam gestern leider ganz zerrissen an")])
    assert found[-1].name == "lang:de"


def test_a_failure_to_load_is_told_and_tried_again_after_a_minute(
    new_model: Callable[..., Path], tmp_path: Path, message: Message
) -> None:
    now = [0.0]
    folder = tmp_path / "late"
    wanted = SentimentSettings(model=str(folder))
    classifier = SentimentClassifier(wanted, clock=lambda: now[0])
    with pytest.raises(PluginError, match="no model folder"):
        classifier.classify([message("good")])
    new_model(folder)
    with pytest.raises(PluginError, match="no model folder"):
        classifier.classify([message("good")])
    now[0] = 61.0
    assert classifier.classify([message("good")])[0][0].name == "sentiment:positive"


@pytest.mark.parametrize(
    "wrong", [{"threshold": 1}, {"languages": ["english"]}, {"threads": 0}, {"revision": "a b"}]
)
def test_wrong_settings_are_mistakes(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SENTIMENT.settings.model_validate(wrong)


def test_threads_are_bounded_by_default() -> None:
    assert SentimentSettings().threads in {1, 2}


def test_nothing_heavy_is_loaded_before_the_first_message() -> None:
    heavy = {"numpy", "onnxruntime", "transformers", "torch", "py3langid", "huggingface_hub"}
    code = (
        "import earful_sentiment as s, sys; (k,) = s.register_classifiers();"
        "k.create(k.settings()); k.version_with(k.settings());"
        f"sys.exit(len({heavy!r} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
