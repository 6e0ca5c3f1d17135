"""What a policy did, told again in the reader's language.

The timeline keeps the English words of the moment, because policies change. They were made from
the sentences of the actions, so those sentences recognise them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from earful.policies.actions import ACTIONS, Wish
from earful.wording import gettext as _
from earful.wording import mark

__all__ = ["MOVED_NOTHING", "retold"]

MOVED_NOTHING = mark("left queue and priority as they are: earlier messages need more attention")
_OVERRULED = re.compile(r"did not (?P<wish>.+): an earlier policy decided “(?P<value>.*)”")


def retold(stored: str) -> str:
    """The stored words as the reader would say them; as they are where no action knows them."""
    if found := _OVERRULED.fullmatch(stored):
        return _(
            "did not %(wish)s: an earlier policy decided “%(value)s”",
            wish=_wish(found["wish"], "says") or found["wish"],
            value=found["value"],
        )
    return _wish(stored, "done") or _(stored)


def _wish(stored: str, form: str) -> str:
    for name, pattern in _patterns(form):
        if found := pattern.fullmatch(stored):
            wish = Wish(name, found.groupdict().get("value", ""))
            return wish.done if form == "done" else wish.words
    return ""


@cache
def _patterns(form: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(_made(form))


def _made(form: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    for name, known in ACTIONS.items():
        before, placeholder, after = getattr(known, form).partition("%(value)s")
        value = "(?P<value>.*)" if placeholder else ""
        yield name, re.compile(f"{re.escape(before)}{value}{re.escape(after)}")
