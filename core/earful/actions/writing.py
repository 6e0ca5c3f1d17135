"""What people write with: drafts, saved replies, sign-offs.

A draft is kept many times a minute and is nobody else's business, so it is not audited.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from earful.actions.actor import Actor, audit, require
from earful.errors import ActionRefused
from earful.inbox.text import MAX_TEXT, clean, one_line
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import Channel, Conversation, Draft, SavedReply, SignOff
from earful.store.states import Role, WritingMode
from earful.wording import gettext as _

__all__ = [
    "DraftConflict",
    "delete_saved_reply",
    "drop_draft",
    "put_draft_back",
    "save_draft",
    "save_saved_reply",
    "set_sign_off",
]

LONGEST_NAME = 80
LONGEST_SIGN_OFF = 40


class DraftConflict(ActionRefused):
    """The draft was changed elsewhere since it was read: on another device, or in another tab."""

    def __init__(self, text: str, version: int) -> None:
        self.text, self.version = text, version
        super().__init__(_("This draft was changed in another window."))


def save_draft(
    _runtime: Runtime,
    actor: Actor,
    conversation_id: int,
    *,
    mode: WritingMode,
    text: str,
    version: int,
    saved_reply_id: int | None = None,
    now: datetime,
) -> int:
    """Keep what is being written; returns its new version, 0 once it is empty.

    `version` is the one it was written over, 0 for none. Raises `DraftConflict` if what is kept
    is another one and says something else.
    """
    require(actor, Role.AGENT)
    agent_id = _somebody(actor)
    words = clean(text, MAX_TEXT)
    with transaction():
        kept = _draft(agent_id, conversation_id, mode)
        if kept is None:
            return _new_draft(agent_id, conversation_id, mode, words, version, saved_reply_id, now)
        if kept.text == words:
            return int(kept.version)
        if kept.version != version:
            raise DraftConflict(str(kept.text), int(kept.version))
        if not words.strip():
            Draft.delete().where(Draft.id == kept.id).execute()
            return 0
        (
            Draft.update(
                text=words,
                version=version + 1,
                saved_reply=_existing(saved_reply_id),
                updated_at=now,
            )
            .where(Draft.id == kept.id)
            .execute()
        )
    return version + 1


def _somebody(actor: Actor) -> int:
    if actor.agent_id is None:
        msg = _("Only people have drafts and sign-offs.")
        raise ActionRefused(msg)
    return actor.agent_id


def _draft(agent_id: int, conversation_id: int, mode: WritingMode) -> Draft | None:
    found: Draft | None = locked(
        Draft.select().where(
            (Draft.agent == agent_id)
            & (Draft.conversation == conversation_id)
            & (Draft.mode == mode)
        )
    ).get_or_none()
    return found


def _new_draft(
    agent_id: int,
    conversation_id: int,
    mode: WritingMode,
    words: str,
    version: int,
    saved_reply_id: int | None,
    now: datetime,
) -> int:
    if not words.strip():
        return 0
    if not Conversation.select(Conversation.id).where(Conversation.id == conversation_id).exists():
        msg = _("This conversation does not exist.")
        raise ActionRefused(msg)
    made = (
        Draft.insert(
            agent=agent_id,
            conversation=conversation_id,
            mode=mode,
            text=words,
            saved_reply=_existing(saved_reply_id),
            version=version + 1,
            updated_at=now,
        )
        .on_conflict_ignore()
        .execute()
    )
    if not made and (kept := _draft(agent_id, conversation_id, mode)) and kept.text != words:
        raise DraftConflict(str(kept.text), int(kept.version))
    return version + 1


def _existing(saved_reply_id: int | None) -> int | None:
    """The id, unless somebody has deleted that saved reply meanwhile."""
    if saved_reply_id is None:
        return None
    there = SavedReply.select(SavedReply.id).where(SavedReply.id == saved_reply_id).exists()
    return saved_reply_id if there else None


def drop_draft(actor: Actor, conversation_id: int, mode: WritingMode) -> None:
    """It was sent: nothing is left to write. Inside the caller's transaction."""
    (
        Draft.delete()
        .where(
            (Draft.agent == actor.agent_id)
            & (Draft.conversation == conversation_id)
            & (Draft.mode == mode)
        )
        .execute()
    )


