from __future__ import annotations

import json
import os
import re
import select
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

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
    assert routed[0] in second.stdout
    exported = earful("export", "--config", str(folder / "config.toml"))
    conversations = [json.loads(line) for line in exported.stdout.splitlines()]
    assert len(conversations) == int(routed[2])
    assert sum(len(each["messages"]) for each in conversations) == int(routed[1])


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="needs parent-death signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_demo_serves_and_leaves_nobody(tmp_path: Path, number: signal.Signals) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "earful", "demo", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
    )
    assert demo.stdout is not None
    said = ""
    for line in demo.stdout:
        said += line
        if "Earful is ready" in line:
            break
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
    assert len(watched) == 7
    demo.send_signal(number)
    assert demo.wait(15) == (0 if number is signal.SIGINT else -number)
    while watched:
        gone, _, _ = select.select(watched, [], [], 8)
        assert gone, "a child was left behind"
        for each in gone:
            watched.remove(each)
            os.close(each)
    demo.stdout.close()


def _children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
