"""A platform whose journal gets one line for every reply it accepts, and whose sender often dies.

The journal is how the chaos test knows what was sent, and how often. A sender dies only where
`JOURNAL_SEED` is set: before the platform has accepted the reply, or right after.
"""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from earful import (
    Action,
    Author,
    Badge,
    Capabilities,
    Capability,
    ChannelType,
    DeliveryRejected,
    InboundMessage,
    OutboundReply,
    OutcomeUnknown,
    Parsed,
    Payload,
    Receipt,
    Settings,
    TemporaryFailure,
    WebhookRequest,
    WebhookResult,
    hookimpl,
)

TIME = datetime(2026, 11, 20, 12, tzinfo=UTC)


class JournalSettings(Settings):
    journal: Path


def parse(payload: Payload) -> Iterable[Parsed]:
    for number in json.loads(payload.body):
        yield InboundMessage(
            external_id=f"m{number}",
            author=Author(external_id=f"a{number % 500}", name=f"Author {number % 500}"),
            text=f"Where is parcel {number}?",
            sent_at=TIME,
            thread_id=f"t{number // 2}",
        )


class JournalWebhook:
    def __init__(self, settings: JournalSettings) -> None:
        self.settings = settings

    def receive(self, request: WebhookRequest) -> WebhookResult:
        return WebhookResult(payloads=(Payload(body=request.body),))


class JournalSender:
    def __init__(self, settings: JournalSettings) -> None:
        self.journal = settings.journal
        self.tries = settings.journal.with_suffix(".tries")

    def send(self, reply: OutboundReply) -> Receipt:
        key = reply.in_reply_to
        _append(self.tries, key)
        fate = _fate(key, _lines(self.tries).count(key))
        if fate == "busy":
            raise TemporaryFailure("the platform is busy")
        if fate == "rejected":
            raise DeliveryRejected("the thread is closed")
        if fate == "died before":
            os.kill(os.getpid(), signal.SIGKILL)
        _append(self.journal, key)
        if fate == "died after":
            os.kill(os.getpid(), signal.SIGKILL)
        if fate == "line broke":
            raise OutcomeUnknown("the line broke")
        return Receipt(external_id=f"reply-{key}")

    def find(self, reply: OutboundReply) -> Receipt | None:
        if reply.in_reply_to in _lines(self.journal):
            return Receipt(external_id=f"reply-{reply.in_reply_to}")
        return None

    def act(self, action: Action) -> Receipt:
        raise DeliveryRejected("nothing but replies")


def _fate(key: str, attempt: int) -> str:
    """What becomes of one attempt: the same for the same seed."""
    seed = os.environ.get("JOURNAL_SEED")
    if seed is None or attempt > 2:
        return "sent"
    fates = ["sent"] * 14 + ["busy", "rejected", "died before", "died after", "line broke"]
    return random.Random(f"{seed}:{key}:{attempt}").choice(fates)


def _append(path: Path, line: str) -> None:
    """One write to the end of the file, which no other process can come between."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{line}\n".encode())
    finally:
        os.close(file)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


TYPE = ChannelType(
    kind="journal",
    title="Journal",
    settings=JournalSettings,
    parse=parse,
    badge=Badge(letters="Jo", colour="#444444"),
    capabilities=lambda _settings: Capabilities(reply=Capability(allowed=True)),
    webhook=JournalWebhook,
    sender=JournalSender,
)


@hookimpl
def register_channels() -> Iterable[ChannelType]:
    return [TYPE]
