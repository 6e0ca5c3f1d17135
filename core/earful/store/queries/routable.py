"""Messages with all that a decision on them may rest on: what policies and routers are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from peewee import JOIN, SQL

from earful.store.database import connection
from earful.store.models import (
    Channel,
    Contact,
    Conversation,
    ConversationLabel,
    Identity,
    Message,
    Queue,
)
from earful.store.queries.labels import label_names
from earful.store.queries.reading import among
from earful.store.states import ConversationStatus, PriorityRank, Stage
from earful.types import Author, RoutedItem, Surface

__all__ = ["Routable", "message_facts", "recent_inbound", "routed_item", "to_route"]


@dataclass(slots=True)
class Routable:
    """One message with everything a decision may rest on."""

    message_id: int
    conversation_id: int
    opens: bool
    text: str
    surface: Surface
    language: str | None
    channel: str
    channel_type: str
    title: str
    status: ConversationStatus
    priority: PriorityRank
    queue: str | None
    author_id: str
    author_name: str
    author_handle: str
    author_url: str | None
    author_reach: int | None
    author_verified: bool
    contact_since: datetime
    opened_at: datetime
    received_at: datetime
    channel_title: str
    labels: set[str] = field(default_factory=set)


def to_route(message_ids: Sequence[int]) -> list[Routable]:
    """The messages that are classified and not routed yet, oldest first."""
    which = among(Message.id, message_ids) & (Message.stage == Stage.CLASSIFIED)
    return _routable(_messages().where(which).order_by(Message.id))


def recent_inbound(limit: int = 50) -> list[Routable]:
    """The newest messages that came in, for trying a policy on; four statements.

    One that opened its conversation is given as it arrived: open, and in no queue.
    """
    came_in = (Message.direction == SQL("'in'")) & Message.removal.is_null()
    with connection():
        found = _routable(_messages().where(came_in).order_by(Message.id.desc()).limit(limit))
    for item in found:
        if item.opens:
            item.status, item.queue = ConversationStatus.OPEN, None
            item.priority = PriorityRank.MEDIUM
    return found


def _messages() -> Any:
    return (
        Message.select(
            Message.id,
            Message.conversation,
            Message.opens,
            Message.text,
            Message.surface,
            Message.language,
            Channel.name,
            Channel.kind,
            Conversation.subject,
            Conversation.status,
            Conversation.priority,
            Queue.name,
            Identity.external_id,
            Identity.name,
            Identity.handle,
            Identity.url,
            Identity.reach,
            Identity.verified,
            Contact.created_at,
            Conversation.opened_at,
            Message.received_at,
            Channel.title,
        )
        .join(Channel, on=Message.channel == Channel.id)
        .join(Conversation, on=Message.conversation == Conversation.id)
        .join(Identity, on=Message.identity == Identity.id)
        .join(Contact, on=Identity.contact == Contact.id)
        .join(Queue, JOIN.LEFT_OUTER, on=Conversation.queue == Queue.id)
    )


def _routable(query: Any) -> list[Routable]:
    items = [Routable(*row) for row in query.tuples()]
    _add_labels(items)
    return items


def _add_labels(items: Sequence[Routable]) -> None:
    if not items:
        return
    names = label_names([item.message_id for item in items])
    for item in items:
        item.labels |= names[item.message_id]
    by_conversation: dict[int, list[Routable]] = {}
    for item in items:
        if not item.opens:
            by_conversation.setdefault(item.conversation_id, []).append(item)
    if not by_conversation:
        return
    put = ConversationLabel.select(ConversationLabel.conversation, ConversationLabel.name).where(
        among(ConversationLabel.conversation, by_conversation)
    )
    for conversation_id, name in put.tuples():
        for item in by_conversation[conversation_id]:
            item.labels.add(name)


def message_facts(item: Routable) -> dict[str, object]:
    """The facts of `earful.policies.facts`, but for those about the time."""
    return {
        "message.text": item.text,
        "message.surface": item.surface,
        "message.language": item.language,
        "message.length": len(item.text),
        "channel.name": item.channel,
        "channel.type": item.channel_type,
        "author.name": item.author_name,
        "author.handle": item.author_handle,
        "author.reach": item.author_reach,
        "author.verified": item.author_verified,
        "contact.is_known": item.contact_since < item.opened_at,
        "labels": item.labels,
        "conversation.title": item.title,
        "conversation.is_new": item.opens,
        "conversation.queue": item.queue,
        "conversation.priority": item.priority.word,
        "conversation.status": item.status,
    }


def routed_item(item: Routable) -> RoutedItem:
    """The same for a router of a plugin."""
    return RoutedItem(
        message_id=item.message_id,
        conversation_id=item.conversation_id,
        channel=item.channel,
        channel_type=item.channel_type,
        surface=item.surface,
        text=item.text,
        title=item.title,
        author=Author(
            external_id=item.author_id,
            name=item.author_name,
            handle=item.author_handle,
            url=item.author_url,
            reach=item.author_reach,
            verified=item.author_verified,
        ),
        language=item.language,
        labels=tuple(sorted(item.labels)),
        conversation_is_new=item.opens,
    )
