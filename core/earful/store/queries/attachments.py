"""The files with answers: their facts for the pages, their bytes one at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN, fn

from earful.store.database import connection
from earful.store.models import Draft, Reply, ReplyAttachment
from earful.store.queries.reading import dicts, tuples
from earful.store.states import WritingMode
from earful.store.unfinished import ATTACHMENT_KEPT

__all__ = [
    "AttachmentContent",
    "AttachmentLine",
    "attachment_content",
    "attachments_of",
    "due_attachments",
    "facts_of",
    "unsent_attachments",
]

MOST_LISTED = 100
FACTS = tuple(
    getattr(ReplyAttachment, name)
    for name in ("id", "name", "content_type", "size", "width", "height", "alt")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentLine:
    """What is told of a file; `is_kept` while its bytes are here."""

    id: int
    name: str
    content_type: str
    size: int
    width: int
    height: int
    alt: str
    is_kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentContent:
    """A file as it is shown to colleagues."""

    name: str
    content_type: str
    body: bytes


def _line(row: Mapping[str, Any]) -> AttachmentLine:
    facts = {each.name: row[each.name] for each in FACTS}
    return AttachmentLine(**facts, is_kept=row["keep_until"] is not None)


def unsent_attachments(
    agent_id: int, conversation_id: int
) -> Mapping[WritingMode, tuple[AttachmentLine, ...]]:
    """What stands beside somebody's drafts in a conversation."""
    query = (
        ReplyAttachment.select(*FACTS, ReplyAttachment.keep_until, ReplyAttachment.mode)
        .where(
            ReplyAttachment.agent == agent_id,
            ReplyAttachment.conversation == conversation_id,
            ReplyAttachment.reply.is_null(),
        )
        .order_by(ReplyAttachment.id)
        .limit(MOST_LISTED)
    )
    found: dict[WritingMode, tuple[AttachmentLine, ...]] = {}
    with connection():
        for row in dicts(query):
            found[row["mode"]] = (*found.get(row["mode"], ()), _line(row))
    return found


def attachments_of(reply_ids: Collection[int]) -> Mapping[int, tuple[AttachmentLine, ...]]:
    """What went out, or will, with each of these replies."""
    found: dict[int, tuple[AttachmentLine, ...]] = defaultdict(tuple)
    if not reply_ids:
        return found
    query = (
        ReplyAttachment.select(*FACTS, ReplyAttachment.keep_until, ReplyAttachment.reply)
        .where(ReplyAttachment.reply.in_(list(reply_ids)))
        .order_by(ReplyAttachment.id)
    )
    for row in dicts(query):
        found[row["reply"]] = (*found[row["reply"]], _line(row))
    return found


def facts_of(lines: Iterable[AttachmentLine]) -> list[dict[str, Any]]:
    """What an export tells of files: everything but what they show."""
    told = ("name", "content_type", "size", "alt")
    return [{name: facts[name] for name in told} for facts in map(asdict, lines)]


def attachment_content(attachment_id: int, agent_id: int) -> AttachmentContent | None:
    """One file, if this person may see it: all may once it is sent, before that who writes."""
    query = ReplyAttachment.select(
        ReplyAttachment.name, ReplyAttachment.content_type, ReplyAttachment.body
    ).where(
        ReplyAttachment.id == attachment_id,
        ReplyAttachment.keep_until.is_null(False),
        ReplyAttachment.reply.is_null(False) | (ReplyAttachment.agent == agent_id),
    )
    with connection():
        found = tuples(query)
    if not found:
        return None
    name, content_type, body = found[0]
    return AttachmentContent(name=name, content_type=content_type, body=bytes(body))


def due_attachments(now: datetime, limit: int) -> list[tuple[int, int | None, str | None, bool]]:
    """Each file's id, reply, the reply's state, and whether it stands beside a draft."""
    words = fn.EXISTS(
        Draft.select(Draft.id).where(
            ReplyAttachment.reply.is_null(),
            Draft.agent == ReplyAttachment.agent,
            Draft.conversation == ReplyAttachment.conversation,
            Draft.mode == ReplyAttachment.mode,
        )
    )
    query = (
        ReplyAttachment.select(ReplyAttachment.id, ReplyAttachment.reply, Reply.state, words)
        .join(Reply, JOIN.LEFT_OUTER)
        .where(ATTACHMENT_KEPT & (ReplyAttachment.keep_until <= now))
        .order_by(ReplyAttachment.keep_until)
        .limit(limit)
    )
    return tuples(query)
