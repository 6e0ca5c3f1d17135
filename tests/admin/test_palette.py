"""The command palette in a real browser: what it offers, finds, runs, and where the focus goes."""

from __future__ import annotations

import gzip
import re

import pytest
from earful import store
from earful.store.models import Conversation
from earful.store.states import PriorityRank, Role
from earful_admin.assets import _content
from playwright.sync_api import Locator, Page, expect

from tests.admin.conftest import Screen
from tests.admin.inbox.conftest import house, town
from tests.admin.inbox.town import Town

__all__ = ["house", "town"]


def open_palette(page: Page) -> Locator:
    page.keyboard.press("Control+k")
    options = page.locator("#palette [role=option]")
    options.first.wait_for()
    return options


def current(page: Page) -> Locator:
    return page.locator("#palette [role=option][aria-selected=true]")


def command(page: Page, typed: str) -> None:
    """Find something in the palette, and run it."""
    open_palette(page)
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    expect(page.locator("#palette")).to_be_hidden()


def test_it_weighs_little() -> None:
    parts = (_content("palette.js"), _content("palette.css"))
    assert sum(len(gzip.compress(part, 6)) for part in parts) <= 3 * 1024


@pytest.mark.browser
def test_nothing_of_it_is_asked_for_until_it_opens(screen: Screen, town: Town) -> None:
    asked: list[str] = []
    screen.page.on("request", lambda request: asked.append(request.url))
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.yuki}")
    screen.page.locator("#thread").wait_for()
    assert not [url for url in asked if "palette" in url]
    open_palette(screen.page)
    assert len([url for url in asked if "palette" in url]) == 2


@pytest.mark.browser
def test_what_can_be_done_with_the_open_conversation_by_name(screen: Screen, town: Town) -> None:
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.quiet}")
    page = screen.page
    page.locator("#thread-title").focus()
    text = " ".join(open_palette(page).all_inner_texts())
    here = (
        "Resolve",
        "Snooze…",
        "Macros…",
        "Assignee…",
        "Priority",
        "Add a label",
        "Note",
        "Preview",
    )
    anywhere = ("Unassigned", "Notifications", "Contacts", "Keyboard", "Switch to dark")
    for name in here + anywhere:
        assert name in text, name
    expect(page.locator("#palette [role=option]", has_text="Resolve").locator("kbd")).to_have_text(
        "e"
    )
    page.keyboard.type("prio urg")
    expect(current(page)).to_contain_text("Urgent")
    assert current(page).locator("mark").count() == len("priourg")
    page.keyboard.press("Enter")
    expect(page.locator("#priority")).to_have_value("urgent")
    expect(page.locator(".toast").last).to_contain_text("Priority")
    with store.connection():
        assert Conversation.get_by_id(town.quiet).priority is PriorityRank.URGENT
    open_palette(page)
    page.keyboard.type("in 1 hour")
    expect(current(page)).to_contain_text(re.compile(r"In 1 hour \w"))
    page.keyboard.press("Escape")
    command(page, "snoz")
    expect(page.locator("#snooze-menu")).to_have_attribute("open", "")
    assert page.evaluate("!!document.activeElement.closest('#snooze-menu')")
    page.keyboard.press("Escape")
    command(page, "note")
    expect(page.locator("#composer-text")).to_be_focused()
    expect(page.locator("#composer-form")).to_have_class("composer is-note")
    command(page, "add label")
    expect(page.locator("[name=label][placeholder]")).to_be_focused()
    command(page, "mark unread")
    expect(page.locator(".toast").last).to_contain_text("Marked as unread")


@pytest.mark.browser
def test_escape_gives_the_focus_back_and_keeps_what_was_typed(screen: Screen, town: Town) -> None:
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.quiet}")
    page = screen.page
    page.keyboard.press("r")
    page.keyboard.type("Half a sent")
    open_palette(page)
    expect(page.locator("#palette [role=combobox]")).to_be_focused()
    page.keyboard.type("nothing is called so")
    expect(current(page)).to_contain_text("Search all messages for")
    page.keyboard.press("Escape")
    expect(page.locator("#composer-text")).to_be_focused()
    page.keyboard.type("ence")
    expect(page.locator("#composer-text")).to_have_value("Half a sentence")
    open_palette(page)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("#composer-text")).to_be_focused()


@pytest.mark.browser
def test_arrows_move_and_are_told_and_pages_are_reached(screen: Screen) -> None:
    screen.sign_in(Role.ADMIN)
    screen.open("/profile/")
    page = screen.page
    page.evaluate("document.documentElement.dataset.keys = 'off'")
    field = page.locator("#palette [role=combobox]")
    open_palette(page)
    first = field.get_attribute("aria-activedescendant")
    page.keyboard.press("ArrowDown")
    second = field.get_attribute("aria-activedescendant")
    assert first != second
    assert current(page).get_attribute("id") == second
    page.keyboard.press("ArrowUp")
    assert field.get_attribute("aria-activedescendant") == first
    page.keyboard.type("audit")
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit/**")
    command(page, "késsel")
    page.wait_for_url("**/search/?q=k%C3%A9ssel")
    command(page, "keyboard")
    expect(page.locator("#help")).to_be_visible()


@pytest.mark.browser
def test_a_role_is_offered_what_it_may_open(screen: Screen, town: Town) -> None:
    screen.sign_in(Role.VIEWER)
    screen.open(f"/?c={town.quiet}")
    open_palette(screen.page)
    screen.page.keyboard.type("audit resolve priority")
    expect(screen.page.locator("#palette [role=option]")).to_have_count(1)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 320])
def test_it_looks_right_everywhere(screen: Screen, town: Town, width: int) -> None:
    page = screen.page
    page.set_viewport_size({"width": width, "height": 800})
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.hostile}")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        open_palette(page)
        assert screen.violations() == []
        page.keyboard.type("s")
        assert screen.violations() == []
        assert not screen.is_too_wide()
        page.keyboard.press("Escape")


@pytest.mark.browser
def test_the_menu_of_a_phone_leads_to_it(screen: Screen, town: Town) -> None:
    page = screen.page
    page.set_viewport_size({"width": 390, "height": 800})
    screen.sign_in(Role.AGENT)
    screen.open("/")
    page.click(".bar [data-opens=menu]")
    page.click("#menu [data-palette]")
    page.fill("#palette [role=combobox]", "mine")
    page.locator("#palette [role=option]").first.click()
    page.wait_for_url("**/?view=mine")
