"""The list pane in a real browser: by keyboard, many at once, live, and what it looks like."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from earful import actions, store
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.models import Agent, BulkItem, BulkJob, Conversation, Event
from earful.store.states import ConversationStatus, Role
from playwright.sync_api import Page, Route, expect

from tests.admin.conftest import Screen
from tests.admin.inbox.house import House
from tests.admin.inbox.test_look import SIZES
from tests.admin.inbox.test_together_look import check
from tests.admin.inbox.test_work import arrive, focused, look_again, open_
from tests.admin.inbox.town import Town

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(screen: Screen, town: Town) -> Page:
    screen.sign_in(Role.AGENT)
    screen.intercept()
    screen.open("/")
    return screen.page


def status_of(key: int) -> ConversationStatus:
    with store.connection():
        return Conversation.get_by_id(key).status


def test_selecting_changing_and_undoing_by_keyboard_alone(desk: Page, town: Town) -> None:
    for key in ("j", "x", "j", "j", "Shift+X"):
        desk.keyboard.press(key)
    expect(desk.locator("[data-bulk-count]")).to_have_text("3 selected")
    first = desk.locator("#rows .list-row").first.get_attribute("id") or ""
    desk.get_by_role("button", name="Resolve", exact=True).first.focus()
    desk.keyboard.press("Enter")
    expect(desk.locator(".toast")).to_contain_text("3 conversations resolved")
    expect(desk.locator(f"#{first}")).to_have_count(0)
    expect(desk.locator("#bulk")).to_be_hidden()
    assert focused(desk).startswith("row-")
    key = int(first.removeprefix("row-"))
    assert status_of(key) is ConversationStatus.RESOLVED
    desk.locator(".toast-undo").click()
    expect(desk.locator(f"#{first}")).to_be_visible()
    assert status_of(key) is ConversationStatus.OPEN


@pytest.mark.parametrize("many", [True, False], ids=["many", "one"])
def test_what_left_is_gone_from_further_down_too(
    screen: Screen, house: House, *, many: bool
) -> None:
    with store.connection():
        rows = [house.conversation(house.identity(f"Person {n}"), "Hi").id for n in range(60)]
    screen.sign_in(Role.AGENT)
    screen.open("/")
    desk = screen.page
    desk.locator("#row-more").scroll_into_view_if_needed()
    expect(desk.locator(".list-row")).to_have_count(60)
    last = desk.locator(".list-row").last
    left = f"#{last.get_attribute('id')}"
    if many:
        last.hover()
        last.locator(".row-pick").click()
        desk.get_by_role("button", name="Resolve", exact=True).first.click()
    else:
        open_(desk, int(left.removeprefix("#row-")))
        desk.keyboard.press("e")
    expect(desk.locator(left)).to_have_count(0)
    expect(desk.locator(".list-row")).to_have_count(59)
    desk.locator(".toast-undo").click()
    expect(desk.locator(left)).to_be_visible()
    expect(desk.locator(".list-row")).to_have_count(len(rows))


@pytest.mark.parametrize("many", [True, False], ids=["many", "one"])
def test_who_is_about_to_undo_keeps_the_focus(desk: Page, town: Town, *, many: bool) -> None:
    held: list[Route] = []
    open_(desk, town.quiet)
    desk.route("**/updates?*", lambda route: held.append(route))  # noqa: PLW0108 - it looks at it
    if many:
        desk.keyboard.press("x")
    desk.keyboard.press("e")
    undo = desk.locator(".toast-undo")
    undo.focus()
    for each in held:
        each.continue_()
    expect(desk.locator(f"#row-{town.quiet}")).to_have_count(0)
    expect(undo).to_be_focused()
    desk.unroute("**/updates?*")
    desk.keyboard.press("Enter")
    expect(desk.locator(f"#row-{town.quiet}")).to_be_visible()
    assert status_of(town.quiet) is ConversationStatus.OPEN


def test_single_keys_are_about_the_line_with_the_focus(
    desk: Page, town: Town, people: dict[Role, Actor]
) -> None:
    open_(desk, town.quiet)
    link = desk.locator(f"#row-{town.yuki} .row-link")
    after = desk.locator(f"#row-{town.yuki} + li").get_attribute("id")
    link.focus()
    desk.keyboard.press("p")
    expect(desk.locator("[data-bulk-count]")).to_have_text("1 selected")
    expect(desk.locator("#bulk-priority button").first).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator(f"#row-{town.yuki}")).to_contain_text("urgent")
    expect(link).to_be_focused()
    desk.keyboard.press("e")
    expect(desk.locator(f"#row-{town.yuki}")).to_have_count(0)
    expect(desk.locator(f"#{after} .row-link")).to_be_focused()
    desk.keyboard.press("i")
    expect(desk.locator(f"#{after}")).to_contain_text("Assigned to Agent")
    expect(desk.locator("#bulk")).to_be_hidden()
    assert status_of(town.yuki) is ConversationStatus.RESOLVED
    assert status_of(town.quiet) is ConversationStatus.OPEN


def test_single_keys_are_about_the_selected_ones_first(desk: Page, town: Town) -> None:
    for key in (town.quiet, town.hostile):
        desk.locator(f"#row-{key} .row-link").focus()
        desk.keyboard.press("x")
    desk.locator(f"#row-{town.yuki} .row-link").focus()
    for key, menu in {"a": "assign", "s": "snooze", "m": "macro"}.items():
        desk.keyboard.press(key)
        expect(desk.locator(f"#bulk-{menu}")).to_have_attribute("open", "")
        desk.keyboard.press("Escape")
        expect(desk.locator(f"#bulk-{menu} summary")).to_be_focused()
    expect(desk.locator("[data-bulk-count]")).to_have_text("2 selected")
    desk.locator(f"#row-{town.yuki} .row-link").focus()
    desk.keyboard.press("e")
    expect(desk.locator(".toast")).to_contain_text("2 conversations resolved")
    expect(desk.locator("#bulk")).to_be_hidden()
    assert status_of(town.quiet) is ConversationStatus.RESOLVED
    assert status_of(town.yuki) is ConversationStatus.OPEN


def test_what_is_refused_by_a_single_key_becomes_selected_with_its_reason(
    desk: Page, town: Town, people: dict[Role, Actor]
) -> None:
    with store.connection():
        Agent.update(away=True).where(Agent.id == people[Role.AGENT].agent_id).execute()
    desk.locator(f"#row-{town.quiet} .row-link").focus()
    desk.keyboard.press("i")
    expect(desk.locator("[data-bulk-failed]")).to_contain_text("Tom Whitaker: You are away")
    expect(desk.locator("[data-bulk-count]")).to_have_text("1 selected")


@pytest.mark.parametrize("way", ["key", "palette"])
def test_undoing_from_the_keyboard(desk: Page, town: Town, way: str) -> None:
    open_(desk, town.quiet)
    desk.keyboard.press("e")
    expect(desk.locator(f"#row-{town.quiet}")).to_have_count(0)
    if way == "key":
        desk.keyboard.press("z")
    else:
        desk.keyboard.press("Control+k")
        desk.keyboard.type("undo")
        expect(desk.locator("#palette [aria-selected=true]")).to_contain_text("Messages Undo")
        desk.keyboard.press("Enter")
    expect(desk.locator(f"#row-{town.quiet}")).to_be_visible()
    assert status_of(town.quiet) is ConversationStatus.OPEN


def test_escape_clears_the_selection_before_it_leaves(desk: Page, town: Town) -> None:
    open_(desk, town.quiet)
    desk.keyboard.press("x")
    expect(desk.locator("[data-bulk-count]")).to_have_text("1 selected")
    desk.keyboard.press("*")
    expect(desk.locator("[data-bulk-count]")).to_have_text("10 selected")
    desk.keyboard.press("Escape")
    expect(desk.locator("#bulk")).to_be_hidden()
    expect(desk.locator("#thread-title")).to_be_visible()


def test_what_was_refused_stays_selected_with_its_reason(desk: Page, town: Town) -> None:
    desk.locator(f"#row-{town.quiet} .row-link").focus()
    desk.keyboard.press("x")
    desk.get_by_title("Label the selected").click()
    desk.fill("#bulk-label-name", "what / ever")
    desk.keyboard.press("Enter")
    failed = desk.locator("[data-bulk-failed]")
    expect(failed).to_contain_text("Tom Whitaker: A label is a word")
    expect(desk.locator("[data-bulk-count]")).to_have_text("1 selected")


def test_reading_and_marking_unread(desk: Page, town: Town) -> None:
    row = desk.locator(f"#row-{town.quiet}")
    expect(row.locator(".row-dot")).to_have_count(1)
    with desk.expect_response("**/read"):
        open_(desk, town.quiet)
    expect(row.locator(".row-dot")).to_have_count(0)
    with desk.expect_response("**/unread"):
        desk.keyboard.press("u")
    expect(row.locator(".row-dot")).to_have_count(1)
    desk.reload()
    # It is open again, and so it is read again.
    expect(row.locator(".row-dot")).to_have_count(0)


def look(page: Page, *, away: bool) -> None:
    """Bring another window to the front, or this one again."""
    page.evaluate(
        """away => {
            Object.defineProperty(document, "hidden", {get: () => away, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        away,
    )


def test_what_came_while_nobody_looked_is_read_on_return(
    desk: Page, town: Town, house: House
) -> None:
    row = desk.locator(f"#row-{town.quiet}")
    look(desk, away=True)
    open_(desk, town.quiet)
    expect(row.locator(".row-dot")).to_have_count(1)
    with desk.expect_response("**/read"):
        look(desk, away=False)
    expect(row.locator(".row-dot")).to_have_count(0)

    look(desk, away=True)
    arrive(house, town.quiet, "A second thought")
    look_again(desk)
    with desk.expect_response("**/read"):
        look(desk, away=False)
    expect(row.locator(".row-dot")).to_have_count(0)

    with desk.expect_response("**/unread"):
        desk.keyboard.press("u")
    for away in (True, False):
        look(desk, away=away)
    expect(row.locator(".row-dot")).to_have_count(1)


def test_a_line_changes_in_place_and_keeps_the_focus(desk: Page, town: Town, house: House) -> None:
    link = desk.locator(f"#row-{town.quiet} .row-link")
    link.focus()
    arrive(house, town.quiet, "A second thought")
    look_again(desk)
    expect(link).to_contain_text("A second thought")
    expect(link).to_be_focused()


def test_searching_from_the_keyboard(desk: Page, town: Town) -> None:
    desk.keyboard.press("/")
    desk.keyboard.type("birthday from:yuki")
    desk.keyboard.press("Enter")
    expect(desk.locator("mark", has_text="birthday").first).to_be_visible()
    desk.locator(".hit").first.focus()
    desk.keyboard.press("Enter")
    expect(desk.locator("#thread-title")).to_contain_text("Yuki Tanaka")


def test_keeping_a_view_by_keyboard(desk: Page, town: Town) -> None:
    desk.keyboard.press("f")
    expect(desk.get_by_role("heading", name="New view")).to_be_visible()
    desk.fill("[name=name]", "Urgent ones")
    expect(desk.locator("#unsaved")).to_be_visible()
    desk.wait_for_load_state()
    desk.select_option("#fact-1", "conversation.priority")
    expect(desk.locator("#op-1 option")).not_to_have_count(1)
    desk.select_option("#op-1", "is")
    expect(desk.locator("select#value-1")).to_be_visible()
    desk.select_option("#value-1", "urgent")
    desk.keyboard.press("Control+s")
    expect(desk.locator("#list-title")).to_have_text("Urgent ones")
    expect(desk.locator("#rows .list-row")).to_have_count(1)
    link = desk.locator("nav.nav .nav-link", has_text="Urgent ones")
    expect(link).to_contain_text("1")


def test_a_lost_connection_is_told_at_once(desk: Page, town: Town) -> None:
    desk.context.set_offline(True)
    expect(desk.locator("#offline")).to_be_visible(timeout=2000)
    look_again(desk)
    expect(desk.locator("#offline")).to_be_visible()
    desk.context.set_offline(False)
    expect(desk.locator("#offline")).to_be_hidden()


def test_offline_is_told_and_mended(desk: Page, town: Town) -> None:
    desk.context.set_offline(True)
    look_again(desk)
    look_again(desk)
    expect(desk.locator("#offline")).to_be_visible()
    desk.context.set_offline(False)
    expect(desk.locator("#offline")).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_how_the_list_looks_in_every_state(screen: Screen, town: Town, theme: str) -> None:
    screen.page.emulate_media(color_scheme=theme)
    screen.sign_in(Role.LEAD)
    for width in (1440, 1024, 390, 320):
        screen.page.set_viewport_size({"width": width, "height": SIZES[width]})
        screen.open("/")
        screen.page.keyboard.press("*")
        screen.page.get_by_title("Label the selected").click()
        check(screen, f"bulk-{width}-{theme}")
        for name, path in {
            "search": "/search/?q=parcel",
            "search-none": "/search/?q=xylophone",
            "search-start": "/search/",
            "view-new": "/views/new?base=queue-1",
        }.items():
            screen.open(path)
            check(screen, f"{name}-{width}-{theme}")
    # Anew: axe leaves styles behind, and htmx would carry them over.
    screen.open("/views/new")
    screen.page.click("text=Add a group")
    screen.page.locator(".view-group .view-group").wait_for()
    check(screen, f"view-group-320-{theme}")


def test_the_tab_tells_how_many_of_ones_own_are_unread(desk: Page, town: Town) -> None:
    icon = desk.locator("link[rel=icon]")
    expect(desk).to_have_title("(2) All open · Earful")
    expect(icon).to_have_attribute("href", re.compile("favicon-unread.svg"))
    desk.click(f"#row-{town.yuki} a")
    expect(desk).to_have_title("(1) All open · Earful")
    desk.keyboard.press("u")
    expect(desk).to_have_title("(2) All open · Earful")
    with store.connection():
        Conversation.update(assignee=None).execute()
        Event.create(
            conversation=town.yuki, at=datetime.now(UTC), kind="assigned", data={"to": "Nobody"}
        )
    look_again(desk)
    expect(desk).to_have_title("All open · Earful")
    expect(icon).to_have_attribute("href", re.compile("favicon.svg"))


def test_very_many_are_changed_by_a_job_that_survives_loading_the_page_again(
    screen: Screen, town: Town, earful_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earful_admin.inbox.bulk.MOST_AT_ONCE", 1)
    screen.sign_in(Role.AGENT)
    screen.open("/")
    desk = screen.page

    def work() -> None:
        with store.connection():
            job = BulkJob.get()
            actions.continue_bulk_job(earful_runtime, job.id, now=datetime.now(UTC))

    for key in ("j", "x", "j", "j", "Shift+X"):
        desk.keyboard.press(key)
    first = desk.locator("#rows .list-row").first.get_attribute("id") or ""
    desk.get_by_role("button", name="Resolve", exact=True).first.click()
    expect(desk.locator("#bulk-job")).to_contain_text("0 of 3 conversations so far")
    desk.reload()
    expect(desk.locator("#bulk-job")).to_contain_text("0 of 3 conversations so far")
    work()
    expect(desk.locator(".toast")).to_contain_text("3 changed, 0 left out")
    expect(desk.locator("#bulk-job")).to_have_count(0)
    expect(desk.locator(f"#{first}")).to_have_count(0)

    desk.locator(".toast-undo").click()
    expect(desk.locator("#bulk-job")).to_contain_text("0 of 3 put back so far")
    work()
    expect(desk.locator(".toast")).to_contain_text("3 as before, 0 changed")
    expect(desk.locator(f"#{first}")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_of_a_job(
    screen: Screen, town: Town, people: dict[Role, Actor], theme: str
) -> None:
    screen.page.emulate_media(color_scheme=theme)
    with store.connection():
        agent_id = people[Role.AGENT].agent_id
        job = BulkJob.create(
            agent=agent_id, kind="resolve", arguments=[""], total=2, done=1, skipped=1,
            state="done", created_at=datetime.now(UTC), due_at=datetime.now(UTC),
            finished_at=datetime.now(UTC),
        )  # fmt: skip
        BulkItem.create(
            job=job, conversation_id=town.hostile, state="skipped", reason="Nobody knows. " * 20
        )
    screen.sign_in(Role.AGENT)
    for width in (1440, 1024, 390, 320):
        screen.page.set_viewport_size({"width": width, "height": SIZES[width]})
        screen.open(f"/inbox/bulk/job/{job.id}")
        check(screen, f"bulk-job-{width}-{theme}")
