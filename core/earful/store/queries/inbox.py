"""The inbox's list and its counts.

Each view reads one index in the order it shows: the most urgent first, so that a page costs what
it shows and not what is stored. Conditions of partial indexes are literal SQL, because SQLite
does not match an index's condition with a parameter.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import peewee
from peewee import JOIN, SQL

from earful.store.database import connection, rows
from earful.store.models import (
    NEVER,
    Agent,
    Channel,
    Contact,
    Conversation,
    ConversationLabel,
    Message,
    Queue,
)
from earful.store.queries.labels import LabelScore, standing_labels
from earful.store.queries.paging import Cursor, Page, after, before, page_of
from earful.store.queries.reading import dicts, tuples
from earful.store.queries.references import (
    AgentName,
    ChannelName,
    QueueName,
    agent_name,
    queue_name,
)
from earful.store.states import ConversationStatus, PriorityRank
from earful.types import Surface

__all__ = [
    "MOST_COUNTED",
    "VIEWS",
    "ConversationRow",
    "View",
    "conversation_row",
    "counts",
    "list_conversations",
]

MOST_COUNTED = 1000
"""Counting stops here: a page shows "999+" for it."""

VIEWS = ("all", "mine", "unassigned", "pending", "snoozed", "resolved", "ignored")
"""The views everybody has, in the order in which they are shown; each queue is one more."""

MOOD = "sentiment"
_QUEUE = re.compile(r"queue-(\d{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class View:
    """One list of the inbox: a name of `VIEWS`, or a queue's open conversations."""

    name: str = "all"
    queue_id: int | None = None

    @classmethod
    def parse(cls, text: str | None) -> View | None:
        """The view an address names, such as `mine` or `queue-3`; None for anything else."""
        if not text or text in VIEWS:
            return cls(text or "all")
        queue = _QUEUE.fullmatch(text)
        return cls("queue", int(queue[1])) if queue else None

    @property
    def key(self) -> str:
        """How an address names it."""
        return f"queue-{self.queue_id}" if self.name == "queue" else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRow:
    """One line of the list. `due_at` is None where no clock runs."""

    id: int
    contact: str
    channel: ChannelName
    surface: Surface
    subject: str
    snippet: str
    status: ConversationStatus
    priority: PriorityRank
    queue: QueueName | None
    assignee: AgentName | None
    due_at: datetime | None
    waiting_since: datetime | None
    snoozed_until: datetime | None
    last_message_at: datetime
    message_count: int
    labels: tuple[str, ...]
    mood: LabelScore | None


def list_conversations(
    view: View, *, agent_id: int, after: Cursor | None = None, limit: int = 40
) -> Page[ConversationRow]:
    """One page of a view, most urgent first; five statements."""
    with connection():
        found = dicts(_page_query(view, agent_id, after, limit + 1))
        labels, moods = _labels_of([row["id"] for row in found[:limit]])
    moment = "snoozed_until" if view.name == "snoozed" else "due_at"
    return page_of(
        found,
        limit,
        make=lambda row: _row(row, labels, moods),
        cursor=lambda row: Cursor(at=row[moment], id=row["id"]),
    )


def conversation_row(conversation_id: int) -> ConversationRow | None:
    """The line of one conversation, in whichever view it is; None where there is none."""
    with connection():
        found = dicts(_lines().where(Conversation.id == conversation_id))
        labels, moods = _labels_of([row["id"] for row in found])
    return _row(found[0], labels, moods) if found else None


def counts(queue_ids: Iterable[int], *, agent_id: int) -> dict[str, int]:
    """How many conversations each view holds, by its key, up to `MOST_COUNTED`; one statement.

    Finished views are not counted: nobody works through them.
    """
    conditions = {
        "all": "status = 'open'",
        "mine": f"assignee_id = {int(agent_id)} AND status = 'open'",
        "unassigned": "assignee_id IS NULL AND status = 'open'",
        "pending": "status = 'pending'",
        "snoozed": "status = 'snoozed'",
    } | {f"queue-{int(key)}": f"queue_id = {int(key)} AND status = 'open'" for key in queue_ids}
    parts = (
        f"SELECT '{key}', count(*) FROM "  # noqa: S608 - the keys are ours, the ids are numbers
        f"(SELECT 1 FROM conversation WHERE {condition} LIMIT {MOST_COUNTED}) AS few"
        for key, condition in conditions.items()
    )
    with connection():
        return {key: int(count) for key, count in rows(" UNION ALL ".join(parts))}


