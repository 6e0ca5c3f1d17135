"""Attaching pictures in a real browser: by keyboard, pasted, dropped, described, sent, undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from earful import store
from earful.store.models import ReplyAttachment
from earful.store.states import Role
from playwright.sync_api import Page, Route, expect

from tests import pictures
from tests.admin.conftest import Screen
from tests.admin.inbox.test_attachments import CAN
from tests.admin.inbox.town import Town
from tests.wall import Wall

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(screen: Screen, town: Town, wall: Wall) -> Page:
    """An agent's screen with a conversation whose channel takes pictures."""
    wall.can = CAN
    screen.sign_in(Role.AGENT)
    screen.intercept()
    screen.open(f"/?c={town.quiet}")
    is_ready(screen.page)
    return screen.page


def is_ready(page: Page) -> None:
    """What attaches is loaded after the page."""
    page.wait_for_function("window.earful.inbox.readAttached !== undefined")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "parcel.png"
    path.write_bytes(pictures.png(400, 300))
    return path


GIVE = """(where, {bytes, name, kind}) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
    const options = {bubbles: true, cancelable: true};
    where.dispatchEvent(kind === "paste"
        ? new ClipboardEvent("paste", {...options, clipboardData: data})
        : new DragEvent("drop", {...options, dataTransfer: data}));
}"""


def give(page: Page, kind: str, name: str, data: bytes) -> None:
    """Paste or drop a file onto what is being written."""
    page.locator("#composer-text").evaluate(GIVE, {"bytes": list(data), "name": name, "kind": kind})


def test_by_keyboard_from_the_paper_clip_to_the_timeline(
    desk: Page, town: Town, picture: Path
) -> None:
    # While nobody listens, the browser cancels what asks for a file; that takes a moment to change.
    desk.on("filechooser", lambda _: None)
    desk.keyboard.press("r")
    clip = desk.locator("[data-attach=public] input")
    expect(clip).to_have_accessible_name("Attach pictures")
    clip.focus()
    expect(clip).to_be_focused()
    with desk.expect_file_chooser() as chooser:
        desk.keyboard.press("Enter")
    chooser.value.set_files(picture)
    described = desk.get_by_label("Description of parcel.png")
    expect(described).to_be_focused()
    expect(desk.locator("[data-alt-none]")).to_contain_text("people who cannot see it")
    with desk.expect_response("**/description"):
        desk.keyboard.type("A blue parcel")
    expect(desk.locator("[data-alt-none]")).to_be_hidden()
    expect(desk.locator("[data-attach-errors]")).to_be_empty()
    expect(desk.locator("[data-alt-count]")).to_have_text("13/100")
    expect(desk.locator(".send-picture")).to_have_count(1)

    desk.reload()

    expect(described).to_have_value("A blue parcel")
    expect(desk.locator(".send-picture")).to_be_visible()
    described.press("Enter")
    expect(desk.locator("#composer-text")).to_be_focused()
    desk.keyboard.type("Here it is")
    desk.keyboard.press("Control+Enter")
    sent = desk.locator(".is-queued .sent-files img")
    expect(sent).to_have_attribute("alt", "A blue parcel")
    assert sent.evaluate("each => each.decode().then(() => each.naturalWidth)") == 400
    expect(desk.locator(".attached")).to_have_count(0)
    expect(desk.locator(".send-picture")).to_have_count(0)

    desk.locator(".is-queued [data-undo]").click()

    expect(described).to_have_value("A blue parcel")
    expect(desk.locator("#composer-text")).to_have_value("Here it is")
    with desk.expect_response("**/remove"):
        desk.get_by_label("Remove parcel.png").press("Enter")
    expect(desk.locator(".attached")).to_have_count(0)
    expect(desk.locator("[data-attach-errors]")).to_be_empty()
    expect(clip).to_be_focused()
    desk.reload()
    expect(desk.locator("#composer-text")).to_have_value("Here it is")
    expect(desk.locator(".attached")).to_have_count(0)


def test_pasted_and_dropped_ones_are_taken_and_a_wrong_one_is_refused_in_words(desk: Page) -> None:
    give(desk, "paste", "pasted.png", pictures.png())
    expect(desk.locator(".attached")).to_have_count(1)
    give(desk, "drop", "dropped.png", pictures.png())
    expect(desk.locator(".attached [data-name]")).to_have_text(["pasted.png", "dropped.png"])
    give(desk, "drop", "letter.pdf", b"%PDF-1.7")
    expect(desk.locator("[data-attach-errors]")).to_contain_text("letter.pdf: This file cannot be")
    desk.get_by_label("Remove pasted.png").click()
    expect(desk.locator("[data-attach-errors]")).to_be_empty()
    desk.click("#send")  # a picture may stand for itself on this channel
    expect(desk.locator(".is-queued .sent-files img")).to_have_attribute("alt", "dropped.png")


def test_a_picture_on_its_way_goes_along_to_another_audience(desk: Page) -> None:
    on_their_way: list[Route] = []

    def hold(route: Route) -> None:
        on_their_way.append(route)

    desk.route("**/attachments?*", hold)
    with desk.expect_request("**/attachments?*"):
        give(desk, "paste", "slow.png", pictures.png())
    desk.click("label:has-text('Private')")
    on_their_way[0].continue_()
    expect(desk.locator("[data-mode=private] .attached [data-name]")).to_have_text("slow.png")
    expect(desk.locator("[data-mode=public] .attached")).to_have_count(0)


def test_another_audience_is_told_what_cannot_go_there(desk: Page, town: Town) -> None:
    desk.fill("#composer-text", "See for yourself")
    give(desk, "paste", "place.jpg", pictures.JPEG)
    expect(desk.locator(".attached")).to_have_count(1)
    desk.click("label:has-text('Private')")
    problem = desk.locator("[data-mode=private] [data-problem]")
    expect(problem).to_contain_text("JPEG is not taken here: PNG pictures are")
    desk.click("#send")
    expect(desk.locator("#held")).to_contain_text("JPEG is not taken here")
    desk.click("label:has-text('Note')")
    expect(desk.locator(".attached:visible")).to_have_count(0)
    give(desk, "paste", "more.png", pictures.png())
    expect(desk.locator("[data-attach-errors]")).to_contain_text("A note takes no attachments")
    desk.click("label:has-text('Public reply')")
    desk.click("label:has-text('Private')")
    desk.click("label:has-text('Public reply')")
    with store.connection():
        assert ReplyAttachment.select().count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 320])
def test_it_looks_right(screen: Screen, desk: Page, theme: str, width: int) -> None:
    desk.set_viewport_size({"width": width, "height": 800})
    desk.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    for number in range(2):
        give(desk, "paste", f"a-long-name-without-any-gap-{number}-{'x' * 60}.png", pictures.png())
        expect(desk.locator(".attached[data-attachment]")).to_have_count(number + 1)
    give(desk, "drop", "letter.pdf", b"%PDF-1.7")
    expect(desk.locator("[data-attach-errors] .caution")).to_have_count(1)
    assert screen.violations() == []
    assert not screen.is_too_wide()
    expect(desk.locator("#send")).to_be_in_viewport()
    desk.locator("#send").press("Enter")
    expect(desk.locator(".sent-files img")).to_have_count(2)
    assert screen.violations() == []
    assert not screen.is_too_wide()
