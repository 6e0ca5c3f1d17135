"""What people do while an answer of the server is still on its way, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from earful import store
from earful.store.models import Conversation
from earful.store.states import PriorityRank, Role
from playwright.sync_api import Page, Route, expect

from tests.admin.conftest import Screen
from tests.admin.inbox.house import House
from tests.admin.inbox.test_work import arrive, look_again, open_, text_box
from tests.admin.inbox.town import Town

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(screen: Screen, town: Town) -> Page:
    screen.sign_in(Role.AGENT)
    screen.intercept()
    screen.open("/")
    return screen.page


@contextmanager
def slow(page: Page, pattern: str) -> Iterator[list[Route]]:
    """What is asked for there meanwhile is answered afterwards."""
    held: list[Route] = []
    page.route(pattern, lambda route: held.append(route))  # noqa: PLW0108 - it looks at it
    with page.expect_request(pattern):
        yield held
    while not held:
        page.evaluate("0")
    for each in held:
        each.continue_()
    page.unroute(pattern)


def search(page: Page, words: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(words)


def is_searching(page: Page, words: str) -> None:
    field = page.locator("[data-search]").first
    expect(field).to_be_focused()
    expect(field).to_have_value(words)


# The focus stays with who moved it


def test_who_goes_to_search_while_resolving_goes_on_typing_there(desk: Page, town: Town) -> None:
    open_(desk, town.yuki)
    with slow(desk, "**/updates?*"):
        desk.keyboard.press("e")
        search(desk, "refund")
    expect(desk.locator(f"#row-{town.yuki}")).to_have_count(0)
    desk.keyboard.type(" please")
    is_searching(desk, "refund please")
    with store.connection():
        assert Conversation.get_by_id(town.yuki).priority is PriorityRank.HIGH


def test_who_opens_the_next_one_while_resolving_goes_on_writing_there(
    desk: Page, town: Town
) -> None:
    open_(desk, town.yuki)
    with slow(desk, "**/updates?*"):
        desk.keyboard.press("e")
        open_(desk, town.quiet)
        desk.keyboard.press("r")
        desk.keyboard.type("Dear")
    expect(desk.locator(f"#row-{town.yuki}")).to_have_count(0)
    desk.keyboard.type(" Tom")
    expect(text_box(desk)).to_have_value("Dear Tom")


def test_who_goes_to_search_while_sending_goes_on_typing_there(desk: Page, town: Town) -> None:
    open_(desk, town.yuki)
    text_box(desk).fill("We have found it.")
    with slow(desk, "**/reply"):
        desk.keyboard.press("Control+Enter")
        desk.locator("[data-search]").first.click()
        desk.keyboard.type("par")
    expect(desk.locator(".is-queued")).to_be_visible()
    desk.keyboard.type("cel")
    is_searching(desk, "parcel")


def test_who_goes_to_search_while_one_opens_goes_on_typing_there(desk: Page, town: Town) -> None:
    with slow(desk, f"**/?*c={town.yuki}"):
        desk.locator(f"#row-{town.yuki} .row-link").focus()
        desk.keyboard.press("Enter")
        search(desk, "par")
    expect(desk.locator(f"#thread[data-id='{town.yuki}']")).to_be_visible()
    desk.keyboard.type("cel")
    is_searching(desk, "parcel")


def test_who_goes_to_search_while_many_are_changed_goes_on_typing_there(
    desk: Page, town: Town
) -> None:
    desk.locator(f"#row-{town.yuki} .row-link").focus()
    desk.keyboard.press("x")
    with slow(desk, "**/updates?*"):
        desk.get_by_role("button", name="Resolve", exact=True).first.click()
        search(desk, "par")
    expect(desk.locator(f"#row-{town.yuki}")).to_have_count(0)
    desk.keyboard.type("cel")
    is_searching(desk, "parcel")


# Opening


def test_a_slow_one_does_not_take_the_place_of_one_opened_later(desk: Page, town: Town) -> None:
    desk.hover(f"#row-{town.yuki} a")
    desk.wait_for_function("earful.inbox.toBottom !== undefined")  # what shows one is here
    with slow(desk, f"**/?*c={town.yuki}"):
        desk.click(f"#row-{town.yuki} a")
        open_(desk, town.quiet)
        desk.keyboard.press("n")
        desk.keyboard.type("Call")
    with desk.expect_response("**/draft"):
        desk.keyboard.type(" the depot")
    expect(desk.locator(f"#thread[data-id='{town.quiet}']")).to_be_visible()
    expect(text_box(desk)).to_have_value("Call the depot")
    assert f"c={town.quiet}" in desk.url


def test_what_is_typed_while_another_one_opens_is_kept(desk: Page, town: Town) -> None:
    open_(desk, town.yuki)
    text_box(desk).fill("For Yuki")
    with slow(desk, f"**/?*c={town.quiet}"), desk.expect_response("**/draft"):
        desk.click(f"#row-{town.quiet} a")
        text_box(desk).fill("For Yuki, and more")
    expect(desk.locator(f"#thread[data-id='{town.quiet}']")).to_be_visible()
    open_(desk, town.yuki)
    expect(text_box(desk)).to_have_value("For Yuki, and more")


@pytest.mark.parametrize("first", [True, False], ids=["the first one", "another one"])
def test_opening_without_a_connection_is_told(desk: Page, town: Town, *, first: bool) -> None:
    if not first:
        open_(desk, town.yuki)
    desk.context.set_offline(True)
    desk.locator(f"#row-{town.hostile} .row-link").press("Enter")
    expect(desk.locator(".toast-danger")).to_contain_text("The server cannot be reached")
    desk.context.set_offline(False)
    open_(desk, town.hostile)
    expect(text_box(desk)).to_be_visible()


# Sending


def test_what_is_typed_while_a_reply_is_sent_stays(desk: Page, town: Town) -> None:
    open_(desk, town.yuki)
    desk.keyboard.press("r")
    desk.keyboard.type("We have found it.")
    with slow(desk, "**/reply"):
        desk.keyboard.press("Control+Enter")
        desk.keyboard.type(" It comes")
    expect(desk.locator(".is-queued .bubble-text")).to_have_text("We have found it.")
    expect(text_box(desk)).to_have_value(" It comes")
    with desk.expect_response("**/draft"):
        desk.keyboard.type(" tomorrow")
    expect(desk.locator("[data-saved-hint]")).to_have_text("Draft saved")
    expect(desk.locator("#conflict")).to_be_hidden()
    desk.reload()
    expect(text_box(desk)).to_have_value(" It comes tomorrow")


def test_what_is_typed_while_a_reply_is_sent_stays_elsewhere(desk: Page, town: Town) -> None:
    open_(desk, town.yuki)
    desk.keyboard.press("r")
    desk.keyboard.type("We have found it.")
    with slow(desk, "**/reply"):
        desk.keyboard.press("Control+Enter")
        desk.keyboard.type(" It comes")
        open_(desk, town.quiet)
    expect(desk.locator(".toast")).to_contain_text("Sending in")
    expect(text_box(desk)).to_have_value("")
    open_(desk, town.yuki)
    expect(desk.locator(".is-queued .bubble-text")).to_have_text("We have found it.")
    expect(text_box(desk)).to_have_value(" It comes")


def test_a_reply_refused_while_one_is_elsewhere_is_told_there(
    desk: Page, town: Town, house: House
) -> None:
    open_(desk, town.yuki)
    text_box(desk).fill("We have found it.")
    with slow(desk, "**/reply"):
        desk.keyboard.press("Control+Enter")
        arrive(house, town.yuki, "Hello?")
        open_(desk, town.quiet)
    expect(desk.locator(".toast-danger")).to_contain_text("Not sent: 1 newer message arrived")
    expect(desk.locator("#held")).to_be_hidden()
    open_(desk, town.yuki)
    expect(text_box(desk)).to_have_value("We have found it.")


def test_a_refused_reply_is_asked_about_again_until_the_page_is_up_to_date(
    desk: Page, town: Town, house: House
) -> None:
    open_(desk, town.yuki)
    text_box(desk).fill("We have found it.")
    with slow(desk, f"**/?*c={town.yuki}*"):
        with slow(desk, "**/reply"):
            desk.keyboard.press("Control+Enter")
            arrive(house, town.yuki, "Hello?")
        expect(desk.locator("#held")).to_contain_text("Not sent: 1 newer message arrived")
        desk.click("text=Keep editing")
        with desk.expect_response("**/reply"):
            desk.keyboard.press("Control+Enter")
        expect(desk.locator("#held")).to_be_visible()
    expect(desk.locator("#latest")).to_contain_text("Hello?")
    desk.click("text=Send anyway")
    expect(desk.locator(".is-queued", has_text="We have found it.")).to_be_visible()


def test_a_reply_on_its_way_is_not_sent_again_once_the_one_before_is_shown(
    desk: Page, town: Town
) -> None:
    open_(desk, town.yuki)
    text_box(desk).fill("We have found it.")
    held: list[Route] = []
    with slow(desk, f"**/?*c={town.yuki}*"):
        with desk.expect_response("**/reply"):
            desk.keyboard.press("Control+Enter")
        expect(text_box(desk)).to_have_value("")
        desk.route("**/reply", lambda route: held.append(route))  # noqa: PLW0108 - it looks at it
        text_box(desk).fill("It comes tomorrow.")
        with desk.expect_request("**/reply"):
            desk.keyboard.press("Control+Enter")
    expect(desk.locator(".is-queued", has_text="We have found it.")).to_be_visible()
    text_box(desk).press("Control+Enter")
    with desk.expect_response("**/updates?*"):
        look_again(desk)
    assert len(held) == 1
    held[0].continue_()
    expect(desk.locator(".is-queued", has_text="It comes tomorrow.")).to_be_visible()
