# ruff: noqa: S608 - names are ours, values are marks
"""A view's condition as SQL: each question about a conversation `c`, and the groups around them.

What may be asked, and that a tree is well formed, is `policies.view_facts`' business; a tree that
was not checked there raises `KeyError` here. As in policies, what is unknown answers no question
with yes: a NULL counts as no, also where a group denies it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from earful.store.models import NEVER
from earful.store.queries.reading import holders, stored
from earful.store.states import PriorityRank

__all__ = ["FACTS", "Where", "literal", "view_condition"]

LAST_IN = (
    "(SELECT m.id FROM message m WHERE m.conversation_id = c.id AND m.direction = 'in' "
    "ORDER BY m.sent_at DESC, m.id DESC LIMIT 1)"
)
UNREAD = (
    "EXISTS (SELECT 1 FROM message m WHERE m.conversation_id = c.id AND m.direction = 'in' "
    "AND m.id > COALESCE((SELECT r.message_id FROM read_cursor r "
    "WHERE r.conversation_id = c.id AND r.agent_id = ?), 0))"
)
_FARTHEST = 1_000_000.0
"""Hours; beyond every real question, and within what a date can be."""


@dataclass(slots=True)
class Where:
    """A condition with the values of its marks, in their order."""

    sql: str
    values: list[object] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who looks, and when."""

    agent_id: int
    now: datetime


Question = Callable[[str, Any, Asker], Where]
"""An operator and its value as SQL."""
Members = Callable[[Sequence[str], Asker], Where]
"""Whether a choice is one of these."""


def view_condition(tree: Mapping[str, Any], *, agent_id: int, now: datetime) -> Where:
    """The condition of a checked tree."""
    return _node(tree, Asker(agent_id, now))


def _node(node: Mapping[str, Any], asker: Asker) -> Where:
    for kind, glue in (("all", " AND "), ("any", " OR "), ("none", " OR ")):
        if kind in node:
            parts = [_node(child, asker) for child in node[kind]]
            sql = f"({glue.join(part.sql for part in parts) or '1 = 1'})"
            values = [value for part in parts for value in part.values]
            return Where(f"NOT COALESCE({sql}, 1 = 0)" if kind == "none" else sql, values)
    return FACTS[node["fact"]](node["op"], node.get("value"), asker)


def _choice(known: str, members: Members) -> Question:
    """Questions about one of several names; `known` says whether there is one at all."""

    def ask(op: str, value: Any, asker: Asker) -> Where:
        if op in {"is_known", "is_unknown"}:
            return Where(f"{known} IS {'NOT ' if op == 'is_known' else ''}NULL")
        found = members(value if isinstance(value, list) else [value], asker)
        if op == "is_not":
            return Where(f"({known} IS NOT NULL AND NOT {found.sql})", found.values)
        return found

    return ask


def _among(column: str, convert: Callable[[str], object] = str) -> Members:
    return lambda names, _asker: Where(
        f"{column} IN ({holders(names)})", [convert(name) for name in names]
    )


def _among_ids(column: str, table: str, name: str) -> Members:
    """`column` links to a table whose rows are known to people by `name`."""

    def members(names: Sequence[str], _asker: Asker) -> Where:
        ids = f"SELECT id FROM {table} WHERE {name} IN ({holders(names)})"
        # One name is one row, and "=" lets an index give the rows in the order of the list.
        return Where(f"{column} {'=' if len(names) == 1 else 'IN'} ({ids})", list(names))

    return members


def _among_agents(names: Sequence[str], asker: Asker) -> Where:
    emails = [name.strip().lower() for name in names]
    if emails == ["me"]:
        return Where("c.assignee_id = ?", [asker.agent_id])
    me = asker.agent_id if "me" in emails else -1
    these = f"id = ? OR lower(email) IN ({holders(emails)})"
    return Where(f"c.assignee_id IN (SELECT id FROM agent WHERE {these})", [me, *emails])


