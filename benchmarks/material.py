"""What the benchmarks work on: feeds, policies, and an installation without processes."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from earful import Payload, actions, jobs, store
from earful.config import ChannelConfig, Config
from earful.job_queue import JobQueue
from earful.pipeline import fetch, ingest
from earful.runtime import Runtime
from earful.store.models import Channel
from earful.store.states import Role
from werkzeug.test import Client

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ADDRESS = "http://127.0.0.1:8080"
ADMIN = actions.Actor(None, "benchmark", Role.ADMIN)
WORDS = [
    "the",
    "widget",
    "order",
    "parcel",
    "refund",
    "broke",
    "after",
    "two",
    "days",
    "and",
    "nobody",
    "answers",
    "please",
    "help",
    "with",
    "my",
    "invoice",
    "password",
    "delivery",
    "late",
    "wrong",
    "colour",
    "love",
    "it",
    "great",
    "service",
    "thanks",
    "when",
    "will",
    "this",
    "be",
    "fixed",
    "app",
    "crashes",
    "on",
    "start",
    "update",
    "again",
    "support",
    "number",
    "missing",
    "box",
]


def feed(entries: int, start: int, people: int = 500, seed: int = 1) -> bytes:
    """A WordPress-like comments feed of invented comments, numbered from `start`."""
    rng = random.Random(f"{seed}:{start}")
    items = "".join(_item(number, people, rng) for number in range(start, start + entries))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Comments for Shop</title>'
        f"<link>https://shop.example/</link><description/>{items}</channel></rss>"
    ).encode()


def _item(number: int, people: int, rng: random.Random) -> str:
    post = f"https://shop.example/post-{number % 97}"
    sent = NOW - timedelta(minutes=rng.randrange(2000))
    text = " ".join(rng.choices(WORDS, k=rng.randrange(8, 40)))
    return (
        f"<item><title>Comment on Post {number % 97}</title><link>{post}/#comment-{number}</link>"
        f"<dc:creator>Person {rng.randrange(people)}</dc:creator>"
        f"<pubDate>{sent:%a, %d %b %Y %H:%M:%S} +0000</pubDate>"
        f'<guid isPermaLink="false">{post}/#comment-{number}</guid>'
        f"<description>{text[:120]}</description>"
        f"<content:encoded><![CDATA[<p>{text}</p><p>Order {number}</p>]]></content:encoded></item>"
    )


def add_policies(runtime: Runtime, count: int) -> None:
    """Policies of mixed kinds, of which a few match each message."""
    for name in ("Billing", "Delivery", "Technical"):
        actions.save_queue(runtime, ADMIN, None, name=name, first_response_minutes=60, now=NOW)
    for number in range(count):
        actions.save_policy(
            runtime,
            ADMIN,
            None,
            name=f"Policy {number}",
            conditions=_conditions(number),
            actions=_actions(number),
            now=NOW,
        )


def _conditions(number: int) -> dict[str, Any]:
    word = f"word{number}"
    leaves: list[list[dict[str, Any]]] = [
        [{"fact": "message.text", "op": "contains", "value": word}],
        [{"fact": "message.text", "op": "contains_any_word", "value": [word, "invoice"]}],
        [{"fact": "message.text", "op": "matches", "value": rf"\b(late|lost)\b.*\b{word}\b"}],
        [
            {"fact": "labels", "op": "has", "value": "sentiment:negative"},
            {"fact": "message.length", "op": "gt", "value": 20 + number},
        ],
        [{"fact": "author.reach", "op": "gt", "value": 1000 * number}],
    ]
    return {"all": leaves[number % len(leaves)]}


def _actions(number: int) -> list[dict[str, str]]:
    queue = ("Billing", "Delivery", "Technical")[number % 3]
    return [{"do": "queue", "value": queue}, {"do": "label", "value": f"topic:t{number % 7}"}]


@contextmanager
def installation(url: str | None = None) -> Iterator[Runtime]:
    """A runtime with one feed channel, on an empty SQLite database unless `url` names another."""
    with TemporaryDirectory() as folder:
        config = Config(
            data_dir=Path(folder),
            server={"public_url": ADDRESS},
            store={"url": url or f"sqlite:///{folder}/bench.db"},
            channels={
                "shop": ChannelConfig(
                    name="shop",
                    type="forums",
                    settings={"url": "https://shop.example/comments/feed/", "reader": "feed"},
                )
            },
        )
        runtime = Runtime.open(config, jobs=JobQueue.connect("unix:///nowhere"))
        store.migrate()
        with store.connection():
            actions.sync_channels(runtime, now=NOW)
            yield runtime
        store.close()


def take_through(runtime: Runtime, bodies: Iterable[bytes], now: datetime = NOW) -> int:
    """Each body as one payload from arrival to routed conversations; how many messages came."""
    channel = Channel.get()
    count = 0
    for body in bodies:
        payload = Payload(
            body=body,
            content_type="application/rss+xml",
            meta={
                "url": "https://shop.example/comments/feed/",
                "reader": "feed",
                "fetched_at": now.isoformat(),
            },
        )
        with store.transaction():
            ids = fetch.keep(channel.id, [payload], now)
        for payload_id in ids:
            outcome = ingest.ingest(runtime, payload_id, now=now)
            jobs.triage_now(runtime, outcome.new, now=now)
            count += len(outcome.new)
    return count


def agents_client(runtime: Runtime) -> Client:
    """A browser without a screen, in which an agent of this installation is signed in."""
    from earful_admin.server import create_app

    agent_id = actions.add_agent(
        runtime,
        actions.SYSTEM,
        email="bench@shop.example",
        name="Bench Mark",
        role=Role.AGENT,
        password="correct horse battery",
        now=NOW,
    )
    client: Client = create_app(runtime).test_client()
    sign_in(client, agent_id)
    return client


def sign_in(client: Client, agent_id: int) -> None:
    """Begin a session without the sign-in page, which is slow on purpose."""
    with client.session_transaction(base_url=ADDRESS) as session:  # type: ignore[attr-defined]
        session.update({"_user_id": f"{agent_id}.0", "_fresh": True, "since": int(time.time())})
