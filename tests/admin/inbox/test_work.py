"""A day's work in a real browser, mostly by keyboard: opening, answering, undoing, finishing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from earful import store
from earful.actions import Actor
from earful.store.models import Conversation, Message, Note, Reply
from earful.store.states import ConversationStatus, ReplyState, Role
from earful.types import ReplyPermission
from playwright.sync_api import Browser, Locator, Page, Request, expect

from tests.admin.conftest import Screen
from tests.admin.inbox.house import House
from tests.admin.inbox.town import Town
from tests.wall import Wall

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(screen: Screen, town: Town) -> Page:
    """An agent's screen with the inbox on it."""
    screen.sign_in(Role.AGENT)
    screen.intercept()
    screen.open("/")
    return screen.page


def focused(page: Page) -> str:
    """What has the focus, by its id or its row's."""
    return str(
        page.evaluate(
            "document.activeElement.id || document.activeElement.closest('[id]')?.id || ''"
        )
    )


def open_(page: Page, conversation_id: int) -> None:
    page.click(f"#row-{conversation_id} a")
    expect(page.locator(f"#thread[data-id='{conversation_id}']")).to_be_visible()
    expect(page.locator("#thread-title")).to_be_focused()


def text_box(page: Page) -> Locator:
    return page.locator("#composer-text")


def arrive(house: House, conversation_id: int, text: str) -> None:
    with store.connection():
        row = Conversation.get_by_id(conversation_id)
        first = Message.get(Message.conversation == conversation_id)
        house.arrive(row, first.identity, text)


