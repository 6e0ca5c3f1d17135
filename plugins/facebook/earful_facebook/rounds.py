"""The cursor of a channel: how far the present round of looking has come, and what it saw last.

A round goes through the newest posts with their comments, and the newest conversations with their
messages. It is cut into steps of one call each. The cursor is stored together with what the steps
brought, so a round goes on wherever it was interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from earful_facebook.values import moment

__all__ = ["Round", "Seen", "Step"]

_HOURLY = timedelta(hours=1)
_PAGE_SIZE = 10


@dataclass(slots=True, kw_only=True)
class Step:
    """One call that is still to be made: what is listed, of which object, from where on."""

    kind: str
    of: str = ""
    after: str = ""
    done: int = 0
    """How many items, or pages, earlier steps of this list have seen."""
    until: float = 0.0
    """The time (epoch seconds) up to which the round before has read this list."""
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Seen:
    """A post as it was last seen: when it was written, and its newest comments with their times.

    Times are epoch seconds.
    """

    at: float
    comments: dict[str, float] = field(default_factory=dict)

    @property
    def until(self) -> float:
        """Up to when its comments have been read."""
        return max(self.comments.values(), default=0.0)


@dataclass(slots=True, kw_only=True)
class Round:
    """The whole cursor."""

    page: str
    began: str = ""
    """When this Page was first read: what is older was never pushed to us."""
    hourly: str = ""
    """When the slow lists and the connection were last looked at."""
    todo: list[Step] = field(default_factory=list)
    posts: dict[str, Seen] = field(default_factory=dict)
    listed: dict[str, float] = field(default_factory=dict)
    """The posts that this round has come across, with their times."""
    shown: list[str] = field(default_factory=list)
    """The lists in which this round has come across words of others than the Page."""
    talked: float = 0.0
    """When somebody last wrote in Messenger, as the last look at the conversations showed it."""
    missed: int = 0
    notes: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """The notes of the last thorough round, to tell each one once."""
    is_thorough: bool = False
    """Whether this round also goes through what is looked at hourly."""
    page_size: int = _PAGE_SIZE

    @classmethod
    def load(cls, cursor: str, page: str) -> Round:
        """Read back what `dump` wrote. Another Page, or another form, begins anew."""
        try:
            kept = json.loads(cursor) if cursor else {}
            if kept.get("page") != page:
                return cls(page=page)
            return cls(**_known(cls, kept) | {
                "todo": [Step(**_known(Step, each)) for each in kept.get("todo", [])],
                "posts": {key: Seen(**_known(Seen, each))
                          for key, each in kept.get("posts", {}).items()},
            })  # fmt: skip
        except (ValueError, TypeError, AttributeError):
            return cls(page=page)

    def dump(self) -> str:
        """As text, without whatever says nothing."""
        kept = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(kept, separators=(",", ":"))

    def start(self, now: datetime) -> None:
        """Plan a new round."""
        # Facebook tells times in whole seconds.
        self.began = self.began or now.replace(microsecond=0).isoformat()
        self.listed, self.shown, self.missed, self.notes = {}, [], 0, []
        self.todo = [Step(kind="posts"), Step(kind="conversations")]
        last = moment(self.hourly)
        self.is_thorough = last is None or now - last >= _HOURLY
        if self.is_thorough:
            self.todo += [Step(kind="tagged"), Step(kind="ratings"), Step(kind="connection")]
            self.hourly = now.isoformat()

    def end(self) -> str:
        """Keep in mind only what the next round will come across again; the notes not yet told."""
        self.posts = {key: self.posts[key] for key in self.listed if key in self.posts}
        news = [note for note in dict.fromkeys(self.notes) if note not in self.told]
        self.told = self.notes if self.is_thorough else [*self.told, *news]
        return " ".join(news)


def _known(kind: type, kept: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in kept.items() if name in names}
