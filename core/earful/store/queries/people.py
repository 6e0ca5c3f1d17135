"""Colleagues and queues, for pages that offer or list them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful.store.database import connection
from earful.store.models import Agent
from earful.store.queries.presence import PRESENT_FOR
from earful.store.queries.reading import dicts, select, stored, tuples
from earful.store.queries.references import AgentName, QueueName, initials_of
from earful.store.states import Role

__all__ = [
    "AgentLine",
    "Colleague",
    "agent_emails",
    "agents",
    "assignable_agents",
    "colleagues",
    "queues",
]

MOST_LISTED = 500
MOST_HELD = 100
"""What somebody holds is counted so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLine:
    """A colleague, for the people who manage them."""

    id: int
    email: str
    name: str
    initials: str
    role: Role
    active: bool
    created_at: datetime
    last_sign_in_at: datetime | None


def agents() -> tuple[AgentLine, ...]:
    """Everybody who can sign in, or could; the active ones first."""
    query = Agent.select().order_by(Agent.active.desc(), Agent.name, Agent.id).limit(MOST_LISTED)
    with connection():
        return tuple(
            AgentLine(
                id=row["id"],
                email=row["email"],
                name=row["name"],
                initials=row["initials"] or initials_of(row["name"]),
                role=row["role"],
                active=row["active"],
                created_at=row["created_at"],
                last_sign_in_at=row["last_sign_in_at"],
            )
            for row in dicts(query)
        )


def assignable_agents() -> tuple[AgentName, ...]:
    """Who can be given a conversation: there, and more than a viewer."""
    query = (
        Agent.select(Agent.id, Agent.name, Agent.initials)
        .where(Agent.active, ~Agent.away, Agent.role >= Role.AGENT)
        .order_by(Agent.name, Agent.id)
        .limit(MOST_LISTED)
    )
    with connection():
        return tuple(
            AgentName(id=key, name=name, initials=initials or initials_of(name))
            for key, name, initials in tuples(query)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody who may be given a conversation: whether they are there, and what they hold.

    `is_online` is true while a browser of theirs has a conversation open. Who is away gets nothing.
    """

    id: int
    name: str
    initials: str
    away: bool
    is_online: bool
    load: int
    capacity: int | None

    @property
    def load_words(self) -> str:
        """How many open conversations they hold, and of how many that they can."""
        held = f"{self.load}+" if self.load >= MOST_HELD else str(self.load)
        return f"{held} / {self.capacity}" if self.capacity is not None else held


def colleagues(agent_id: int, *, now: datetime) -> tuple[Colleague, ...]:
    """Everybody else who answers, those who are there first; one statement."""
    sql = (
        "SELECT agent.id, agent.name, agent.initials, agent.away, agent.capacity,"  # noqa: S608 - numbers of ours
        " (SELECT count(*) FROM (SELECT 1 FROM conversation WHERE assignee_id = agent.id"
        f" AND status = 'open' LIMIT {MOST_HELD}) AS held),"
        " CASE WHEN EXISTS (SELECT 1 FROM presence WHERE presence.agent_id = agent.id"
        " AND presence.at > ?) THEN 1 ELSE 0 END AS online"
        f" FROM agent WHERE agent.active AND agent.role >= {int(Role.AGENT)} AND agent.id <> ?"
        f" ORDER BY agent.away, online DESC, agent.name, agent.id LIMIT {MOST_LISTED}"
    )
    with connection():
        found = select(sql, (stored(now - PRESENT_FOR), agent_id))
    return tuple(_colleague(*row) for row in found)


def _colleague(
    key: int, name: str, initials: str, away: Any, capacity: int | None, load: int, online: int
) -> Colleague:
    return Colleague(
        id=key,
        name=name,
        initials=initials or initials_of(name),
        away=bool(away),
        is_online=bool(online) and not away,
        load=load,
        capacity=capacity,
    )


def queues() -> tuple[QueueName, ...]:
    """The active queues in the order people gave them; literal SQL, as every page asks it."""
    sql = "SELECT id, name, colour FROM queue WHERE active ORDER BY position, name LIMIT ?"
    with connection():
        return tuple(
            QueueName(id=key, name=name, colour=colour)
            for key, name, colour in select(sql, (MOST_LISTED,))
        )


def agent_emails() -> tuple[str, ...]:
    """The addresses of the active agents, by which policies assign."""
    query = Agent.select(Agent.email).where(Agent.active).order_by(Agent.email).limit(MOST_LISTED)
    with connection():
        return tuple(row[0] for row in tuples(query))
