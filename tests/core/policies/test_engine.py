"""What several policies make of one message together."""

# ruff: noqa: FBT003 - truth values and odd characters are the data of these tests

from __future__ import annotations

import pytest
from earful.errors import ConfigError
from earful.policies import ALWAYS, CompiledPolicy, Decision, compile_policy, decide
from earful.types import Priority

REFUND = {"fact": "message.text", "op": "contains", "value": "refund"}
FACTS = {"message.text": "I want a refund"}


def policy(
    number: int, *wishes: tuple[str, str], once: bool = False, when: object = REFUND
) -> CompiledPolicy:
    actions = [{"do": do, "value": value} for do, value in wishes]
    return compile_policy(number, 1, f"Policy {number}", once, when, actions)


def test_no_policy_decides_nothing() -> None:
    assert decide([], FACTS) == Decision()


def test_a_policy_that_does_not_hold_does_nothing() -> None:
    assert decide([policy(1, ("queue", "Billing"))], {"message.text": "hello"}) == Decision()


def test_a_policy_that_holds_decides_and_says_why() -> None:
    decision = decide(
        [policy(1, ("queue", "Billing"), ("priority", "high"), ("assign", "ann@example.org"))],
        FACTS,
    )
    assert (decision.queue, decision.priority, decision.assignee) == (
        "Billing",
        Priority.HIGH,
        "ann@example.org",
    )
    (match,) = decision.matched
    assert (match.policy_id, match.version, match.name) == (1, 1, "Policy 1")
    assert match.because == ("message text contains “refund”",)
    assert match.did == (
        "put it into the queue “Billing”",
        "set the priority to high",
        "assigned it to ann@example.org",
    )


def test_the_first_policy_that_decides_something_keeps_it() -> None:
    decision = decide([policy(1, ("queue", "Billing")), policy(2, ("queue", "Support"))], FACTS)
    assert decision.queue == "Billing"
    assert decision.matched[1].did == (
        "did not put it into the queue “Support”: an earlier policy decided “Billing”",
    )


def test_a_later_policy_decides_what_an_earlier_one_left_open() -> None:
    decision = decide([policy(1, ("queue", "Billing")), policy(2, ("priority", "low"))], FACTS)
    assert (decision.queue, decision.priority) == ("Billing", Priority.LOW)


def test_labels_and_notifications_add_up_once_each_in_order() -> None:
    decision = decide(
        [
            policy(1, ("label", "topic:refund"), ("notify", "ops")),
            policy(2, ("label", "vip"), ("label", "topic:refund"), ("notify", "pager")),
        ],
        FACTS,
    )
    assert decision.labels == ("topic:refund", "vip")
    assert decision.notify == ("ops", "pager")


def test_stop_ends_the_list_after_the_policys_own_actions() -> None:
    decision = decide(
        [policy(1, ("stop", ""), ("label", "seen")), policy(2, ("queue", "Billing"))], FACTS
    )
    assert decision.labels == ("seen",)
    assert decision.queue is None
    assert len(decision.matched) == 1


def test_ignore_carries_its_reason_and_does_not_stop() -> None:
    decision = decide([policy(1, ("ignore", "spam")), policy(2, ("label", "x"))], FACTS)
    assert (decision.ignore_reason, decision.labels) == ("spam", ("x",))


def test_a_once_policy_is_passed_over_when_it_was_applied() -> None:
    policies = [policy(1, ("stop", ""), once=True), policy(2, ("queue", "Billing"))]
    assert decide(policies, FACTS).queue is None
    assert decide(policies, FACTS, already_applied={1}).queue == "Billing"


def test_a_policy_that_may_repeat_ignores_that_it_was_applied() -> None:
    assert decide([policy(1, ("queue", "Billing"))], FACTS, already_applied={1}).queue == "Billing"


def test_a_policy_for_every_message_says_so() -> None:
    decision = decide([policy(1, ("queue", "All"), when=ALWAYS)], {})
    assert decision.matched[0].because == ("every message",)


def test_a_wrong_policy_is_refused_with_all_its_mistakes_named_after_it() -> None:
    with pytest.raises(ConfigError) as caught:
        compile_policy(1, 1, "Refunds", False, {"any": []}, [{"do": "quue", "value": "x"}])
    assert caught.value.problems == [
        "policy “Refunds”, the condition: “any” holds no question",
        "policy “Refunds”, action 1: there is no action “quue”; did you mean queue?",
    ]
