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
from earful.wording import gettext as _
from earful.wording import mark

__all__ = ["ACTIONS", "MOST_ACTIONS", "ActionType", "Wish", "compile_actions", "validate_actions"]

MOST_ACTIONS = 20
"""How many actions one policy may have."""

_LONGEST_VALUE = 200
_LABEL = re.compile(r"\w[\w.-]*(?::\w[\w.-]*)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionType:
    """One kind of action. `check` yields what is wrong with a value, or nothing.

    `says` is the imperative for a sentence, `done` the report of it; both with `%(value)s`, and all
    translated where they are shown.
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
        return _(ACTIONS[self.do].says, value=self._value)

    @property
    def done(self) -> str:
        """The same as a report: "put it into the queue “Billing”"."""
        return _(ACTIONS[self.do].done, value=self._value)

    @property
    def _value(self) -> str:
        return _(self.value) if self.value in ACTIONS[self.do].choices else self.value


def _check_any(_value: str) -> str:
    return ""


def _check_priority(value: str) -> str:
    if value in set(Priority):
        return ""
    text = _("%(name)s is none of %(known)s", name=named(value), known=", ".join(Priority))
    return f"{text}{meant(value, Priority)}"


def _check_label(value: str) -> str:
    if _LABEL.fullmatch(value):
        return ""
    return _(
        "%(name)s is no label: write a word, or namespace:value, without spaces", name=named(value)
    )


def _check_email(value: str) -> str:
    if _EMAIL.fullmatch(value):
        return ""
    return _("%(name)s is no e-mail address", name=named(value))


_TYPES = (
    ActionType(
        name="queue",
        title=mark("Put into a queue"),
        says=mark("put it into the queue “%(value)s”"),
        done=mark("put it into the queue “%(value)s”"),
        check=_check_any,
    ),
    ActionType(
        name="priority",
        title=mark("Set the priority"),
        says=mark("set the priority to %(value)s"),
        done=mark("set the priority to %(value)s"),
        check=_check_priority,
        choices=tuple(Priority),
    ),
    ActionType(
        name="label",
        title=mark("Add a label"),
        says=mark("add the label “%(value)s”"),
        done=mark("added the label “%(value)s”"),
        check=_check_label,
    ),
    ActionType(
        name="assign",
        title=mark("Assign to"),
        says=mark("assign it to %(value)s"),
        done=mark("assigned it to %(value)s"),
        check=_check_email,
    ),
    ActionType(
        name="notify",
        title=mark("Notify"),
        says=mark("notify through “%(value)s”"),
        done=mark("notified through “%(value)s”"),
        check=_check_any,
    ),
    ActionType(
        name="ignore",
        title=mark("Ignore, with a reason"),
        says=mark("ignore it because “%(value)s”"),
        done=mark("ignored it because “%(value)s”"),
        check=_check_any,
    ),
    ActionType(
        name="stop",
        title=mark("Look at no further policy"),
        says=mark("look at no further policy"),
        done=mark("looked at no further policy"),
        check=_check_any,
        takes_value=False,
    ),
)

ACTIONS: Mapping[str, ActionType] = MappingProxyType({one.name: one for one in _TYPES})
"""The kinds of action by name, in the order in which people are offered them."""


def validate_actions(wishes: object) -> list[Mistake]:
    """Every mistake in a policy's list of actions, each with its place."""
    whole = _("the actions")
    if not isinstance(wishes, list):
        return [Mistake(place=whole, text=_("must be a list"))]
    if not wishes:
        return [Mistake(place=whole, text=_("there is none: the policy would do nothing"))]
    if len(wishes) > MOST_ACTIONS:
        text = _("there are more than %(most)s", most=MOST_ACTIONS)
        return [Mistake(place=whole, text=text)]
    mistakes = [mistake for at, wish in enumerate(wishes) for mistake in _wish_mistakes(wish, at)]
    return mistakes or _contradictions(wishes)


def _wish_mistakes(wish: object, at: int) -> list[Mistake]:
    place = _("action %(n)s", n=at + 1)
    if not isinstance(wish, dict):
        return [Mistake(place=place, text=_("must have a “do”"), path=(at,))]
    mistakes = [
        Mistake(place=place, text=_("%(name)s is unknown", name=named(key)), path=(at,))
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
        return _("it does not say what to do: one of %(known)s", known=", ".join(ACTIONS))
    text = _("there is no action %(name)s", name=named(name))
    return f"{text}{meant(name, ACTIONS)}"


def _value_mistake(kind: ActionType, value: object) -> str:
    if not kind.takes_value:
        if value is None or value == "":
            return ""
        return _("%(name)s takes no value", name=quoted(kind.name))
    if not isinstance(value, str) or not value.strip():
        return _("%(name)s needs a value", name=quoted(kind.name))
    if len(value) > _LONGEST_VALUE:
        return _("the value is longer than %(most)s characters", most=_LONGEST_VALUE)
    return kind.check(value)


def _contradictions(wishes: list[dict[str, object]]) -> list[Mistake]:
    """What can be decided once only must not be decided twice in one policy."""
    seen: set[object] = set()
    mistakes = []
    for at, wish in enumerate(wishes):
        name = wish["do"]
        if name in seen and name in {"queue", "priority", "assign", "ignore"}:
            text = _("%(name)s is given twice; only one can hold", name=quoted(str(name)))
            mistakes.append(Mistake(place=_("action %(n)s", n=at + 1), text=text, path=(at, "do")))
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
