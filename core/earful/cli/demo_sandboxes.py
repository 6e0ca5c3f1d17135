"""The platforms of the demonstration: a sandbox beside Earful for each plugin that brings one.

Sandboxes forget everything when they stop, so their channels are connected anew at each start.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from earful.cli.sandbox import sandbox_of
from earful.cli.supervisor import Child
from earful.errors import ConfigError

if TYPE_CHECKING:
    from earful.runtime import Runtime

__all__ = [
    "DemoSandbox",
    "channel_name",
    "child_for",
    "connect_sandboxes",
    "free_port",
    "sandboxes",
]

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSandbox:
    """A sandbox that a channel of the demonstration talks to."""

    channel: str
    kind: str
    title: str
    port: int
    credentials: Mapping[str, str]

    @property
    def address(self) -> str:
        return f"http://{_HOST}:{self.port}"

    def answers(self) -> bool:
        """Whether it can be reached."""
        try:
            with socket.create_connection((_HOST, self.port), timeout=0.2):
                return True
        except OSError:
            return False


def child_for(found: Sequence[DemoSandbox], public_url: str) -> list[Child]:
    """The one process that serves them all, pushing to the demonstration's web process."""
    words = [
        word
        for each in found
        for word in (each.kind, str(each.port), f"{public_url}/webhooks/{each.channel}")
    ]
    command = [sys.executable, "-m", "earful.cli.demo_platforms", *words]
    return [Child("sandboxes", command)] if found else []


def channel_name(title: str, kind: str) -> str:
    """What the demonstration calls the channel of a sandbox: `x` for X."""
    name = title.casefold()
    return name if name.isascii() and name.isalnum() else kind


def free_port(wanted: int) -> int:
    """The port, if nobody listens there, else a free one."""
    try:
        socket.create_server((_HOST, wanted)).close()
    except OSError:
        with socket.create_server((_HOST, 0)) as listener:
            found: int = listener.getsockname()[1]
            return found
    return wanted


def sandboxes(runtime: Runtime) -> list[DemoSandbox]:
    """Those that the configured channels talk to. Raises `ConfigError` for a port that is taken."""
    found = []
    for channel in runtime.channels.values():
        port = _port(channel.settings)
        made = sandbox_of(channel.type) if port else None
        if made is None or port is None:
            continue
        _refuse_taken(runtime, channel.name, port)
        found.append(
            DemoSandbox(
                channel=channel.name,
                kind=channel.type.kind,
                title=made.title,
                port=port,
                credentials=made.credentials(),
            )
        )
    return found


def _port(settings: Any) -> int | None:
    parts = urlsplit(str(getattr(settings, "base_url", "")))
    return parts.port if parts.hostname == _HOST else None


def _refuse_taken(runtime: Runtime, channel: str, port: int) -> None:
    try:
        socket.create_server((_HOST, port)).close()
    except OSError as error:
        raise ConfigError(
            f"{runtime.config.file_name}: channels.{channel}.base_url: the sandbox cannot listen "
            f"on port {port} ({error.strerror}); write another port there"
        ) from None


def connect_sandboxes(runtime: Runtime, found: Sequence[DemoSandbox], *, now: datetime) -> None:
    """Connect each channel as if somebody had signed in on the freshly started sandbox."""
    from earful.actions import SYSTEM, resume_channel
    from earful.store import connection
    from earful.store.credentials import connect
    from earful.store.models import Channel
    from earful.store.states import ChannelState, Health

    for each in found:
        with connection():
            row = Channel.get(Channel.name == each.channel)
            if each.credentials:
                title = f"the sandbox of {each.title}"
                connect(row.id, each.credentials, runtime.vault, account_name=title, now=now)
            waits = row.state is ChannelState.PAUSED and row.health is Health.AUTH_REQUIRED
            if waits:
                resume_channel(runtime, SYSTEM, row.id, now=now)
            else:
                Channel.update(next_poll_at=now).where(Channel.id == row.id).execute()
