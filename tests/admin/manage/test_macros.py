"""The page of macros: one's own and the team's, edited as rows, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from earful import store
from earful.actions import Actor
from earful.store.models import Macro, Queue
from earful.store.states import Role
from flask.testing import FlaskClient

SignIn = Callable[[Role], FlaskClient]
FORM: dict[str, Any] = {
    "name": "Refund",
    "do": ["label", "take"],
    "act": ["topic:refund", ""],
    "text": "Hi {contact.first_name}",
}


def rows() -> list[Macro]:
    with store.connection():
        return list(Macro.select().order_by(Macro.id))


def test_an_agent_keeps_their_own(sign_in: SignIn, people: dict[Role, Actor]) -> None:
    agent = sign_in(Role.AGENT)
    made = agent.post("/macros/new/", data=FORM)
    assert made.status_code == 303
    (row,) = rows()
    assert (row.owner_id, row.text) == (people[Role.AGENT].agent_id, "Hi {contact.first_name}")
    assert row.steps == [{"do": "label", "value": "topic:refund"}, {"do": "take"}]
    listed = agent.get("/macros/").text
    assert "Add the label “topic:refund”, assign it to you and begin a reply" in listed
    page = agent.get(f"/macros/edit/?id={row.id}").text
    assert 'value="topic:refund"' in page
    agent.post(f"/macros/edit/?id={row.id}", data={**FORM, "name": "Money back"})
    assert rows()[0].name == "Money back"
    agent.post("/macros/delete/", data={"id": row.id})
    assert rows() == []


def test_the_team_s_are_the_leads_to_keep(sign_in: SignIn) -> None:
    agent, lead = sign_in(Role.AGENT), sign_in(Role.LEAD)
    assert "needs the role lead" in agent.post("/macros/new/", data={**FORM, "shared": "on"}).text
    lead.post("/macros/new/", data={**FORM, "shared": "on"})
    (row,) = rows()
    assert row.owner_id is None
    assert "The team" in agent.get("/macros/").text
    assert "Leads keep the team" in agent.get(f"/macros/edit/?id={row.id}").text
    agent.post(f"/macros/edit/?id={row.id}", data={**FORM, "name": "Mine"})
    agent.post("/macros/delete/", data={"id": row.id})
    assert [each.name for each in rows()] == ["Refund"]


def test_nobody_sees_another_ones(sign_in: SignIn) -> None:
    sign_in(Role.AGENT).post("/macros/new/", data=FORM)
    (row,) = rows()
    lead = sign_in(Role.LEAD)
    assert "Refund" not in lead.get("/macros/").text
    assert lead.get(f"/macros/edit/?id={row.id}").status_code == 404
    lead.post("/macros/delete/", data={"id": row.id})
    assert len(rows()) == 1


def test_rows_come_and_go_and_what_was_typed_stays(sign_in: SignIn) -> None:
    agent = sign_in(Role.AGENT)
    longer = agent.post("/macros/new/", data={**FORM, "step": "add-action"}).text
    assert longer.count('name="do"') == 3
    shorter = agent.post("/macros/new/", data={**FORM, "step": "remove-action-0"}).text
    assert shorter.count('name="do"') == 1
    assert "Hi {contact.first_name}" in shorter
    assert rows() == []


def test_its_effects_are_told_before_it_is_saved(sign_in: SignIn) -> None:
    page = sign_in(Role.AGENT).post("/macros/new/", data={**FORM, "step": "preview"})
    assert "Add the label “topic:refund”, assign it to you" in page.text
    assert rows() == []


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"name": ""}, "Give the macro a name."),
        ({"do": [], "act": []}, "the macro would do nothing"),
        ({"do": ["label"], "act": [""]}, "needs a value"),
        ({"do": ["take", "assign"], "act": ["", "agent@example.com"]}, "exclude each other"),
        ({"do": ["queue"], "act": ["Nowhere"]}, "There is no queue named “Nowhere” here"),
        ({"do": ["nonsense"], "act": [""]}, "There is no action"),
        ({"text": "x" * 65_537}, "too long"),
    ],
)
def test_what_is_wrong_is_told_with_the_words_kept(
    sign_in: SignIn, form: dict[str, Any], why: str
) -> None:
    page = sign_in(Role.AGENT).post("/macros/new/", data={**FORM, **form})
    assert page.status_code == 422
    assert why.lower() in page.text.lower()
    assert rows() == []


def test_one_whose_queue_is_gone_shows_what_is_missing(sign_in: SignIn) -> None:
    agent = sign_in(Role.AGENT)
    with store.connection():
        Queue.create(name="Short-lived")
    agent.post("/macros/new/", data={**FORM, "do": ["queue"], "act": ["Short-lived"]})
    (row,) = rows()
    with store.connection():
        Queue.update(active=False).where(Queue.name == "Short-lived").execute()
    assert "Short-lived (not here)" in agent.get(f"/macros/edit/?id={row.id}").text


def test_a_viewer_has_none(sign_in: SignIn) -> None:
    viewer = sign_in(Role.VIEWER)
    for path in ("/macros/", "/macros/new/", "/macros/edit/?id=1"):
        assert viewer.get(path).status_code == 403
