"""Writing in a real browser: drafts, saved replies, previews, second thoughts, other devices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from earful import ReplyPermission, actions, store
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.models import Conversation, Draft, Message, Reply
from earful.store.states import Role
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.admin.conftest import Screen
from tests.admin.inbox.house import House
from tests.admin.inbox.town import Town
from tests.wall import Wall

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(screen: Screen, town: Town) -> Page:
    """An agent's screen with a conversation on it."""
    screen.sign_in(Role.AGENT)
    screen.intercept()
    screen.open(f"/?c={town.quiet}")
    return screen.page


@pytest.fixture
def saved(earful_runtime: Runtime, people: dict[Role, Actor]) -> None:
    with store.connection():
        for name, text in (
            ("Hello", "Hi {contact.first_name}, this is {agent.name}."),
            ("Handle", "Hello {contact.handle}, thanks."),
        ):
            actions.save_saved_reply(
                earful_runtime, people[Role.AGENT], None, name=name, text=text, now=_now()
            )


def _now() -> datetime:
    return datetime.now(UTC)


def text_box(page: Page) -> Locator:
    return page.locator("#composer-text")


def is_saved(page: Page) -> None:
    expect(page.locator("[data-saved-hint]")).to_have_text("Draft saved")


def draft_of(conversation_id: int) -> str:
    with store.connection():
        found = Draft.get_or_none(Draft.conversation == conversation_id)
        return found.text if found else ""


def test_a_draft_goes_with_the_person_and_two_windows_do_not_overwrite_each_other(
    desk: Page, browser: Browser, town: Town, address: str
) -> None:
    desk.keyboard.press("r")
    desk.keyboard.type("We are looking")
    is_saved(desk)
    assert desk.evaluate("Object.keys(localStorage).filter(k => k.includes('draft')).length") == 0
    other = browser.new_context(storage_state=desk.context.storage_state())
    phone = other.new_page()
    phone.goto(f"{address}/?c={town.quiet}")
    expect(text_box(phone)).to_have_value("We are looking")
    text_box(phone).fill("We have found it")
    is_saved(phone)
    text_box(desk).press_sequentially(" into")
    expect(desk.locator("#conflict")).to_contain_text("We have found it")
    desk.click("text=Use that one")
    expect(text_box(desk)).to_have_value("We have found it")
    expect(desk.locator("#conflict")).to_be_hidden()
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".is-queued")).to_contain_text("We have found it")
    other.close()
    assert draft_of(town.quiet) == ""


def test_each_way_to_write_has_its_own_draft_and_a_note_never_becomes_a_reply(
    desk: Page, town: Town
) -> None:
    desk.keyboard.press("n")
    desk.keyboard.type("He is angry")
    desk.click("label:has-text('Public reply')")
    expect(text_box(desk)).to_have_value("")
    text_box(desk).fill("We are sorry")
    desk.click("label:has-text('Note')")
    expect(text_box(desk)).to_have_value("He is angry")
    is_saved(desk)
    desk.reload()
    desk.click("label:has-text('Note')")
    expect(text_box(desk)).to_have_value("He is angry")
    desk.click("label:has-text('Public reply')")
    expect(text_box(desk)).to_have_value("We are sorry")


def test_a_saved_reply_by_slash_and_a_gap_that_must_be_filled(
    desk: Page, town: Town, saved: None
) -> None:
    desk.keyboard.press("r")
    desk.keyboard.type("/hel")
    expect(desk.locator("#picker [role=option]").first).to_contain_text("Hi Tom, this is Agent.")
    desk.keyboard.press("Enter")
    expect(text_box(desk)).to_have_value("Hi Tom, this is Agent.")
    expect(desk.locator("#cautions")).to_contain_text("is unchanged")
    text_box(desk).fill("")
    desk.keyboard.type("/hand")
    expect(desk.locator("#picker [role=option]")).to_have_count(1)
    desk.keyboard.press("Tab")
    expect(desk.locator(".caution.is-missing")).to_contain_text("{contact.handle}")
    expect(desk.locator("#send")).to_be_disabled()
    desk.keyboard.type("Tom")
    expect(text_box(desk)).to_have_value("Hello Tom, thanks.")
    expect(desk.locator("#send")).to_be_enabled()
    desk.keyboard.type(" /hel")
    expect(desk.locator("#picker")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.locator("#picker")).to_be_hidden()
    expect(text_box(desk)).to_be_focused()