def look_again(page: Page) -> None:
    """What the browser does by itself every few seconds, at once."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def reply_of(conversation_id: int) -> Reply:
    with store.connection():
        found = Reply.select().where(Reply.conversation == conversation_id)
        return found.order_by(Reply.id.desc()).get()


def test_opening_by_keyboard_and_going_back(desk: Page) -> None:
    desk.keyboard.press("j")
    first = focused(desk)
    assert first.startswith("row-")
    desk.keyboard.press("j")
    second = focused(desk)
    assert second != first
    desk.keyboard.press("k")
    assert focused(desk) == first
    desk.keyboard.press("Enter")
    expect(desk.locator("#thread-title")).to_be_focused()
    assert f"c={first.removeprefix('row-')}" in desk.url
    desk.keyboard.press("Escape")
    assert focused(desk) == first
    desk.go_back()
    expect(desk.get_by_text("Nothing is open")).to_be_visible()


def test_a_part_that_cannot_be_loaded_leads_to_the_whole_page(desk: Page, town: Town) -> None:
    desk.route("**/thread.js*", lambda route: route.abort(), times=1)
    with desk.expect_navigation():
        desk.click(f"#row-{town.quiet} a")
    text_box(desk).fill("It works all the same")
    expect(desk.locator("[data-saved-hint]")).to_have_text("Draft saved")


def test_replying_undoing_and_sending(desk: Page, town: Town) -> None:
    open_(desk, town.yuki)
    desk.keyboard.press("r")
    desk.keyboard.type("We have found it.")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".is-queued")).to_contain_text("We have found it.")
    expect(desk.locator(".toast")).to_contain_text("Sending in")
    expect(text_box(desk)).to_have_value("")
    desk.click(".toast-undo")
    expect(text_box(desk)).to_have_value("We have found it.")
    expect(desk.locator(".is-queued")).to_have_count(0)
    assert reply_of(town.yuki).state is ReplyState.UNDONE
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".is-queued")).to_be_visible()
    desk.click(".is-queued [data-undo]")
    expect(text_box(desk)).to_have_value("We have found it.")


def test_sending_and_resolving_moves_on(desk: Page, town: Town) -> None:
    open_(desk, town.yuki)
    after = desk.locator(f"#row-{town.yuki} + li").get_attribute("id")
    desk.keyboard.press("r")
    desk.keyboard.type("Done.")
    desk.keyboard.press("Control+Shift+Enter")
    expect(desk.locator(".is-queued")).to_be_visible()
    expect(desk.locator(f"#{after} a")).to_be_focused()
    assert reply_of(town.yuki).resolve_after


def test_a_note_by_keyboard(desk: Page, town: Town) -> None:
    open_(desk, town.yuki)
    desk.keyboard.press("n")
    expect(desk.locator("#composer-form")).to_have_class("composer is-note")
    desk.keyboard.type("Call the depot")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".entry-note", has_text="Call the depot")).to_be_visible()
    with store.connection():
        assert Note.select().where(Note.text == "Call the depot").exists()


def test_resolving_goes_to_the_next_row_and_can_be_undone(desk: Page, town: Town) -> None:
    open_(desk, town.yuki)
    after = desk.locator(f"#row-{town.yuki} + li").get_attribute("id")
    desk.keyboard.press("e")
    expect(desk.locator(f"#row-{town.yuki}")).to_have_count(0)
    expect(desk.locator(f"#{after} a")).to_be_focused()
    expect(desk.locator("#thread-head")).to_contain_text("Open again")
    desk.click(".toast-undo")
    expect(desk.locator(f"#row-{town.yuki}")).to_be_visible()
    with store.connection():
        assert Conversation.get_by_id(town.yuki).status is ConversationStatus.OPEN


def test_assigning_snoozing_and_priority_by_keyboard(
    desk: Page, town: Town, people: dict[Role, Actor]
) -> None:
    open_(desk, town.quiet)
    desk.keyboard.press("i")
    expect(desk.locator("#assign-menu summary")).to_contain_text("Agent")
    desk.keyboard.press("a")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Escape")
    expect(desk.locator("#assign-menu summary")).to_be_focused()
    desk.keyboard.press("p")
    expect(desk.locator("#priority")).to_be_focused()
    desk.select_option("#priority", "urgent")
    expect(desk.locator(f"#row-{town.quiet}")).to_contain_text("urgent")
    desk.locator("#thread-title").focus()
    desk.keyboard.press("s")
    desk.keyboard.press("Enter")
    expect(desk.locator("#context")).to_contain_text("Snoozed until")
    expect(desk.locator(f"#row-{town.quiet}")).to_have_count(0)


def test_labels_come_and_go(desk: Page, town: Town) -> None:
    open_(desk, town.quiet)
    desk.fill("#context input[name=label]", "birthday")
    desk.keyboard.press("Enter")
    expect(desk.locator("#context .chip")).to_contain_text("birthday")
    expect(desk.locator("#context input[name=label]")).to_have_value("")
    desk.click("#context .chip-x")
    expect(desk.locator("#context .chip")).to_have_count(0)


def test_a_newer_message_holds_the_reply_and_keeps_the_words(
    desk: Page, town: Town, house: House
) -> None:
    open_(desk, town.quiet)
    desk.keyboard.press("r")
    desk.keyboard.type("Hello there")
    arrive(house, town.quiet, "It works now, thanks")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#held")).to_contain_text("Not sent: 1 newer message arrived")
    expect(desk.locator("#latest")).to_contain_text("It works now, thanks")
    expect(text_box(desk)).to_have_value("Hello there")
    desk.click("text=Keep editing")
    expect(desk.locator("#held")).to_be_hidden()
    desk.keyboard.type("!")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".is-queued")).to_contain_text("Hello there!")


@pytest.mark.parametrize("does", ["replies", "notes"])
def test_what_a_colleague_wrote_meanwhile_holds_the_reply(
    desk: Page, town: Town, house: House, people: dict[Role, Actor], does: str
) -> None:
    open_(desk, town.quiet)
    desk.keyboard.press("r")
    desk.keyboard.type("No refund")
    with store.connection():
        first = Message.get(Message.conversation == town.quiet)
        lead = people[Role.LEAD].agent_id or 0
        if does == "replies":
            house.reply(first, lead, "You get a refund", ReplyState.QUEUED, minutes=0)
        else:
            house.note(first.conversation, lead, "You get a refund")
        house.event(first.conversation, "labelled", agent_id=lead, label="refund")
    look_again(desk)
    expect(desk.locator("#latest")).to_contain_text("You get a refund")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#held")).to_contain_text(
        "Not sent: Lead answered or left a note meanwhile"
    )
    expect(text_box(desk)).to_have_value("No refund")
    desk.click("text=Keep editing")
    desk.keyboard.press("Control+Enter")
    if does == "notes":
        expect(desk.locator("#held")).to_contain_text("The last thing here is a note of Lead")
        desk.click("text=Send anyway")
    expect(desk.locator(".is-queued", has_text="No refund")).to_be_visible()
    # What stood there before somebody began to write is known to them.
    expect(text_box(desk)).to_be_focused()
    desk.keyboard.type("One more thing")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".is-queued", has_text="One more thing")).to_be_visible()


def test_answering_an_earlier_message_hides_no_colleague(
    desk: Page, town: Town, house: House, people: dict[Role, Actor]
) -> None:
    open_(desk, town.yuki)
    text_box(desk).fill("No refund")
    with store.connection():
        first = Message.get(Message.conversation == town.yuki)
        house.reply(first, people[Role.LEAD].agent_id or 0, "A refund", ReplyState.SENT)
    desk.locator(".entry-in").first.locator("[data-answer]").click()
    expect(desk.locator(".composer-target")).to_be_visible()
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#held")).to_contain_text("Not sent: Lead answered")


def test_no_word_is_lost_when_the_connection_is(desk: Page, town: Town) -> None:
    open_(desk, town.quiet)
    desk.keyboard.press("r")
    desk.keyboard.type("A long and careful answer")
    desk.context.set_offline(True)
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#held")).to_contain_text("The server cannot be reached")
    expect(text_box(desk)).to_have_value("A long and careful answer")
    desk.context.set_offline(False)
    desk.reload()
    expect(text_box(desk)).to_have_value("A long and careful answer")
    desk.locator("#composer-text").focus()
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".is-queued")).to_be_visible()
    desk.reload()
    expect(text_box(desk)).to_have_value("")


def test_a_draft_belongs_to_its_conversation(desk: Page, town: Town) -> None:
    open_(desk, town.quiet)
    desk.keyboard.press("r")
    desk.keyboard.type("For Tom")
    open_(desk, town.yuki)
    expect(text_box(desk)).to_have_value("")
    open_(desk, town.quiet)
    expect(text_box(desk)).to_have_value("For Tom")


def test_what_is_too_long_cannot_be_sent(desk: Page, town: Town, wall: Wall) -> None:
    wall.reply_length = 20
    open_(desk, town.quiet)
    text_box(desk).fill("x" * 15)
    expect(desk.locator("#counter")).to_contain_text("5")
    text_box(desk).fill("x" * 25)
    expect(desk.locator("#counter")).to_contain_text("\u22125")
    expect(desk.locator("#send")).to_be_disabled()
    desk.keyboard.press("Control+Enter")
    desk.click("label:has-text('Note')")
    expect(desk.locator("#send")).to_be_enabled()
    with store.connection():
        assert not Reply.select().where(Reply.conversation == town.quiet).exists()


def test_where_no_answer_is_possible_the_draft_can_be_taken_along(
    screen: Screen, town: Town, wall: Wall
) -> None:
    wall.permission = ReplyPermission(allowed=False, reason="Only on the page itself.")
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.quiet}")
    closed = screen.page.locator("#closed")
    expect(closed).to_contain_text("Only on the page itself.")
    link = closed.locator("a")
    assert link.get_attribute("rel") == "noopener noreferrer nofollow"
    assert (link.get_attribute("href") or "").startswith("https://wall.example/")
    expect(screen.page.locator("input[data-kind=public]")).to_be_disabled()


def test_new_messages_appear_without_moving_what_is_read(
    desk: Page, town: Town, house: House
) -> None:
    open_(desk, town.hostile)
    desk.locator("#thread-scroll").evaluate("box => { box.scrollTop = 0; }")
    desk.locator(".quote, .bubble").first.hover()
    arrive(house, town.hostile, "A brand new line")
    look_again(desk)
    expect(desk.locator("#latest")).to_contain_text("A brand new line")
    expect(desk.locator("#thread-news")).to_be_visible()
    assert desk.locator("#thread-scroll").evaluate("box => box.scrollTop") < 5
    desk.click("#thread-news")
    expect(desk.get_by_text("A brand new line").last).to_be_in_viewport()


def test_new_conversations_wait_behind_a_pill_while_the_list_is_read(
    desk: Page, town: Town, house: House
) -> None:
    first = desk.locator("#rows .list-row").first
    before = first.get_attribute("id")
    desk.locator("#list-scroll").hover()
    with store.connection():
        new = house.conversation(house.identity("Zoe New"), "Hi", due_at=house.ago(999), minutes=0)
        house.event(new, "routed", queue="Delivery", by="fallback")
    look_again(desk)
    expect(desk.locator("#list-news")).to_contain_text("1 new")
    assert first.get_attribute("id") == before
    desk.click("#list-news")
    expect(desk.locator("#rows .list-row").first).to_have_id(f"row-{new.id}")
    expect(desk.locator("nav.nav .nav-link", has_text="All open")).to_contain_text("11")


def test_answering_an_earlier_message(desk: Page, town: Town) -> None:
    open_(desk, town.yuki)
    text_box(desk).fill("About the first one")
    desk.locator(".entry-in").first.locator("[data-answer]").click()
    expect(desk.locator(".composer-target")).to_contain_text("Worst service ever")
    expect(text_box(desk)).to_have_value("About the first one")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".is-queued")).to_be_visible()
    first = desk.locator(".entry-in").first.get_attribute("data-message")
    assert str(reply_of(town.yuki).message_id) == first


def test_going_on_down_the_list_and_up_the_thread(screen: Screen, town: Town, house: House) -> None:
    with store.connection():
        row = Conversation.get_by_id(town.quiet)
        who = Message.get(Message.conversation == row.id).identity
        for number in range(60):
            house.conversation(house.identity(f"Person {number:02}"), "Hi")
        for number in range(60):
            house.message(row, who, f"Line {number:03}", minutes=300 - number)
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.quiet}")
    page = screen.page
    assert page.locator("#rows .list-row").count() == 40
    page.locator("#row-more").scroll_into_view_if_needed()
    expect(page.locator("#rows .list-row")).to_have_count(70)
    expect(page.get_by_text("Line 059")).to_be_in_viewport()
    assert page.get_by_text("Line 001").count() == 0
    link = page.locator("#earlier-link a")
    link.scroll_into_view_if_needed()
    line = page.get_by_text("Line 015")
    stood = line.evaluate("line => line.getBoundingClientRect().top")
    link.press("Enter")
    expect(page.get_by_text("Line 001")).to_be_attached()
    expect(page.locator("#earlier-link")).to_have_count(0)
    assert abs(line.evaluate("line => line.getBoundingClientRect().top") - stood) < 2
    expect(page.locator("#thread-scroll")).to_be_focused()


def test_times_go_on_without_fetching_what_was_said(screen: Screen, town: Town) -> None:
    screen.sign_in(Role.AGENT)
    screen.page.clock.install()
    screen.open(f"/?c={town.yuki}")
    fetched: list[str | None] = []

    def note(asked: Request) -> None:
        if asked.url.endswith(f"c={town.yuki}"):
            fetched.append(asked.headers.get("hx-target"))

    screen.page.on("request", note)
    with store.connection():
        later = datetime.now(UTC) + timedelta(hours=5, minutes=30)
        Conversation.update(due_at=later).where(Conversation.id == town.yuki).execute()
    screen.page.clock.fast_forward(61_000)
    expect(screen.page.locator(".thread-sla")).to_contain_text("5 h")
    assert "about" in fetched
    assert "pane" not in fetched


def test_what_a_search_found_is_marked(screen: Screen, town: Town) -> None:
    with store.connection():
        found = Message.get(Message.conversation == town.yuki).id
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.yuki}&at={found}#message-{found}")
    bubble = screen.page.locator(f"#message-{found} .bubble")
    assert bubble.evaluate("bubble => getComputedStyle(bubble).outlineStyle") == "solid"


def test_the_focus_returns_from_a_message_at_the_bottom(desk: Page, town: Town) -> None:
    open_(desk, town.yuki)
    after = desk.locator(f"#row-{town.yuki} + li").get_attribute("id")
    desk.keyboard.press("e")
    expect(desk.locator(f"#{after} a")).to_be_focused()
    desk.locator(".toast-undo").press("Enter")
    expect(desk.locator(f"#row-{town.yuki}")).to_be_visible()
    expect(desk.locator(f"#{after} a")).to_be_focused()
    desk.locator(".toast [data-dismiss]").last.press("Enter")
    expect(desk.locator(f"#{after} a")).to_be_focused()


def test_the_focus_stays_at_a_reply_that_cannot_be_undone_any_more(
    desk: Page, town: Town, house: House, people: dict[Role, Actor]
) -> None:
    with store.connection():
        first = Message.get(Message.conversation == town.quiet)
        sam = people[Role.AGENT].agent_id or 0
        reply = house.reply(first, sam, "Try again", ReplyState.QUEUED, minutes=-5)
    open_(desk, town.quiet)
    desk.locator(".is-queued [data-undo]").focus()
    with store.connection():
        Reply.update(state=ReplyState.SENT).where(Reply.id == reply.id).execute()
        house.event(first.conversation, "reply_sent", agent_id=sam, reply_id=reply.id)
    look_again(desk)
    expect(desk.locator(".is-sent")).to_be_visible()
    expect(desk.locator(".is-sent:focus, .is-sent :focus")).to_have_count(1)


def test_on_a_narrow_screen_one_pane_at_a_time(screen: Screen, town: Town) -> None:
    screen.page.set_viewport_size({"width": 390, "height": 844})
    screen.sign_in(Role.AGENT)
    screen.open("/")
    page = screen.page
    page.click(f"#row-{town.yuki} a")
    expect(page.locator("#thread-title")).to_be_visible()
    expect(page.locator("#rows")).to_be_hidden()
    page.click(".thread-back")
    expect(page.locator("#rows")).to_be_visible()
    assert "c=" not in page.url
    page.click(f"#row-{town.yuki} a")
    page.click("#resolve")
    expect(page.locator("#rows")).to_be_visible()
    expect(page.locator(f"#row-{town.yuki}")).to_have_count(0)


def test_single_keys_can_be_switched_off(desk: Page, town: Town) -> None:
    open_(desk, town.yuki)
    desk.evaluate("document.documentElement.dataset.keys = 'off'")
    desk.keyboard.press("e")
    desk.keyboard.press("r")
    assert focused(desk) == "thread-title"
    with store.connection():
        assert Conversation.get_by_id(town.yuki).status is ConversationStatus.OPEN


def test_hostile_words_do_nothing(screen: Screen, town: Town) -> None:
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.hostile}")
    page = screen.page
    expect(page.locator(".bubble-text").first).to_contain_text("<script>document.title")
    assert page.title().endswith("All open · Earful")
    assert page.locator("#latest img, #rows img, #context img").count() == 0


def test_reading_works_without_a_script(
    browser: Browser, address: str, town: Town, screen: Screen
) -> None:
    screen.sign_in(Role.AGENT)
    state = screen.page.context.storage_state()
    # Closed whatever happens: a server cannot end while a page still talks to it.
    with browser.new_context(java_script_enabled=False, storage_state=state) as plain:
        page = plain.new_page()
        page.goto(f"{address}/?view=all")
        page.click(f"#row-{town.yuki} a")
        assert page.get_by_text("Worst service ever. Cancelling").first.is_visible()
        page.click(".entry-event .why summary")
        said = page.get_by_text("the text contains “cancelling my subscription”")
        assert said.is_visible()
