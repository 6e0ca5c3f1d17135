"""High contrast: with the system's few colours everything can still be told apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from earful import store
from earful.store.states import Role
from playwright.sync_api import Browser, Locator, Page, expect

from tests.admin.conftest import Screen
from tests.admin.inbox.house import House
from tests.admin.inbox.test_look import _both_surfaces
from tests.admin.inbox.town import Town

pytestmark = pytest.mark.browser


@pytest.fixture(params=["light", "dark"])
def forced(
    browser: Browser, address: str, request: pytest.FixtureRequest, town: Town
) -> Iterator[Screen]:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900},
        forced_colors="active",
        color_scheme=request.param,
        reduced_motion="reduce",
    )
    window = Screen(context.new_page(), address)
    window.sign_in(Role.AGENT)
    yield window
    context.close()
    assert not window.complaints


def look(part: Locator, *names: str, pseudo: str = "") -> tuple[str, ...]:
    """Computed values of some properties."""
    script = "(node, [names, pseudo]) => names.map(n => getComputedStyle(node, pseudo)[n])"
    return tuple(part.evaluate(script, [names, pseudo]))


def has_ring(part: Locator) -> bool:
    style, width = look(part, "outlineStyle", "outlineWidth")
    return style != "none" and float(width.removesuffix("px")) >= 2


def focus_by_key(page: Page, part: Locator) -> None:
    """As somebody does who moves with Tab: what was focused by a script shows no ring."""
    part.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(part).to_be_focused()


def test_who_will_read_it_is_told_without_colour(forced: Screen, town: Town, house: House) -> None:
    with store.connection():
        _both_surfaces(house, town)
    page = forced.page
    looks = {}
    for conversation in (town.quiet, town.yuki):
        forced.open(f"/?c={conversation}")
        for tab in page.locator("input[name=surface]:enabled").all():
            tab.check(force=True)
            kind = str(tab.get_attribute("data-kind"))
            looks[kind] = look(page.locator("#composer-form"), "borderTopStyle", "borderLeftWidth")
            chosen = page.locator("input[name=surface]:checked + span")
            other = page.locator("input[name=surface]:not(:checked) + span").first
            assert has_ring(chosen)
            assert look(other, "outlineStyle") == ("none",)
    assert set(looks) == {"note", "public", "private"}
    assert len(set(looks.values())) == 3
    note, out = page.locator(".entry-note > .bubble").first, page.locator(".entry-out > .bubble")
    assert look(note, "borderTopStyle") != look(out.first, "borderTopStyle")
    assert forced.violations() == []


def test_what_is_open_chosen_and_focused_can_be_told_apart(forced: Screen, town: Town) -> None:
    page = forced.page
    forced.open(f"/?c={town.yuki}")
    current = page.locator(".row-link[aria-current]")
    other = page.locator(".row-link:not([aria-current])").first
    assert look(current, "content", "width", pseudo="::before") == ('""', "6px")
    assert look(other, "content", pseudo="::before") == ("none",)
    assert has_ring(page.locator(".nav .nav-link[aria-current]"))
    for name in ("#resolve", ".list-search input", ".context-person h2 a", "#assign-menu summary"):
        part = page.locator(name)
        focus_by_key(page, part)
        assert has_ring(part), name
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    assert has_ring(page.locator("#composer-form"))
    icon = page.locator("#resolve .icon")
    assert look(icon, "stroke") != look(page.locator("#resolve"), "backgroundColor")
    assert forced.violations() == []


def test_dialogs_menus_and_the_palette(forced: Screen, town: Town) -> None:
    page = forced.page
    forced.open(f"/?c={town.quiet}")
    page.keyboard.press("a")
    assert look(page.locator("#assign-menu .menu-box"), "borderTopStyle") == ("solid",)
    assert forced.violations() == []
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    chosen = page.locator("#palette [aria-selected=true]")
    chosen.wait_for()
    assert has_ring(chosen)
    assert look(page.locator("#palette"), "borderTopStyle") == ("solid",)
    assert forced.violations() == []
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+?")
    expect(page.locator("#help")).to_be_visible()
    assert look(page.locator("#help"), "borderTopStyle") == ("solid",)
    assert forced.violations() == []


def test_more_contrast_makes_lines_and_quiet_words_strong(
    browser: Browser, address: str, town: Town
) -> None:
    looks = []
    for contrast in ("no-preference", "more"):
        with browser.new_context(contrast=contrast) as context:
            window = Screen(context.new_page(), address)
            window.sign_in(Role.AGENT)
            window.open(f"/?c={town.yuki}")
            looks.append(look(window.page.locator(".row-top time").first, "color"))
            assert window.violations() == []
            assert not window.complaints
            window.page.goto("about:blank")
    assert looks[0] != looks[1]
