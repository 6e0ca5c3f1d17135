"""What X's recent search is asked: watch terms and conversations; pure. It reaches back seven days.

Operators: https://docs.x.com/x-api/posts/search/integrate/operators. A query of a self-serve tier
may have 512 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from earful import Settings
from pydantic import Field, field_validator

__all__ = [
    "LONGEST_QUERY",
    "WatchTerm",
    "conversation_batches",
    "conversation_query",
    "watch_query",
]

LONGEST_QUERY = 512
LONGEST_WORD = 100
MOST_WORDS = 20
CONVERSATIONS_PER_QUERY = 10
_PLAIN = re.compile(r"[#@$]?\w+")
_OPERATORS = frozenset({"OR", "AND"})
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class WatchTerm(Settings):
    """Words to look for in public posts that do not mention the account."""

    name: str = Field(description="Short name; it becomes the label watch:NAME")
    include: tuple[str, ...] = Field(description="Words or phrases; one of them must be there")
    exclude: tuple[str, ...] = Field(default=(), description="Words that rule a post out")
    language: str = Field(default="", description="Only posts in this language, such as en")
    industry: bool = Field(
        default=False,
        description="Talk about the trade: kept and searchable, but opens no conversation",
    )

    @field_validator("name")
    @classmethod
    def _is_label(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("must be lower-case letters, digits and hyphens, such as our-brand")
        return value

    @field_validator("include", "exclude")
    @classmethod
    def _are_words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        words = tuple(word.strip() for word in value)
        if not all(words) or len(words) > MOST_WORDS:
            raise ValueError(f"must hold at most {MOST_WORDS} words, none of them empty")
        for word in words:
            if '"' in word or "\\" in word or len(word) > LONGEST_WORD:
                raise ValueError(f"{word[:40]!r}: no quotes, and at most {LONGEST_WORD} letters")
        return words

    @field_validator("include")
    @classmethod
    def _has_words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("must hold at least one word")
        return value

    @field_validator("language")
    @classmethod
    def _is_language(cls, value: str) -> str:
        if value and not re.fullmatch(r"[a-z]{2,3}", value):
            raise ValueError("must be a code of two or three letters, such as en")
        return value


def watch_query(term: WatchTerm, handle: str) -> str:
    """Posts with one of the words and none of the others, that are neither reposts nor our own."""
    wanted = " OR ".join(_word(word) for word in term.include)
    parts = [
        f"({wanted})" if len(term.include) > 1 else wanted,
        *(f"-{_word(word)}" for word in term.exclude),
        "-is:retweet",
        f"-from:{handle}" if handle else "",
        f"lang:{term.language}" if term.language else "",
    ]
    return " ".join(part for part in parts if part)


def conversation_query(conversations: Iterable[str], handle: str) -> str:
    """Everything that others wrote anywhere in these conversations."""
    places = " OR ".join(f"conversation_id:{one}" for one in conversations)
    return f"({places}) -is:retweet" + (f" -from:{handle}" if handle else "")


def conversation_batches(conversations: Sequence[str]) -> list[Sequence[str]]:
    """As many conversations as one query holds."""
    size = CONVERSATIONS_PER_QUERY
    return [conversations[at : at + size] for at in range(0, len(conversations), size)]


def _word(word: str) -> str:
    return word if _PLAIN.fullmatch(word) and word not in _OPERATORS else f'"{word}"'
