"""The process that serves all sandboxes of the demonstration, which alone starts it.

They share a process because most of what each needs to start is the same. It is told triples of a
kind of channel, a port and the address to push to.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence

import click

from earful.cli.logs import set_up_logs
from earful.cli.sandbox import sandbox_named
from earful.sandbox import Behaviour, Sandbox, serve

__all__ = ["main"]


def main(words: Sequence[str]) -> None:
    """Serve every sandbox until the process is told to stop."""
    set_up_logs()
    triples = zip(words[::3], words[1::3], words[2::3], strict=True)
    wanted = [(sandbox_named(kind), int(port), webhook) for kind, port, webhook in triples]
    *others, last = wanted
    for each in others:
        threading.Thread(target=_serve, args=each, daemon=True).start()
    # Signals reach the main thread alone.
    _serve(*last)


def _serve(sandbox: Sandbox, port: int, webhook: str) -> None:
    def ready(address: str) -> None:
        click.echo(f"The sandbox of {sandbox.title} is ready on {address}.")

    try:
        serve(sandbox, port=port, behaviour=Behaviour(webhook=webhook), on_ready=ready)
    except Exception as error:  # noqa: BLE001 - whatever it is, the supervisor starts all anew
        click.echo(f"The sandbox of {sandbox.title} has failed: {error}")
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
