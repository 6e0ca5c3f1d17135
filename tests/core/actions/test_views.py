"""Kept views and what was read: who may change which, and what is refused in words."""

from __future__ import annotations

from typing import Any

import pytest
from earful import actions
from earful.actions import Actor
from earful.errors import ActionRefused
from earful.store import models
from earful.store.queries.inbox import conversation_row
from earful.store.queries.views import MOST_VIEWS, saved_view, saved_views
from earful.store.states import Role

from tests.core.store.filler import NOW, Filler

RUNTIME: Any = None
REFUNDS = {"all": [{"fact": "labels", "op": "has", "value": "topic:refund"}]}


@pytest.fixture
def shop(open_database: str) -> Filler:
    return Filler()


@pytest.fixture
def sam(shop: Filler) -> Actor:
    return Actor(shop.sam.id, "Sam", Role.AGENT)


@pytest.fixture
def maya(shop: Filler) -> Actor:
    return Actor(shop.maya.id, "Maya", Role.LEAD)


def save(actor: Actor, view_id: int | None = None, **fields: Any) -> int:
    fields = {"name": "Refunds", "conditions": REFUNDS} | fields
    return actions.save_view(RUNTIME, actor, view_id, now=NOW, **fields)


def test_a_view_of_ones_own_is_seen_by_nobody_else(shop: Filler, sam: Actor, maya: Actor) -> None:
    key = save(sam)
    assert [view.id for view in saved_views(shop.sam.id)] == [key]
    assert saved_views(shop.maya.id) == ()
    assert saved_view(key, shop.maya.id) is None
    with pytest.raises(ActionRefused, match="does not exist"):
        save(maya, key, version=1)
    with pytest.raises(ActionRefused, match="does not exist"):
        actions.delete_view(RUNTIME, maya, key, now=NOW)


def test_leads_share_views_and_others_only_read_them(shop: Filler, sam: Actor, maya: Actor) -> None:
    with pytest.raises(ActionRefused, match="role lead"):
        save(sam, shared=True)
    key = save(maya, shared=True)
    assert saved_view(key, shop.sam.id)
    for change in (
        lambda: save(sam, key, version=1),
        lambda: actions.delete_view(RUNTIME, sam, key, now=NOW),
    ):
        with pytest.raises(ActionRefused, match="role lead"):
            change()
    boss = Actor(shop.sam.id, "Boss", Role.LEAD)
    save(boss, key, version=1, name="Money", shared=True)
    assert saved_view(key, shop.sam.id).name == "Money"
    actions.delete_view(RUNTIME, boss, key, now=NOW)
    assert saved_views(shop.maya.id) == ()


def test_two_who_change_one_view_do_not_undo_each_other(shop: Filler, sam: Actor) -> None:
    key = save(sam)
    save(sam, key, version=1, name="First")
    with pytest.raises(ActionRefused, match="meanwhile"):
        save(sam, key, version=1, name="Second")
    assert saved_view(key, shop.sam.id).name == "First"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " \u202e "[:1]}, "a name"),
        ({"conditions": "nonsense"}, "must be a question or a group"),
        ({"conditions": {"all": [{"fact": "passwords", "op": "is", "value": "x"}]}}, "no fact"),
        ({"conditions": {"all": [REFUNDS["all"][0] | {"value": "x" * 501}]}}, "longer than 500"),
        ({"conditions": {"all": [REFUNDS["all"][0]] * 21}}, "more than 20"),
        (
            {"conditions": {"all": [{"none": [{"any": [{"all": [{"any": [{"all": []}]}]}]}]}]}},
            "deep",
        ),
        ({"conditions": {"x": "y" * 30_000}}, "too long"),
    ],
)
def test_what_cannot_be_a_view_is_said_in_words(
    shop: Filler, sam: Actor, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(actions.InvalidView, match=said):
        save(sam, **fields)
    assert saved_views(shop.sam.id) == ()


def test_nobody_keeps_views_without_end(shop: Filler, sam: Actor) -> None:
    for n in range(MOST_VIEWS):
        save(sam, name=f"View {n}")
    with pytest.raises(ActionRefused, match=str(MOST_VIEWS)):
        save(sam)


def test_each_reads_for_themselves(shop: Filler, sam: Actor, maya: Actor) -> None:
    row = shop.conversation()
    first, second = shop.message(row), shop.message(row)
    unread = [conversation_row(row.id, agent_id=who.agent_id or 0).unread for who in (sam, maya)]
    assert unread == [True, True]
    actions.mark_read(RUNTIME, sam, row.id, second.id, now=NOW)
    unread = [conversation_row(row.id, agent_id=who.agent_id or 0).unread for who in (sam, maya)]
    assert unread == [False, True]
    # What is seen again further up takes nothing back.
    actions.mark_read(RUNTIME, sam, row.id, first.id, now=NOW)
    assert not conversation_row(row.id, agent_id=shop.sam.id).unread
    shop.message(row, direction="out")
    assert not conversation_row(row.id, agent_id=shop.sam.id).unread
    shop.message(row)
    assert conversation_row(row.id, agent_id=shop.sam.id).unread


def test_unread_again(shop: Filler, sam: Actor) -> None:
    row = shop.conversation()
    with pytest.raises(ActionRefused, match="Nobody has written"):
        actions.mark_unread(RUNTIME, sam, row.id, now=NOW)
    message = shop.message(row)
    for _ in range(2):
        actions.mark_read(RUNTIME, sam, row.id, 10**15, now=NOW)
        assert not conversation_row(row.id, agent_id=shop.sam.id).unread
        actions.mark_unread(RUNTIME, sam, row.id, now=NOW)
        assert conversation_row(row.id, agent_id=shop.sam.id).unread
    assert models.ReadCursor.get().message_id < message.id
    assert models.ReadCursor.select().count() == 1
    actions.mark_read(RUNTIME, sam, 999, 5, now=NOW)
