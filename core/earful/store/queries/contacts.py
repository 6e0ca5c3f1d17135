"""What is known about one contact: accounts, conversations everywhere, fields, notes, facts.

Each read is a fixed number of statements, and looks at no more than the newest conversations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import JOIN, fn

from earful.store.database import connection
from earful.store.models import (
    Agent,
    Channel,
    Contact,
    ContactField,
    ContactMerge,
    ContactNote,
    ContactValue,
    Conversation,
    ConversationLabel,
    Identity,
    Reply,
)
from earful.store.queries.paging import Page, page_of
from earful.store.queries.reading import dicts, tuples
from earful.store.queries.references import AgentName, ChannelName, agent_name
from earful.store.states import NOT_OVER, SHOWN, ConversationStatus

__all__ = [
    "LOOKED_BACK",
    "ContactNoteLine",
    "ContactPage",
    "FieldLine",
    "IdentityLine",
    "PastConversation",
    "PriorFacts",
    "SameIssue",
    "contact_page",
    "history",
]

LOOKED_BACK = 50
"""How many conversations the answers about the past are made from, the newest."""
ELSEWHERE_WITHIN = timedelta(days=14)
"""How long before a conversation another channel counts as tried first."""
MOST_IDENTITIES = 50
MOST_NOTES = 50
MOST_FIELDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLine:
    """One account of the contact. `channel` is None where it is configured no more."""

    id: int
    channel: ChannelName | None
    name: str
    handle: str
    url: str | None
    reach: int | None
    verified: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PastConversation:
    """One conversation with the contact, on any channel."""

    id: int
    channel: ChannelName
    subject: str
    snippet: str
    status: ConversationStatus
    outcome: str
    assignee: AgentName | None
    opened_at: datetime
    last_message_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SameIssue:
    """An earlier conversation about the same: the labels it shares."""

    conversation: PastConversation
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorFacts:
    """Five answers before one answers: what is open, who knows them, how it ended, again, where.

    Made from the newest `LOOKED_BACK` conversations; `is_cut` tells that there are older ones.
    """

    open: tuple[PastConversation, ...]
    handlers: tuple[AgentName, ...]
    last_finished: PastConversation | None
    same_issue: tuple[SameIssue, ...]
    elsewhere: tuple[PastConversation, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """A field and its answer, with who wrote it; `agent` is None for the command line."""

    id: int
    name: str
    purpose: str
    text: str
    agent: AgentName | None
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactNoteLine:
    """A note on the contact."""

    id: int
    agent: AgentName | None
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPage:
    """All that a contact's page shows beside its history."""

    id: int
    name: str
    vip: bool
    created_at: datetime
    erased_at: datetime | None
    merged_into: int | None
    identities: tuple[IdentityLine, ...]
    prior: PriorFacts
    fields: tuple[FieldLine, ...]
    notes: tuple[ContactNoteLine, ...]


def contact_page(contact_id: int, *, conversation_id: int | None = None) -> ContactPage | None:
    """A contact, seen from one of its conversations or as it stands; None where there is none.

    Seven statements at most; a contact that was merged tells only into whom.
    """
    with connection():
        row = _contact(contact_id)
        if row is None:
            return None
        return ContactPage(
            id=row["id"],
            name=row["name"],
            vip=row["vip"],
            created_at=row["created_at"],
            erased_at=row["erased_at"],
            merged_into=row["merged_into"],
            identities=_identities(contact_id),
            prior=_prior(contact_id, conversation_id),
            fields=_fields(contact_id),
            notes=_notes(contact_id),
        )


def _contact(contact_id: int) -> dict[str, Any] | None:
    merge = (ContactMerge.merged == Contact.id) & ContactMerge.undone_at.is_null()
    query = (
        Contact.select(Contact, ContactMerge.kept.alias("merged_into"))
        .join(ContactMerge, JOIN.LEFT_OUTER, on=merge)
        .where(Contact.id == contact_id)
    )
    found = dicts(query)
    return found[0] if found else None


def _identities(contact_id: int) -> tuple[IdentityLine, ...]:
    # A realm is the kind of a channel and its name, or the kind alone where authors are the same
    # on all of its channels: then the first of them stands for the kind.
    here = (Identity.realm == Channel.kind.concat(":").concat(Channel.name)) | (
        Identity.realm == Channel.kind
    )
    query = (
        Identity.select(
            Identity,
            Channel.id.alias("channel_id"),
            Channel.name.alias("channel_name"),
            Channel.kind,
            Channel.title,
        )
        .join(Channel, JOIN.LEFT_OUTER, on=here)
        .where(Identity.contact == contact_id)
        .order_by(Identity.id, Channel.id)
        .limit(MOST_IDENTITIES)
    )
    lines: dict[int, IdentityLine] = {}
    for row in dicts(query):
        lines.setdefault(row["id"], _identity(row))
    return tuple(lines.values())


def _identity(row: Mapping[str, Any]) -> IdentityLine:
    return IdentityLine(
        id=row["id"],
        channel=_channel(row) if row["channel_id"] is not None else None,
        name=row["name"],
        handle=row["handle"],
        url=row["url"],
        reach=row["reach"],
        verified=row["verified"],
        updated_at=row["updated_at"],
    )


def _channel(row: Mapping[str, Any]) -> ChannelName:
    name = row["channel_name"]
    return ChannelName(
        id=row["channel_id"], name=name, kind=row["kind"], title=row["title"] or name
    )


def history(
    contact_id: int, *, before_id: int | None = None, limit: int = 20
) -> Page[PastConversation]:
    """A page of the contact's conversations on all channels, the newest first; one statement."""
    with connection():
        found = _conversations(contact_id, limit + 1, before_id)
    return page_of(found, limit, make=lambda each: each, cursor=lambda each: each.id)


