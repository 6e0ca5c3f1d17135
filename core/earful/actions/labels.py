"""What people say about a message's labels: the right one, that the machine was right, or neither.

A judgement changes what is shown, exported and told to policies from now on. It moves no
conversation: policies were asked when the message came.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from earful.actions.actor import Actor, audit, require
from earful.components import LabelSet
from earful.errors import ActionRefused
from earful.inbox import timeline
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import LabelCorrection, Message, MessageLabel
from earful.store.states import Direction, Role
from earful.store.tallies import count_verdict
from earful.types import RemovalKind
from earful.wording import gettext as _

__all__ = ["judge_label", "take_back_judgement"]


def judge_label(
    runtime: Runtime, actor: Actor, message_id: int, name: str, *, now: datetime
) -> bool:
    """Say which label of a namespace is right: `namespace:value`, or `namespace:` for none.

    The machine's own label confirms it. Returns whether it is the first word on this namespace.
    """
    require(actor, Role.AGENT)
    namespace, _colon, value = name.partition(":")
    offered = _offered(runtime, namespace, value)
    with transaction():
        message = _held(message_id)
        before = _judgement(message_id, namespace)
        if before is not None and before.value == value:
            return False
        after = LabelCorrection(
            message=message_id,
            namespace=namespace,
            value=value,
            agent=actor.agent_id,
            at=now,
            text_version=message.version,
            **_machines_word(runtime, message_id, offered),
        )
        if before is None:
            after.save(force_insert=True)
        else:
            after.id = before.id
            after.save()
        count_verdict((after, 1), *(((before, -1),) if before else ()))
        _note(actor, message, "label_judged", now, before, after)
    return before is None


def take_back_judgement(
    _runtime: Runtime, actor: Actor, message_id: int, namespace: str, *, now: datetime
) -> None:
    """Let the machine's word stand again."""
    require(actor, Role.AGENT)
    with transaction():
        message = _held(message_id)
        before = _judgement(message_id, namespace)
        if before is None:
            return
        before.delete_instance()
        count_verdict((before, -1))
        _note(actor, message, "judgement_taken_back", now, before, None)


def _offered(runtime: Runtime, namespace: str, value: str) -> LabelSet:
    offered = runtime.label_sets.get(namespace)
    if offered is None:
        msg = _("No configured classifier gives such labels.")
        raise ActionRefused(msg)
    if value not in offered.values and (value or not offered.none):
        msg = _("Choose one of: %(values)s.", values=", ".join(offered.values))
        raise ActionRefused(msg)
    return offered


def _held(message_id: int) -> Message:
    message = locked(Message.select().where(Message.id == message_id)).get_or_none()
    if message is None or message.direction is not Direction.IN:
        msg = _("Only messages that came in have labels to correct.")
        raise ActionRefused(msg)
    if message.removal is RemovalKind.DELETED:
        msg = _("This message was deleted; there is nothing left to judge.")
        raise ActionRefused(msg)
    found: Message = message
    return found


def _judgement(message_id: int, namespace: str) -> LabelCorrection | None:
    found: LabelCorrection | None = LabelCorrection.get_or_none(
        (LabelCorrection.message == message_id) & (LabelCorrection.namespace == namespace)
    )
    return found


def _machines_word(runtime: Runtime, message_id: int, offered: LabelSet) -> dict[str, Any]:
    """What the classifiers say of this namespace now.

    A classifier that gave the message other labels has looked, and found none of these.
    """
    said = list(
        MessageLabel.select().where(MessageLabel.message == message_id).order_by(MessageLabel.id)
    )
    prefix = f"{offered.namespace}:"
    for label in said:
        if label.name.startswith(prefix):
            return _word(label, label.name.removeprefix(prefix), label.score)
    able = _classifiers_of(runtime, offered.namespace)
    looked = next((label for label in said if label.classifier in able), None)
    return _word(looked, "", None) if looked and offered.none else {}


def _word(label: MessageLabel, value: str, score: float | None) -> dict[str, Any]:
    return {
        "machine_value": value,
        "machine_score": score,
        "machine_classifier": label.classifier,
        "machine_version": label.version,
    }


def _classifiers_of(runtime: Runtime, namespace: str) -> set[str]:
    kinds = runtime.plugins.classifier_types
    return {
        name
        for name, component in runtime.config.classifiers.items()
        if (kind := kinds.get(component.type)) is not None
        and any(each.namespace == namespace for each in kind.labels)
    }


def _note(
    actor: Actor,
    message: Message,
    kind: str,
    now: datetime,
    before: LabelCorrection | None,
    after: LabelCorrection | None,
) -> None:
    facts = {"message_id": message.id, "label": _name(after or before)}
    timeline.add(
        [timeline.entry(message.conversation_id, kind, now, agent_id=actor.agent_id, **facts)]
    )
    audit(
        actor, f"message.{kind}", "message", message.id, now,
        before=_plain(before), after=_plain(after),
    )  # fmt: skip


def _name(judged: LabelCorrection | None) -> str:
    return f"{judged.namespace}:{judged.value}" if judged else ""


def _plain(judged: LabelCorrection | None) -> dict[str, Any] | None:
    if judged is None:
        return None
    return {
        "label": _name(judged),
        "at": judged.at.isoformat(),
        "machine": judged.machine_value,
        "score": judged.machine_score,
        "version": judged.machine_version,
    }
