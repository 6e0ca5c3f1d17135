"""Likes and hidings: asked for by people, carried out by workers, told on the timeline."""

from __future__ import annotations

from datetime import timedelta

import pytest
from earful import (
    ActionKind,
    ActionRefused,
    AuthenticationFailed,
    Capabilities,
    Capability,
    DeliveryRejected,
    OutcomeUnknown,
    RateLimited,
    Removal,
    RemovalKind,
    actions,
)
from earful.actions import Actor
from earful.pipeline.perform import LEASE, MOST_TRIES
from earful.store.models import AuditEvent, Channel, Event, Message, Notification, PlatformAction
from earful.store.states import Role
from earful.testing.inbox import Inbox, InboxMessage

from tests.core.conftest import agent
from tests.wall import Wall, post


@pytest.fixture(autouse=True)
def capable(wall: Wall) -> None:
    yes = Capability(allowed=True)
    wall.can = Capabilities(reply=yes, like=yes, hide=yes)


@pytest.fixture
def message(inbox: Inbox, wall: Wall) -> InboxMessage:
    (found,) = inbox.receive("wall", wall.payload(post("c1")))
    return found


@pytest.fixture
def lead(inbox: Inbox) -> Actor:
    return agent(Role.LEAD, "lena")


def like(inbox: Inbox, actor: Actor, message: InboxMessage) -> PlatformAction:
    action_id = actions.like_message(inbox.runtime, actor, message.id, now=inbox.now)
    inbox.tick()
    return PlatformAction.get_by_id(action_id)


def hide(inbox: Inbox, actor: Actor, message: InboxMessage, why: str = "spam") -> PlatformAction:
    action_id = actions.hide_message(inbox.runtime, actor, message.id, why, now=inbox.now)
    inbox.tick()
    return PlatformAction.get_by_id(action_id)


def test_an_agent_likes_and_takes_it_back(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    assert like(inbox, sam, message).state == "done"
    with pytest.raises(ActionRefused, match="already liked"):
        like(inbox, sam, message)
    actions.unlike_message(inbox.runtime, sam, message.id, now=inbox.now)
    inbox.tick()
    assert [(each.kind, each.external_id, each.undo) for each in wall.acted] == [
        (ActionKind.LIKE, "c1", False),
        (ActionKind.LIKE, "c1", True),
    ]
    with pytest.raises(ActionRefused, match="not liked"):
        actions.unlike_message(inbox.runtime, sam, message.id, now=inbox.now)


def test_a_lead_hides_with_a_reason_that_is_kept(
    inbox: Inbox, wall: Wall, lead: Actor, message: InboxMessage
) -> None:
    hide(inbox, lead, message, "names a person")
    assert wall.acted[0].reason == "names a person"
    assert Message.get().removal is RemovalKind.HIDDEN
    told = Event.get(Event.kind == "action_done")
    assert (told.data["action"], told.data["reason"]) == ("hide", "names a person")
    assert told.agent_id == lead.agent_id
    assert AuditEvent.get(AuditEvent.action == "message.hide").summary == "names a person"
    actions.unhide_message(inbox.runtime, lead, message.id, now=inbox.now)
    inbox.tick()
    assert Message.get().removal is None


def test_hiding_needs_a_reason_and_a_lead(
    inbox: Inbox, sam: Actor, lead: Actor, message: InboxMessage
) -> None:
    with pytest.raises(ActionRefused, match="role lead"):
        hide(inbox, sam, message)
    with pytest.raises(ActionRefused, match="Say why"):
        hide(inbox, lead, message, "  ")
    assert not PlatformAction.select().exists()


def test_what_the_channel_cannot_do_is_refused_with_its_reason(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    no = Capability(allowed=False, reason="Likes need another tier.")
    wall.can = Capabilities(like=no)
    with pytest.raises(ActionRefused, match="another tier"):
        like(inbox, sam, message)


def test_two_who_click_at_once_do_it_once(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    actions.like_message(inbox.runtime, sam, message.id, now=inbox.now)
    with pytest.raises(ActionRefused, match="on its way"):
        actions.like_message(inbox.runtime, sam, message.id, now=inbox.now)
    inbox.tick()
    inbox.tick()
    assert len(wall.acted) == 1


def test_what_was_deleted_is_left_alone(
    inbox: Inbox, wall: Wall, lead: Actor, message: InboxMessage
) -> None:
    inbox.receive("wall", wall.payload(Removal(external_id="c1")))
    with pytest.raises(ActionRefused, match="deleted"):
        hide(inbox, lead, message)


def test_a_refusal_of_the_platform_is_told(
    inbox: Inbox, wall: Wall, lead: Actor, message: InboxMessage
) -> None:
    wall.acts.append(DeliveryRejected("This comment cannot be hidden."))
    row = hide(inbox, lead, message)
    assert (row.state, row.error) == ("failed", "This comment cannot be hidden.")
    assert Event.get(Event.kind == "action_failed").data["reason"] == row.error
    assert Message.get().removal is None
    assert hide(inbox, lead, message).state == "done"


@pytest.mark.parametrize(
    "trouble",
    [OutcomeUnknown("cut off"), RuntimeError("a bug"), RateLimited("wait")],
    ids=lambda each: type(each).__name__,
)
def test_what_may_have_worked_is_done_again_until_it_surely_has(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage, trouble: Exception
) -> None:
    wall.acts.append(trouble)
    assert like(inbox, sam, message).state == "queued"
    inbox.advance(minutes=1)
    inbox.tick()
    assert PlatformAction.get().state == "done"
    assert len(wall.acted) == 2


def test_it_is_not_tried_for_ever(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    wall.acts.extend([OutcomeUnknown("cut off")] * MOST_TRIES)
    like(inbox, sam, message)
    for _ in range(MOST_TRIES):
        inbox.advance(hours=2)
        inbox.tick()
    assert PlatformAction.get().state == "failed"
    assert len(wall.acted) == MOST_TRIES


def test_a_rate_limit_says_when(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    wall.acts.append(RateLimited("wait", retry_after=timedelta(minutes=15)))
    assert like(inbox, sam, message).due_at == inbox.now + timedelta(minutes=15)


def test_a_revoked_token_pauses_the_channel_and_tells_admins(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    wall.acts.append(AuthenticationFailed("The token was revoked."))
    assert like(inbox, sam, message).state == "queued"
    channel = Channel.get(Channel.name == "wall")
    assert (channel.state, channel.health) == ("paused", "auth_required")
    assert {each.kind for each in Notification.select()} == {"channel_paused"}
    inbox.advance(hours=1)
    inbox.tick()
    assert len(wall.acted) == 1


def test_a_worker_that_died_half_way_is_followed_by_another(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    actions.like_message(inbox.runtime, sam, message.id, now=inbox.now)
    PlatformAction.update(state="sending", lease_until=inbox.now + LEASE, attempts=1).execute()
    inbox.advance(minutes=6)
    inbox.sweep()
    inbox.tick()
    assert PlatformAction.get().state == "done"
