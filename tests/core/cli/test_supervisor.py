from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("family.py")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs parent-death signals")


class Family:
    """A supervisor and its children, watched from outside."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder), *words],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.watched: list[int] = []

    def line(self, containing: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if containing in line:
                return line.strip()
        raise AssertionError(f"never said {containing!r}")

    def child(self) -> tuple[str, int]:
        """The name and the id of the next child that says it lives."""
        name, _, said = self.line("pid ").partition("|")
        pid = int(said.split()[-1])
        self.watched.append(os.pidfd_open(pid))
        return name.strip(), pid

    def stop(self, number: signal.Signals) -> float:
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - began

    def all_gone(self, within: float) -> bool:
        deadline, waiting = time.monotonic() + within, list(self.watched)
        while waiting and time.monotonic() < deadline:
            gone, _, _ = select.select(waiting, [], [], deadline - time.monotonic())
            waiting = [each for each in waiting if each not in gone]
        return not waiting


@contextmanager
def family(folder: Path, *words: str) -> Iterator[Family]:
    running = Family(folder, *words)
    try:
        yield running
    finally:
        for watched in running.watched:
            os.close(watched)
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()
        assert running.process.stdout is not None
        running.process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all(tmp_path: Path, number: signal.Signals) -> None:
    with family(tmp_path, "server") as running:
        assert {running.child()[0] for _ in range(3)} == {"first", "second", "server"}
        assert running.stop(number) < 4
        assert running.process.returncode == 0
        assert running.all_gone(0.1)


def test_ctrl_c_in_a_terminal_stops_all(tmp_path: Path) -> None:
    with family(tmp_path, "server") as running:
        for _ in range(3):
            running.child()
        os.killpg(running.process.pid, signal.SIGINT)
        assert running.process.wait(10) == 0
        assert running.all_gone(0.1)


@pytest.mark.faults
@linux_only
def test_a_killed_supervisor_leaves_nobody(tmp_path: Path) -> None:
    with family(tmp_path, "server") as running:
        for _ in range(3):
            running.child()
        running.stop(signal.SIGKILL)
        assert running.all_gone(5)


@pytest.mark.faults
def test_a_dead_child_is_started_again(tmp_path: Path) -> None:
    with family(tmp_path) as running:
        children = dict(running.child() for _ in range(2))
        os.kill(children["second"], signal.SIGKILL)
        assert "second ended (signal SIGKILL)" in running.line("ended")
        name, pid = running.child()
        assert name == "second"
        assert pid != children["second"]
        running.stop(signal.SIGTERM)


@pytest.mark.faults
def test_a_dead_server_is_started_again(tmp_path: Path) -> None:
    with family(tmp_path, "server") as running:
        children = dict(running.child() for _ in range(3))
        os.kill(children["server"], signal.SIGKILL)
        running.line("started again")
        name, pid = running.child()
        assert name == "server"
        assert pid != children["server"]
        running.stop(signal.SIGTERM)
        assert running.all_gone(0.1)


@pytest.mark.faults
def test_a_child_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    with family(tmp_path, "stubborn") as running:
        for _ in range(2):
            running.child()
        assert 4 < running.stop(signal.SIGTERM) < 8
        assert running.all_gone(0.1)


def test_a_refused_configuration_stops_all(tmp_path: Path) -> None:
    with family(tmp_path, "mistaken") as running:
        assert running.line("third") == "third  | config.toml: wrong"
        assert running.line("stopped") == "stopped refused=True"


def test_what_can_wait_is_started_once_the_others_are_ready(tmp_path: Path) -> None:
    with family(tmp_path, "later") as running:
        running.line("ready")
        assert "later" in dict(running.child() for _ in range(3))
        running.stop(signal.SIGTERM)
        assert running.all_gone(0.1)


def test_it_ends_when_it_is_done(tmp_path: Path) -> None:
    with family(tmp_path, "once") as running:
        running.line("ready")
        assert running.line("stopped") == "stopped refused=False"
        assert running.process.wait(10) == 0
