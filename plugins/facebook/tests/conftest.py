"""The sandbox on loopback, a channel that talks to it, and an ingress that takes its pushes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from earful import AuthenticationFailed, Payload, WebhookRequest
from earful.sandbox import Behaviour, Deliveries
from earful.testing import MemoryChannelState
from earful_facebook.parse import parse
from earful_facebook.sandbox import FacebookSandbox, make_app
from earful_facebook.sandbox.people import PAGES, PEOPLE
from earful_facebook.sandbox.stage import Stage
from earful_facebook.sender import FacebookSender
from earful_facebook.settings import FacebookSettings
from earful_facebook.source import FacebookSource
from earful_facebook.webhook import FacebookWebhook
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

IMKE, TOMAS, PRIYA, LUCIA, JONAS, GRETE = PEOPLE
PAGE = PAGES[0]


@contextmanager
def served(application: Callable[..., Any]) -> Iterator[str]:
    """A WSGI application on a free port of this machine."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Later:
    """An application that may know its address only once it is served."""

    target: Callable[..., Any]

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        return self.target(environ, start)


@dataclass
class Ingress:
    """Takes pushes as the web process does, and keeps what the plugin gives."""

    webhook: FacebookWebhook | None = None
    payloads: deque[Payload] = field(default_factory=deque)
    fails: int = 0
    """How many pushes are answered with an error first."""
    seen: int = 0
    url: str = ""

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        request = Request(environ)
        return self._answer(request)(environ, start)

    def _answer(self, request: Request) -> Response:
        self.seen += 1
        if self.fails or self.webhook is None:
            self.fails -= 1
            return Response("later", status=500)
        asked = WebhookRequest(
            method=request.method,
            query=request.args.to_dict(),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.get_data(),
        )
        try:
            result = self.webhook.receive(asked)
        except AuthenticationFailed:
            return Response("no", status=403)
        self.payloads.extend(result.payloads)
        return Response(result.body, status=result.status)

    def messages(self) -> list[Any]:
        """What the payloads parse to, in the order in which they came."""
        return [item for payload in self.payloads for item in parse(payload)]


@dataclass
class Facebook:
    """A running sandbox and a channel that is connected to it."""

    stage: Stage
    hooks: Deliveries
    state: MemoryChannelState
    url: str

    @property
    def world(self) -> Any:
        return self.stage.world

    def settings(self, **changed: Any) -> FacebookSettings:
        given = {**FacebookSandbox().settings(self.url), "timeout_seconds": 10, **changed}
        return FacebookSettings(**given).with_state(self.state)

    def source(self, **changed: Any) -> FacebookSource:
        return FacebookSource(self.settings(**changed), now=self.stage.now)

    def sender(self, **changed: Any) -> FacebookSender:
        return FacebookSender(self.settings(**changed), now=self.stage.now)

    def look(self, cursor: str = "", **changed: Any) -> tuple[list[Any], Any]:
        """One whole round: what it brought, parsed, and its last result."""
        found: list[Any] = []
        while True:
            result = self.source(**changed).fetch(cursor)
            found += [item for payload in result.payloads for item in parse(payload)]
            cursor = result.cursor
            if not result.more:
                return found, result

    def calls(self, since: int = 0) -> list[tuple[str, str]]:
        return [(call.method, call.path) for call in list(self.stage.calls)[since:]]


@pytest.fixture
def ingress() -> Iterator[Ingress]:
    taker = Ingress()
    with served(taker) as url:
        taker.url = f"{url}/webhooks/page"
        yield taker


@pytest.fixture
def facebook(ingress: Ingress) -> Iterator[Facebook]:
    behaviour = Behaviour(webhook=ingress.url, retries=(0.01, 0.01, 0.01))
    with Deliveries(behaviour) as hooks:
        application = Later()
        with served(application) as url:
            stage = Stage(url, hooks)
            application.target = make_app(stage)
            credentials = FacebookSandbox().credentials()
            state = MemoryChannelState("page", credentials, now=stage.now)
            running = Facebook(stage, hooks, state, url)
            ingress.webhook = FacebookWebhook(running.settings())
            yield running
            stage.let_go.set()


@pytest.fixture
def earful_now() -> datetime:
    """The sandbox lives today, so the inbox does."""
    return datetime.now(UTC).replace(microsecond=0)
