"""One conversation's page without its timeline: its state, its contact, what can be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import fn

from earful.store.database import connection
from earful.store.models import (
    Channel,
    Clock,
    Contact,
    Conversation,
    ConversationLabel,
    Identity,
    Message,
    Note,
    ReadCursor,
    Reply,
    Thread,
)
from earful.store.queries.inbox import ConversationRow, conversation_row
from earful.store.queries.reading import prepared
from earful.store.queries.references import ChannelName
from earful.store.states import (
    STANDING,
    ChannelState,
    ClockKind,
    ConversationStatus,
    Direction,
)
from earful.types import RemovalKind, Surface

__all__ = [
    "Answerable",
    "ClockLine",
    "ContactCard",
    "ConversationPage",
    "IdentityLine",
    "LabelLine",
    "OtherConversation",
    "ThreadLine",
    "answerable",
    "conversation_page",
    "read_up_to",
]

MOST_OTHERS = 5
MOST_IDENTITIES = 20
MOST_THREADS = 20
MOST_CLOCKS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadLine:
    """One thread of the platform that belongs to the conversation.

    `seen_until` is how far the person there has seen what was written to them, if that is told.
    """

    id: int
    external_id: str
    surface: Surface
    title: str
    url: str | None
    seen_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelLine:
    """A label on the conversation, and who put it there."""

    name: str
    added_by: str
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLine:
    """One clock: what it waits for, why it ends when it does, and how it ended."""

    kind: ClockKind
    started_at: datetime
    due_at: datetime
    explanation: str
    met_at: datetime | None
    cancelled_at: datetime | None
    breached_at: datetime | None

    @property
    def is_running(self) -> bool:
        return self.met_at is None and self.cancelled_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLine:
    """One account of the contact."""

    id: int
    realm: str
    name: str
    handle: str
    url: str | None
    reach: int | None
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherConversation:
    """Another conversation with the same contact."""

    id: int
    channel: ChannelName
    subject: str
    snippet: str
    status: ConversationStatus
    outcome: str
    last_message_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCard:
    """The person who wrote, over all their accounts."""

    id: int
    name: str
    known_since: datetime
    identities: tuple[IdentityLine, ...]
    others: tuple[OtherConversation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationPage:
    """All of a conversation's page that is not its timeline.

    `newest_message_id`, `newest_reply_id` and `newest_note_id` are what a reply is written in sight
    of; 0 where there is none.
    """

    row: ConversationRow
    opened_at: datetime
    resolved_at: datetime | None
    outcome: str
    contact: ContactCard
    channel_state: ChannelState
    channel_state_reason: str
    account_name: str
    threads: tuple[ThreadLine, ...]
    labels: tuple[LabelLine, ...]
    clocks: tuple[ClockLine, ...]
    newest_message_id: int
    newest_reply_id: int
    newest_note_id: int

    def has_seen(self, surface: Surface, sent_at: datetime | None) -> bool:
        """Whether the person has seen what was written to them then; told of private words only."""
        if surface is not Surface.PRIVATE or sent_at is None:
            return False
        private = (each.seen_until for each in self.threads if each.surface is Surface.PRIVATE)
        return any(until is not None and sent_at <= until for until in private)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerable:
    """A message as a channel needs to see it to say whether it can be answered.

    `last_inbound_at` is when its author last wrote in its thread; `already_private` whether it
    was answered privately from here.
    """

    id: int
    external_id: str
    thread_external_id: str
    surface: Surface
    sent_at: datetime
    url: str | None
    extra: Mapping[str, str]
    author: str
    text: str
    removal: RemovalKind | None
    author_id: str
    last_inbound_at: datetime | None
    already_private: bool


def conversation_page(conversation_id: int) -> ConversationPage | None:
    """The page of one conversation; None where there is none."""
    with connection():
        row = conversation_row(conversation_id)
        if row is None:
            return None
        more = _more(conversation_id)[0]
        return ConversationPage(
            row=row,
            opened_at=more["opened_at"],
            resolved_at=more["resolved_at"],
            outcome=more["outcome"],
            contact=_contact(more, conversation_id),
            channel_state=more["channel_state"],
            channel_state_reason=more["state_reason"],
            account_name=more["account_name"],
            threads=_threads(conversation_id),
            labels=_labels(conversation_id),
            clocks=_clocks(conversation_id),
            newest_message_id=more["newest"] or 0,
            newest_reply_id=more["newest_reply"] or 0,
            newest_note_id=more["newest_note"] or 0,
        )


def read_up_to(conversation_id: int, agent_id: int) -> int | None:
    """The newest message that somebody has read here; None where they have never been."""
    with connection():
        found = _read_cursor(conversation_id, agent_id)
    return found[0]["message_id"] if found else None


@prepared
def _read_cursor(conversation_id: int, agent_id: int) -> Any:
    return ReadCursor.select(ReadCursor.message_id.alias("message_id")).where(
        ReadCursor.conversation == conversation_id, ReadCursor.agent == agent_id
    )


def answerable(conversation_id: int, message_id: int | None = None) -> Answerable | None:
    """The message to answer: the given one, else the last one that came in and still stands."""
    with connection():
        found = (
            _standing(conversation_id)
            if message_id is None
            else _chosen(conversation_id, message_id)
        )
    return _answerable(found[0]) if found else None


def _answerables(conversation_id: int) -> Any:
    return (
        Message.select(
            Message,
            Thread.external_id.alias("thread_key"),
            Identity.name,
            Identity.external_id.alias("author_id"),
            _last_inbound().alias("last_inbound_at"),
            _answered_privately().alias("already_private"),
        )
        .join(Thread)
        .switch(Message)
        .join(Identity)
        .where(Message.conversation == conversation_id, Message.direction == Direction.IN)
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(1)
    )


@prepared
def _standing(conversation_id: int) -> Any:
    return _answerables(conversation_id).where(Message.removal.is_null())


@prepared
def _chosen(conversation_id: int, message_id: int) -> Any:
    return _answerables(conversation_id).where(Message.id == message_id)


def _last_inbound() -> Any:
    theirs = Message.alias()
    return theirs.select(fn.MAX(theirs.sent_at)).where(
        theirs.conversation == Message.conversation,
        theirs.thread == Message.thread,
        theirs.identity == Message.identity,
        theirs.direction == Direction.IN,
    )


def _answered_privately() -> Any:
    return fn.EXISTS(
        Reply.select(Reply.id).where(
            Reply.conversation == Message.conversation,
            Reply.message == Message.id,
            Reply.surface == Surface.PRIVATE,
            Message.surface != Surface.PRIVATE,
            Reply.state.in_(STANDING),
        )
    )


def _answerable(row: dict[str, Any]) -> Answerable:
    return Answerable(
        id=row["id"],
        external_id=row["external_id"],
        thread_external_id=row["thread_key"],
        surface=row["surface"],
        sent_at=row["sent_at"],
        url=row["url"],
        extra=row["extra"],
        author=row["name"],
        text=row["text"],
        removal=row["removal"],
        author_id=row["author_id"],
        last_inbound_at=Message.sent_at.python_value(row["last_inbound_at"]),
        already_private=bool(row["already_private"]),
    )


@prepared
def _more(conversation_id: int) -> Any:
    newest = [
        kind.select(fn.MAX(kind.id)).where(kind.conversation == conversation_id)
        for kind in (Message, Reply, Note)
    ]
    return (
        Conversation.select(
            Conversation.opened_at,
            Conversation.resolved_at,
            Conversation.outcome,
            Contact.id.alias("contact_id"),
            Contact.name.alias("contact_name"),
            Contact.created_at.alias("known_since"),
            Channel.state.alias("channel_state"),
            Channel.state_reason,
            Channel.account_name,
            newest[0].alias("newest"),
            newest[1].alias("newest_reply"),
            newest[2].alias("newest_note"),
        )
        .join(Contact)
        .switch(Conversation)
        .join(Channel)
        .where(Conversation.id == conversation_id)
    )


def _contact(more: dict[str, Any], conversation_id: int) -> ContactCard:
    return ContactCard(
        id=more["contact_id"],
        name=more["contact_name"],
        known_since=more["known_since"],
        identities=_identities(more["contact_id"]),
        others=_others(more["contact_id"], conversation_id),
    )


@prepared
def _identity_rows(contact_id: int) -> Any:
    query = Identity.select().where(Identity.contact == contact_id)
    return query.order_by(Identity.id).limit(MOST_IDENTITIES)


def _identities(contact_id: int) -> tuple[IdentityLine, ...]:
    return tuple(
        IdentityLine(
            id=row["id"],
            realm=row["realm"],
            name=row["name"],
            handle=row["handle"],
            url=row["url"],
            reach=row["reach"],
            verified=row["verified"],
        )
        for row in _identity_rows(contact_id)
    )


@prepared
def _other_rows(contact_id: int, conversation_id: int) -> Any:
    return (
        Conversation.select(
            Conversation.id,
            Conversation.subject,
            Conversation.snippet,
            Conversation.status,
            Conversation.outcome,
            Conversation.last_message_at,
            Channel.id.alias("channel_id"),
            Channel.name,
            Channel.kind,
            Channel.title,
        )
        .join(Channel)
        .where(Conversation.contact == contact_id, Conversation.id != conversation_id)
        .order_by(Conversation.id.desc())
        .limit(MOST_OTHERS)
    )


def _others(contact_id: int, conversation_id: int) -> tuple[OtherConversation, ...]:
    return tuple(
        OtherConversation(
            id=row["id"],
            channel=ChannelName(
                id=row["channel_id"],
                name=row["name"],
                kind=row["kind"],
                title=row["title"] or row["name"],
            ),
            subject=row["subject"],
            snippet=row["snippet"],
            status=row["status"],
            outcome=row["outcome"],
            last_message_at=row["last_message_at"],
        )
        for row in _other_rows(contact_id, conversation_id)
    )


@prepared
def _thread_rows(conversation_id: int) -> Any:
    query = Thread.select().where(Thread.conversation == conversation_id)
    return query.order_by(Thread.id).limit(MOST_THREADS)


def _threads(conversation_id: int) -> tuple[ThreadLine, ...]:
    return tuple(
        ThreadLine(
            id=row["id"],
            external_id=row["external_id"],
            surface=row["surface"],
            title=row["title"],
            url=row["url"],
            seen_until=row["seen_until"],
        )
        for row in _thread_rows(conversation_id)
    )


@prepared
def _label_rows(conversation_id: int) -> Any:
    query = ConversationLabel.select().where(ConversationLabel.conversation == conversation_id)
    return query.order_by(ConversationLabel.id)


def _labels(conversation_id: int) -> tuple[LabelLine, ...]:
    return tuple(
        LabelLine(name=row["name"], added_by=row["added_by"], added_at=row["added_at"])
        for row in _label_rows(conversation_id)
    )


@prepared
def _clock_rows(conversation_id: int) -> Any:
    query = Clock.select().where(Clock.conversation == conversation_id)
    return query.order_by(Clock.id.desc()).limit(MOST_CLOCKS)


def _clocks(conversation_id: int) -> tuple[ClockLine, ...]:
    return tuple(
        ClockLine(
            kind=row["kind"],
            started_at=row["started_at"],
            due_at=row["due_at"],
            explanation=row["explanation"],
            met_at=row["met_at"],
            cancelled_at=row["cancelled_at"],
            breached_at=row["breached_at"],
        )
        for row in _clock_rows(conversation_id)
    )
