"""The questions that can be asked about each type of fact: how a value is checked, and compared.

Each operator turns a checked value into a small function, once, when a policy is compiled.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import re2
from babel.numbers import format_decimal

from earful.policies.facts import Fact, FactType, FactView, fold, word_run
from earful.policies.mistakes import meant, quoted
from earful.wording import gettext as _
from earful.wording import language, mark

__all__ = ["OPERATORS", "Operator", "Takes", "Test"]

Test = Callable[[FactView], bool]
"""Whether something holds for a message."""

_LONGEST_TEXT = 500
_MOST_VALUES = 100
_LARGEST_NUMBER = 10**15
_PATTERN_MEMORY = 4 << 20


class Takes(StrEnum):
    """What an operator wants beside the fact; a form draws its field from this."""

    NOTHING = "nothing"
    TEXT = "text"
    TEXTS = "texts"
    PATTERN = "pattern"
    NUMBER = "number"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One question about a fact.

    `title` and `denies` stand between fact and value, for yes and for no; both are translated where
    they are shown. `cost` orders questions: the cheap ones are asked first.
    """

    name: str
    title: str
    takes: Takes
    build: Callable[[str, Any], Test]
    denies: str
    cost: int = 1

    def mistakes(self, fact: Fact, value: Any) -> list[str]:
        """What is wrong with `value`, in sentences; nothing is wrong with an empty list."""
        found = _CHECKS[self.takes](value)
        if found or self.takes not in {Takes.TEXT, Takes.TEXTS}:
            return found
        values: list[str] = value if isinstance(value, list) else [value]
        return [mistake for one in values for mistake in _member_mistakes(self, fact, one)]

    def phrase(self, fact: Fact, value: object, *, denied: bool = False) -> str:
        """The question and its answer in words: "message text contains “refund”"."""
        if isinstance(value, bool):
            return _(fact.title) if value is not denied else _denied(fact)
        facts = {"fact": _(fact.title), "question": _(self.denies if denied else self.title)}
        if self.takes is Takes.NOTHING:
            return _("%(fact)s %(question)s", **facts)
        return _("%(fact)s %(question)s %(value)s", value=_value_in_words(fact, value), **facts)


def _denied(fact: Fact) -> str:
    """A boolean fact's title, turned around: "author is not verified"."""
    return _(fact.denied) or _("not: %(statement)s", statement=_(fact.title))


def _value_in_words(fact: Fact, value: object) -> str:
    if isinstance(value, list):
        return _(" or ").join(_value_in_words(fact, one) for one in value)
    if isinstance(value, str):
        return _(value.replace("_", " ")) if fact.choices else quoted(value)
    if isinstance(value, (int, float)):
        return format_decimal(value, locale=language(), decimal_quantization=False)
    return ""


# Checking values


def _check_nothing(value: object) -> list[str]:
    return [] if value is None else [_("this question takes no value")]


def _check_text(value: object) -> list[str]:
    if not isinstance(value, str):
        return [_("the value must be a text")]
    if not value.strip():
        return [_("the value is empty")]
    if len(value) > _LONGEST_TEXT:
        return [_("the value is longer than %(most)s characters", most=_LONGEST_TEXT)]
    return []


def _check_texts(value: object) -> list[str]:
    if not isinstance(value, list):
        return [_("the value must be a list of texts")]
    if not value:
        return [_("the list of values is empty")]
    if len(value) > _MOST_VALUES:
        return [_("the list holds more than %(most)s values", most=_MOST_VALUES)]
    return [mistake for one in value for mistake in _check_text(one)]


def _check_pattern(value: object) -> list[str]:
    found = _check_text(value)
    if not found and isinstance(value, str):
        try:
            _compile_pattern(value)
        except (re2.error, UnicodeError) as error:
            return [_("the pattern cannot be read: %(why)s", why=_reason(error))]
    return found


def _check_number(value: object) -> list[str]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return [_("the value must be a number")]
    if isinstance(value, float) and not math.isfinite(value):
        return [_("the value must be a finite number")]
    if abs(value) > _LARGEST_NUMBER:
        largest = format_decimal(_LARGEST_NUMBER, locale=language())
        return [_("the value must lie within ±%(largest)s", largest=largest)]
    return []


