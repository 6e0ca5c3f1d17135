"""What a person needs to write: their drafts, the saved replies, who they write to and as whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN, fn

from earful.store.database import connection
from earful.store.models import (
    Agent,
    Channel,
    Contact,
    Conversation,
    Draft,
    Identity,
    Mention,
    Message,
    Note,
    Queue,
    Reply,
    SavedReply,
    SignOff,
)
from earful.store.queries.reading import dicts, prepared, tuples
from earful.store.queries.references import AgentName, initials_of
from earful.store.states import ReplyState, WritingMode

__all__ = [
    "DraftLine",
    "SavedReplyLine",
    "SignOffLine",
    "WritingFacts",
    "colleagues",
    "drafts",
    "mentioned",
    "note_that_came_last",
    "saved_replies",
    "sign_offs",
    "was_sent_to",
    "writing_facts",
]

MOST_LISTED = 500
MOST_LOOKED_AT = 50
"""Of one contact's conversations, where an answer of the same words is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    """What somebody was writing, as it is kept."""

    mode: WritingMode
    text: str
    saved_reply_id: int | None
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedReplyLine:
    """A text to begin an answer from; `owner_id` is None for one of the team's."""

    id: int
    owner_id: int | None
    name: str
    text: str
    channels: tuple[str, ...]
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOffLine:
    """A channel, and how one person signs there; "" where they do not."""

    channel_id: int
    name: str
    kind: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WritingFacts:
    """Who is written to, where, and by whom."""

    contact_id: int
    contact_name: str
    handle: str
    channel_id: int
    channel_name: str
    channel_title: str
    subject: str
    queue_name: str
    agent_name: str
    agent_initials: str
    sign_off: str


def writing_facts(conversation_id: int, agent_id: int | None) -> WritingFacts | None:
    """The facts that variables and the sign-off are made of; None where there is nothing."""
    with connection():
        found = _writing_rows(conversation_id, agent_id)
    return _facts(found[0]) if found else None


@prepared
def _writing_rows(conversation_id: int, agent_id: int) -> Any:
    handle = (
        Identity.select(Identity.handle)
        .where(Identity.contact == Conversation.contact, Identity.handle != "")
        .order_by(Identity.id)
        .limit(1)
    )
    return (
        Conversation.select(
            Conversation.contact.alias("contact_id"),
            Conversation.channel.alias("channel_id"),
            Conversation.subject,
            Contact.name.alias("contact_name"),
            Channel.name.alias("channel_name"),
            Channel.title.alias("channel_title"),
            Queue.name.alias("queue_name"),
            Agent.name.alias("agent_name"),
            Agent.initials.alias("agent_initials"),
            SignOff.text.alias("sign_off"),
            handle.alias("handle"),
        )
        .join(Contact)
        .switch(Conversation)
        .join(Channel)
        .switch(Conversation)
        .join(Queue, JOIN.LEFT_OUTER)
        .join_from(Conversation, Agent, JOIN.LEFT_OUTER, on=(Agent.id == agent_id))
        .join_from(
            Conversation,
            SignOff,
            JOIN.LEFT_OUTER,
            on=((SignOff.agent == agent_id) & (SignOff.channel == Conversation.channel)),
        )
        .where(Conversation.id == conversation_id)
    )


def _facts(row: Mapping[str, Any]) -> WritingFacts:
    name = row["agent_name"] or ""
    return WritingFacts(
        contact_id=row["contact_id"],
        contact_name=row["contact_name"],
        handle=row["handle"] or "",
        channel_id=row["channel_id"],
        channel_name=row["channel_name"],
        channel_title=row["channel_title"] or row["channel_name"],
        subject=row["subject"],
        queue_name=row["queue_name"] or "",
        agent_name=name,
        agent_initials=row["agent_initials"] or (initials_of(name) if name else ""),
        sign_off=row["sign_off"] or "",
    )


def drafts(agent_id: int, conversation_id: int) -> dict[WritingMode, DraftLine]:
    """What somebody was writing in a conversation, by the way they wrote it."""
    with connection():
        return {
            row["mode"]: DraftLine(
                mode=row["mode"],
                text=row["text"],
                saved_reply_id=row["saved_reply"],
                version=row["version"],
                updated_at=row["updated_at"],
            )
            for row in _draft_rows(agent_id, conversation_id)
        }


@prepared
def _draft_rows(agent_id: int, conversation_id: int) -> Any:
    return Draft.select().where(Draft.agent == agent_id, Draft.conversation == conversation_id)


