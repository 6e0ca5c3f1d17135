"""Earful as its operator runs it: a configuration file, and `earful up` with all its processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.peers.blog import Blog, User, free_port

Found = TypeVar("Found")


def eventually(
    look: Callable[[], Found], what: str, seconds: float = 60, told: Callable[[], str] = str
) -> Found:
    """What `look` finds, as soon as it finds anything."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"{what} did not happen in {seconds} s. {told()}"
        time.sleep(0.1)
    return found


def write_config(
    folder: Path,
    blog: Blog,
    *,
    database: str,
    user: User | None = None,
    undo_seconds: int = 10,
    poll_every_seconds: int = 60,
    **settings: object,
) -> Path:
    """A configuration with one channel, `blog`; settings are those of its plugin."""
    channel = {
        "type": "forums",
        "title": "Larkfield Bikes",
        "poll_every_seconds": poll_every_seconds,
        "url": blog.url + "/",
        "allow_private_addresses": True,
        **({"username": user.name, "application_password": user.password} if user else {}),
        **settings,
    }
    file = folder / "config.toml"
    file.write_text(
        f'data_dir = "data"\n[server]\nport = {free_port()}\n'
        f'[store]\nurl = "{database}"\n[inbox]\nundo_seconds = {undo_seconds}\n'
        "[channels.blog]\n"
        + "".join(f"{name} = {json.dumps(value)}\n" for name, value in channel.items()),
        encoding="utf-8",
    )
    return file


def earful(file: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of Earful's to its end."""
    return subprocess.run(
        [sys.executable, "-m", "earful", *arguments, "--config", str(file)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


class House:
    """One installation with all its processes."""

    PASSWORD = "a correct horse battery"
    EMAIL = "wren@larkfield.example"

    def __init__(self, file: Path) -> None:
        self.file = file
        self.log = file.with_name("up.log")
        self.address = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        added = earful(
            self.file, "user", "add", self.EMAIL, "--name", "Wren Alder", "--role", "lead",
            stdin=self.PASSWORD + "\n",
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "earful", "up", "--config", str(self.file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        eventually(lambda: "Earful is ready." in self.told(), "the start", told=self.told)
        self.address = self.told().partition("starting on ")[2].partition(" ")[0]

    def told(self) -> str:
        """All that its processes have said."""
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise

    def sending_worker(self) -> int:
        """The process id of the worker that sends."""
        assert self._process is not None
        own = self._process.pid
        children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        (found,) = (
            int(child)
            for child in children
            if b"send" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        )
        return found
