"""What is remembered between two readings, as JSON text; always bounded in size."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

__all__ = ["FeedCursor", "WordPressCursor", "load"]

VERSION = 1


@dataclass(slots=True, kw_only=True)
class _Cursor:
    for_url: str = ""
    """The configured address this was made for; another one starts anew."""

    def dump(self) -> str:
        told = {name: value for name, value in asdict(self).items() if value}
        return json.dumps({"v": VERSION, "reader": type(self).__name__, **told})

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        known = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})


@dataclass(slots=True, kw_only=True)
class FeedCursor(_Cursor):
    """Where a feed lies, what it last looked like, and how fast it moves."""

    url: str = ""
    etag: str = ""
    modified: str = ""
    seen: dict[str, str] = field(default_factory=dict)
    """What the feed has shown: end of a message's id -> mark of its content, newest last."""
    hurried: bool = False
    """Whether the feed moves too fast to wait for as long as it asks."""
    polite: int = 0
    """Seconds the feed asks readers to wait; 0: no wish."""
    skipped: list[int] = field(default_factory=list)
    """Hours of the day, in UTC, at which the feed asks not to be read."""
    is_wordpress: bool = False
    trust: bool = False
    """Whether the next answer of "unchanged" may be believed."""


@dataclass(slots=True, kw_only=True)
class WordPressCursor(_Cursor):
    """How far the comments were read, and what the recent ones looked like."""

    root: str = ""
    post: str = ""
    me: str = ""
    since: str = ""
    """Date of the newest comment seen."""
    after: str = ""
    """Where the pages of the round under way start; fixed until its last page."""
    page: int = 1
    looking_back: bool = False
    """Whether the next fetch re-reads the recent comments."""
    rounds: int = 0
    known: dict[str, list[Any]] = field(default_factory=dict)
    """Recent comments: number -> [seconds since 1970, digest]."""


def load(text: str, url: str) -> FeedCursor | WordPressCursor | None:
    """The stored cursor; None if there is none, or if it belongs to another address or version."""
    try:
        stored = json.loads(text) if text else {}
    except ValueError:
        return None
    if not isinstance(stored, dict) or stored.get("v") != VERSION or stored.get("for_url") != url:
        return None
    kinds: dict[str, type[FeedCursor | WordPressCursor]] = {
        "FeedCursor": FeedCursor,
        "WordPressCursor": WordPressCursor,
    }
    kind = kinds.get(str(stored.get("reader")))
    return kind.of(stored) if kind else None
