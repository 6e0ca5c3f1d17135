"""Strangers' text, made safe to keep; and the few things we read out of it ourselves."""

from __future__ import annotations

import hashlib
import re

__all__ = ["clean", "identifier", "is_mere_thanks", "one_line", "snippet", "title_from"]

MAX_TEXT = 65_536
_UNKEEPABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W\d_]+")

# A thank-you is a few words that thank, and nothing that asks, tells or denies.
_THANKS = frozenset(
    [
        "thanks",
        "thank",
        "thankyou",
        "thx",
        "ty",
        "cheers",
        "danke",
        "dankeschön",
        "merci",
        "gracias",
        "obrigado",
        "obrigada",
        "grazie",
        "tack",
        "takk",
        "tak",
        "dank",
        "bedankt",
        "kiitos",
        "dziękuję",
        "děkuji",
        "спасибо",
    ]
)
_COMPANY = frozenset(
    [
        "you",
        "so",
        "much",
        "very",
        "a",
        "lot",
        "lots",
        "many",
        "again",
        "all",
        "for",
        "the",
        "your",
        "quick",
        "fast",
        "help",
        "reply",
        "answer",
        "response",
        "great",
        "perfect",
        "awesome",
        "super",
        "it",
        "works",
        "now",
        "solved",
        "ok",
        "okay",
        "everyone",
        "guys",
        "team",
        "sehr",
        "viele",
        "vielen",
        "schön",
        "beaucoup",
        "muchas",
        "por",
        "todo",
        "muito",
        "mille",
        "très",
        "bien",
    ]
)
_MOST_WORDS = 10


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """The text without what no database or page can hold, cut at `limit` characters."""
    kept = _UNKEEPABLE.sub("", text) if not text.isascii() or not text.isprintable() else text
    return kept if len(kept) <= limit else f"{kept[: limit - 1]}…"


def identifier(text: str, limit: int = 500) -> str:
    """A platform's id as it is kept. Ids that are too long stay different from each other."""
    kept = _UNKEEPABLE.sub("", text) if not text.isprintable() else text
    if len(kept) <= limit:
        return kept
    digest = hashlib.sha256(kept.encode()).hexdigest()
    return f"{kept[: limit - len(digest) - 1]}#{digest}"


def one_line(text: str, limit: int) -> str:
    """The text on one line, cut at `limit` characters."""
    line = _SPACE.sub(" ", clean(text, limit * 8)).strip()
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def snippet(text: str) -> str:
    """How a message is shown in a list."""
    return one_line(text, 160)


def title_from(text: str) -> str:
    """The subject of a conversation whose thread has no title."""
    return one_line(text, 80)


def is_mere_thanks(text: str) -> bool:
    """Whether a message does nothing but thank: it reopens nothing and starts no clock.

    Careful on purpose: any unknown word or a question mark makes it a message to be read.
    """
    if len(text) > 200 or "?" in text:  # noqa: PLR2004 - longer than any mere thank-you
        return False
    words = [word.casefold() for word in _WORD.findall(text)]
    return (
        0 < len(words) <= _MOST_WORDS
        and any(word in _THANKS for word in words)
        and all(word in _THANKS or word in _COMPANY for word in words)
    )
