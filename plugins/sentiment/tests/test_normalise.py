from __future__ import annotations

import pytest
from earful_sentiment.normalise import NORMALISATION, normalise
from hypothesis import given
from hypothesis import strategies as st


def test_the_rules_have_a_name_that_models_can_state() -> None:
    assert NORMALISATION == "social-1"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("@mara_lind thanks!", "@user thanks!"),
        ("ask @ben@social.example, please", "ask @user, please"),
        ("write to help@shop.example", "write to help@shop.example"),
        ("see https://shop.example/a?b=c now", "see http now"),
        ("WWW.shop.example is down", "http is down"),
        ("tea &amp; cake &lt;3", "tea & cake <3"),
        ("love it &amp;lt;3", "love it <3"),
        (r"don\u2019t \"wait\"", 'don\'t "wait"'),
        ("  two\n\n lines\t", "two lines"),
        ("I WAITED and waited", "I WAITED and waited"),
        ("nooooooo!!!!!!", "nooo!!!"),
        ("#WorstDelivery2day_ever", "#Worst Delivery 2 day ever"),
        ("late again \U0001f621", "late again pouting face"),
        ("yes \U0001f44d\U0001f3fd", "yes thumbs up"),
        ("ok\u2764\ufe0fok", "ok red heart ok"),
        ("a\x00b \ud800 c \u202ed", "a b c d"),
        ("", ""),
        ("\u200f\u200f", ""),
    ],
)
def test_text_is_read_as(written: str, read: str) -> None:
    assert normalise(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "&#" + "9" * 1_000_000 + ";",
        "&" * 1_000_000,
        "@" * 1_000_000,
        "@a" * 500_000,
        "@a@a." * 200_000,
        "#aA1_" * 200_000,
        "\\u" * 500_000,
        "\\" * 1_000_000,
        "\ud800" * 1_000_000,
        "\x00" * 1_000_000,
        "\u202e" * 1_000_000,
        "www.http://" * 90_000,
        "\U0001f602\U0001f621" * 500_000,
        "@user " * 50_000,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_hostile_text_is_read_and_grows_little(text: str) -> None:
    assert len(normalise(text)) <= 2 * len(text) + 5_000


@given(st.text())
def test_anything_becomes_one_line_that_can_be_stored(text: str) -> None:
    read = normalise(text)
    assert read == " ".join(read.split())
    read.encode()
    assert "\x00" not in read
