"""Who has which conversation open just now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from earful.store.database import connection
from earful.store.queries.reading import select, stored
from earful.store.queries.references import AgentName, agent_name, initials_of

__all__ = ["PRESENT_FOR", "Viewer", "held_by", "viewers"]

PRESENT_FOR = timedelta(seconds=25)
"""After this without a sign of life nobody is there any more. Polls come every five seconds."""
MOST_VIEWERS = 500


@dataclass(frozen=True, slots=True)
class Viewer:
    """A colleague who has a conversation open, and whether they are writing an answer."""

    agent: AgentName
    is_replying: bool


def viewers(agent_id: int, *, now: datetime) -> Mapping[int, Sequence[Viewer]]:
    """The other people by conversation, those who reply first; one statement."""
    sql = (
        "SELECT presence.conversation_id, agent.id, agent.name, agent.initials,"
        " max(CASE presence.state WHEN 'replying' THEN 1 ELSE 0 END) AS replying"
        " FROM presence JOIN agent ON agent.id = presence.agent_id"
        " WHERE presence.at > ? AND presence.agent_id <> ? AND agent.active"
        " GROUP BY presence.conversation_id, agent.id, agent.name, agent.initials"
        " ORDER BY presence.conversation_id, replying DESC, agent.name, agent.id LIMIT ?"
    )
    with connection():
        found = select(sql, (stored(now - PRESENT_FOR), agent_id, MOST_VIEWERS))
    here: dict[int, list[Viewer]] = {}
    for conversation_id, key, name, initials, replying in found:
        who = AgentName(id=key, name=name, initials=initials or initials_of(name))
        here.setdefault(conversation_id, []).append(Viewer(who, bool(replying)))
    return here


def held_by(conversation_id: int) -> AgentName | None:
    """The assignee."""
    sql = (
        "SELECT agent.id, agent.name, agent.initials FROM conversation"
        " JOIN agent ON agent.id = conversation.assignee_id WHERE conversation.id = ?"
    )
    with connection():
        found = select(sql, (conversation_id,))
    return agent_name(*found[0]) if found else None
