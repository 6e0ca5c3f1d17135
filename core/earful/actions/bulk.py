"""One change to many conversations, and taking it back.

Each conversation is changed by the same action as when it is changed alone, or refused with the
same words; the others go on. What each had before is kept for a minute, so that the change can be
taken back exactly, once, and only where nobody has changed it since.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from earful.actions import conversations
from earful.actions.actor import Actor, audit, require
from earful.actions.macros import do_steps
from earful.errors import ActionRefused
from earful.inbox import timeline
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import BulkUndo, Clock, Conversation, ConversationLabel
from earful.store.queries.inbox import MOST_AT_ONCE
from earful.store.states import Role
from earful.store.unfinished import CLOCK_RUNS
from earful.wording import gettext as _

__all__ = [
    "BULK_CHANGES",
    "UNDO_FOR",
    "BulkOutcome",
    "change_many",
    "change_one",
    "hold",
    "put_back",
    "undo_many",
]

BULK_CHANGES: Mapping[str, Callable[..., None]] = {
    "assign": conversations.assign,
    "queue": conversations.set_queue,
    "priority": conversations.set_priority,
    "label": conversations.add_label,
    "snooze": conversations.snooze,
    "resolve": conversations.resolve,
    "ignore": conversations.ignore,
    "macro": do_steps,
}
"""What can be done to many, by name."""

UNDO_FOR = timedelta(seconds=60)
AT_A_TIME = 25
"""Conversations a transaction changes, so that nobody waits long for the database."""

_FIELDS = (
    "status",
    "snoozed_until",
    "resolved_at",
    "outcome",
    "due_at",
    "waiting_since",
    "queue",
    "assignee",
    "priority",
)


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What became of each. `failed` says why by id; `undo_id` is None where nothing changed."""

    done: tuple[int, ...]
    failed: Mapping[int, str]
    undo_id: int | None = None


def change_many(
    runtime: Runtime,
    actor: Actor,
    conversation_ids: Iterable[int],
    change: str,
    *values: Any,
    now: datetime,
) -> BulkOutcome:
    """Do one of `BULK_CHANGES` to each; `values` are what its action takes beside the id."""
    require(actor, Role.AGENT)
    ids = sorted(set(conversation_ids))
    if not ids:
        msg = _("Select conversations first.")
        raise ActionRefused(msg)
    if len(ids) > MOST_AT_ONCE:
        msg = _("At most %(most)s conversations can be changed at once.", most=MOST_AT_ONCE)
        raise ActionRefused(msg)
    entries: list[dict[str, Any]] = []
    failed: dict[int, str] = {}
    for start in range(0, len(ids), AT_A_TIME):
        part = ids[start : start + AT_A_TIME]
        with transaction():
            hold(part)
            for key in part:
                try:
                    entries.append(change_one(runtime, actor, key, change, *values, now=now))
                except ActionRefused as refused:
                    failed[key] = str(refused)
    undo_id = _keep(actor, change, [each for each in entries if each["before"]], now)
    return BulkOutcome(tuple(each["id"] for each in entries), failed, undo_id)


def hold(ids: Collection[int]) -> None:
    """Hold conversations for changing them: all before any queue, as `inbox.assigning` demands."""
    list(
        locked(
            Conversation.select(Conversation.id)
            .where(Conversation.id.in_(ids))
            .order_by(Conversation.id)
        )
    )


def change_one(
    runtime: Runtime, actor: Actor, key: int, change: str, *values: Any, now: datetime
) -> dict[str, Any]:
    """Do it to one, and say what that was exactly: what `put_back` takes. Nothing if refused.

    In the caller's transaction, which holds the conversation.
    """
    with transaction():
        before = _snapshot(key)
        BULK_CHANGES[change](runtime, actor, key, *values, now=now)
        return _entry(key, before, _snapshot(key))