def _hours(column: str, *, ahead: bool) -> Question:
    """Questions about how long ago a moment was or, with `ahead`, how long it is until it."""

    def ask(op: str, value: Any, asker: Asker) -> Where:
        known = Where(f"{column} < ?", [stored(NEVER)]) if ahead else Where(f"{column} IS NOT NULL")
        if op in {"is_known", "is_unknown"}:
            return known if op == "is_known" else Where(f"NOT ({known.sql})", known.values)

        def at(hours: float) -> object:
            span = timedelta(hours=max(-_FARTHEST, min(float(hours), _FARTHEST)))
            return stored(asker.now + span if ahead else asker.now - span)

        more, less = (">", "<") if ahead else ("<", ">")
        if op == "eq":
            # The whole hour: "is 3" means from three hours to just before four.
            asked = Where(f"{column} {more}= ? AND {column} {less} ?", [at(value), at(value + 1)])
        else:
            sign = {"gt": more, "gte": f"{more}=", "lt": less, "lte": f"{less}="}[op]
            asked = Where(f"{column} {sign} ?", [at(value)])
        return Where(f"({known.sql} AND {asked.sql})", [*known.values, *asked.values])

    return ask


def _text(column: str) -> Question:
    def ask(op: str, value: Any, asker: Asker) -> Where:  # noqa: ARG001
        if op in {"is", "is_not"}:
            sign = "=" if op == "is" else "<>"
            return Where(f"lower({column}) {sign} lower(?)", [value.strip()])
        begin = "" if op == "starts_with" else "%"
        deny = "NOT " if op == "not_contains" else ""
        return Where(
            f"lower({column}) {deny}LIKE lower(?) ESCAPE '!'", [f"{begin}{literal(value)}%"]
        )

    return ask


def literal(text: str) -> str:
    """What LIKE takes literally."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _labels(op: str, value: Any, asker: Asker) -> Where:  # noqa: ARG001
    names = [each.lower() for each in (value if isinstance(value, list) else [value])]
    parts, values = [], []
    for name in names:
        if name.endswith(":*"):
            # Every name that begins with the namespace and its colon; ";" comes after ":".
            parts.append("(l.name >= ? AND l.name < ?)")
            values += [name[:-1], f"{name[:-2]};"]
        else:
            parts.append("l.name = ?")
            values.append(name)
    held = (
        "EXISTS (SELECT 1 FROM conversation_label l "
        f"WHERE l.conversation_id = c.id AND ({' OR '.join(parts)}))"
    )
    return Where(f"NOT {held}" if op == "has_not" else held, [*values])


def _unread(op: str, value: Any, asker: Asker) -> Where:  # noqa: ARG001
    return Where(UNREAD if value else f"NOT {UNREAD}", [asker.agent_id])


_KIND = "(SELECT k.kind FROM channel k WHERE k.id = c.channel_id)"
_LANGUAGE = f"(SELECT m.language FROM message m WHERE m.id = {LAST_IN})"
# A person's word wins; an empty one says that no tone is right.
_SENTIMENT = (
    f"(SELECT COALESCE((SELECT nullif('sentiment:' || j.value, 'sentiment:') "
    "FROM label_correction j WHERE j.message_id = n.id AND j.namespace = 'sentiment'), "
    "(SELECT max(l.name) FROM message_label l WHERE l.message_id = n.id "
    "AND l.name >= 'sentiment:' AND l.name < 'sentiment;' AND NOT EXISTS (SELECT 1 "
    "FROM label_correction j WHERE j.message_id = n.id AND j.namespace = 'sentiment'))) "
    f"FROM message n WHERE n.id = {LAST_IN})"
)

FACTS: Mapping[str, Question] = {
    "conversation.queue": _choice("c.queue_id", _among_ids("c.queue_id", "queue", "name")),
    "conversation.assignee": _choice("c.assignee_id", _among_agents),
    "conversation.priority": _choice(
        "c.priority", _among("c.priority", lambda word: int(PriorityRank.of(word)))
    ),
    "channel.name": _choice("c.channel_id", _among_ids("c.channel_id", "channel", "name")),
    "channel.type": _choice(_KIND, _among(_KIND)),
    "conversation.surface": _choice("c.surface", _among("c.surface")),
    "labels": _labels,
    "conversation.sentiment": _choice(
        _SENTIMENT, _among(_SENTIMENT, lambda name: f"sentiment:{name}")
    ),
    "message.language": _choice(_LANGUAGE, _among(_LANGUAGE)),
    "conversation.age": _hours("c.last_message_at", ahead=False),
    "conversation.waiting": _hours("c.waiting_since", ahead=False),
    "conversation.due": _hours("c.due_at", ahead=True),
    "conversation.unread": _unread,
    "contact.name": _text("(SELECT t.name FROM contact t WHERE t.id = c.contact_id)"),
    "conversation.title": _text("c.subject"),
}
"""Every fact a view may ask about, by name."""
