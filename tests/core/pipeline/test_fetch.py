"""One channel is read: the cursor, the pauses, and what trouble means for its health."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from earful import (
    Account,
    AuthenticationFailed,
    FetchResult,
    Payload,
    RateLimited,
    TemporaryFailure,
)
from earful.pipeline import fetch
from earful.store.models import Channel, Notification
from earful.store.models import Payload as PayloadRow
from earful.store.states import ChannelState, Health
from earful.testing.inbox import Inbox

from tests.wall import NOON, Wall, post


def channel() -> Any:
    return Channel.get(Channel.name == "wall")


def brought(wall: Wall, *items: Any, **fields: Any) -> FetchResult:
    return FetchResult(payloads=(Payload(body=wall.payload(*items)),), **fields)


def test_what_is_fetched_is_kept_with_the_new_cursor(inbox: Inbox, wall: Wall) -> None:
    wall.fetches.append(brought(wall, post("m1"), cursor="page 2"))

    (message,) = inbox.poll("wall")

    row = channel()
    assert message.external_id == "m1"
    assert (row.cursor, row.health, row.failures) == ("page 2", Health.OK, 0)
    assert (row.last_success_at, row.polling_until) == (NOON, None)
    assert row.next_poll_at == NOON + timedelta(seconds=300)


def test_the_next_fetch_goes_on_from_the_cursor(inbox: Inbox, wall: Wall) -> None:
    wall.fetches += [FetchResult(cursor="a"), FetchResult(cursor="b")]

    inbox.poll("wall")
    inbox.poll("wall")

    assert wall.cursors == ["", "a"]


def test_further_pages_are_fetched_at_once(inbox: Inbox, wall: Wall) -> None:
    wall.fetches += [
        brought(wall, post("m1"), cursor="1", more=True),
        brought(wall, post("m2"), cursor="2"),
    ]

    assert len(inbox.poll("wall")) == 2


def test_a_channel_is_polled_when_it_is_due(inbox: Inbox, wall: Wall) -> None:
    inbox.tick()
    assert len(wall.cursors) == 2

    inbox.advance(seconds=299)
    inbox.tick()
    assert len(wall.cursors) == 2

    inbox.advance(seconds=1)
    inbox.tick()
    assert len(wall.cursors) == 4


def test_the_platforms_own_pace_is_kept_to(inbox: Inbox, wall: Wall) -> None:
    wall.fetches.append(FetchResult(next_poll_seconds=7200))

    inbox.poll("wall")

    assert channel().next_poll_at == NOON + timedelta(hours=2)


def test_one_process_at_a_time_reads_a_channel(inbox: Inbox, wall: Wall) -> None:
    inner: list[fetch.Fetched] = []

    def meanwhile() -> FetchResult:
        inner.append(fetch.fetch(inbox.runtime, channel().id, now=inbox.now))
        return FetchResult(cursor="outer")

    wall.fetches.append(meanwhile)
    inbox.poll("wall")

    assert inner == [fetch.Fetched()]
    assert len(wall.cursors) == 1


def test_a_reader_that_lost_its_lease_does_not_turn_the_cursor_back(
    inbox: Inbox, wall: Wall
) -> None:
    late = inbox.now + fetch.LEASE

    def meanwhile() -> FetchResult:
        wall.fetches.append(FetchResult(cursor="newer"))
        fetch.fetch(inbox.runtime, channel().id, now=late)
        return brought(wall, post("m1"), cursor="older")

    wall.fetches.append(meanwhile)
    inbox.poll("wall")

    assert channel().cursor == "newer"
    assert PayloadRow.select().count() == 0


@pytest.mark.parametrize("error", [TemporaryFailure("502"), AuthenticationFailed("old token")])
def test_the_failure_of_a_reader_that_lost_its_lease_changes_nothing(
    inbox: Inbox, wall: Wall, error: Exception
) -> None:
    def meanwhile() -> FetchResult:
        fetch.fetch(inbox.runtime, channel().id, now=inbox.now + fetch.LEASE)
        raise error

    wall.fetches.append(meanwhile)
    inbox.poll("wall")

    row = channel()
    assert (row.state, row.health, row.failures) == (ChannelState.LIVE, Health.OK, 0)
    assert row.next_poll_at == NOON + fetch.LEASE + timedelta(seconds=300)
    assert Notification.select().count() == 0


def test_a_rate_limit_is_kept_to(inbox: Inbox, wall: Wall) -> None:
    wall.fetches.append(RateLimited("429", retry_after=timedelta(minutes=17)))

    inbox.poll("wall")

    row = channel()
    assert (row.health, row.health_detail) == (Health.RATE_LIMITED, "429")
    assert row.next_poll_at == NOON + timedelta(minutes=17)


def test_trouble_makes_the_pauses_longer(inbox: Inbox, wall: Wall) -> None:
    wall.fetches.extend([TemporaryFailure("502")] * 3)
    pauses = []

    for _ in range(3):
        inbox.poll("wall")
        pauses.append((channel().next_poll_at - inbox.now).total_seconds())

    assert pauses == [300, 600, 1200]
    assert (channel().health, channel().state) == (Health.DEGRADED, ChannelState.LIVE)


def test_success_ends_the_trouble(inbox: Inbox, wall: Wall) -> None:
    wall.fetches += [TemporaryFailure("502"), FetchResult()]

    inbox.poll("wall")
    inbox.poll("wall")

    assert (channel().health, channel().health_detail, channel().failures) == (Health.OK, "", 0)


def test_refused_credentials_pause_the_channel_and_tell(inbox: Inbox, wall: Wall) -> None:
    wall.fetches.append(AuthenticationFailed("The token expired."))

    inbox.poll("wall")
    inbox.poll("wall")

    row = channel()
    assert (row.state, row.health) == (ChannelState.PAUSED, Health.AUTH_REQUIRED)
    assert row.state_reason == "The token expired."
    assert len(wall.cursors) == 1
    kinds = [(each.kind, each.body) for each in Notification.select()]
    assert kinds == [("channel_paused", "The token expired.")] * 2


def test_a_plugin_that_keeps_failing_is_paused(inbox: Inbox, wall: Wall) -> None:
    wall.fetches.extend([KeyError("id")] * 99)

    for _ in range(fetch.MOST_FAILURES):
        inbox.poll("wall")
        inbox.advance(hours=1)

    assert channel().state is ChannelState.PAUSED
    assert "KeyError" in channel().state_reason


def test_an_outage_never_pauses_a_channel(inbox: Inbox, wall: Wall) -> None:
    wall.fetches.extend([TemporaryFailure("502")] * 99)

    for _ in range(fetch.MOST_FAILURES + 5):
        inbox.poll("wall")

    assert channel().state is ChannelState.LIVE


@pytest.mark.parametrize(
    ("account", "health", "says"),
    [
        (Account(external_id="1", name="Our wall", detail="As Ann."), Health.OK, "As Ann."),
        (AuthenticationFailed("Bad token."), Health.AUTH_REQUIRED, "Bad token."),
        (KeyError("id"), Health.DEGRADED, "KeyError: 'id'"),
        (None, Health.DEGRADED, "not Account"),
    ],
    ids=["fine", "credentials", "a bug", "no account"],
)
def test_a_check_is_kept_as_the_channels_health(
    inbox: Inbox, wall: Wall, account: Any, health: Health, says: str
) -> None:
    wall.account = account

    fetch.check(inbox.runtime, channel().id)

    assert channel().health is health
    assert says in channel().health_detail


@pytest.mark.parametrize(
    ("before", "after"),
    [(Health.UNKNOWN, Health.OK), (Health.AUTH_REQUIRED, Health.AUTH_REQUIRED)],
)
def test_a_check_of_what_is_only_pushed_is_kept_too(
    inbox: Inbox, before: Health, after: Health
) -> None:
    Channel.update(health=before).execute()
    configured = inbox.runtime.channels["wall"]
    configured.type = replace(configured.type, source=None)

    said = fetch.check(inbox.runtime, channel().id)

    assert (channel().health, channel().health_detail) == (after, said)
    assert "pushed to this channel" in said


def test_a_check_without_its_plugin_is_kept_too(inbox: Inbox) -> None:
    del inbox.runtime.channels["wall"]

    said = fetch.check(inbox.runtime, channel().id)

    assert (channel().health, channel().health_detail) == (Health.DEGRADED, said)
    assert "not active" in said


def test_a_hostile_fetch_is_contained(inbox: Inbox, wall: Wall) -> None:
    wall.fetches.append(FetchResult(cursor="a\x00\ud800", next_poll_seconds=-5))

    inbox.poll("wall")

    assert channel().polling_until is None
    assert channel().next_poll_at > inbox.now


WRONG: tuple[Any, ...] = (
    None,
    "nonsense",
    FetchResult(payloads=("x",)),  # type: ignore[arg-type]
    FetchResult(payloads=(Payload(body="x"),)),  # type: ignore[arg-type]
    FetchResult(payloads=(Payload(body=b"", content_type=None),)),  # type: ignore[arg-type]
    FetchResult(payloads=(Payload(body=b"", meta=None),)),  # type: ignore[arg-type]
    FetchResult(payloads=(Payload(body=b"", meta={"a": 1}),)),  # type: ignore[dict-item]
    FetchResult(cursor=None),  # type: ignore[arg-type]
    FetchResult(next_poll_seconds="soon"),  # type: ignore[arg-type]
    FetchResult(next_poll_seconds=float("nan")),  # type: ignore[arg-type]
    FetchResult(notice=7),  # type: ignore[arg-type]
)


@pytest.mark.parametrize("answer", WRONG)
def test_an_answer_that_is_none_is_the_plugins_failure(
    inbox: Inbox, wall: Wall, answer: Any
) -> None:
    wall.fetches.append(lambda: answer)

    inbox.poll("wall")

    assert (channel().failures, channel().polling_until) == (1, None)
