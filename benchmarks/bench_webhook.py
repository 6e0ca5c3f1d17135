"""Pushes a second, stored and acknowledged, against a bare Flask view behind the same server.

Both verify the same signature over the same body and insert one row with the same durability; ours
also finds deliveries that come twice, and enqueues the next step on a real job queue.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import multiprocessing
import sqlite3
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

LIMIT = 0.5
ROUNDS = 9
SECONDS = 1.0
CLIENTS = 4
THREADS = 8
SECRET = b"only-for-the-benchmark"
HEADER = "X-Signature"


def body(number: int) -> bytes:
    """A push of the usual size."""
    user = {"id": str(number % 97), "name": "Priya Raman", "followers_count": 12}
    post = {"id": str(number), "text": "Where is my order? " * 6, "author": user}
    return json.dumps(
        {"data": {"event_uuid": str(number), "payload": post, "tag": "x" * 400}}
    ).encode()


def signature(raw: bytes) -> str:
    return hmac.new(SECRET, raw, hashlib.sha256).hexdigest()


def serve_bare(folder: str, ports: Any) -> None:
    """What anybody would write first."""
    from flask import Flask, request
    from waitress.server import create_server

    app = Flask("bare")
    local = threading.local()

    def database() -> sqlite3.Connection:
        if not hasattr(local, "database"):
            local.database = sqlite3.connect(f"{folder}/bare.db", timeout=15)
            local.database.execute("PRAGMA synchronous=normal")
        return local.database

    with database() as setup:
        setup.execute("PRAGMA journal_mode=wal")
        setup.execute("CREATE TABLE push (id INTEGER PRIMARY KEY, body BLOB, at TEXT)")

    @app.post("/webhooks/push")
    def receive() -> str:
        raw = request.get_data()
        if not hmac.compare_digest(signature(raw), request.headers.get(HEADER, "")):
            return "no"
        with database() as connection:
            connection.execute("INSERT INTO push (body, at) VALUES (?, datetime())", (raw,))
        return "ok"

    server: Any = create_server(app, host="127.0.0.1", port=0, threads=THREADS, ident=None)
    ports.put(server.effective_port)
    server.run()


def serve_ours(folder: str, ports: Any) -> None:
    """Earful's web process, with a channel whose webhook does what the bare view does."""
    import os

    from earful import (
        AuthenticationFailed,
        Badge,
        Capabilities,
        ChannelType,
        Payload,
        Settings,
        WebhookRequest,
        WebhookResult,
        actions,
        config,
        store,
    )
    from earful.plugins import PluginHost
    from earful.runtime import Runtime
    from earful_admin.server import bind

    class Push:
        def receive(self, request: WebhookRequest) -> WebhookResult:
            if not hmac.compare_digest(
                signature(request.body), request.headers.get(HEADER.lower(), "")
            ):
                raise AuthenticationFailed("bad signature")
            key = json.loads(request.body)["data"]["event_uuid"]
            return WebhookResult(payloads=(Payload(body=request.body, key=key),), body="ok")

    kind = ChannelType(
        kind="push",
        title="Push",
        settings=Settings,
        parse=lambda _payload: (),
        badge=Badge(letters="Pu", colour="#000000"),
        capabilities=lambda _settings: Capabilities(),
        webhook=lambda _settings: Push(),
    )
    file = Path(folder) / "config.toml"
    file.write_text('[server]\nport = 0\n[channels.push]\ntype = "push"\n')
    runtime = Runtime.open(
        config.load(file, os.environ), plugins=PluginHost(channel_types={"push": kind})
    )
    store.migrate()
    actions.sync_channels(runtime, now=runtime.clock())
    store.close()
    server: Any = bind(runtime)
    ports.put(server.effective_port)
    server.run()


def pushed(port: int, numbers: Callable[[], int]) -> float:
    """Pushes a second that are answered with 200, by several clients that wait for each answer."""
    counts: list[int] = []
    over = time.perf_counter() + SECONDS

    def client() -> None:
        connection, count = http.client.HTTPConnection("127.0.0.1", port), 0
        while time.perf_counter() < over:
            raw = body(numbers())
            connection.request("POST", "/webhooks/push", raw, {HEADER: signature(raw)})
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"ok")
            count += 1
        counts.append(count)
        connection.close()

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    started = time.perf_counter()
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    assert len(counts) == CLIENTS
    return sum(counts) / (time.perf_counter() - started)


def started(serve: Callable[[str, Any], None], folder: str) -> tuple[Any, int]:
    context = multiprocessing.get_context("spawn")
    ports = context.Queue()
    process = context.Process(target=serve, args=(folder, ports), daemon=True)
    process.start()
    return process, ports.get(timeout=60)


def main() -> int:
    from itertools import count

    from earful.job_queue import EmbeddedServer

    numbers = count(1)
    with TemporaryDirectory() as folder, EmbeddedServer(Path(folder) / "data"):
        servers = [started(serve, folder) for serve in (serve_bare, serve_ours)]
        (_, bare_port), (_, our_port) = servers
        ratios = []
        pushed(bare_port, lambda: next(numbers)), pushed(our_port, lambda: next(numbers))  # warm
        for turn in range(ROUNDS):
            bare = pushed(bare_port, lambda: next(numbers))
            ours = pushed(our_port, lambda: next(numbers))
            ratios.append(ours / bare)
            print(f"round {turn + 1}: {ours:.0f}/s, bare {bare:.0f}/s, ratio {ours / bare:.2f}")
        for process, _ in servers:
            process.terminate()
            process.join()
        kept = sqlite3.connect(f"{folder}/data/earful.db")
        stored = kept.execute("SELECT count(*), count(DISTINCT key) FROM payload").fetchone()
        kept.close()
        print(f"{stored[0]} pushes are stored")
        assert stored[0] == stored[1] > 0
    ratio = statistics.median(ratios)
    print(f"webhook: median ratio {ratio:.2f} (limit at least {LIMIT})")
    return int(ratio < LIMIT)


if __name__ == "__main__":
    sys.exit(main())
