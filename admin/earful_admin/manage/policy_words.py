"""Policies in words: the sentence, what a version changed, and which messages it would take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from earful.business_hours import BusinessHours
from earful.errors import ConfigError
from earful.policies import CompiledPolicy, compile_policy, decide, moment_facts, policy_in_words
from earful.policies.conditions import Group, Node
from earful.store.queries.policies import VersionLine
from earful.store.queries.routable import Routable, message_facts
from earful.wording import gettext as _

__all__ = ["Change", "DryRun", "Taken", "changes", "dry_run", "sentence"]


def _compiled(conditions: Any, actions: Any, *, once: bool = True) -> CompiledPolicy:
    return compile_policy(0, 0, "this policy", once, conditions, actions)


def sentence(conditions: Any, actions: Any, *, once: bool) -> str:
    """The policy as one sentence; "" where this version of Earful cannot read it."""
    try:
        policy = _compiled(conditions, actions, once=once)
    except ConfigError:
        return ""
    return policy_in_words(policy.condition, policy.actions, once=once)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that the policy would take, and why."""

    line: Routable
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a policy would have made of the newest messages."""

    asked: int
    taken: tuple[Taken, ...]

    @property
    def share(self) -> int:
        """How many in a hundred."""
        return round(100 * len(self.taken) / self.asked) if self.asked else 0


def dry_run(
    conditions: Any, actions: Any, lines: Sequence[Routable], hours: BusinessHours
) -> DryRun:
    """Ask one policy about each message by itself; nothing is changed."""
    policy = _compiled(conditions, actions)
    taken = [
        Taken(line=line, because=match.because)
        for line in lines
        for match in decide([policy], _facts(line, hours)).matched
    ]
    return DryRun(asked=len(lines), taken=tuple(taken))


def _facts(line: Routable, hours: BusinessHours) -> dict[str, object]:
    return {**moment_facts(hours, line.received_at), **message_facts(line)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One version beside the one before it."""

    version: VersionLine
    added: tuple[str, ...]
    removed: tuple[str, ...]
    note: str
    sentence: str


def changes(versions: Sequence[VersionLine]) -> list[Change]:
    """What each version changed, newest first; the oldest one shown stands by itself."""
    earlier = [*versions[1:], None]
    return [_change(new, old) for new, old in zip(versions, earlier, strict=True)]


def _change(new: VersionLine, old: VersionLine | None) -> Change:
    after, before = _phrases(new), _phrases(old) if old else []
    added = tuple(each for each in after if each not in before) if old else ()
    removed = tuple(each for each in before if each not in after)
    note = _("First version.") if new.number == 1 else ""
    if old and not (added or removed):
        note = _("Only the order or the grouping changed.")
    return Change(
        version=new,
        added=added,
        removed=removed,
        note=note,
        sentence=sentence(new.conditions, new.actions, once=False),
    )


def _phrases(version: VersionLine) -> list[str]:
    """A version's questions and actions, each in words."""
    try:
        policy = _compiled(version.conditions, version.actions)
    except ConfigError:
        return [_("something that this version of Earful cannot read")]
    return [*_questions(policy.condition.root), *(wish.words for wish in policy.actions)]


def _questions(node: Node, kind: str = "") -> Iterator[str]:
    if not isinstance(node, Group):
        phrase = node.phrase(denied=kind == "none")
        any_of = kind == "any"
        yield _("if any: %(what)s", what=phrase) if any_of else _("if %(what)s", what=phrase)
        return
    for child in node.children:
        # With one child, "all" and "any" say the same.
        matters = len(node.children) > 1 or node.kind == "none"
        yield from _questions(child, node.kind if matters else "")
