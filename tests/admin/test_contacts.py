"""The pages about contacts: who may open and do what, and that strangers' words stay words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from earful import actions, store
from earful.actions import SYSTEM
from earful.store.models import (
    Agent,
    AuditEvent,
    Channel,
    Contact,
    ContactNote,
    ContactValue,
    Identity,
)
from earful.store.states import Role
from earful.testing.inbox import Inbox
from earful.types import Author
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Route, expect

from tests.admin.conftest import Screen
from tests.wall import Wall, post

SignIn = Callable[[Role], FlaskClient]
HOSTILE = "<script>alert(1)</script> \u202e\"'><b>bold</b> {{ 7 * 7 }} " + "long" * 60
VIEWER, AGENT, LEAD, ADMIN = Role
READ = {
    "/contacts/": VIEWER,
    "/contacts/?q=ann": VIEWER,
    "/contacts/?vip=1": VIEWER,
    "/contacts/?before=x": VIEWER,
    "/contacts/?into=1": VIEWER,
    "/contacts/1": VIEWER,
    "/contacts/1?before=9": VIEWER,
    "/contacts/1/person?c=1": VIEWER,
    "/contact-fields/": LEAD,
    "/contact-fields/new/": ADMIN,
    "/contact-fields/edit/?id=1": ADMIN,
}
CHANGE = {
    "/contacts/1/note": AGENT,
    "/contacts/1/note/1/remove": AGENT,
    "/contacts/1/field/1": AGENT,
    "/contacts/1/vip": AGENT,
    "/contacts/1/merge": AGENT,
    "/contacts/1/unmerge": AGENT,
    "/contacts/1/refuse": AGENT,
    "/contacts/1/allow": AGENT,
    "/contacts/1/export": LEAD,
    "/contacts/1/erase": ADMIN,
    "/contact-fields/new/": ADMIN,
    "/contact-fields/edit/?id=1": ADMIN,
}

PAGES = ("/contacts/", "/contacts/?q=nobody", "/contacts/?into=1", "/contacts/1", "/contacts/2")
WIDTHS = (1440, 1024, 390, 320)


def alike() -> None:
    """The two have the same handle, on two channels."""
    Identity.update(handle="@annwu", realm="blog:b").where(Identity.contact == 2).execute()
    Identity.update(handle="annwu").where(Identity.contact == 1).execute()


@pytest.fixture
def desk(earful_inbox: Inbox, wall: Wall) -> Inbox:
    """Two people, one of them hostile; a field, an answer and a note."""
    runtime, now = earful_inbox.runtime, earful_inbox.now
    ann = Author(external_id="ann", name="Ann Wu", handle="@ann", reach=1200, verified=True)
    eve = Author(external_id="eve", name=HOSTILE[:300], handle=HOSTILE[:300], url="javascript:x()")
    earful_inbox.receive("wall", wall.payload(post("m1", author=ann)))
    earful_inbox.receive("wall", wall.payload(post("m2", HOSTILE, author=eve)))
    with store.connection():
        field = actions.save_contact_field(
            runtime, SYSTEM, None, name=HOSTILE[:80], purpose="To find orders", now=now
        )
        for contact in (1, 2):
            actions.set_contact_value(runtime, SYSTEM, contact, field, HOSTILE, now=now)
            actions.add_contact_note(runtime, SYSTEM, contact, HOSTILE, now=now)
    return earful_inbox


def changes_made() -> int:
    with store.connection():
        return AuditEvent.select().where(~AuditEvent.action.startswith("agent.sign_in")).count()


@pytest.mark.parametrize("role", list(Role))
def test_pages_open_for_their_role_and_those_above(
    desk: Inbox, sign_in: SignIn, role: Role
) -> None:
    client = sign_in(role)
    opened = {path: client.get(path).status_code for path in READ}
    assert opened == {path: 200 if role >= least else 403 for path, least in READ.items()}


@pytest.mark.parametrize("role", [VIEWER, AGENT, LEAD])
def test_nobody_changes_what_is_above_their_role(desk: Inbox, sign_in: SignIn, role: Role) -> None:
    client, before = sign_in(role), changes_made()
    for path, least in CHANGE.items():
        if role < least:
            assert client.post(path, data={"text": "x"}).status_code == 403, path
    assert changes_made() == before


def test_a_stranger_opens_nothing_and_every_change_needs_the_token(
    desk: Inbox, app: Flask, stranger: FlaskClient, sign_in: SignIn
) -> None:
    client, before = sign_in(ADMIN), changes_made()
    app.config["WTF_CSRF_ENABLED"] = True
    for path in READ:
        assert stranger.get(path).location.startswith("/sign-in"), path
    for path in CHANGE:
        assert client.post(path).status_code == 400, path
    assert changes_made() == before


def test_reading_changes_nothing_and_strangers_words_stay_words(
    desk: Inbox, sign_in: SignIn
) -> None:
    client, before = sign_in(ADMIN), changes_made()
    for path in (*READ, "/contacts/2", "/contacts/2/person?c=2", "/?c=2"):
        text = client.get(path).text
        for bad in ("<script>alert", "<b>bold", "javascript:", " style=", " onclick=", "49 long"):
            assert bad not in text, (path, bad)
    assert changes_made() == before


def test_what_is_not_there_is_said_so(desk: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    for path in ("/contacts/999", "/contacts/999/person", f"/contacts/{10**30}"):
        assert client.get(path).status_code == 404, path


def test_a_note_a_field_and_the_star_are_kept_from_the_page(desk: Inbox, sign_in: SignIn) -> None:
    client = sign_in(AGENT)
    for path, data in (
        ("note", {"text": "Calls on Fridays"}),
        ("field/1", {"text": "A-17"}),
        ("vip", {"vip": "1"}),
    ):
        answer = client.post(f"/contacts/1/{path}", data=data)
        assert (answer.status_code, answer.location) == (303, "/contacts/1"), path

    page = client.get("/contacts/1").text
    assert "Calls on Fridays" in page
    assert 'value="A-17"' in page
    assert "Ann Wu" in client.get("/contacts/?vip=1").text
    with store.connection():
        assert ContactValue.get(ContactValue.contact == 1).text == "A-17"


def test_beside_a_conversation_a_script_gets_the_part_anew(desk: Inbox, sign_in: SignIn) -> None:
    client = sign_in(AGENT)
    headers = {"HX-Request": "true"}

    part = client.post("/contacts/1/note", data={"text": "Hello", "c": "1"}, headers=headers)

    assert part.status_code == 200
    assert "Noted" in part.headers["HX-Trigger"]
    assert "<html" not in part.text
    assert "Tried elsewhere first" in part.text
    refused = client.post("/contacts/1/note", data={"text": " "}, headers=headers)
    assert refused.status_code == 409
    with store.connection():
        assert ContactNote.select().where(ContactNote.contact == 1).count() == 2


def test_the_panel_of_a_conversation_leads_to_the_person(desk: Inbox, sign_in: SignIn) -> None:
    page = sign_in(VIEWER).get("/?c=1").text
    assert 'data-fetch="/contacts/1/person?c=1"' in page
    assert 'href="/contacts/1"' in page


def test_an_account_of_a_channel_that_is_gone_is_still_shown(desk: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        assert Channel.select().count() == 1
        Identity.update(realm="wall:gone").where(Identity.contact == 1).execute()
    assert "Channel removed" in sign_in(VIEWER).get("/contacts/1").text


def test_what_is_known_is_only_read_by_a_viewer(desk: Inbox, sign_in: SignIn) -> None:
    page = sign_in(VIEWER).get("/contacts/1").text
    assert "<textarea" not in page
    assert "Mark as VIP" not in page
    with store.connection():
        assert Contact.select().count() == 2


def test_a_suggestion_is_confirmed_taken_apart_and_refused(desk: Inbox, sign_in: SignIn) -> None:
    client = sign_in(AGENT)
    with store.connection():
        alike()
    for path in ("/contacts/1", "/contacts/1/person?c=1"):
        page = client.get(path).text
        assert "Maybe the same person" in page
        assert "Both are called @annwu" in page

    client.post("/contacts/1/merge", data={"other": "2"})

    assert client.get("/contacts/2").location == "/contacts/1"
    page = client.get("/contacts/1").text
    assert "Merged into this contact" in page
    assert "Both are called @annwu" in page
    assert client.post("/contacts/2/unmerge", data={"merge": "1"}).status_code == 404
    client.post("/contacts/1/unmerge", data={"merge": "1"})
    assert client.get("/contacts/2").status_code == 200
    client.post("/contacts/1/refuse", data={"other": "2"})
    page = client.get("/contacts/1").text
    assert "Maybe the same person" not in page
    assert "Suggest again" in page
    client.post("/contacts/1/allow", data={"other": "2"})
    assert "Maybe the same person" in client.get("/contacts/1").text


def test_the_other_contact_is_found_in_the_list(desk: Inbox, sign_in: SignIn) -> None:
    page = sign_in(AGENT).get("/contacts/?into=1&q=ann").text
    assert "Who is the same person as Ann Wu?" in page
    assert 'action="/contacts/1/merge"' not in page
    assert 'action="/contacts/1/merge"' in sign_in(AGENT).get("/contacts/?into=1").text
    assert "Who is the same" not in sign_in(VIEWER).get("/contacts/?into=1").text


def test_a_lead_takes_a_copy_as_one_file(desk: Inbox, sign_in: SignIn) -> None:
    answer = sign_in(LEAD).post("/contacts/1/export")

    assert answer.headers["Content-Disposition"] == "attachment; filename=contact-1.json"
    assert answer.json["contact"]["name"] == "Ann Wu"
    assert [each["external_id"] for each in answer.json["messages"]] == ["m1"]


def test_an_admin_erases_after_typing_the_word(desk: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    refused = client.post("/contacts/1/erase", data={"confirmation": "no"})
    assert "Nothing was erased" in refused.text
    assert "Ann Wu" in client.get("/contacts/1").text

    assert client.post("/contacts/1/erase", data={"confirmation": "erase"}).status_code == 303

    page = client.get("/contacts/1").text
    assert "All that told of this person was erased" in page
    assert "Erase this person" not in page
    assert "<textarea" not in page
    for path in ("/contacts/", "/contacts/1", "/?c=1", "/search/?q=ann", "/audit/"):
        assert "Ann Wu" not in client.get(path).text, path


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_readable_at_every_width(desk: Inbox, screen: Screen, theme: str) -> None:
    with store.connection():
        Agent.update(theme=theme).execute()
        alike()
        Contact.update(vip=True).where(Contact.id == 1).execute()
    screen.sign_in(ADMIN)
    problems = []
    for path in (*PAGES, "/?c=1"):
        screen.open(path)
        if "c=1" in path:
            screen.page.get_by_text("Before you answer").wait_for()
        for width in WIDTHS:
            screen.page.set_viewport_size({"width": width, "height": 900})
            problems += [f"{path} {width} {each}" for each in screen.violations()]
            if screen.is_too_wide():
                problems.append(f"{path} {width} is too wide")
        screen.page.set_viewport_size({"width": 1440, "height": 900})
    assert problems == []


@pytest.mark.browser
def test_beside_a_conversation_a_note_is_kept_and_a_match_confirmed(
    desk: Inbox, screen: Screen
) -> None:
    with store.connection():
        alike()
    screen.sign_in(AGENT)
    screen.open("/?c=1")
    page = screen.page
    page.get_by_label("Note about Ann Wu").fill("Calls on Fridays")
    page.get_by_role("button", name="Add note").press("Enter")
    expect(page.locator(".kept-note").first).to_have_text("Calls on Fridays")
    page.get_by_role("button", name="Same person as").press("Enter")
    page.get_by_text("They are one contact now").wait_for()
    expect(page.get_by_text("Maybe the same person")).to_have_count(0)
    page.get_by_role("link", name="All about them").press("Enter")
    page.get_by_role("button", name="again").press("Enter")
    page.get_by_text("They are two contacts again").wait_for()
    expect(page.get_by_role("heading", name="Maybe the same person")).to_be_visible()


@pytest.mark.browser
def test_beside_a_conversation_the_focus_stays_with_what_was_pressed(
    desk: Inbox, screen: Screen
) -> None:
    with store.connection():
        alike()
    screen.sign_in(AGENT)
    screen.open("/?c=1")
    page = screen.page
    page.get_by_role("button", name="Mark as VIP").press("Enter")
    expect(page.get_by_role("button", name="VIP", exact=True)).to_be_focused()
    page.get_by_label("Note about Ann Wu").fill("Calls on Fridays")
    page.get_by_role("button", name="Add note").press("Enter")
    expect(page.locator(".kept-note").first).to_have_text("Calls on Fridays")
    expect(page.get_by_role("button", name="Add note")).to_be_focused()
    page.get_by_role("button", name="Same person as").press("Enter")
    page.get_by_text("They are one contact now").wait_for()
    expect(page.locator("#context :focus")).to_have_count(1)


@pytest.mark.browser
def test_beside_a_conversation_what_is_sent_meanwhile_waits_its_turn_and_nothing_goes_twice(
    desk: Inbox, screen: Screen
) -> None:
    screen.sign_in(AGENT)
    screen.intercept()
    screen.open("/?c=1")
    page = screen.page
    held: list[Route] = []
    page.route("**/vip", lambda route: held.append(route))  # noqa: PLW0108 - it looks at it
    page.get_by_label("Note about Ann Wu").fill("Calls on Fridays")
    with page.expect_request("**/vip"):
        page.get_by_role("button", name="Mark as VIP").press("Enter")
    for _ in range(2):
        page.get_by_role("button", name="Add note").press("Enter")
    held[0].continue_()
    expect(page.get_by_role("button", name="VIP", exact=True)).to_be_visible()
    expect(page.locator(".kept-note", has_text="Calls on Fridays")).to_have_count(1)
    assert len(held) == 1


@pytest.mark.browser
def test_beside_a_conversation_a_half_typed_note_is_kept(desk: Inbox, screen: Screen) -> None:
    screen.sign_in(AGENT)
    screen.open("/?c=1")
    page = screen.page
    note = page.get_by_label("Note about Ann Wu")
    note.fill("Calls on")
    page.get_by_role("button", name="Mark as VIP").press("Enter")
    expect(page.get_by_role("button", name="VIP", exact=True)).to_be_visible()
    expect(note).to_have_value("Calls on")
    page.locator(".row-link:not([aria-current])").first.press("Enter")
    expect(page.locator("#thread:not([data-id='1'])")).to_be_visible()
    expect(page.locator("#contact-note")).to_have_value("")
    page.locator(".row-link[href$='c=1']").press("Enter")
    expect(note).to_have_value("Calls on")
    note.press("End")
    page.keyboard.type(" Fridays")
    page.get_by_role("button", name="Add note").press("Enter")
    expect(page.locator(".kept-note").first).to_have_text("Calls on Fridays")
    expect(note).to_have_value("")
    page.reload()
    expect(page.locator(".kept-note").first).to_have_text("Calls on Fridays")
    expect(note).to_have_value("")
