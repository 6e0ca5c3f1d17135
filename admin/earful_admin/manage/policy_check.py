"""Says at once everything that keeps a draft from being a policy, each at its own row."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from earful.policies import Mistake, validate_actions, validate_condition

from earful_admin.manage.policy_draft import FACTS, Draft

__all__ = ["Names", "check"]

_PLACES = {"queue": "queue", "assign": "active agent", "notify": "notifier"}
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
    _check_actions(draft, names)
    return not draft.mistakes


def _check_name(draft: Draft) -> None:
    if not draft.name.strip():
        draft.mistakes.append(("name", "Name: give the policy a name."))
    elif len(draft.name.strip()) > LONGEST_NAME:
        draft.mistakes.append(("name", f"Name: use at most {LONGEST_NAME} characters."))


def _check_conditions(draft: Draft) -> None:
    try:
        tree = draft.conditions()
    except ValueError as error:
        draft.mistakes.append(("text", f"Condition: this is not JSON: {_where(error)}."))
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
        return f"{error.msg} in line {error.lineno}"
    return str(error)


def _place_in_row(draft: Draft, mistake: Mistake, kept: Sequence[int]) -> None:
    match mistake.path:
        case (_, int(number), *rest):
            at = kept[number]
            text = _sentence(_plain(mistake.text, draft.rows[at].op))
            draft.rows[at].mistakes.append(text)
            control = rest[0] if rest else "fact"
            draft.mistakes.append((f"{control}-{at}", f"Condition {at + 1}: {text}"))
        case _:
            draft.mistakes.append(("match", f"Condition: {_sentence(mistake.text)}"))


def _plain(text: str, op: str) -> str:
    """The engine's words where it speaks to people who write JSON, in those of the form."""
    if text == "it does not say which fact to look at":
        return "choose what to look at"
    if not op and " can be asked " in text:
        return "choose a question"
    if text == "the value must be true or false":
        return "choose yes or no"
    return text


def _check_actions(draft: Draft, names: Names) -> None:
    wishes = draft.wishes()
    kept = [at for at, row in enumerate(draft.actions) if not row.is_empty]
    found = validate_actions(wishes)
    wrong = {mistake.path[0] for mistake in found if mistake.path}
    for number, wish in enumerate(wishes):
        if number not in wrong:
            found += _leads_nowhere(number, wish, names)
    for mistake in sorted(found, key=lambda each: each.path[:1]):
        _place_in_action(draft, mistake, kept)


def _leads_nowhere(number: int, wish: Mapping[str, Any], names: Names) -> list[Mistake]:
    known = names.of(wish["do"])
    if known is None or wish["value"] in known:
        return []
    text = f"there is no {_PLACES[wish['do']]} named \u201c{wish['value']}\u201d here"
    return [Mistake(place="", text=text, path=(number, "value"))]


def _place_in_action(draft: Draft, mistake: Mistake, kept: Sequence[int]) -> None:
    match mistake.path:
        case (int(number), *rest):
            at = kept[number]
            row = draft.actions[at]
            text = _sentence(mistake.text if row.do else "choose what to do")
            row.mistakes.append(text)
            control = "do" if rest == ["do"] or not rest else "act"
            draft.mistakes.append((f"{control}-{at}", f"Action {at + 1}: {text}"))
        case _:
            text = "Actions: choose at least one; the policy would do nothing."
            draft.mistakes.append(("do-0", text if not draft.wishes() else f"{mistake}."))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
