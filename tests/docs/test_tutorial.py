"""The tutorial's plugin is shown as it stands, is installed, and reads a board for real."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.demo_plugin import install as installer

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial"
PAGE = TUTORIAL / "tests" / "fixtures" / "page.json"
PATIENCE = 60.0
Run = Callable[..., subprocess.CompletedProcess[str]]


def shown() -> list[tuple[str, str, str]]:
    """Each passage of the tutorial that shows part of a file: its path, its mark, its text."""
    text = (ROOT / "docs" / "tutorial.md").read_text()
    found = re.findall(r"<!-- from: (\S+?)(?: (\S+))? -->\n```\w*\n(.*?)```\n", text, re.DOTALL)
    return [(path, mark, body) for path, mark, body in found]


def part_of(path: str, mark: str) -> str:
    text = (TUTORIAL / path).read_text()
    if not mark:
        return text
    found = re.search(rf"# Shown as {mark}\n(.*?)\n+# End of {mark}\n", text, re.DOTALL)
    assert found, f"{path} has no part named {mark}"
    return f"{found[1]}\n"


@pytest.mark.parametrize(("path", "mark", "body"), shown(), ids=lambda each: str(each)[:20])
def test_the_tutorial_shows_the_files_as_they_are(path: str, mark: str, body: str) -> None:
    assert body == part_of(path, mark)


def test_the_tutorial_leaves_no_part_out() -> None:
    marks = set()
    for path in TUTORIAL.rglob("*.py"):
        name = str(path.relative_to(TUTORIAL))
        marks |= {(name, mark) for mark in re.findall(r"# Shown as (\S+)", path.read_text())}
    whole = {(name, "") for name in ("config.toml", "pyproject.toml")}
    assert {(path, mark) for path, mark, _ in shown()} >= marks | whole


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(installer, "HERE", TUTORIAL)
    return installer.install(tmp_path / "site")


@pytest.fixture
def run(site: Path, tmp_path: Path) -> Run:
    """Runs Python with the plugin installed, in a folder of its own."""

    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *arguments],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env=environment(site),
            timeout=PATIENCE,
            check=False,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    return run


def environment(site: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}


def test_its_own_tests_pass(run: Run) -> None:
    done = run("-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider",
               "--rootdir", str(TUTORIAL), str(TUTORIAL / "tests"))  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_installed_plugin_is_listed_and_reads_its_fixture(run: Run) -> None:
    (line,) = [
        line for line in run("-m", "earful", "plugins").stdout.splitlines() if "board" in line
    ]
    assert line.split() == ["board", "1.0.0", "active", "channel", "board"]
    read = run("-m", "earful", "parse", "--type", "board", stdin=PAGE.read_bytes())
    assert [json.loads(line)["external_id"] for line in read.stdout.splitlines()] == [
        "q-1",
        "q-2",
        "q-3",
    ]
    refused = run("-m", "earful", "parse", "--type", "board", stdin=b"<html>")
    assert refused.returncode == 1
    assert "no page of a question board" in refused.stderr


@pytest.fixture
def board() -> Iterator[str]:
    """The address of a board that shows the fixture."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = PAGE.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/posts.json"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_channel_works_in_a_running_installation(
    run: Run, site: Path, board: str, tmp_path: Path
) -> None:
    configuration = (TUTORIAL / "config.toml").read_text()
    configuration = re.sub(r'url = ".*"', f'url = "{board}"', configuration)
    (tmp_path / "config.toml").write_text(f"{configuration}allow_private_addresses = true\n")
    assert run("-m", "earful", "migrate").returncode == 0
    checked = run("-m", "earful", "check")
    assert checked.returncode == 0, checked.stderr
    assert "ok     channel questions: 3 posts are shown" in checked.stdout

    with (tmp_path / "up.log").open("wb") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "earful", "up", "--port", "0"],
            cwd=tmp_path,
            env=environment(site),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while routed(tmp_path / "data" / "earful.db") < 3:
            assert up.poll() is None, (tmp_path / "up.log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "up.log").read_text()
            time.sleep(0.2)
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(PATIENCE)
    assert texts(run) == [
        "Are you open on Sundays?",
        "I would like to know, too.",
        "Where can I leave my bicycle? 🚲",
    ]


def routed(file: Path) -> int:
    """How many messages have come through; asking the file is quicker than asking a command."""
    with closing(sqlite3.connect(file, timeout=PATIENCE)) as database:
        (count,) = database.execute("SELECT count(*) FROM message WHERE stage = 'done'").fetchone()
    return int(count)


def texts(run: Run) -> list[str]:
    exported = run("-m", "earful", "export")
    assert exported.returncode == 0, exported.stderr
    conversations = [json.loads(line) for line in exported.stdout.splitlines()]
    assert all(conversation["queue"] for conversation in conversations)
    messages = [each for conversation in conversations for each in conversation["messages"]]
    return sorted(message["text"] for message in messages)