def _conversations(
    contact_id: int, limit: int, before_id: int | None = None
) -> list[PastConversation]:
    query = (
        Conversation.select(
            Conversation,
            Channel.id.alias("channel_id"),
            Channel.name.alias("channel_name"),
            Channel.kind,
            Channel.title,
            Agent.id.alias("agent_id"),
            Agent.name.alias("agent_name"),
            Agent.initials,
        )
        .join(Channel)
        .switch(Conversation)
        .join(Agent, JOIN.LEFT_OUTER)
        .where(Conversation.contact == contact_id)
        .order_by(Conversation.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        query = query.where(Conversation.id < before_id)
    return [_past(row) for row in dicts(query)]


def _past(row: Mapping[str, Any]) -> PastConversation:
    return PastConversation(
        id=row["id"],
        channel=_channel(row),
        subject=row["subject"],
        snippet=row["snippet"],
        status=row["status"],
        outcome=row["outcome"],
        assignee=agent_name(row["agent_id"], row["agent_name"], row["initials"]),
        opened_at=row["opened_at"],
        last_message_at=row["last_message_at"],
        resolved_at=row["resolved_at"],
    )


def _prior(contact_id: int, conversation_id: int | None) -> PriorFacts:
    found = _conversations(contact_id, LOOKED_BACK + 1)
    newest = found[:LOOKED_BACK]
    now = next((each for each in newest if each.id == conversation_id), None)
    others = [each for each in newest if each is not now]
    ended = [each for each in others if each.resolved_at or each.status not in NOT_OVER]
    return PriorFacts(
        open=tuple(each for each in others if each.status in NOT_OVER),
        handlers=_handlers(others),
        last_finished=max(ended, key=lambda each: each.resolved_at or each.last_message_at)
        if ended
        else None,
        same_issue=_same_issue(now, others),
        elsewhere=_elsewhere(now, others),
        is_cut=len(found) > LOOKED_BACK,
    )


def _handlers(conversations: Sequence[PastConversation]) -> tuple[AgentName, ...]:
    """Who answered there or holds one, who answered last first."""
    last = (
        Reply.select(fn.MAX(Reply.id))
        .where(
            Reply.conversation.in_([each.id for each in conversations]),
            Reply.state.in_(SHOWN),
            Reply.agent.is_null(False),
        )
        .group_by(Reply.agent)
    )
    query = (
        Reply.select(Agent.id, Agent.name, Agent.initials)
        .join(Agent)
        .where(Reply.id.in_(last))
        .order_by(Reply.id.desc())
    )
    answered = [agent_name(*row) for row in tuples(query)]
    held = [each.assignee for each in conversations]
    return tuple(each for each in dict.fromkeys((*answered, *held)) if each is not None)


def _same_issue(
    now: PastConversation | None, others: Sequence[PastConversation]
) -> tuple[SameIssue, ...]:
    """Those before it that carry a label of it."""
    labels: dict[int, set[str]] = defaultdict(set)
    ids = [each.id for each in (*others, *([now] if now else []))]
    query = ConversationLabel.select(ConversationLabel.conversation, ConversationLabel.name)
    for conversation, name in tuples(query.where(ConversationLabel.conversation.in_(ids))):
        labels[conversation].add(name)
    if now is None:
        return ()
    return tuple(
        SameIssue(conversation=each, labels=tuple(sorted(shared)))
        for each in others
        if each.opened_at <= now.opened_at and (shared := labels[each.id] & labels[now.id])
    )


def _elsewhere(
    now: PastConversation | None, others: Sequence[PastConversation]
) -> tuple[PastConversation, ...]:
    """What they began on another channel shortly before."""
    if now is None:
        return ()
    since = now.opened_at - ELSEWHERE_WITHIN
    return tuple(
        each
        for each in others
        if each.channel.id != now.channel.id and since <= each.opened_at <= now.opened_at
    )


def _fields(contact_id: int) -> tuple[FieldLine, ...]:
    """The fields in use, and those retired that are answered here."""
    answer = (ContactValue.field == ContactField.id) & (ContactValue.contact == contact_id)
    query = (
        ContactField.select(
            ContactField.id,
            ContactField.name,
            ContactField.purpose,
            ContactValue.text,
            ContactValue.at,
            Agent.id.alias("agent_id"),
            Agent.name.alias("agent_name"),
            Agent.initials,
        )
        .join(ContactValue, JOIN.LEFT_OUTER, on=answer)
        .join(Agent, JOIN.LEFT_OUTER)
        .where(ContactField.active | ContactValue.id.is_null(False))
        .order_by(ContactField.position, ContactField.name)
        .limit(MOST_FIELDS)
    )
    return tuple(
        FieldLine(
            id=row["id"],
            name=row["name"],
            purpose=row["purpose"],
            text=row["text"] or "",
            agent=agent_name(row["agent_id"], row["agent_name"], row["initials"]),
            at=row["at"],
        )
        for row in dicts(query)
    )


def _notes(contact_id: int) -> tuple[ContactNoteLine, ...]:
    query = (
        ContactNote.select(
            ContactNote.id,
            ContactNote.text,
            ContactNote.at,
            Agent.id.alias("agent_id"),
            Agent.name.alias("agent_name"),
            Agent.initials,
        )
        .join(Agent, JOIN.LEFT_OUTER)
        .where(ContactNote.contact == contact_id)
        .order_by(ContactNote.id.desc())
        .limit(MOST_NOTES)
    )
    return tuple(
        ContactNoteLine(
            id=row["id"],
            agent=agent_name(row["agent_id"], row["agent_name"], row["initials"]),
            text=row["text"],
            at=row["at"],
        )
        for row in dicts(query)
    )
