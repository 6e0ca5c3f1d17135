"""What agents make of what they are told: reading it, and choosing what to hear of.

It is everybody's own business, so it is not audited.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from earful.actions.actor import Actor
from earful.runtime import Runtime
from earful.store.database import transaction
from earful.store.models import Agent, AgentNotification
from earful.store.states import AgentNotificationKind
from earful.store.unfinished import TOLD_UNREAD

__all__ = ["NOTICE_WAYS", "mark_all_told_read", "mark_told_read", "set_muted"]

NOTICE_WAYS = ("page", "browser")
"""Where an agent is told. What does not come to the page comes nowhere."""


def mark_told_read(actor: Actor, now: datetime, which: Any) -> None:
    """Those of the actor's own have been read. Inside the caller's transaction."""
    (
        AgentNotification.update(read_at=now)
        .where((AgentNotification.agent == actor.agent_id) & TOLD_UNREAD & which)
        .execute()
    )


def mark_all_told_read(_runtime: Runtime, actor: Actor, up_to: int, *, now: datetime) -> None:
    """Everything the actor was told up to a notification has been read."""
    with transaction():
        mark_told_read(actor, now, AgentNotification.id <= up_to)


def set_muted(
    _runtime: Runtime,
    actor: Actor,
    muted: Iterable[str],
    *,
    now: datetime,  # noqa: ARG001 - every action takes it
) -> None:
    """What the actor does not want to be told of, each as `kind.way`; anything else is dropped."""
    known = [f"{kind}.{way}" for kind in AgentNotificationKind for way in NOTICE_WAYS]
    chosen = set(muted)
    with transaction():
        Agent.update(muted=[each for each in known if each in chosen]).where(
            Agent.id == actor.agent_id
        ).execute()
