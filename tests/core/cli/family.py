"""A supervisor with children that only note that they live, run as a process by the tests.

Arguments: a folder for notes, then the words the tests use.
"""

from __future__ import annotations

import sys
from pathlib import Path

from earful.cli.supervisor import Child, Supervisor
from earful.job_queue import EmbeddedServer

FOLDER, WORDS = Path(sys.argv[1]), sys.argv[2:]

STEADY = """
import os, signal, sys, time
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("pid", os.getpid(), flush=True)
time.sleep(60)
"""
MISTAKEN = "import sys; print('config.toml: wrong', flush=True); sys.exit(2)"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


children = [
    Child("first", [sys.executable, "-c", STEADY, *WORDS]),
    Child("second", [sys.executable, "-c", STEADY]),
]
if "mistaken" in WORDS:
    children.append(Child("third", [sys.executable, "-c", MISTAKEN]))
server = EmbeddedServer(FOLDER) if "server" in WORDS else None
supervisor = Supervisor(
    children,
    later=[Child("later", [sys.executable, "-c", STEADY])] if "later" in WORDS else (),
    server=server,
    ready=(lambda: True) if {"once", "later"} & set(WORDS) else None,
    on_ready=lambda: say("ready"),
    until=(lambda: True) if "once" in WORDS else None,
    write=say,
)
if server is not None:
    # Told before the children are, so that a test knows it first.
    original = server.start

    def start() -> None:
        original()
        say(f"server | pid {server.process.pid}")

    server.start = start  # type: ignore[method-assign]
supervisor.run()
say(f"stopped refused={supervisor.refused}")
