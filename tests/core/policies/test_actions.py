"""Actions: what is accepted, and how mistakes are told."""

from __future__ import annotations

import pytest
from earful.errors import ConfigError
from earful.policies import ACTIONS, Wish, compile_actions, validate_actions
from hypothesis import given
from hypothesis import strategies as st

EXAMPLES = {
    "queue": "Billing",
    "priority": "urgent",
    "label": "topic:refund",
    "assign": "ann@example.org",
    "notify": "ops",
    "ignore": "advertising",
    "stop": None,
}


def test_every_kind_of_action_is_accepted_and_has_words() -> None:
    wishes = [{"do": do, "value": value} for do, value in EXAMPLES.items()]
    compiled = compile_actions(wishes)
    assert [wish.do for wish in compiled] == list(ACTIONS)
    assert all(wish.words and wish.done for wish in compiled)


def test_a_stop_needs_no_value_key() -> None:
    assert compile_actions([{"do": "stop"}]) == (Wish("stop"),)


def test_every_mistake_is_told_with_its_place() -> None:
    wishes = [
        {"do": "que", "value": "x"},
        {"do": "priority", "value": "hihg"},
        {"do": "stop", "value": []},
        {"do": "label", "value": "two words"},
        {"do": "assign", "value": "ann"},
        {"do": "queue", "value": " "},
        {"do": "queue", "value": "x", "to": "y"},
        {"value": "x"},
        "stop",
    ]
    assert [str(mistake) for mistake in validate_actions(wishes)] == [
        "action 1: there is no action “que”; did you mean queue?",
        "action 2: “hihg” is none of low, medium, high, urgent; did you mean high?",
        "action 3: “stop” takes no value",
        "action 4: “two words” is no label: write a word, or namespace:value, without spaces",
        "action 5: “ann” is no e-mail address",
        "action 6: “queue” needs a value",
        "action 7: “to” is unknown",
        (
            "action 8: it does not say what to do: one of queue, priority, label, assign, notify,"
            " ignore, stop"
        ),
        "action 9: must have a “do”",
    ]
    with pytest.raises(ConfigError):
        compile_actions(wishes)


def test_one_policy_cannot_choose_two_queues() -> None:
    wishes = [{"do": "queue", "value": "A"}, {"do": "queue", "value": "B"}]
    assert [str(mistake) for mistake in validate_actions(wishes)] == [
        "action 2: “queue” is given twice; only one can hold"
    ]


@pytest.mark.parametrize("wishes", [None, {}, [], [{"do": "stop"}] * 21])
def test_a_list_of_one_to_twenty_actions_is_needed(wishes: object) -> None:
    assert validate_actions(wishes)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(
        st.fixed_dictionaries({"do": st.sampled_from(list(ACTIONS)) | _JSON, "value": _JSON})
        | _JSON,
        max_size=5,
    )
)
def test_any_list_is_either_refused_in_words_or_compiled(wishes: list[object]) -> None:
    if not validate_actions(wishes):
        assert len(compile_actions(wishes)) == len(wishes)
