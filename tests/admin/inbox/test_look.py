"""How the inbox looks: no axe violation, nothing too wide, no complaint of the console."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from earful import store
from earful.store.models import Agent, Mention, Message, ReadCursor, SavedReply, Thread
from earful.store.states import Role
from earful.types import ReplyPermission, Surface

from tests.admin.conftest import Screen
from tests.admin.inbox.house import House
from tests.admin.inbox.town import Town
from tests.wall import Wall

pytestmark = pytest.mark.browser

SIZES = {1700: 950, 1440: 900, 1024: 768, 390: 844, 320: 640}
CHECKED = (1440, 1024, 390, 320)
PICTURES = os.environ.get("EARFUL_PICTURES", "")
"""A folder for pictures of every state, for people to look at."""


def check(screen: Screen, name: str) -> None:
    """Look at what is on the screen at every width and in both themes, without loading it anew."""
    problems = []
    for theme in ("light", "dark"):
        screen.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for width, height in SIZES.items():
            resize(screen, width, height)
            here = f"{name}-{width}-{theme}"
            if PICTURES:
                Path(PICTURES).mkdir(exist_ok=True)
                screen.page.screenshot(path=f"{PICTURES}/{here}.png")
            problems += [f"{here} is too wide"] if screen.is_too_wide() else []
            if width in CHECKED:
                problems += [f"{here} {each}" for each in screen.violations()]
    resize(screen)
    assert problems == []


def resize(screen: Screen, width: int = 1440, height: int = 900) -> None:
    screen.page.set_viewport_size({"width": width, "height": height})


@pytest.mark.parametrize("which", ["list", "yuki", "hostile", "closed"])
def test_every_width_in_light_and_dark(screen: Screen, town: Town, wall: Wall, which: str) -> None:
    wall.reply_length = 300
    if which == "closed":
        wall.permission = ReplyPermission(
            allowed=False, reason="Comments can only be answered on the page itself."
        )
    paths = {
        "list": "/",
        "yuki": f"/?c={town.yuki}",
        "hostile": f"/?c={town.hostile}",
        "closed": f"/?c={town.quiet}",
    }
    screen.sign_in(Role.AGENT)
    screen.open(paths[which])
    check(screen, which)
    assert "taken" not in screen.page.title()


def test_menus_details_and_what_is_unfolded(screen: Screen, town: Town) -> None:
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.yuki}")
    for menu in ("assign-menu", "snooze-menu", "more-menu"):
        screen.page.click(f"#{menu} summary")
        check(screen, menu)
        screen.page.keyboard.press("Escape")
    for unfolded in screen.page.locator(".why summary, .edited summary").all():
        unfolded.click()
    check(screen, "unfolded")
    resize(screen, 390)
    screen.page.click(".context-toggle")
    check(screen, "details")


def test_while_writing(screen: Screen, town: Town, house: House, wall: Wall) -> None:
    wall.reply_length = 100
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.yuki}")
    screen.page.keyboard.press("n")
    screen.page.keyboard.type("The depot found it")
    check(screen, "note")
    screen.page.keyboard.press("Escape")
    screen.page.keyboard.press("r")
    screen.page.fill("#composer-text", "word " * 30)
    screen.page.locator(".counter.is-over").wait_for()
    check(screen, "too-long")
    screen.page.fill("#composer-text", "Hello there")
    with store.connection():
        message = Message.get(Message.conversation == town.yuki)
        house.arrive(message.conversation, message.identity, "Hello? Anybody?")
    screen.page.keyboard.press("Control+Enter")
    screen.page.get_by_text("Send anyway").wait_for()
    check(screen, "held")
    screen.page.click("text=Send anyway")
    screen.page.locator(".is-queued").wait_for()
    check(screen, "queued")


@pytest.mark.parametrize("view", ["mine", "queue-1"])
def test_empty_views(screen: Screen, house: House, view: str) -> None:
    screen.sign_in(Role.VIEWER)
    screen.open(f"/?view={view}")
    check(screen, f"empty-{view}")


def test_a_viewer_reads_and_is_told_why_not_to_write(screen: Screen, town: Town) -> None:
    screen.sign_in(Role.VIEWER)
    screen.open(f"/?c={town.yuki}")
    check(screen, "viewer")
    assert screen.page.get_by_text("You can read everything here").is_visible()
    assert screen.page.locator("#composer-text").count() == 0


def test_while_composing(screen: Screen, town: Town, house: House, wall: Wall) -> None:
    wall.reply_length = 300
    wall.permission = ReplyPermission(
        allowed=True, until=house.now + timedelta(hours=3), cost_usd=0.015
    )
    with store.connection():
        _both_surfaces(house, town)
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.quiet}")
    check(screen, "private")
    screen.open(f"/?c={town.yuki}")
    box = screen.page.locator("#composer-text")
    box.press_sequentially("/hel")
    screen.page.locator("#picker [role=option]").first.wait_for()
    check(screen, "picker")
    box.fill("Hi {contact.handle} {contact.shoe}, mail me at a@b.example")
    screen.page.locator(".caution").first.wait_for()
    screen.page.click("[data-preview-toggle]")
    screen.page.locator(".preview-missing").wait_for()
    check(screen, "preview")
    box.fill("Good morning")
    screen.page.locator(".caution").first.wait_for(state="detached")
    screen.page.click("#send-menu summary")
    check(screen, "send-menu")
    screen.page.click("#send-menu [value^='at:'] >> nth=0")
    screen.page.locator(".is-scheduled").wait_for()
    check(screen, "scheduled")


def _both_surfaces(house: House, town: Town) -> None:
    """One conversation in two threads, partly read; a saved reply."""
    first = Message.get(Message.conversation == town.quiet)
    row = first.conversation
    reader = Agent.get(Agent.email == "agent@example.com")
    ReadCursor.create(agent=reader, conversation=row, message_id=first.id)
    thread = Thread.create(
        channel=row.channel_id, external_id="dm", conversation=row, surface=Surface.PRIVATE
    )
    message = house.message(
        row, first.identity, "Here is my number", thread=thread, surface=Surface.PRIVATE
    )
    house.reply(message, reader.id, "Thank you, in private", surface=Surface.PRIVATE)
    note = house.note(row, reader.id, "@Lead have a look")
    lead = Agent.get(Agent.email == "lead@example.com")
    Mention.create(note=note, conversation=row, agent=lead, at=house.now)
    SavedReply.create(name="Hello", text="Hello there", created_at=house.now, updated_at=house.now)
