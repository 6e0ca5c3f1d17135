"""Conditions: what each question answers, how mistakes are told, and that nothing breaks them."""

# ruff: noqa: FBT001, FBT003, RUF001 - truth values and odd characters are the data of these tests

from __future__ import annotations

import time
from typing import Any, get_type_hints

import pytest
from earful.errors import ConfigError
from earful.policies import (
    OPERATORS,
    Fact,
    FactRegistry,
    FactType,
    FactValues,
    compile_condition,
    validate_condition,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def leaf(fact: str, op: str, value: object = None) -> dict[str, object]:
    return {"fact": fact, "op": op} | ({} if value is None else {"value": value})


def holds(fact: str, op: str, value: object, known: object) -> bool:
    return compile_condition(leaf(fact, op, value)).matches({fact: known})


@pytest.mark.parametrize(
    ("op", "value", "text", "expected"),
    [
        ("contains", "refund", "I want a REFUND", True),
        ("contains", "STRASSE", "Hauptstraße 3", True),
        ("contains", "can't", "I can’t log in", True),
        ("contains", "abc", "ＡＢＣ", True),
        ("contains", "refund", "thanks", False),
        ("not_contains", "refund", "thanks", True),
        ("not_contains", "refund", "a Refund", False),
        ("is", "hello", " Hello ", True),
        ("is", "hello", "hello there", False),
        ("is_not", "hello", "hello there", True),
        ("is_not", "hello", "HELLO", False),
        ("starts_with", "re:", "Re: your order", True),
        ("starts_with", "order", "Re: your order", False),
        ("matches", r"order\s*#?\d{6}", "about ORDER #123456", True),
        ("matches", r"^\d+$", "12a", False),
        ("contains_any_word", ["ape", "art"], "a grape party", False),
        ("contains_any_word", ["ape", "Party"], "a grape party!", True),
        ("contains_any_word", ["money back"], "I want my money-back.", True),
        ("contains_any_word", ["money back"], "money, and back again", False),
        ("contains_any_word", ["don't"], "they don’t answer", True),
        ("contains_any_word", ["don't"], "they don t-shirt", True),
        ("contains_any_word", ["हि"], "हिन्दी में", False),
        ("contains_any_word", ["हिन्दी"], "यह हिन्दी में", True),
        ("contains_any_word", ["返金"], "商品の返金をお願いします", True),
        ("contains_any_word", ["école"], "L'ÉCOLE est fermée", True),
    ],
)
def test_text_is_compared_without_case_and_by_whole_words_where_asked(
    op: str, value: object, text: str, expected: bool
) -> None:
    assert holds("message.text", op, value, text) is expected


@pytest.mark.parametrize(
    ("op", "value", "reach", "expected"),
    [
        ("eq", 5, 5, True),
        ("lt", 5, 4, True),
        ("lt", 5, 5, False),
        ("lte", 5, 5, True),
        ("gt", 5, 5, False),
        ("gt", 0.5, 1, True),
        ("gte", 5, 5, True),
        ("gte", 5, None, False),
        ("lt", 5, None, False),
        ("eq", 1, True, False),
        ("gt", 5, "17", False),
        ("is_unknown", None, None, True),
        ("is_unknown", None, 3, False),
        ("is_known", None, 3, True),
        ("is_known", None, None, False),
    ],
)
def test_numbers_are_compared_and_an_unknown_one_answers_no(
    op: str, value: object, reach: object, expected: bool
) -> None:
    assert holds("author.reach", op, value, reach) is expected


@pytest.mark.parametrize(
    ("op", "value", "labels", "expected"),
    [
        ("has", "sentiment:negative", ["sentiment:negative"], True),
        ("has", "Sentiment:Negative", {"sentiment:negative"}, True),
        ("has", "sentiment:*", ("sentiment:neutral",), True),
        ("has", "sentiment", ("sentiment:neutral",), False),
        ("has", "intent:*", ("vip",), False),
        ("has_not", "vip", ("sentiment:neutral",), True),
        ("has_not", "vip", ("VIP",), False),
        ("has_not", "vip", None, False),
        ("has_any", ["vip", "intent:*"], ("intent:refund",), True),
        ("has_any", ["vip", "intent:*"], (), False),
        ("has", "vip", "vip", False),
    ],
)
def test_labels_are_found_by_name_or_by_namespace(
    op: str, value: object, labels: object, expected: bool
) -> None:
    assert holds("labels", op, value, labels) is expected


def test_choices_and_booleans_are_compared() -> None:
    assert holds("channel.name", "is", "Our Blog", "our blog")
    assert not holds("channel.name", "is_not", "blog", "blog")
    assert holds("message.surface", "in", ["private", "public_post"], "private")
    assert not holds("message.language", "in", ["en"], None)
    assert holds("conversation.queue", "is_unknown", None, None)
    assert holds("author.verified", "is", False, False)
    assert not holds("author.verified", "is", True, 1)


@pytest.mark.parametrize("kind", list(FactType))
def test_a_missing_fact_answers_no_except_to_is_unknown(kind: FactType) -> None:
    values = {"nothing": None, "text": "x", "texts": ["x"], "pattern": "x", "number": 1}
    values["boolean"] = True
    registry = FactRegistry()
    registry.register(Fact(name="thing", title="thing", type=kind))
    for name, question in OPERATORS[kind].items():
        tree = leaf("thing", name, values[question.takes])
        assert compile_condition(tree, registry).matches({}) is (name == "is_unknown"), name


def test_groups_combine_questions() -> None:
    tree = {
        "all": [
            leaf("message.text", "contains", "refund"),
            {"any": [leaf("author.reach", "gt", 1000), leaf("labels", "has", "vip")]},
            {"none": [leaf("author.verified", "is", True), leaf("labels", "has", "spam")]},
        ]
    }
    condition = compile_condition(tree)
    facts = {"message.text": "Refund!", "author.reach": None, "labels": ["vip"]}
    assert condition.matches(facts)
    assert not condition.matches(facts | {"labels": []})
    assert not condition.matches(facts | {"labels": ["vip", "spam"]})
    assert condition.explain(facts) == [
        "message text contains “refund”",
        "labels include “vip”",
        "author is not verified by the platform",
        "labels do not include “spam”",
    ]
    assert condition.explain(facts | {"labels": []}) == []


def test_none_explains_nested_groups_by_what_is_not_so() -> None:
    tree = {
        "none": [
            {"all": [leaf("message.length", "gt", 5), leaf("message.length", "lt", 9)]},
            {"none": [leaf("labels", "has", "vip")]},
        ]
    }
    facts = {"message.length": 20, "labels": ["vip"]}
    assert compile_condition(tree).explain(facts) == [
        "message length is not below 9",
        "labels include “vip”",
    ]


def test_an_empty_all_always_holds() -> None:
    condition = compile_condition({"all": []})
    assert condition.matches({})
    assert condition.explain({}) == ["every message"]


def test_every_mistake_is_told_with_its_place_and_the_nearest_name() -> None:
    tree = {
        "all": [
            leaf("mesage.text", "contains", "x"),
            leaf("message.text", "contain", "x"),
            {"any": []},
            {
                "any": [
                    leaf("message.text", "matches", "(a"),
                    leaf("message.surface", "is", "privat"),
                    leaf("author.reach", "gt", "many"),
                ]
            },
            {"fact": "labels", "op": "has", "valeu": "x"},
            "refund",
        ]
    }
    told = [str(mistake) for mistake in validate_condition(tree)]
    assert told == [
        "part 1 of “all”: there is no fact “mesage.text”; did you mean message.text?",
        (
            "part 2 of “all”: message.text can be asked contains, not_contains, contains_any_word,"
            " is, is_not, starts_with, matches, not “contain”; did you mean contains?"
        ),
        "part 3 of “all”: “any” holds no question",
        "part 1 of “any”, inside part 4 of “all”: the pattern cannot be read: missing ): (a",
        (
            "part 2 of “any”, inside part 4 of “all”: “privat” is none of public_post,"
            " public_reply, private; did you mean private?"
        ),
        "part 3 of “any”, inside part 4 of “all”: the value must be a number",
        "part 5 of “all”: “valeu” is unknown; did you mean value?",
        "part 5 of “all”: the value must be a text",
        "part 6 of “all”: must be a question or a group (all, any, none)",
    ]
    with pytest.raises(ConfigError) as caught:
        compile_condition(tree)
    assert caught.value.problems == told


def test_a_mistake_knows_its_path_for_a_form() -> None:
    (mistake,) = validate_condition({"all": [{"any": [leaf("author.reach", "gt", "x")]}]})
    assert mistake.path == ("all", 0, "any", 0, "value")


@pytest.mark.parametrize(
    "tree",
    [
        None,
        [],
        {},
        "x",
        {"all": [], "any": []},
        {"all": {}},
        {"none": []},
        leaf("message.text", "contains", " "),
        leaf("message.text", "contains", "x" * 501),
        leaf("message.text", "matches", "a" * 501),
        leaf("message.text", "matches", "\ud800"),
        leaf("message.text", "matches", "(a{1000}){1000}"),
        leaf("message.text", "contains_any_word", []),
        leaf("message.text", "contains_any_word", ["!!"]),
        leaf("message.text", "contains_any_word", ["x"] * 101),
        leaf("author.reach", "gt", True),
        leaf("author.reach", "gt", float("nan")),
        leaf("author.reach", "gt", 10**400),
        leaf("author.reach", "is_unknown", 3),
        leaf("author.verified", "is", 1),
        leaf("labels", "contains", "x"),
    ],
)
def test_what_makes_no_sense_is_a_mistake(tree: object) -> None:
    assert validate_condition(tree)


def test_depth_and_number_of_questions_are_bounded() -> None:
    question = leaf("labels", "has", "x")
    deep: dict[str, Any] = question
    for _ in range(5):
        deep = {"all": [deep]}
    assert validate_condition(deep) == []
    assert "5 levels" in str(validate_condition({"all": [deep]})[0])
    assert validate_condition({"all": [question] * 100}) == []
    assert "more than 100" in str(validate_condition({"all": [question] * 101})[-1])


def test_a_huge_or_bottomless_tree_is_refused_at_once() -> None:
    bottomless: list[Any] = []
    tree: dict[str, Any] = {"all": bottomless}
    bottomless.append(tree)
    started = time.perf_counter()
    assert validate_condition(tree)
    assert validate_condition({"any": [{"fact": "x" * 10**6, "op": "y" * 10**6}] * 10**5})
    assert time.perf_counter() - started < 2


def test_a_pattern_that_hangs_other_engines_ends_quickly() -> None:
    condition = compile_condition(leaf("message.text", "matches", "(a+)+$"))
    started = time.perf_counter()
    assert not condition.matches({"message.text": "a" * 100_000 + "!"})
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    "text", ["\ud800", "a\x00b", "a" * 10**6, "\N{COMBINING ACUTE ACCENT}" * 9]
)
def test_hostile_text_is_compared_like_any_other(text: str) -> None:
    for op, value in [("contains", "zz"), ("matches", "zz"), ("contains_any_word", ["zz"])]:
        assert not holds("message.text", op, value, text)


