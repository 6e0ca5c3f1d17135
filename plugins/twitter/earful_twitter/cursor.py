"""What is remembered between two readings, as one JSON text of bounded size.

Every reader keeps its own place. A list is read newest first, page by page; only with its last
page does the reader move on, so that a crash between two pages loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from earful_twitter.meta import as_id, time_of, when

__all__ = ["MOST_CONVERSATIONS", "Cursor", "Place", "newest"]

VERSION = 1
MOST_CONVERSATIONS = 20
_LONG = 10**9


@dataclass(slots=True)
class Place:
    """How far one list was read."""

    since: str = ""
    """The newest id that is known, with everything before it."""
    page: str = ""
    """The token of the next page of the round under way; "" between rounds."""
    top: str = ""
    """The newest id that the round under way has seen: `since` once the round ends."""
    count: int = 0
    """How many items the round under way has seen."""
    due: str = ""
    """When the list is read again; "" for at once."""
    query: str = ""
    """What the list was asked with: another question starts anew."""

    def is_due(self, now: datetime) -> bool:
        """Whether to read: a round is under way, or its time has come."""
        at = when(self.due)
        return bool(self.page) or at is None or at <= now

    def turn(self, ids: list[str], next_page: str) -> None:
        """A page was read: go on with the next one, or end the round."""
        self.top = newest([self.top, *ids])
        self.count += len(ids)
        self.page = next_page
        if not next_page:
            self.end()

    def end(self) -> None:
        """The round is over: all that is newer than `since` was seen."""
        self.since, self.top = newest([self.since, self.top]), ""
        self.page, self.count = "", 0

    def restart(self) -> None:
        """Begin the round anew: its page is not known any more."""
        self.page, self.top, self.count = "", "", 0


@dataclass(slots=True)
class Cursor:
    """The places of all readers, and the account they belong to."""

    account: str = ""
    mentions: Place = field(default_factory=Place)
    direct: Place = field(default_factory=Place)
    replies: Place = field(default_factory=Place)
    watch: dict[str, Place] = field(default_factory=dict)
    conversations: dict[str, list[str]] = field(default_factory=dict)
    """Recent conversations, at most `MOST_CONVERSATIONS`, the liveliest last: id -> (the newest
    post known there; the post until which it was searched, "" for never)."""
    recent: list[str] = field(default_factory=list)
    """The latest posts, to be looked up again; newest last."""
    rechecked: str = ""
    """The day (UTC) on which the latest posts were looked up."""
    recheck: list[str] = field(default_factory=list)
    """Posts that this day's look still has to ask for."""
    alive: str = ""
    """When this channel was read last: a long pause means that pushes may have been missed."""
    usual: int = 0
    """Seconds between the last two readings: as long a pause is none."""
    missed: str = ""
    """Since when pushes may have been missed that X has not sent again; "" for none."""
    heard: str = ""
    """Until when the stream was listened to."""

    def dump(self) -> str:
        """As text, without what says nothing."""
        return json.dumps({"v": VERSION, **_told(asdict(self))}, separators=(",", ":"))

    @classmethod
    def load(cls, text: str, account: str) -> Cursor:
        """The stored cursor; a fresh one if there is none, or if it is another account's."""
        try:
            stored = json.loads(text) if text else {}
        except ValueError:
            stored = {}
        if not isinstance(stored, dict) or stored.get("v") != VERSION:
            stored = {}
        if stored.get("account") != account:
            return cls(account=account)
        return _of(stored, account)

    def remember(self, posts: Mapping[str, str], keep: int) -> None:
        """Note posts that were read: id -> conversation."""
        for identifier, conversation in sorted(posts.items(), key=lambda one: int(one[0])):
            if conversation:
                latest, searched = self.conversations.pop(conversation, [conversation, ""])
                self.conversations[conversation] = [newest([latest, identifier]), searched]
            self.recent = [*(one for one in self.recent if one != identifier), identifier]
        self.recent = self.recent[len(self.recent) - keep :] if keep else []
        while len(self.conversations) > MOST_CONVERSATIONS:
            del self.conversations[next(iter(self.conversations))]

    def forget_before(self, moment: datetime) -> None:
        """Let go of conversations and posts older than that: nobody can search for them."""
        self.conversations = {
            conversation: places
            for conversation, places in self.conversations.items()
            if (time_of(places[0]) or moment) >= moment
        }
        self.recent = [one for one in self.recent if (time_of(one) or moment) >= moment]


def newest(ids: list[str]) -> str:
    """The greatest id, which X gave out last; "" of none."""
    return max((one for one in ids if one), key=int, default="")


def _told(value: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: _told(one) if isinstance(one, dict) else one for key, one in value.items()}
    return {key: one for key, one in shown.items() if one not in ("", {}, [], 0)}


def _of(stored: Mapping[str, Any], account: str) -> Cursor:
    watch = stored.get("watch")
    talks = stored.get("conversations")
    return Cursor(
        account=account,
        mentions=_place(stored.get("mentions")),
        direct=_place(stored.get("direct")),
        replies=_place(stored.get("replies")),
        watch={str(name): _place(one) for name, one in _map(watch).items()},
        conversations={
            as_id(one): [as_id(places[0]) or as_id(one), as_id(places[1])]
            for one, places in _map(talks).items()
            if as_id(one) and isinstance(places, list) and len(places) == len(("latest", "until"))
        },
        recent=_ids(stored.get("recent")),
        rechecked=str(stored.get("rechecked", "")),
        recheck=_ids(stored.get("recheck")),
        alive=str(stored.get("alive", "")),
        usual=_count(stored.get("usual")),
        missed=str(stored.get("missed", "")),
        heard=str(stored.get("heard", "")),
    )


def _place(stored: Any) -> Place:
    found = _map(stored)
    return Place(
        since=as_id(found.get("since")),
        page=str(found.get("page", "")),
        top=as_id(found.get("top")),
        count=_count(found.get("count")),
        due=str(found.get("due", "")),
        query=str(found.get("query", "")),
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value <= _LONG else 0


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _ids(value: Any) -> list[str]:
    return [one for one in map(as_id, value if isinstance(value, list) else []) if one]
