"""Resident memory of the real processes after 10,000 messages have gone through them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from earful import Payload, actions, store
from earful.config import load
from earful.job_queue import EmbeddedServer
from earful.pipeline import fetch
from earful.runtime import Runtime
from earful.store.models import Channel, Message
from material import NOW, add_policies, feed

LIMIT_MB = 120
MESSAGES = 10_000
ENTRIES = 100
PORT = 18_080
CONFIG = f"""
data_dir = "data"
[server]
port = {PORT}
[channels.shop]
type = "forums"
url = "https://shop.example/comments/feed/"
reader = "feed"
paused = true
"""


def resident_mb(pid: int) -> float:
    """The process with the children that do its work, each page counted once where it is shared."""
    total = 0.0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            total = int(line.split()[1]) / 1024
    return total


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "earful", *arguments, "--config", str(folder / "config.toml")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def until(done: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            sys.exit("the messages did not come through in time")
        time.sleep(0.2)


def answers() -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except OSError:
        return False


def put_in(runtime: Runtime) -> None:
    channel = Channel.get()
    for start in range(0, MESSAGES, ENTRIES):
        meta = {"url": "https://shop.example/", "reader": "feed", "fetched_at": NOW.isoformat()}
        payload = Payload(body=feed(ENTRIES, start), content_type="text/xml", meta=meta)
        with store.transaction():
            ids = fetch.keep(channel.id, [payload], NOW)
        runtime.jobs.enqueue_many("ingest_payload", ids, on="ingest", unique=True)


def routed() -> bool:
    with store.connection():
        return Message.select().where(Message.stage == "done").count() == MESSAGES


def main() -> int:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.toml").write_text(CONFIG)
        config = load(folder / "config.toml", os.environ)
        with EmbeddedServer(config.data_dir):
            return measure(folder, Runtime.open(config))


def measure(folder: Path, runtime: Runtime) -> int:
    store.migrate()
    actions.sync_channels(runtime, now=NOW)
    add_policies(runtime, 50)
    with (
        running(folder, "web") as web,
        running(folder, "worker", "--queue", "ingest") as ingest,
        running(folder, "worker", "--queue", "triage") as triage,
        running(folder, "worker", "--fork", "--queue", "fetch", "--queue", "send") as fork,
    ):
        until(answers)
        put_in(runtime)
        until(routed)
        for _ in range(200):
            assert answers()
        found = {
            "web": web.pid,
            "worker (ingest)": ingest.pid,
            "worker (triage)": triage.pid,
            "worker (forking)": fork.pid,
        }
        sizes = {name: resident_mb(pid) for name, pid in found.items()}
    for name, size in sizes.items():
        print(
            f"memory: {name} {size:.0f} MB resident, ratio {size / LIMIT_MB:.2f} of {LIMIT_MB} MB"
        )
    return int(max(sizes.values()) > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