def saved_replies(
    agent_id: int | None, *, channel: str = "", search: str = ""
) -> tuple[SavedReplyLine, ...]:
    """The saved replies somebody may use: theirs and the team's.

    `channel` leaves out those for other channels. With `search`, names that begin with it come
    first, then those that hold it, then texts that do; else what is used most comes first.
    """
    mine = SavedReply.owner.is_null() | (SavedReply.owner == agent_id)
    query = (
        SavedReply.select()
        .where(mine)
        .order_by(SavedReply.used.desc(), SavedReply.name, SavedReply.id)
        .limit(MOST_LISTED)
    )
    with connection():
        lines = [_saved_reply(row) for row in dicts(query)]
    offered = [
        line for line in lines if not (channel and line.channels) or channel in line.channels
    ]
    wanted = search.strip().casefold()
    if not wanted:
        return tuple(offered)
    ranked = [(rank, line) for line in offered if (rank := _rank(line, wanted)) is not None]
    return tuple(line for _, line in sorted(ranked, key=lambda pair: pair[0]))


def _saved_reply(row: Mapping[str, Any]) -> SavedReplyLine:
    return SavedReplyLine(
        id=row["id"],
        owner_id=row["owner"],
        name=row["name"],
        text=row["text"],
        channels=tuple(row["channels"]),
        used=row["used"],
    )


def _rank(line: SavedReplyLine, wanted: str) -> int | None:
    name = line.name.casefold()
    if name.startswith(wanted):
        return 0
    if wanted in name:
        return 1
    return 2 if wanted in line.text.casefold() else None


def sign_offs(agent_id: int) -> tuple[SignOffLine, ...]:
    """Every channel, and how somebody signs there."""
    query = (
        Channel.select(Channel.id, Channel.name, Channel.kind, Channel.title, SignOff.text)
        .join(
            SignOff,
            JOIN.LEFT_OUTER,
            on=((SignOff.channel == Channel.id) & (SignOff.agent == agent_id)),
        )
        .order_by(Channel.title, Channel.name)
        .limit(MOST_LISTED)
    )
    with connection():
        return tuple(
            SignOffLine(channel_id=key, name=name, kind=kind, title=title or name, text=text or "")
            for key, name, kind, title, text in tuples(query)
        )


def colleagues() -> tuple[AgentName, ...]:
    """Everybody who can be named in a note: all who may sign in."""
    query = (
        Agent.select(Agent.id, Agent.name, Agent.initials)
        .where(Agent.active)
        .order_by(Agent.name, Agent.id)
        .limit(MOST_LISTED)
    )
    with connection():
        return tuple(
            AgentName(id=key, name=name, initials=initials or initials_of(name))
            for key, name, initials in tuples(query)
        )


def mentioned(note_ids: list[int]) -> Mapping[int, tuple[str, ...]]:
    """Who is named in each of these notes."""
    query = (
        Mention.select(Mention.note, Agent.name)
        .join(Agent)
        .where(Mention.note.in_(note_ids))
        .order_by(Mention.id)
    )
    found: dict[int, tuple[str, ...]] = {}
    for note_id, name in tuples(query):
        found[note_id] = (*found.get(note_id, ()), name)
    return found


def note_that_came_last(conversation_id: int) -> AgentName | None:
    """Whose note is the newest thing in a conversation; None where something came after it."""
    note = (
        Note.select(Note.at, Agent.id, Agent.name)
        .join(Agent)
        .where(Note.conversation == conversation_id)
        .order_by(Note.id.desc())
        .limit(1)
    )
    with connection():
        found = tuples(note)
        if not found:
            return None
        at, agent_id, name = found[0]
        said = fn.EXISTS(
            Message.select(Message.id).where(
                Message.conversation == conversation_id, Message.sent_at > at
            )
        )
        answered = fn.EXISTS(
            Reply.select(Reply.id).where(
                Reply.conversation == conversation_id,
                Reply.created_at > at,
                Reply.state != ReplyState.UNDONE,
            )
        )
        ((message_came, reply_came),) = tuples(Agent.select(said, answered).limit(1))
    if message_came or reply_came:
        return None
    return AgentName(id=agent_id, name=name, initials=initials_of(name))


def was_sent_to(contact_id: int, text: str) -> datetime | None:
    """When these words were last sent to this person; None where they were not."""
    theirs = (
        Conversation.select(Conversation.id)
        .where(Conversation.contact == contact_id)
        .order_by(Conversation.id.desc())
        .limit(MOST_LOOKED_AT)
    )
    with connection():
        ids = [key for (key,) in tuples(theirs)]
        query = Reply.select(Reply.created_at).where(
            Reply.conversation.in_(ids),
            Reply.text == text,
            Reply.state.not_in(
                [ReplyState.UNDONE, ReplyState.DRAFT, ReplyState.FAILED, ReplyState.HELD]
            ),
        )
        found = tuples(query.order_by(Reply.id.desc()).limit(1))
    return found[0][0] if found else None
