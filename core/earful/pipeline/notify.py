"""Notifications that policies ask for are written down, and delivered one by one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from earful.components import describe
from earful.errors import RateLimited
from earful.inbox.notices import Notice, announce_all, notices
from earful.inbox.text import clean
from earful.plugins import contained
from earful.runtime import Runtime
from earful.store.database import transaction
from earful.store.models import (
    Contact,
    Conversation,
    Notification,
    Policy,
    PolicyRun,
    PolicyVersion,
    Queue,
)
from earful.store.queries.reading import among
from earful.store.stages import held, move
from earful.store.states import NotificationState, Stage
from earful.types import Notification as Told

__all__ = ["deliver", "notify"]

logger = logging.getLogger(__name__)
MOST_TRIES = 8
LEASE = timedelta(minutes=5)
"""Longer than any try may take: while it holds, nobody else tells the same."""


def notify(runtime: Runtime, message_ids: Sequence[int], *, now: datetime) -> None:
    """Write down what the matched policies want told, and finish the messages."""
    with transaction():
        waiting = held(message_ids, Stage.CLOCKED)
        told: list[Notice] = []
        for run in _runs(list(waiting)) if runtime.config.notifiers else ():
            wanted = [each["value"] for each in run[-1] if each.get("do") == "notify"]
            told += _notices(
                run, [each for each in wanted if each in runtime.config.notifiers], now
            )
        announce_all(told)
        move(waiting, Stage.DONE)


def _runs(message_ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """What matched these messages and may want it told, as far as a notification tells of it."""
    if not message_ids:
        return []
    return list(
        PolicyRun.select(
            PolicyRun.policy,
            Policy.name,
            PolicyRun.message,
            PolicyRun.conversation,
            Conversation.subject,
            Conversation.snippet,
            Contact.name,
            Queue.name,
            PolicyVersion.actions,
        )
        .join(Policy)
        .switch(PolicyRun)
        .join(Conversation)
        .join(Contact)
        .switch(Conversation)
        .join(Queue, "LEFT JOIN")
        .join(
            PolicyVersion,
            on=(PolicyVersion.policy == PolicyRun.policy)
            & (PolicyVersion.number == PolicyRun.version),
        )
        # Few policies tell anybody, and the words of the others need not be read.
        .where(
            among(PolicyRun.message, message_ids),
            PolicyVersion.actions.cast("TEXT").contains('"notify"'),
        )
        .tuples()
    )


def _notices(run: tuple[Any, ...], notifiers: Sequence[str], now: datetime) -> list[Notice]:
    policy_id, policy, message_id, conversation_id, subject, snippet, contact, queue, _ = run
    return notices(
        notifiers,
        kind="policy",
        key=f"policy:{policy_id}:{message_id}",
        title=f"{policy}: {contact} wrote about {subject}",
        body=snippet,
        conversation_id=conversation_id,
        facts={"policy": policy, "contact": contact, "queue": queue or ""},
        now=now,
    )


def deliver(runtime: Runtime, notification_id: int, *, now: datetime) -> None:
    """Let its notifier tell one notification. What fails for now is tried again later."""
    row = Notification.get_or_none(
        (Notification.id == notification_id)
        & (Notification.state == NotificationState.PENDING)
        & (Notification.due_at <= now)
    )
    if row is None or not _claim(row, now):
        return
    notifier = runtime.notifiers.get(row.notifier)
    if notifier is None:
        _settle(row, NotificationState.FAILED, f"no working notifier is named {row.notifier}", now)
        return
    told = _told(row, runtime.config.server.public_url)
    try:
        contained(f"{row.notifier}.notify", lambda: notifier.notify(told))
    except Exception as error:  # noqa: BLE001 - only this notification is tried again
        logger.warning("notifier=%s failed: %s", row.notifier, describe(error))
        _again(row, error, now)
    else:
        _settle(row, NotificationState.SENT, "", now)


def _told(row: Notification, public_url: str) -> Told:
    return Told(
        id=row.id,
        kind=row.kind,
        title=row.title,
        body=row.body,
        url=f"{public_url}{row.path}",
        at=row.created_at,
        facts=row.facts,
    )


def _claim(row: Notification, now: datetime) -> bool:
    """Take the next try; a process that dies in it loses the time until its lease runs out."""
    return bool(
        Notification.update(attempts=row.attempts + 1, due_at=now + LEASE)
        .where(_as_found(row, row.attempts))
        .execute()
    )


def _as_found(row: Notification, attempts: int) -> Any:
    """Nobody has settled it or taken another try."""
    return (
        (Notification.id == row.id)
        & (Notification.state == NotificationState.PENDING)
        & (Notification.attempts == attempts)
    )


def _again(row: Notification, error: Exception, now: datetime) -> None:
    if row.attempts + 1 >= MOST_TRIES:
        _settle(row, NotificationState.FAILED, describe(error), now)
        return
    _write(row, error=clean(describe(error), 1000), due_at=now + _pause(row.attempts, error))


def _pause(attempts: int, error: Exception) -> timedelta:
    if isinstance(error, RateLimited) and error.retry_after:
        return error.retry_after
    return timedelta(seconds=min(30 * 2**attempts, 3600))


def _settle(row: Notification, state: NotificationState, error: str, now: datetime) -> None:
    sent_at = now if state is NotificationState.SENT else None
    _write(row, state=state, error=clean(error, 1000), sent_at=sent_at)


def _write(row: Notification, **changes: Any) -> None:
    """What came of the try, unless its lease ran out and another took its place."""
    Notification.update(changes).where(_as_found(row, row.attempts + 1)).execute()
