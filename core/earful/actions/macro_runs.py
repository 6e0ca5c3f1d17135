"""Running a macro on the one conversation that somebody has open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful.actions.actor import Actor
from earful.actions.bulk import change_many
from earful.actions.macros import plan_macro
from earful.actions.writing import put_draft_back
from earful.errors import ActionRefused
from earful.inbox.answering import mode_of
from earful.inbox.variables import fill
from earful.inbox.writing import values_of
from earful.runtime import Runtime
from earful.store.database import transaction
from earful.store.models import Draft
from earful.store.queries.conversation import answerable
from earful.store.queries.writing import writing_facts

__all__ = ["MacroRun", "run_macro"]

_AT_REST = frozenset({"snooze", "resolve", "ignore"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroRun:
    """What a macro did. `undo_id` takes it back; None where nothing changed.

    `draft` is the reply it began, which nobody has sent; `puts_away` says whether the
    conversation is at rest now.
    """

    name: str
    undo_id: int | None
    draft: Draft | None
    puts_away: bool


def run_macro(
    runtime: Runtime, actor: Actor, conversation_id: int, macro_id: int, *, now: datetime
) -> MacroRun:
    """Do all steps and begin the reply; refused with the reason of the step that was, if one was.

    Many conversations are `change_many`'s or `start_bulk_job`'s, with a plan of `plan_macro`; there
    no reply is begun.
    """
    plan = plan_macro(runtime, actor, macro_id)
    with transaction():
        outcome = change_many(runtime, actor, [conversation_id], "macro", plan, now=now)
        for reason in outcome.failed.values():
            raise ActionRefused(reason)
        draft = _begin_reply(actor, conversation_id, plan, now)
    return MacroRun(
        name=plan["name"],
        undo_id=outcome.undo_id,
        draft=draft,
        puts_away=any(do in _AT_REST for do, _target in plan["steps"]),
    )


def _begin_reply(
    actor: Actor, conversation_id: int, plan: Mapping[str, Any], now: datetime
) -> Draft | None:
    """The macro's text before what the actor has written; once, however often it is run."""
    facts = writing_facts(conversation_id, actor.agent_id)
    target = answerable(conversation_id)
    if not plan["text"] or facts is None or target is None:
        return None
    mode = mode_of(target.surface)
    text = fill(plan["text"], values_of(facts)).text
    kept = put_draft_back(actor, conversation_id, mode, "", now)
    if kept is not None and text in kept.text:
        return kept
    return put_draft_back(actor, conversation_id, mode, text, now)
