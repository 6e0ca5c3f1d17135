"""A conversation's timeline as it is read: one line after another, by day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby
from typing import Any, Literal

from earful.store.queries.conversation import ThreadLine
from earful.store.queries.timeline import (
    EventLine,
    MessageLine,
    NoteLine,
    ReplyLine,
    Timeline,
)
from earful.store.states import Direction, ReplyState
from earful.types import Surface
from earful.wording import gettext as _

from earful_admin.formats import dated
from earful_admin.inbox.sentences import SHOWN_IN_PLACE, Sentence, sentence

__all__ = ["Day", "Entry", "by_day", "day_words"]

_NEVER_SHOWN = {ReplyState.UNDONE, ReplyState.DRAFT}
_WEEK = timedelta(days=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: a message, a reply on its way, a note or an event.

    An outbound message carries the reply it came from; without one it was written on the
    platform itself. `place` is given where the talk goes on in another thread than before, and
    `is_first_new` where a reader has not read on.
    """

    kind: Literal["message", "reply", "note", "event"]
    id: int
    at: datetime
    message: MessageLine | None = None
    reply: ReplyLine | None = None
    note: NoteLine | None = None
    sentence: Sentence | None = None
    place: ThreadLine | None = None
    is_first_new: bool = False

    @property
    def key(self) -> str:
        """Its id in the page."""
        return f"{self.kind}-{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The lines of one day in the business's time zone."""

    date: date
    words: str
    entries: tuple[Entry, ...]


def by_day(
    timeline: Timeline,
    *,
    zone: tzinfo,
    now: datetime,
    threads: Sequence[ThreadLine] = (),
    read_to: int | None = None,
) -> tuple[Day, ...]:
    """Everything that happened, oldest first, under the day it happened on.

    With several `threads`, it says where the talk moves from one to another. `read_to` is the
    last message that the reader has read.
    """
    entries = sorted(_entries(timeline, zone), key=lambda entry: (entry.at, _RANK[entry.kind]))
    entries = _first_new(_placed(entries, threads), read_to)
    today = now.astimezone(zone).date()
    return tuple(
        Day(date=day, words=day_words(day, today), entries=tuple(lines))
        for day, lines in groupby(entries, key=lambda entry: entry.at.astimezone(zone).date())
    )


def day_words(day: date, today: date) -> str:
    """How people call a day: Today, Yesterday, Monday, 3 November, 3 November 2025."""
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    if timedelta() < today - day <= _WEEK:
        return dated(day, "EEEE")
    return dated(day, _("d MMMM") if day.year == today.year else _("d MMMM y"))


_PRIVATE = ThreadLine(id=0, external_id="", surface=Surface.PRIVATE, title="", url=None)
"""Where a private reply goes while the platform has told of no private thread."""


def _placed(entries: list[Entry], threads: Sequence[ThreadLine]) -> list[Entry]:
    places = {thread.id: thread for thread in threads}
    private = next((each for each in threads if each.surface is Surface.PRIVATE), _PRIVATE)
    if any(entry.reply and entry.reply.surface is Surface.PRIVATE for entry in entries):
        places.setdefault(private.id, private)
    if len(places) < 2:  # noqa: PLR2004 - in one thread nothing moves
        return entries
    threads_of = {entry.id: entry.message.thread_id for entry in entries if entry.message}
    placed: list[Entry] = []
    here: int | None = None
    for entry in entries:
        there = _thread_of(entry, private.id, threads_of)
        moved = there is not None and there != here and there in places
        placed.append(replace(entry, place=places[there]) if moved and there is not None else entry)
        here = here if there is None else there
    return placed


def _thread_of(entry: Entry, private: int, threads_of: Mapping[int, int | None]) -> int | None:
    """Where a line stands; None for what stands wherever the talk is."""
    if entry.message:
        return entry.message.thread_id
    if entry.reply is None:
        return None
    if entry.reply.surface is Surface.PRIVATE:
        return private
    return threads_of.get(entry.reply.message_id)


def _first_new(entries: list[Entry], read_to: int | None) -> list[Entry]:
    if read_to is None:
        return entries
    for at, entry in enumerate(entries):
        message = entry.message
        if message and message.id > read_to and message.direction is Direction.IN:
            first = replace(entry, is_first_new=at > 0)
            return [*entries[:at], first, *entries[at + 1 :]]
    return entries


_RANK = {"message": 0, "reply": 1, "note": 2, "event": 3}
"""What stands first among lines of the same moment."""


def _entries(timeline: Timeline, zone: tzinfo) -> Iterable[Entry]:
    ours = {reply.external_id: reply for reply in timeline.replies if reply.external_id}
    shown = set()
    for message in timeline.messages:
        is_ours = message.direction is Direction.OUT
        reply = ours.get(message.external_id) if is_ours else None
        shown.add(reply.id if reply else None)
        yield Entry(kind="message", id=message.id, at=message.at, message=message, reply=reply)
    for reply in timeline.replies:
        if reply.id not in shown and reply.state not in _NEVER_SHOWN:
            yield Entry(kind="reply", id=reply.id, at=reply.at, reply=reply)
    for note in timeline.notes:
        yield Entry(kind="note", id=note.id, at=note.at, note=note)
    for event in _worth_telling(timeline.events):
        yield Entry(kind="event", id=event.id, at=event.at, sentence=sentence(event, zone))


def _worth_telling(events: Sequence[EventLine]) -> Iterable[EventLine]:
    """Every event but those told in place, and routings that decided what stood already."""
    last: Any = None
    for event in events:
        if event.kind in SHOWN_IN_PLACE:
            continue
        if event.kind == "routed":
            names = [each.get("name") for each in event.data.get("policies") or ()]
            decided = (event.data.get("queue"), names)
            if decided == last or (last is not None and not names and not _by_router(event)):
                continue
            last = decided
        yield event


def _by_router(event: EventLine) -> bool:
    return str(event.data.get("by", "")).startswith("router:")
