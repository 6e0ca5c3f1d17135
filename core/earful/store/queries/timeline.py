"""What happened in one conversation, a page of messages at a time.

The messages make the page; replies, notes and events are those of the same stretch
of time, so that a thread of thousands of messages costs no more than a short one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN, Field

from earful.store.database import connection
from earful.store.models import (
    Agent,
    Event,
    Identity,
    Message,
    MessageVersion,
    Note,
    Reply,
)
from earful.store.queries.attachments import AttachmentLine, attachments_of
from earful.store.queries.labels import LabelScore, standing_labels
from earful.store.queries.paging import Cursor, after, before
from earful.store.queries.reading import Prepared, dicts, prepared
from earful.store.queries.references import AgentName, agent_name
from earful.store.queries.writing import mentioned
from earful.store.states import Direction, ReplyState
from earful.types import Attachment, AttachmentKind, RemovalKind, Surface

__all__ = [
    "EventLine",
    "MessageLine",
    "NoteLine",
    "Quote",
    "ReplyLine",
    "Timeline",
    "Version",
    "stretch_around",
    "timeline",
]

MOST_BESIDE = 400
"""How many replies, notes or events are shown beside one page of messages."""
MOST_SHOWN = 50
"""How many messages are read at once."""
MOST_AFTER = 20
"""How many messages are shown after one that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a message said before it was edited."""

    number: int
    text: str
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The message another one answers."""

    id: int
    author: str
    text: str
    removal: RemovalKind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """One message of the platform. `quote` is what it answers, unless that is just above it."""

    id: int
    external_id: str
    thread_id: int
    direction: Direction
    surface: Surface
    author: str
    handle: str
    verified: bool
    reach: int | None
    text: str
    attachments: tuple[Attachment, ...]
    quote: Quote | None
    url: str | None
    sent_at: datetime
    edited_at: datetime | None
    removal: RemovalKind | None
    removed_at: datetime | None
    labels: tuple[LabelScore, ...]
    versions: tuple[Version, ...]

    @property
    def at(self) -> datetime:
        return self.sent_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyLine:
    """A reply of ours, and how far it has come."""

    id: int
    message_id: int
    agent: AgentName | None
    surface: Surface
    text: str
    state: ReplyState
    created_at: datetime
    due_at: datetime
    external_id: str | None
    url: str | None
    error: str
    sent_at: datetime | None
    confirmed_at: datetime | None
    scheduled: bool
    snooze_until: datetime | None
    resolve_after: bool
    attachments: tuple[AttachmentLine, ...] = ()

    @property
    def at(self) -> datetime:
        return self.sent_at or self.created_at


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLine:
    """What a colleague noted, and whom they named in it."""

    id: int
    agent: AgentName | None
    text: str
    at: datetime
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """Something that happened; `data` depends on the kind."""

    id: int
    kind: str
    agent: AgentName | None
    data: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One stretch of a conversation; `earlier` is the cursor of the one before it."""

    messages: tuple[MessageLine, ...]
    replies: tuple[ReplyLine, ...]
    notes: tuple[NoteLine, ...]
    events: tuple[EventLine, ...]
    earlier: str | None


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From one moment until another; None where the conversation begins or ends."""

    since: datetime | None
    until: datetime | None

    def covers(self, moment: Field) -> list[Any]:
        found = [] if self.since is None else [moment >= self.since]
        return found if self.until is None else [*found, moment < self.until]


def timeline(
    conversation_id: int, *, until: Cursor | None = None, limit: int = MOST_SHOWN
) -> Timeline:
    """The newest messages, or those before a cursor, with all that stands between them."""
    with connection():
        found = _messages(conversation_id, until, limit + 1)
        more = len(found) > limit
        shown = list(reversed(found[:limit]))
        first = Cursor(at=shown[0]["sent_at"], id=shown[0]["id"]) if shown else None
        stretch = _Stretch(
            since=first.at if first and more else None, until=until.at if until else None
        )
        return Timeline(
            messages=_with_details(shown),
            replies=_replies(conversation_id, stretch),
            notes=_notes(conversation_id, stretch),
            events=_events(conversation_id, stretch),
            earlier=str(first) if more else None,
        )


