"""Macros: several steps in one, people's own and the team's.

A macro is planned once for all that it is run on: what it names is looked up, so that a queue that
is gone is told before anything changes. On each conversation all steps are done, or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from earful.actions import conversations
from earful.actions.actor import Actor, audit, require
from earful.actions.policies import InvalidPolicy, unknown_names
from earful.errors import ActionRefused, ConfigError
from earful.inbox.text import MAX_TEXT, clean, one_line
from earful.policies import MACRO_STEPS, SNOOZE_FOR, Wish, compile_actions, validate_actions
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import Agent, Macro, Queue
from earful.store.queries.macros import MOST_MACROS
from earful.store.states import Role
from earful.types import Priority
from earful.wording import gettext as _

__all__ = ["InvalidMacro", "delete_macro", "do_steps", "plan_macro", "save_macro"]

LONGEST_NAME = 80


class InvalidMacro(InvalidPolicy):
    """The macro was not saved; `mistakes` holds one sentence for each thing to mend."""


def save_macro(
    runtime: Runtime,
    actor: Actor,
    macro_id: int | None,
    *,
    name: str,
    steps: Any,
    text: str = "",
    shared: bool = False,
    now: datetime,
) -> int:
    """Make or change a macro: one's own, or (leads) the team's. Returns its id.

    `steps` is a list like policies' actions, of `MACRO_STEPS`; `text` begins a reply. Raises
    `InvalidMacro`.
    """
    require(actor, Role.LEAD if shared else Role.AGENT)
    title, words = one_line(name, LONGEST_NAME), clean(text, len(text)).strip()
    _check(runtime, title, steps, words)
    owner = None if shared else _somebody(actor)
    with transaction():
        if macro_id is None:
            _check_room(owner)
            row = Macro(created_at=now)
        else:
            row = _changeable(actor, macro_id)
        row.name, row.steps, row.text, row.owner, row.updated_at = title, steps, words, owner, now
        row.save()
        facts = {"steps": steps, "shared": shared}
        audit(actor, "macro.save", "macro", row.id, now, summary=title, after=facts)
    return int(row.id)


def delete_macro(_runtime: Runtime, actor: Actor, macro_id: int, *, now: datetime) -> None:
    """Remove a macro; what was done with it stays."""
    require(actor, Role.AGENT)
    with transaction():
        row = _changeable(actor, macro_id)
        row.delete_instance()
        audit(actor, "macro.delete", "macro", macro_id, now, summary=row.name)


def plan_macro(_runtime: Runtime, actor: Actor, macro_id: int) -> dict[str, Any]:
    """What `do_steps` will do, as plain JSON: each step with what it leads to.

    Refused where the macro is not the actor's to run, or names what is not there any more.
    """
    require(actor, Role.AGENT)
    row = _seen(actor, Macro.get_or_none(Macro.id == macro_id))
    try:
        wishes = compile_actions(row.steps, MACRO_STEPS)
        steps = [[wish.do, _target(wish, actor)] for wish in wishes]
    except (ConfigError, ActionRefused) as why:
        msg = _("“%(name)s” cannot be run. %(why)s", name=row.name, why=_reason(why))
        raise ActionRefused(msg) from None
    return {"id": row.id, "name": row.name, "steps": steps, "text": row.text}


def do_steps(
    runtime: Runtime,
    actor: Actor,
    conversation_id: int,
    plan: Mapping[str, Any],
    *,
    now: datetime,
) -> None:
    """All steps of a planned macro on one conversation, or none of them."""
    by_macro = replace(actor, macro=plan["name"])
    with transaction():
        for do, target in plan["steps"]:
            _do_step(runtime, by_macro, conversation_id, do, target, now)


def _do_step(runtime: Runtime, actor: Actor, key: int, do: str, target: Any, now: datetime) -> None:
    match do:
        case "queue":
            conversations.set_queue(runtime, actor, key, target, now=now)
        case "priority":
            conversations.set_priority(runtime, actor, key, Priority(target), now=now)
        case "label":
            conversations.add_label(runtime, actor, key, target, now=now)
        case "assign" | "take":
            conversations.assign(runtime, actor, key, target, now=now)
        case "snooze":
            conversations.snooze(runtime, actor, key, now + SNOOZE_FOR[target], now=now)
        case "resolve":
            conversations.resolve(runtime, actor, key, now=now)
        case "ignore":
            conversations.ignore(runtime, actor, key, target, now=now)


def _target(wish: Wish, actor: Actor) -> Any:
    """What a step's action takes: the ids of what it names."""
    match wish.do:
        case "queue":
            queue = Queue.get_or_none((Queue.name == wish.value) & Queue.active)
            return _there(queue, _("There is no queue named “%(name)s”.", name=wish.value))
        case "assign":
            agent = Agent.get_or_none((Agent.email == wish.value) & Agent.active)
            return _there(agent, _("There is no active agent named “%(name)s”.", name=wish.value))
        case "take":
            return _somebody(actor)
    return wish.value


def _there(row: Queue | Agent | None, otherwise: str) -> int:
    if row is None:
        raise ActionRefused(otherwise)
    return int(row.id)


def _reason(why: ConfigError | ActionRefused) -> str:
    if isinstance(why, ActionRefused):
        return str(why)
    return _("This version of Earful does not know all of its actions.")


def _check(runtime: Runtime, title: str, steps: Any, text: str) -> None:
    mistakes = [] if title else [_("Name: give the macro a name.")]
    if len(text) > MAX_TEXT:
        mistakes.append(
            _(
                "Text: it is too long: %(length)s of %(limit)s characters.",
                length=len(text),
                limit=MAX_TEXT,
            )
        )
    wrong: Sequence[object] = validate_actions(steps, MACRO_STEPS)
    mistakes += [str(each) for each in wrong or unknown_names(runtime, steps)]
    if mistakes:
        raise InvalidMacro(mistakes)


def _check_room(owner: int | None) -> None:
    kept = Macro.owner.is_null() if owner is None else Macro.owner == owner
    if Macro.select().where(kept).count() >= MOST_MACROS:
        msg = _("There are %(n)s macros already. Remove one first.", n=MOST_MACROS)
        raise ActionRefused(msg)


def _somebody(actor: Actor) -> int:
    if actor.agent_id is None:
        msg = _("Only people have macros of their own and take conversations.")
        raise ActionRefused(msg)
    return actor.agent_id


def _changeable(actor: Actor, macro_id: int) -> Macro:
    row = _seen(actor, locked(Macro.select().where(Macro.id == macro_id)).get_or_none())
    if row.owner_id is None:
        require(actor, Role.LEAD)
    return row


def _seen(actor: Actor, row: Macro | None) -> Macro:
    """One of the actor's own or of the team's."""
    if row is None or row.owner_id not in (None, actor.agent_id):
        msg = _("This macro does not exist any more.")
        raise ActionRefused(msg)
    return row