def test_letters_typed_while_a_list_is_on_its_way_go_with_the_word_it_replaces(
    desk: Page, saved: None
) -> None:
    held: list[Route] = []
    desk.route("**/saved*q=hand", lambda route: held.append(route))  # noqa: PLW0108
    desk.keyboard.press("r")
    desk.keyboard.type("See /han")
    expect(desk.locator("#picker [role=option]")).to_have_count(1)
    with desk.expect_request("**/*q=hand"):
        desk.keyboard.type("d")
    desk.keyboard.press("Enter")
    expect(text_box(desk)).to_have_value("See Hello {contact.handle}, thanks.")
    assert held, "The list for all the letters was never held back."


def test_a_colleague_is_named_by_an_at_sign(desk: Page, town: Town) -> None:
    desk.keyboard.press("n")
    desk.keyboard.type("@lea")
    expect(desk.locator("#picker [role=option]")).to_have_count(1)
    desk.keyboard.press("Enter")
    desk.keyboard.type("please look")
    expect(text_box(desk)).to_have_value("@Lead please look")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".mention")).to_have_text("@Lead")


def test_a_second_look_before_personal_data_is_public(desk: Page, town: Town) -> None:
    desk.keyboard.press("r")
    desk.keyboard.type("Your order 882130044 is ready")
    expect(desk.locator("#cautions")).to_contain_text("order or customer number")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#held")).to_contain_text("everybody can read it")
    desk.click("text=Keep editing")
    expect(desk.locator("#held")).to_be_hidden()
    expect(text_box(desk)).to_be_focused()
    desk.keyboard.press("Control+Enter")
    desk.click("text=Send anyway")
    expect(desk.locator(".is-queued")).to_contain_text("882130044")


def test_whoever_wants_to_reply_where_none_is_possible_writes_a_note(
    screen: Screen, town: Town, wall: Wall
) -> None:
    wall.permission = ReplyPermission(allowed=False, reason="The page takes no comments.")
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.quiet}")
    screen.page.locator("#thread-title").focus()
    screen.page.keyboard.press("r")
    expect(screen.page.locator(".toast")).to_contain_text("No reply can be written here")
    screen.page.keyboard.type("see me")
    expect(text_box(screen.page)).to_have_value("see me")
    with store.connection():
        assert Conversation.get_by_id(town.quiet).status == "open"


def test_a_preview_that_comes_after_its_closing_stays_away(desk: Page, town: Town) -> None:
    held: list[Route] = []
    desk.keyboard.press("r")
    desk.keyboard.type("Good morning")
    expect(desk.locator("[data-saved-hint]")).to_have_text("Draft saved")
    desk.click("[data-preview-toggle]")
    expect(desk.locator("#preview")).to_be_visible()
    desk.route("**/preview", lambda route: held.append(route))  # noqa: PLW0108
    with desk.expect_request("**/preview"):
        desk.keyboard.press("r")
        desk.keyboard.type(", Tom")
    desk.click("[data-preview-toggle]")
    expect(desk.locator("#preview")).to_be_hidden()
    with desk.expect_response("**/preview"):
        held[0].continue_()
    expect(desk.locator("#preview")).to_be_hidden()


def test_preview_schedule_and_cancel(desk: Page, town: Town) -> None:
    desk.keyboard.press("r")
    desk.keyboard.type("Good morning {contact.first_name}")
    desk.click("[data-preview-toggle]")
    expect(desk.locator("#preview")).to_contain_text("Good morning Tom")
    desk.keyboard.press("p")
    expect(desk.locator("#preview")).to_be_hidden()
    desk.click("#send-menu summary")
    desk.click("#send-menu [value^='at:'] >> nth=-1")
    expect(desk.locator(".is-scheduled")).to_contain_text("Scheduled for")
    expect(text_box(desk)).to_have_value("")
    desk.click(".is-scheduled [data-undo]")
    expect(text_box(desk)).to_have_value("Good morning Tom")
    expect(desk.locator(".is-scheduled")).to_have_count(0)
    with store.connection():
        assert Reply.get(Reply.conversation == town.quiet).scheduled


