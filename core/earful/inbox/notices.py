"""Writes down what notifiers must tell; delivering it is a job of its own for each notifier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from earful.inbox.text import clean, one_line
from earful.store import bulk
from earful.store.models import Notification

__all__ = ["Notice", "announce", "announce_all", "notices"]

Notice = dict[str, Any]


def announce(notifiers: Iterable[str], **what: Any) -> None:
    """Tell each notifier once: the same `key` is never told twice by the same notifier."""
    announce_all(notices(notifiers, **what))


def announce_all(rows: Sequence[Notice]) -> None:
    """The same for many, in one statement."""
    if rows:
        bulk.insert(Notification, rows, ignore_known=True)


def notices(
    notifiers: Iterable[str],
    *,
    kind: str,
    key: str,
    title: str,
    body: str = "",
    conversation_id: int | None = None,
    path: str = "",
    facts: Mapping[str, str] | None = None,
    now: datetime,
) -> list[Notice]:
    """What each of these notifiers must tell, to be written with `announce_all`."""
    where = path or (f"/?c={conversation_id}" if conversation_id else "/")
    return [
        {
            "notifier": name,
            "kind": kind,
            "conversation": conversation_id,
            "key": f"{key}:{name}"[:200],
            "title": one_line(title, 300),
            "body": clean(body, 4000),
            "path": where,
            "facts": dict(facts or {}),
            "created_at": now,
            "due_at": now,
        }
        for name in notifiers
    ]
