"""What a policy or a macro may do: the registries, the check of their JSON, and their words.

An action here is a wish (`{"do": "queue", "value": "Billing"}`). What becomes of several wishes is
decided by `engine`; rows are written elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import cast

from earful.errors import ConfigError
from earful.policies.mistakes import Mistake, meant, named, quoted
from earful.types import Priority
from earful.wording import gettext as _
from earful.wording import language, mark

__all__ = [
    "ACTIONS",
    "MACRO_STEPS",
    "MOST_ACTIONS",
    "SNOOZE_FOR",
    "ActionType",
    "Wish",
    "compile_actions",
    "validate_actions",
]

MOST_ACTIONS = 20
"""How many actions one policy or macro may have."""
SNOOZE_FOR: Mapping[str, timedelta] = MappingProxyType(
    {
        mark("1 hour"): timedelta(hours=1),
        mark("4 hours"): timedelta(hours=4),
        mark("1 day"): timedelta(days=1),
        mark("3 days"): timedelta(days=3),
        mark("1 week"): timedelta(weeks=1),
    }
)
"""For how long a macro can put a conversation away."""

_LONGEST_VALUE = 200
_LABEL = re.compile(r"\w[\w.-]*(?::\w[\w.-]*)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionType:
    """One kind of action. `check` yields what is wrong with a value, or nothing.

    `says` is the imperative for a sentence, `done` the report of it; both with `%(value)s`, and all
    translated where they are shown. Of the actions that decide the same thing (`decides`), only
    one can hold.
    """

    name: str
    title: str
    says: str
    done: str
    check: Callable[[str], str]
    takes_value: bool = True
    choices: tuple[str, ...] = ()
    decides: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What one policy or macro wants done."""

    do: str
    value: str = ""

    @property
    def words(self) -> str:
        """The wish as an imperative: "put it into the queue “Billing”"."""
        return _worded(self, "says", language())

    @property
    def done(self) -> str:
        """The same as a report: "put it into the queue “Billing”"."""
        return _worded(self, "done", language())


@lru_cache(maxsize=10_000)
def _worded(wish: Wish, form: str, _language: str) -> str:
    """Said of every message that a policy matches, so worded once in each language."""
    known = _KNOWN[wish.do]
    value = _(wish.value) if wish.value in known.choices else wish.value
    return _(getattr(known, form), value=value)


def _check_any(_value: str) -> str:
    return ""


def _check_priority(value: str) -> str:
    if value in set(Priority):
        return ""
    text = _("%(name)s is none of %(known)s", name=named(value), known=", ".join(Priority))
    return f"{text}{meant(value, Priority)}"


