"""A whole installation inside one test: payloads go in, messages come out, time is the test's.

Runs the jobs of workers and ticker, in this process and in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from earful import actions, jobs
from earful.actions import SYSTEM
from earful.runtime import Runtime
from earful.store import connection
from earful.store.models import (
    Channel,
    ConversationLabel,
    Event,
    Message,
    Payload,
    Reply,
)
from earful.store.queries.labels import label_names
from earful.testing.job_queue import MemoryJobQueue
from earful.ticker import sweep, tick
from earful.types import Payload as RawPayload

__all__ = ["Inbox", "InboxMessage", "SentReply"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxMessage:
    """One message as the inbox shows it, with what became of it."""

    id: int
    conversation_id: int
    external_id: str
    text: str
    author: str
    direction: str
    removal: str | None
    labels: tuple[str, ...]
    queue: str | None
    status: str
    priority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentReply:
    """One reply, and what became of it."""

    id: int
    state: str
    external_id: str | None
    error: str


class Inbox:
    """An installation with a clock that only the test moves."""

    def __init__(self, runtime: Runtime, now: datetime) -> None:
        self.runtime = runtime
        self.now = now
        runtime.clock = lambda: self.now

    @property
    def jobs(self) -> MemoryJobQueue:
        """The job queue, to look at what waits or to switch it off."""
        if not isinstance(self.runtime.jobs, MemoryJobQueue):
            message = "this inbox has a real job queue; its workers run the jobs"
            raise TypeError(message)
        return self.runtime.jobs

    def advance(self, **passed: float) -> datetime:
        """Let time pass, such as `advance(minutes=5)`; nothing runs by itself."""
        self.now += timedelta(**passed)
        return self.now

    def receive(self, channel: str, *payloads: RawPayload | bytes) -> list[InboxMessage]:
        """Take payloads in as if they were pushed, run every job; the messages that are new."""
        before = {message.id for message in self.messages()}
        self.push(channel, *payloads)
        self.run_jobs()
        return [message for message in self.messages() if message.id not in before]

    def push(self, channel: str, *payloads: RawPayload | bytes) -> list[int]:
        """Keep payloads and enqueue their jobs; returns the ids of the payloads."""
        raw = [each if isinstance(each, RawPayload) else RawPayload(body=each) for each in payloads]
        return actions.accept_webhook(self.runtime, channel, raw, now=self.now)

    def poll(self, channel: str) -> list[InboxMessage]:
        """Let the channel's source fetch, run every job; the messages that are new."""
        before = {message.id for message in self.messages()}
        with connection():
            row = Channel.get(Channel.name == channel)
        self.jobs.enqueue("poll_channel", row.id, on="fetch")
        self.run_jobs()
        return [message for message in self.messages() if message.id not in before]

    def tick(self) -> None:
        """Enqueue what is due now, and run every job."""
        with connection():
            tick(self.runtime, now=self.now)
        self.run_jobs()

    def sweep(self) -> None:
        """Enqueue what was left unfinished, and run every job."""
        with connection():
            sweep(self.runtime, now=self.now)
        self.run_jobs()

    def run_jobs(self) -> int:
        """Run jobs until none waits; how many ran."""
        count = 0
        while job := self.jobs.take():
            name, ids = job
            with connection():
                self._run(name, [int(each) for each in ids])
            count += 1
        return count

    def _run(self, job: str, ids: Sequence[int]) -> None:
        """The very job that a worker runs, at the time of the test."""
        jobs.attach(self.runtime)
        getattr(jobs, job)(*ids)

    def reply(self, message: InboxMessage, text: str) -> SentReply:
        """Answer a message, wait until it can no longer be undone, and send it."""
        with connection():
            reply_id = actions.submit_reply(
                self.runtime,
                SYSTEM,
                message.conversation_id,
                message_id=message.id,
                text=text,
                last_seen_message_id=message.id,
                force=True,
                now=self.now,
            )
        self.advance(seconds=self.runtime.config.inbox.undo_seconds)
        self.tick()
        return self.sent(reply_id)

    def sent(self, reply_id: int) -> SentReply:
        """How a reply stands now."""
        with connection():
            row = Reply.get_by_id(reply_id)
        return SentReply(
            id=row.id, state=str(row.state), external_id=row.external_id, error=row.error
        )

    def messages(self) -> list[InboxMessage]:
        """All messages, oldest first."""
        with connection():
            return [self._message(row) for row in Message.select().order_by(Message.id)]

    def _message(self, row: Any) -> InboxMessage:
        conversation = row.conversation
        return InboxMessage(
            id=row.id,
            conversation_id=row.conversation_id,
            external_id=row.external_id,
            text=row.text,
            author=row.identity.name,
            direction=str(row.direction),
            removal=row.removal and str(row.removal),
            labels=_names(row),
            queue=conversation.queue and conversation.queue.name,
            status=str(conversation.status),
            priority=conversation.priority.word,
        )

    def timeline(self, conversation_id: int) -> list[str]:
        """What happened in a conversation: the kinds of its events, in order."""
        with connection():
            events = Event.select(Event.kind).where(Event.conversation == conversation_id)
            return [kind for (kind,) in _tuples(events.order_by(Event.id))]

    def refused_payloads(self) -> list[tuple[str, str]]:
        """The payloads that came to nothing: (`quarantined` or `unsupported`, reason)."""
        with connection():
            rows = Payload.select(Payload.state, Payload.error).where(
                Payload.state.in_(["quarantined", "unsupported"])
            )
            return [(str(state), error) for state, error in _tuples(rows.order_by(Payload.id))]


def _names(message: Any) -> tuple[str, ...]:
    put = ConversationLabel.select(ConversationLabel.name).where(
        ConversationLabel.conversation == message.conversation_id
    )
    said = label_names([message.id])[message.id]
    return tuple(sorted(said | {name for (name,) in _tuples(put)}))


def _tuples(query: Any) -> list[tuple[Any, ...]]:
    return list(query.tuples())
