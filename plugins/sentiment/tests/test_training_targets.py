from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from training.care import care_messages
from training.examples import Example, _semeval, draw, from_corrections
from training.targets import CLASSES, EMOTIONS, from_emotions, from_ratings, frustration


def test_raters_who_agree_make_a_certain_target() -> None:
    assert from_ratings([-4, -3, -3]) == (1, 0, 0)
    assert from_ratings([0, 0]) == (0, 1, 0)
    assert from_ratings([3, 4]) == (0, 0, 1)


def test_raters_who_disagree_make_a_soft_target() -> None:
    assert from_ratings([-3, 0, 0, 3]) == (0.25, 0.5, 0.25)


def test_a_mild_score_counts_in_part_as_neutral() -> None:
    assert from_ratings([1, 1], mild=0.4) == pytest.approx((0, 0.6, 0.4))
    assert from_ratings([-2], clear=0.9) == pytest.approx((0.9, 0.1, 0))


def test_every_emotion_says_something_about_the_tone() -> None:
    assert len(EMOTIONS) == 28
    for shares in EMOTIONS.values():
        assert len(shares) == len(CLASSES)
        assert sum(shares) == pytest.approx(1)


def test_several_emotions_are_averaged() -> None:
    assert from_emotions(["joy", "grief"]) == pytest.approx((0.45, 0.075, 0.475))


def test_frustration_is_that_of_the_strongest_sign() -> None:
    assert frustration(["gratitude"]) == 0
    assert frustration(["disapproval", "annoyance"]) == 1


def test_care_messages_are_the_same_every_time_and_of_both_kinds() -> None:
    messages = care_messages(500)
    assert messages == care_messages(500)
    frustrated = sum(score for *_, score in messages)
    assert 150 < frustrated < 250
    assert all("{" not in text for text, *_ in messages)


def test_an_epoch_sees_a_part_of_a_large_source_and_all_of_a_small_one() -> None:
    pool = [Example(f"a comment {number}", (0, 1, 0), "reddit") for number in range(13_000)]
    pool += [Example(f"a tweet {number}", (0, 1, 0), "tweets") for number in range(50)]
    drawn = draw(pool, 0, random.Random(1))
    assert sum(example.source == "reddit" for example in drawn) == 12_000
    assert sum(example.source == "tweets" for example in drawn) == 50
    again = draw(pool, 1, random.Random(1))
    assert [example.text for example in again] != [example.text for example in drawn]


def test_corrections_are_learned_from_by_message() -> None:
    lines = [
        {"text": "@mara late again", "namespace": "sentiment", "label": "negative"},
        {"text": "@mara late again", "namespace": "mood", "label": "frustrated"},
        {"text": "thanks", "namespace": "sentiment", "label": "positive"},
        {"text": "thanks", "namespace": "mood", "label": None},
        {"text": "a parcel", "namespace": "topic", "label": "parcels"},
        {"text": "", "namespace": "sentiment", "label": "neutral"},
    ]
    late, thanks = from_corrections(map(json.dumps, lines))
    assert late.text == "@user late again"
    assert late.target == pytest.approx((0.9, 0.05, 0.05))
    assert late.frustrated == 1
    assert thanks.target == pytest.approx((0.05, 0.05, 0.9))
    assert thanks.frustrated == 0


def _labelled(folder: Path, name: str, *rows: tuple[str, str]) -> Path:
    file = folder / name
    lines = [f"{number}\t{label}\t{text}\n" for number, (label, text) in enumerate(rows)]
    file.write_text("".join(lines), encoding="utf-8")
    return file


def test_a_tweet_that_is_measured_with_is_not_learned_though_it_lost_its_link(
    tmp_path: Path,
) -> None:
    file = _labelled(
        tmp_path,
        "a.tsv",
        ("neutral", "The new bridge opens on Monday at noon https://t.example/x"),
        ("positive", "What a lovely bridge this has become for all of us"),
    )
    learned = list(_semeval([file], ["The new bridge opens on Monday at noon"]))
    assert [example.text for example in learned] == [
        "What a lovely bridge this has become for all of us"
    ]
    assert max(learned[0].target) == learned[0].target[CLASSES.index("positive")]


def test_a_tweet_is_learned_once_and_not_where_two_parts_call_it_otherwise(tmp_path: Path) -> None:
    one = _labelled(tmp_path, "a.tsv", ("neutral", "It rains"), ("positive", "Nice shop"))
    two = _labelled(tmp_path, "b.tsv", ("neutral", "It rains"), ("negative", "Nice shop"))
    assert [example.text for example in _semeval([one, two], [])] == ["It rains"]
