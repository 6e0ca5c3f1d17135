"""The list pane as a client gets it: orders, kept views, many at once, search, polls, reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from earful import actions, store
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.models import BulkUndo, Conversation, Message, SavedView
from earful.store.states import ConversationStatus, Role
from flask.testing import FlaskClient

from tests.admin.inbox.house import HOSTILE, House
from tests.admin.inbox.town import Town
from tests.core.store.filler import seeing

SignIn = Callable[[Role], FlaskClient]
JSON = {"Accept": "application/json"}


@pytest.fixture
def agent(sign_in: SignIn) -> FlaskClient:
    return sign_in(Role.AGENT)


def ids(html: str) -> list[int]:
    return [int(key) for key in re.findall(r'id="row-(\d+)"', html)]


def row_of(key: int) -> Conversation:
    with store.connection():
        return Conversation.get_by_id(key)


QUESTION = {
    "name": "Hot",
    "status": "open",
    "order": "newest",
    "level": ["0", "1"],
    "kind": ["all", "ask"],
    "fact": ["", "conversation.priority"],
    "op": ["", "in"],
    "value": ["", "high, urgent"],
}


def keep(client: FlaskClient, **changed: Any) -> Any:
    return client.post("/views/new", data={**QUESTION, "step": "save", **changed})


# Orders


@pytest.mark.parametrize("order", ["due", "newest", "oldest", "priority"])
def test_a_list_is_read_in_the_order_that_was_asked_for(
    agent: FlaskClient, town: Town, order: str
) -> None:
    page = agent.get(f"/?view=all&sort={order}")
    assert f'<option value="{order}" selected>' in page.text
    rows = [row_of(key) for key in ids(page.text)]
    keys = {
        "due": lambda row: (row.due_at, row.id),
        "newest": lambda row: (-row.last_message_at.timestamp(), -row.id),
        "oldest": lambda row: (row.last_message_at, row.id),
        "priority": lambda row: (-row.priority, row.due_at, row.id),
    }
    assert rows == sorted(rows, key=keys[order])
    assert f"&amp;sort={order}&amp;c=" in page.text


def test_an_order_nobody_knows_is_the_usual_one(agent: FlaskClient, town: Town) -> None:
    assert '<option value="due" selected>' in agent.get("/?sort=%F0%9F%8E%81").text


# Kept views


def test_a_view_is_kept_and_stands_in_the_navigation_with_its_number(
    agent: FlaskClient, town: Town, sign_in: SignIn
) -> None:
    answer = keep(agent)
    assert answer.status_code == 303
    page = agent.get(answer.location)
    assert '<h2 id="list-title">Hot</h2>' in page.text
    rows = [row_of(key) for key in ids(page.text)]
    assert rows
    assert {row.priority.word for row in rows} <= {"high", "urgent"}
    assert '<option value="newest" selected>' in page.text
    assert sign_in(Role.LEAD).get(answer.location).status_code == 404


def test_a_shared_view_is_read_only_for_others(
    agent: FlaskClient, town: Town, sign_in: SignIn
) -> None:
    lead = sign_in(Role.LEAD)
    where = keep(lead, shared="y").location
    assert agent.get(where).status_code == 200
    with store.connection():
        key = SavedView.get().id
    page = agent.get(f"/views/{key}")
    assert "Read only" in page.text
    assert "priority is one of high or urgent" in page.text
    assert "data-view-form" not in page.text
    refused = agent.post(f"/views/{key}", data={**QUESTION, "step": "save", "version": "1"})
    assert "role lead" in refused.text
    assert keep(agent, shared="y").status_code == 422


def test_the_forms_buttons_build_groups_in_groups(agent: FlaskClient, house: House) -> None:
    page = agent.post("/views/new", data={**QUESTION, "step": "group-0"})
    assert page.text.count('<fieldset class="view-group') == 2
    nested = {
        **QUESTION,
        "level": ["0", "1", "1", "2", "2"],
        "kind": ["all", "ask", "none", "ask", "ask"],
        "fact": ["", "conversation.priority", "", "labels", ""],
        "op": ["", "in", "", "has", ""],
        "value": ["", "high", "", "topic:refund", ""],
        "step": "save",
    }
    assert agent.post("/views/new", data=nested).status_code == 303
    with store.connection():
        assert SavedView.get().conditions == {
            "all": [
                {"fact": "conversation.priority", "op": "in", "value": ["high"]},
                {"none": [{"fact": "labels", "op": "has", "value": "topic:refund"}]},
            ]
        }
    page = agent.post("/views/new", data={**nested, "step": "remove-2"})
    assert page.text.count('<fieldset class="view-group') == 1
    assert page.text.count('<fieldset class="view-question"') == 1


def test_what_is_wrong_is_told_at_its_line_and_what_was_typed_is_kept(
    agent: FlaskClient, house: House
) -> None:
    wrong = {**QUESTION, "value": ["", "purple"], "op": ["", "is"]}
    page = agent.post("/views/new", data={**wrong, "step": "save"})
    assert page.status_code == 422
    assert 'id="mistakes-1"' in page.text
    assert "purple" in page.text
    nameless = agent.post("/views/new", data={**QUESTION, "name": " ", "step": "save"})
    assert "Give the view a name." in nameless.text
    hostile = {**QUESTION, "name": HOSTILE, "fact": ["", HOSTILE], "level": ["9" * 40, "-1"]}
    page = agent.post("/views/new", data={**hostile, "step": "save"})
    assert page.status_code == 422
    assert "<script>document" not in page.text


def test_a_count_is_shown_before_it_is_kept(agent: FlaskClient, town: Town) -> None:
    page = agent.post("/views/new", data={**QUESTION, "step": "preview"})
    assert re.search(r"<span>\d conversations match now\.</span>", page.text)
    with store.connection():
        assert not SavedView.select().exists()


def test_nothing_matches_is_another_state_than_nothing_is_there(
    agent: FlaskClient, town: Town
) -> None:
    where = keep(agent, fact=["", "contact.name"], op=["", "is"], value=["", "Nobody"]).location
    assert "Nothing matches" in agent.get(where).text


def test_a_removed_view_is_gone(agent: FlaskClient, town: Town) -> None:
    keep(agent)
    with store.connection():
        key = SavedView.get().id
    assert agent.post(f"/views/{key}/delete").status_code == 303
    assert agent.get(f"/?view=view-{key}").status_code == 404
    assert "No view yet" in agent.get("/views/").text


# Many at once


def test_many_are_changed_and_put_back(agent: FlaskClient, town: Town) -> None:
    chosen = f"{town.yuki},{town.quiet},999999"
    said = agent.post("/inbox/bulk", data={"ids": chosen, "change": "resolve"}).json
    assert said["said"] == "2 conversations resolved"
    assert said["failures"] == 1
    assert said["failed"][0]["reason"] == "This conversation does not exist."
    assert row_of(town.yuki).status is ConversationStatus.RESOLVED
    back = agent.post(said["undo"], headers=JSON).json
    assert back["said"] == "2 conversations as before"
    assert row_of(town.yuki).status is ConversationStatus.OPEN
    assert agent.post(said["undo"], headers=JSON).status_code == 422


@pytest.mark.parametrize(
    ("change", "value", "said"),
    [
        ("assign", "me", "1 conversation assigned"),
        ("assign", "", "1 conversation assigned"),
        ("queue", "2", "1 conversation moved"),
        ("priority", "urgent", "1 conversation given another priority"),
        ("label", "birthday", "1 conversation labelled"),
        ("snooze", "2999-01-01T09:00", "1 conversation snoozed"),
        ("snooze", "reply", "1 conversation snoozed"),
        ("ignore", "Spam", "1 conversation ignored"),
    ],
)
def test_each_change_of_many(
    agent: FlaskClient, town: Town, change: str, value: str, said: str
) -> None:
    form = {"ids": str(town.quiet), "change": change, "value": value}
    assert agent.post("/inbox/bulk", data=form).json["said"] == said


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"ids": "", "change": "resolve"}, "Select conversations"),
        ({"ids": "x,-1, ,9999999999999999999999", "change": "resolve"}, "Select conversations"),
        ({"ids": ",".join(map(str, range(1, 20_003))), "change": "resolve"}, "At most 20000"),
        ({"ids": "1", "change": "priority", "value": "purple"}, "Choose a priority"),
        ({"ids": "1", "change": "snooze", "value": "soon"}, "Choose a day"),
    ],
)
def test_what_cannot_be_done_to_many_is_said(
    agent: FlaskClient, town: Town, form: dict[str, str], said: str
) -> None:
    answer = agent.post("/inbox/bulk", data=form)
    assert answer.status_code == 422
    assert said in answer.json["refused"]


def test_a_viewer_selects_nothing(sign_in: SignIn, town: Town) -> None:
    viewer = sign_in(Role.VIEWER)
    for path in ("/inbox/bulk", "/inbox/select"):
        assert viewer.get(path).status_code == 403
    assert viewer.post("/inbox/bulk", data={"ids": "1", "change": "resolve"}).status_code == 403
    assert "row-pick" not in viewer.get("/").text
    with store.connection():
        assert not BulkUndo.select().exists()


def test_all_in_a_view_are_selected_by_the_server(agent: FlaskClient, town: Town) -> None:
    said = agent.get("/inbox/select?view=unassigned").json
    assert set(said["ids"]) == set(ids(agent.get("/?view=unassigned").text))
    assert said["most"] == 20_000
    assert agent.get("/inbox/select?view=nowhere").status_code == 404
    assert agent.post("/inbox/bulk", data={"ids": "1", "change": "explode"}).status_code == 400


# Reading


def test_each_person_reads_for_themselves(
    agent: FlaskClient, town: Town, sign_in: SignIn, house: House
) -> None:
    def is_unread(client: FlaskClient) -> bool:
        html = client.get("/inbox/list?view=all").text
        line = re.search(rf'<li class="([^"]*)" id="row-{town.quiet}"', html)
        assert line
        return "is-unread" in line[1]

    page = agent.get(f"/?c={town.quiet}").text
    newest = re.search(r'data-newest="(\d+)"', page)
    assert newest
    assert is_unread(agent)
    read = f"/conversation/{town.quiet}/read"
    assert agent.post(read, data={"message": newest[1]}).status_code == 204
    assert not is_unread(agent)
    assert is_unread(sign_in(Role.LEAD))
    said = agent.post(f"/conversation/{town.quiet}/unread").json
    assert said == {"said": "Marked as unread", "unread": [town.yuki, 9]}
    assert is_unread(agent)
    for wrong in ("", "x", "-1", "9" * 30):
        assert agent.post(read, data={"message": wrong}).status_code == 400


# Search


def test_what_is_found_is_marked_and_stays_words(agent: FlaskClient, town: Town) -> None:
    page = agent.get("/search/?q=parcel")
    assert "<mark>parcel</mark>" in page.text
    hostile = agent.get("/search/?q=long").text
    assert "<script>document" not in hostile
    assert "&lt;script&gt;" in agent.get("/search/?q=document").text
    assert "{{ 7 * 7 }}" in hostile or "49" not in hostile


@pytest.mark.parametrize(
    "query", [HOSTILE[:190], '"><script>', "%", '"', "a" * 300, "is:x", "\x00"]
)
def test_any_search_is_answered(agent: FlaskClient, town: Town, query: str) -> None:
    page = agent.get("/search/", query_string={"q": query})
    assert page.status_code == 200
    assert "<script>document" not in page.text
    assert '"><script>' not in page.text


def test_a_search_says_what_it_found_nothing_for(agent: FlaskClient, town: Town) -> None:
    assert "Nothing found" in agent.get("/search/?q=xylophone").text
    assert "What can be asked" in agent.get("/search/").text
    assert "two characters" in agent.get("/search/?q=x").text
    assert agent.get("/search/?q=parcel&before=0").status_code == 200
    hits = agent.get("/search/?q=parcel").text
    assert re.search(r'href="(/\?c=\d+&amp;at=\d+#message-\d+)"', hits)


def test_older_hits_are_on_the_next_page(agent: FlaskClient, town: Town, house: House) -> None:
    with store.connection():
        who = house.identity("Many Words")
        for number in range(25):
            house.conversation(who, f"zebra number {number:02}")
    first = agent.get("/search/?q=zebra").text
    older = re.search(r'href="(/search/\?q=zebra&amp;before=\d+)"', first)
    assert older
    second = agent.get(older[1].replace("&amp;", "&")).text
    found = re.findall(r"</mark> number (\d\d)", first + second)
    assert found == [f"{number:02}" for number in reversed(range(25))]


# Polls


def polled(client: FlaskClient, **asked: Any) -> Any:
    return client.get("/updates", query_string={"view": "all", **asked})


def test_a_poll_sends_only_the_lines_that_changed(
    agent: FlaskClient, town: Town, earful_runtime: Runtime, people: dict[Role, Actor]
) -> None:
    page = agent.get("/").text
    known = ",".join(
        f"{key}.{word}" for key, word in re.findall(r'data-id="(\d+)" data-word="(\w+)"', page)
    )
    assert known.count(".") == len(ids(page))
    with store.connection():
        lead, now = people[Role.LEAD], datetime.now(UTC)
        actions.add_label(earful_runtime, lead, town.quiet, "birthday", now=now)
    said = polled(agent, known=known).json
    changed = set(map(int, said["lines"]))
    # Within another minute every time is another, too.
    assert town.quiet in changed
    assert "birthday" in said["lines"][str(town.quiet)]
    assert said["order"] == ids(page)
    again = polled(agent, known=known, state=said["state"])
    assert again.status_code in {200, 204}


def test_a_poll_bears_whatever_it_is_asked(agent: FlaskClient, town: Town) -> None:
    assert polled(agent, c="9" * 30).status_code == 404
    for asked in (
        {"known": "x.y.z,,;.," * 200}, {"state": "\u202e" * 100}, {"sort": "x", "c": "x"},
        {"c": "-1"}, {"after": "x"},
    ):  # fmt: skip
        assert polled(agent, **asked).status_code in {200, 204}
    assert polled(agent, view="nowhere").status_code == 404


def test_an_empty_list_says_so_in_a_poll(agent: FlaskClient, house: House) -> None:
    said = polled(agent).json
    assert said["order"] == []
    assert "Inbox zero" in said["rest"]


def test_pages_and_polls_take_the_same_number_of_statements_however_full(
    agent: FlaskClient, house: House
) -> None:
    def statements() -> dict[str, int]:
        found = {}
        for path in ("/", "/?sort=priority", "/?view=queue-1", "/updates", "/search/?q=hello"):
            with seeing() as seen:
                assert agent.get(path).status_code == 200
            found[path] = len([sql for sql, _ in seen if not sql.startswith(("BEGIN", "COMMIT"))])
        return found

    keep(agent)
    with store.connection():
        first = house.conversation(house.identity("A"), "hello")
        house.event(first, "routed")
    agent.get("/")
    few = statements()
    with store.connection():
        for number in range(60):
            row = house.conversation(house.identity(f"P {number}"), "hello", "there")
        house.event(row, "routed")
        assert Message.select().count() > 100
    with seeing() as seen:
        agent.get("/")
    assert len(seen) == few["/"] + 1, "what happened is counted anew, in one statement"
    assert statements() == few
    assert max(few.values()) <= 13


def test_more_than_one_request_takes_are_a_job_with_progress_result_and_undo(
    agent: FlaskClient,
    sign_in: SignIn,
    town: Town,
    earful_runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("earful_admin.inbox.bulk.MOST_AT_ONCE", 1)
    chosen = f"{town.quiet},{town.hostile},999999"
    started = agent.post("/inbox/bulk", data={"ids": chosen, "change": "resolve"}).json
    assert agent.get(started["job"], headers=JSON).json["said"] == "0 of 3 conversations so far"
    assert "<progress" in agent.get(started["job"]).text

    def work() -> None:
        with store.connection():
            job_id = int(started["job"].rpartition("/")[2])
            assert not actions.continue_bulk_job(earful_runtime, job_id, now=datetime.now(UTC))

    work()
    said = agent.get(started["job"], headers=JSON).json
    assert said["said"] == "2 changed, 1 left out"
    assert (said["is_running"], said["passed"], said["total"]) == (False, 3, 3)
    assert started["job"] in agent.get("/notifications/").text
    assert "Your change to 3 conversations is finished" in agent.get("/notifications/").text

    assert agent.post(said["undo"], headers=JSON).json["job"] == started["job"]
    assert agent.post(said["undo"], headers=JSON).status_code == 422
    work()
    page = agent.get(started["job"]).text
    assert "2 as before, 0 changed" in page
    assert sign_in(Role.LEAD).get(started["job"]).status_code == 404
    assert sign_in(Role.VIEWER).get(started["job"]).status_code == 403


def test_a_job_says_why_a_conversation_was_left_out(
    agent: FlaskClient, town: Town, earful_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earful_admin.inbox.bulk.MOST_AT_ONCE", 1)
    form = {"ids": f"{town.quiet},{town.hostile}", "change": "label", "value": "what / ever"}
    started = agent.post("/inbox/bulk", data=form).json
    with store.connection():
        job_id = int(started["job"].rpartition("/")[2])
        actions.continue_bulk_job(earful_runtime, job_id, now=datetime.now(UTC))
    page = agent.get(started["job"]).text
    assert "Left out, and why" in page
    assert "Tom Whitaker" in page
    assert "<script>alert" not in page
