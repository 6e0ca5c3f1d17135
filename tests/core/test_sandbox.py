"""The sandbox kit: pushes as a platform would, and serves an application that knows its address."""

from __future__ import annotations

import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from earful.sandbox import Behaviour, Deliveries


@dataclass
class Listener:
    """Somebody who is pushed to: `refusals` are answered first, then everything is taken."""

    address: str = ""
    taken: list[bytes] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = found.refusals.pop(0) if found.refusals else 200
            if status == 200:
                found.taken.append(body)
                found.headers.append(self.headers.get("x-signature", ""))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.address = f"http://127.0.0.1:{server.server_port}/hook"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_pushes_arrive_in_their_order_with_their_headers(listener: Listener) -> None:
    with Deliveries() as hooks:
        for number in range(5):
            hooks.deliver(listener.address, b"%d" % number, {"x-signature": "s"})
        assert hooks.settle()
    assert listener.taken == [b"0", b"1", b"2", b"3", b"4"]
    assert listener.headers == ["s"] * 5


def test_a_refused_push_is_tried_again_and_then_given_up(listener: Listener) -> None:
    listener.refusals = [500, 503]
    with Deliveries(Behaviour(retries=(0.01, 0.01))) as hooks:
        hooks.deliver(listener.address, b"stubborn", {})
        assert hooks.settle()
        (delivery,) = hooks.log
        assert (delivery.outcome, delivery.attempts) == ("delivered", 3)
        listener.refusals = [404, 404, 404]
        hooks.deliver(listener.address, b"hopeless", {})
        assert hooks.settle()
        assert hooks.log[1].outcome == "HTTP 404"
        assert hooks.log[1].finished
    assert listener.taken == [b"stubborn"]


def test_nobody_listening_is_no_error() -> None:
    with Deliveries(Behaviour(retries=())) as hooks:
        hooks.deliver("http://127.0.0.1:1/hook", b"x", {})
        assert hooks.settle()
        assert "ConnectError" in hooks.log[0].outcome


def test_disorder_is_the_same_for_the_same_seed(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earful.sandbox._LONGEST_JITTER", 0.2)

    def pushed(seed: int) -> list[bytes]:
        listener.taken.clear()
        hooks = Deliveries(Behaviour(disorder=seed))
        for number in range(12):
            hooks.deliver(listener.address, b"%d" % number, {})
        with hooks:
            assert hooks.settle()
        return sorted(listener.taken)

    first = pushed(1)
    assert len(first) > 12
    assert set(first) == {b"%d" % number for number in range(12)}
    assert pushed(1) == first
    assert len({tuple(pushed(seed)) for seed in (2, 3, 4)} | {tuple(first)}) > 1


SERVER = """
from earful.sandbox import serve

class Toy:
    title, default_port = "Toy", 0
    def app(self, base_url, hooks):
        def application(environ, start):
            start("200 OK", [("Content-Type", "text/plain")])
            return [f"{base_url} {hooks.webhook}".encode()]
        return application

from earful.sandbox import Behaviour
serve(Toy(), behaviour=Behaviour(webhook="http://w/"), on_ready=lambda a: print(a, flush=True))
"""


def test_a_served_sandbox_knows_its_address_and_stops_when_told() -> None:
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert answer.read().decode() == f"{address} http://w/"
    process.terminate()
    assert process.wait(10) == 0
    process.stdout.close()


def test_stopping_forgets_what_waits(listener: Listener) -> None:
    hooks = Deliveries(Behaviour(retries=(3600,))).start()
    listener.refusals = [500]
    hooks.deliver(listener.address, b"later", {})
    while not hooks.log[0].attempts:
        threading.Event().wait(0.01)
    hooks.stop()
    assert listener.taken == []
