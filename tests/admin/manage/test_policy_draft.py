"""The policy's form without a browser: what was typed, what it means, what is wrong with it."""

import json
from typing import Any

import pytest
from earful.policies import validate_policy
from earful.store.queries.policies import VersionLine
from earful_admin.manage.policy_check import Names, check
from earful_admin.manage.policy_draft import ActionRow, Draft, Row
from earful_admin.manage.policy_words import changes, sentence
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from tests.admin.manage.conftest import REACH, REFUND

NAMES = Names(queues=("Billing",), agents=("sam@example.com",), notifiers=("team-chat",), facts={})
FLAT = [
    {"all": []},
    {"all": [REFUND]},
    {"any": [REFUND, REACH]},
    {"none": [{"fact": "author.verified", "op": "is", "value": True}]},
    {"all": [{"fact": "author.verified", "op": "is", "value": False}]},
    {"all": [{"fact": "author.reach", "op": "is_unknown"}]},
    {"all": [{"fact": "message.length", "op": "lt", "value": 2.5}]},
    {"any": [{"fact": "channel.name", "op": "in", "value": ["wall", "blog"]}]},
]
NESTED = [
    {"all": [{"any": [REFUND]}]},
    {"all": [{"fact": "message.text", "op": "contains_any_word", "value": ["a, b"]}]},
    {"all": [REFUND], "any": [REACH]},
    {"all": [{"fact": "message.text", "op": "contains", "value": " spaces "}]},
    {"all": [{"fact": "message.text", "op": "contains", "value": "x", "extra": 1}]},
    {"all": "no list"},
    "no object",
    None,
]


def draft_of(conditions: Any) -> Draft:
    draft = Draft(name="x", actions=[ActionRow("stop")])
    draft.show(conditions)
    return draft


@pytest.mark.parametrize("tree", FLAT)
def test_a_flat_condition_is_shown_as_rows_and_comes_back(tree: Any) -> None:
    draft = draft_of(tree)
    assert draft.text is None
    assert draft.conditions() == tree


@pytest.mark.parametrize("tree", NESTED)
def test_what_rows_cannot_say_is_shown_as_json_and_comes_back(tree: Any) -> None:
    draft = draft_of(tree)
    assert draft.text is not None
    assert draft.conditions() == tree


leaves = st.fixed_dictionaries(
    {
        "fact": st.sampled_from(["message.text", "author.reach", "labels", "nothing"]),
        "op": st.sampled_from(["contains", "gte", "has_any", "is_known", "is", "nonsense"]),
    },
    optional={
        "value": st.one_of(
            st.text(max_size=5), st.integers(), st.booleans(), st.lists(st.text(max_size=3))
        )
    },
)
trees = st.recursive(
    leaves,
    lambda inner: st.dictionaries(
        st.sampled_from(["all", "any", "none"]), st.lists(inner, max_size=3), min_size=1, max_size=1
    ),
    max_leaves=6,
)


@given(trees)
def test_no_condition_changes_by_being_shown(tree: dict[str, Any]) -> None:
    shown = draft_of(tree)
    # A single question is the group of that question alone.
    same = [tree, {"all": [tree]}]
    bare = [json.loads(json.dumps(each)) for each in same]
    assert shown.conditions() in bare


@given(
    st.lists(st.tuples(*[st.sampled_from(["", "message.text", "x"])] * 3), max_size=4),
    st.lists(st.tuples(*[st.sampled_from(["", "queue", "stop", "x"])] * 2), max_size=4),
    st.one_of(st.none(), st.text(max_size=30), st.just("[" * 100_000)),
)
def test_whatever_is_sent_gets_an_answer(rows: Any, acts: Any, text: str | None) -> None:
    sent: MultiDict[str, str] = MultiDict([("name", "x")])
    for fact, op, value in rows:
        for name, text_of in (("fact", fact), ("op", op), ("value", value)):
            sent.add(name, text_of)
    for do, act in acts:
        sent.add("do", do)
        sent.add("act", act)
    if text is not None:
        sent["text"] = text
    draft = Draft.read(sent)
    fine = check(draft, NAMES)
    assert fine is (not draft.mistakes)
    if fine:
        assert validate_policy(draft.conditions(), draft.wishes()) == []


def test_empty_rows_are_left_out() -> None:
    draft = Draft(name="x", rows=[Row(), Row("author.verified", "is", "yes"), Row()])
    assert draft.conditions() == {"all": [{"fact": "author.verified", "op": "is", "value": True}]}


