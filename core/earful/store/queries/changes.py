"""Whether anything changed since somebody last looked: cheap enough to ask every few seconds."""

from __future__ import annotations

from peewee import fn

from earful.store.database import connection, rows
from earful.store.models import Conversation, Event, Note, Reply
from earful.store.queries.reading import tuples

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
    last_event = Event.select(fn.MAX(Event.id)).where(Event.conversation == conversation_id)
    last_note = Note.select(fn.MAX(Note.id)).where(Note.conversation == conversation_id)
    with connection():
        found = tuples(
            Conversation.select(
                Conversation.message_count,
                Conversation.last_message_at,
                Conversation.status,
                last_event,
                last_note,
            ).where(Conversation.id == conversation_id)
        )
        replies = tuples(
            Reply.select(Reply.id, Reply.state)
            .where(Reply.conversation == conversation_id)
            .order_by(Reply.id.desc())
            .limit(20)
        )
        states = "".join(f"{key}{state}" for key, state in replies)
    if not found:
        return ""
    count, at, status, event, note = found[0]
    return f"{count}.{at.timestamp():.0f}.{status}.{event or 0}.{note or 0}.{states}"
