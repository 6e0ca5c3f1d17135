"""The sandbox's page in a real browser: axe is content, it fits, and what is typed stays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from earful_twitter.oauth import authorize_url
from playwright.sync_api import Browser, Page

if TYPE_CHECKING:
    from conftest import Shop

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[3] / "admin/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def open_page(browser: Browser, width: int, scheme: str, told: list[str]) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=False,
    )
    page = context.new_page()
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    return page


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate("tags => axe.run(document, {runOnly: tags, iframes: false})", TAGS)
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def is_too_wide(page: Page) -> bool:
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    )


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1200, "light")])
def test_pages_are_accessible_and_fit(
    shop: Shop, browser: Browser, width: int, scheme: str
) -> None:
    told: list[str] = []
    page = open_page(browser, width, scheme, told)
    asking = authorize_url(
        shop.settings, redirect_uri="https://inbox.example/back", state="s", verifier="v" * 64
    )
    for address in (shop.server.url, asking):
        page.goto(address)
        assert violations(page) == [], address
        assert not is_too_wide(page), address
    assert told == []


def test_what_is_typed_stays_while_answers_arrive(shop: Shop, browser: Browser) -> None:
    told: list[str] = []
    page = open_page(browser, 1200, "light", told)
    page.goto(shop.server.url)
    page.fill("#text", "@larkfieldbikes half a sentence")
    shop.world.write(shop.world.account, "An answer of the shop")
    feed = page.locator("#feed")
    feed.get_by_text("An answer of the shop").wait_for(timeout=15_000)
    assert page.input_value("#text") == "@larkfieldbikes half a sentence"
    page.get_by_role("button", name="Post", exact=True).click()
    page.get_by_role("status").wait_for()
    feed.get_by_text("half a sentence").wait_for()
    assert told == []
