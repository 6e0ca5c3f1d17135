"""What it means for a reply to be sent, confirmed or failed, wherever that is found out."""

from __future__ import annotations

from datetime import datetime

from earful.inbox import timeline
from earful.inbox.conversations import answered, stop_clocks
from earful.inbox.lifecycle import change_status
from earful.inbox.telling import Told, tell
from earful.inbox.text import clean, snippet
from earful.store.models import Agent, Conversation, Message, Note, Reply
from earful.store.states import (
    SHOWN,
    STANDING,
    AgentNotificationKind,
    ConversationStatus,
    Direction,
    ReplyState,
)

__all__ = ["confirm", "fail", "hold", "newer_by_colleagues", "newer_messages", "sent"]


def sent(reply: Reply, *, external_id: str | None, url: str | None, at: datetime) -> bool:
    """The platform took it: clocks stop. False if somebody else found that out before."""
    moved = (
        Reply.update(
            state=ReplyState.SENT,
            external_id=_unless_taken(reply, external_id),
            url=url,
            sent_at=at,
            lease_until=None,
            error="",
        )
        .where((Reply.id == reply.id) & Reply.state.not_in(SHOWN))
        .execute()
    )
    if moved:
        _answer_given(reply, at)
    return bool(moved)


def _unless_taken(reply: Reply, external_id: str | None) -> str | None:
    """The platform's id; none where it gave the same one to another reply."""
    taken = Reply.select(Reply.id).where(
        (Reply.channel == reply.channel_id)
        & (Reply.external_id == external_id)
        & (Reply.id != reply.id)
    )
    return external_id if external_id and not taken.exists() else None


def confirm(reply: Reply, *, external_id: str, url: str | None, at: datetime) -> None:
    """The platform shows it back to us."""
    sent(reply, external_id=external_id, url=url, at=at)
    (
        Reply.update(state=ReplyState.CONFIRMED, confirmed_at=at)
        .where((Reply.id == reply.id) & (Reply.state == ReplyState.SENT))
        .execute()
    )


def fail(reply: Reply, reason: str, *, at: datetime) -> bool:
    """The platform refused it for good; the agent reads why."""
    return _stop(reply, ReplyState.FAILED, reason, AgentNotificationKind.REPLY_FAILED, at)


def hold(reply: Reply, *, at: datetime) -> bool:
    """Something newer came before its time: its author decides whether it still fits."""
    return _stop(
        reply,
        ReplyState.HELD,
        "A newer message arrived before its time.",
        AgentNotificationKind.REPLY_HELD,
        at,
    )


def _stop(
    reply: Reply, state: ReplyState, reason: str, kind: AgentNotificationKind, at: datetime
) -> bool:
    moved = (
        Reply.update(state=state, error=clean(reason, 2000), lease_until=None)
        .where((Reply.id == reply.id) & Reply.state.not_in(SHOWN))
        .execute()
    )
    if moved:
        timeline.add([timeline.entry(reply.conversation_id, str(kind), at, reply_id=reply.id)])
        if reply.agent_id:
            told = Told(reply.agent_id, reply.conversation_id)
            tell(kind, [told], now=at)
    return bool(moved)


def newer_messages(conversation_id: int, seen_message_id: int) -> list[int]:
    """People's messages that came after one, the newest first, at most 100."""
    newer = (
        Message.select(Message.id)
        .where(
            (Message.conversation == conversation_id)
            & (Message.id > seen_message_id)
            & (Message.direction == Direction.IN)
        )
        .order_by(Message.id.desc())
        .limit(100)
    )
    return [key for (key,) in newer.tuples()]


def newer_by_colleagues(
    conversation_id: int, agent_id: int | None, *, seen_reply_id: int, seen_note_id: int
) -> list[str]:
    """Who else answered or left a note after these: a name for each, at most 100 of a kind."""
    replies = Reply.select(Agent.name).where(
        (Reply.conversation == conversation_id)
        & (Reply.id > seen_reply_id)
        & (Reply.agent != agent_id)
        & Reply.state.in_(STANDING)
    )
    notes = Note.select(Agent.name).where(
        (Note.conversation == conversation_id) & (Note.id > seen_note_id) & (Note.agent != agent_id)
    )
    return [name for kind in (replies, notes) for (name,) in kind.join(Agent).limit(100).tuples()]


def _answer_given(reply: Reply, at: datetime) -> None:
    conversation_id = reply.conversation_id
    answered([conversation_id], at)
    (
        Conversation.update(snippet=snippet(reply.text), last_message_at=at)
        .where(Conversation.id == conversation_id)
        .execute()
    )
    entries = [
        timeline.entry(
            conversation_id, "reply_sent", at, agent_id=reply.agent_id, reply_id=reply.id
        )
    ]
    if reply.resolve_after:
        (
            Conversation.update(
                status=ConversationStatus.RESOLVED, resolved_at=at, snoozed_until=None
            )
            .where(Conversation.id == conversation_id)
            .execute()
        )
        stop_clocks([conversation_id], at)
        entries.append(timeline.entry(conversation_id, "resolved", at, agent_id=reply.agent_id))
    timeline.add(entries)
    if reply.snooze_until and reply.snooze_until > at and not reply.resolve_after:
        change_status(
            reply.conversation,
            ConversationStatus.SNOOZED,
            "snoozed",
            now=at,
            agent_id=reply.agent_id,
            snoozed_until=reply.snooze_until,
            until=reply.snooze_until.isoformat(),
        )
