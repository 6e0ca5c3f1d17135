"""Pushes a second, stored and acknowledged, against a bare Flask view behind the same server.

Both verify a signature over the same body and insert one row with the same durability; ours also
finds deliveries that come twice, and enqueues the next step on a real job queue. Measured with a
webhook that does what the bare view does, and with those of X and of Facebook.
"""

from __future__ import annotations

import base64
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

LIMIT = 0.5
ROUNDS = 7
SECONDS = 1.0
CLIENTS = 4
THREADS = 8
SECRET = b"only-for-the-benchmark"
HEADER = "X-Signature"


def own_body(number: int) -> bytes:
    """A push of the usual size."""
    user = {"id": str(number % 97), "name": "Priya Raman", "followers_count": 12}
    post = {"id": str(number), "text": "Where is my order? " * 6, "author": user}
    return json.dumps(
        {"data": {"event_uuid": str(number), "payload": post, "tag": "x" * 400}}
    ).encode()


def x_body(number: int) -> bytes:
    """A mention, which X charges for."""
    user = {"id": str(number % 97), "name": "Priya Raman", "username": f"priya{number % 97}"}
    post = {"id": str(number), "text": "@larkfield Where is my order? " * 4, "author_id": "5"}
    event = {"event_uuid": str(number), "event_type": "post.mention.create", "payload": post}
    told = {**event, "filter": {"user_id": "7001"}, "includes": {"users": [user]}}
    return json.dumps({"data": told}).encode()


def facebook_body(number: int) -> bytes:
    """A comment below a Page's post."""
    value = {
        "item": "comment", "verb": "add", "comment_id": f"100_{number}", "post_id": "100_1",
        "parent_id": "100_1", "from": {"id": str(number % 97), "name": "Priya Raman"},
        "created_time": 1_700_000_000, "message": "Where is my order? " * 6,
    }  # fmt: skip
    change = {"field": "feed", "value": value}
    entry = {"id": "100", "time": 1_700_000_000, "changes": [change]}
    return json.dumps({"object": "page", "entry": [entry]}).encode()


def signature(raw: bytes) -> str:
    return hmac.new(SECRET, raw, hashlib.sha256).hexdigest()


def x_signature(raw: bytes) -> str:
    return "sha256=" + base64.b64encode(hmac.digest(SECRET, raw, "sha256")).decode()


@dataclass(frozen=True)
class Kind:
    """A kind of channel, and how its platform pushes."""

    name: str
    body: Callable[[int], bytes]
    header: str
    sign: Callable[[bytes], str]


KINDS = (
    Kind("push", own_body, HEADER, signature),
    Kind("twitter", x_body, "X-Twitter-Webhooks-Signature", x_signature),
    Kind("facebook", facebook_body, "X-Hub-Signature-256", lambda raw: f"sha256={signature(raw)}"),
)
CONFIG = f"""
[server]
port = 0
[channels.push]
type = "push"
[channels.twitter]
type = "twitter"
client_id = "c"
consumer_secret = "{SECRET.decode()}"
[channels.facebook]
type = "facebook"
app_id = "1"
app_secret = "{SECRET.decode()}"
verify_token = "v"
"""


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
    """Earful's web process: a webhook that does what the bare view does, and two real ones."""
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
    from earful.store.credentials import connect
    from earful.store.models import Channel
    from earful_admin.server import bind
    from earful_facebook import FACEBOOK
    from earful_twitter import TWITTER

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
    file.write_text(CONFIG)
    types = {"push": kind, "twitter": TWITTER, "facebook": FACEBOOK}
    runtime = Runtime.open(config.load(file, os.environ), plugins=PluginHost(channel_types=types))
    store.migrate()
    actions.sync_channels(runtime, now=runtime.clock())
    with store.connection():
        row = Channel.get(Channel.name == "twitter")
        connect(row.id, {"user_id": "7001"}, runtime.vault, now=runtime.clock())
    store.close()
    server: Any = bind(runtime)
    ports.put(server.effective_port)
    server.run()


def pushed(port: int, kind: Kind, numbers: Iterator[int], *, bare: bool = False) -> float:
    """Pushes a second that are answered with 200, by several clients that wait for each answer."""
    counts: list[int] = []
    over = time.perf_counter() + SECONDS
    path = "/webhooks/push" if bare else f"/webhooks/{kind.name}"

    def client() -> None:
        connection, count = http.client.HTTPConnection("127.0.0.1", port), 0
        while time.perf_counter() < over:
            raw = kind.body(next(numbers))
            signed = {HEADER: signature(raw)} if bare else {kind.header: kind.sign(raw)}
            connection.request("POST", path, raw, signed)
            answer = connection.getresponse()
            assert (answer.status, answer.read() or b"ok") == (200, b"ok")
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


def measured(kind: Kind, bare_port: int, our_port: int, numbers: Iterator[int]) -> float:
    """The median of ours against the bare view, a second each in turns."""
    ratios = []
    pushed(bare_port, kind, numbers, bare=True), pushed(our_port, kind, numbers)  # warm
    for turn in range(ROUNDS):
        bare = pushed(bare_port, kind, numbers, bare=True)
        ours = pushed(our_port, kind, numbers)
        ratios.append(ours / bare)
        print(f"{kind.name} {turn + 1}: {ours:.0f}/s, bare {bare:.0f}/s, ratio {ours / bare:.2f}")
    return statistics.median(ratios)


def main() -> int:
    from earful.job_queue import EmbeddedServer

    numbers = count(1)
    with TemporaryDirectory() as folder, EmbeddedServer(Path(folder) / "data"):
        servers = [started(serve, folder) for serve in (serve_bare, serve_ours)]
        (_, bare_port), (_, our_port) = servers
        medians = {each.name: measured(each, bare_port, our_port, numbers) for each in KINDS}
        for process, _ in servers:
            process.terminate()
            process.join()
        kept = sqlite3.connect(f"{folder}/data/earful.db")
        stored = kept.execute("SELECT count(*), count(DISTINCT key) FROM payload").fetchone()
        kept.close()
        print(f"{stored[0]} pushes are stored")
        assert stored[0] == stored[1] > 0
    for name, ratio in medians.items():
        print(f"webhook of {name}: median ratio {ratio:.2f} (limit at least {LIMIT})")
    return int(min(medians.values()) < LIMIT)


if __name__ == "__main__":
    sys.exit(main())
