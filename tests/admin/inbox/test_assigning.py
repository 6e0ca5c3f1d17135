"""Choosing who gets a conversation: who is offered, what it costs, and how it is chosen."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from earful import store
from earful.store.models import Agent, Conversation, Presence, Queue
from earful.store.states import PresenceState, Role
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from tests.admin.conftest import Screen, person
from tests.admin.inbox.house import House
from tests.admin.inbox.test_look import check
from tests.admin.inbox.test_work import focused, open_
from tests.admin.inbox.town import Town
from tests.core.store.filler import seeing


@pytest.fixture
def staff(town: Town, house: House) -> dict[str, int]:
    """Colleagues beside those of each role: one online, one away, one with a bound."""
    with store.connection():
        ids = {name: person(Role.AGENT, name).agent_id for name in ("oda", "awa", "zoë")}
        Agent.update(away=True).where(Agent.id == ids["awa"]).execute()
        Agent.update(capacity=5).where(Agent.id == ids["zoë"]).execute()
        Presence.create(
            agent=ids["oda"],
            window="w",
            conversation_id=town.quiet,
            state=PresenceState.VIEWING,
            at=house.now,
        )
        for number in range(3):
            house.conversation(house.identity(f"P {number}"), "Hello", assignee=ids["zoë"])
    return ids


def test_people_with_what_they_hold_cost_one_statement(
    sign_in: Callable[[Role], FlaskClient], staff: dict[str, int], house: House
) -> None:
    agent = sign_in(Role.AGENT)

    def statements() -> int:
        with seeing() as seen:
            page = agent.get("/inbox/assignees")
        assert page.status_code == 200
        return sum("conversation" in sql or "presence" in sql for sql, _ in seen)

    assert statements() == 1
    with store.connection():
        for number in range(120):
            who = person(Role.AGENT, f"many{number}").agent_id
            house.conversation(house.identity("A"), "Hello", assignee=who)
            house.conversation(house.identity("B"), "Hello", assignee=staff["zoë"])
    assert statements() == 1
    assert "100+ / 5 open" in agent.get("/inbox/assignees").text


def test_the_members_of_the_queue_come_first(
    sign_in: Callable[[Role], FlaskClient], staff: dict[str, int], town: Town
) -> None:
    with store.connection():
        queue = Queue.create(name="Team", members=[staff["zoë"], staff["awa"]])
    agent = sign_in(Role.AGENT)

    page = agent.get(f"/inbox/assignees?queue={queue.id}").text

    names = re.findall(r"<bdi[^>]*>(.*?)</bdi>", page)
    assert (names[0], names[1], names[-1]) == ("Zoë", "Oda", "Awa")
    assert page.count("in the team") == 1
    for odd in ("", "x", "9" * 30, "999", "-1"):
        assert "in the team" not in agent.get(f"/inbox/assignees?queue={odd}").text


def test_viewers_assign_nothing(sign_in: Callable[[Role], FlaskClient]) -> None:
    assert sign_in(Role.VIEWER).get("/inbox/assignees").status_code == 403


@pytest.fixture
def desk(screen: Screen, staff: dict[str, int]) -> Page:
    screen.sign_in(Role.AGENT)
    screen.open("/")
    return screen.page


@pytest.mark.browser
def test_who_is_there_comes_first_and_who_is_away_cannot_be_chosen(
    desk: Page, screen: Screen, town: Town, staff: dict[str, int]
) -> None:
    open_(desk, town.quiet)
    desk.keyboard.press("a")
    menu = desk.locator("#assign-menu")
    expect(menu.get_by_role("searchbox")).to_be_focused()
    expect(menu.get_by_role("button", name="Oda")).to_contain_text("online · 0 open")
    expect(menu.get_by_role("button", name="Zoë")).to_contain_text("3 / 5 open")
    expect(menu.get_by_role("button", name="Awa")).to_be_disabled()
    names = menu.locator("[data-brings] bdi").all_inner_texts()
    assert (names[0], names[-1]) == ("Oda", "Awa")
    check(screen, "assign")
    desk.set_viewport_size({"width": 1440, "height": 900})
    menu.get_by_role("searchbox").focus()
    desk.keyboard.type("zoe")
    expect(menu.locator(".menu-item:visible")).to_have_count(1)
    desk.keyboard.press("Enter")
    expect(menu.locator("summary")).to_contain_text("Zoë")
    expect(menu.locator("summary")).to_be_focused()
    with store.connection():
        assert Conversation.get_by_id(town.quiet).assignee_id == staff["zoë"]


@pytest.mark.browser
def test_a_queue_by_name_and_nothing_found(desk: Page, town: Town) -> None:
    open_(desk, town.quiet)
    desk.keyboard.press("a")
    desk.keyboard.type("nobody at all")
    expect(desk.get_by_text("Nobody and no queue is called so.")).to_be_visible()
    desk.locator("#assign-menu [data-narrows]").fill("bill")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(desk.locator("#context [name=queue]")).to_have_value("2")
    assert focused(desk) == "assign-menu"


@pytest.mark.browser
def test_nobody_online_is_said_and_the_selected_are_assigned_alike(desk: Page, town: Town) -> None:
    with store.connection():
        Presence.delete().execute()
    desk.keyboard.press("j")
    desk.keyboard.press("x")
    desk.locator("#bulk-assign summary").focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("None of your colleagues is online now.")).to_be_visible()
    desk.locator("#bulk-assign [data-narrows]").fill("oda")
    desk.keyboard.press("Enter")
    expect(desk.locator(".toast")).to_contain_text("1 conversation assigned")
