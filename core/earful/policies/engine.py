"""Decides what an ordered list of policies makes of one message, and says why.

Pure: the same policies and facts give the same decision. Whether a queue, an agent or a notifier
of that name exists, and what is done about it, is the caller's business.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from earful.errors import ConfigError
from earful.policies.actions import Wish, compile_actions, validate_actions
from earful.policies.conditions import Condition, compile_condition, validate_condition
from earful.policies.facts import FactRegistry, FactView
from earful.policies.mistakes import Mistake, quoted
from earful.types import Priority

__all__ = ["CompiledPolicy", "Decision", "Match", "compile_policy", "decide", "validate_policy"]

_STANDARD = FactRegistry.standard()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPolicy:
    """One version of a policy, ready to be asked. `once` policies act once per conversation."""

    id: int
    version: int
    name: str
    once: bool
    condition: Condition
    actions: tuple[Wish, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One policy that held: why, and what it did; both in words, for the timeline.

    `kinds` names the kind of action behind each of `did`.
    """

    policy_id: int
    version: int
    name: str
    because: tuple[str, ...]
    did: tuple[str, ...]
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What all policies together want. None and empty mean: no policy decided that."""

    queue: str | None = None
    priority: Priority | None = None
    assignee: str | None = None
    labels: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    ignore_reason: str | None = None
    matched: tuple[Match, ...] = ()


def validate_policy(
    condition: object, actions: object, facts: FactRegistry = _STANDARD
) -> list[Mistake]:
    """Every mistake in a policy's condition and actions."""
    return [*validate_condition(condition, facts), *validate_actions(actions)]


def compile_policy(
    id: int,  # noqa: A002 (the policy's own word)
    version: int,
    name: str,
    once: bool,  # noqa: FBT001 (a column of the policy's row)
    conditions_json: object,
    actions_json: object,
    facts: FactRegistry = _STANDARD,
) -> CompiledPolicy:
    """A policy ready to be asked; raises `ConfigError` with every mistake in it, named after it."""
    mistakes = validate_policy(conditions_json, actions_json, facts)
    if mistakes:
        raise ConfigError([f"policy {quoted(name)}, {mistake}" for mistake in mistakes])
    return CompiledPolicy(
        id=id,
        version=version,
        name=name,
        once=once,
        condition=compile_condition(conditions_json, facts),
        actions=compile_actions(actions_json),
    )


def decide(
    policies: Sequence[CompiledPolicy],
    facts: Mapping[str, object],
    already_applied: Collection[int] = (),
) -> Decision:
    """What the policies make of one message, asked in order.

    Every policy that holds acts. What only one can decide (queue, priority, assignee, the reason
    to ignore) belongs to the first that decides it; labels and notifications add up; `stop` ends
    the list. A `once` policy whose id is in `already_applied` is passed over.
    """
    view = FactView(facts)
    outcome = _Outcome()
    for policy in policies:
        if policy.once and policy.id in already_applied:
            continue
        if policy.condition.test(view):
            outcome.apply(policy, view)
            if outcome.stopped:
                break
    return outcome.decision()


@dataclass(slots=True)
class _Outcome:
    """What has been decided so far."""

    single: dict[str, str] = field(default_factory=dict)
    labels: dict[str, None] = field(default_factory=dict)
    notify: dict[str, None] = field(default_factory=dict)
    matched: list[Match] = field(default_factory=list)
    stopped: bool = False

    def apply(self, policy: CompiledPolicy, view: FactView) -> None:
        did = [self._wish(wish) for wish in policy.actions]
        self.matched.append(
            Match(
                policy_id=policy.id,
                version=policy.version,
                name=policy.name,
                because=tuple(policy.condition.because(view)),
                did=tuple(did),
                kinds=tuple(wish.do for wish in policy.actions),
            )
        )

    def _wish(self, wish: Wish) -> str:
        """Take one wish up, and say what became of it."""
        if wish.do == "stop":
            self.stopped = True
        elif wish.do == "label":
            self.labels[wish.value] = None
        elif wish.do == "notify":
            self.notify[wish.value] = None
        elif self.single.setdefault(wish.do, wish.value) != wish.value:
            return f"did not {wish.words}: an earlier policy decided {quoted(self.single[wish.do])}"
        return wish.done

    def decision(self) -> Decision:
        priority = self.single.get("priority")
        return Decision(
            queue=self.single.get("queue"),
            priority=Priority(priority) if priority else None,
            assignee=self.single.get("assign"),
            labels=tuple(self.labels),
            notify=tuple(self.notify),
            ignore_reason=self.single.get("ignore"),
            matched=tuple(self.matched),
        )
