"""The sandbox on loopback, and a channel that is connected to it, on a clock of the test's own."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from earful import (
    InboundMessage,
    OutboundReply,
    Parsed,
    Payload,
    Removal,
    Surface,
    WebhookRequest,
)
from earful.sandbox import Behaviour, Deliveries
from earful.testing import MemoryChannelState
from earful_twitter.parse import parse
from earful_twitter.sandbox import XSandbox
from earful_twitter.sandbox.activity import Activity
from earful_twitter.sandbox.world import Person
from earful_twitter.sender import TwitterSender
from earful_twitter.settings import TwitterSettings
from earful_twitter.source import TwitterSource
from earful_twitter.webhook import TwitterWebhook
from werkzeug.serving import WSGIRequestHandler, make_server

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that only the test moves."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **time: float) -> datetime:
        self.now += timedelta(**time)
        return self.now


@dataclass
class Call:
    """One request, as the sandbox saw it."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    authorization: str


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        pass


class Server:
    """A WSGI application on a free port of loopback; it remembers every call."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.target: Callable[..., Any] | None = None
        self._server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=_Quiet
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _serve(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        assert self.target
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        self.calls.append(
            Call(
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"],
                dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)),
                body,
                environ.get("HTTP_AUTHORIZATION", ""),
            )
        )
        return self.target(environ, start)

    def _run(self) -> None:
        self._server.serve_forever(poll_interval=0.01)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def asked(self, method: str, path: str) -> list[Call]:
        return [one for one in self.calls if (one.method, one.path) == (method, path)]


@dataclass
class Shop:
    """A channel at a sandbox: what the host would do with it, by hand."""

    sandbox: XSandbox
    server: Server
    hooks: Deliveries
    clock: Clock
    state: MemoryChannelState
    cursor: str = ""
    notice: str = ""
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> Any:
        return self.sandbox.world

    @property
    def activity(self) -> Activity:
        assert self.sandbox.activity
        return self.sandbox.activity

    def person(self, username: str) -> Person:
        found: Person = self.world.person(username)
        return found

    @property
    def settings(self) -> TwitterSettings:
        told = {
            **self.sandbox.settings(self.server.url),
            "receive": "poll",
            "watch": (),
            "deep_replies": False,
            "recheck_posts": 0,
            "timeout_seconds": 5,
            **self.changes,
        }
        return TwitterSettings.model_validate(told).with_state(self.state)

    def set(self, **changes: Any) -> None:
        self.changes |= changes

    def source(self) -> TwitterSource:
        return TwitterSource(self.settings, self.clock)

    def sender(self) -> TwitterSender:
        return TwitterSender(self.settings, self.clock)

    def fetch(self) -> list[Payload]:
        """Fetch as the host does, until nothing is left."""
        payloads: list[Payload] = []
        for _ in range(50):
            result = self.source().fetch(self.cursor)
            self.cursor = result.cursor
            payloads += result.payloads
            self.notice = result.notice
            if not result.more:
                return payloads
        raise AssertionError("it never ends")

    def poll(self) -> list[Parsed]:
        return [one for payload in self.fetch() for one in parse(payload)]

    def messages(self) -> list[InboundMessage]:
        return [one for one in self.poll() if isinstance(one, InboundMessage)]

    def removals(self) -> list[Removal]:
        return [one for one in self.poll() if isinstance(one, Removal)]

    def pushed(self, body: bytes, **headers: str) -> list[Payload]:
        webhook = TwitterWebhook(self.settings)
        request = WebhookRequest(method="POST", query={}, headers=headers, body=body)
        return list(webhook.receive(request).payloads)

    def reply_to(
        self, message: InboundMessage, text: str, *, surface: Surface | None = None
    ) -> OutboundReply:
        return OutboundReply(
            idempotency_key="k",
            text=text,
            surface=surface
            or (Surface.PRIVATE if message.surface is Surface.PRIVATE else Surface.PUBLIC_REPLY),
            in_reply_to=message.external_id,
            thread_id=message.thread_id or "",
            url=message.url,
            extra=message.extra,
            submitted_at=self.clock.now,
            author_id=message.author.external_id,
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def behaviour() -> Behaviour:
    """How the sandbox pushes; override it to give it an address or disorder."""
    return Behaviour(retries=(0.01, 0.01))


@pytest.fixture
def shop(clock: Clock, behaviour: Behaviour) -> Iterator[Shop]:
    sandbox, server = XSandbox(now=clock), Server()
    state = MemoryChannelState("x", sandbox.credentials(), now=clock)
    with Deliveries(behaviour) as hooks:
        server.target = sandbox.app(server.url, hooks)
        server.start()
        yield Shop(sandbox, server, hooks, clock, state)
        sandbox.gate.released.set()
        server.close()
