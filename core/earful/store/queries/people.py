"""Colleagues and queues, for pages that offer or list them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from earful.store.database import connection
from earful.store.models import Agent
from earful.store.queries.reading import dicts, select, tuples
from earful.store.queries.references import AgentName, QueueName, initials_of
from earful.store.states import Role

__all__ = ["AgentLine", "agents", "assignable_agents", "queues"]

MOST_LISTED = 500


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


def queues() -> tuple[QueueName, ...]:
    """The active queues in the order people gave them; literal SQL, as every page asks it."""
    sql = "SELECT id, name, colour FROM queue WHERE active ORDER BY position, name LIMIT ?"
    with connection():
        return tuple(
            QueueName(id=key, name=name, colour=colour)
            for key, name, colour in select(sql, (MOST_LISTED,))
        )
