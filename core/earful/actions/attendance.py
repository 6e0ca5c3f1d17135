"""Who is there, how much they are given, and what becomes of what they hold when they go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from earful.actions.actor import Actor, audit, locked_agent, require
from earful.errors import ActionRefused
from earful.inbox.assigning import return_held
from earful.inbox.text import one_line
from earful.runtime import Runtime
from earful.store.database import transaction
from earful.store.models import Agent
from earful.store.states import Role
from earful.wording import gettext as _

__all__ = ["return_conversations", "set_away", "set_share"]

AT_ONCE = 500
"""How many conversations go back while somebody waits; the ticker returns the rest."""
MOST_CAPACITY = 10_000
MOST_SKILLS = 50


def set_away(_runtime: Runtime, actor: Actor, agent_id: int, *, away: bool, now: datetime) -> int:
    """Go away, or come back. Returns how many open conversations went back to their queues.

    Leads may do it for others: whoever falls ill cannot.
    """
    require(actor, Role.AGENT if actor.agent_id == agent_id else Role.LEAD)
    with transaction():
        agent = locked_agent(agent_id)
        if agent.away == away:
            return 0
        Agent.update(away=away).where(Agent.id == agent_id).execute()
        audit(actor, "agent.away" if away else "agent.back", "agent", agent_id, now)
    # Afterwards: whoever hands out from now on knows, and gives this person nothing more.
    return return_held(agent_id, "away", now=now, limit=AT_ONCE, by=actor.agent_id) if away else 0


def return_conversations(_runtime: Runtime, actor: Actor, agent_id: int, *, now: datetime) -> int:
    """Take what somebody holds open back to the queues. Returns how many there were."""
    require(actor, Role.LEAD)
    with transaction():
        locked_agent(agent_id)
        returned = return_held(agent_id, "asked", now=now, limit=AT_ONCE, by=actor.agent_id)
        audit(actor, "agent.return", "agent", agent_id, now, after={"conversations": returned})
    return returned


def set_share(
    _runtime: Runtime,
    actor: Actor,
    agent_id: int,
    *,
    capacity: int | None,
    skills: Iterable[str],
    now: datetime,
) -> None:
    """How many open conversations queues may give somebody, and what they know best."""
    require(actor, Role.ADMIN)
    if capacity is not None and not 0 <= capacity <= MOST_CAPACITY:
        msg = _(
            "Capacity: choose 0 to %(most)s, or leave it empty for no limit.", most=MOST_CAPACITY
        )
        raise ActionRefused(msg, field="capacity")
    words = sorted({one_line(each, 100).lower() for each in skills} - {""})
    if len(words) > MOST_SKILLS:
        msg = _("Skills: at most %(most)s.", most=MOST_SKILLS)
        raise ActionRefused(msg, field="skills")
    with transaction():
        agent = locked_agent(agent_id)
        if (agent.capacity, agent.skills) == (capacity, words):
            return
        Agent.update(capacity=capacity, skills=words).where(Agent.id == agent_id).execute()
        after = {"capacity": capacity, "skills": words}
        audit(actor, "agent.share", "agent", agent_id, now, summary=agent.email, after=after)
