"""Files beside what somebody writes, until they go out with it.

They belong to one person's draft in one conversation, and nobody else sees them. Not audited, as
drafts are not; the reply that takes them is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from earful.actions.actor import Actor, require
from earful.errors import ActionRefused
from earful.inbox.answering import mode_of, surface_of
from earful.inbox.attaching import (
    LONGEST_ALT,
    Taking,
    check_alt,
    check_fit,
    safe_name,
    taking,
    to_picture,
)
from earful.inbox.text import one_line
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import Agent, Channel, Conversation, Reply, ReplyAttachment
from earful.store.states import Role, WritingMode
from earful.types import ReplyPermission
from earful.wording import gettext, mark, ngettext

__all__ = [
    "MOST_UNSENT",
    "UNSENT_FOR",
    "attach",
    "describe_attachment",
    "move_attachments",
    "put_attachments_back",
    "remove_attachment",
    "take_attachments",
]

UNSENT_FOR = timedelta(days=14)
"""How long a file waits beside a draft without words."""
MOST_UNSENT = 40
"""Files that one person may have waiting, in all conversations together."""
MOST_AT_ONCE, SPAN = 60, timedelta(minutes=10)
"""How many files one person may keep in such a time."""


def attach(
    runtime: Runtime,
    actor: Actor,
    conversation_id: int,
    *,
    mode: WritingMode,
    name: str,
    data: bytes,
    now: datetime,
) -> int:
    """Keep a file beside what is being written. Returns its id.

    What it is, its bytes tell; what else they tell is left out. Raises `ActionRefused` for what
    the channel does not take there.
    """
    agent_id = _agent(actor)
    taken = _taking(runtime, conversation_id, mode)
    if taken.media is None:
        raise ActionRefused(taken.reason)
    picture = to_picture(data, taken)
    with transaction():
        # Held, so that two uploads at once do not both find room for one.
        locked(Agent.select(Agent.id).where(Agent.id == agent_id)).get()
        _refuse_many(agent_id, conversation_id, mode, taken.media.most, now)
        made = ReplyAttachment.create(
            agent=agent_id,
            conversation=conversation_id,
            mode=mode,
            name=safe_name(name, picture.content_type),
            content_type=picture.content_type,
            size=len(picture.data),
            width=picture.width,
            height=picture.height,
            created_at=now,
            keep_until=now + UNSENT_FOR,
            body=picture.data,
        )
    return int(made.id)


def _agent(actor: Actor) -> int:
    require(actor, Role.AGENT)
    if actor.agent_id is None:
        msg = gettext("Only people attach files.")
        raise ActionRefused(msg)
    return actor.agent_id


def _taking(runtime: Runtime, conversation_id: int, mode: WritingMode) -> Taking:
    if mode is WritingMode.NOTE:
        return Taking(None, gettext("A note takes no attachments."))
    name = (
        Conversation.select(Channel.name)
        .join(Channel)
        .where(Conversation.id == conversation_id)
        .scalar()
    )
    if name is None:
        msg = gettext("This conversation does not exist.")
        raise ActionRefused(msg)
    channel = runtime.channels.get(name)
    if channel is None:
        return Taking(
            None, gettext("This channel's plugin is not active: it is off, or not configured.")
        )
    return taking(channel.capabilities, surface_of(mode))


def _refuse_many(
    agent_id: int, conversation_id: int, mode: WritingMode, most: int, now: datetime
) -> None:
    mine = ReplyAttachment.agent == agent_id
    if _beside(agent_id, conversation_id, mode).count() >= most:
        msg = ngettext(
            "Only %(n)s file can be attached here: remove it first.",
            "Only %(n)s files can be attached here: remove one first.",
            most,
        )
        raise ActionRefused(msg)
    unsent = ReplyAttachment.select(ReplyAttachment.id).where(mine, ReplyAttachment.reply.is_null())
    if unsent.limit(MOST_UNSENT).count() >= MOST_UNSENT:
        msg = gettext(
            "%(n)s files of yours wait in drafts: send or remove some of them first.",
            n=MOST_UNSENT,
        )
        raise ActionRefused(msg)
    lately = ReplyAttachment.select(ReplyAttachment.id).where(
        mine, ReplyAttachment.created_at > now - SPAN
    )
    if lately.limit(MOST_AT_ONCE).count() >= MOST_AT_ONCE:
        msg = gettext("Those were many files in a short time: wait some minutes, then go on.")
        raise ActionRefused(msg)


def _beside(agent_id: int, conversation_id: int, mode: WritingMode) -> Any:
    """What stands beside one draft, without the bytes."""
    return (
        ReplyAttachment.select(
            ReplyAttachment.id, ReplyAttachment.content_type, ReplyAttachment.size
        )
        .where(
            (ReplyAttachment.agent == agent_id)
            & (ReplyAttachment.conversation == conversation_id)
            & (ReplyAttachment.mode == mode)
            & ReplyAttachment.reply.is_null()
        )
        .order_by(ReplyAttachment.id)
    )


def _mine(actor: Actor, attachment_id: int) -> Any:
    return (
        (ReplyAttachment.id == attachment_id)
        & (ReplyAttachment.agent == _agent(actor))
        & ReplyAttachment.reply.is_null()
    )


def describe_attachment(
    _runtime: Runtime, actor: Actor, attachment_id: int, alt: str, *, now: datetime
) -> None:
    """Say what a picture shows, for people who cannot see it. Kept as typed, checked at sending."""
    mine = _mine(actor, attachment_id)
    with transaction():
        kept = ReplyAttachment.update(
            alt=one_line(alt, LONGEST_ALT), keep_until=now + UNSENT_FOR
        ).where(mine)
        if not kept.execute():
            raise ActionRefused(gettext(_GONE))


def remove_attachment(
    _runtime: Runtime,
    actor: Actor,
    attachment_id: int,
    *,
    now: datetime,  # noqa: ARG001
) -> None:
    """Take a file away again; once more does nothing."""
    mine = _mine(actor, attachment_id)
    with transaction():
        ReplyAttachment.delete().where(mine).execute()


def move_attachments(
    _runtime: Runtime,
    actor: Actor,
    conversation_id: int,
    *,
    mode: WritingMode,
    to: WritingMode,
    now: datetime,
) -> None:
    """An answer changed its audience, and its files with it. What cannot go there is told later."""
    agent_id = _agent(actor)
    if WritingMode.NOTE in (mode, to):
        msg = gettext("A note takes no attachments.")
        raise ActionRefused(msg)
    with transaction():
        ids = [row.id for row in _beside(agent_id, conversation_id, mode)]
        (
            ReplyAttachment.update(mode=to, keep_until=now + UNSENT_FOR)
            .where(ReplyAttachment.id.in_(ids), ReplyAttachment.reply.is_null())
            .execute()
        )


_GONE = mark(
    "A file that was attached is no longer here: look at the attachments, then send again."
)


def take_attachments(
    runtime: Runtime,
    reply: Reply,
    wanted: Mapping[int, str],
    may: ReplyPermission,
    *,
    now: datetime,
) -> None:
    """These files, described so, go out with this reply. Inside the caller's transaction."""
    if not wanted:
        return
    rows = _beside(reply.agent_id, reply.conversation_id, mode_of(reply.surface)).where(
        ReplyAttachment.id.in_(list(wanted))
    )
    found = list(locked(rows))
    if len(found) != len(wanted):
        raise ActionRefused(gettext(_GONE))
    channel = runtime.channels[reply.channel.name]
    taken = taking(channel.capabilities, reply.surface, may.media)
    _check_all(found, taken)
    keep = max(reply.due_at, now) + timedelta(days=runtime.config.retention.attachment_days)
    for row in found:
        ReplyAttachment.update(
            reply=reply.id, alt=check_alt(wanted[row.id], taken), keep_until=keep
        ).where(ReplyAttachment.id == row.id).execute()


def _check_all(rows: Sequence[ReplyAttachment], taken: Taking) -> None:
    for row in rows:
        check_fit(row.content_type, row.size, taken)
    most = taken.media.most if taken.media else 0
    if len(rows) > most:
        msg = ngettext(
            "Only %(n)s file can be sent here: remove the others.",
            "Only %(n)s files can be sent here: remove the others.",
            most,
        )
        raise ActionRefused(msg)


def put_attachments_back(actor: Actor, reply: Reply, mode: WritingMode, now: datetime) -> None:
    """What did not go out after all stands beside the draft. Inside the caller's transaction."""
    if actor.agent_id is None:
        return
    (
        ReplyAttachment.update(
            agent=actor.agent_id, mode=mode, reply=None, keep_until=now + UNSENT_FOR
        )
        .where(ReplyAttachment.reply == reply.id, ~ReplyAttachment.keep_until.is_null())
        .execute()
    )
