from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import sqlite3
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from earful.cli.demo_config import demo_config

Earful = Callable[..., subprocess.CompletedProcess[str]]


def test_demo_routes_its_content_and_finds_it_again(earful: Earful, tmp_path: Path) -> None:
    first = earful("demo", "--once", "--port", "0")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "with the password" in first.stdout
    routed = re.search(r"(\d+) messages in (\d+) conversations are routed", first.stdout)
    assert routed
    assert int(routed[1]) > 0
    assert "Traceback" not in first.stdout + first.stderr
    folder = tmp_path / "earful-demo"
    assert stat.S_IMODE((folder / "data/secret_key").stat().st_mode) == 0o600
    second = earful("demo", "--once", "--port", "0")
    assert second.returncode == 0
    assert "with the password" not in second.stdout
    assert f"--config {folder.name}/config.toml" in second.stdout
    assert routed[0] in second.stdout
    exported = earful("export", "--config", str(folder / "config.toml"))
    conversations = [json.loads(line) for line in exported.stdout.splitlines()]
    assert len(conversations) == int(routed[2])
    assert sum(len(each["messages"]) for each in conversations) == int(routed[1])


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="needs parent-death signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_demo_serves_and_leaves_nobody(tmp_path: Path, number: signal.Signals) -> None:
    demo, said = _started(tmp_path)
    assert demo.stdout is not None
    address = re.search(r"starting on (http://\S+)", said)
    assert address, said
    with urllib.request.urlopen(f"{address[1]}/healthz", timeout=10) as answer:
        assert answer.status == 200
    for _ in range(2):
        sandbox = re.search(r"Play a customer of .+ on (http://\S+)", demo.stdout.readline())
        assert sandbox
        with urllib.request.urlopen(sandbox[1], timeout=10) as answer:
            assert answer.status == 200
    watched = [os.pidfd_open(pid) for pid in _children(demo.pid)]
    assert len(watched) == 8
    demo.send_signal(number)
    assert demo.wait(15) == (0 if number is signal.SIGINT else -number)
    while watched:
        gone, _, _ = select.select(watched, [], [], 8)
        assert gone, "a child was left behind"
        for each in gone:
            watched.remove(each)
            os.close(each)
    demo.stdout.close()


def test_a_customer_of_a_sandbox_is_answered_from_the_inbox(tmp_path: Path) -> None:
    config = tmp_path / "earful-demo/config.toml"
    config.parent.mkdir()
    config.write_text(f"{demo_config()}\n[inbox]\nundo_seconds = 0\n", encoding="utf-8")
    demo, said = _started(tmp_path)
    assert demo.stdout is not None
    said += demo.stdout.readline() + demo.stdout.readline()
    try:
        _converse(said, config)
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=15)


def _converse(said: str, config: Path) -> None:
    """A customer writes, an agent answers, the customer reads it: all over HTTP."""
    earful, password, platform = (
        _found(pattern, said)
        for pattern in (r"starting on (\S+)", r"password (\S+)", r"of X on (\S+)")
    )
    with (
        httpx.Client(base_url=earful, follow_redirects=True, trust_env=False) as agent,
        httpx.Client(base_url=platform, follow_redirects=True, trust_env=False) as customer,
    ):
        token = _found(r'name="token" value="([^"]+)"', customer.get("/").text)
        words = {"author": "7103", "text": "Do you ship to Norderney?"}
        customer.post("/play/message", data={"token": token, **words})
        email = {"email": "admin@demo.example", "password": password}
        agent.post("/sign-in", data={"csrf_token": _csrf(agent.get("/sign-in").text), **email})
        _until(lambda: "Norderney" in agent.get("/").text)
        row = agent.get("/").text.partition("Norderney")[0].rpartition('data-id="')[2]
        form = agent.get(f"/?c={row.partition(chr(34))[0]}").text.partition('id="composer-form"')[2]
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        reply = {**hidden, "surface": "private", "text": "On the noon ferry.", "then": ""}
        agent.post(f"/conversation/{row.partition(chr(34))[0]}/reply", data=reply)
        _until(lambda: "noon ferry" in customer.get("/").text)
    assert _pushed(config.parent / "data/earful.db", "Norderney")


def _pushed(database: Path, words: str) -> bool:
    """Whether a message came by webhook: what is pushed has a key of its own."""
    with contextlib.closing(sqlite3.connect(database)) as store:
        sql = "SELECT count(*) FROM payload WHERE key != '' AND instr(body, ?)"
        return bool(store.execute(sql, [words.encode()]).fetchone()[0])


def _csrf(page: str) -> str:
    return _found(r'csrf-token" content="([^"]+)"', page)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text[-2000:]
    return found[1]


def _until(holds: Callable[[], bool], seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.1)


def _started(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """A demonstration that is ready, and what it said until then."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "earful", "demo", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        start_new_session=True,
    )
    assert demo.stdout is not None
    said = ""
    for line in demo.stdout:
        said += line
        if "Earful is ready" in line:
            break
    return demo, said


def _children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
