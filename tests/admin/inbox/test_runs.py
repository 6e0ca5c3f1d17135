"""Whole runs through the inbox: by keyboard alone, on a phone, and two people at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from earful import actions, store
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.models import Conversation, ConversationLabel, Note, Reply
from earful.store.states import ConversationStatus, Role
from playwright.sync_api import Browser, Page, expect

from tests.admin.conftest import PASSWORD, Screen
from tests.admin.inbox.house import House
from tests.admin.inbox.test_work import look_again

pytestmark = pytest.mark.browser

NO_POINTER = """
for (const kind of ["pointerdown", "mousedown", "touchstart"])
  addEventListener(kind, () => console.error("a pointer was used"), true);
"""


@pytest.fixture
def ten(house: House, earful_runtime: Runtime, people: dict[Role, Actor]) -> list[int]:
    """Ten conversations, the first ones due first, and a saved reply."""
    with store.connection():
        actions.save_saved_reply(
            earful_runtime,
            people[Role.AGENT],
            None,
            name="Hello",
            text="Hi {contact.first_name}, we are on it.",
            now=house.now,
        )
        return [
            house.conversation(
                house.identity(f"Person {number}"),
                f"Question number {number}",
                due_at=house.ago(-number),
            ).id
            for number in range(1, 11)
        ]


def statuses(ids: list[int]) -> set[ConversationStatus]:
    with store.connection():
        return {row.status for row in Conversation.select().where(Conversation.id << ids)}


class Hands:
    """Somebody at the keyboard, who must always know where they are."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)

    def arrive(self, at: str) -> None:
        """On another page, whose scripts have come, too: what is pressed before them is lost."""
        self.page.locator(at).first.wait_for()
        self.page.wait_for_load_state()

    def on_row(self, key: int) -> None:
        expect(self.page.locator(f"#row-{key} .row-link")).to_be_focused()

    def enter(self, key: int) -> None:
        self.on_row(key)
        self.press("Enter")
        expect(self.page.locator(f"#thread[data-id='{key}'] #thread-title")).to_be_focused()

    def said(self, words: str) -> None:
        """A toast says it, and the focus is still somewhere."""
        expect(self.page.locator(".toast").last).to_contain_text(words)
        self.is_somewhere()

    def is_somewhere(self) -> None:
        expect(self.page.locator("body :focus")).to_have_count(1)

    def resolve(self, key: int, then: int | None) -> None:
        self.press("e")
        expect(self.page.locator(f"#row-{key}")).to_have_count(0)
        self.is_somewhere()
        if then:
            self.on_row(then)


def test_ten_conversations_to_inbox_zero_by_keyboard_alone(screen: Screen, ten: list[int]) -> None:
    page, hands = screen.page, Hands(screen.page)
    page.add_init_script(NO_POINTER)
    screen.open("/sign-in")
    hands.write("agent@example.com")
    hands.press("Tab")
    hands.write(PASSWORD)
    hands.press("Enter")
    hands.arrive("#rows")
    hands.press("j")
    _answer_note_take(hands, ten)
    _snooze_label_reuse(hands, ten)
    _rank_command_hand_over(hands, ten)
    _search_and_finish(hands, ten)
    expect(page.get_by_text("Inbox zero")).to_be_visible()
    hands.is_somewhere()
    assert statuses(ten) == {ConversationStatus.RESOLVED, ConversationStatus.SNOOZED}
    with store.connection():
        assert Reply.select().count() == 2
        assert [row.text for row in Note.select()] == ["Seen this before"]
        assert [row.name for row in ConversationLabel.select()] == ["topic:refund"]


def _answer_note_take(hands: Hands, ten: list[int]) -> None:
    page = hands.page
    hands.enter(ten[0])
    hands.press("r")
    hands.write("It is on its way.")
    hands.press("Control+Enter")
    expect(page.locator(".is-queued")).to_contain_text("It is on its way.")
    expect(page.locator("#composer-text")).to_be_focused()
    hands.press("Escape")
    hands.resolve(ten[0], then=ten[1])

    hands.enter(ten[1])
    hands.press("n")
    hands.write("Seen this before")
    hands.press("Control+Enter")
    expect(page.locator(".entry-note")).to_contain_text("Seen this before")
    hands.is_somewhere()
    hands.press("Escape")
    hands.resolve(ten[1], then=ten[2])

    hands.enter(ten[2])
    hands.press("i")
    expect(page.locator("#assign-menu summary")).to_contain_text("Agent")
    hands.said("Assigned")
    hands.resolve(ten[2], then=ten[3])


def _snooze_label_reuse(hands: Hands, ten: list[int]) -> None:
    page = hands.page
    hands.enter(ten[3])
    hands.press("s", "Enter")
    hands.said("Snoozed until")
    hands.on_row(ten[4])

    hands.enter(ten[4])
    hands.press("Control+k")
    hands.write("add label")
    hands.press("Enter")
    expect(page.locator("input[name=label]")).to_be_focused()
    hands.write("topic:refund")
    hands.press("Enter")
    hands.said("Label added")
    hands.press("Escape")
    hands.resolve(ten[4], then=ten[5])

    hands.enter(ten[5])
    hands.press("r")
    hands.write("/hel")
    expect(page.locator("#picker [role=option]").first).to_contain_text("Hi Person")
    hands.press("Enter")
    expect(page.locator("#composer-text")).to_have_value("Hi Person, we are on it.")
    hands.press("Control+Enter")
    expect(page.locator(".is-queued")).to_contain_text("we are on it")
    hands.press("Escape")
    hands.resolve(ten[5], then=ten[6])


