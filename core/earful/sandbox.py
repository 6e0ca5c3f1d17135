"""What a plugin needs to ship a stand-in for its platform; part of the plugin API.

A sandbox is a WSGI application that follows the platform's documents and keeps all state in
memory. This module serves it, and pushes its events as the platform would: in the background,
again after a failure, and on request twice or out of order. It knows no web framework.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Protocol, Self, runtime_checkable

__all__ = ["Behaviour", "Deliveries", "Delivery", "Sandbox", "WSGIApplication", "serve"]

logger = logging.getLogger(__name__)

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""A web application as PEP 3333 has it."""

_MOST_LOGGED = 200
_LONGEST_JITTER = 2.0
_SECONDS_TO_ANSWER = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a sandbox treats whoever listens to it.

    `webhook` is where it pushes from the start; "" until somebody registers an address with it.
    `disorder` is a seed: with one, some pushes come twice and some late. `retries` are the
    pauses in seconds before a failed push is tried again; after the last it is given up.
    """

    webhook: str = ""
    disorder: int | None = None
    retries: tuple[float, ...] = (1, 5, 30, 120)


@runtime_checkable
class Sandbox(Protocol):
    """A stateful stand-in for a platform."""

    @property
    def title(self) -> str:
        """Whose stand-in it is, for people."""

    @property
    def default_port(self) -> int:
        """Where it listens unless told otherwise."""

    def app(self, base_url: str, hooks: Deliveries) -> WSGIApplication:
        """The platform's API and a page to play a customer, at `base_url`."""

    def settings(self, base_url: str) -> Mapping[str, Any]:
        """The settings of a channel that talks to this sandbox."""

    def credentials(self) -> Mapping[str, str]:
        """What a channel that is already connected to a freshly started sandbox would hold.

        Empty where the settings suffice.
        """


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One push, and how far it has come."""

    url: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    attempts: int = 0
    outcome: str = "waiting"
    """`waiting`, `delivered`, or what went wrong the last time."""
    finished: bool = False


class Deliveries:
    """Pushes in a background thread, in the order of their times. Start it, or use `with`."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self._random = random.Random(self.behaviour.disorder)  # noqa: S311 - play, no secret
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._numbers = itertools.count()
        self._log: deque[Delivery] = deque(maxlen=_MOST_LOGGED)
        self._changed = threading.Condition()
        self._busy = False
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def webhook(self) -> str:
        """Where to push from the start; "" where nobody has said."""
        return self.behaviour.webhook

    @property
    def log(self) -> tuple[Delivery, ...]:
        """The latest pushes, oldest first."""
        with self._changed:
            return tuple(self._log)

    def deliver(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Push `body` by POST as soon as possible; returns at once."""
        pauses = [0.0]
        if self.behaviour.disorder is not None:
            pauses = [self._pause() for _ in range(2 if self._random.random() < 1 / 4 else 1)]
        for pause in pauses:
            self._put(Delivery(url=url, body=body, headers=dict(headers)), pause)

    def _pause(self) -> float:
        return self._random.uniform(0, _LONGEST_JITTER)

    def _put(self, delivery: Delivery, pause: float) -> None:
        with self._changed:
            if not delivery.attempts:
                self._log.append(delivery)
            due = time.monotonic() + pause
            heapq.heappush(self._waiting, (due, next(self._numbers), delivery))
            self._changed.notify_all()

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait until nothing is left to push; False if that takes longer than `timeout`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout)

    def start(self) -> Self:
        """Begin to push."""
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Push no more; what waits is forgotten."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        import httpx

        with httpx.Client(timeout=_SECONDS_TO_ANSWER, trust_env=False) as client:
            while (delivery := self._next()) is not None:
                self._push(client, delivery)
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _next(self) -> Delivery | None:
        """The next push whose time has come; None once it is over."""
        with self._changed:
            while not self._stopping:
                wait = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if wait is not None and wait <= 0:
                    self._busy = True
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(wait)
        return None

    def _push(self, client: Any, delivery: Delivery) -> None:
        delivery.attempts += 1
        try:
            answer = client.post(delivery.url, content=delivery.body, headers=delivery.headers)
        except Exception as error:  # noqa: BLE001 - whoever does not answer is asked again
            delivery.outcome = f"{type(error).__name__}: {error}"
        else:
            delivery.outcome = "delivered" if answer.is_success else f"HTTP {answer.status_code}"
        if delivery.outcome == "delivered":
            delivery.finished = True
        elif delivery.attempts <= len(self.behaviour.retries):
            self._put(delivery, self.behaviour.retries[delivery.attempts - 1])
        else:
            delivery.finished = True
            logger.warning("gave up pushing to %s: %s", delivery.url, delivery.outcome)


def serve(
    sandbox: Sandbox,
    host: str = "127.0.0.1",
    port: int | None = None,
    *,
    behaviour: Behaviour | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a sandbox until the process is told to stop; `on_ready` is told its address.

    `port` 0 takes a free one. Raises `OSError` where it cannot listen.
    """
    from waitress.server import create_server

    with Deliveries(behaviour) as hooks:
        application = _Later()
        server: Any = create_server(
            application,
            host=host,
            port=sandbox.default_port if port is None else port,
            threads=4,
            ident=None,
        )
        address = f"http://{host}:{server.effective_port}"
        application.target = sandbox.app(address, hooks)
        _stop_on_signals(server)
        if on_ready is not None:
            on_ready(address)
        server.run()


class _Later:
    """The application may know its port only once the socket is bound."""

    target: WSGIApplication

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return self.target(environ, start)


def _stop_on_signals(server: Any) -> None:
    if threading.current_thread() is not threading.main_thread():
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.close()
        raise SystemExit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
