# ruff: noqa: S608 - names are ours, values are marks
"""Search over all messages: by their words, who wrote them, and where they stand.

`find` is the one door to two indexes that behave alike: FTS5 on SQLite, `tsvector` on PostgreSQL.
Both are kept by triggers (migration 0004), and hold nothing of a message that was removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful.store.database import is_postgres, time_limit
from earful.store.queries.conditions import UNREAD, Where, literal
from earful.store.queries.paging import Page
from earful.store.queries.reading import moment, select, stored
from earful.store.queries.references import ChannelName, QueueName, queue_name
from earful.store.queries.search_terms import Search, Term, excerpt, highlight
from earful.store.states import ConversationStatus, Direction

__all__ = ["LONGEST_SEARCH_SECONDS", "Hit", "authors", "find"]

LONGEST_SEARCH_SECONDS = 3.0
Pieces = tuple[tuple[str, bool], ...]
"""A text in pieces, each with whether it was searched for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One message that was found."""

    message_id: int
    conversation_id: int
    author: Pieces
    name: str
    subject: Pieces
    text: Pieces
    sent_at: datetime
    is_ours: bool
    is_private: bool
    channel: ChannelName
    queue: QueueName | None
    status: ConversationStatus


def find(
    search: Search, *, agent_id: int, before_id: int | None = None, limit: int = 20
) -> Page[Hit]:
    """One page of what a search finds, the last to arrive first; one statement.

    `before_id` is where the page before ended. Raises `TooSlow` after `LONGEST_SEARCH_SECONDS`.
    """
    if search.is_empty or search.mistakes:
        return Page(items=())
    words = _words(search)
    where = [Where("m.removal IS NULL"), *_filters(search, agent_id)]
    if words:
        where.append(words)
    if before_id is not None:
        where.append(Where("m.id < ?", [before_id]))
    sql = (
        f"{_COLUMNS} FROM {_tables(bool(words))} "
        f"WHERE {' AND '.join(each.sql for each in where)} ORDER BY {_place(bool(words))} DESC "
        f"LIMIT {limit + 1}"
    )
    values = [value for each in where for value in each.values]
    with time_limit(LONGEST_SEARCH_SECONDS):
        found = select(sql, values)
    more = str(found[limit - 1][0]) if len(found) > limit else None
    return Page(items=tuple(_hit(row, search) for row in found[:limit]), next=more)


def authors(names: Sequence[Term], *, limit: int) -> list[int]:
    """Identities by their names and handles, from their newest messages; one statement.

    Looks at `limit` messages at most. Raises `TooSlow` after `LONGEST_SEARCH_SECONDS`.
    """
    words = _words(Search(people=list(names)))
    if words is None:
        return []
    index = "message_search"
    join = f"{index} JOIN message m ON m.id = {index}.message_id"
    if not is_postgres():
        join = f"{index} CROSS JOIN message m ON m.id = {index}.rowid"
    sql = (
        f"SELECT m.identity_id FROM {join} WHERE {words.sql} "
        f"ORDER BY {_place(by_words=True)} DESC LIMIT {limit}"
    )
    with time_limit(LONGEST_SEARCH_SECONDS):
        return list(dict.fromkeys(key for (key,) in select(sql, words.values)))


_COLUMNS = """SELECT m.id, m.conversation_id, m.text, m.sent_at, m.direction, m.surface,
    i.name, i.handle, c.subject, c.status, h.id, h.name, h.kind, h.title, q.id, q.name, q.colour"""
_JOINS = """
    JOIN conversation c ON c.id = m.conversation_id
    LEFT JOIN identity i ON i.id = m.identity_id
    LEFT JOIN channel h ON h.id = c.channel_id
    LEFT JOIN queue q ON q.id = c.queue_id"""


def _tables(by_words: bool) -> str:  # noqa: FBT001
    if not by_words:
        return f"message m {_JOINS}"
    if is_postgres():
        return f"message_search JOIN message m ON m.id = message_search.message_id {_JOINS}"
    # A cross join begins with the index, which gives its rows in the order of the page.
    return f"message_search CROSS JOIN message m ON m.id = message_search.rowid {_JOINS}"


def _place(by_words: bool) -> str:  # noqa: FBT001
    return "message_search.rowid" if by_words and not is_postgres() else "m.id"


# Words


def _words(search: Search) -> Where | None:
    if not (search.terms or search.people):
        return None
    if is_postgres():
        return _postgres_words(search)
    parts = [_fts(term) for term in search.terms]
    parts += [f"author : {_fts(Term(run))}" for term in search.people for run in term.runs]
    return Where("message_search MATCH ?", [" AND ".join(parts)])


def _fts(term: Term) -> str:
    # Letters and digits only, and in quotes: nothing typed is read as FTS5's own language.
    return f'"{" ".join(term.runs)}"{"" if term.exact else " *"}'


def _postgres_words(search: Search) -> Where:
    parts, values = [], []
    for term in search.terms:
        if len(term.runs) == 1 and not term.exact:
            parts.append("to_tsquery('simple', ?)")
            values.append(f"{term.runs[0]}:*")
        else:
            # The parser of the index also reads what stands between: addresses, numbers, hyphens.
            parts.append("phraseto_tsquery('simple', ?)")
            values.append(term.text)
    for term in search.people:
        parts.append("to_tsquery('simple', ?)")
        values.append(" & ".join(f"{run}:*A" for run in term.runs))
    return Where(f"message_search.document @@ ({' && '.join(parts)})", list(values))


# Everything else


def _filters(search: Search, agent_id: int) -> list[Where]:
    where = [_label(name) for name in search.labels]
    where += [
        _named("c.channel_id", "channel", ("name", "title"), text) for text in search.channels
    ]
    where += [_named("c.queue_id", "queue", ("name",), text) for text in search.queues]
    if search.before:
        where.append(Where("m.sent_at < ?", [stored(search.before)]))
    if search.after:
        where.append(Where("m.sent_at >= ?", [stored(search.after)]))
    return where + [_state(word, agent_id) for word in search.states]


def _label(name: str) -> Where:
    """On the conversation or on the message itself; `topic:*` is every label of a namespace."""
    name = name.lower()
    one, values = "= ?", [name]
    if name.endswith(":*"):
        one, values = "BETWEEN ? AND ?", [name[:-1], f"{name[:-1]}\U0010ffff"]
    return Where(
        f"(m.conversation_id IN (SELECT conversation_id FROM conversation_label WHERE name {one}) "
        f"OR EXISTS (SELECT 1 FROM message_label l WHERE l.message_id = m.id AND l.name {one}))",
        [*values, *values],
    )


def _named(column: str, table: str, names: Sequence[str], text: str) -> Where:
    """`column` links to something whose name begins so."""
    either = " OR ".join(f"lower({name}) LIKE lower(?) ESCAPE '!'" for name in names)
    sql = f"{column} IN (SELECT id FROM {table} WHERE {either})"
    return Where(sql, [f"{literal(text)}%"] * len(names))


def _state(word: str, agent_id: int) -> Where:
    match word:
        case "mine":
            return Where("c.assignee_id = ?", [agent_id])
        case "unassigned":
            return Where("c.assignee_id IS NULL")
        case "unread":
            # Its own alias for messages, as the search has one too.
            return Where(UNREAD.replace("message m", "message n").replace("m.", "n."), [agent_id])
        case "private":
            return Where("m.surface = 'private'")
        case "public":
            return Where("m.surface <> 'private'")
    return Where(f"c.status = '{ConversationStatus(word)}'")


def _hit(row: Sequence[Any], search: Search) -> Hit:
    name, handle = row[6] or "", row[7] or ""
    who = f"{name} {handle}" if handle and handle != name else name
    return Hit(
        message_id=row[0],
        conversation_id=row[1],
        text=tuple(highlight(excerpt(row[2], search.terms), search.terms)),
        sent_at=moment(row[3]),
        is_ours=row[4] == Direction.OUT,
        is_private=row[5] == "private",
        author=tuple(highlight(who, [*search.terms, *search.people])),
        name=name,
        subject=tuple(highlight(excerpt(row[8], search.terms, 100), search.terms)),
        status=ConversationStatus(row[9]),
        channel=ChannelName(id=row[10], name=row[11], kind=row[12], title=row[13] or row[11]),
        queue=queue_name(*row[14:17]),
    )