def _rank_command_hand_over(hands: Hands, ten: list[int]) -> None:
    page = hands.page
    hands.enter(ten[6])
    hands.press("p")
    expect(page.locator("#priority")).to_be_focused()
    hands.press("ArrowUp")
    hands.said("Priority: high")
    hands.press("Escape")
    hands.resolve(ten[6], then=ten[7])

    hands.enter(ten[7])
    hands.press("Control+k")
    hands.write("resolve")
    hands.press("Enter")
    expect(page.locator(f"#row-{ten[7]}")).to_have_count(0)
    hands.on_row(ten[8])

    hands.enter(ten[8])
    hands.press("a")
    hands.write("lead")
    hands.press("Enter")
    expect(page.locator("#assign-menu summary")).to_contain_text("Lead")
    hands.is_somewhere()
    hands.press("Escape")
    hands.resolve(ten[8], then=ten[9])


def _search_and_finish(hands: Hands, ten: list[int]) -> None:
    page = hands.page
    hands.press("/")
    hands.write("number 10")
    hands.press("Enter")
    hands.arrive(".hit")
    for _ in range(60):
        hands.press("Tab")
        if page.evaluate("document.activeElement.matches('.hit')"):
            break
    hands.press("Enter")
    hands.arrive(f"#thread[data-id='{ten[9]}']")
    hands.resolve(ten[9], then=None)


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Screen]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    context.set_default_timeout(15_000)
    window = Screen(context.new_page(), address)
    yield window
    context.close()
    assert not window.complaints


def test_a_run_on_a_phone(phone: Screen, ten: list[int]) -> None:
    page = phone.page

    def fits() -> None:
        assert not phone.is_too_wide(), page.url
        assert not page.evaluate("visualViewport.width > 391 || scrollX > 0")

    phone.open("/sign-in")
    fits()
    phone.sign_in(Role.AGENT)
    page.locator(f"#row-{ten[0]}").wait_for()
    fits()

    page.tap(f"#row-{ten[0]} .row-link")
    expect(page.locator("#thread-title")).to_be_visible()
    expect(page.locator("#rows")).to_be_hidden()
    fits()
    page.tap("#composer-text")
    page.fill("#composer-text", "We have found it, and send it again today.")
    fits()
    page.tap("#send")
    expect(page.locator(".is-queued")).to_contain_text("We have found it")
    fits()
    page.tap("#assign-menu summary")
    page.tap("#assign-menu [value=me]")
    expect(page.locator("#assign-menu summary")).to_contain_text("Agent")
    fits()
    page.tap(".thread-back")
    expect(page.locator("#rows")).to_be_visible()
    fits()

    page.tap(".bar .nav-link[href='/?view=mine']")
    expect(page.locator(".list-row")).to_have_count(1)
    fits()
    page.tap(".list-head a.icon-button")
    page.get_by_role("heading", level=1).wait_for()
    fits()
    page.go_back()
    page.tap(".bar .nav-link[href='/?view=all']")
    page.wait_for_url("**/?view=all")

    for key in ten:
        page.tap(f"#row-{key} .row-link")
        page.tap("#resolve")
        expect(page.locator(f"#row-{key}")).to_have_count(0)
        expect(page.locator("#rows")).to_be_visible()
        fits()
    expect(page.get_by_text("Inbox zero")).to_be_visible()
    assert statuses(ten) == {ConversationStatus.RESOLVED}


@pytest.fixture
def colleague(browser: Browser, screen: Screen) -> Iterator[Screen]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    window = Screen(context.new_page(), screen.address)
    window.sign_in(Role.LEAD)
    yield window
    context.close()
    assert not window.complaints


def test_what_a_colleague_does_takes_nothing_from_who_writes(
    screen: Screen, colleague: Screen, ten: list[int]
) -> None:
    screen.sign_in(Role.AGENT)
    for window in (screen, colleague):
        window.open(f"/?c={ten[0]}")
    mine, theirs = screen.page, colleague.page
    mine.keyboard.press("r")
    mine.keyboard.type("I will look at once")
    theirs.keyboard.press("n")
    theirs.keyboard.type("I have called them")
    theirs.keyboard.press("Control+Enter")
    expect(theirs.locator(".entry-note")).to_contain_text("I have called them")
    theirs.keyboard.press("Escape")
    theirs.keyboard.press("e")
    expect(theirs.locator(f"#row-{ten[0]}")).to_have_count(0)

    look_again(mine)
    expect(mine.locator(".entry-note")).to_contain_text("I have called them")
    expect(mine.locator("#reopen")).to_be_visible()
    expect(mine.locator("#composer-text")).to_be_focused()
    mine.keyboard.type(", promised")
    expect(mine.locator("#composer-text")).to_have_value("I will look at once, promised")
