"""The sandbox's X Activity API: webhooks, subscriptions, the stream, and events said again."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from earful.sandbox import Deliveries

from earful_twitter.connect import EVENTS_ON_STREAM
from earful_twitter.sandbox.gate import CONSUMER_SECRET
from earful_twitter.sandbox.render import direct_event, moment, post_event
from earful_twitter.sandbox.world import Message, Post, Refused, World
from earful_twitter.webhook import SIGNATURE, sign

__all__ = ["Activity", "Event"]

MOST_EVENTS = 2000
MOST_CONNECTIONS = 2
SIGN_OF_LIFE_SECONDS = 1.0
LONGEST_CONNECTION_SECONDS = 300.0
_SECONDS_TO_ANSWER = 10.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as it is pushed."""

    number: int
    at: datetime
    webhook_id: str
    body: bytes


@dataclass
class Activity:
    """Who is told what."""

    world: World
    hooks: Deliveries
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    muted: bool = False
    """While true, events happen but nobody is told, as if a webhook were away."""

    def __post_init__(self) -> None:
        self._changed = threading.Condition(self.world.lock)
        self._connections = 0
        self._number = 0
        self.world.on_event = self.tell
        if self.hooks.webhook:
            webhook = self._new_webhook(self.hooks.webhook)
            for kind in EVENTS_ON_STREAM:
                self.subscribe(kind, {"user_id": self.world.account.id}, "sandbox", webhook["id"])

    def create_webhook(self, url: str) -> dict[str, Any]:
        """Register an address, after it has answered the challenge."""
        if any(one["url"] == url for one in self.webhooks.values()):
            raise Refused("This webhook exists already.", status=400, kind="invalid-request")
        self.challenge(url)
        return self._new_webhook(url)

    def challenge(self, url: str) -> None:
        """Ask an address to prove that it knows the secret. Raises `Refused` if it does not."""
        token = secrets.token_urlsafe(24)
        try:
            with httpx.Client(timeout=_SECONDS_TO_ANSWER, trust_env=False) as client:
                answer = client.get(url, params={"crc_token": token})
                told = answer.json()["response_token"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Refused(
                f"CRC check failed: {error!r}", status=400, kind="invalid-request"
            ) from error
        if told != sign(CONSUMER_SECRET, token.encode()):
            raise Refused("CRC check failed: wrong response_token", status=400,
                          kind="invalid-request")  # fmt: skip

    def validate(self, webhook_id: str) -> None:
        """Challenge a registered address again, and mark how it went."""
        webhook = self._webhook(webhook_id)
        try:
            self.challenge(webhook["url"])
        except Refused:
            webhook["valid"] = False
            raise
        webhook["valid"] = True

    def delete_webhook(self, webhook_id: str) -> None:
        """Forget an address and what was pushed there."""
        del self.webhooks[self._webhook(webhook_id)["id"]]
        gone = [i for i, one in self.subscriptions.items() if one.get("webhook_id") == webhook_id]
        for identifier in gone:
            del self.subscriptions[identifier]

    def subscribe(
        self, kind: str, wanted: dict[str, str], tag: str, webhook_id: str
    ) -> dict[str, Any]:
        """One kind of event of one account, to a webhook or to the stream."""
        if webhook_id:
            self._webhook(webhook_id)
        identifier, now = self.world.new_id(), moment(self.world.now())
        made: dict[str, Any] = {
            "subscription_id": identifier,
            "event_type": kind,
            "filter": wanted,
            "created_at": now,
            "updated_at": now,
        }
        made |= {"tag": tag} if tag else {}
        made |= {"webhook_id": webhook_id} if webhook_id else {}
        self.subscriptions[identifier] = made
        return made

    def tell(self, kind: str, what: Post | Message) -> None:
        """Push an event to everybody who subscribed to it."""
        if isinstance(what, Post):
            payload, includes = post_event(self.world, what, kind)
        else:
            payload, includes = direct_event(self.world, what), {}
        for one in list(self.subscriptions.values()):
            if one["event_type"] == kind and one["filter"].get("user_id") == self.world.account.id:
                envelope = {"filter": one["filter"], "event_type": kind, "tag": one.get("tag")}
                self._push(
                    {**envelope, "payload": payload, "includes": includes},
                    str(one.get("webhook_id") or ""),
                )

    def tell_of_revocation(self) -> None:
        """Every webhook hears that the account has withdrawn its permission."""
        payload = {
            "date_time": self.world.now().isoformat(timespec="seconds"),
            "user_id": self.world.account.id,
            "app_id": "90210",
        }
        for webhook_id in [*self.webhooks, ""]:
            self._push({"filter": {}, "event_type": "oauth.revoke", "payload": payload}, webhook_id)

    def replay(self, webhook_id: str, began: datetime, ended: datetime) -> None:
        """Push again what happened between the two minutes, both included."""
        self._webhook(webhook_id)
        last = ended + timedelta(minutes=1)
        for event in list(self.events):
            if event.webhook_id == webhook_id and began <= event.at < last:
                self._deliver(event)

    def stream(self, since: datetime | None) -> Iterator[bytes]:
        """Events as lines, from `since` on; an empty line now and then as a sign of life."""
        with self._changed:
            if self._connections >= MOST_CONNECTIONS:
                raise Refused("This stream is at the maximum allowed connection limit.", status=429,
                              kind="streaming-connection")  # fmt: skip
            known = [one for one in self.events if not one.webhook_id]
            first = [one for one in known if since is not None and one.at >= since]
            return self._lines(first, self._number)

    def _lines(self, first: list[Event], told: int) -> Iterator[bytes]:
        until = time.monotonic() + LONGEST_CONNECTION_SECONDS
        with self._changed:
            self._connections += 1
        try:
            yield b"".join(event.body + b"\r\n" for event in first) or b"\r\n"
            while time.monotonic() < until:
                new = self._newer(told)
                told = max([told, *(event.number for event in new)])
                yield b"".join(event.body + b"\r\n" for event in new) or b"\r\n"
        finally:
            with self._changed:
                self._connections -= 1

    def _newer(self, told: int) -> list[Event]:
        """What has happened since; waits a moment for it."""

        def found() -> list[Event]:
            return [one for one in self.events if one.number > told and not one.webhook_id]

        with self._changed:
            if not found():
                self._changed.wait(SIGN_OF_LIFE_SECONDS)
            return found()

    def _push(self, event: dict[str, Any], webhook_id: str) -> None:
        number = secrets.randbits(64) - 2**63
        body = json.dumps({"data": {"event_uuid": str(number), **event}}).encode()
        with self._changed:
            self._number += 1
            kept = Event(self._number, self.world.now(), webhook_id, body)
            self.events.append(kept)
            self._changed.notify_all()
        if webhook_id and not self.muted:
            self._deliver(kept)

    def _deliver(self, event: Event) -> None:
        webhook = self.webhooks.get(event.webhook_id)
        if webhook and webhook["valid"]:
            headers = {
                "content-type": "application/json",
                SIGNATURE: sign(CONSUMER_SECRET, event.body),
            }
            self.hooks.deliver(webhook["url"], event.body, headers)

    def _new_webhook(self, url: str) -> dict[str, Any]:
        made: dict[str, Any] = {
            "id": self.world.new_id(),
            "url": url,
            "valid": True,
            "created_at": moment(self.world.now()),
        }
        self.webhooks[made["id"]] = made
        return made

    def _webhook(self, webhook_id: str) -> dict[str, Any]:
        found = self.webhooks.get(webhook_id)
        if found is None:
            raise Refused("There is no such webhook.", status=404, kind="resource-not-found")
        return found
