"""What a policy did stays English in the store, and is told in the reader's language."""

from __future__ import annotations

import pytest
from earful.policies.actions import ACTIONS, Wish
from earful.policies.conditions import compile_condition
from earful.policies.retelling import MOVED_NOTHING, retold, retold_reason
from earful.wording import speaking

VALUES = {"priority": "high", "assign": "sam@shop.example", "stop": ""}


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_what_an_action_did_is_told_again(name: str) -> None:
    wish = Wish(name, VALUES.get(name, "Rück “weg” %(value)s"))
    stored = wish.done
    assert retold(stored) == stored
    with speaking("de"):
        assert retold(stored) == wish.done
        assert retold(stored) != stored


def test_what_was_overruled_is_told_again() -> None:
    stored = "did not set the priority to high: an earlier policy decided “low”"
    assert retold(stored) == stored
    with speaking("de"):
        assert Wish("priority", "high").words in retold(stored)
        assert "earlier" not in retold(stored)


def test_words_that_no_action_made_stay_as_they_are() -> None:
    with speaking("de"):
        assert retold("did something long ago") == "did something long ago"
        assert retold(MOVED_NOTHING) != MOVED_NOTHING
    assert retold("") == ""


@pytest.mark.parametrize(
    "leaf",
    [
        {"fact": "labels", "op": "has", "value": "topic:refund"},
        {"fact": "labels", "op": "has_any", "value": ["topic:refund", "or else"]},
        {"fact": "message.text", "op": "contains", "value": "is not “fair” or so"},
        {"fact": "message.length", "op": "gt", "value": 12},
        {"fact": "message.language", "op": "is_not", "value": "de"},
    ],
)
def test_why_a_policy_held_is_told_again(leaf: dict[str, object]) -> None:
    root = compile_condition(leaf).root
    stored = root.phrase()  # type: ignore[union-attr]
    assert retold_reason(stored) == stored
    with speaking("de"):
        told = retold_reason(stored)
        assert told != stored
        assert told.replace("“", "").replace("”", "") == (
            root.phrase().replace("„", "").replace("“", "").replace("”", "")  # type: ignore[union-attr]
        )


def test_a_reason_that_no_fact_knows_stays_as_it_is() -> None:
    with speaking("de"):
        assert retold_reason("the moon is full") == "the moon is full"
        assert retold_reason("every message") != "every message"
