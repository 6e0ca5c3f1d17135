"""Real processes are killed at random while messages come in and replies go out.

Afterwards every message is there and was routed once, and no reply was sent twice or lost.
Set EARFUL_CHAOS_SEED to repeat a run.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from earful import Payload, actions, config, store
from earful.actions import SYSTEM
from earful.job_queue import JobQueue, JobQueueUnavailable
from earful.plugins import PluginHost
from earful.runtime import Runtime
from earful.store.models import Conversation, Event, Message, Reply
from earful.store.states import ReplyState, Stage
from earful.testing.inbox import Inbox
from earful.testing.job_queue import MemoryJobQueue

from tests.stranger import install

MESSAGES = 5000
PER_PAYLOAD = 100
REPLIES = 200
KILLS = 9
VICTIMS = (
    "ingest",
    "triage",
    "fetch",
    "send",
    "ticker",
    "web",
    "server",
    "everything in the job queue",
)
PACKAGE = Path(__file__).with_name("journal_channel")

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc"),
]

CONFIG = """
[server]
port = 0
[store]
url = "{database}"
[inbox]
undo_seconds = 0
[job_queue]
lost_after_seconds = 3
[channels.journal]
type = "journal"
journal = "{folder}/journal"
"""


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Far longer than it takes on an idle machine: the deadline only ends what hangs."""
    deadline = time.monotonic() + 240
    while not true():
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(0.1)


class House:
    """A running installation, watched and hurt from outside."""

    def __init__(self, runtime: Runtime, site: Path, seed: int) -> None:
        self.runtime = runtime
        self.random = random.Random(seed)
        self.said: list[str] = []
        path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "earful", "up", "--config", str(runtime.config.file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "JOURNAL_SEED": str(seed)},
        )
        self._reader = threading.Thread(target=self._listen)
        self._reader.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            self._reader.join(10)
            assert self.process.stdout is not None
            self.process.stdout.close()

    def children(self) -> dict[str, int]:
        """The running processes by name."""
        found = {}
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for pid in map(int, listed.split()):
            with contextlib.suppress(OSError):
                found[_name(Path(f"/proc/{pid}/cmdline").read_text().split("\0"))] = pid
        return found

    def hurt(self) -> str:
        """Do something bad to one of them; what it was."""
        victim = self.random.choice(VICTIMS)
        if victim == VICTIMS[-1]:
            with contextlib.suppress(JobQueueUnavailable):
                self.runtime.jobs.ping()
                self.runtime.jobs._connection.flushall()
        elif pid := self.children().get(victim):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return victim


def _name(command: list[str]) -> str:
    if "earful" not in command:
        return "server"
    if "worker" not in command:
        return command[3]
    return command[command.index("--queue") + 1]


@pytest.fixture
def seed(capsys: pytest.CaptureFixture[str]) -> int:
    chosen = int(os.environ.get("EARFUL_CHAOS_SEED") or random.randrange(10**6))
    with capsys.disabled():
        sys.stdout.write(f"\nEARFUL_CHAOS_SEED={chosen} ")
    return chosen


