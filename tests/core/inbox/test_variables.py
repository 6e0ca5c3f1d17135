"""Variables in what people write, and the names that fill them."""

from __future__ import annotations

import pytest
from earful.inbox.variables import fill, first_name, split

KNOWN = {"contact.first_name": "Ann", "agent.initials": "SB", "contact.handle": ""}


def test_known_variables_are_filled_in_and_missing_ones_stay_to_be_seen() -> None:
    filled = fill("Hi {contact.first_name} {contact.handle}, ^{ agent.initials }", KNOWN)
    assert filled.text == "Hi Ann {contact.handle}, ^SB"
    assert filled.missing == ("contact.handle",)


def test_a_variable_that_does_not_exist_is_missing_too() -> None:
    assert fill("{contact.shoe_size} {contact.shoe_size}", KNOWN).missing == ("contact.shoe_size",)


@pytest.mark.parametrize("text", ["{x}", "{ }", "{{contact}}", "{contact.}", "a {1} {b.c}", "{"])
def test_other_braces_are_text(text: str) -> None:
    assert fill(text, KNOWN) == fill(text, {})
    assert fill(text, KNOWN).text == text


def test_what_a_person_is_called_is_never_read_as_a_variable() -> None:
    assert fill("Hi {contact.first_name}", {"contact.first_name": "{agent.name}"}).missing == ()


def test_parts_say_what_stands_where() -> None:
    parts = split("Hi {contact.first_name}!{contact.handle}", KNOWN)
    assert [(part.text, part.variable, part.is_missing) for part in parts] == [
        ("Hi ", "", False),
        ("Ann", "contact.first_name", False),
        ("!", "", False),
        ("", "contact.handle", True),
    ]


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Ann Lee", "Ann"),
        ("Jean-Luc Petit", "Jean-Luc"),
        ("O'Hara Mia", "O'Hara"),
        ("أمينة الزهراء", "أمينة"),
        ("\u202eEve", "Eve"),
        ("mira_k", ""),
        ("@yuki6", ""),
        ("A. Smith", ""),
        ("Anonymous", ""),
        ("", ""),
        ("x" * 200, ""),
        ("\u200b\u200b", ""),
    ],
)
def test_only_what_is_surely_a_name_is_used_to_address_somebody(name: str, called: str) -> None:
    assert first_name(name) == called
