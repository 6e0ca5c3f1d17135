"""Notifications: written once each, delivered alone, tried again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from earful import Notification as Told
from earful import Notifier, RateLimited, TemporaryFailure, actions
from earful.actions import SYSTEM, Actor
from earful.errors import ActionRefused
from earful.pipeline import notify
from earful.pipeline.notify import MOST_TRIES
from earful.store.models import Notification
from earful.store.states import NotificationState
from earful.testing.inbox import Inbox

from tests.wall import Wall, post


@pytest.fixture(autouse=True)
def policy(inbox: Inbox) -> None:
    actions.save_policy(
        inbox.runtime,
        SYSTEM,
        None,
        name="Tell everybody",
        conditions={"all": []},
        actions=[{"do": "notify", "value": "pager"}, {"do": "notify", "value": "chat"}],
        now=inbox.now,
    )


def rows() -> list[Any]:
    return list(Notification.select().order_by(Notification.id))


def test_each_notifier_is_told_once(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1", "Help!", thread_title="Parcels")))
    assert wall.told == []

    inbox.tick()
    inbox.tick()

    assert sorted(name for name, _ in wall.told) == ["chat", "pager"]
    told = wall.told[0][1]
    assert told.kind == "policy"
    assert told.title == "Tell everybody: Ann wrote about Parcels"
    assert told.body == "Help!"
    assert told.url.endswith(f"/?c={message.conversation_id}")
    assert told.url.startswith("http://")
    assert {row.state for row in rows()} == {NotificationState.SENT}


def test_each_notification_is_a_job_of_its_own(inbox: Inbox, wall: Wall) -> None:
    wall.tells.append(RuntimeError("first one fails"))
    inbox.receive("wall", wall.payload(post("m1")))

    inbox.tick()

    assert [name for name, _ in wall.told] == ["chat"]
    failed, fine = rows()
    assert (failed.state, failed.error) == (
        NotificationState.PENDING,
        "RuntimeError: first one fails",
    )
    assert fine.state is NotificationState.SENT


def test_what_fails_is_tried_later_and_later_and_given_up(inbox: Inbox, wall: Wall) -> None:
    wall.tells.extend([TemporaryFailure("gone")] * 99)
    inbox.receive("wall", wall.payload(post("m1")))
    pauses = []
    inbox.tick()

    while rows()[0].state is NotificationState.PENDING:
        pauses.append(rows()[0].due_at - inbox.now)
        inbox.now = rows()[0].due_at
        inbox.tick()

    assert len(pauses) == MOST_TRIES - 1
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=30)
    assert (rows()[0].state, rows()[0].error) == (NotificationState.FAILED, "gone")


class Slow(Notifier):
    """Tells, or fails, only once something else has happened."""

    def __init__(self, meanwhile: Callable[[], None], error: Exception | None = None) -> None:
        self.meanwhile, self.error, self.told = meanwhile, error, 0

    def notify(self, _notification: Told) -> None:
        self.told += 1
        self.meanwhile()
        if self.error:
            raise self.error


def test_a_slow_delivery_is_not_joined_by_a_second_one(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1")))
    row, after = rows()[0], inbox.now + timedelta(seconds=90)
    slow = Slow(lambda: notify.deliver(inbox.runtime, row.id, now=after))
    inbox.runtime.notifiers[row.notifier] = slow

    notify.deliver(inbox.runtime, row.id, now=inbox.now)

    assert slow.told == 1
    assert rows()[0].state is NotificationState.SENT


def test_a_try_that_lost_its_lease_writes_nothing_over_the_next_one(
    inbox: Inbox, wall: Wall
) -> None:
    inbox.receive("wall", wall.payload(post("m1")))
    row, after = rows()[0], inbox.now + notify.LEASE
    working = inbox.runtime.notifiers[row.notifier]

    def next_one() -> None:
        inbox.runtime.notifiers[row.notifier] = working
        notify.deliver(inbox.runtime, row.id, now=after)

    inbox.runtime.notifiers[row.notifier] = Slow(next_one, TemporaryFailure("gone"))
    notify.deliver(inbox.runtime, row.id, now=inbox.now)

    assert (rows()[0].state, rows()[0].error) == (NotificationState.SENT, "")


def test_a_rate_limit_is_kept_to(inbox: Inbox, wall: Wall) -> None:
    wall.tells.extend([RateLimited("slow down", retry_after=timedelta(hours=2))] * 2)
    inbox.receive("wall", wall.payload(post("m1")))

    inbox.tick()

    assert rows()[0].due_at == inbox.now + timedelta(hours=2)


def test_a_notifier_that_is_gone_fails_with_its_name(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1")))
    Notification.update(notifier="carrier-pigeon").where(Notification.notifier == "chat").execute()

    inbox.tick()

    assert "carrier-pigeon" in rows()[1].error


def test_a_failed_notification_can_be_told_again(inbox: Inbox, wall: Wall, admin: Actor) -> None:
    inbox.receive("wall", wall.payload(post("m1")))
    Notification.update(state=NotificationState.FAILED).execute()

    actions.retry_notification(inbox.runtime, admin, rows()[0].id, now=inbox.now)
    inbox.tick()

    assert [row.state for row in rows()] == [NotificationState.SENT, NotificationState.FAILED]
    with pytest.raises(ActionRefused):
        actions.retry_notification(inbox.runtime, admin, rows()[0].id, now=inbox.now)


def test_a_second_run_changes_nothing(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    inbox.tick()

    notify.notify(inbox.runtime, [message.id], now=inbox.now)
    notify.deliver(inbox.runtime, rows()[0].id, now=inbox.advance(days=1))

    assert len(rows()) == 2
    assert len(wall.told) == 2
