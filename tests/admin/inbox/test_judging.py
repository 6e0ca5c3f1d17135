"""One click on a label of a message says what is right; the page shows who said so, and why."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from earful import store
from earful.store.models import LabelCorrection, Message, MessageLabel
from earful.store.states import Role
from earful_admin.inbox.judging import questions
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect

from tests.admin.conftest import Screen
from tests.admin.inbox.house import House
from tests.admin.inbox.town import Town
from tests.wall import MOOD, TONE

SignIn = Callable[[Role], FlaskClient]


@pytest.fixture
def earful_config() -> str:
    return """
    [server]
    port = 0
    [channels.wall]
    type = "wall"
    [classifiers.mood]
    type = "reader"
    """


def first_message(town: Town) -> int:
    with store.connection():
        found = Message.select().where(Message.conversation == town.yuki).order_by(Message.id)
        return int(found.get().id)


def judged() -> list[tuple[str, str]]:
    with store.connection():
        rows = LabelCorrection.select(LabelCorrection.namespace, LabelCorrection.value)
        return list(rows.tuples())


def send(client: FlaskClient, town: Town, label: str) -> str:
    address = f"/message/{first_message(town)}/judgement"
    data = {"label": label, "conversation": town.yuki}
    return client.post(address, data=data, follow_redirects=True).text


def test_a_click_without_a_script_corrects_and_says_so(town: Town, sign_in: SignIn) -> None:
    client = sign_in(Role.AGENT)

    page = send(client, town, "sentiment:positive")

    assert judged() == [("sentiment", "positive")]
    assert "Noted: positive" in page
    assert "corrected by <bdi>Agent</bdi>" in page
    assert "The machine had said <bdi>negative</bdi>, score 0.93 (<bdi>mood" in page


def test_scores_are_written_as_in_the_readers_language(town: Town, sign_in: SignIn) -> None:
    page = sign_in(Role.AGENT).get(f"/?c={town.yuki}", headers={"Accept-Language": "de"}).text

    assert "0,93" in page
    assert "0.93" not in page


def test_the_machines_own_label_confirms_it(town: Town, sign_in: SignIn) -> None:
    assert "confirmed by <bdi>Agent</bdi>" in send(sign_in(Role.AGENT), town, "sentiment:negative")


def test_it_can_be_taken_back(town: Town, sign_in: SignIn) -> None:
    client = sign_in(Role.AGENT)
    send(client, town, "sentiment:positive")
    client.post(f"/message/{first_message(town)}/judgement/sentiment/undo")

    assert judged() == []
    assert "corrected by" not in client.get(f"/?c={town.yuki}").text


def test_a_wrong_label_is_refused_in_words(town: Town, sign_in: SignIn) -> None:
    page = send(sign_in(Role.AGENT), town, "sentiment:<b>angry")

    assert "Choose one of: negative, neutral, positive." in page
    assert judged() == []


def test_a_viewer_reads_why_and_changes_nothing(town: Town, sign_in: SignIn) -> None:
    client = sign_in(Role.VIEWER)
    page = client.get(f"/?c={town.yuki}").text

    assert "data-judge" not in page
    assert "<bdi>negative</bdi>, score 0.93" in page
    address = f"/message/{first_message(town)}/judgement"
    assert client.post(address, data={"label": "sentiment:positive"}).status_code == 403
    assert client.post(f"{address}/sentiment/undo").status_code == 403


def test_why_tells_score_model_version_and_detail(
    town: Town, house: House, sign_in: SignIn
) -> None:
    with store.connection():
        MessageLabel.update(version="tiny-7", detail="<i>sure</i>").execute()

    page = sign_in(Role.VIEWER).get(f"/?c={town.yuki}").text

    assert "<bdi>mood, tiny-7</bdi>" in page
    assert "&lt;i&gt;sure&lt;/i&gt;" in page


def test_without_an_offer_nobody_is_asked() -> None:
    assert questions((), {}) == ()


def test_what_was_not_looked_at_has_no_standing_answer() -> None:
    tone, mood = questions((), {"sentiment": TONE, "mood": MOOD})

    assert not any(choice.stands for choice in (*tone.choices, *mood.choices))
    assert [choice.words for choice in mood.choices] == ["frustrated", "not frustrated"]


@pytest.mark.browser
def test_one_click_by_mouse_and_one_key_by_keyboard(screen: Screen, town: Town) -> None:
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.yuki}")
    page = screen.page
    entry = page.locator(f"#message-{first_message(town)}")
    tone = entry.get_by_role("group", name="Tone of this message")
    before = entry.bounding_box()
    tone.get_by_role("button", name="negative").hover()
    tone.get_by_role("button", name="positive").click(trial=True)
    assert entry.bounding_box() == before, "what floats moves nothing"
    tone.get_by_role("button", name="positive").click()
    expect(tone).to_contain_text("corrected by Agent")
    expect(tone.get_by_role("button", name="positive")).to_have_attribute("aria-pressed", "true")
    assert judged() == [("sentiment", "positive")]
    assert screen.violations() == []

    page.locator("#thread-title").focus()
    page.keyboard.press("t")
    newest = page.locator(".entry-in").last.get_by_role("group", name="Tone of this message")
    expect(newest.get_by_role("button", name="negative")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(newest).to_contain_text("corrected by Agent")
    expect(newest.get_by_role("button", name="neutral")).to_be_focused()
    assert judged() == [("sentiment", "positive"), ("sentiment", "neutral")]

    page.locator(".toast-undo").last.click()
    expect(newest).not_to_contain_text("corrected by Agent")
    assert judged() == [("sentiment", "positive")]


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 320])
def test_labels_are_readable_at_every_width(screen: Screen, town: Town, width: int) -> None:
    screen.page.set_viewport_size({"width": width, "height": 900})
    screen.sign_in(Role.AGENT)
    for theme in ("light", "dark"):
        screen.page.emulate_media(color_scheme=theme)
        screen.open(f"/?c={town.yuki}")
        screen.page.locator(".label-why summary").first.click()
        assert screen.violations() == []
        assert not screen.is_too_wide()


@pytest.mark.browser
def test_by_touch_a_pencil_shows_what_else_could_be_right(
    screen: Screen, browser: Browser, town: Town
) -> None:
    screen.sign_in(Role.AGENT)
    state = screen.page.context.storage_state()
    size = {"width": 390, "height": 844}
    with browser.new_context(
        viewport=size, has_touch=True, is_mobile=True, storage_state=state
    ) as phone:
        page = phone.new_page()
        page.goto(f"{screen.address}/?c={town.yuki}")
        newest = page.locator(".entry-in").last.get_by_role("group", name="Tone of this message")
        newest.locator(".judge-more").tap()
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        newest.get_by_role("button", name="neutral").tap()
        expect(newest).to_contain_text("corrected by Agent")
        page.goto("about:blank")


@pytest.mark.browser
def test_where_nothing_was_said_the_pencils_take_no_room_and_tell_what_for(
    screen: Screen, browser: Browser, town: Town
) -> None:
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.quiet}")
    entry = screen.page.locator(".entry-in").last
    foot = entry.locator(".bubble-foot")
    assert entry.bounding_box() == entry.locator(".bubble").evaluate(
        """bubble => {
            bubble.querySelector(".bubble-foot").hidden = true;
            const { x, y, width, height } = bubble.closest(".entry").getBoundingClientRect();
            bubble.querySelector(".bubble-foot").hidden = false;
            return { x, y, width, height };
        }"""
    )
    entry.hover()
    foot.locator(".judge-more").first.hover()
    foot.get_by_role("button", name="positive").click()
    expect(entry).to_contain_text("corrected by Agent")
    state = screen.page.context.storage_state()
    with browser.new_context(has_touch=True, is_mobile=True, storage_state=state) as phone:
        page = phone.new_page()
        page.goto(f"{screen.address}/?c={town.quiet}")
        expect(page.locator(".judge.is-quiet .judge-name").last).to_be_visible()
        page.goto("about:blank")
