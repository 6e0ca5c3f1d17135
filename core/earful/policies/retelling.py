"""What a policy did and why, told again in the reader's language.

The timeline keeps the English words of the moment, because policies change. They were made from
the words of facts, questions and actions, so those words recognise them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from earful.policies.actions import ACTIONS, Wish
from earful.policies.facts import Fact, FactRegistry
from earful.policies.operators import OPERATORS
from earful.wording import gettext as _
from earful.wording import mark

__all__ = ["MOVED_NOTHING", "retold", "retold_reason"]

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


def retold_reason(stored: str) -> str:
    """Why a policy held, as the reader would say it; as it is where no fact knows the words."""
    for fact in _facts():
        asked = stored.removeprefix(f"{fact.title} ")
        if asked != stored and (said := _answered(fact, asked)):
            return said
    return _(stored)


def _answered(fact: Fact, asked: str) -> str:
    for question in _questions(fact):
        words = {"fact": _(fact.title), "question": _(question)}
        if asked == question:
            return _("%(fact)s %(question)s", **words)
        value = asked.removeprefix(f"{question} ")
        if value != asked:
            return _("%(fact)s %(question)s %(value)s", value=_value(fact, value), **words)
    return ""


def _value(fact: Fact, stored: str) -> str:
    if fact.choices:
        return _(" or ").join(map(_, stored.split(" or ")))
    return stored.replace("” or “", f"”{_(' or ')}“")


@cache
def _facts() -> tuple[Fact, ...]:
    """The longest title first: one may begin as another does."""
    return tuple(sorted(FactRegistry.standard(), key=lambda fact: -len(fact.title)))


@cache
def _questions(fact: Fact) -> tuple[str, ...]:
    asked = OPERATORS[fact.type].values()
    return tuple(sorted({word for one in asked for word in (one.title, one.denies)}, key=len))[::-1]


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