def undo_many(
    _runtime: Runtime, actor: Actor, undo_id: int, *, now: datetime
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Put back what a bulk change of the actor's own changed, once and within `UNDO_FOR`.

    Returns the conversations that stand as before, and those that somebody changed since, which
    stay as they are.
    """
    require(actor, Role.AGENT)
    entries = _claim(actor, undo_id, now)
    back: list[int] = []
    kept: list[int] = []
    for start in range(0, len(entries), AT_A_TIME):
        with transaction():
            for entry in entries[start : start + AT_A_TIME]:
                (back if put_back(actor, entry, now) else kept).append(entry["id"])
    return tuple(back), tuple(kept)


# What a conversation has


def _snapshot(conversation_id: int) -> dict[str, Any]:
    row = Conversation.get_or_none(Conversation.id == conversation_id)
    if row is None:
        return {}
    found = {name: _plain(row, name) for name in _FIELDS}
    labels = ConversationLabel.select(ConversationLabel.name).where(
        ConversationLabel.conversation == conversation_id
    )
    running = Clock.select(Clock.id).where((Clock.conversation == conversation_id) & CLOCK_RUNS)
    found["labels"] = sorted(label.name for label in labels)
    found["clocks"] = sorted(clock.id for clock in running)
    found["message_count"] = row.message_count
    return found


def _plain(row: Conversation, name: str) -> Any:
    """A column's value as JSON can hold it."""
    value = row.__data__[name]
    return value.isoformat() if isinstance(value, datetime) else value


def _entry(key: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    changed = [name for name in before if before[name] != after[name]]
    entry: dict[str, Any] = {
        "id": key,
        "before": {name: before[name] for name in changed},
        "after": {name: after[name] for name in changed},
    }
    if "status" in changed:
        # Whoever writes meanwhile has changed what is being put back.
        entry["after"]["message_count"] = after["message_count"]
    return entry


# The record


def _keep(
    actor: Actor, change: str, entries: Sequence[Mapping[str, Any]], now: datetime
) -> int | None:
    with transaction():
        mine = BulkUndo.agent == actor.agent_id
        BulkUndo.delete().where(mine & (BulkUndo.at < now - UNDO_FOR)).execute()
        if not entries:
            return None
        row = BulkUndo.create(agent=actor.agent_id, at=now, kind=change, entries=list(entries))
        return int(row.id)


def _claim(actor: Actor, undo_id: int, now: datetime) -> list[dict[str, Any]]:
    """The record's entries, for the one who asks first."""
    with transaction():
        row = BulkUndo.get_or_none(
            (BulkUndo.id == undo_id)
            & (BulkUndo.agent == actor.agent_id)
            & BulkUndo.used_at.is_null()
        )
        if row is None or row.at < now - UNDO_FOR:
            msg = _("This cannot be undone any more.")
            raise ActionRefused(msg)
        first = BulkUndo.update(used_at=now).where(
            (BulkUndo.id == undo_id) & BulkUndo.used_at.is_null()
        )
        if not first.execute():
            msg = _("This has been undone already.")
            raise ActionRefused(msg)
        return list(row.entries)


def put_back(actor: Actor, entry: Mapping[str, Any], now: datetime) -> bool:
    """Undo one change exactly; False where somebody has changed the conversation since.

    In the caller's transaction.
    """
    key, before, after = entry["id"], entry["before"], entry["after"]
    held = locked(Conversation.select(Conversation.id).where(Conversation.id == key)).get_or_none()
    stands = _snapshot(key) if held else {}
    if not stands or any(stands[name] != value for name, value in after.items()):
        return False
    values = {name: _value(name, before[name]) for name in _FIELDS if name in before}
    if values:
        Conversation.update(values).where(Conversation.id == key).execute()
    added = set(after.get("labels", ())) - set(before.get("labels", ()))
    if added:
        ConversationLabel.delete().where(
            (ConversationLabel.conversation == key) & ConversationLabel.name.in_(list(added))
        ).execute()
    stopped = set(before.get("clocks", ())) - set(after.get("clocks", ()))
    if stopped:
        Clock.update(cancelled_at=None).where(Clock.id.in_(list(stopped))).execute()
    timeline.add([timeline.entry(key, "undone", now, agent_id=actor.agent_id)])
    audit(actor, "conversation.undone", "conversation", key, now, before=after, after=before)
    return True


def _value(name: str, plain: Any) -> Any:
    moments = {"snoozed_until", "resolved_at", "due_at", "waiting_since"}
    return datetime.fromisoformat(plain) if name in moments and plain else plain
