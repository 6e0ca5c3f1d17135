"""Messages to customer care, put together from parts we wrote: who is frustrated, and who is not.

None of the sets we could use says who is frustrated with a service. Frustration, as people
in care mean it, is a need that stays unmet: waiting, asking again, being sent around, giving up.
These messages teach that; they know only the wordings of `care.toml`, which is why the model's
score is measured on messages written apart from them (`care_check.tsv`).
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from pathlib import Path

from training.targets import Target

__all__ = ["Message", "care_messages"]

Message = tuple[str, Target, float]
"""Text, tone, and how frustrated from 0 to 1."""

_NEGATIVE: Target = (0.9, 0.1, 0.0)
_CONCERNED: Target = (0.4, 0.6, 0.0)
_NEUTRAL: Target = (0.08, 0.87, 0.05)
_POSITIVE: Target = (0.0, 0.1, 0.9)

_WORDINGS = tomllib.loads(Path(__file__).with_name("care.toml").read_text(encoding="utf-8"))


def care_messages(count: int = 3_000, seed: int = 7) -> list[Message]:
    """`count` messages, two in five frustrated; the same ones for the same seed."""
    order = random.Random(seed)  # noqa: S311
    return [message for _, message in zip(range(count), _endless(order), strict=False)]


def _endless(order: random.Random) -> Iterator[Message]:
    while True:
        yield _frustrated(order)
        yield _frustrated(order)
        yield _plain(order, "asked", _NEUTRAL)
        if order.random() < 0.5:  # noqa: PLR2004
            yield _plain(order, "reported", _CONCERNED)
        else:
            yield _plain(order, "bad_but_not_unmet", _NEGATIVE)
        yield _plain(order, "thanked", _POSITIVE)


def _frustrated(order: random.Random) -> Message:
    around = (order.choice(_WORDINGS[kind]) for kind in ("outbursts", "last_words"))
    parts = [_filled(order, "unmet"), *around]
    if order.random() < 0.3:  # noqa: PLR2004
        order.shuffle(parts)
    text = order.choice((". ", "! ", ", ", " ... ", ". ")).join(part for part in parts if part)
    return _addressed(order, text), _NEGATIVE, 1.0


def _plain(order: random.Random, kind: str, tone: Target) -> Message:
    return _addressed(order, _filled(order, kind)), tone, 0.0


def _filled(order: random.Random, kind: str) -> str:
    wording: str = order.choice(_WORDINGS[kind])
    return wording.format(thing=order.choice(_WORDINGS["things"]))


def _addressed(order: random.Random, text: str) -> str:
    before = order.choice(("", "", "@user ", "@user @user "))
    return (
        before
        + text
        + order.choice(("", "", "", " http", "!", " #fail" if "again" in text else ""))
    )
