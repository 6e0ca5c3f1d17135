"""Messages find their queue: policies first, then routers, then the fallback queue.

What is decided, and why, is written on the conversation's timeline.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from earful.components import Router, describe
from earful.inbox import timeline
from earful.inbox.assigning import hand_out
from earful.inbox.conversations import stop_clocks
from earful.inbox.text import clean
from earful.pipeline.route.policies import applied_policies, enabled_policies
from earful.plugins import contained
from earful.policies import CompiledPolicy, Decision, Match, decide, moment_facts
from earful.policies.retelling import MOVED_NOTHING
from earful.runtime import Named, Runtime
from earful.store import bulk
from earful.store.database import locked, transaction
from earful.store.directory import Directory
from earful.store.models import Conversation, ConversationLabel, PolicyRun
from earful.store.queries.reading import among
from earful.store.queries.routable import Routable, message_facts, routed_item, to_route
from earful.store.stages import held, move
from earful.store.states import ConversationStatus, PriorityRank, Stage
from earful.types import Priority, Route, RoutedItem

__all__ = ["route"]

logger = logging.getLogger(__name__)
_MOVES = frozenset({"queue", "priority"})


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What was decided on one message, by whom, and why."""

    item: Routable
    decision: Decision
    by: str
    reason: str = ""
    failures: tuple[str, ...] = ()


@dataclass(slots=True)
class _Bench:
    """What a batch is judged by, read once for all its messages."""

    runtime: Runtime
    directory: Directory
    policies: Sequence[CompiledPolicy]
    applied: dict[int, set[int]]
    moment: dict[str, object]


def route(runtime: Runtime, message_ids: Sequence[int], *, now: datetime) -> None:
    """Decide on the messages that are classified, and move them on."""
    items = to_route(message_ids)
    if not items:
        return
    policies = enabled_policies(runtime.compiled_policies)
    bench = _Bench(
        runtime,
        Directory.load(runtime.config.inbox.fallback_queue),
        policies,
        applied_policies(policies, {item.conversation_id for item in items if not item.opens}),
        moment_facts(runtime.hours_in_force(), now),
    )
    verdicts = [_judge(bench, item) for item in items]
    with transaction():
        waiting = held(message_ids, Stage.CLASSIFIED)
        mine = [each for each in verdicts if each.item.message_id in waiting]
        _apply(mine, bench.directory, now)
        move(waiting, Stage.ROUTED)


def _judge(bench: _Bench, item: Routable) -> _Verdict:
    applied = bench.applied.setdefault(item.conversation_id, set())
    decision = decide(bench.policies, {**bench.moment, **message_facts(item)}, applied)
    applied.update(match.policy_id for match in decision.matched)
    if decision.queue in bench.directory.queues or not item.opens:
        return _Verdict(item, decision, "policy")
    return _ask_routers(bench.runtime, item, decision, bench.directory)


def _ask_routers(
    runtime: Runtime, item: Routable, decision: Decision, directory: Directory
) -> _Verdict:
    """The first router that names a queue we have; else the fallback queue."""
    question = routed_item(item)
    failures: list[str] = []
    for router in runtime.routers:
        try:
            answer = _ask(router, question)
        except Exception as error:  # noqa: BLE001 - the next router is asked
            logger.warning("router=%s failed: %s", router.name, describe(error))
            failures.append(clean(f"{router.name}: {describe(error)}", 1000))
            continue
        if answer is not None and answer.queue in directory.queues:
            merged = replace(
                decision,
                queue=answer.queue,
                priority=decision.priority or answer.priority,
                labels=(*decision.labels, *answer.labels),
            )
            by = f"router:{router.name}"
            return _Verdict(item, merged, by, answer.reason, tuple(failures))
    fallback = replace(decision, queue=directory.fallback)
    return _Verdict(item, fallback, "fallback", failures=tuple(failures))


def _ask(router: Named[Router], question: RoutedItem) -> Route | None:
    """A router's answer; raises when it is none that could be written down."""
    answer = contained(f"{router.name}.route", lambda: router.object.route(question))
    if answer is None:
        return None
    return replace(
        answer,
        priority=answer.priority and Priority(answer.priority),
        labels=tuple(clean(name, 100) for name in answer.labels),
        reason=clean(answer.reason, 1000),
    )


