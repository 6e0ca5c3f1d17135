"""The small values that several pages show: a colleague, a queue, a channel."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AgentName",
    "ChannelName",
    "QueueName",
    "agent_name",
    "initials_of",
    "queue_name",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentName:
    """A colleague, as far as a line of text needs to know them."""

    id: int
    name: str
    initials: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueName:
    """A queue's name and colour."""

    id: int
    name: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelName:
    """A channel as people see it; `kind` finds its badge."""

    id: int
    name: str
    kind: str
    title: str


def initials_of(name: str) -> str:
    """One or two letters that stand for a name: of its first and last word."""
    parts = [part for part in name.replace("@", " ").split() if part[0].isalnum()]
    letters = parts[:1] + parts[1:][-1:]
    return "".join(part[0] for part in letters).upper() or "?"


def agent_name(key: int | None, name: str | None, initials: str | None) -> AgentName | None:
    """A colleague from three joined columns; None where nobody was joined."""
    if key is None or name is None:
        return None
    return AgentName(id=key, name=name, initials=initials or initials_of(name))


def queue_name(key: int | None, name: str | None, colour: str | None) -> QueueName | None:
    """A queue from three joined columns; None where none was joined."""
    if key is None or name is None:
        return None
    return QueueName(id=key, name=name, colour=colour or "blue")
