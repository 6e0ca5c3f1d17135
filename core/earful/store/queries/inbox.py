# ruff: noqa: S608 - names are ours, values are marks
"""The inbox's list and its counts.

Each view reads one index in the order it shows, so that a page costs what it shows and not what is
stored. Everything here is literal SQL: it runs with every page and every poll, and SQLite does not
match the condition of a partial index with a parameter.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful.store.database import connection, time_limit
from earful.store.models import NEVER
from earful.store.queries.conditions import Where
from earful.store.queries.labels import LabelScore, newest_moods
from earful.store.queries.paging import Cursor, Page, page_of
from earful.store.queries.reading import holders, moment, select, stored
from earful.store.queries.references import (
    AgentName,
    ChannelName,
    QueueName,
    agent_name,
    queue_name,
)
from earful.store.states import ConversationStatus, ListOrder, PriorityRank
from earful.types import Surface

__all__ = [
    "MOST_AT_ONCE",
    "MOST_COUNTED",
    "MOST_IN_A_JOB",
    "VIEWS",
    "ConversationRow",
    "Count",
    "Filter",
    "View",
    "contact_names",
    "conversation_row",
    "count_filter",
    "counts",
    "list_conversations",
    "list_ids",
    "unread_of",
]

MOST_COUNTED = 100
"""Counting stops here: a page shows "99+" for it."""
MOST_AT_ONCE = 500
"""How many conversations are changed while somebody waits; more are a job."""
MOST_IN_A_JOB = 20_000
"""How many conversations can be selected with one key."""
LONGEST_READ = 3.0
"""Seconds a list by somebody's own condition may take."""
_LOOKED_AT = 500
"""A kept view's number is counted among so many of the most urgent conversations only."""

VIEWS = ("all", "mine", "unassigned", "pending", "snoozed", "resolved", "ignored")
"""The views everybody has, in the order in which they are shown; each queue is one more."""

