"""Sharing an inbox: who is here, and taking over."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from earful import store
from earful.config import MailConfig
from earful.inbox.digest_mail import Reader, digest_mail
from earful.store.models import Agent, AgentNotification, Conversation, Event, Presence
from earful.store.queries.digests import DigestNews
from earful.store.queries.telling import Notice
from earful.store.states import AgentNotificationKind, Role
from flask.testing import FlaskClient

from tests.admin.inbox.house import HOSTILE
from tests.admin.inbox.town import Town
from tests.core.store.filler import seeing

SignIn = Callable[[Role], FlaskClient]


@pytest.fixture
def agent(sign_in: SignIn) -> FlaskClient:
    return sign_in(Role.AGENT)


@pytest.fixture
def lead(sign_in: SignIn) -> FlaskClient:
    return sign_in(Role.LEAD)


def polled(client: FlaskClient, **asked: Any) -> Any:
    return client.get("/updates", query_string={"view": "all", **asked}).json


def test_a_poll_shows_colleagues_in_the_list_and_above_the_composer(
    agent: FlaskClient, lead: FlaskClient, town: Town
) -> None:
    polled(lead, c=town.quiet, window="w1", doing="replying")

    said = polled(agent, c=town.quiet, window="w2", doing="viewing")

    assert list(said["viewers"]) == [str(town.quiet)]
    assert "Lead is replying" in said["viewers"][str(town.quiet)]
    assert "<bdi>Lead</bdi> is replying" in said["here"]
    assert "Agent is viewing" in polled(lead)["viewers"][str(town.quiet)]
    assert polled(agent)["here"] == ""


def test_a_poll_tells_of_colleagues_only_when_that_changes(
    agent: FlaskClient, lead: FlaskClient, town: Town
) -> None:
    polled(lead, c=town.quiet, window="w1")
    word = polled(agent)["presence"]
    assert "viewers" not in polled(agent, presence=word)

    polled(lead, c=town.quiet, window="w1", doing="replying")
    said = polled(agent, presence=word)
    assert said["presence"] != word
    assert "is replying" in said["viewers"][str(town.quiet)]


def test_a_window_without_a_name_leaves_no_trace(agent: FlaskClient, town: Town) -> None:
    polled(agent, c=town.quiet)
    polled(agent, c=town.quiet, window="<script>")
    agent.get(f"/?c={town.quiet}")

    with store.connection():
        assert not Presence.select().exists()


def test_a_hostile_name_stays_text(agent: FlaskClient, lead: FlaskClient, town: Town) -> None:
    with store.connection():
        Agent.update(name=HOSTILE[:200]).where(Agent.role == Role.LEAD).execute()
    polled(lead, c=town.quiet, window="w1", doing="replying")

    said = polled(agent, c=town.quiet)

    for html in (said["here"], *said["viewers"].values()):
        assert "<script" not in html
        assert "<img" not in html


def test_who_holds_it_can_be_asked_or_relieved(
    agent: FlaskClient, lead: FlaskClient, sign_in: SignIn, town: Town
) -> None:
    lead.post(f"/conversation/{town.quiet}/assign", data={"agent": "me"})
    polled(lead, c=town.quiet, window="w1")
    line = polled(agent, c=town.quiet)["here"]
    assert "Ask to take over" in line
    assert "Take over" not in polled(sign_in(Role.VIEWER), c=town.quiet)["here"]

    json = {"Accept": "application/json"}
    assert agent.post(f"/conversation/{town.quiet}/ask", headers=json).json["said"] == "Asked"
    assert agent.post(f"/conversation/{town.quiet}/ask", headers=json).status_code == 422
    agent.post(f"/conversation/{town.quiet}/assign", data={"agent": "me"})

    page = agent.get(f"/?c={town.quiet}").text
    assert "asks Lead to hand it over" in page
    assert "took it over from Lead" in page
    with store.connection():
        assert Conversation.get_by_id(town.quiet).assignee.role is Role.AGENT
        assert Event.select().where(Event.kind == "taken_over").count() == 1
    assert "Take over" not in polled(agent, c=town.quiet)["here"]


def test_a_poll_takes_as_many_statements_with_one_colleague_as_with_many(
    agent: FlaskClient, lead: FlaskClient, town: Town
) -> None:
    def statements() -> int:
        with seeing() as seen:
            polled(agent, c=town.quiet, window="mine")
        return len([sql for sql, _ in seen if not sql.startswith(("BEGIN", "COMMIT"))])

    polled(agent, c=town.quiet, window="mine")
    polled(lead, c=town.quiet, window="w0")
    few = statements()
    for number in range(1, 8):
        polled(lead, c=town.quiet + number, window=f"w{number}")

    assert statements() == few


# Notifications


def noted(lead: FlaskClient, town: Town) -> None:
    lead.post(f"/conversation/{town.quiet}/note", data={"text": "@Agent, please look"})


def test_what_one_is_told_stands_on_the_page_and_in_the_navigation_until_it_is_read(
    agent: FlaskClient, lead: FlaskClient, town: Town
) -> None:
    assert "Nothing to tell" in agent.get("/notifications/").text
    noted(lead, town)

    page = agent.get("/notifications/").text
    assert "Lead named you in a note about" in page
    assert f"c={town.quiet}" in page
    assert 'Notifications</span><span class="nav-count">1</span>' in page
    assert "Lead named you" not in lead.get("/notifications/").text

    with store.connection():
        newest = AgentNotification.select().get().id
    agent.post("/notifications/read", data={"up_to": newest - 1})
    assert '<span class="nav-count">1</span>' in agent.get("/notifications/").text
    lead.post("/notifications/read", data={"up_to": newest})
    agent.post("/notifications/read", data={"up_to": newest})
    assert 'Notifications</span><span class="nav-count">0</span>' in agent.get("/").text


def test_a_poll_brings_what_came_since_for_the_browser_to_show(
    agent: FlaskClient, lead: FlaskClient, town: Town
) -> None:
    word = polled(agent)["notices"]
    assert "told" not in polled(agent, notices=word)
    noted(lead, town)

    said = polled(agent, notices=word)

    assert said["told"]["count"] == 1
    (shown,) = said["told"]["show"]
    assert shown["text"].startswith("Lead named you in a note")
    assert shown["url"] == f"/?c={town.quiet}"
    assert "told" not in polled(agent, notices=said["notices"])
    for odd in ("", "x.y", "1." + "9" * 40, "\u202e"):
        assert polled(agent, notices=odd)["told"]["count"] == 1


def test_each_kind_is_switched_off_for_each_way(
    agent: FlaskClient, lead: FlaskClient, town: Town
) -> None:
    word = polled(agent)["notices"]
    agent.post("/profile/notices", data={"told": ["mention.page", "assigned.browser"]})
    profile = agent.get("/profile/").text
    assert 'value="mention.page" checked' in profile
    assert 'value="mention.browser" >' in profile
    noted(lead, town)
    with store.connection():
        key = Agent.get(Agent.role == Role.AGENT).id
    lead.post(f"/conversation/{town.quiet}/assign", data={"agent": key})

    said = polled(agent, notices=word)["told"]
    assert said == {"count": 1, "show": []}


def test_every_link_of_a_digest_leads_somewhere(agent: FlaskClient, town: Town) -> None:
    notice = Notice(
        id=1, kind=AgentNotificationKind.MENTION, at=datetime.now(UTC), is_unread=True,
        conversation_id=town.quiet, contact="Tom", snippet="", by=None,
    )  # fmt: skip
    news = DigestNews(notices=[notice] * 30, overdue=[], held=1)
    reader = Reader(email="sam@example.com", public_url="http://here")
    mail = MailConfig(host="localhost", from_address="earful@example.org")
    message = digest_mail(1, reader, news, mail, now=datetime.now(UTC))
    part = message.get_body(("html",))
    assert part is not None
    links = set(re.findall(r'href="http://here([^"]*)"', str(part.get_content())))
    assert len(links) == 4
    for link in links:
        assert agent.get(unescape(link)).status_code == 200, link
