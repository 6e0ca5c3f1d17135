"""What was done to messages on their platform: the latest of each kind, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from earful.store.database import connection
from earful.store.models import PlatformAction
from earful.store.queries.reading import dicts
from earful.store.states import PlatformActionState
from earful.types import ActionKind

__all__ = ["Deed", "deeds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A like or a hiding: whether it stands, is on its way, or failed and why."""

    stands: bool = False
    is_on_its_way: bool = False
    error: str = ""


def deeds(message_ids: Sequence[int]) -> Mapping[tuple[int, ActionKind], Deed]:
    """By message and kind; one statement. Messages that nothing was done to are left out."""
    if not message_ids:
        return {}
    query = (
        PlatformAction.select(
            PlatformAction.message,
            PlatformAction.kind,
            PlatformAction.undo,
            PlatformAction.state,
            PlatformAction.error,
        )
        .where(PlatformAction.message.in_(list(message_ids)))
        .order_by(PlatformAction.id)
    )
    found: dict[tuple[int, ActionKind], Deed] = {}
    with connection():
        for row in dicts(query):
            key = (row["message"], row["kind"])
            found[key] = _after(found.get(key, Deed()), row)
    return found


def _after(before: Deed, row: Mapping[str, object]) -> Deed:
    if row["state"] is PlatformActionState.DONE:
        return Deed(stands=not row["undo"])
    if row["state"] is PlatformActionState.FAILED:
        return Deed(stands=before.stands, error=str(row["error"]))
    return Deed(stands=before.stands, is_on_its_way=True)