def test_a_plugin_may_add_facts_but_not_replace_them() -> None:
    registry = FactRegistry.standard()
    fact = Fact(name="shop.orders", title="number of orders", type=FactType.NUMBER)
    registry.register(fact)
    condition = compile_condition(leaf("shop.orders", "gte", 3), registry)
    assert condition.explain({"shop.orders": 4}) == ["number of orders is at least 3"]
    assert validate_condition(leaf("shop.orders", "gte", 3)), "the standard registry is unchanged"
    with pytest.raises(ValueError, match="registered already"):
        registry.register(fact)


def test_the_described_values_and_the_registered_facts_are_the_same() -> None:
    assert set(get_type_hints(FactValues)) == {fact.name for fact in FactRegistry.standard()}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
_NAMES = st.sampled_from([fact.name for fact in FactRegistry.standard()])
_OPS = st.sampled_from(sorted({name for offered in OPERATORS.values() for name in offered}))
_VALUES = st.text(max_size=12) | st.lists(st.text(max_size=8), max_size=3) | _JSON
_LEAVES = st.fixed_dictionaries({"fact": _NAMES | st.text(), "op": _OPS, "value": _VALUES})
_TREES = st.recursive(
    _LEAVES | _JSON,
    lambda inner: st.dictionaries(
        st.sampled_from(["all", "any", "none"]), st.lists(inner, max_size=4), max_size=2
    ),
    max_leaves=12,
)
_FACTS = st.dictionaries(_NAMES, st.text() | st.integers() | st.lists(st.text()) | _JSON)


