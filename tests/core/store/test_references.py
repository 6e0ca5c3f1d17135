"""How people are named in few letters."""

from __future__ import annotations

import pytest
from earful.store.queries.references import initials_of


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Sam Bailey", "SB"),
        ("Ana Maria de Souza", "AS"),
        ("@yuki6", "Y"),
        ("李 雷", "李雷"),
        ("", "?"),
        ("🙂", "?"),
    ],
)
def test_initials_are_of_the_first_and_last_word(name: str, letters: str) -> None:
    assert initials_of(name) == letters
