"""Who has a conversation open: told often, written seldom, forgotten soon."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from earful import actions
from earful.actions import Actor
from earful.errors import ActionRefused
from earful.store.models import Conversation, Event, Presence
from earful.store.queries.presence import held_by, viewers
from earful.store.states import PresenceState, Role
from earful.testing.inbox import Inbox, InboxMessage
from earful.ticker import purge

from tests.core.conftest import agent
from tests.core.store.filler import seeing
from tests.wall import NOON, Wall, post

VIEWING, REPLYING = PresenceState.VIEWING, PresenceState.REPLYING


@pytest.fixture
def message(inbox: Inbox, wall: Wall) -> InboxMessage:
    (arrived,) = inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    return arrived


def tell(
    inbox: Inbox,
    actor: Actor,
    conversation_id: int | None = 7,
    state: PresenceState = VIEWING,
    *,
    window: str = "w1",
    now: datetime = NOON,
) -> None:
    actions.tell_presence(inbox.runtime, actor, window, conversation_id, state, now=now)


def names(actor: Actor, now: datetime = NOON) -> dict[int, list[tuple[str, bool]]]:
    here = viewers(actor.agent_id or 0, now=now)
    return {key: [(each.agent.name, each.is_replying) for each in here[key]] for key in here}


def test_others_see_who_views_and_who_replies_but_nobody_sees_themselves(
    inbox: Inbox, sam: Actor, admin: Actor
) -> None:
    lena = agent(Role.AGENT, "lena")
    tell(inbox, sam)
    tell(inbox, lena, state=REPLYING)
    tell(inbox, admin, 8)

    assert names(admin) == {7: [("lena", True), ("sam", False)]}
    assert names(sam) == {7: [("lena", True)], 8: [("maya", False)]}


def test_two_windows_of_one_person_are_one_person_and_the_busier_counts(
    inbox: Inbox, sam: Actor, admin: Actor
) -> None:
    tell(inbox, sam, window="w1")
    tell(inbox, sam, state=REPLYING, window="w2")

    assert names(admin) == {7: [("sam", True)]}


def test_a_sign_of_life_counts_for_25_seconds(inbox: Inbox, sam: Actor, admin: Actor) -> None:
    tell(inbox, sam)

    assert names(admin, NOON + timedelta(seconds=24))
    assert not names(admin, NOON + timedelta(seconds=25))


def test_who_moves_on_is_no_longer_here(inbox: Inbox, sam: Actor, admin: Actor) -> None:
    tell(inbox, sam, 7)
    tell(inbox, sam, 8)
    assert list(names(admin)) == [8]

    tell(inbox, sam, None)
    assert not Presence.select().exists()


def test_only_a_change_or_a_quarter_of_a_minute_is_written(inbox: Inbox, sam: Actor) -> None:
    def written(seconds: int, state: PresenceState = VIEWING) -> int:
        with seeing() as seen:
            tell(inbox, sam, state=state, now=NOON + timedelta(seconds=seconds))
        return len([sql for sql, _ in seen if sql.startswith(("INSERT", "UPDATE", "DELETE"))])

    assert written(0)
    assert not written(5)
    assert not written(10)
    assert written(15) == 1
    assert not written(20)
    assert written(21, REPLYING) == 1


def test_a_person_has_a_bounded_number_of_rows_whatever_they_send(inbox: Inbox, sam: Actor) -> None:
    for number in range(30):
        tell(inbox, sam, number + 1, window=f"w{number}")
    for name in ("", "W", "x" * 25, "a b", "\u202e"):
        tell(inbox, sam, window=name)
    tell(inbox, sam, 2**63, window="far")

    assert Presence.select().count() == 8


def test_what_is_over_makes_room_and_is_purged(inbox: Inbox, sam: Actor) -> None:
    for number in range(8):
        tell(inbox, sam, window=f"w{number}")
    later = NOON + timedelta(seconds=26)
    tell(inbox, sam, window="new", now=later)
    assert [row.window for row in Presence.select()] == ["new"]

    purge(inbox.runtime, now=later + timedelta(seconds=20))
    assert Presence.select().exists()
    purge(inbox.runtime, now=later + timedelta(seconds=26))
    assert not Presence.select().exists()


def test_who_may_not_reply_only_views(inbox: Inbox, sam: Actor) -> None:
    tell(inbox, agent(Role.VIEWER, "vera"), state=REPLYING)

    assert names(sam) == {7: [("vera", False)]}


def test_taking_over_tells_from_whom(inbox: Inbox, sam: Actor, message: InboxMessage) -> None:
    lena = agent(Role.AGENT, "lena")
    key = message.conversation_id
    actions.assign(inbox.runtime, sam, key, sam.agent_id, now=NOON)
    actions.assign(inbox.runtime, lena, key, lena.agent_id, now=NOON)

    holder = held_by(key)
    assert holder
    assert holder.name == "lena"
    event = Event.select().order_by(Event.id.desc()).get()
    assert (event.kind, event.agent_id) == ("taken_over", lena.agent_id)
    assert event.data == {"former": "sam", "former_id": sam.agent_id}


def test_asking_changes_nothing_but_the_timeline_and_only_once_in_a_while(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    lena = agent(Role.AGENT, "lena")
    key = message.conversation_id

    def ask(actor: Actor, minutes: int = 0) -> None:
        actions.ask_to_take_over(inbox.runtime, actor, key, now=NOON + timedelta(minutes=minutes))

    with pytest.raises(ActionRefused, match="Nobody else holds"):
        ask(lena)
    actions.assign(inbox.runtime, sam, key, sam.agent_id, now=NOON)
    with pytest.raises(ActionRefused, match="Nobody else holds"):
        ask(sam)
    ask(lena)
    with pytest.raises(ActionRefused, match="a moment ago"):
        ask(lena, 4)
    ask(lena, 6)

    assert Conversation.get_by_id(key).assignee_id == sam.agent_id
    asked = Event.select().where(Event.kind == "takeover_asked")
    assert [each.data["holder"] for each in asked] == ["sam", "sam"]
    with pytest.raises(ActionRefused, match="role agent"):
        ask(agent(Role.VIEWER, "vera"))
