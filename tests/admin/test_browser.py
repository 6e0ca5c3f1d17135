"""The frame in a real browser: the policy holds, axe is content, keys and dialogs work."""

import pytest
from earful import store
from earful.store.models import Agent
from earful.store.states import Role
from playwright.sync_api import Page, expect

from tests.admin.conftest import PASSWORD, Screen

pytestmark = pytest.mark.browser

SIZES = {"light": (1440, 1024, 390, 320), "dark": (1440, 390)}


def check(screen: Screen, what: str) -> None:
    """Look at what is on the screen in every size and both themes."""
    for theme, widths in SIZES.items():
        screen.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        for width in widths:
            screen.page.set_viewport_size({"width": width, "height": 800})
            here = f"{what}, {theme}, {width}"
            assert not screen.is_too_wide(), f"{here}: scrolls sideways"
            assert screen.violations() == [], here
    screen.page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in?next=/profile/", "/nothing"])
def test_pages_for_strangers(screen: Screen, path: str) -> None:
    screen.open(path)
    check(screen, path)


def test_a_wrong_password(screen: Screen) -> None:
    screen.open("/sign-in")
    screen.page.fill("#email", "agent@example.com")
    screen.page.fill("#password", "wrong")
    screen.page.keyboard.press("Enter")
    expect(screen.page.get_by_role("alert")).to_contain_text("do not belong together")
    expect(screen.page.locator("#password")).to_be_focused()
    check(screen, "wrong password")


def test_the_first_run(screen: Screen) -> None:
    with store.connection():
        Agent.delete().execute()
    screen.open("/sign-in")
    expect(screen.page.get_by_role("heading", level=1)).to_have_text("Welcome to Earful")
    check(screen, "first run")


@pytest.mark.parametrize("path", ["/profile/", "/nothing"])
def test_pages_for_people(screen: Screen, path: str) -> None:
    screen.sign_in(Role.VIEWER)
    screen.open(path)
    check(screen, path)


def test_the_profile_with_mistakes(screen: Screen) -> None:
    screen.sign_in(Role.AGENT)
    screen.open("/profile/")
    screen.page.fill("#name", "")
    screen.page.get_by_role("button", name="Save", exact=True).click()
    expect(screen.page.locator("#name")).to_have_attribute("aria-describedby", "name-error")
    check(screen, "profile with mistakes")


def test_the_dialogs(screen: Screen) -> None:
    screen.sign_in(Role.AGENT)
    screen.open("/profile/")
    screen.page.keyboard.press("Shift+?")
    expect(screen.page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    check(screen, "list of keys")
    screen.page.keyboard.press("Escape")
    screen.page.set_viewport_size({"width": 390, "height": 760})
    screen.page.get_by_role("button", name="Menu").click()
    expect(screen.page.get_by_role("dialog", name="Earful")).to_be_visible()
    assert screen.violations() == []
    screen.page.keyboard.press("Escape")
    expect(screen.page.get_by_role("button", name="Menu")).to_be_focused()


def theme_of(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_the_theme_changes_at_once_and_stays(screen: Screen) -> None:
    screen.sign_in(Role.AGENT)
    screen.open("/profile/")
    page, light = screen.page, theme_of(screen.page)
    with page.expect_response("**/profile/theme"):
        page.locator(".nav").get_by_role("button", name="Switch to dark theme").click()
    dark = theme_of(page)
    assert dark != light
    page.reload()
    assert theme_of(page) == dark
    expect(page.locator(".nav").get_by_role("button", name="Switch to light theme")).to_be_visible()


def test_auto_follows_the_device(screen: Screen) -> None:
    screen.open("/sign-in")
    light = theme_of(screen.page)
    screen.page.emulate_media(color_scheme="dark")
    screen.page.wait_for_function(
        "light => getComputedStyle(document.body).backgroundColor !== light", arg=light
    )


def test_keys_go_places_and_can_be_switched_off(screen: Screen) -> None:
    screen.sign_in(Role.AGENT)
    screen.open("/profile/")
    page = screen.page
    page.locator(".card [data-keys-switch]").uncheck()
    page.keyboard.press("Shift+?")
    expect(page.locator("#help")).to_be_hidden()
    page.reload()
    expect(page.locator(".card [data-keys-switch]")).not_to_be_checked()
    page.locator(".card [data-keys-switch]").check()
    page.locator("#name").focus()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url(lambda url: "/profile/" not in url)


def test_the_keyboard_reaches_the_content_first(screen: Screen) -> None:
    screen.sign_in(Role.AGENT)
    screen.open("/profile/")
    screen.page.keyboard.press("Tab")
    expect(screen.page.get_by_role("link", name="Skip to content")).to_be_focused()
    screen.page.keyboard.press("Enter")
    expect(screen.page.locator("main")).to_be_focused()


def test_a_toast_is_read_aloud_and_can_be_dismissed(screen: Screen) -> None:
    screen.sign_in(Role.AGENT)
    screen.open("/profile/")
    screen.page.get_by_role("button", name="Save", exact=True).click()
    region = screen.page.get_by_role("region", name="Messages")
    expect(region).to_contain_text("Your profile is saved.")
    screen.page.wait_for_load_state()
    region.get_by_role("button", name="Dismiss").click()
    expect(region).not_to_contain_text("Your profile is saved.")
    # One of a kind that waits until it is dismissed: looking at it takes a while.
    screen.page.evaluate(
        """() => {
            const box = earful.toast("Not moved", {kind: "danger"});
            box.querySelector(".toast-text").after(earful.undoButton(() => {}));
        }"""
    )
    expect(region.get_by_role("button", name="Undo")).to_be_visible()
    check(screen, "toasts")


def test_htmx_sends_the_token_and_shows_a_refusal(screen: Screen) -> None:
    screen.sign_in(Role.AGENT)
    screen.open("/views/new")
    page = screen.page
    with page.expect_response("**/profile/theme") as taken:
        page.evaluate(
            "htmx.ajax('POST', '/profile/theme', {values: {theme: 'dark'}, swap: 'none'})"
        )
    assert taken.value.status == 303
    page.evaluate("htmx.ajax('POST', '/profile/nothing', {swap: 'none'})")
    expect(page.get_by_role("region", name="Messages")).to_contain_text("Nothing is here")


def test_signing_out(screen: Screen) -> None:
    screen.sign_in(Role.AGENT)
    screen.open("/profile/")
    screen.page.locator(".nav").get_by_role("button", name="Sign out").click()
    expect(screen.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    screen.page.go_back()
    screen.page.reload()
    expect(screen.page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_page_takes_one_style_sheet_and_no_other_host(screen: Screen) -> None:
    asked: list[str] = []
    screen.page.on("request", lambda request: asked.append(request.url))
    screen.open("/sign-in")
    assert all(url.startswith(screen.address) for url in asked)
    assert len([url for url in asked if ".css" in url]) == 1
    assert len(asked) < 12
    assert PASSWORD not in "".join(asked)
