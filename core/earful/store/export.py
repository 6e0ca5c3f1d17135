"""Everything about every conversation, as plain values, a few conversations at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import peewee

from earful.store.database import connection
from earful.store.models import (
    Agent,
    Channel,
    Contact,
    Conversation,
    ConversationLabel,
    Event,
    Identity,
    LabelCorrection,
    Message,
    MessageLabel,
    Note,
    Queue,
    Reply,
)
from earful.store.queries.attachments import attachments_of, facts_of
from earful.store.queries.labels import label_names
from earful.store.queries.reading import dicts, plain

__all__ = ["conversation_count", "exported_conversations"]

_BATCH = 100


def conversation_count() -> int:
    """How many conversations an export will write."""
    with connection():
        return int(Conversation.select().count())


def exported_conversations() -> Iterator[dict[str, Any]]:
    """Each conversation with its messages, replies, notes, labels and timeline, oldest first.

    Memory stays that of one small batch, however much there is.
    """
    last = 0
    with connection():
        while True:
            batch = _conversations(last)
            if not batch:
                return
            yield from _with_parts(batch)
            last = batch[-1]["id"]


def _conversations(after: int) -> list[dict[str, Any]]:
    query = (
        Conversation.select(
            Conversation,
            Channel.name.alias("channel_name"),
            Contact.name.alias("contact_name"),
            Queue.name.alias("queue_name"),
            Agent.email.alias("assignee_email"),
        )
        .join(Channel)
        .switch(Conversation)
        .join(Contact)
        .switch(Conversation)
        .join(Queue, peewee.JOIN.LEFT_OUTER)
        .switch(Conversation)
        .join(Agent, peewee.JOIN.LEFT_OUTER, on=(Conversation.assignee == Agent.id))
        .where(Conversation.id > after)
        .order_by(Conversation.id)
        .limit(_BATCH)
    )
    return [plain(row) for row in dicts(query)]


def _with_parts(batch: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    ids = [row["id"] for row in batch]
    parts = {
        "messages": _messages(ids),
        "replies": _replies(ids),
        "notes": _parts(Note, ids),
        "labels": _parts(ConversationLabel, ids),
        "events": _parts(Event, ids),
    }
    for row in batch:
        yield row | {name: found.get(row["id"], []) for name, found in parts.items()}


def _replies(ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """With the facts of what they carried, without the bytes."""
    rows = dicts(Reply.select().where(Reply.conversation.in_(ids)).order_by(Reply.id))
    carried = attachments_of([row["id"] for row in rows])
    return _grouped(row | {"attachments": facts_of(carried.get(row["id"], ()))} for row in rows)


def _parts(model: Any, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    query = model.select().where(model.conversation.in_(ids)).order_by(model.id)
    return _grouped(dicts(query))


def _messages(ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    query = (
        Message.select(Message, Identity.name.alias("author"), Identity.handle.alias("handle"))
        .join(Identity)
        .where(Message.conversation.in_(ids))
        .order_by(Message.sent_at, Message.id)
    )
    rows = dicts(query)
    ids = [row["id"] for row in rows]
    standing = label_names(ids)
    machine = _of_messages(MessageLabel.select(), MessageLabel, ids)
    people = _of_messages(
        LabelCorrection.select(LabelCorrection, Agent.email.alias("agent_email")).join(
            Agent, peewee.JOIN.LEFT_OUTER
        ),
        LabelCorrection,
        ids,
    )
    return _grouped(
        {
            **row,
            "standing_labels": sorted(standing[row["id"]]),
            "labels": machine[row["id"]],
            "label_corrections": people[row["id"]],
        }
        for row in rows
    )


def _of_messages(query: Any, model: Any, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in dicts(query.where(model.message.in_(ids)).order_by(model.id)):
        found[row.pop("message")].append(plain(row))
    return found


def _grouped(rows: Any) -> dict[int, list[dict[str, Any]]]:
    groups = defaultdict(list)
    for row in rows:
        groups[row.pop("conversation")].append(plain(row))
    return groups
