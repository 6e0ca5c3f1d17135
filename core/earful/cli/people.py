"""Finds people by the address they sign in with."""

from __future__ import annotations

from earful.store import connection
from earful.store.models import Agent

__all__ = ["agent_id"]


def agent_id(email: str) -> int | None:
    """The id of whoever signs in with this address, or None."""
    with connection():
        agent = Agent.get_or_none(Agent.email == email.strip().lower())
    return None if agent is None else int(agent.id)
