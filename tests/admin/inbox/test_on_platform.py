"""Liking and hiding on the conversation page: what is offered, to whom, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from earful import Capabilities, Capability, DeliveryRejected, store
from earful.runtime import Runtime
from earful.store.models import Message, PlatformAction
from earful.store.states import Role
from earful.testing.inbox import Inbox
from flask.testing import FlaskClient
from playwright.sync_api import expect

from tests.admin.conftest import Screen
from tests.admin.inbox.house import House
from tests.wall import Wall

SignIn = Callable[[Role], FlaskClient]


@pytest.fixture
def said(house: House, wall: Wall) -> Message:
    """A message that may be liked and hidden."""
    yes = Capability(allowed=True)
    wall.can = Capabilities(reply=yes, like=yes, hide=yes)
    with store.connection():
        conversation = house.conversation(house.identity("Yuki"), "Buy <b>pills</b> here!")
        return Message.get(Message.conversation == conversation.id)


def page(client: FlaskClient, said: Message) -> str:
    return client.get(f"/?c={said.conversation_id}").text


def do(client: FlaskClient, said: Message, what: str, **form: str) -> int:
    data = {"conversation": str(said.conversation_id), **form}
    return client.post(f"/message/{said.id}/{what}", data=data).status_code


def carry_out(runtime: Runtime, house: House) -> None:
    inbox = Inbox(runtime, house.now)
    inbox.advance(minutes=1)
    inbox.tick()


def test_a_lead_hides_with_a_reason_and_shows_it_again(
    sign_in: SignIn, said: Message, wall: Wall, house: House, earful_runtime: Runtime
) -> None:
    client = sign_in(Role.LEAD)
    assert "Hide it there, because" in page(client, said)
    assert do(client, said, "hide", reason="spam") == 303
    assert "Hide: on its way" in page(client, said)
    carry_out(earful_runtime, house)
    hidden = page(client, said)
    assert "hid a message there: spam" in hidden
    assert "Hidden there" in hidden
    assert "Show again" in hidden
    assert do(client, said, "unhide") == 303
    carry_out(earful_runtime, house)
    assert [each.undo for each in wall.acted] == [False, True]
    assert "Hide it there, because" in page(client, said)


def test_an_agent_likes_but_does_not_hide(
    sign_in: SignIn, said: Message, house: House, earful_runtime: Runtime
) -> None:
    client = sign_in(Role.AGENT)
    assert "This needs the role lead." in page(client, said)
    assert do(client, said, "hide", reason="spam") == 403
    assert do(client, said, "like") == 303
    carry_out(earful_runtime, house)
    assert "Liked there" in page(client, said)


def test_a_viewer_is_offered_nothing(sign_in: SignIn, said: Message) -> None:
    client = sign_in(Role.VIEWER)
    assert f'id="deeds-{said.id}"' not in page(client, said)
    for what in ("like", "unlike", "hide", "unhide"):
        assert do(client, said, what) == 403


def test_what_the_channel_cannot_do_is_said_with_its_reason(
    sign_in: SignIn, said: Message, wall: Wall
) -> None:
    no = Capability(allowed=False, reason="X lets only its <largest> customers like.")
    wall.can = Capabilities(like=no)
    shown = page(sign_in(Role.LEAD), said)
    assert "X lets only its &lt;largest&gt; customers like." in shown
    assert f"/message/{said.id}/like" not in shown


def test_what_the_platform_refused_stands_with_the_message(
    sign_in: SignIn, said: Message, wall: Wall, house: House, earful_runtime: Runtime
) -> None:
    wall.acts.append(DeliveryRejected("Only the author may."))
    client = sign_in(Role.LEAD)
    do(client, said, "hide", reason="spam")
    carry_out(earful_runtime, house)
    assert "Hide did not work: <bdi>Only the author may.</bdi>" in page(client, said)


def test_a_reason_is_needed(sign_in: SignIn, said: Message) -> None:
    client = sign_in(Role.LEAD)
    do(client, said, "hide", reason=" ")
    assert "Say why it is hidden" in page(client, said)
    with store.connection():
        assert not PlatformAction.select().exists()


@pytest.mark.browser
def test_hiding_in_the_browser(screen: Screen, said: Message) -> None:
    screen.sign_in(Role.LEAD)
    screen.open(f"/?c={said.conversation_id}")
    page = screen.page
    page.click(f"#deeds-{said.id} > summary")
    assert screen.violations() == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert not screen.is_too_wide()
    page.get_by_label("Hide it there, because").fill("somebody's address")
    page.get_by_role("button", name="Hide", exact=True).click()
    expect(page.get_by_text("It is being hidden there")).to_be_visible()
    with store.connection():
        assert PlatformAction.get().reason == "somebody's address"