def stretch_around(conversation_id: int, message_id: int) -> Cursor | None:
    """Where the stretch ends that shows this message and some after it; None for the newest one.

    None too where this conversation has no such message. Reads `MOST_AFTER` messages at most.
    """
    with connection():
        found = dicts(
            Message.select(Message.sent_at, Message.id).where(
                Message.id == message_id, Message.conversation == conversation_id
            )
        )
        if not found:
            return None
        start = Cursor(at=found[0]["sent_at"], id=found[0]["id"])
        later = dicts(
            Message.select(Message.sent_at, Message.id)
            .where(
                Message.conversation == conversation_id,
                after(Message.sent_at, Message.id, start),
            )
            .order_by(Message.sent_at, Message.id)
            .limit(1)
            .offset(MOST_AFTER)
        )
    return Cursor(at=later[0]["sent_at"], id=later[0]["id"]) if later else None


def _messages(conversation_id: int, until: Cursor | None, limit: int) -> list[dict[str, Any]]:
    if until is None:
        return _message_rows(conversation_id, limit)
    earlier = before(Message.sent_at, Message.id, until)
    return dicts(_message_rows.build(conversation_id, limit).where(earlier))


@prepared
def _message_rows(conversation_id: int, limit: int) -> Any:
    return (
        Message.select(
            Message,
            Identity.name.alias("author"),
            Identity.handle,
            Identity.verified,
            Identity.reach,
        )
        .join(Identity)
        .where(Message.conversation == conversation_id)
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(limit)
    )


def _with_details(shown: Sequence[dict[str, Any]]) -> tuple[MessageLine, ...]:
    ids = [row["id"] for row in shown]
    labels = standing_labels(ids)
    versions = _versions([row["id"] for row in shown if row["version"] > 1])
    quotes = _quotes(shown)
    lines = []
    above: str | None = None
    for row in shown:
        parent = row["parent_external_id"]
        quote = quotes.get((row["channel"], parent)) if parent != above else None
        lines.append(_message_line(row, quote, labels[row["id"]], versions[row["id"]]))
        above = row["external_id"]
    return tuple(lines)


def _message_line(
    row: dict[str, Any],
    quote: Quote | None,
    labels: Sequence[LabelScore],
    versions: Sequence[Version],
) -> MessageLine:
    return MessageLine(
        id=row["id"],
        external_id=row["external_id"],
        thread_id=row["thread"],
        direction=row["direction"],
        surface=row["surface"],
        author=row["author"],
        handle=row["handle"],
        verified=row["verified"],
        reach=row["reach"],
        text=row["text"],
        attachments=_attachments(row["attachments"]),
        quote=quote,
        url=row["url"],
        sent_at=row["sent_at"],
        edited_at=row["edited_at"] or (versions[-1].seen_at if versions else None),
        removal=row["removal"],
        removed_at=row["removed_at"],
        labels=tuple(labels),
        versions=tuple(versions),
    )


def _attachments(stored: Iterable[Mapping[str, str]]) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            url=each["url"],
            kind=AttachmentKind(each.get("kind", "file")),
            name=each.get("name", ""),
            alt=each.get("alt", ""),
        )
        for each in stored
    )


def _versions(ids: Sequence[int]) -> Mapping[int, list[Version]]:
    found: dict[int, list[Version]] = defaultdict(list)
    query = MessageVersion.select().where(MessageVersion.message.in_(ids))
    for row in dicts(query.order_by(MessageVersion.number)):
        version = Version(number=row["number"], text=row["text"], seen_at=row["seen_at"])
        found[row["message"]].append(version)
    return found


