"""The management pages in a browser: readable at every width, in both themes, and they work."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from earful import AuthenticationFailed, store
from earful.store.models import Agent, Policy, Queue
from earful.testing.inbox import Inbox
from playwright.sync_api import Route, expect

from tests.admin.conftest import Screen
from tests.admin.manage.conftest import ADMIN, LEAD, refused
from tests.wall import Wall, post

pytestmark = pytest.mark.browser
PAGES = (
    "/setup/", "/queues/", "/queues/edit/?id=1", "/policies/", "/policies/1", "/policies/2",
    "/policies/new", "/channels/", "/channels/1", "/channels/1/connect", "/channels/payload/6",
    "/plugins/", "/models/", "/people/", "/people/new/", "/people/edit/?id=4",
    "/audit/", "/system/",
)  # fmt: skip
WIDTHS = (1440, 1024, 390, 320)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_readable_at_every_width(shop: Inbox, screen: Screen, theme: str) -> None:
    with store.connection():
        Agent.update(theme=theme).execute()
    screen.sign_in(ADMIN)
    problems = []
    for path in PAGES:
        screen.open(path)
        for width in WIDTHS:
            screen.page.set_viewport_size({"width": width, "height": 900})
            problems += [f"{path} {width} {each}" for each in screen.violations()]
            if screen.is_too_wide():
                problems.append(f"{path} {width} is too wide")
    assert problems == []


@pytest.mark.parametrize("width", [1440, 320])
def test_pages_with_mistakes_and_previews_are_readable(
    shop: Inbox, screen: Screen, width: int
) -> None:
    screen.page.set_viewport_size({"width": width, "height": 900})
    screen.sign_in(ADMIN)
    screen.open("/policies/new")
    screen.page.get_by_label("What, condition 1").select_option("author.reach")
    screen.page.get_by_role("button", name="Save").click()
    screen.page.get_by_text("Please check").wait_for()
    problems = screen.violations()
    screen.open("/policies/1")
    screen.page.get_by_role("button", name="Preview").click()
    screen.page.get_by_role("heading", name="Trial").wait_for()
    problems += screen.violations()
    shop.jobs.away = True
    screen.open("/system/")
    assert problems + screen.violations() == []
    assert not screen.is_too_wide()


def test_a_policy_written_in_the_browser_routes_a_message(
    shop: Inbox, wall: Wall, screen: Screen
) -> None:
    screen.sign_in(ADMIN)
    screen.open("/policies/")
    page = screen.page
    page.get_by_role("link", name="New policy").click()
    page.fill("#name", "Parcels to Delivery")
    page.get_by_label("What, condition 1").select_option(label="message text")
    page.get_by_label("Question, condition 1").select_option(label="contains")
    page.get_by_label("Value, condition 1").fill("parcel")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("What, condition 2").select_option(label="author is verified by the platform")
    page.get_by_label("Question, condition 2").select_option(label="is")
    page.locator("select#value-1").select_option("no")
    page.get_by_label("Do, action 1").select_option(label="Put into a queue")
    page.locator("select#act-0").select_option("Delivery")
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("of the last 5 messages").wait_for()
    assert "When message text contains “parcel” and author is not verified" in page.content()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/policies/")
    assert page.get_by_text("“Parcels to Delivery” is saved.").is_visible()
    (message,) = shop.receive("wall", wall.payload(post("new", "My parcel?", by="zoe")))
    assert message.queue == "Delivery"


def test_a_row_offers_only_the_questions_that_fit(shop: Inbox, screen: Screen) -> None:
    screen.sign_in(ADMIN)
    screen.open("/policies/new")
    page = screen.page
    page.locator("#fact-0").focus()
    page.locator("#fact-0").select_option("author.reach")
    expect(page.locator("#op-0 optgroup")).to_have_count(1)
    expect(page.locator("#fact-0")).to_be_focused()
    offered = page.locator("#op-0 option").all_inner_texts()
    assert "is at least" in offered
    assert "contains" not in offered


def test_what_is_typed_while_a_row_is_drawn_anew_is_kept(shop: Inbox, screen: Screen) -> None:
    screen.sign_in(ADMIN)
    screen.intercept()
    screen.open("/policies/1")
    page = screen.page
    held: list[Route] = []
    page.route("**/policies/1", lambda route: held.append(route))  # noqa: PLW0108 - it looks at it
    with page.expect_request("**/policies/1"):
        page.locator("#op-0").select_option("contains")
    page.fill("#value-0", "typed meanwhile")
    page.fill("#name", "Renamed meanwhile")
    page.get_by_text("Once per conversation", exact=True).click()
    page.evaluate(
        """() => {
            window.drawn = new Promise((done) => {
                document.addEventListener("htmx:afterSettle", done, { once: true });
            });
        }"""
    )
    held[0].continue_()
    page.evaluate("() => window.drawn.then(() => {})")
    expect(page.locator("#op-0")).to_have_value("contains")
    expect(page.locator("#value-0")).to_have_value("typed meanwhile")
    expect(page.locator("#name")).to_have_value("Renamed meanwhile")
    expect(page.locator("[name=once]")).not_to_be_checked()


def test_the_policy_form_works_by_keyboard(shop: Inbox, screen: Screen) -> None:
    screen.sign_in(ADMIN)
    screen.open("/policies/1")
    page = screen.page
    page.get_by_role("button", name="Add a condition").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#fact-1")).to_be_focused()
    page.get_by_role("button", name="Remove condition 2").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#fact-1")).to_have_count(0)
    page.locator("#name").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Trial").wait_for()
    with store.connection():
        assert Policy.get_by_id(1).version == 2


def test_mistakes_in_a_policy_get_the_focus(shop: Inbox, screen: Screen) -> None:
    screen.sign_in(ADMIN)
    screen.open("/policies/new")
    page = screen.page
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Please check 2 fields.")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("link", name="Name: give the policy a name.").click()
    expect(page.locator("#name")).to_be_focused()


def test_without_scripts_a_policy_can_still_be_written(shop: Inbox, screen: Screen) -> None:
    screen.sign_in(ADMIN)
    plain = screen.page.context.browser.new_context(
        java_script_enabled=False, storage_state=screen.page.context.storage_state()
    )
    page = plain.new_page()
    page.goto(f"{screen.address}/policies/new")
    page.fill("#name", "Everything to Billing")
    page.get_by_role("button", name="Add a condition").click()
    page.locator("#fact-1").select_option("message.text")
    page.locator("#op-1").select_option(label="contains")
    page.fill("#value-1", "parcel")
    page.locator("#do-0").select_option("queue")
    page.fill("#act-0", "Billing")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/policies/")
    plain.close()
    with store.connection():
        assert Policy.get(Policy.name == "Everything to Billing").enabled


def test_a_policy_is_switched_off_and_moved(shop: Inbox, screen: Screen) -> None:
    screen.sign_in(ADMIN)
    screen.open("/policies/")
    page = screen.page
    page.get_by_role("switch", name="Refunds to Billing is on").click()
    page.get_by_text("The policy is off.").wait_for()
    assert (
        page.get_by_role("switch", name="Refunds to Billing is on").get_attribute("aria-checked")
        == "false"
    )
    page.get_by_role("button", name="Move Refunds to Billing down").click()
    expect(page.locator(".policies h2").first).to_contain_text("Loud voices")


def test_a_queue_with_mistakes_says_so_at_its_field(shop: Inbox, screen: Screen) -> None:
    screen.sign_in(ADMIN)
    screen.open("/queues/")
    page = screen.page
    page.get_by_role("link", name="New queue").click()
    page.fill("#name", "Billing")
    page.get_by_label("Teal").check(force=True)
    page.get_by_role("button", name="Save", exact=True).click()
    error = page.locator("#name-error")
    error.wait_for()
    assert error.inner_text() == "There is a queue named Billing already."
    assert page.locator("#name").get_attribute("aria-invalid") == "true"
    assert page.get_by_label("Teal").is_checked()
    assert screen.violations() == []
    page.fill("#name", "Returns")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Returns is saved.").wait_for()
    with store.connection():
        assert Queue.get(Queue.name == "Returns").colour == "teal"


def test_all_payloads_are_replayed_after_a_question(
    shop: Inbox, wall: Wall, screen: Screen
) -> None:
    for number, payload in enumerate(refused()):
        wall.payloads[bytes(payload.body)] = (post(f"late{number}", "Late", by="zoe"),)
    screen.sign_in(ADMIN)
    screen.open("/channels/1")
    page = screen.page
    page.get_by_role("button", name="Try all again").click()
    page.get_by_role("heading", name="Try all quarantined payloads").wait_for()
    assert screen.violations() == []
    page.get_by_role("button", name="Try again", exact=True).click()
    page.get_by_text("2 payloads are tried again").wait_for()
    shop.run_jobs()
    assert refused() == []
    screen.open("/channels/1")
    assert page.get_by_text("Every payload of this channel was read.").is_visible()


@contextmanager
def working(shop: Inbox) -> Iterator[None]:
    """Run jobs meanwhile, as a worker would."""
    over = Event()

    def work() -> None:
        while not over.wait(0.2):
            shop.run_jobs()

    worker = Thread(target=work)
    worker.start()
    yield
    over.set()
    worker.join()


def test_a_tested_channel_shows_the_result_by_itself(
    shop: Inbox, wall: Wall, screen: Screen
) -> None:
    wall.account = AuthenticationFailed("the token has expired")
    screen.sign_in(LEAD)
    screen.open("/channels/")
    page = screen.page
    page.get_by_role("button", name="Test Our").click()
    page.get_by_text("Testing: a worker tries the settings").wait_for()
    with working(shop):
        page.get_by_text("Tested just now: sign-in refused.").wait_for()
    assert page.get_by_text("the token has expired").is_visible()
    assert screen.violations() == []


def test_a_channel_is_paused_after_a_question(shop: Inbox, screen: Screen) -> None:
    screen.sign_in(LEAD)
    screen.open("/channels/")
    page = screen.page
    page.get_by_role("button", name="Pause Our").click()
    page.locator("#confirm").get_by_role("button", name="Pause").click()
    page.get_by_text("Paused by Lead.").wait_for()
    page.get_by_role("button", name="Resume Our").click()
    page.get_by_text("is live again.").wait_for()