def put_draft_back(
    actor: Actor, conversation_id: int, mode: WritingMode, text: str, now: datetime
) -> Draft | None:
    """A text that was not sent after all stands before what has been written since.

    Inside the caller's transaction; None where nobody is signed in.
    """
    if actor.agent_id is None:
        return None
    kept = _draft(actor.agent_id, conversation_id, mode)
    if not text:
        return kept
    if kept is None:
        made: Draft = Draft.create(
            agent=actor.agent_id, conversation=conversation_id, mode=mode, text=text, updated_at=now
        )
        return made
    kept.text = f"{text}\n\n{kept.text}" if kept.text.strip() else text
    kept.version += 1
    kept.updated_at = now
    kept.save()
    return kept


def save_saved_reply(
    _runtime: Runtime,
    actor: Actor,
    saved_reply_id: int | None,
    *,
    name: str,
    text: str,
    channels: Sequence[str] = (),
    shared: bool = False,
    now: datetime,
) -> int:
    """Make or change a saved reply: one's own, or (leads) the team's. Returns its id."""
    require(actor, Role.LEAD if shared else Role.AGENT)
    facts = {
        "name": _checked_name(name),
        "text": _checked_text(text),
        "channels": _known_channels(channels),
        "owner": None if shared else _somebody(actor),
        "updated_at": now,
    }
    with transaction():
        if saved_reply_id is None:
            made = SavedReply.create(**facts, created_at=now)
            number = int(made.id)
        else:
            number = int(_saved_reply(actor, saved_reply_id).id)
            SavedReply.update(facts).where(SavedReply.id == number).execute()
        _audit(actor, "saved_reply.save", number, facts, now)
    return number


def _checked_name(name: str) -> str:
    words = one_line(name, LONGEST_NAME)
    if not words:
        msg = _("Name: give it a name to find it by.")
        raise ActionRefused(msg, field="name")
    return words


def _checked_text(text: str) -> str:
    words = clean(text, len(text)).strip()
    if not words:
        msg = _("Text: write what it says.")
        raise ActionRefused(msg, field="text")
    if len(words) > MAX_TEXT:
        msg = _(
            "Text: it is too long: %(length)s of %(limit)s characters.",
            length=len(words),
            limit=MAX_TEXT,
        )
        raise ActionRefused(msg, field="text")
    return words


def _known_channels(names: Sequence[str]) -> list[str]:
    known = Channel.select(Channel.name).where(Channel.name.in_(list(names)))
    return sorted(name for (name,) in known.tuples())


def _saved_reply(actor: Actor, saved_reply_id: int) -> SavedReply:
    """One that this person may change: their own, or as a lead one of the team's."""
    row: SavedReply | None = locked(
        SavedReply.select().where(SavedReply.id == saved_reply_id)
    ).get_or_none()
    if row is None or row.owner_id not in (None, actor.agent_id):
        msg = _("This saved reply does not exist any more.")
        raise ActionRefused(msg)
    if row.owner_id is None:
        require(actor, Role.LEAD)
    return row


def delete_saved_reply(
    _runtime: Runtime, actor: Actor, saved_reply_id: int, *, now: datetime
) -> None:
    """Remove a saved reply; what was sent with it stays."""
    require(actor, Role.AGENT)
    with transaction():
        row = _saved_reply(actor, saved_reply_id)
        Draft.update(saved_reply=None).where(Draft.saved_reply == row.id).execute()
        row.delete_instance()
        _audit(actor, "saved_reply.delete", row.id, {"name": row.name}, now)


def _audit(actor: Actor, action: str, number: int, facts: dict[str, Any], now: datetime) -> None:
    audit(
        actor,
        action,
        "saved_reply",
        number,
        now,
        summary=facts["name"],
        after={key: facts[key] for key in ("name", "channels") if key in facts},
    )


def set_sign_off(
    _runtime: Runtime, actor: Actor, channel_id: int, text: str, *, now: datetime
) -> None:
    """How this person signs on a channel; an empty text ends that."""
    require(actor, Role.AGENT)
    agent_id = _somebody(actor)
    words = one_line(text, LONGEST_SIGN_OFF)
    mine = (SignOff.agent == agent_id) & (SignOff.channel == channel_id)
    with transaction():
        channel = locked(Channel.select(Channel.id, Channel.name).where(Channel.id == channel_id))
        row = channel.get_or_none()
        if row is None:
            msg = _("This channel does not exist any more.")
            raise ActionRefused(msg)
        before = SignOff.get_or_none(mine)
        if words == (before.text if before else ""):
            return
        SignOff.delete().where(mine).execute()
        if words:
            SignOff.create(agent=agent_id, channel=channel_id, text=words)
        audit(
            actor, "agent.sign_off", "agent", agent_id, now, summary=row.name, after={"text": words}
        )
