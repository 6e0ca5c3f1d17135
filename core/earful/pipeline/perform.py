"""Likes and hidings leave: each row is claimed, carried out, and told on the timeline.

They do no harm twice: one whose outcome is unknown is simply repeated, a few times.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from earful.components import describe
from earful.errors import AuthenticationFailed, DeliveryRejected, RateLimited
from earful.inbox import timeline
from earful.inbox.channels import pause_for_sign_in
from earful.inbox.text import clean
from earful.plugins import contained
from earful.runtime import Runtime
from earful.store.channel_health import live_channels
from earful.store.database import transaction
from earful.store.models import Channel, Message, PlatformAction
from earful.store.states import PlatformActionState
from earful.store.unfinished import PLATFORM_ACTION_UNFINISHED
from earful.types import Action, ActionKind, RemovalKind
from earful.wording import mark

__all__ = ["LEASE", "perform", "take_up_expired"]

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""How long one attempt may take; longer than any job may run."""
MOST_TRIES = 8


def perform(runtime: Runtime, action_id: int, *, now: datetime) -> None:
    """Carry out one action that is due. A second run finds it claimed and does nothing."""
    row = _claim(action_id, now)
    if row is None:
        return
    channel = runtime.channels.get(row.channel.name)
    try:
        sender = channel.sender() if channel else None
        if sender is None:
            _fail(row, mark("This channel cannot do that."), now)
            return
        contained(f"{row.channel.name}.act", lambda: sender.act(_action(row)))
    except DeliveryRejected as error:
        _fail(row, str(error), now)
    except AuthenticationFailed as error:
        _later(row, str(error), now)
        with transaction():
            pause_for_sign_in(row.channel_id, str(error), now, runtime.config.notifiers)
    except Exception as error:  # noqa: BLE001 - whatever it was, it may be tried again
        logger.warning("channel=%s action=%s: %s", row.channel.name, row.id, describe(error))
        wait = error.retry_after if isinstance(error, RateLimited) else None
        _later(row, describe(error), now, wait)
    else:
        _done(row, now)


def _action(row: PlatformAction) -> Action:
    return Action(
        kind=row.kind,
        external_id=row.message.external_id,
        extra=row.message.extra,
        undo=row.undo,
        reason=row.reason,
    )


def _claim(action_id: int, now: datetime) -> PlatformAction | None:
    with transaction():
        claimed = (
            PlatformAction.update(
                state=PlatformActionState.SENDING,
                lease_until=now + LEASE,
                attempts=PlatformAction.attempts + 1,
            )
            .where(
                (PlatformAction.id == action_id)
                & (PlatformAction.state == PlatformActionState.QUEUED)
                & (PlatformAction.due_at <= now)
                & PlatformAction.channel.in_(live_channels())
            )
            .execute()
        )
        if not claimed:
            return None
        row: PlatformAction = (
            PlatformAction.select(PlatformAction, Channel, Message)
            .join(Channel)
            .switch(PlatformAction)
            .join(Message)
            .where(PlatformAction.id == action_id)
            .get()
        )
        return row


def _later(row: PlatformAction, reason: str, now: datetime, wait: timedelta | None = None) -> None:
    """Put it back for another try; in the end it has failed."""
    if row.attempts >= MOST_TRIES:
        _fail(row, reason, now)
        return
    pause = wait or timedelta(seconds=min(15 * 2**row.attempts, 3600))
    with transaction():
        _move(row, PlatformActionState.QUEUED, error=clean(reason, 2000), due_at=now + pause)


def _fail(row: PlatformAction, reason: str, now: datetime) -> None:
    with transaction():
        if _move(row, PlatformActionState.FAILED, error=clean(reason, 2000)):
            _tell(row, "action_failed", now, reason=clean(reason, 2000))


def _done(row: PlatformAction, now: datetime) -> None:
    with transaction():
        if not _move(row, PlatformActionState.DONE, error="", done_at=now):
            return
        if row.kind is ActionKind.HIDE:
            _show_as_hidden(row, now)
        _tell(row, "action_done", now, reason=row.reason)


def _show_as_hidden(row: PlatformAction, now: datetime) -> None:
    """The inbox shows it as the platform does now; what was deleted meanwhile stays so."""
    before, after = (RemovalKind.HIDDEN, None) if row.undo else (None, RemovalKind.HIDDEN)
    stands = Message.removal == before if before else Message.removal.is_null()
    (
        Message.update(removal=after, removed_at=now if after else None)
        .where((Message.id == row.message_id) & stands)
        .execute()
    )


def _move(row: PlatformAction, state: PlatformActionState, **facts: object) -> bool:
    moved = (
        PlatformAction.update(state=state, lease_until=None, **facts)
        .where(
            (PlatformAction.id == row.id) & (PlatformAction.state == PlatformActionState.SENDING)
        )
        .execute()
    )
    return bool(moved)


def _tell(row: PlatformAction, kind: str, now: datetime, **data: str) -> None:
    timeline.add(
        [
            timeline.entry(
                row.conversation_id,
                kind,
                now,
                agent_id=row.agent_id,
                message_id=row.message_id,
                action=row.kind,
                undo=row.undo,
                **data,
            )
        ]
    )


def take_up_expired(*, now: datetime) -> None:
    """What a worker left behind half-way is done again."""
    with transaction():
        PlatformAction.update(state=PlatformActionState.QUEUED, lease_until=None, due_at=now).where(
            PLATFORM_ACTION_UNFINISHED
            & (PlatformAction.state == PlatformActionState.SENDING)
            & (PlatformAction.lease_until <= now)
        ).execute()
