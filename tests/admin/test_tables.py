"""What `TableView` puts right of Flask-Admin, on a table made for it."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import peewee
import pytest
from earful import store
from earful.errors import ActionRefused
from earful.runtime import Runtime
from earful.store.models import Agent, Note, Queue
from earful.store.states import Role
from earful_admin import forms, pages
from earful_admin.views import TableView
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from wtforms import Form

from tests.admin.conftest import person
from tests.admin.conversations import conversation

SignIn = Callable[[Role], FlaskClient]


class Shelves(TableView):
    requires = Role.VIEWER
    requires_to_change = Role.ADMIN
    can_create = can_edit = can_delete = can_export = can_view_details = True
    column_list = ("name", "description", "first_response_minutes", "active")
    column_searchable_list = ("name",)
    column_filters = ("active", "first_response_minutes", "name")
    form_columns = ("name", "description", "first_response_minutes", "position", "active")
    done: list[Any]

    def create(self, data: dict[str, Any]) -> Any:
        self.done.append(("create", data))
        if data["name"] == "Refused":
            raise ActionRefused("There are enough shelves.")
        if data["name"] == "Twice":
            raise peewee.IntegrityError("UNIQUE constraint failed: queue.name")
        return Queue.create(**data)

    def change(self, row: Any, data: dict[str, Any]) -> None:
        self.done.append(("change", row.name, data["name"]))

    def remove(self, row: Any) -> None:
        self.done.append(("remove", row.name))


class Colleagues(TableView):
    requires = Role.ADMIN
    can_create = True
    column_list = ("name", "role", "last_sign_in_at")
    column_filters = ("role", "created_at")
    form_columns = ("name", "role", "last_sign_in_at")

    def create(self, data: dict[str, Any]) -> Any:
        raise ActionRefused(repr(data["role"]) + repr(data["last_sign_in_at"]))


class Remarks(TableView):
    requires = Role.VIEWER
    column_list = ("text", "agent.name")
    column_searchable_list = ("text", Agent.name)
    joined = (Note.agent,)


@pytest.fixture
def earful_database(database: str) -> str:
    return database


@pytest.fixture
def shelves(monkeypatch: pytest.MonkeyPatch) -> Shelves:
    view = Shelves(Queue, name="Shelves", endpoint="shelves", url="/shelves")
    view.done = []
    others = [
        Colleagues(Agent, name="Colleagues", endpoint="colleagues", url="/colleagues"),
        Remarks(Note, name="Remarks", endpoint="remarks", url="/remarks"),
    ]
    usual = pages.pages
    monkeypatch.setattr(pages, "pages", lambda: [*usual(), view, *others])
    return view


@pytest.fixture
def app(shelves: Shelves, app: Flask) -> Flask:
    with store.connection():
        Queue.create(name="=HYPERLINK(1)", description="@x", first_response_minutes=60)
        Queue.create(name="Billing", description="Charges", active=False)
    return app


def billing() -> int:
    with store.connection():
        return int(Queue.get(Queue.name == "Billing").id)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    seen: list[str] = []
    database = store.models.database.obj  # type: ignore[attr-defined]
    real = database.execute_sql
    with monkeypatch.context() as patch:
        patch.setattr(
            database,
            "execute_sql",
            lambda sql, *rest, **more: seen.append(sql) or real(sql, *rest, **more),
        )
        yield seen


def test_a_list_shows_its_rows_and_no_default_of_flask_admin(sign_in: SignIn) -> None:
    text = sign_in(Role.ADMIN).get("/shelves/").text
    assert "Charges" in text
    assert 'placeholder="Search"' in text
    assert "First response minutes" in text
    assert 'data-confirm="Remove Billing?"' in text


def test_who_may_not_change_sees_no_buttons(sign_in: SignIn, shelves: Shelves) -> None:
    client = sign_in(Role.LEAD)
    assert "pencil" not in client.get("/shelves/").text
    assert client.get("/shelves/new/").status_code == 403
    assert client.post("/shelves/delete/", data={"id": "1"}).status_code == 403
    assert shelves.done == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=bill", {"Billing"}),
        ("flt0_active_equals=0", {"Billing"}),
        ("flt0_active_equals=&flt1_first_response_minutes_equals=60", {"=HYPERLINK(1)"}),
        ("flt2_name_contains=ill", {"Billing"}),
        ("flt2_name_contains=&search=", {"Billing", "=HYPERLINK(1)"}),
        ("search=nobody", set()),
        ("sort=0&desc=1", {"Billing", "=HYPERLINK(1)"}),
    ],
)
def test_search_and_filters(sign_in: SignIn, query: str, found: set[str]) -> None:
    text = sign_in(Role.VIEWER).get(f"/shelves/?{query}").text
    assert {name for name in ("Billing", "=HYPERLINK(1)") if f">{name}</a>" in text} == found


def test_a_filter_that_makes_no_sense_is_told(sign_in: SignIn) -> None:
    answer = sign_in(Role.VIEWER).get("/shelves/?flt1_first_response_minutes_equals=soon")
    assert answer.status_code == 200
    assert "is not a value to filter by" in answer.text


def test_a_spreadsheet_gets_no_formula(sign_in: SignIn) -> None:
    answer = sign_in(Role.VIEWER).get("/shelves/export/csv/")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[1][:2] == ["'=HYPERLINK(1)", "'@x"]
    assert rows[2][:3] == ["Billing", "Charges", ""]


def test_a_row_is_made_through_the_action(sign_in: SignIn, shelves: Shelves) -> None:
    answer = sign_in(Role.ADMIN).post(
        "/shelves/new/", data={"name": "New", "position": "3", "active": "y"}
    )
    assert answer.status_code == 302
    ((_, data),) = shelves.done
    assert data == {
        "name": "New", "description": "", "first_response_minutes": None, "position": 3,
        "active": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Refused", "There are enough shelves."),
        ("Twice", "is the name in use?"),
        ("", "Name: This field is required."),
        ("x" * 81, "Field cannot be longer than 80 characters."),
    ],
)
def test_a_refusal_stands_above_the_form(sign_in: SignIn, name: str, words: str) -> None:
    text = sign_in(Role.ADMIN).post("/shelves/new/", data={"name": name, "position": "1"}).text
    assert 'role="alert"' in text
    assert words in text
    assert "UNIQUE" not in text
    assert "Failed to create record" not in text


def test_an_emptied_default_is_asked_for(sign_in: SignIn, shelves: Shelves) -> None:
    text = sign_in(Role.ADMIN).post("/shelves/new/", data={"name": "A", "position": ""}).text
    assert "Position: This field is required." in text
    assert 'aria-invalid="true"' in text
    assert 'aria-describedby="position-error"' in text
    assert shelves.done == []


def test_a_row_is_changed_and_removed_through_actions(sign_in: SignIn, shelves: Shelves) -> None:
    client = sign_in(Role.ADMIN)
    client.post(f"/shelves/edit/?id={billing()}", data={"name": "Bills", "position": "1"})
    client.post("/shelves/delete/", data={"id": billing()})
    assert shelves.done == [("change", "Billing", "Bills"), ("remove", "Billing")]
    with store.connection():
        assert Queue.get_by_id(billing()).name == "Billing"


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_going_back_from_a_form_leads_to_no_other_site(sign_in: SignIn, url: str) -> None:
    client = sign_in(Role.ADMIN)
    text = client.get("/shelves/edit/", query_string={"id": billing(), "url": url}).text
    assert "evil.example" not in text
    assert "javascript:" not in text
    saved = client.post(
        "/shelves/edit/",
        query_string={"id": billing(), "url": url},
        data={"name": "A", "position": "1"},
    )
    assert saved.location == "/shelves/"


def test_details_show_every_column(sign_in: SignIn) -> None:
    text = sign_in(Role.VIEWER).get(f"/shelves/details/?id={billing()}").text
    assert "Charges" in text


@pytest.mark.parametrize(
    "path",
    [
        "details/?id=x",
        "details/?id=999",
        "details/",
        f"details/?id={10**20}",
        f"?flt1_first_response_minutes_equals={10**20}",
        "?page=-1",
        f"?page={10**6}",
        "?sort=99",
    ],
)
def test_an_address_that_makes_no_sense_breaks_nothing(sign_in: SignIn, path: str) -> None:
    assert sign_in(Role.VIEWER).get(f"/shelves/{path}").status_code in {200, 302, 404}


def test_choices_and_moments_have_fields_of_their_own(sign_in: SignIn) -> None:
    client = sign_in(Role.ADMIN)
    text = client.get("/colleagues/new/").text
    assert '<option value="LEAD">Lead</option>' in text
    assert 'type="datetime-local"' in text
    data = {"name": "A", "role": "LEAD", "last_sign_in_at": "2026-11-20T12:30"}
    refused = client.post("/colleagues/new/", data=data).text
    assert "&lt;Role.LEAD: 2&gt;" in refused
    assert "datetime.datetime(2026, 11, 20, 12, 30, tzinfo=datetime.timezone.utc)" in refused


@pytest.mark.parametrize(("query", "count"), [("role_equals=3", 1), ("role_equals=", 4)])
def test_a_choice_is_filtered_by(sign_in: SignIn, query: str, count: int) -> None:
    text = sign_in(Role.ADMIN).get(f"/colleagues/?flt0_{query}").text
    assert text.count('<th scope="row">') == count


def test_a_day_is_filtered_from(sign_in: SignIn) -> None:
    client = sign_in(Role.ADMIN)
    before = client.get("/colleagues/?flt1_created_since_equals=2025-12-31").text
    after = client.get("/colleagues/?flt1_created_since_equals=2026-01-02").text
    assert (before.count('<th scope="row">'), after.count('<th scope="row">')) == (4, 0)


def test_a_foreign_key_costs_no_query_a_row(
    sign_in: SignIn, earful_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.connection():
        row = conversation()
        for number in range(20):
            author = Agent.get_by_id(person(Role.AGENT, f"agent{number}").agent_id)
            Note.create(conversation=row, agent=author, text="Said", at=row.opened_at)
    client = sign_in(Role.VIEWER)
    client.get("/remarks/")
    with counted(monkeypatch) as seen:
        text = client.get("/remarks/?search=agent1").text
    assert text.count('<th scope="row">') == 11
    assert len([sql for sql in seen if '"note"' in sql]) == 2
    assert len([sql for sql in seen if 'FROM "agent"' in sql]) == 1


def test_an_error_in_a_view_keeps_its_own_name(
    app: Flask, sign_in: SignIn, shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(Role.ADMIN)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.error_handler_spec[None][None].pop(Exception)
    monkeypatch.setattr(Shelves, "row_title", lambda self: "", raising=True)
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        client.get(f"/shelves/details/?id={billing()}")


def test_json_that_is_none_is_refused_in_words() -> None:
    class Sheet(Form):
        body = forms.JSONText()

    good, bad = Sheet(MultiDict({"body": '{"a": 1}'})), Sheet(MultiDict({"body": '{"a": 1'}))
    assert good.validate()
    assert good.body.data == {"a": 1}
    assert not bad.validate()
    assert "This is not JSON" in bad.body.errors[0]
