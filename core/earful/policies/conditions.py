"""Conditions: a tree of questions about facts, checked in full and compiled once to closures.

A tree is plain JSON: `{"all": […]}`, `{"any": […]}`, `{"none": […]}` around leaves such as
`{"fact": "message.text", "op": "contains", "value": "refund"}`. `{"all": []}` always holds.
What a leaf may ask is owned by `operators`, what about by `facts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from earful.errors import ConfigError
from earful.policies.facts import Fact, FactRegistry, FactView
from earful.policies.mistakes import Mistake, meant, named, quoted
from earful.policies.operators import OPERATORS, Operator, Test
from earful.wording import gettext as _
from earful.wording import language

__all__ = [
    "ALWAYS",
    "MOST_LEAVES",
    "MOST_LEVELS",
    "Condition",
    "Group",
    "Leaf",
    "Node",
    "compile_condition",
    "validate_condition",
]

MOST_LEVELS = 5
"""How deep groups may stand in groups."""
MOST_LEAVES = 100
"""How many questions one condition may ask."""

ALWAYS: Mapping[str, object] = {"all": []}
"""The condition that holds for every message."""

_STANDARD = FactRegistry.standard()
_GROUPS = ("all", "any", "none")
_LEAF_KEYS = ("fact", "op", "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One question about one fact."""

    fact: Fact
    operator: Operator
    value: object
    test: Test
    _phrases: dict[tuple[str, bool], str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def cost(self) -> int:
        return self.operator.cost

    def phrase(self, *, denied: bool = False) -> str:
        """Said of every message for which it holds, so worded once in each language."""
        key = (language(), denied)
        if key not in self._phrases:
            self._phrases[key] = self.operator.phrase(self.fact, self.value, denied=denied)
        return self._phrases[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Several nodes of which all, any or none must hold."""

    kind: Literal["all", "any", "none"]
    children: tuple[Node, ...]
    test: Test

    @property
    def cost(self) -> int:
        return sum(child.cost for child in self.children)


Node = Leaf | Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A compiled condition. `root` is for reading, `test` for asking many times over one view."""

    root: Node
    test: Test

    def matches(self, facts: Mapping[str, object]) -> bool:
        """Whether the condition holds for these facts."""
        return self.test(FactView(facts))

    def explain(self, facts: Mapping[str, object]) -> list[str]:
        """Which questions made it hold, in words; empty where it does not."""
        return self.because(FactView(facts))

    def because(self, view: FactView) -> list[str]:
        """As `explain`, over a view that was used before."""
        if not self.test(view):
            return []
        return list(dict.fromkeys(_reasons(self.root, view))) or [_("every message")]


# Checking


def validate_condition(tree: object, facts: FactRegistry = _STANDARD) -> list[Mistake]:
    """Every mistake in a condition, each with its place; an empty list where it can be compiled."""
    return _Check(facts).run(tree)


class _Check:
    """One walk over a tree that may hold anything at all."""

    def __init__(self, facts: FactRegistry) -> None:
        self._facts = facts
        self._mistakes: list[Mistake] = []
        self._leaves = 0

    def run(self, tree: object) -> list[Mistake]:
        self._node(tree, (), _("the condition"), 1)
        if self._leaves > MOST_LEAVES:
            text = _("it asks more than %(most)s questions; use several policies", most=MOST_LEAVES)
            self._mistakes.append(Mistake(place=_("the condition"), text=text))
        return self._mistakes

    def _say(self, path: tuple[str | int, ...], place: str, text: str) -> None:
        self._mistakes.append(Mistake(place=place, text=text, path=path))

    def _node(self, node: object, path: tuple[str | int, ...], place: str, level: int) -> None:
        if not isinstance(node, dict):
            self._say(path, place, _("must be a question or a group (all, any, none)"))
            return
        groups = [key for key in _GROUPS if key in node]
        if groups:
            self._group(node, groups, path, place, level)
        else:
            self._leaf(node, path, place)

    def _group(
        self,
        node: dict[object, object],
        groups: list[str],
        path: tuple[str | int, ...],
        place: str,
        level: int,
    ) -> None:
        kind = groups[0]
        if len(node) > 1:
            text = _("a group has one key, %(keys)s, and nothing beside it", keys=_one_of(groups))
            self._say(path, place, text)
            return
        children = node[kind]
        if not isinstance(children, list):
            self._say(path, place, _("%(name)s must hold a list", name=quoted(kind)))
        elif not children and kind != "all":
            self._say(path, place, _("%(name)s holds no question", name=quoted(kind)))
        elif level > MOST_LEVELS:
            text = _("groups stand more than %(most)s levels deep", most=MOST_LEVELS)
            self._say(path, place, text)
        else:
            self._children(children, kind, path, place, level)

    def _children(
        self,
        children: list[object],
        kind: str,
        path: tuple[str | int, ...],
        place: str,
        level: int,
    ) -> None:
        for number, child in enumerate(children):
            if self._leaves > MOST_LEAVES:
                return
            child_place = _("part %(n)s of %(group)s", n=number + 1, group=quoted(kind))
            if level > 1:
                child_place = _("%(part)s, inside %(place)s", part=child_place, place=place)
            self._node(child, (*path, kind, number), child_place, level + 1)

    def _leaf(self, node: dict[object, object], path: tuple[str | int, ...], place: str) -> None:
        self._leaves += 1
        for key in node:
            if key not in _LEAF_KEYS:
                names = (*_LEAF_KEYS, *_GROUPS)
                text = _("%(name)s is unknown", name=named(key))
                self._say(path, place, f"{text}{meant(key, names)}")
        fact = self._fact_of(node, path, place)
        if fact is None:
            return
        question = self._operator_of(node, fact, path, place)
        if question is not None:
            for text in question.mistakes(fact, node.get("value")):
                self._say((*path, "value"), place, text)

    def _fact_of(
        self, node: dict[object, object], path: tuple[str | int, ...], place: str
    ) -> Fact | None:
        name = node.get("fact")
        if not isinstance(name, str):
            self._say((*path, "fact"), place, _("it does not say which fact to look at"))
            return None
        fact = self._facts.get(name)
        if fact is None:
            names = [one.name for one in self._facts]
            text = _("there is no fact %(name)s", name=named(name))
            self._say((*path, "fact"), place, f"{text}{meant(name, names)}")
        return fact

    def _operator_of(
        self,
        node: dict[object, object],
        fact: Fact,
        path: tuple[str | int, ...],
        place: str,
    ) -> Operator | None:
        name = node.get("op")
        offered = OPERATORS[fact.type]
        if isinstance(name, str) and name in offered:
            return offered[name]
        text = _(
            "%(fact)s can be asked %(known)s, not %(name)s",
            fact=fact.name,
            known=", ".join(offered),
            name=named(name),
        )
        self._say((*path, "op"), place, f"{text}{meant(name, offered)}")
        return None


def _one_of(names: list[str]) -> str:
    return _(" or ").join(quoted(name) for name in names)


# Compiling


def compile_condition(tree: object, facts: FactRegistry = _STANDARD) -> Condition:
    """A condition ready to be asked; raises `ConfigError` with every mistake in it."""
    mistakes = validate_condition(tree, facts)
    if mistakes:
        raise ConfigError([str(mistake) for mistake in mistakes])
    root = _compile_node(cast("dict[str, object]", tree), facts)
    return Condition(root=root, test=root.test)


def _compile_node(node: dict[str, object], facts: FactRegistry) -> Node:
    for kind, combine in _COMBINE.items():
        if kind in node:
            children = tuple(
                _compile_node(child, facts) for child in cast("list[dict[str, object]]", node[kind])
            )
            # Nothing has a side effect, so the cheap questions go first.
            tests = tuple(child.test for child in sorted(children, key=lambda child: child.cost))
            return Group(kind=kind, children=children, test=combine(tests))
    return _compile_leaf(node, facts)


def _compile_leaf(node: dict[str, object], facts: FactRegistry) -> Leaf:
    fact = cast("Fact", facts.get(cast("str", node["fact"])))
    question = OPERATORS[fact.type][cast("str", node["op"])]
    value = node.get("value")
    return Leaf(fact=fact, operator=question, value=value, test=question.build(fact.name, value))


def _all(tests: tuple[Test, ...]) -> Test:
    match tests:
        case (only,):
            return only
        case (first, second):
            return lambda view: first(view) and second(view)

    def test(view: FactView) -> bool:
        for one in tests:  # noqa: SIM110 (a generator costs more than the questions)
            if not one(view):
                return False
        return True

    return test


def _any(tests: tuple[Test, ...]) -> Test:
    match tests:
        case (only,):
            return only
        case (first, second):
            return lambda view: first(view) or second(view)

    def test(view: FactView) -> bool:
        for one in tests:  # noqa: SIM110
            if one(view):
                return True
        return False

    return test


def _none(tests: tuple[Test, ...]) -> Test:
    found = _any(tests)

    def test(view: FactView) -> bool:
        return not found(view)

    return test


_COMBINE: Mapping[Literal["all", "any", "none"], Callable[[tuple[Test, ...]], Test]] = {
    "all": _all,
    "any": _any,
    "none": _none,
}


# Explaining


def _reasons(node: Node, view: FactView) -> Iterable[str]:
    """Why a node that holds does hold."""
    if isinstance(node, Leaf):
        yield node.phrase()
    elif node.kind == "none":
        for child in node.children:
            yield from _reasons_against(child, view)
    else:
        for child in node.children:
            if child.test(view):
                yield from _reasons(child, view)


def _reasons_against(node: Node, view: FactView) -> Iterable[str]:
    """Why a node that does not hold does not."""
    if isinstance(node, Leaf):
        yield node.phrase(denied=True)
    elif node.kind == "none":
        for child in node.children:
            if child.test(view):
                yield from _reasons(child, view)
    else:
        for child in node.children:
            if not child.test(view):
                yield from _reasons_against(child, view)
