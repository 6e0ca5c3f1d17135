"""What a channel keeps with the host, on each database, in memory, and from several processes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from earful import KnownMessage, Removal, RemovalKind, store
from earful.components import ChannelState
from earful.config import new_encryption_key
from earful.errors import (
    AuthenticationFailed,
    RateLimited,
    SpendingCapReached,
    TemporaryFailure,
)
from earful.store.channel_state import StoredChannelState
from earful.store.credentials import RENEWAL_LEASE, connect, disconnect, reseal_all
from earful.store.models import Channel, ChannelCost, ChannelCredential
from earful.store.vault import Vault
from earful.testing import MemoryChannelState
from earful.testing.inbox import Inbox

from tests.wall import Wall, post

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = new_encryption_key()


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def channel(open_database: str) -> Channel:
    return Channel.create(name="x", kind="wall")


@pytest.fixture
def vault() -> Vault:
    return Vault(lambda: [KEY])


@pytest.fixture
def stored(channel: Channel, vault: Vault, clock: Clock) -> StoredChannelState:
    return StoredChannelState("x", vault, clock)


@pytest.fixture(params=["stored", "memory"])
def state(request: pytest.FixtureRequest, stored: StoredChannelState, clock: Clock) -> ChannelState:
    """The database's and the tests' own: they keep the same promises."""
    return stored if request.param == "stored" else MemoryChannelState("x", now=clock)


class TestLimits:
    def test_an_endpoint_nobody_spoke_of_may_be_called(self, state: ChannelState) -> None:
        state.limits.check("mentions")

    def test_a_used_up_endpoint_waits_for_its_reset(
        self, state: ChannelState, clock: Clock
    ) -> None:
        reset = NOON + timedelta(minutes=15)
        state.limits.note("mentions", limit=300, remaining=1, reset_at=reset)
        state.limits.check("mentions")
        state.limits.note("mentions", limit=300, remaining=0, reset_at=reset)
        with pytest.raises(RateLimited, match="12:15 UTC") as told:
            state.limits.check("mentions")
        assert told.value.retry_after == timedelta(minutes=15)
        state.limits.check("search")
        clock.now = reset
        state.limits.check("mentions")

    def test_a_block_outlives_what_the_headers_say(self, state: ChannelState, clock: Clock) -> None:
        state.limits.block("send", NOON + timedelta(hours=1), "Too many messages.")
        state.limits.note("send", limit=10, remaining=9, reset_at=NOON)
        with pytest.raises(RateLimited, match="Too many messages"):
            state.limits.check("send")
        clock.now += timedelta(hours=1)
        state.limits.check("send")


class TestCosts:
    def test_costs_add_up_by_action_and_month(self, state: ChannelState, clock: Clock) -> None:
        state.costs.spend("post", 0.015)
        state.costs.spend("post", 0.2)
        state.costs.spend("read", 0.005, count=100)
        assert state.costs.this_month() == {"post": (2, 0.215), "read": (100, 0.005)}
        clock.now = datetime(2026, 12, 1, tzinfo=UTC)
        assert state.costs.this_month() == {}

    def test_a_cap_that_is_reached_waits_for_the_next_month(
        self, state: ChannelState, clock: Clock
    ) -> None:
        clock.now = datetime(2026, 12, 31, 12, tzinfo=UTC)
        state.costs.require(None)
        state.costs.spend("post", 0.1)
        state.costs.require(0.3)
        state.costs.spend("post", 0.1)
        state.costs.spend("post", 0.1)
        with pytest.raises(SpendingCapReached, match=r"\$0.30 is reached.*January") as told:
            state.costs.require(0.3)
        assert told.value.retry_after == timedelta(hours=12)
        state.costs.require(0.31)

    def test_a_cap_of_nothing_lets_nothing_be_spent(self, state: ChannelState) -> None:
        with pytest.raises(SpendingCapReached):
            state.costs.require(0)

    def test_a_million_small_costs_stay_exact(self, stored: StoredChannelState) -> None:
        for _ in range(30):
            stored.costs.spend("read", 0.1)
        assert ChannelCost.get().micro_usd == 3_000_000


class TestFlags:
    def test_a_flag_is_kept_changed_and_removed(self, state: ChannelState) -> None:
        assert state.flag("webhook") == ""
        state.set_flag("webhook", "17")
        state.set_flag("webhook", "18")
        assert state.flag("webhook") == "18"
        state.set_flag("webhook", "")
        assert state.flag("webhook") == ""


class TestCredentials:
    def test_nothing_is_stored_in_the_clear(
        self, stored: StoredChannelState, channel: Channel, vault: Vault
    ) -> None:
        assert stored.credentials.get() == {}
        connect(channel.id, {"token": "abc-secret"}, vault, now=NOON)
        assert stored.credentials.get() == {"token": "abc-secret"}
        assert "abc-secret" not in ChannelCredential.get().ciphertext

    def test_what_is_read_is_masked_in_logs(
        self, channel: Channel, vault: Vault, clock: Clock
    ) -> None:
        told: list[str] = []
        state = StoredChannelState("x", vault, clock, lambda values: told.extend(values.values()))
        connect(channel.id, {"token": "one"}, vault, now=NOON)
        state.credentials.renew({"token": "one"}, lambda _kept: {"token": "two"})
        assert set(told) == {"one", "two"}

    def test_the_new_token_is_stored_before_it_is_used(
        self, stored: StoredChannelState, channel: Channel, vault: Vault
    ) -> None:
        connect(channel.id, {"token": "old"}, vault, now=NOON)
        seen: list[object] = []

        def refresh(kept: object) -> dict[str, str]:
            seen.append(kept)
            return {"token": "new"}

        assert stored.credentials.renew({"token": "old"}, refresh) == {"token": "new"}
        assert seen == [{"token": "old"}]
        assert stored.credentials.get() == {"token": "new"}

    def test_who_comes_late_gets_what_is_newer_without_a_call(
        self, stored: StoredChannelState, channel: Channel, vault: Vault
    ) -> None:
        connect(channel.id, {"token": "newer"}, vault, now=NOON)
        found = stored.credentials.renew({"token": "stale"}, lambda _: pytest.fail("called"))
        assert found == {"token": "newer"}

    def test_a_refresh_that_fails_leaves_the_token_and_lets_others_try(
        self, stored: StoredChannelState, channel: Channel, vault: Vault
    ) -> None:
        connect(channel.id, {"token": "old"}, vault, now=NOON)

        def refuse(_kept: object) -> dict[str, str]:
            raise TemporaryFailure("the platform is away")

        with pytest.raises(TemporaryFailure):
            stored.credentials.renew({"token": "old"}, refuse)
        assert stored.credentials.get() == {"token": "old"}
        assert stored.credentials.renew({"token": "old"}, lambda _: {"token": "new"})

    def test_a_process_that_died_while_renewing_is_replaced(
        self, stored: StoredChannelState, channel: Channel, vault: Vault, clock: Clock
    ) -> None:
        connect(channel.id, {"token": "old"}, vault, now=NOON)
        ChannelCredential.update(lease_until=NOON + RENEWAL_LEASE).execute()
        clock.now += RENEWAL_LEASE
        assert stored.credentials.renew({"token": "old"}, lambda _: {"token": "new"})

    def test_a_renewal_that_was_overtaken_keeps_what_is_newer(
        self, stored: StoredChannelState, channel: Channel, vault: Vault
    ) -> None:
        connect(channel.id, {"token": "old"}, vault, now=NOON)

        def slow(_kept: object) -> dict[str, str]:
            connect(channel.id, {"token": "of another sign-in"}, vault, now=NOON)
            return {"token": "late"}

        found = stored.credentials.renew({"token": "old"}, slow)
        assert found == stored.credentials.get() == {"token": "of another sign-in"}

    def test_nobody_renews_inside_a_transaction(
        self, stored: StoredChannelState, channel: Channel, vault: Vault
    ) -> None:
        connect(channel.id, {"token": "old"}, vault, now=NOON)
        with store.transaction(), pytest.raises(RuntimeError, match="transactions"):
            stored.credentials.renew({"token": "old"}, lambda _: {})

    def test_a_channel_that_is_not_connected_cannot_renew(self, stored: StoredChannelState) -> None:
        with pytest.raises(AuthenticationFailed, match="not connected"):
            stored.credentials.renew({}, lambda _: {})

    def test_disconnecting_forgets_everything_of_the_connection(
        self, stored: StoredChannelState, channel: Channel, vault: Vault
    ) -> None:
        connect(channel.id, {"token": "old"}, vault, now=NOON)
        stored.set_flag("webhook", "17")
        stored.limits.note("send", limit=1, remaining=0, reset_at=NOON + timedelta(hours=1))
        disconnect(channel.id)
        assert (stored.credentials.get(), stored.flag("webhook")) == ({}, "")
        stored.limits.check("send")

    def test_a_changed_key_is_told_in_words(
        self, stored: StoredChannelState, channel: Channel, vault: Vault, clock: Clock
    ) -> None:
        connect(channel.id, {"token": "old"}, vault, now=NOON)
        other = StoredChannelState("x", Vault(lambda: [new_encryption_key()]), clock)
        with pytest.raises(AuthenticationFailed, match="key is another one"):
            other.credentials.get()

    def test_resealing_makes_the_old_key_needless(
        self, stored: StoredChannelState, channel: Channel, vault: Vault, clock: Clock
    ) -> None:
        connect(channel.id, {"token": "old"}, vault, now=NOON)
        fresh = new_encryption_key()
        assert reseal_all(Vault(lambda: [fresh, KEY])) == 1
        alone = StoredChannelState("x", Vault(lambda: [fresh]), clock)
        assert alone.credentials.get() == {"token": "old"}


def test_threads_that_renew_at_once_call_the_platform_once(
    channel: Channel, vault: Vault, open_database: str
) -> None:
    connect(channel.id, {"token": "old"}, vault, now=NOON)
    begun, go_on = threading.Event(), threading.Event()
    calls: list[str] = []
    found: list[object] = []

    def refresh(_kept: object) -> dict[str, str]:
        calls.append(threading.current_thread().name)
        begun.set()
        assert go_on.wait(30)
        return {"token": "new"}

    def renew() -> None:
        state = StoredChannelState("x", vault, lambda: datetime.now(UTC))
        found.append(state.credentials.renew({"token": "old"}, refresh))
        store.close()

    threads = [threading.Thread(target=renew) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert len(calls) == 1
    assert found == [{"token": "new"}] * 4


RENEWER = """
import sys, pathlib
from datetime import UTC, datetime
from earful import store
from earful.store.channel_state import StoredChannelState
from earful.store.vault import Vault

