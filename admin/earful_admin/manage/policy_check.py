"""Says at once everything that keeps a draft from being a policy, each at its own row."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from earful.policies import (
    ACTIONS,
    ActionType,
    Mistake,
    Takes,
    validate_actions,
    validate_condition,
)
from earful.wording import gettext as _
from earful.wording import mark

from earful_admin.manage.policy_draft import FACTS, ActionRow, Draft, Row

__all__ = ["Names", "check", "check_actions"]

_NOWHERE = {
    "queue": mark("there is no queue named “%(name)s” here"),
    "assign": mark("there is no active agent named “%(name)s” here"),
    "notify": mark("there is no notifier named “%(name)s” here"),
}
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What an action can lead to here, and what a fact is known to be."""

    queues: Sequence[str] = ()
    agents: Sequence[str] = ()
    notifiers: Sequence[str] = ()
    facts: Mapping[str, Sequence[str]]

    def of(self, action: str) -> Collection[str] | None:
        """The values an action may have; None where any will do."""
        known = {"queue": self.queues, "assign": self.agents, "notify": self.notifiers}
        return known.get(action)


def check(draft: Draft, names: Names) -> bool:
    """Whether the draft can be saved. What is wrong is added to the draft, in words."""
    _check_name(draft)
    _check_conditions(draft)
    nothing = _("Actions: choose at least one; the policy would do nothing.")
    check_actions(draft, names, ACTIONS, nothing=nothing)
    return not draft.mistakes


def _check_name(draft: Draft) -> None:
    if not draft.name.strip():
        draft.mistakes.append(("name", _("Name: give the policy a name.")))
    elif len(draft.name.strip()) > LONGEST_NAME:
        words = _("Name: use at most %(n)s characters.", n=LONGEST_NAME)
        draft.mistakes.append(("name", words))


def _check_conditions(draft: Draft) -> None:
    try:
        tree = draft.conditions()
    except ValueError as error:
        words = _("Condition: this is not JSON: %(why)s.", why=_where(error))
        draft.mistakes.append(("text", words))
        return
    found = validate_condition(tree, FACTS)
    if draft.text is not None:
        draft.mistakes += [("text", _sentence(str(each))) for each in found]
        return
    kept = [at for at, row in enumerate(draft.rows) if not row.is_empty]
    for mistake in found:
        _place_in_row(draft, mistake, kept)


def _where(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return _("%(why)s in line %(line)s", why=error.msg, line=error.lineno)
    return str(error)


def _place_in_row(draft: Draft, mistake: Mistake, kept: Sequence[int]) -> None:
    match mistake.path:
        case (_, int(number), *rest):
            at = kept[number]
            text = _sentence(_plain(mistake, draft.rows[at]))
            draft.rows[at].mistakes.append(text)
            control = rest[0] if rest else "fact"
            draft.mistakes.append(
                (f"{control}-{at}", _("Condition %(n)s: %(text)s", n=at + 1, text=text))
            )
        case _:
            draft.mistakes.append(("match", _("Condition: %(text)s", text=_sentence(mistake.text))))


def _plain(mistake: Mistake, row: Row) -> str:
    """The engine's words where it speaks to people who write JSON, in those of the form."""
    if not row.fact:
        return _("choose what to look at")
    if not row.op and mistake.path[-1] == "op":
        return _("choose a question")
    if row.takes is Takes.BOOLEAN and mistake.path[-1] == "value":
        return _("choose yes or no")
    return mistake.text


class HasActions(Protocol):
    """A draft with rows of actions: of a policy, or of a macro."""

    @property
    def actions(self) -> Sequence[ActionRow]: ...

    @property
    def mistakes(self) -> list[tuple[str, str]]: ...

    def wishes(self) -> list[dict[str, str]]: ...


def check_actions(
    draft: HasActions, names: Names, kinds: Mapping[str, ActionType], *, nothing: str
) -> None:
    """What is wrong with the rows of actions is added to the draft; `nothing` where none is."""
    wishes = draft.wishes()
    kept = [at for at, row in enumerate(draft.actions) if not row.is_empty]
    found = validate_actions(wishes, kinds)
    wrong = {mistake.path[0] for mistake in found if mistake.path}
    for number, wish in enumerate(wishes):
        if number not in wrong:
            found += _leads_nowhere(number, wish, names)
    for mistake in sorted(found, key=lambda each: each.path[:1]):
        _place_in_action(draft, mistake, kept, nothing)


def _leads_nowhere(number: int, wish: Mapping[str, Any], names: Names) -> list[Mistake]:
    known = names.of(wish["do"])
    if known is None or wish["value"] in known:
        return []
    nowhere = _NOWHERE[wish["do"]]
    text = _(nowhere, name=wish["value"])
    return [Mistake(place="", text=text, path=(number, "value"))]


def _place_in_action(
    draft: HasActions, mistake: Mistake, kept: Sequence[int], nothing: str
) -> None:
    match mistake.path:
        case (int(number), *rest):
            at = kept[number]
            row = draft.actions[at]
            text = _sentence(mistake.text if row.do else _("choose what to do"))
            row.mistakes.append(text)
            control = "do" if rest == ["do"] or not rest else "act"
            draft.mistakes.append(
                (f"{control}-{at}", _("Action %(n)s: %(text)s", n=at + 1, text=text))
            )
        case _:
            draft.mistakes.append(("do-0", f"{mistake}." if draft.wishes() else nothing))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
