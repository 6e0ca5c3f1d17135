"""The page of saved replies: one's own and the team's, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from earful import actions, store
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.models import SavedReply
from earful.store.states import Role
from flask.testing import FlaskClient

SignIn = Callable[[Role], FlaskClient]
FORM = {"name": "Hello", "text": "Hi {contact.first_name}"}


def rows() -> list[SavedReply]:
    with store.connection():
        return list(SavedReply.select().order_by(SavedReply.id))


def test_an_agent_keeps_their_own(sign_in: SignIn, people: dict[Role, Actor]) -> None:
    agent = sign_in(Role.AGENT)
    made = agent.post("/saved-replies/new/", data={**FORM, "channels": ["wall", "gone"]})
    assert made.status_code == 302
    (row,) = rows()
    assert (row.owner_id, row.channels) == (people[Role.AGENT].agent_id, ["wall"])
    page = agent.get(f"/saved-replies/edit/?id={row.id}").text
    assert "Hi {contact.first_name}" in page
    assert 'value="wall" checked' in page or 'checked id="channels-0"' in page
    agent.post(f"/saved-replies/edit/?id={row.id}", data={**FORM, "name": "Good day"})
    assert rows()[0].name == "Good day"
    agent.post("/saved-replies/delete/", data={"id": row.id})
    assert rows() == []


def test_the_team_s_are_the_leads_to_keep(sign_in: SignIn, people: dict[Role, Actor]) -> None:
    agent, lead = sign_in(Role.AGENT), sign_in(Role.LEAD)
    refused = agent.post("/saved-replies/new/", data={**FORM, "shared": "y"})
    assert "Only leads" in refused.text
    lead.post("/saved-replies/new/", data={**FORM, "shared": "y"})
    (row,) = rows()
    assert row.owner_id is None
    assert "The team" in agent.get("/saved-replies/").text
    agent.post(f"/saved-replies/edit/?id={row.id}", data={**FORM, "name": "Mine"})
    agent.post("/saved-replies/delete/", data={"id": row.id})
    assert rows()[0].name == "Hello"


def test_nobody_sees_another_ones(
    sign_in: SignIn, people: dict[Role, Actor], earful_runtime: Runtime
) -> None:
    actor = people[Role.AGENT]
    with store.connection():
        number = actions.save_saved_reply(
            earful_runtime, actor, None, **FORM, now=datetime.now(UTC)
        )
    lead = sign_in(Role.LEAD)
    assert "Hello" not in lead.get("/saved-replies/").text
    assert lead.get(f"/saved-replies/edit/?id={number}").status_code in {302, 404}
    lead.post("/saved-replies/delete/", data={"id": number})
    assert len(rows()) == 1


@pytest.mark.parametrize("form", [{"name": "", "text": "x"}, {"name": "x", "text": ""}])
def test_an_empty_one_is_refused_with_its_words_kept(sign_in: SignIn, form: dict[str, str]) -> None:
    page = sign_in(Role.AGENT).post("/saved-replies/new/", data=form)
    assert page.status_code == 200
    assert 'aria-invalid="true"' in page.text
    assert rows() == []


def test_a_viewer_has_none(sign_in: SignIn) -> None:
    assert sign_in(Role.VIEWER).get("/saved-replies/").status_code == 403
