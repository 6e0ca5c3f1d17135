"""From feed bytes to routed conversations, against feedparser with one bare INSERT per entry."""

from __future__ import annotations

import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import feedparser
from earful.store.models import Message
from material import add_policies, feed, installation, take_through

LIMIT = 3.0
ROUNDS = 7
FEEDS = 20
ENTRIES = 50
POLICIES = 50


def baseline(database: sqlite3.Connection, bodies: Sequence[bytes]) -> None:
    """What anybody would write first."""
    for body in bodies:
        for entry in feedparser.parse(body).entries:
            database.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?)",
                (entry.id, entry.author, entry.published, entry.summary),
            )
            database.commit()


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> int:
    entries = FEEDS * ENTRIES
    ratios = []
    with TemporaryDirectory() as folder, installation() as runtime:
        add_policies(runtime, POLICIES)
        plain = sqlite3.connect(Path(folder) / "plain.db")
        plain.executescript(
            "PRAGMA journal_mode=wal; PRAGMA synchronous=normal;"
            "CREATE TABLE entry (id TEXT PRIMARY KEY, author TEXT, published TEXT, text TEXT);"
        )
        take_through(runtime, [feed(ENTRIES, 10_000_000)])  # imports and compiled policies
        for turn in range(ROUNDS):
            bodies = [feed(ENTRIES, turn * entries + at * ENTRIES) for at in range(FEEDS)]
            base = timed(lambda bodies=bodies: baseline(plain, bodies))
            ours = timed(lambda bodies=bodies: take_through(runtime, bodies))
            ratios.append(ours / base)
            print(
                f"round {turn + 1}: {ours / entries * 1000:.2f} ms an entry, "
                f"baseline {base / entries * 1000:.2f} ms, ratio {ours / base:.2f}"
            )
        stored = Message.select().count()
        assert stored == (ROUNDS * entries) + ENTRIES, stored
    ratio = statistics.median(ratios)
    print(f"ingest: median ratio {ratio:.2f} (limit {LIMIT}), {POLICIES} policies")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
