"""Keeps the processes of one installation running, and leaves none behind when it ends.

Starts the embedded server and the given children, forwards their output, starts again what dies,
and stops all of them together. It knows nothing of what the children do.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType

from earful.job_queue.embedded import EmbeddedServer
from earful.job_queue.processes import tied_to

__all__ = ["REFUSED", "Child", "Supervisor"]

REFUSED = 2
"""The exit code of a child whose arguments or configuration are mistaken."""

_STOP_SECONDS = 5.0
_ASK_SECONDS = 0.1
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
# A child that lived this long had started well: its next failure is a new one.
_STEADY_SECONDS = 30.0


@dataclass
class Child:
    """One process: its name in the output, and what runs it."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause: float = _FIRST_PAUSE
    rest: bytes = field(default=b"", repr=False)


class Supervisor:
    """Runs children until it is told to stop, or until `until` says so.

    `ready` is asked several times a second until it agrees; then those of `later` are started and
    `on_ready` is called, once.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        later: Sequence[Child] = (),
        server: EmbeddedServer | None = None,
        ready: Callable[[], bool] | None = None,
        on_ready: Callable[[], None] | None = None,
        until: Callable[[], bool] | None = None,
        write: Callable[[str], None] = print,
    ) -> None:
        self.children = list(children)
        self.later = list(later)
        self.server = server
        self.ready = ready
        self.on_ready = on_ready
        self.until = until
        self.write = write
        self.stopping = False
        self.refused = False
        """Whether a child refused its configuration, which no new start would change."""
        self._selector = selectors.DefaultSelector()
        self._width = max((len(child.name) for child in [*children, *later]), default=0)

    def run(self) -> None:
        """Start everything, watch it, and stop everything, whatever happens in between."""
        with self._signals():
            try:
                if self.server is not None:
                    self.server.start()
                while not self.stopping:
                    self._start_what_is_due()
                    self._forward(self._patience())
                    self._notice_deaths()
                    self._ask()
            finally:
                self._stop_children()
                if self.server is not None:
                    self.server.stop()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals wake the loop up through a socket, so that none is missed and none is late."""
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        theirs.settimeout(0)
        self._selector.register(ours, selectors.EVENT_READ)
        previous_fd = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        previous = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(previous_fd)
            self._selector.close()
            ours.close()
            theirs.close()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self.stopping = True

    def _ask(self) -> None:
        if self.ready is not None and self.ready():
            self.ready = None
            self.children += self.later
            self._start_what_is_due()
            if self.on_ready is not None:
                self.on_ready()
        if self.ready is None and self.until is not None and self.until():
            self.stopping = True

    def _start_what_is_due(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is None and child.start_at <= now:
                self._start(child, now)

    def _start(self, child: Child, now: float) -> None:
        child.started_at = now
        child.process = subprocess.Popen(  # noqa: S603
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            preexec_fn=tied_to(os.getpid(), signal.SIGTERM),  # noqa: PLW1509
        )
        if child.process.stdout is not None:
            os.set_blocking(child.process.stdout.fileno(), False)
            self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _patience(self) -> float | None:
        """For how long nothing needs to be done unless something happens."""
        now = time.monotonic()
        waits = [max(0.0, c.start_at - now) for c in self.children if c.process is None]
        if self.ready is not None or self.until is not None:
            waits.append(_ASK_SECONDS)
        return min(waits, default=None)

    def _forward(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            if isinstance(key.data, Child):
                self._forward_output(key.data)
            elif isinstance(key.fileobj, socket.socket):
                with contextlib.suppress(BlockingIOError):
                    key.fileobj.recv(4096)

    def _forward_output(self, child: Child) -> bool:
        """Pass on what a child has said; False if there is no more of it now."""
        stream = child.process.stdout if child.process else None
        if stream is None or stream.closed:
            return False
        try:
            data = os.read(stream.fileno(), 65536)
        except BlockingIOError:
            return False
        if not data:
            self._close_output(child)
            return False
        *lines, child.rest = (child.rest + data).split(b"\n")
        for line in lines:
            self._say(child, line)
        return True

    def _close_output(self, child: Child) -> None:
        stream = child.process.stdout if child.process else None
        if stream is not None and not stream.closed:
            self._selector.unregister(stream)
            stream.close()
        if child.rest:
            self._say(child, child.rest)
            child.rest = b""

    def _say(self, child: Child, line: bytes) -> None:
        self.write(f"{child.name:<{self._width}} | {line.decode(errors='replace')}")

    def _notice_deaths(self) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child)
        if self.server is not None and not self.server.running and not self.stopping:
            self.write("The embedded job queue server died and is started again.")
            self.server.start()

    def _bury(self, child: Child) -> None:
        """Pass on its last words, and say when it is started again."""
        if child.process is None:
            return
        while self._forward_output(child):
            pass
        # A grandchild may hold the pipe open; nobody waits for it.
        self._close_output(child)
        code, now = child.process.returncode, time.monotonic()
        child.process = None
        if self.stopping:
            return
        if code == REFUSED:
            self.stopping = self.refused = True
            return
        if now - child.started_at > _STEADY_SECONDS:
            child.pause = _FIRST_PAUSE
        child.start_at, child.pause = now + child.pause, min(child.pause * 2, _LONGEST_PAUSE)
        self.write(
            f"{child.name} ended ({_told(code)}) and is started again "
            f"in {child.start_at - now:.1f} seconds."
        )

    def _stop_children(self) -> None:
        self.stopping = True
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while self._living() and time.monotonic() < deadline:
            self._forward(deadline - time.monotonic())
            self._notice_deaths()
        self._signal_all(signal.SIGKILL)
        for child in self.children:
            if child.process is not None:
                child.process.wait()
                self._bury(child)

    def _living(self) -> list[Child]:
        return [child for child in self.children if child.process is not None]

    def _signal_all(self, number: signal.Signals) -> None:
        for child in self._living():
            if child.process is not None:
                child.process.send_signal(number)


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


def _told(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