def _check_boolean(value: object) -> list[str]:
    return [] if isinstance(value, bool) else [_("the value must be true or false")]


_CHECKS: Mapping[Takes, Callable[[object], list[str]]] = {
    Takes.NOTHING: _check_nothing,
    Takes.TEXT: _check_text,
    Takes.TEXTS: _check_texts,
    Takes.PATTERN: _check_pattern,
    Takes.NUMBER: _check_number,
    Takes.BOOLEAN: _check_boolean,
}


def _member_mistakes(question: Operator, fact: Fact, value: str) -> list[str]:
    if fact.choices and value not in fact.choices:
        known = ", ".join(fact.choices)
        text = _("%(name)s is none of %(known)s", name=quoted(value), known=known)
        return [f"{text}{meant(value, fact.choices)}"]
    if question.name == "contains_any_word" and not word_run(fold(value)).strip():
        return [_("%(name)s holds no letter and no digit", name=quoted(value))]
    return []


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else error
    if isinstance(reason, bytes):
        return reason.decode("utf-8", "replace")
    return str(reason) if isinstance(error, re2.error) else _("it is no valid text")


# Comparing


def _compile_pattern(pattern: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    return re2.compile(pattern, options=options)


def _contains(name: str, value: str) -> Test:
    wanted = fold(value)

    def test(view: FactView) -> bool:
        text = view.folded[name]
        return text is not None and wanted in text

    return test


def _contains_not(name: str, value: str) -> Test:
    unwanted = fold(value)

    def test(view: FactView) -> bool:
        text = view.folded[name]
        return text is not None and unwanted not in text

    return test


def _starts_with(name: str, value: str) -> Test:
    wanted = fold(value)

    def test(view: FactView) -> bool:
        text = view.folded[name]
        return text is not None and text.startswith(wanted)

    return test


def _contains_any_word(name: str, value: list[str]) -> Test:
    runs = [word_run(fold(word)) for word in value]
    # Most texts hold no part of most words, and that is quicker seen than where words end.
    wanted = tuple((run.split()[0], run) for run in runs)

    def test(view: FactView) -> bool:
        text = view.folded[name]
        if text is None:
            return False
        for start, run in wanted:  # noqa: SIM110 (a generator costs more than the search)
            if start in text and run in (view.words[name] or ""):
                return True
        return False

    return test


def _matches(name: str, value: str) -> Test:
    search = _compile_pattern(value).search

    def test(view: FactView) -> bool:
        text = view.encoded[name]
        return text is not None and search(text) is not None

    return test


def _equals(name: str, value: str) -> Test:
    wanted = fold(value).strip()

    def test(view: FactView) -> bool:
        text = view.folded[name]
        return text is not None and text.strip() == wanted

    return test


def _equals_not(name: str, value: str) -> Test:
    unwanted = fold(value).strip()

    def test(view: FactView) -> bool:
        text = view.folded[name]
        return text is not None and text.strip() != unwanted

    return test


def _is(name: str, value: str) -> Test:
    wanted = fold(value)

    def test(view: FactView) -> bool:
        return view.folded[name] == wanted

    return test


def _is_not(name: str, value: str) -> Test:
    unwanted = fold(value)

    def test(view: FactView) -> bool:
        text = view.folded[name]
        return text is not None and text != unwanted

    return test


def _is_one_of(name: str, value: list[str]) -> Test:
    wanted = frozenset(fold(one) for one in value)

    def test(view: FactView) -> bool:
        return view.folded[name] in wanted

    return test


def _is_true_or_false(name: str, value: bool) -> Test:  # noqa: FBT001 (every builder takes a value)
    def test(view: FactView) -> bool:
        return view.values.get(name) is value

    return test


def _is_known(name: str, _value: None) -> Test:
    def test(view: FactView) -> bool:
        return view.values.get(name) is not None

    return test


def _is_unknown(name: str, _value: None) -> Test:
    def test(view: FactView) -> bool:
        return view.values.get(name) is None

    return test


def _compares(holds: Callable[[float, float], bool]) -> Callable[[str, float], Test]:
    def build(name: str, value: float) -> Test:
        def test(view: FactView) -> bool:
            number = view.numbers[name]
            return number is not None and holds(number, value)

        return test

    return build


def _has(name: str, value: str) -> Test:
    wanted = fold(value)

    def test(view: FactView) -> bool:
        labels = view.labels[name]
        return labels is not None and wanted in labels

    return test


def _has_not(name: str, value: str) -> Test:
    unwanted = fold(value)

    def test(view: FactView) -> bool:
        labels = view.labels[name]
        return labels is not None and unwanted not in labels

    return test


def _has_any(name: str, value: list[str]) -> Test:
    wanted = frozenset(fold(one) for one in value)

    def test(view: FactView) -> bool:
        labels = view.labels[name]
        return labels is not None and not wanted.isdisjoint(labels)

    return test


# The table


def _asks(
    name: str,
    title: str,
    takes: Takes,
    build: Callable[[str, Any], Test],
    denies: str,
    cost: int = 1,
) -> Operator:
    return Operator(name=name, title=title, takes=takes, build=build, denies=denies, cost=cost)


_KNOWN = (
    _asks("is_known", mark("is known"), Takes.NOTHING, _is_known, mark("is unknown")),
    _asks("is_unknown", mark("is unknown"), Takes.NOTHING, _is_unknown, mark("is known")),
)

_TEXT = (
    _asks("contains", mark("contains"), Takes.TEXT, _contains, mark("does not contain"), 2),
    _asks("not_contains", mark("does not contain"), Takes.TEXT, _contains_not, mark("contains"), 2),
    _asks(
        "contains_any_word",
        mark("contains the word"),
        Takes.TEXTS,
        _contains_any_word,
        mark("contains no word of"),
        3,
    ),
    _asks("is", mark("is"), Takes.TEXT, _equals, mark("is not")),
    _asks("is_not", mark("is not"), Takes.TEXT, _equals_not, mark("is")),
    _asks(
        "starts_with", mark("starts with"), Takes.TEXT, _starts_with, mark("does not start with")
    ),
    _asks("matches", mark("matches"), Takes.PATTERN, _matches, mark("does not match"), 4),
)

_NUMBER = (
    _asks("eq", mark("is"), Takes.NUMBER, _compares(operator.eq), mark("is not")),
    _asks("lt", mark("is below"), Takes.NUMBER, _compares(operator.lt), mark("is not below")),
    _asks("lte", mark("is at most"), Takes.NUMBER, _compares(operator.le), mark("is not at most")),
    _asks("gt", mark("is above"), Takes.NUMBER, _compares(operator.gt), mark("is not above")),
    _asks(
        "gte", mark("is at least"), Takes.NUMBER, _compares(operator.ge), mark("is not at least")
    ),
    *_KNOWN,
)

_BOOLEAN = (_asks("is", mark("is"), Takes.BOOLEAN, _is_true_or_false, mark("is not")),)

_CHOICE = (
    _asks("is", mark("is"), Takes.TEXT, _is, mark("is not")),
    _asks("is_not", mark("is not"), Takes.TEXT, _is_not, mark("is")),
    _asks("in", mark("is one of"), Takes.TEXTS, _is_one_of, mark("is none of")),
    *_KNOWN,
)

_LABELS = (
    _asks("has", mark("include"), Takes.TEXT, _has, mark("do not include")),
    _asks("has_not", mark("do not include"), Takes.TEXT, _has_not, mark("include")),
    _asks("has_any", mark("include one of"), Takes.TEXTS, _has_any, mark("include none of")),
)


def _by_name(operators: tuple[Operator, ...]) -> Mapping[str, Operator]:
    return MappingProxyType({one.name: one for one in operators})


OPERATORS: Mapping[FactType, Mapping[str, Operator]] = MappingProxyType(
    {
        FactType.TEXT: _by_name(_TEXT),
        FactType.NUMBER: _by_name(_NUMBER),
        FactType.BOOLEAN: _by_name(_BOOLEAN),
        FactType.CHOICE: _by_name(_CHOICE),
        FactType.LABELS: _by_name(_LABELS),
    }
)
"""The operators of each type of fact, by name, in the order in which people are offered them."""