def _page_query(view: View, agent_id: int, cursor: Cursor | None, limit: int) -> Any:
    moment = Conversation.snoozed_until if view.name == "snoozed" else Conversation.due_at
    query = _lines().where(*_conditions(view, agent_id)).limit(limit)
    if view.name in {"resolved", "ignored"}:
        # No clock runs there, so this is the newest first, by the same index read backwards.
        if cursor:
            query = query.where(before(moment, Conversation.id, cursor))
        return query.order_by(moment.desc(), Conversation.id.desc())
    if cursor:
        query = query.where(after(moment, Conversation.id, cursor))
    return query.order_by(moment, Conversation.id)


def _conditions(view: View, agent_id: int) -> Sequence[Any]:
    if view.name == "queue":
        return (Conversation.queue == view.queue_id, Conversation.status == SQL("'open'"))
    if view.name == "mine":
        return (Conversation.assignee == agent_id, Conversation.status == SQL("'open'"))
    if view.name == "unassigned":
        return (Conversation.assignee.is_null(), Conversation.status == SQL("'open'"))
    if view.name == "snoozed":
        return (
            Conversation.status == SQL("'snoozed'"),
            Conversation.snoozed_until.is_null(False),
        )
    status = "open" if view.name == "all" else view.name
    return (Conversation.status == SQL(f"'{ConversationStatus(status)}'"),)


def _lines() -> Any:
    return (
        Conversation.select(
            Conversation.id,
            Conversation.surface,
            Conversation.subject,
            Conversation.snippet,
            Conversation.status,
            Conversation.priority,
            Conversation.due_at,
            Conversation.waiting_since,
            Conversation.snoozed_until,
            Conversation.last_message_at,
            Conversation.message_count,
            Contact.name.alias("contact_name"),
            Channel.id.alias("channel_id"),
            Channel.name.alias("channel_name"),
            Channel.kind.alias("channel_kind"),
            Channel.title.alias("channel_title"),
            Queue.id.alias("queue_id"),
            Queue.name.alias("queue_name"),
            Queue.colour.alias("queue_colour"),
            Agent.id.alias("agent_id"),
            Agent.name.alias("agent_name"),
            Agent.initials.alias("agent_initials"),
        )
        .join(Contact)
        .switch(Conversation)
        .join(Channel)
        .switch(Conversation)
        .join(Queue, JOIN.LEFT_OUTER)
        .switch(Conversation)
        .join(Agent, JOIN.LEFT_OUTER, on=Conversation.assignee == Agent.id)
    )


def _labels_of(ids: Sequence[int]) -> tuple[dict[int, list[str]], dict[int, LabelScore]]:
    """Each conversation's labels, and the mood of the last message that came in."""
    labels: dict[int, list[str]] = defaultdict(list)
    by_people = ConversationLabel.select(
        ConversationLabel.conversation, ConversationLabel.name
    ).where(ConversationLabel.conversation.in_(ids))
    for conversation_id, name in tuples(by_people.order_by(ConversationLabel.id)):
        labels[conversation_id].append(name)
    last = {message: conversation for conversation, message in _last_inbound(ids) if message}
    standing = standing_labels(list(last), namespace=MOOD)
    moods = {last[message]: said[-1] for message, said in standing.items() if said}
    return labels, moods


def _last_inbound(ids: Sequence[int]) -> Iterable[tuple[int, int | None]]:
    newest = (
        Message.select(Message.id)
        .where(Message.conversation == Conversation.id, Message.direction == SQL("'in'"))
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(1)
    )
    query: peewee.Select = Conversation.select(Conversation.id, newest.alias("message_id"))
    return tuples(query.where(Conversation.id.in_(ids)))


def _row(
    row: dict[str, Any], labels: dict[int, list[str]], moods: dict[int, LabelScore]
) -> ConversationRow:
    return ConversationRow(
        id=row["id"],
        contact=row["contact_name"],
        channel=ChannelName(
            id=row["channel_id"],
            name=row["channel_name"],
            kind=row["channel_kind"],
            title=row["channel_title"] or row["channel_name"],
        ),
        surface=row["surface"],
        subject=row["subject"],
        snippet=row["snippet"],
        status=row["status"],
        priority=row["priority"],
        queue=queue_name(row["queue_id"], row["queue_name"], row["queue_colour"]),
        assignee=agent_name(row["agent_id"], row["agent_name"], row["agent_initials"]),
        due_at=None if row["due_at"] == NEVER else row["due_at"],
        waiting_since=row["waiting_since"],
        snoozed_until=row["snoozed_until"],
        last_message_at=row["last_message_at"],
        message_count=row["message_count"],
        labels=tuple(labels.get(row["id"], ())),
        mood=moods.get(row["id"]),
    )
