"""The whole way of one message, from the platform to an answer that the platform shows.

The channel, the classifier, the router and the notifier are a stranger's: the guestbook in
`tests/demo_plugin`, installed for this test and found by its entry point alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from earful import actions
from earful.actions import SYSTEM, Actor
from earful.store import connection
from earful.store.states import Role
from earful.testing.inbox import Inbox

from tests.demo_plugin.install import install


@pytest.fixture(autouse=True)
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The guestbook, installed as pip would."""
    known = set(sys.modules)
    monkeypatch.syspath_prepend(str(install(tmp_path / "site")))
    yield
    for name in sys.modules.keys() - known:
        if name.startswith("guestbook"):
            del sys.modules[name]


@pytest.fixture
def earful_database(database: str) -> str:
    return database


@pytest.fixture
def earful_config(tmp_path: Path) -> str:
    return f"""
    [channels.garden]
    type = "guestbook"
    folder = "{tmp_path}/entries"
    outbox = "{tmp_path}/answers"
    echo = true
    [classifiers.visitors]
    type = "guestbook"
    [notifiers.log]
    type = "guestbook"
    file = "{tmp_path}/notified.jsonl"
    """


def test_a_message_is_read_understood_routed_answered_and_resolved(
    earful_inbox: Inbox, tmp_path: Path
) -> None:
    inbox, runtime = earful_inbox, earful_inbox.runtime
    sam = an_office_with_a_queue_and_a_policy(inbox)

    # A visitor writes. The next poll brings the entry, and triage does the rest.
    a_visitor_writes(tmp_path, id="17", name="Ann", text="The bench is broken. When is it mended?")
    (message,) = inbox.poll("garden")
    assert message.author == "Ann"
    assert message.labels == ("intent:complaint", "vip")
    assert (message.queue, message.priority, message.status) == ("Repairs", "high", "open")
    assert inbox.timeline(message.conversation_id) == ["routed"]

    # The clock runs out before anybody answers: the policy's and the clock's words are told.
    inbox.advance(minutes=31)
    inbox.tick()
    inbox.tick()
    assert inbox.timeline(message.conversation_id)[-1] == "clock_breached"
    told = [json.loads(line) for line in (tmp_path / "notified.jsonl").read_text().splitlines()]
    assert sorted(each["kind"] for each in told) == ["clock_breached", "policy"]

    # Sam answers. The reply can be undone for ten seconds; then it stands on the platform.
    with connection():
        reply_id = actions.submit_reply(
            runtime,
            sam,
            message.conversation_id,
            message_id=message.id,
            text="Tomorrow morning!",
            last_seen_message_id=message.id,
            resolve_after=False,
            now=inbox.now,
        )
    inbox.tick()
    assert inbox.sent(reply_id).state == "queued"
    inbox.advance(seconds=10)
    inbox.tick()
    assert inbox.sent(reply_id).state == "sent"
    (answer,) = (json.loads(file.read_text()) for file in (tmp_path / "answers").glob("*.json"))
    assert (answer["text"], answer["answers"]) == ("Tomorrow morning!", "17")

    # The platform shows our answer back to us: it is confirmed, and no second message.
    inbox.advance(minutes=5)
    assert inbox.poll("garden") == []
    assert inbox.sent(reply_id).state == "confirmed"
    assert inbox.messages()[0].status == "pending"

    # A thank-you changes nothing; then the conversation is resolved.
    a_visitor_writes(tmp_path, id="18", name="Ann", text="Thank you!", answers="17")
    inbox.advance(minutes=5)
    (thanks,) = inbox.poll("garden")
    assert (thanks.conversation_id, thanks.status) == (message.conversation_id, "pending")
    with connection():
        actions.resolve(runtime, sam, message.conversation_id, "mended", now=inbox.now)
    assert inbox.messages()[0].status == "resolved"
    assert inbox.timeline(message.conversation_id)[-1] == "resolved"


def an_office_with_a_queue_and_a_policy(inbox: Inbox) -> Actor:
    """Somebody who answers, a queue with a promise, and a policy that fills it."""
    with connection():
        number = actions.add_agent(
            inbox.runtime,
            SYSTEM,
            email="sam@example.com",
            name="Sam",
            role=Role.AGENT,
            password="correct horse",
            now=inbox.now,
        )
        actions.save_queue(
            inbox.runtime, SYSTEM, None, name="Repairs", first_response_minutes=30, now=inbox.now
        )
        actions.save_policy(
            inbox.runtime,
            SYSTEM,
            None,
            name="Complaints",
            conditions={"fact": "labels", "op": "has", "value": "intent:complaint"},
            actions=[
                {"do": "queue", "value": "Repairs"},
                {"do": "priority", "value": "high"},
                {"do": "label", "value": "vip"},
                {"do": "notify", "value": "log"},
            ],
            now=inbox.now,
        )
    return Actor(number, "Sam", Role.AGENT)


def a_visitor_writes(folder: Path, **entry: str) -> None:
    entries = folder / "entries"
    entries.mkdir(exist_ok=True)
    whole = {"at": "2026-11-20T11:59:00Z", "page": "garden", **entry}
    entries.joinpath(f"{entry['id']}.json").write_text(json.dumps(whole))
