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
from earful.store.states import AgentNotificationKind, DigestPace
from earful.store.unfinished import TOLD_UNREAD

__all__ = ["NOTICE_SWITCHES", "mark_all_told_read", "mark_told_read", "set_muted"]

NOTICE_SWITCHES = (
    *(f"{kind}.{way}" for kind in AgentNotificationKind for way in ("page", "browser", "mail")),
    "overdue.mail",
)
"""What an agent can hear of, and where. What does not come to the page comes nowhere; only what
is overdue is seen on every page anyway, and told by mail alone."""


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
    digest: DigestPace | None = None,
    *,
    now: datetime,  # noqa: ARG001 - every action takes it
) -> None:
    """What the actor does not want to be told of, and how often mails tell the rest.

    Each is one of `NOTICE_SWITCHES`; anything else is dropped. Without `digest` mails come as often
    as before.
    """
    chosen = set(muted)
    changes: dict[str, Any] = {"muted": [each for each in NOTICE_SWITCHES if each in chosen]}
    if digest is not None:
        changes["digest"] = digest
    with transaction():
        Agent.update(changes).where(Agent.id == actor.agent_id).execute()
