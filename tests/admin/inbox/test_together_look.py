"""Two people in one conversation, in two real browsers; and what they see, looked at by axe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from earful import store
from earful.store.models import Agent, AgentNotification, Conversation
from earful.store.states import AgentNotificationKind, Role
from playwright.sync_api import Browser, expect

from tests.admin.conftest import Screen
from tests.admin.inbox.town import Town

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("EARFUL_PICTURES", "")


@pytest.fixture
def lead(browser: Browser, screen: Screen, town: Town) -> Iterator[Screen]:
    """A second person's browser, in a conversation."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    window = Screen(context.new_page(), screen.address)
    window.sign_in(Role.LEAD)
    window.open(f"/?c={town.quiet}")
    window.page.wait_for_timeout(0)
    yield window
    context.close()
    assert not window.complaints


def check(screen: Screen, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(exist_ok=True)
        screen.page.screenshot(path=f"{PICTURES}/{name}.png")
    assert screen.violations() == []
    assert not screen.is_too_wide()


def test_two_people_in_one_conversation(screen: Screen, lead: Screen, town: Town) -> None:
    with store.connection():
        holder = Agent.get(Agent.role == Role.LEAD).id
        Conversation.update(assignee=holder).where(Conversation.id == town.quiet).execute()
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.quiet}")
    line = screen.page.locator("#presence")
    expect(line).to_contain_text("Lead is viewing", timeout=15_000)
    expect(screen.page.locator(f"#row-{town.quiet} .viewer")).to_have_count(1)

    lead.page.keyboard.press("r")
    lead.page.keyboard.type("I will look at once")
    expect(line).to_contain_text("Lead is replying", timeout=15_000)
    for width, height, theme in ((1440, 900, "light"), (1440, 900, "dark"), (320, 640, "light")):
        screen.page.set_viewport_size({"width": width, "height": height})
        screen.page.emulate_media(color_scheme=theme)
        check(screen, f"presence-{width}-{theme}")
    screen.page.set_viewport_size({"width": 1440, "height": 900})

    screen.page.get_by_role("button", name="Ask to take over").click()
    expect(lead.page.locator("#latest")).to_contain_text(
        "asks Lead to hand it over", timeout=15_000
    )
    bell = lead.page.locator(".nav:not(dialog) .nav-link[href='/notifications/'] .nav-count").first
    expect(screen.page.locator("#latest")).to_contain_text("asks Lead to hand it over")
    line.get_by_role("button", name="Take over", exact=True).click()
    expect(screen.page.locator("#latest")).to_contain_text("took it over from Lead")
    expect(line).not_to_contain_text("Take over", timeout=15_000)
    expect(lead.page.locator("#latest")).to_contain_text("took it over from Lead", timeout=15_000)
    expect(bell).to_be_visible()
    assert lead.page.input_value("#composer-text") == "I will look at once"

    screen.open("/")
    lead.page.goto("about:blank")
    expect(screen.page.locator(f"#row-{town.quiet} .viewer")).to_have_count(0, timeout=40_000)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_of_notifications(screen: Screen, town: Town, theme: str) -> None:
    screen.page.emulate_media(color_scheme=theme)
    screen.sign_in(Role.AGENT)
    screen.open("/notifications/")
    check(screen, f"notifications-none-{theme}")
    with store.connection():
        rows = {row.role: row.id for row in Agent.select()}
        for kind in AgentNotificationKind:
            AgentNotification.create(
                agent=rows[Role.AGENT],
                kind=kind,
                conversation=town.hostile,
                by=rows[Role.LEAD],
                at=Conversation.get_by_id(town.quiet).opened_at,
                read_at=None if kind == "mention" else Conversation.get_by_id(town.quiet).opened_at,
            )
    for width in (1440, 1024, 390, 320):
        screen.page.set_viewport_size({"width": width, "height": 800})
        screen.open("/notifications/")
        check(screen, f"notifications-{width}-{theme}")
        screen.open("/profile/")
        check(screen, f"profile-{width}-{theme}")
    assert "taken" not in screen.page.title()