url, key, calls = sys.argv[1:]
store.open_database(url)
state = StoredChannelState("x", Vault(lambda: [key]), lambda: datetime.now(UTC))

def refresh(kept):
    with open(calls, "a") as file:
        file.write("called\\n")
    sys.stdin.readline()
    return {"token": "new"}

print("ready", flush=True)
print(dict(state.credentials.renew({"token": "old"}, refresh)), flush=True)
"""


@pytest.fixture
def renewers(
    open_database: str, channel: Channel, vault: Vault, tmp_path: Path
) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes that renew the same token."""
    connect(channel.id, {"token": "old"}, vault, now=NOON)
    command = [sys.executable, "-c", textwrap.dedent(RENEWER), open_database, KEY]
    started = [
        subprocess.Popen(
            [*command, str(tmp_path / "calls")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ),
        )
        for _ in range(2)
    ]  # fmt: skip
    yield started
    for process in started:
        process.kill()
        process.communicate()


def test_two_processes_that_renew_one_token_call_the_platform_once(
    renewers: list[subprocess.Popen[str]], stored: StoredChannelState, tmp_path: Path
) -> None:
    for process in renewers:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in renewers:
        assert process.stdin is not None
        process.stdin.write("go on\n")
        process.stdin.flush()
    for process in renewers:
        assert process.communicate(timeout=60)[0].endswith("{'token': 'new'}\n")
    assert (tmp_path / "calls").read_text() == "called\n"
    assert stored.credentials.get() == {"token": "new"}


def test_a_source_is_told_what_the_inbox_holds(
    inbox: Inbox, wall: Wall, vault: Vault, clock: Clock
) -> None:
    first, second = post("m1", "Hello", extra={"kind": "post"}), post("m2", "Two")
    inbox.receive("wall", wall.payload(first, second), wall.payload(Removal(external_id="m2")))
    inbox.receive("fence", wall.payload(post("m3", "Elsewhere")))
    inbox.reply(inbox.messages()[0], "Welcome")

    state = StoredChannelState("wall", vault, clock)
    assert state.known(["m1", "m2", "m3", "reply-1", "no such thing"]) == {
        "m1": KnownMessage(text="Hello", author_name="Ann", extra={"kind": "post"}),
        "m2": KnownMessage(text="", removal=RemovalKind.DELETED, author_name="Ann"),
        "reply-1": KnownMessage(text="Welcome", sent_from_here=True),
    }
    assert state.known([]) == {}
