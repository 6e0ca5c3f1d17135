"""The append-only record of what people did; the database refuses to change or remove a line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from earful.inbox.text import clean
from earful.store.models import AuditEvent

__all__ = ["record"]


def record(
    actor: str,
    action: str,
    object_kind: str,
    object_id: object = "",
    *,
    now: datetime,
    agent_id: int | None = None,
    summary: str = "",
    before: Any = None,
    after: Any = None,
) -> None:
    """Add one line. `before` and `after` are plain JSON and never hold a secret."""
    AuditEvent.create(
        at=now,
        agent=agent_id,
        actor=clean(actor, 300),
        action=action,
        object_kind=object_kind,
        object_id=clean(str(object_id), 100),
        summary=clean(summary, 1000),
        before=before,
        after=after,
    )
