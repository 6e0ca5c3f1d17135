"""Policies as sentences."""

# ruff: noqa: FBT003 - truth values and odd characters are the data of these tests

from __future__ import annotations

import pytest
from earful.policies import compile_actions, compile_condition, condition_in_words, policy_in_words

ACTIONS = compile_actions([{"do": "queue", "value": "Billing"}, {"do": "stop"}])


def leaf(fact: str, op: str, value: object = None) -> dict[str, object]:
    return {"fact": fact, "op": op, "value": value}


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        ({"all": []}, ""),
        (leaf("author.reach", "is_unknown"), "author's reach is unknown"),
        (leaf("author.reach", "gte", 10_000), "author's reach is at least 10,000"),
        (leaf("author.verified", "is", False), "author is not verified by the platform"),
        (leaf("contact.is_known", "is", True), "contact has written before"),
        (
            leaf("message.text", "contains_any_word", ["late", "lost"]),
            "message text contains the word “late” or “lost”",
        ),
        (
            leaf("message.surface", "in", ["public_post", "private"]),
            "kind of message is one of public post or private",
        ),
        (
            {
                "all": [
                    leaf("labels", "has", "vip"),
                    {"any": [leaf("time.hour", "lt", 9), leaf("time.weekday", "is", "sunday")]},
                    {"none": [leaf("message.text", "contains", "thanks")]},
                ]
            },
            (
                "labels include “vip”, (hour of the day is below 9 or day of the week is"
                " sunday) and message text does not contain “thanks”"
            ),
        ),
        (
            {"none": [{"all": [leaf("labels", "has", "a"), leaf("labels", "has", "b")]}]},
            "not (labels include “a” and labels include “b”)",
        ),
    ],
)
def test_a_condition_reads_as_a_clause(tree: object, sentence: str) -> None:
    assert condition_in_words(compile_condition(tree)) == sentence


def test_a_policy_reads_as_a_sentence() -> None:
    condition = compile_condition(leaf("message.text", "contains", "refund"))
    assert policy_in_words(condition, ACTIONS, once=True) == (
        "When message text contains “refund”, put it into the queue “Billing” and look at no"
        " further policy, once per conversation."
    )


def test_a_policy_without_a_condition_says_that_it_takes_every_message() -> None:
    sentence = policy_in_words(compile_condition({"all": []}), ACTIONS)
    assert sentence == (
        "For every message, put it into the queue “Billing” and look at no further policy."
    )
