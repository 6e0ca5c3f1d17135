"""What people do to a message on its platform beside answering it: like, hide, take it back.

Each becomes a row that a worker carries out; what came of it is told on the timeline.
"""

from __future__ import annotations

from datetime import datetime

from earful.actions.actor import Actor, audit, require
from earful.errors import ActionRefused
from earful.inbox.text import clean
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import Channel, Conversation, Message, PlatformAction
from earful.store.states import Direction, PlatformActionState, Role
from earful.types import ActionKind, Capability, RemovalKind
from earful.wording import gettext as _
from earful.wording import mark

__all__ = ["WHO_MAY", "hide_message", "like_message", "unhide_message", "unlike_message"]

WHO_MAY = {ActionKind.LIKE: Role.AGENT, ActionKind.HIDE: Role.LEAD}
"""Hiding somebody's words is not for everybody."""
LONGEST_REASON = 500
_STANDS = {
    (ActionKind.LIKE, False): mark("This message is already liked."),
    (ActionKind.LIKE, True): mark("This message is not liked."),
    (ActionKind.HIDE, False): mark("This message is already hidden."),
    (ActionKind.HIDE, True): mark("This message is not hidden."),
}


def like_message(runtime: Runtime, actor: Actor, message_id: int, *, now: datetime) -> int:
    """Like a message in the account's name. Returns the id of what will be done."""
    return _queue(runtime, actor, message_id, ActionKind.LIKE, undo=False, now=now)


def unlike_message(runtime: Runtime, actor: Actor, message_id: int, *, now: datetime) -> int:
    """Take a like back."""
    return _queue(runtime, actor, message_id, ActionKind.LIKE, undo=True, now=now)


def hide_message(
    runtime: Runtime, actor: Actor, message_id: int, reason: str, *, now: datetime
) -> int:
    """Hide a message from others on its platform; the reason is kept and audited."""
    why = clean(reason, LONGEST_REASON).strip()
    if not why:
        require(actor, WHO_MAY[ActionKind.HIDE])
        raise ActionRefused(_("Say why it is hidden: colleagues and the audit will ask."))
    return _queue(runtime, actor, message_id, ActionKind.HIDE, reason=why, undo=False, now=now)


def unhide_message(runtime: Runtime, actor: Actor, message_id: int, *, now: datetime) -> int:
    """Show a message again that was hidden."""
    return _queue(runtime, actor, message_id, ActionKind.HIDE, undo=True, now=now)


def _queue(
    runtime: Runtime,
    actor: Actor,
    message_id: int,
    kind: ActionKind,
    *,
    undo: bool,
    reason: str = "",
    now: datetime,
) -> int:
    require(actor, WHO_MAY[kind])
    message = _message(message_id)
    _check_capable(runtime, message, kind)
    with transaction():
        # Held, so that two who click at once do not both get through.
        locked(Conversation.select().where(Conversation.id == message.conversation_id)).get()
        _check_makes_sense(message, kind, undo=undo)
        action = PlatformAction.create(
            channel=message.channel_id,
            conversation=message.conversation_id,
            message=message_id,
            agent=actor.agent_id,
            kind=kind,
            undo=undo,
            reason=reason,
            created_at=now,
            due_at=now,
        )
        audit(
            actor,
            f"message.{'un' if undo else ''}{kind}",
            "conversation",
            message.conversation_id,
            now,
            summary=reason,
            after={"message": message_id, "action": action.id},
        )
    return int(action.id)


def _message(message_id: int) -> Message:
    message: Message | None = (
        Message.select(Message, Channel)
        .join(Channel)
        .where((Message.id == message_id) & (Message.direction == Direction.IN))
        .get_or_none()
    )
    if message is None:
        raise ActionRefused(_("This message does not exist."))
    return message


def _check_capable(runtime: Runtime, message: Message, kind: ActionKind) -> None:
    channel = runtime.channels.get(message.channel.name)
    if channel is None:
        raise ActionRefused(_("This channel's plugin is not active."))
    can: Capability = getattr(channel.capabilities, kind)
    if not can:
        raise ActionRefused(_(can.reason))


def _check_makes_sense(message: Message, kind: ActionKind, *, undo: bool) -> None:
    fresh = Message.get_by_id(message.id)
    if fresh.removal is RemovalKind.DELETED:
        raise ActionRefused(_("This message was deleted on its platform."))
    mine = (PlatformAction.message == message.id) & (PlatformAction.kind == kind)
    waiting = (PlatformActionState.QUEUED, PlatformActionState.SENDING)
    if PlatformAction.select().where(mine & PlatformAction.state.in_(waiting)).exists():
        raise ActionRefused(_("This is on its way already."))
    stands = _is_liked(message.id) if kind is ActionKind.LIKE else _is_hidden(fresh)
    if stands is not undo:
        raise ActionRefused(_(_STANDS[kind, undo]))


def _is_hidden(message: Message) -> bool:
    return message.removal is RemovalKind.HIDDEN


def _is_liked(message_id: int) -> bool:
    last = (
        PlatformAction.select(PlatformAction.undo)
        .where(
            (PlatformAction.message == message_id)
            & (PlatformAction.kind == ActionKind.LIKE)
            & (PlatformAction.state == PlatformActionState.DONE)
        )
        .order_by(PlatformAction.id.desc())
        .first()
    )
    return last is not None and not last.undo