def test_every_mistake_is_told_at_once_and_at_its_row() -> None:
    draft = Draft(
        rows=[
            Row(),
            Row("author.reach", "gte", "many"),
            Row("message.text", "", "x"),
            Row("", "is", "x"),
            Row("message.text", "matches", "("),
        ],
        actions=[
            ActionRow("queue", "Nowhere"),
            ActionRow("assign", "ann@example.com"),
            ActionRow("", "x"),
        ],
    )
    assert not check(draft, NAMES)
    assert [control for control, _ in draft.mistakes] == [
        "name", "value-1", "op-2", "fact-3", "value-4", "act-0", "act-1", "do-2"
    ]  # fmt: skip
    assert draft.rows[1].mistakes == ["The value must be a number."]
    assert draft.rows[2].mistakes == ["Choose a question."]
    assert draft.rows[3].mistakes == ["Choose what to look at."]
    assert "missing" in draft.rows[4].mistakes[0]
    assert draft.actions[0].mistakes == ["There is no queue named “Nowhere” here."]
    assert draft.actions[2].mistakes == ["Choose what to do."]


def test_a_policy_must_do_something() -> None:
    draft = Draft(name="x")
    assert not check(draft, NAMES)
    assert draft.mistakes == [
        ("do-0", "Actions: choose at least one; the policy would do nothing.")
    ]


def test_two_queues_cannot_both_hold() -> None:
    draft = Draft(name="x", actions=[ActionRow("queue", "Billing"), ActionRow("queue", "Billing")])
    assert not check(draft, NAMES)
    assert "twice" in draft.actions[1].mistakes[0]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000])
def test_json_that_is_none_is_told_where_it_stands(text: str) -> None:
    draft = Draft(name="x", actions=[ActionRow("stop")], text=text)
    assert not check(draft, NAMES)
    assert draft.mistakes[0][0] == "text"
    draft.change("as-rows")
    assert draft.text == text


def test_rows_and_json_change_into_each_other() -> None:
    draft = Draft(rows=[Row("message.text", "contains_any_word", "a, b")], match="any")
    draft.change("as-json")
    assert json.loads(draft.text or "")["any"][0]["value"] == ["a", "b"]
    draft.change("as-rows")
    assert draft.text is None
    assert (draft.match, draft.rows[0].value) == ("any", "a, b")


def test_groups_in_groups_stay_json_and_it_is_told_why() -> None:
    draft = draft_of({"any": [{"all": [REFUND]}]})
    draft.change("as-rows")
    assert draft.text is not None
    assert "stays JSON" in draft.mistakes[0][1]


def test_rows_come_and_go() -> None:
    draft = Draft(rows=[Row("a"), Row("b")], actions=[ActionRow("x")])
    draft.change("add-condition")
    draft.change("remove-condition-0")
    draft.change("add-action")
    draft.change("remove-action-9")
    draft.change("nonsense-1")
    assert [row.fact for row in draft.rows] == ["b", ""]
    assert [row.do for row in draft.actions] == ["x", ""]


def version(number: int, conditions: Any, actions: Any, now: Any) -> VersionLine:
    return VersionLine(number=number, conditions=conditions, actions=actions, by=None, at=now)


def test_a_version_says_what_it_changed(now: Any) -> None:
    stop = [{"do": "stop"}]
    both = [{"do": "queue", "value": "Billing"}, *stop]
    newest, middle, first = changes(
        [
            version(3, {"any": [REFUND, REACH]}, both, now),
            version(2, {"all": [REFUND]}, both, now),
            version(1, {"all": [REFUND]}, stop, now),
        ]
    )
    assert first.note == "First version."
    assert middle.added == ("put it into the queue “Billing”",)
    assert "if any: author's reach is at least 10,000" in newest.added
    assert newest.removed == ("if message text contains the word “refund” or “money back”",)


def test_another_order_is_told_as_such(now: Any) -> None:
    stop = [{"do": "stop"}]
    newer, _ = changes(
        [
            version(2, {"all": [REACH, REFUND]}, stop, now),
            version(1, {"all": [REFUND, REACH]}, stop, now),
        ]
    )
    assert newer.note == "Only the order or the grouping changed."


def test_a_version_that_cannot_be_read_does_not_hide_the_others(now: Any) -> None:
    gone = version(2, {"fact": "gone", "op": "is", "value": 1}, [{"do": "stop"}], now)
    newer, older = changes([gone, version(1, {"all": []}, [{"do": "stop"}], now)])
    assert newer.sentence == ""
    assert "cannot read" in newer.added[0]
    assert older.sentence == "For every message, look at no further policy."
    assert sentence(gone.conditions, gone.actions, once=True) == ""