@pytest.fixture
def house(
    database: str, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    site = install(PACKAGE, "journal", tmp_path / "site")
    monkeypatch.syspath_prepend(str(site))
    file = tmp_path / "config.toml"
    file.write_text(CONFIG.format(database=database, folder=tmp_path))
    loaded = config.load(file, {})
    jobs = JobQueue.connect(loaded, lost_after_seconds=3)
    runtime = Runtime.open(loaded, jobs=jobs, plugins=PluginHost.load())
    actions.sync_channels(runtime, now=datetime.now(UTC))
    running = House(runtime, site, seed)
    try:
        yield running
    finally:
        running.stop()
        jobs.close()
        sys.modules.pop(PACKAGE.name, None)
        store.close()


def feed(house: House) -> None:
    """Push all messages, some payloads twice, and answer some of what has arrived."""
    starts = list(range(0, MESSAGES, PER_PAYLOAD))
    order = house.random.sample(starts, len(starts)) + house.random.sample(starts, 5)
    kills = set(house.random.sample(range(5, len(order)), KILLS))
    for step, start in enumerate(order):
        numbers = json.dumps(list(range(start, start + PER_PAYLOAD)))
        payload = Payload(body=numbers.encode())
        actions.accept_webhook(house.runtime, "journal", [payload], now=datetime.now(UTC))
        if step in kills:
            house.said.append(f"test   | hurt: {house.hurt()}\n")
        answer(house, REPLIES * (step + 1) // len(order))
        time.sleep(0.2)


def answer(house: House, until: int) -> None:
    """Submit replies to messages that have none, until there are so many."""
    with store.connection():
        missing = until - Reply.select().count()
        answered = Reply.select(Reply.message)
        rows = list(
            Message.select(Message.id, Message.conversation)
            .where(Message.id.not_in(answered))
            .limit(max(missing, 0))
            .tuples()
        )
        for message_id, conversation_id in rows:
            actions.submit_reply(
                house.runtime,
                SYSTEM,
                conversation_id,
                message_id=message_id,
                text=f"Parcel of message {message_id} is on its way.",
                last_seen_message_id=message_id,
                force=True,
                now=datetime.now(UTC),
            )


def all_done() -> bool:
    with store.connection():
        done = Message.select().where(Message.stage == Stage.DONE).count()
    return bool(done == MESSAGES)


def none_waits() -> bool:
    """Whether no reply waits for a worker. Those whose sender died wait for their lease to end."""
    soon = datetime.now(UTC) + timedelta(seconds=5)
    with store.connection():
        waiting = Reply.select().where((Reply.state == ReplyState.QUEUED) & (Reply.due_at < soon))
        return not waiting.exists()


def settle_later(runtime: Runtime) -> None:
    """Let hours pass: leases end, and what is unknown is looked for."""
    calm = Runtime.open(runtime.config, jobs=MemoryJobQueue(), plugins=runtime.plugins)
    inbox = Inbox(calm, datetime.now(UTC) + timedelta(minutes=6))
    for _ in range(12):
        inbox.sweep()
        inbox.tick()
        inbox.advance(hours=1)


@pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
def test_nothing_is_lost_and_nothing_is_done_twice(house: House, tmp_path: Path) -> None:
    try:
        feed(house)
        wait_until(all_done, f"{MESSAGES} messages")
        answer(house, REPLIES)
        wait_until(none_waits, "the replies")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{''.join(house.said[-60:])}") from error
    house.stop()
    settle_later(house.runtime)

    with store.connection():
        check_messages()
        check_replies((tmp_path / "journal").read_text().split())


def check_messages() -> None:
    ids = {row.id for row in Message.select(Message.id)}
    routed = Counter(
        event.data["message_id"] for event in Event.select().where(Event.kind == "routed")
    )
    assert len(ids) == MESSAGES
    assert {row.external_id for row in Message.select()} == {f"m{n}" for n in range(MESSAGES)}
    assert routed == Counter(ids)
    assert Message.select().where(Message.stage != Stage.DONE).count() == 0
    assert {row.message_count for row in Conversation.select()} == {2}
    assert Conversation.select().count() == MESSAGES // 2
    assert Conversation.select().where(Conversation.queue.is_null()).count() == 0


def check_replies(accepted: list[str]) -> None:
    replies = {
        reply.message.external_id: reply for reply in Reply.select(Reply, Message).join(Message)
    }
    twice = [key for key, count in Counter(accepted).items() if count > 1]
    assert twice == []
    assert len(replies) == REPLIES
    states = Counter(reply.state for reply in replies.values())
    assert set(states) <= {ReplyState.SENT, ReplyState.CONFIRMED, ReplyState.FAILED}, states
    assert all(reply.error for reply in replies.values() if reply.state is ReplyState.FAILED)
    sent = {key for key, reply in replies.items() if reply.state is not ReplyState.FAILED}
    assert sent == set(accepted)