_KEYED = re.compile(r"(queue|view)-(\d{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class View:
    """One list of the inbox: a name of `VIEWS`, a queue's open conversations, or a saved view."""

    name: str = "all"
    queue_id: int | None = None
    saved_id: int | None = None

    @classmethod
    def parse(cls, text: str | None) -> View | None:
        """The view an address names, such as `mine`, `queue-3` or `view-2`; None for another."""
        if not text or text in VIEWS:
            return cls(text or "all")
        found = _KEYED.fullmatch(text)
        if not found:
            return None
        number = int(found[2])
        return cls("queue", number) if found[1] == "queue" else cls("saved", None, number)

    @property
    def key(self) -> str:
        """How an address names it."""
        if self.name == "queue":
            return f"queue-{self.queue_id}"
        return f"view-{self.saved_id}" if self.name == "saved" else self.name

    @property
    def order(self) -> ListOrder:
        """In which order it is read unless somebody chose another."""
        is_done = self.name in {"resolved", "ignored"}
        return ListOrder.NEWEST if is_done else ListOrder.DUE


@dataclass(frozen=True, slots=True)
class Filter:
    """What a saved view asks: a status, and a condition over the conversations that have it."""

    status: ConversationStatus
    where: Where


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
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How many were found; `is_cut` where there may be more, because counting stopped early."""

    found: int
    is_cut: bool = False


# Reading the list


def list_conversations(
    view: View,
    *,
    agent_id: int,
    order: ListOrder | None = None,
    narrowed: Filter | None = None,
    after: Cursor | None = None,
    limit: int = 40,
) -> Page[ConversationRow]:
    """One page of a view as `agent_id` sees it; three statements.

    A saved view needs its `narrowed`, and may raise `TooSlow`.
    """
    order = order or view.order
    column = _column(view, order)
    where = _where(view, agent_id, narrowed)
    if after:
        where.append(_behind(order, column, after))
    sql = f"{_LINES} WHERE {_sql_of(where)} ORDER BY {_order_by(order, column)} LIMIT {limit + 1}"
    values = [agent_id, *_values_of(where)]
    with time_limit(LONGEST_READ) if narrowed else connection():
        found = select(sql, values)
        labels, last = _marks_of([row[0] for row in found[:limit]])
    return page_of(
        found,
        limit,
        make=lambda row: _row(row, labels, last),
        cursor=lambda row: _cursor_of(row, order, column),
    )


def list_ids(
    view: View,
    *,
    agent_id: int,
    order: ListOrder | None = None,
    narrowed: Filter | None = None,
    limit: int = MOST_IN_A_JOB,
) -> list[int]:
    """The first conversations of a view, by id; one statement."""
    order = order or view.order
    where = _where(view, agent_id, narrowed)
    sql = (
        f"SELECT c.id FROM conversation c WHERE {_sql_of(where)} "
        f"ORDER BY {_order_by(order, _column(view, order))} LIMIT {limit}"
    )
    with time_limit(LONGEST_READ) if narrowed else connection():
        return [int(key) for (key,) in select(sql, _values_of(where))]


def contact_names(ids: Sequence[int]) -> dict[int, str]:
    """Whose conversations these are; one statement."""
    sql = (
        "SELECT c.id, t.name FROM conversation c JOIN contact t ON t.id = c.contact_id "
        f"WHERE c.id IN ({holders(ids)})"
    )
    with connection():
        return dict(select(sql, ids))


def unread_of(agent_id: int) -> list[int]:
    """Open conversations that somebody holds and has not read to the end; one statement.

    Looked for among the hundred that were written in last.
    """
    sql = (
        "SELECT c.id FROM (SELECT id FROM conversation WHERE assignee_id = ? AND status = 'open' "
        f"ORDER BY last_message_at DESC, id DESC LIMIT {MOST_COUNTED}) AS c "
        "LEFT JOIN read_cursor r ON r.conversation_id = c.id AND r.agent_id = ? "
        "WHERE (SELECT m.id FROM message m WHERE m.conversation_id = c.id AND m.direction = 'in' "
        "ORDER BY m.sent_at DESC, m.id DESC LIMIT 1) > coalesce(r.message_id, 0)"
    )
    with connection():
        return [int(key) for (key,) in select(sql, (agent_id, agent_id))]


def conversation_row(conversation_id: int, *, agent_id: int = 0) -> ConversationRow | None:
    """The line of one conversation, in whichever view it is; None where there is none."""
    with connection():
        found = select(f"{_LINES} WHERE c.id = ?", (agent_id, conversation_id))
        labels, last = _marks_of([row[0] for row in found])
    return _row(found[0], labels, last) if found else None


def _where(view: View, agent_id: int, narrowed: Filter | None) -> list[Where]:
    if narrowed:
        return [_status(narrowed.status), narrowed.where]
    if view.name == "queue":
        return [Where("c.queue_id = ?", [view.queue_id]), _status("open")]
    if view.name == "mine":
        return [Where("c.assignee_id = ?", [agent_id]), _status("open")]
    if view.name == "unassigned":
        return [Where("c.assignee_id IS NULL"), _status("open")]
    if view.name == "snoozed":
        return [_status("snoozed"), Where("c.snoozed_until IS NOT NULL")]
    return [_status("open" if view.name == "all" else view.name)]


def _status(word: str) -> Where:
    return Where(f"c.status = '{ConversationStatus(word)}'")


def _sql_of(where: Iterable[Where]) -> str:
    return " AND ".join(each.sql for each in where)


def _values_of(where: Iterable[Where]) -> list[object]:
    return [value for each in where for value in each.values]


# Orders


def _column(view: View, order: ListOrder) -> str:
    """What a list is ordered by, before the id."""
    if order in {ListOrder.NEWEST, ListOrder.OLDEST}:
        return "last_message_at"
    return "snoozed_until" if view.name == "snoozed" and order is ListOrder.DUE else "due_at"


def _order_by(order: ListOrder, column: str) -> str:
    if order is ListOrder.NEWEST:
        return f"c.{column} DESC, c.id DESC"
    first = "c.priority DESC, " if order is ListOrder.PRIORITY else ""
    return f"{first}c.{column}, c.id"


def _behind(order: ListOrder, column: str, cursor: Cursor) -> Where:
    """What comes after the cursor in this order."""
    sign = "<" if order is ListOrder.NEWEST else ">"
    where = Where(f"(c.{column}, c.id) {sign} (?, ?)", [stored(cursor.at), cursor.id])
    if order is ListOrder.PRIORITY and cursor.rank is not None:
        sql = f"c.priority <= ? AND (c.priority < ? OR {where.sql})"
        return Where(sql, [cursor.rank, cursor.rank, *where.values])
    return where


def _cursor_of(row: Sequence[Any], order: ListOrder, column: str) -> Cursor:
    at = moment(row[_PLACE[column]])
    rank = int(row[_PLACE["priority"]]) if order is ListOrder.PRIORITY else None
    return Cursor(at=at, id=row[0], rank=rank)


# Counting


def counts(
    queue_ids: Iterable[int], *, agent_id: int, saved: Mapping[str, Filter] | None = None
) -> dict[str, Count]:
    """How many conversations each view holds, by its key, up to `MOST_COUNTED`; one statement.

    Finished views are not counted: nobody works through them. A saved view is counted among its
    most urgent conversations, and says where there are others that were not looked at.
    """
    mine = int(agent_id)
    conditions = {
        "all": "c.status = 'open'",
        "mine": f"c.assignee_id = {mine} AND c.status = 'open'",
        "unassigned": "c.assignee_id IS NULL AND c.status = 'open'",
        "pending": "c.status = 'pending'",
        "snoozed": "c.status = 'snoozed'",
    } | {f"queue-{int(key)}": f"c.queue_id = {int(key)} AND c.status = 'open'" for key in queue_ids}
    parts = [
        f"SELECT '{key}', count(*) FROM "
        f"(SELECT 1 FROM conversation c WHERE {condition} LIMIT {MOST_COUNTED}) AS few"
        for key, condition in conditions.items()
    ]
    narrowings = saved or {}
    values: list[object] = []
    for key, narrowed in narrowings.items():
        part = _count_sql(narrowed, among=_LOOKED_AT, most=MOST_COUNTED)
        parts.append(f"SELECT '{key}', {part.sql}")
        values += part.values
    for status in {narrowed.status for narrowed in narrowings.values()}:
        every = _count_sql(_every(status), among=_LOOKED_AT + 1, most=_LOOKED_AT + 1)
        parts.append(f"SELECT 'every {status}', {every.sql}")
    with connection():
        found = dict(select(" UNION ALL ".join(parts), values))
    return {key: Count(int(found[key]), found[key] >= MOST_COUNTED) for key in conditions} | {
        key: Count(
            int(found[key]),
            found[key] >= MOST_COUNTED or found[f"every {each.status}"] > _LOOKED_AT,
        )
        for key, each in narrowings.items()
    }


def count_filter(narrowed: Filter, *, among: int = 20_000, most: int = 1000) -> tuple[int, bool]:
    """How many conversations a condition finds, and whether there may be more; two statements.

    Counts up to `most`, among so many of the most urgent conversations. May raise `TooSlow`.
    """
    part = _count_sql(narrowed, among=among, most=most)
    every = _count_sql(_every(narrowed.status), among=among + 1, most=among + 1)
    with time_limit(LONGEST_READ):
        found = int(select(f"SELECT 1, {part.sql}", part.values)[0][1])
        is_cut = int(select(f"SELECT 1, {every.sql}")[0][1]) > among
    return found, found >= most or is_cut


def _every(status: ConversationStatus) -> Filter:
    return Filter(status, Where("1 = 1"))


def _count_sql(narrowed: Filter, *, among: int, most: int) -> Where:
    return Where(
        "count(*) FROM (SELECT 1 FROM (SELECT * FROM conversation c "
        f"WHERE {_status(narrowed.status).sql} ORDER BY c.due_at, c.id LIMIT {among}) AS c "
        f"WHERE {narrowed.where.sql} LIMIT {most}) AS few",
        narrowed.where.values,
    )


# Lines

_COLUMNS = (
    "c.id",
    "c.surface",
    "c.subject",
    "c.snippet",
    "c.status",
    "c.priority",
    "c.due_at",
    "c.waiting_since",
    "c.snoozed_until",
    "c.last_message_at",
    "c.message_count",
    "t.name",
    "h.id",
    "h.name",
    "h.kind",
    "h.title",
    "q.id",
    "q.name",
    "q.colour",
    "a.id",
    "a.name",
    "a.initials",
    "r.message_id",
)
_PLACE = {name.removeprefix("c."): at for at, name in enumerate(_COLUMNS) if name[0] == "c"}
# Left joins throughout: a planner may not begin with another table then, and lose the order.
_LINES = f"""SELECT {", ".join(_COLUMNS)} FROM conversation c
    LEFT JOIN contact t ON t.id = c.contact_id
    LEFT JOIN channel h ON h.id = c.channel_id
    LEFT JOIN queue q ON q.id = c.queue_id
    LEFT JOIN agent a ON a.id = c.assignee_id
    LEFT JOIN read_cursor r ON r.conversation_id = c.id AND r.agent_id = ?"""
_Last = dict[int, tuple[int, LabelScore | None]]


def _marks_of(ids: Sequence[int]) -> tuple[dict[int, list[str]], _Last]:
    """Each conversation's labels; and its newest message that came in, with that one's mood."""
    if not ids:
        return {}, {}
    labels: dict[int, list[str]] = defaultdict(list)
    these = f"({holders(ids)})"
    for key, name in select(
        f"SELECT conversation_id, name FROM conversation_label "
        f"WHERE conversation_id IN {these} ORDER BY id",
        ids,
    ):
        labels[key].append(name)
    return labels, newest_moods(ids)


def _row(row: Sequence[Any], labels: Mapping[int, list[str]], last: _Last) -> ConversationRow:
    due_at, snoozed_until = moment(row[6]), moment(row[8])
    newest, mood = last.get(row[0], (0, None))
    return ConversationRow(
        id=row[0],
        surface=Surface(row[1]),
        subject=row[2],
        snippet=row[3],
        status=ConversationStatus(row[4]),
        priority=PriorityRank(row[5]),
        due_at=None if due_at == NEVER else due_at,
        waiting_since=moment(row[7]),
        snoozed_until=None if snoozed_until == NEVER else snoozed_until,
        last_message_at=moment(row[9]),
        message_count=row[10],
        contact=row[11],
        channel=ChannelName(id=row[12], name=row[13], kind=row[14], title=row[15] or row[13]),
        queue=queue_name(*row[16:19]),
        assignee=agent_name(*row[19:22]),
        labels=tuple(labels.get(row[0], ())),
        mood=mood,
        unread=newest > (row[22] or 0),
    )