def _check_span(value: str) -> str:
    if value in SNOOZE_FOR:
        return ""
    text = _("%(name)s is none of %(known)s", name=named(value), known=", ".join(SNOOZE_FOR))
    return f"{text}{meant(value, SNOOZE_FOR)}"


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
        decides="queue",
    ),
    ActionType(
        name="priority",
        title=mark("Set the priority"),
        says=mark("set the priority to %(value)s"),
        done=mark("set the priority to %(value)s"),
        check=_check_priority,
        choices=tuple(Priority),
        decides="priority",
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
        decides="assignee",
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
        decides="status",
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
"""What policies do, by name, in the order in which people are offered them."""

_STEPS = (
    ActionType(
        name="take",
        title=mark("Assign to whoever runs it"),
        says=mark("assign it to you"),
        done=mark("took it"),
        check=_check_any,
        takes_value=False,
        decides="assignee",
    ),
    ActionType(
        name="snooze",
        title=mark("Snooze"),
        says=mark("snooze it for %(value)s"),
        done=mark("snoozed it for %(value)s"),
        check=_check_span,
        choices=tuple(SNOOZE_FOR),
        decides="status",
    ),
    ActionType(
        name="resolve",
        title=mark("Resolve"),
        says=mark("resolve it"),
        done=mark("resolved it"),
        check=_check_any,
        takes_value=False,
        decides="status",
    ),
)
_OF_BOTH = ("queue", "priority", "label", "assign", "ignore")

MACRO_STEPS: Mapping[str, ActionType] = MappingProxyType(
    {**{name: ACTIONS[name] for name in _OF_BOTH}, **{one.name: one for one in _STEPS}}
)
"""What macros do, by name, in the order in which people are offered them."""

_KNOWN = {**ACTIONS, **MACRO_STEPS}


def validate_actions(wishes: object, kinds: Mapping[str, ActionType] = ACTIONS) -> list[Mistake]:
    """Every mistake in a list of actions of these kinds, each with its place."""
    whole = _("the actions")
    if not isinstance(wishes, list):
        return [Mistake(place=whole, text=_("must be a list"))]
    if not wishes:
        return [Mistake(place=whole, text=_nothing(kinds))]
    if len(wishes) > MOST_ACTIONS:
        text = _("there are more than %(most)s", most=MOST_ACTIONS)
        return [Mistake(place=whole, text=text)]
    mistakes = [
        mistake for at, wish in enumerate(wishes) for mistake in _wish_mistakes(wish, at, kinds)
    ]
    return mistakes or _contradictions(wishes, kinds)


def _nothing(kinds: Mapping[str, ActionType]) -> str:
    if kinds is MACRO_STEPS:
        return _("there is none: the macro would do nothing")
    return _("there is none: the policy would do nothing")


def _wish_mistakes(wish: object, at: int, kinds: Mapping[str, ActionType]) -> list[Mistake]:
    place = _("action %(n)s", n=at + 1)
    if not isinstance(wish, dict):
        return [Mistake(place=place, text=_("must have a “do”"), path=(at,))]
    mistakes = [
        Mistake(place=place, text=_("%(name)s is unknown", name=named(key)), path=(at,))
        for key in wish
        if key not in {"do", "value"}
    ]
    name = wish.get("do")
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        text = _unknown_action(name, kinds)
        return [*mistakes, Mistake(place=place, text=text, path=(at, "do"))]
    text = _value_mistake(kind, wish.get("value"))
    return [*mistakes, Mistake(place=place, text=text, path=(at, "value"))] if text else mistakes


def _unknown_action(name: object, kinds: Mapping[str, ActionType]) -> str:
    if not isinstance(name, str):
        return _("it does not say what to do: one of %(known)s", known=", ".join(kinds))
    text = _("there is no action %(name)s", name=named(name))
    return f"{text}{meant(name, kinds)}"


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


def _contradictions(
    wishes: list[dict[str, object]], kinds: Mapping[str, ActionType]
) -> list[Mistake]:
    """What can be decided once only must not be decided twice in one list."""
    decided: dict[str, str] = {}
    mistakes = []
    for at, wish in enumerate(wishes):
        name = str(wish["do"])
        decides = kinds[name].decides
        earlier = decided.setdefault(decides, name) if decides else ""
        if decides and (text := _contradiction(earlier, name, wishes[:at])):
            mistakes.append(Mistake(place=_("action %(n)s", n=at + 1), text=text, path=(at, "do")))
    return mistakes


def _contradiction(earlier: str, name: str, before: list[dict[str, object]]) -> str:
    if earlier != name:
        return _(
            "%(name)s and %(other)s exclude each other", name=quoted(name), other=quoted(earlier)
        )
    if any(wish["do"] == name for wish in before):
        return _("%(name)s is given twice; only one can hold", name=quoted(name))
    return ""


def compile_actions(wishes: object, kinds: Mapping[str, ActionType] = ACTIONS) -> tuple[Wish, ...]:
    """The wishes, in order; raises `ConfigError` with every mistake in them."""
    mistakes = validate_actions(wishes, kinds)
    if mistakes:
        raise ConfigError([str(mistake) for mistake in mistakes])
    return tuple(
        Wish(wish["do"], wish.get("value") or "") for wish in cast("list[dict[str, str]]", wishes)
    )