def test_words_typed_without_a_connection_reach_the_server_when_it_is_back(
    desk: Page, town: Town
) -> None:
    desk.keyboard.press("r")
    desk.context.set_offline(True)
    desk.keyboard.type("Written in a tunnel")
    expect(desk.locator("[data-saved-hint]")).to_contain_text("Kept in this browser")
    desk.context.set_offline(False)
    is_saved(desk)
    assert draft_of(town.quiet) == "Written in a tunnel"


def test_who_was_signed_out_is_told_so_while_writing(desk: Page, town: Town) -> None:
    cookies = desk.context.cookies()
    desk.context.clear_cookies()
    desk.keyboard.press("r")
    desk.keyboard.type("Written too late")
    expect(desk.locator("[data-saved-hint]")).to_have_text("Signed out. Kept in this browser.")
    expect(desk.locator("#announcer")).to_contain_text("You are signed out.")
    desk.context.add_cookies(cookies)
    desk.keyboard.type(".")
    is_saved(desk)
    assert draft_of(town.quiet) == "Written too late."


def test_a_page_that_was_read_before_the_words_were_kept_still_shows_them(
    desk: Page, town: Town
) -> None:
    """Reloading while a draft is on its way: the server may read the page first."""
    on_their_way: list[Route] = []

    def hold(route: Route) -> None:
        on_their_way.append(route)

    desk.route("**/draft", hold)
    desk.keyboard.press("r")
    with desk.expect_request("**/draft"):
        desk.keyboard.type("Kept too late for the page")

    def page_first(route: Route) -> None:
        page = route.fetch()
        desk.unroute("**/draft")
        with desk.expect_event("requestfinished", lambda request: "/draft" in request.url):
            on_their_way[0].continue_()
        route.fulfill(response=page)

    desk.route(f"**/?c={town.quiet}", page_first)
    desk.reload()
    expect(text_box(desk)).to_have_value("Kept too late for the page")
    is_saved(desk)


def test_reading_goes_on_where_it_ended_and_from_message_to_message(
    desk: Page, town: Town, house: House, people: dict[Role, Actor], earful_runtime: Runtime
) -> None:
    with store.connection():
        row = Conversation.get_by_id(town.quiet)
        who = Message.get(Message.conversation == row.id).identity
        for number in range(30):
            house.message(row, who, f"Line {number:03}", minutes=300 - number)
        read = house.message(row, who, "Read so far", minutes=200)
        actions.mark_read(earful_runtime, people[Role.AGENT], row.id, read.id, now=_now())
        for number in range(30):
            house.message(row, who, f"Fresh {number:03}", minutes=100 - number)
    desk.reload()
    expect(desk.locator("#new-line")).to_be_in_viewport()
    expect(desk.get_by_text("Fresh 000")).to_be_in_viewport()
    desk.keyboard.press("Shift+K")
    expect(desk.locator(".entry:focus")).to_contain_text("Fresh 029")
    desk.keyboard.press("Shift+K")
    expect(desk.locator(".entry:focus")).to_contain_text("Fresh 028")


def test_where_a_price_and_a_window_apply_they_are_told(
    screen: Screen, town: Town, wall: Wall
) -> None:
    wall.permission = ReplyPermission(
        allowed=True, until=_now() + timedelta(hours=3), cost_usd=0.015
    )
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.quiet}")
    facts = screen.page.locator(".composer-facts")
    expect(facts).to_contain_text("Possible until")
    expect(facts).to_contain_text("$0.015")
    screen.page.click("label:has-text('Note')")
    expect(facts).not_to_contain_text("Possible until", use_inner_text=True)


def test_leaving_the_text_box_sends_nothing(desk: Page, town: Town) -> None:
    desk.keyboard.press("r")
    desk.keyboard.type("Not ready yet")
    desk.click("#thread-title")
    is_saved(desk)
    assert draft_of(town.quiet) == "Not ready yet"
    with store.connection():
        assert not Reply.select().where(Reply.conversation == town.quiet).exists()
