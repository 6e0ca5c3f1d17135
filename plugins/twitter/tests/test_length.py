"""How long a reply is to X."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from earful_twitter.costs import has_link
from earful_twitter.length import weighted_length

TABLE = Path(__file__).parents[4] / "shared" / "data" / "twitter-text-validate.yml"


def cases() -> list[Any]:
    if not TABLE.exists():
        return []
    tests = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["tests"]
    return [
        pytest.param(case["text"], case["expected"]["weightedLength"], id=case["description"])
        for group in (
            "WeightedTweetsWithDiscountedEmojiCounterTest",
            "UnicodeDirectionalMarkerCounterTest",
        )
        for case in tests[group]
    ]


@pytest.mark.parametrize(("text", "expected"), cases())
def test_the_published_cases_agree(text: str, expected: int) -> None:
    assert weighted_length(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("Hello", 5),
        ("Grüße aus Köln", 14),
        ("cafe\u0301", 4),
        ("自転車", 6),
        ("\N{GRINNING FACE}", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("👍🏽", 2),
        ("🇩🇪", 2),
        ("See https://shop.example.com/a/very/long/address?with=parameters#and-more", 4 + 23),
        ("See example.com now", 4 + 23 + 4),
        ("@mirabrand Hello", 5),
        ("@mirabrand @wheelsofayla Hello @jonas_feld", 17),
        ("@mirabrand", 0),
        ("Hello @mirabrand", 16),
        ("a@mirabrand b", 13),
        ("line\r\nline", 9),
    ],
)
def test_weighted_characters(text: str, expected: int) -> None:
    assert weighted_length(text) == expected


def test_a_flood_of_text_is_counted_in_time() -> None:
    assert weighted_length("x" * 1_000_000) == 1_000_000
    assert weighted_length("x.y" * 100_000) > 280
    assert weighted_length("x.y。" * 100_000) > 280
    assert not has_link("x.y" * 100_000)
    assert weighted_length("@a " * 300_000) > 280
    assert weighted_length("\ud800") == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://shop.example.com/a", True),
        ("look at shop.example.com", True),
        ("x.com", True),
        ("no link", False),
        ("version 3.5 is out", False),
        ("Yes.No", True),
    ],
)
def test_a_link_is_seen_where_x_sees_one(text: str, *, found: bool) -> None:
    assert has_link(text) is found