def _apply(verdicts: Sequence[_Verdict], directory: Directory, now: datetime) -> None:
    if not verdicts:
        return
    states = _conversations({each.item.conversation_id for each in verdicts})
    verdicts = [
        replace(each, decision=_carry_out(states[each.item.conversation_id], each, directory))
        for each in verdicts
    ]
    bulk.update(Conversation, states.values())
    stop_clocks({each.item.conversation_id for each in verdicts if _is_ignored(each)}, now)
    _write_labels(verdicts, now)
    _write_runs(verdicts, now)
    timeline.add([entry for each in verdicts for entry in _failures(each, now)])
    timeline.add([_entry(each, now) for each in verdicts])
    hand_out(_unassigned(states.values(), directory), now=now, tell_waiting=True)


def _unassigned(states: Iterable[Mapping[str, Any]], directory: Directory) -> list[int]:
    """What came into a queue that hands out, and nobody holds."""
    queues = {queue.id for queue in directory.queues.values() if queue.hands_out}
    return [
        state["id"] for state in states if state["queue"] in queues and state["assignee"] is None
    ]


def _conversations(ids: set[int]) -> dict[int, dict[str, Any]]:
    columns = ("id", "queue", "priority", "assignee", "status", "outcome")
    rows = locked(
        Conversation.select(*(getattr(Conversation, name) for name in columns))
        .where(among(Conversation.id, ids))
        .order_by(Conversation.id)
    ).tuples()
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def _carry_out(state: dict[str, Any], verdict: _Verdict, directory: Directory) -> Decision:
    """Lay a decision over a conversation; returns what was done of it.

    What nobody decided stays as it is. A later message can draw more attention to a conversation,
    never less: kind words of a third person must not hide a complaint.
    """
    decision = verdict.decision
    rank = PriorityRank.of(decision.priority or Priority.MEDIUM)
    is_heard = verdict.item.opens or rank >= state["priority"]
    if is_heard:
        if decision.queue in directory.queues:
            state["queue"] = directory.queues[decision.queue].id
        state["priority"] = rank if decision.priority else state["priority"]
    if state["queue"] is None:
        state["queue"] = directory.queues[directory.fallback].id
    # A policy never takes a conversation away from the person who holds it.
    if state["assignee"] is None:
        state["assignee"] = directory.agents.get(decision.assignee or "")
    if _is_ignored(verdict) and state["status"] is ConversationStatus.OPEN:
        state["status"] = ConversationStatus.IGNORED
        state["outcome"] = decision.ignore_reason
    return decision if is_heard else _without_moving(decision)


def _without_moving(decision: Decision) -> Decision:
    """The decision as it is told when the conversation stayed where it was."""
    return replace(
        decision, queue=None, priority=None, matched=tuple(map(_told_unmoved, decision.matched))
    )


def _told_unmoved(match: Match) -> Match:
    done = zip(match.kinds, match.did, strict=True)
    did = [words for kind, words in done if kind not in _MOVES]
    if len(did) < len(match.did):
        did.append(MOVED_NOTHING)
    return replace(match, did=tuple(did))


def _is_ignored(verdict: _Verdict) -> bool:
    """Only what opens a conversation can make it one that needs nobody."""
    return bool(verdict.decision.ignore_reason) and verdict.item.opens


def _write_labels(verdicts: Sequence[_Verdict], now: datetime) -> None:
    rows = [
        {
            "conversation": verdict.item.conversation_id,
            "name": name,
            "added_by": verdict.by,
            "added_at": now,
        }
        for verdict in verdicts
        for name in verdict.decision.labels
    ]
    if rows:
        bulk.insert(ConversationLabel, rows, ignore_known=True)


def _write_runs(verdicts: Sequence[_Verdict], now: datetime) -> None:
    rows = [
        {
            "policy": match.policy_id,
            "version": match.version,
            "conversation": verdict.item.conversation_id,
            "message": verdict.item.message_id,
            "at": now,
            "because": list(match.because),
            "did": list(match.did),
        }
        for verdict in verdicts
        for match in verdict.decision.matched
    ]
    if rows:
        bulk.insert(PolicyRun, rows, ignore_known=True)


def _failures(verdict: _Verdict, now: datetime) -> list[timeline.Entry]:
    item = verdict.item
    return [
        timeline.entry(
            item.conversation_id, "router_failed", now, message_id=item.message_id, reason=reason
        )
        for reason in verdict.failures
    ]


def _entry(verdict: _Verdict, now: datetime) -> timeline.Entry:
    decision = verdict.decision
    matched: list[Mapping[str, Any]] = [
        {
            "policy_id": match.policy_id,
            "version": match.version,
            "name": match.name,
            "because": list(match.because),
            "did": list(match.did),
        }
        for match in decision.matched
    ]
    return timeline.entry(
        verdict.item.conversation_id,
        "routed",
        now,
        message_id=verdict.item.message_id,
        queue=decision.queue,
        by=verdict.by,
        reason=verdict.reason,
        policies=matched,
    )
