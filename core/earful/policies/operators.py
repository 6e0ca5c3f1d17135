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

from earful.policies.facts import Fact, FactType, FactView, fold, word_run
from earful.policies.mistakes import meant, quoted

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

    `says` and `denies` are the sentence for yes and for no, with `{fact}` and `{value}` in them.
    `cost` orders questions: the cheap ones are asked first.
    """

    name: str
    title: str
    takes: Takes
    build: Callable[[str, Any], Test]
    says: str
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
            return fact.title if value is not denied else _negated(fact.title)
        template = self.denies if denied else self.says
        return template.format(fact=fact.title, value=_value_in_words(fact, value))


def _negated(statement: str) -> str:
    """A boolean fact's title, turned around: "author is not verified"."""
    for verb in (" is ", " has ", " was "):
        if verb in statement:
            return statement.replace(verb, f"{verb}not ", 1)
    return f"not: {statement}"


def _value_in_words(fact: Fact, value: object) -> str:
    if isinstance(value, list):
        return " or ".join(_value_in_words(fact, one) for one in value)
    if isinstance(value, str):
        return value.replace("_", " ") if fact.choices else quoted(value)
    return "" if value is None else f"{value:,}"


# Checking values


def _check_nothing(value: object) -> list[str]:
    return [] if value is None else ["this question takes no value"]


def _check_text(value: object) -> list[str]:
    if not isinstance(value, str):
        return ["the value must be a text"]
    if not value.strip():
        return ["the value is empty"]
    if len(value) > _LONGEST_TEXT:
        return [f"the value is longer than {_LONGEST_TEXT} characters"]
    return []


def _check_texts(value: object) -> list[str]:
    if not isinstance(value, list):
        return ["the value must be a list of texts"]
    if not value:
        return ["the list of values is empty"]
    if len(value) > _MOST_VALUES:
        return [f"the list holds more than {_MOST_VALUES} values"]
    return [mistake for one in value for mistake in _check_text(one)]


def _check_pattern(value: object) -> list[str]:
    found = _check_text(value)
    if not found and isinstance(value, str):
        try:
            _compile_pattern(value)
        except (re2.error, UnicodeError) as error:
            return [f"the pattern cannot be read: {_reason(error)}"]
    return found


def _check_number(value: object) -> list[str]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ["the value must be a number"]
    if isinstance(value, float) and not math.isfinite(value):
        return ["the value must be a finite number"]
    if abs(value) > _LARGEST_NUMBER:
        return [f"the value must lie within ±{_LARGEST_NUMBER:,}"]
    return []


def _check_boolean(value: object) -> list[str]:
    return [] if isinstance(value, bool) else ["the value must be true or false"]


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
        return [f"{quoted(value)} is none of {known}{meant(value, fact.choices)}"]
    if question.name == "contains_any_word" and not word_run(fold(value)).strip():
        return [f"{quoted(value)} holds no letter and no digit"]
    return []


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else error
    if isinstance(reason, bytes):
        return reason.decode("utf-8", "replace")
    return str(reason) if isinstance(error, re2.error) else "it is no valid text"


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


def _both_ways(
    name: str,
    title: str,
    takes: Takes,
    build: Callable[[str, Any], Test],
    denies: str,
    cost: int = 1,
) -> Operator:
    """An operator whose sentence is its title with the value behind it."""
    tail = "" if takes is Takes.NOTHING else " {value}"
    return Operator(
        name=name,
        title=title,
        takes=takes,
        build=build,
        says=f"{{fact}} {title}{tail}",
        denies=f"{{fact}} {denies}{tail}",
        cost=cost,
    )


_KNOWN = (
    _both_ways("is_known", "is known", Takes.NOTHING, _is_known, "is unknown"),
    _both_ways("is_unknown", "is unknown", Takes.NOTHING, _is_unknown, "is known"),
)

_TEXT = (
    _both_ways("contains", "contains", Takes.TEXT, _contains, "does not contain", 2),
    _both_ways("not_contains", "does not contain", Takes.TEXT, _contains_not, "contains", 2),
    _both_ways(
        "contains_any_word",
        "contains the word",
        Takes.TEXTS,
        _contains_any_word,
        "contains no word of",
        3,
    ),
    _both_ways("is", "is", Takes.TEXT, _equals, "is not"),
    _both_ways("is_not", "is not", Takes.TEXT, _equals_not, "is"),
    _both_ways("starts_with", "starts with", Takes.TEXT, _starts_with, "does not start with"),
    _both_ways("matches", "matches", Takes.PATTERN, _matches, "does not match", 4),
)

_NUMBER = (
    _both_ways("eq", "is", Takes.NUMBER, _compares(operator.eq), "is not"),
    _both_ways("lt", "is below", Takes.NUMBER, _compares(operator.lt), "is not below"),
    _both_ways("lte", "is at most", Takes.NUMBER, _compares(operator.le), "is not at most"),
    _both_ways("gt", "is above", Takes.NUMBER, _compares(operator.gt), "is not above"),
    _both_ways("gte", "is at least", Takes.NUMBER, _compares(operator.ge), "is not at least"),
    *_KNOWN,
)

_BOOLEAN = (_both_ways("is", "is", Takes.BOOLEAN, _is_true_or_false, "is not"),)

_CHOICE = (
    _both_ways("is", "is", Takes.TEXT, _is, "is not"),
    _both_ways("is_not", "is not", Takes.TEXT, _is_not, "is"),
    _both_ways("in", "is one of", Takes.TEXTS, _is_one_of, "is none of"),
    *_KNOWN,
)

_LABELS = (
    _both_ways("has", "include", Takes.TEXT, _has, "do not include"),
    _both_ways("has_not", "do not include", Takes.TEXT, _has_not, "include"),
    _both_ways("has_any", "include one of", Takes.TEXTS, _has_any, "include none of"),
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
