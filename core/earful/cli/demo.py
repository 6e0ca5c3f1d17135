"""`earful demo`: an installation with example content, made by the installed plugins themselves."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earful.cli.demo_config import demo_config
from earful.cli.demo_house import furnish
from earful.cli.demo_sandboxes import DemoSandbox, child_for, connect_sandboxes, sandboxes
from earful.cli.options import load_config
from earful.cli.start import listening_on, supervise

if TYPE_CHECKING:
    from earful.config import Config
    from earful.runtime import Runtime

__all__ = ["demo"]

_ADMIN = "admin@demo.example"
_LONGEST_WAIT = 180.0


@click.command()
@click.option(
    "--data",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("earful-demo"),
    show_default=True,
    help="Where the demonstration keeps its files; remove it to start afresh.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="Listen on this port instead of 8080.")
@click.option("--once", is_flag=True, help="Stop when the example content is routed.")
def demo(folder: Path, port: int | None, *, once: bool) -> None:
    """Show Earful with example content, in a folder of its own."""
    from earful.store import close

    path = folder / "config.toml"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(demo_config(), encoding="utf-8")
    config = listening_on(load_config(path), port)
    runtime = _opened(config)
    password = _first_password(runtime)
    if password:
        click.echo(f"Sign in as {_ADMIN} with the password {password}")
    else:
        again = f"earful user password {_ADMIN} --config {path}"
        click.echo(f"Sign in as {_ADMIN}; a forgotten password is given anew by: {again}")
    platforms = sandboxes(runtime)
    connect_sandboxes(runtime, platforms, now=datetime.now(UTC))
    content = _Content(runtime, platforms)
    close()
    supervisor = supervise(
        config,
        beside=child_for(platforms, config.server.public_url),
        also_ready=lambda: all(each.answers() for each in platforms),
        pages_first=True,
        on_ready=content.feed,
        until=content.is_routed if once else None,
    )
    supervisor.run()
    sys.exit(_end(content, refused=supervisor.refused, once=once))


def _opened(config: Config) -> Runtime:
    from earful.actions import sync_channels
    from earful.runtime import Runtime
    from earful.store import migrate

    runtime = Runtime.open(config)
    migrate()
    sync_channels(runtime, now=datetime.now(UTC))
    return runtime


def _first_password(runtime: Runtime) -> str:
    """Make the admin and the house at the first start; "" afterwards."""
    from earful.actions import SYSTEM, add_agent
    from earful.cli.people import agent_id
    from earful.store.states import Role

    if agent_id(_ADMIN) is not None:
        return ""
    password = secrets.token_urlsafe(12)
    add_agent(
        runtime,
        SYSTEM,
        email=_ADMIN,
        name="Demo Admin",
        role=Role.ADMIN,
        password=password,
        now=datetime.now(UTC),
    )
    furnish(runtime, now=datetime.now(UTC))
    return password


class _Content:
    """The example content: fed once, through the same doors as everybody's."""

    def __init__(self, runtime: Runtime, platforms: Sequence[DemoSandbox]) -> None:
        from earful.store.export import conversation_count

        self.runtime = runtime
        self.platforms = platforms
        """Whence some channels' content comes."""
        self.is_new = conversation_count() == 0
        self.began = datetime.now(UTC)
        self.give_up_at = float("inf")
        self.finished = False

    def feed(self) -> None:
        """Hand the plugins' example payloads in, unless an earlier start did."""
        from earful.actions import accept_webhook
        from earful.store import close

        click.echo("Earful is ready.")
        for each in self.platforms:
            click.echo(f"Play a customer of {each.title} on {each.address}")
        self.give_up_at = time.monotonic() + _LONGEST_WAIT
        if self.is_new:
            for channel in self.runtime.channels.values():
                if channel.name in self._read_from_sandboxes():
                    continue
                payloads = list(channel.type.demo()) if channel.type.demo else []
                accept_webhook(self.runtime, channel.name, payloads, now=datetime.now(UTC))
        close()

    def _read_from_sandboxes(self) -> set[str]:
        return {each.channel for each in self.platforms}

    def is_routed(self) -> bool:
        """Whether everything was read and nothing waits any more, or it takes too long."""
        from earful.store.queries.channels import channels
        from earful.store.queries.system import unfinished

        unread = [
            each
            for each in channels()
            if each.name in self._read_from_sandboxes()
            and (each.last_success_at is None or each.last_success_at < self.began)
        ]
        work = unfinished()
        self.finished = not unread and not work.payloads and not work.messages
        return self.finished or time.monotonic() > self.give_up_at


def _end(content: _Content, *, refused: bool, once: bool) -> int:
    from earful.cli.supervisor import REFUSED

    if refused:
        return REFUSED
    if not once:
        click.echo("The demonstration has stopped; the next start finds its data again.")
        return 0
    if not content.finished:
        click.echo("The example content was not routed; what went wrong is told above.", err=True)
        return 1
    _summarize(click.echo)
    return 0


def _summarize(write: Callable[[str], None]) -> None:
    from earful.store import connection
    from earful.store.models import Conversation, Message, Queue

    with connection():
        messages = Message.select().count()
        total = Conversation.select().count()
        queues = list(Queue.select().order_by(Queue.position, Queue.name))
        held = {
            queue.name: Conversation.select().where(Conversation.queue == queue.id).count()
            for queue in queues
        }
    write(f"{messages} messages in {total} conversations are routed:")
    for name, count in held.items():
        write(f"  {name}: {count}")