def _quotes(shown: Sequence[dict[str, Any]]) -> Mapping[tuple[int, str], Quote]:
    parents = {row["parent_external_id"] for row in shown} - {None}
    query = (
        Message.select(
            Message.id,
            Message.channel,
            Message.external_id,
            Message.text,
            Message.removal,
            Identity.name.alias("author"),
        )
        .join(Identity)
        .where(
            Message.channel.in_({row["channel"] for row in shown}),
            Message.external_id.in_(parents),
        )
    )
    return {
        (row["channel"], row["external_id"]): Quote(
            id=row["id"], author=row["author"], text=row["text"], removal=row["removal"]
        )
        for row in dicts(query)
    }


def _by_agent(row: dict[str, Any]) -> AgentName | None:
    return agent_name(row["agent_id"], row["agent_name"], row["agent_initials"])


AGENT_COLUMNS = (
    Agent.id.alias("agent_id"),
    Agent.name.alias("agent_name"),
    Agent.initials.alias("agent_initials"),
)


def _beside(rows: Prepared, conversation_id: int, within: Sequence[Any]) -> list[dict[str, Any]]:
    return dicts(rows.build(conversation_id).where(*within)) if within else rows(conversation_id)


@prepared
def _reply_rows(conversation_id: int) -> Any:
    return (
        Reply.select(Reply, *AGENT_COLUMNS)
        .join(Agent, JOIN.LEFT_OUTER)
        .where(Reply.conversation == conversation_id)
        .order_by(Reply.id.desc())
        .limit(MOST_BESIDE)
    )


def _replies(conversation_id: int, stretch: _Stretch) -> tuple[ReplyLine, ...]:
    found = _beside(_reply_rows, conversation_id, stretch.covers(Reply.created_at))
    carried = attachments_of([row["id"] for row in found])
    return tuple(
        ReplyLine(
            id=row["id"],
            message_id=row["message"],
            agent=_by_agent(row),
            surface=row["surface"],
            text=row["text"],
            state=row["state"],
            created_at=row["created_at"],
            due_at=row["due_at"],
            external_id=row["external_id"],
            url=row["url"],
            error=row["error"],
            sent_at=row["sent_at"],
            confirmed_at=row["confirmed_at"],
            scheduled=row["scheduled"],
            snooze_until=row["snooze_until"],
            resolve_after=row["resolve_after"],
            attachments=carried[row["id"]],
        )
        for row in reversed(found)
    )


@prepared
def _note_rows(conversation_id: int) -> Any:
    return (
        Note.select(Note.id, Note.text, Note.at, *AGENT_COLUMNS)
        .join(Agent, JOIN.LEFT_OUTER)
        .where(Note.conversation == conversation_id)
        .order_by(Note.id.desc())
        .limit(MOST_BESIDE)
    )


def _notes(conversation_id: int, stretch: _Stretch) -> tuple[NoteLine, ...]:
    found = _beside(_note_rows, conversation_id, stretch.covers(Note.at))
    named = mentioned([row["id"] for row in found])
    return tuple(
        NoteLine(
            id=row["id"],
            agent=_by_agent(row),
            text=row["text"],
            at=row["at"],
            mentions=named.get(row["id"], ()),
        )
        for row in reversed(found)
    )


@prepared
def _event_rows(conversation_id: int) -> Any:
    return (
        Event.select(Event.id, Event.kind, Event.data, Event.at, *AGENT_COLUMNS)
        .join(Agent, JOIN.LEFT_OUTER)
        .where(Event.conversation == conversation_id)
        .order_by(Event.id.desc())
        .limit(MOST_BESIDE)
    )


def _events(conversation_id: int, stretch: _Stretch) -> tuple[EventLine, ...]:
    found = _beside(_event_rows, conversation_id, stretch.covers(Event.at))
    return tuple(
        EventLine(
            id=row["id"], kind=row["kind"], agent=_by_agent(row), data=row["data"], at=row["at"]
        )
        for row in reversed(found)
    )
