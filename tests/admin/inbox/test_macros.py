"""Macros in the inbox: what they would do is read first, then one key runs them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from earful import actions, store
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.models import Conversation, ConversationLabel, Draft, Macro, Queue, Reply
from earful.store.states import ConversationStatus, Role
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from tests.admin.conftest import Screen
from tests.admin.inbox.test_look import check
from tests.admin.inbox.test_work import focused, open_
from tests.admin.inbox.town import Town
from tests.core.store.filler import seeing

JSON = {"Accept": "application/json"}
REFUND = [{"do": "label", "value": "case:goodwill"}, {"do": "priority", "value": "high"}]


@pytest.fixture
def keep(town: Town, earful_runtime: Runtime, people: dict[Role, Actor]) -> Callable[..., int]:
    def kept(name: str = "Refund", steps: Any = REFUND, text: str = "", **more: Any) -> int:
        with store.connection():
            return actions.save_macro(
                earful_runtime, people[Role.LEAD], None, name=name, steps=steps, text=text,
                shared=True, now=datetime.now(UTC), **more,
            )  # fmt: skip

    return kept


def conversation(key: int) -> Conversation:
    with store.connection():
        found: Conversation = Conversation.get_by_id(key)
        return found


def labels(key: int) -> set[str]:
    with store.connection():
        rows = ConversationLabel.select().where(ConversationLabel.conversation == key)
        return {row.name for row in rows}


def test_what_each_would_do_is_told_before_it_is_run(
    sign_in: Callable[[Role], FlaskClient], keep: Callable[..., int]
) -> None:
    keep()
    keep("<b>Odd</b>", [{"do": "resolve"}], text="Hello")
    agent = sign_in(Role.AGENT)
    with seeing() as seen:
        page = agent.get("/inbox/macros").text
    assert sum("macro" in sql for sql, _ in seen) == 1
    assert "Add the label “case:goodwill” and set the priority to high." in page
    assert "Resolve it and begin a reply, which you send." in page
    assert "&lt;b&gt;Odd" in page
    with store.connection():
        Macro.update(steps=[{"do": "of a newer version"}]).execute()
    assert "It cannot be run as it stands" in agent.get("/inbox/macros").text


def test_one_is_run_told_and_taken_back(
    sign_in: Callable[[Role], FlaskClient], town: Town, keep: Callable[..., int]
) -> None:
    agent, macro = sign_in(Role.AGENT), keep(text="Hi {contact.first_name}")
    with store.connection():
        sent = Reply.select().count()
    said = agent.post(
        f"/conversation/{town.yuki}/macro", data={"macro": macro}, headers=JSON
    ).get_json()
    assert said["said"] == "“Refund” is done"
    assert said["text"].startswith("Hi ")
    assert "case:goodwill" in labels(town.yuki)
    page = agent.get(f"/?c={town.yuki}").text
    assert "added the label case:goodwill, by the macro “Refund”" in page
    agent.post(said["undo"], headers=JSON)
    assert "case:goodwill" not in labels(town.yuki)
    with store.connection():
        assert Reply.select().count() == sent


@pytest.mark.parametrize("macro", ["", "x", "0", "999", "9" * 40])
def test_what_is_no_macro_is_refused_in_words(
    sign_in: Callable[[Role], FlaskClient], town: Town, macro: str
) -> None:
    agent = sign_in(Role.AGENT)
    answer = agent.post(f"/conversation/{town.yuki}/macro", data={"macro": macro}, headers=JSON)
    assert (answer.status_code, answer.get_json()["refused"]) == (
        422, "This macro does not exist any more.",
    )  # fmt: skip


def test_of_the_selected_those_refused_are_named_with_the_reason(
    sign_in: Callable[[Role], FlaskClient], town: Town, keep: Callable[..., int]
) -> None:
    agent = sign_in(Role.AGENT)
    form = {"ids": f"{town.yuki},{town.quiet},999999", "change": "macro", "value": str(keep())}
    said = agent.post("/inbox/bulk", data=form).get_json()
    assert said["said"] == "Macro run on 2 conversations"
    assert [each["reason"] for each in said["failed"]] == ["This conversation does not exist."]
    agent.post(said["undo"])
    assert "case:goodwill" not in labels(town.yuki) | labels(town.quiet)


def test_one_that_names_what_is_gone_changes_none_of_the_selected(
    sign_in: Callable[[Role], FlaskClient], town: Town, keep: Callable[..., int]
) -> None:
    with store.connection():
        Queue.create(name="Short-lived")
    macro = keep(steps=[*REFUND, {"do": "queue", "value": "Short-lived"}])
    with store.connection():
        Queue.update(active=False).where(Queue.name == "Short-lived").execute()
    form = {"ids": f"{town.yuki},{town.quiet}", "change": "macro", "value": str(macro)}
    answer = sign_in(Role.AGENT).post("/inbox/bulk", data=form)
    assert answer.status_code == 422
    assert "no queue named “Short-lived”" in answer.get_json()["refused"]
    assert "case:goodwill" not in labels(town.yuki)


def test_a_viewer_runs_none(
    sign_in: Callable[[Role], FlaskClient], town: Town, keep: Callable[..., int]
) -> None:
    viewer = sign_in(Role.VIEWER)
    assert viewer.get("/inbox/macros").status_code == 403
    assert (
        viewer.post(f"/conversation/{town.yuki}/macro", data={"macro": keep()}).status_code == 403
    )
    assert "macro-menu" not in viewer.get(f"/?c={town.yuki}").text


@pytest.mark.browser
def test_by_keys_alone_one_is_found_read_run_and_taken_back(
    screen: Screen, town: Town, keep: Callable[..., int]
) -> None:
    keep("Away until later", [{"do": "snooze", "value": "1 day"}])
    keep(text="Hi, we look into it.")
    keep("Zap", [{"do": "resolve"}])
    screen.sign_in(Role.AGENT)
    screen.open("/")
    desk: Page = screen.page
    open_(desk, town.yuki)
    desk.keyboard.press("m")
    menu = desk.locator("#macro-menu")
    expect(menu.get_by_role("searchbox")).to_be_focused()
    expect(menu.locator(".menu-item[value]")).to_have_count(3)
    expect(menu.get_by_role("button", name="Refund")).to_contain_text("Add the label")
    check(screen, "macros")
    desk.set_viewport_size({"width": 1440, "height": 900})
    menu.get_by_role("searchbox").focus()
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    toast = desk.locator(".toast")
    expect(toast).to_contain_text("“Refund” is done")
    expect(desk.locator("#composer-text")).to_have_value("Hi, we look into it.")
    expect(desk.locator("#composer-text")).to_be_focused()
    assert "case:goodwill" in labels(town.yuki)
    toast.get_by_role("button", name="Undo").press("Enter")
    expect(desk.locator(".toast")).to_contain_text("1 conversation as before")
    assert "case:goodwill" not in labels(town.yuki)
    with store.connection():
        assert Draft.select().where(Draft.conversation == town.yuki).exists()


@pytest.mark.browser
def test_the_selected_are_changed_and_taken_back_by_keys(
    screen: Screen, town: Town, keep: Callable[..., int]
) -> None:
    keep("Zap", [{"do": "resolve"}])
    screen.sign_in(Role.AGENT)
    screen.open("/")
    desk: Page = screen.page
    desk.keyboard.press("j")
    desk.keyboard.press("x")
    chosen = int(desk.locator(".list-row:has(:checked)").get_attribute("data-id") or 0)
    desk.locator("#bulk-macro summary").focus()
    desk.keyboard.press("Enter")
    expect(desk.locator("#bulk-macro .menu-item[value]")).to_have_count(1)
    check(screen, "bulk-macro")
    desk.locator("#bulk-macro [data-narrows]").fill("zap")
    desk.keyboard.press("Enter")
    expect(desk.locator(".toast")).to_contain_text("Macro run on 1 conversation")
    assert conversation(chosen).status is ConversationStatus.RESOLVED
    desk.locator(".toast-undo").press("Enter")
    expect(desk.locator(".toast", has_text="1 conversation as before")).to_be_visible()
    assert conversation(chosen).status is not ConversationStatus.RESOLVED
    assert focused(desk) is not None
