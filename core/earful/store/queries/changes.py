"""Whether anything changed since somebody last looked: cheap enough to ask every few seconds."""

from __future__ import annotations

from typing import Any

from peewee import fn

from earful.store.database import connection, rows
from earful.store.models import Conversation, Event, Note, Reply, Thread
from earful.store.queries.reading import prepared

__all__ = ["conversation_state", "inbox_state"]


def inbox_state() -> str:
    """A word that changes with every event, message, note and reply; one statement."""
    parts = (
        f"(SELECT max(id) FROM {table})"  # noqa: S608 - the names are ours
        for table in ("event", "message", "note", "reply")
    )
    with connection():
        newest = rows(f"SELECT {', '.join(parts)}")[0]
    return ".".join(str(each or 0) for each in newest)


def conversation_state(conversation_id: int) -> str:
    """A word that changes when this conversation does, its replies' states included."""
    with connection():
        found = _counted(conversation_id)
        replies = _latest_replies(conversation_id)
    if not found:
        return ""
    row = found[0]
    parts = (
        row["message_count"],
        f"{row['last_message_at'].timestamp():.0f}",
        row["status"],
        row["event"] or 0,
        row["note"] or 0,
        row["seen"] or 0,
        "".join(f"{reply['id']}{reply['state']}" for reply in replies),
    )
    return ".".join(map(str, parts))


@prepared
def _counted(conversation_id: int) -> Any:
    last_event = Event.select(fn.MAX(Event.id)).where(Event.conversation == conversation_id)
    last_note = Note.select(fn.MAX(Note.id)).where(Note.conversation == conversation_id)
    seen = Thread.select(fn.MAX(Thread.seen_until)).where(Thread.conversation == conversation_id)
    return Conversation.select(
        Conversation.message_count,
        Conversation.last_message_at,
        Conversation.status,
        last_event.alias("event"),
        last_note.alias("note"),
        seen.alias("seen"),
    ).where(Conversation.id == conversation_id)


@prepared
def _latest_replies(conversation_id: int) -> Any:
    latest = Reply.select(Reply.id, Reply.state).where(Reply.conversation == conversation_id)
    return latest.order_by(Reply.id.desc()).limit(20)
