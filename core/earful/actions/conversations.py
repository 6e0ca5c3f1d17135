"""What people do with a conversation beside answering it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from earful.actions.actor import Actor, audit, require
from earful.actions.writing import drop_draft
from earful.errors import ActionRefused
from earful.inbox import timeline
from earful.inbox.assigning import hand_out
from earful.inbox.lifecycle import change_status
from earful.inbox.telling import Told, tell
from earful.inbox.text import clean, one_line
from earful.inbox.writing import mentions_in
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import (
    NEVER,
    Agent,
    Conversation,
    ConversationLabel,
    Event,
    Mention,
    Note,
    Queue,
)
from earful.store.queries.writing import colleagues
from earful.store.states import (
    AgentNotificationKind,
    ConversationStatus,
    PriorityRank,
    Role,
    WritingMode,
)
from earful.types import Priority
from earful.wording import gettext as _

__all__ = [
    "add_label",
    "add_note",
    "ask_to_take_over",
    "assign",
    "ignore",
    "remove_label",
    "reopen",
    "resolve",
    "set_priority",
    "set_queue",
    "snooze",
]

_ASK_AGAIN_AFTER = timedelta(minutes=5)
_LABEL = re.compile(r"[\w.-]+(:[\w.-]+)?")


@contextmanager
def _acting(actor: Actor, conversation_id: int) -> Iterator[Conversation]:
    """Hold the conversation for one action of somebody who may act."""
    require(actor, Role.AGENT)
    with transaction():
        conversation = locked(
            Conversation.select().where(Conversation.id == conversation_id)
        ).get_or_none()
        if conversation is None:
            msg = _("This conversation does not exist.")
            raise ActionRefused(msg)
        yield conversation


def _note_change(
    actor: Actor, conversation: Conversation, kind: str, now: datetime, **data: Any
) -> None:
    line = timeline.entry(
        conversation.id, kind, now, agent_id=actor.agent_id, **data, **_macro_of(actor)
    )
    timeline.add([line])
    audit(actor, f"conversation.{kind}", "conversation", conversation.id, now, after=data or None)


def _macro_of(actor: Actor) -> dict[str, Any]:
    """What the timeline tells of how it was done."""
    return {"macro": actor.macro} if actor.macro else {}


def add_note(
    _runtime: Runtime, actor: Actor, conversation_id: int, text: str, *, now: datetime
) -> int:
    """Write something only colleagues see; `@Name` mentions one of them. Returns its id."""
    words = clean(text).strip()
    if not words:
        msg = _("Write something first.")
        raise ActionRefused(msg)
    named = mentions_in(words, colleagues())
    with _acting(actor, conversation_id):
        note = Note.create(conversation=conversation_id, agent=actor.agent_id, text=words, at=now)
        for colleague in named:
            if colleague.id != actor.agent_id:
                Mention.create(note=note, conversation=conversation_id, agent=colleague.id, at=now)
                _tell(AgentNotificationKind.MENTION, colleague.id, actor, conversation_id, now)
        drop_draft(actor, conversation_id, WritingMode.NOTE)
        audit(actor, "conversation.note", "conversation", conversation_id, now)
    return int(note.id)


def assign(
    _runtime: Runtime,
    actor: Actor,
    conversation_id: int,
    agent_id: int | None,
    *,
    now: datetime,
) -> None:
    """Give the conversation to an agent, or to nobody."""
    with _acting(actor, conversation_id) as conversation:
        agent = Agent.get_or_none((Agent.id == agent_id) & Agent.active) if agent_id else None
        if agent_id and (agent is None or agent.role < Role.AGENT):
            msg = _("This person cannot take conversations.")
            raise ActionRefused(msg)
        if agent and agent.away:
            msg = (
                _("You are away, and get no conversations.")
                if agent_id == actor.agent_id
                else _("%(name)s is away, and gets no conversations.", name=agent.name)
            )
            raise ActionRefused(msg)
        if conversation.assignee_id == agent_id:
            return
        former = conversation.assignee_id and Agent.get_by_id(conversation.assignee_id)
        _set(conversation, assignee=agent_id)
        if agent_id and agent_id != actor.agent_id:
            _tell(AgentNotificationKind.ASSIGNED, agent_id, actor, conversation_id, now)
        if former and former.id != actor.agent_id:
            _tell(AgentNotificationKind.TAKEN_OVER, former.id, actor, conversation_id, now)
        if former and agent_id == actor.agent_id:
            _note_change(
                actor, conversation, "taken_over", now, former=former.name, former_id=former.id
            )
            return
        _note_change(
            actor, conversation, "assigned", now, to=agent.name if agent else "", to_id=agent_id
        )


def ask_to_take_over(
    _runtime: Runtime, actor: Actor, conversation_id: int, *, now: datetime
) -> None:
    """Ask the assignee to hand the conversation over; nothing changes but the timeline."""
    with _acting(actor, conversation_id) as conversation:
        if conversation.assignee_id in (None, actor.agent_id):
            msg = _("Nobody else holds this conversation: assign it to yourself.")
            raise ActionRefused(msg)
        if _has_asked(actor, conversation_id, now):
            msg = _("You asked a moment ago. Take it over if it cannot wait.")
            raise ActionRefused(msg)
        holder = Agent.get_by_id(conversation.assignee_id)
        _note_change(
            actor, conversation, "takeover_asked", now, holder=holder.name, holder_id=holder.id
        )
        _tell(AgentNotificationKind.TAKEOVER_ASKED, holder.id, actor, conversation_id, now)


def _tell(
    kind: AgentNotificationKind, agent_id: int, actor: Actor, conversation_id: int, now: datetime
) -> None:
    tell(kind, [Told(agent_id, conversation_id, actor.agent_id)], now=now)


def _has_asked(actor: Actor, conversation_id: int, now: datetime) -> bool:
    """Whether it was this person who asked last, a moment ago."""
    latest = (
        Event.select(Event.kind, Event.agent, Event.at)
        .where(Event.conversation == conversation_id)
        .order_by(Event.id.desc())
        .limit(20)
        .tuples()
    )
    return any(
        kind == "takeover_asked" and agent_id == actor.agent_id and now - at < _ASK_AGAIN_AFTER
        for kind, agent_id, at in latest
    )


def set_queue(
    _runtime: Runtime, actor: Actor, conversation_id: int, queue_id: int, *, now: datetime
) -> None:
    """Move the conversation to another queue. Its running clock keeps its promise."""
    with _acting(actor, conversation_id) as conversation:
        queue = Queue.get_or_none((Queue.id == queue_id) & Queue.active)
        if queue is None:
            msg = _("This queue does not exist any more.")
            raise ActionRefused(msg)
        if conversation.queue_id == queue_id:
            return
        _set(conversation, queue=queue_id)
        _note_change(actor, conversation, "moved", now, queue=queue.name)
        hand_out([conversation_id], now=now, tell_waiting=True)


def set_priority(
    _runtime: Runtime, actor: Actor, conversation_id: int, priority: Priority, *, now: datetime
) -> None:
    """Say how soon the conversation deserves attention."""
    with _acting(actor, conversation_id) as conversation:
        rank = PriorityRank.of(priority)
        if conversation.priority is rank:
            return
        _set(conversation, priority=rank)
        _note_change(actor, conversation, "priority", now, priority=rank.word)


def add_label(
    _runtime: Runtime, actor: Actor, conversation_id: int, name: str, *, now: datetime
) -> None:
    """Put a label on the conversation: a word, or `namespace:value`."""
    label = "-".join(one_line(name, 100).lower().split())
    if not _LABEL.fullmatch(label):
        msg = _("A label is a word, or namespace:value, of letters, digits, dots and dashes.")
        raise ActionRefused(msg)
    with _acting(actor, conversation_id) as conversation:
        there = (ConversationLabel.conversation == conversation_id) & (
            ConversationLabel.name == label
        )
        if ConversationLabel.select(ConversationLabel.id).where(there).exists():
            return
        ConversationLabel.insert(
            conversation=conversation_id, name=label, added_by=actor.name, added_at=now
        ).on_conflict_ignore().execute()
        _note_change(actor, conversation, "labelled", now, label=label)


def remove_label(
    _runtime: Runtime, actor: Actor, conversation_id: int, name: str, *, now: datetime
) -> None:
    """Take a label off the conversation."""
    with _acting(actor, conversation_id) as conversation:
        removed = (
            ConversationLabel.delete()
            .where(
                (ConversationLabel.conversation == conversation_id)
                & (ConversationLabel.name == name)
            )
            .execute()
        )
        if removed:
            _note_change(actor, conversation, "unlabelled", now, label=name)


def snooze(
    _runtime: Runtime, actor: Actor, conversation_id: int, until: datetime | None, *, now: datetime
) -> None:
    """Put the conversation away until `until`, or until they write: None waits for that alone."""
    if until is not None and until <= now:
        msg = _("Choose a time in the future.")
        raise ActionRefused(msg)
    with _acting(actor, conversation_id) as conversation:
        change_status(
            conversation,
            ConversationStatus.SNOOZED,
            "snoozed",
            now=now,
            agent_id=actor.agent_id,
            snoozed_until=until or NEVER,
            until=until.isoformat() if until else "",
            **_macro_of(actor),
        )
        audit(actor, "conversation.snooze", "conversation", conversation_id, now)


def resolve(
    _runtime: Runtime, actor: Actor, conversation_id: int, outcome: str = "", *, now: datetime
) -> None:
    """The need is met."""
    _finish(actor, conversation_id, ConversationStatus.RESOLVED, "resolved", outcome, now)


def ignore(
    _runtime: Runtime, actor: Actor, conversation_id: int, reason: str, *, now: datetime
) -> None:
    """No answer is needed, and why; it stays countable."""
    if not one_line(reason, 200):
        msg = _("Say why no answer is needed.")
        raise ActionRefused(msg)
    _finish(actor, conversation_id, ConversationStatus.IGNORED, "ignored", reason, now)


def _finish(
    actor: Actor,
    conversation_id: int,
    status: ConversationStatus,
    kind: str,
    outcome: str,
    now: datetime,
) -> None:
    with _acting(actor, conversation_id) as conversation:
        if conversation.status is status:
            return
        change_status(
            conversation,
            status,
            kind,
            now=now,
            agent_id=actor.agent_id,
            outcome=one_line(outcome, 200),
            **_macro_of(actor),
        )
        audit(actor, f"conversation.{kind}", "conversation", conversation_id, now)


def reopen(_runtime: Runtime, actor: Actor, conversation_id: int, *, now: datetime) -> None:
    """Open the conversation again."""
    with _acting(actor, conversation_id) as conversation:
        if conversation.status is ConversationStatus.OPEN:
            return
        change_status(
            conversation, ConversationStatus.OPEN, "reopened", now=now, agent_id=actor.agent_id
        )
        audit(actor, "conversation.reopened", "conversation", conversation_id, now)


def _set(conversation: Conversation, **changes: Any) -> None:
    Conversation.update(changes).where(Conversation.id == conversation.id).execute()