@given(tree=_TREES, facts=_FACTS)
@settings(max_examples=400, deadline=None)
def test_any_tree_is_either_refused_in_words_or_answers(
    tree: object, facts: dict[str, object]
) -> None:
    mistakes = validate_condition(tree)
    if mistakes:
        assert all(mistake.text and mistake.place for mistake in mistakes)
        return
    condition = compile_condition(tree)
    assert condition.matches(facts) is bool(condition.explain(facts))


def _valid_leaves() -> st.SearchStrategy[dict[str, object]]:
    words = st.sampled_from(["refund", "late", "ok"])
    return st.one_of(
        st.builds(leaf, st.just("message.text"), st.sampled_from(["contains", "matches"]), words),
        st.builds(leaf, st.just("author.reach"), st.sampled_from(["lt", "gte"]), st.integers(0, 9)),
        st.builds(leaf, st.just("labels"), st.sampled_from(["has", "has_not"]), words),
        st.builds(leaf, st.just("author.verified"), st.just("is"), st.booleans()),
    )


def _evaluate(tree: dict[str, Any], facts: dict[str, object]) -> bool:
    """The meaning of a tree, written down as plainly as possible."""
    if "all" in tree:
        return all(_evaluate(child, facts) for child in tree["all"])
    if "any" in tree:
        return any(_evaluate(child, facts) for child in tree["any"])
    if "none" in tree:
        return not any(_evaluate(child, facts) for child in tree["none"])
    known = facts[tree["fact"]]
    answers = {
        "contains": lambda: tree["value"] in known,
        "matches": lambda: tree["value"] in known,
        "lt": lambda: known < tree["value"],
        "gte": lambda: known >= tree["value"],
        "has": lambda: tree["value"] in known,
        "has_not": lambda: tree["value"] not in known,
        "is": lambda: known is tree["value"],
    }
    return answers[tree["op"]]()


@given(
    tree=st.recursive(
        _valid_leaves(),
        lambda inner: st.sampled_from(["all", "any", "none"]).flatmap(
            lambda kind: st.fixed_dictionaries({kind: st.lists(inner, min_size=1, max_size=3)})
        ),
        max_leaves=8,
    ).filter(lambda tree: not validate_condition(tree)),
    facts=st.fixed_dictionaries(
        {
            "message.text": st.sampled_from(["refund late", "ok", ""]),
            "author.reach": st.integers(0, 9),
            "labels": st.lists(st.sampled_from(["refund", "late"])),
            "author.verified": st.booleans(),
        }
    ),
)
@settings(max_examples=300, deadline=None)
def test_a_compiled_tree_means_what_it_says(tree: dict[str, Any], facts: dict[str, object]) -> None:
    condition = compile_condition(tree)
    assert condition.matches(facts) is _evaluate(tree, facts)
    assert bool(condition.explain(facts)) is _evaluate(tree, facts)
