"""What a policy may do: the registry of actions, the check of their JSON, and their words.

An action here is a wish (`{"do": "queue", "value": "Billing"}`). What becomes of several wishes is
decided by `engine`; rows are written elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from earful.errors import ConfigError
from earful.policies.mistakes import Mistake, meant, named, quoted
from earful.types import Priority

__all__ = ["ACTIONS", "MOST_ACTIONS", "ActionType", "Wish", "compile_actions", "validate_actions"]

MOST_ACTIONS = 20
"""How many actions one policy may have."""

_LONGEST_VALUE = 200
_LABEL = re.compile(r"\w[\w.-]*(?::\w[\w.-]*)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionType:
    """One kind of action. `check` yields what is wrong with a value, or nothing.

    `says` is the imperative for a sentence, `done` the report of it; both with `{value}`.
    """

    name: str
    title: str
    says: str
    done: str
    check: Callable[[str], str]
    takes_value: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What one policy wants done."""

    do: str
    value: str = ""

    @property
    def words(self) -> str:
        """The wish as an imperative: "put it into the queue “Billing”"."""
        return ACTIONS[self.do].says.format(value=self.value)

    @property
    def done(self) -> str:
        """The same as a report: "put it into the queue “Billing”"."""
        return ACTIONS[self.do].done.format(value=self.value)


def _check_any(_value: str) -> str:
    return ""


def _check_priority(value: str) -> str:
    if value in set(Priority):
        return ""
    return f"{named(value)} is none of {', '.join(Priority)}{meant(value, Priority)}"


def _check_label(value: str) -> str:
    if _LABEL.fullmatch(value):
        return ""
    return f"{named(value)} is no label: write a word, or namespace:value, without spaces"


def _check_email(value: str) -> str:
    return "" if _EMAIL.fullmatch(value) else f"{named(value)} is no e-mail address"


_TYPES = (
    ActionType(
        name="queue",
        title="Put into a queue",
        says="put it into the queue “{value}”",
        done="put it into the queue “{value}”",
        check=_check_any,
    ),
    ActionType(
        name="priority",
        title="Set the priority",
        says="set the priority to {value}",
        done="set the priority to {value}",
        check=_check_priority,
        choices=tuple(Priority),
    ),
    ActionType(
        name="label",
        title="Add a label",
        says="add the label “{value}”",
        done="added the label “{value}”",
        check=_check_label,
    ),
    ActionType(
        name="assign",
        title="Assign to",
        says="assign it to {value}",
        done="assigned it to {value}",
        check=_check_email,
    ),
    ActionType(
        name="notify",
        title="Notify",
        says="notify through “{value}”",
        done="notified through “{value}”",
        check=_check_any,
    ),
    ActionType(
        name="ignore",
        title="Ignore, with a reason",
        says="ignore it because “{value}”",
        done="ignored it because “{value}”",
        check=_check_any,
    ),
    ActionType(
        name="stop",
        title="Look at no further policy",
        says="look at no further policy",
        done="looked at no further policy",
        check=_check_any,
        takes_value=False,
    ),
)

ACTIONS: Mapping[str, ActionType] = MappingProxyType({one.name: one for one in _TYPES})
"""The kinds of action by name, in the order in which people are offered them."""


def validate_actions(wishes: object) -> list[Mistake]:
    """Every mistake in a policy's list of actions, each with its place."""
    whole = "the actions"
    if not isinstance(wishes, list):
        return [Mistake(place=whole, text="must be a list")]
    if not wishes:
        return [Mistake(place=whole, text="there is none: the policy would do nothing")]
    if len(wishes) > MOST_ACTIONS:
        return [Mistake(place=whole, text=f"there are more than {MOST_ACTIONS}")]
    mistakes = [mistake for at, wish in enumerate(wishes) for mistake in _wish_mistakes(wish, at)]
    return mistakes or _contradictions(wishes)


def _wish_mistakes(wish: object, at: int) -> list[Mistake]:
    place = f"action {at + 1}"
    if not isinstance(wish, dict):
        return [Mistake(place=place, text="must have a “do”", path=(at,))]
    mistakes = [
        Mistake(place=place, text=f"{named(key)} is unknown", path=(at,))
        for key in wish
        if key not in {"do", "value"}
    ]
    name = wish.get("do")
    kind = ACTIONS.get(name) if isinstance(name, str) else None
    if kind is None:
        return [*mistakes, Mistake(place=place, text=_unknown_action(name), path=(at, "do"))]
    text = _value_mistake(kind, wish.get("value"))
    return [*mistakes, Mistake(place=place, text=text, path=(at, "value"))] if text else mistakes


def _unknown_action(name: object) -> str:
    if not isinstance(name, str):
        return f"it does not say what to do: one of {', '.join(ACTIONS)}"
    return f"there is no action {named(name)}{meant(name, ACTIONS)}"


def _value_mistake(kind: ActionType, value: object) -> str:
    if not kind.takes_value:
        return "" if value is None or value == "" else f"{quoted(kind.name)} takes no value"
    if not isinstance(value, str) or not value.strip():
        return f"{quoted(kind.name)} needs a value"
    if len(value) > _LONGEST_VALUE:
        return f"the value is longer than {_LONGEST_VALUE} characters"
    return kind.check(value)


def _contradictions(wishes: list[dict[str, object]]) -> list[Mistake]:
    """What can be decided once only must not be decided twice in one policy."""
    seen: set[object] = set()
    mistakes = []
    for at, wish in enumerate(wishes):
        name = wish["do"]
        if name in seen and name in {"queue", "priority", "assign", "ignore"}:
            text = f"{quoted(str(name))} is given twice; only one can hold"
            mistakes.append(Mistake(place=f"action {at + 1}", text=text, path=(at, "do")))
        seen.add(name)
    return mistakes


def compile_actions(wishes: object) -> tuple[Wish, ...]:
    """A policy's wishes, in order; raises `ConfigError` with every mistake in them."""
    mistakes = validate_actions(wishes)
    if mistakes:
        raise ConfigError([str(mistake) for mistake in mistakes])
    return tuple(
        Wish(wish["do"], wish.get("value") or "") for wish in cast("list[dict[str, str]]", wishes)
    )
