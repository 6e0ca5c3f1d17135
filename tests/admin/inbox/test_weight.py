"""What a visit to the inbox loads beside fonts, as it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from earful import store
from earful.store.states import Role
from flask.testing import FlaskClient

from tests.admin.inbox.house import House
from tests.admin.inbox.town import Town

KB = 1024
ASKS = {"Accept-Encoding": "gzip"}


@pytest.fixture
def agent(sign_in: Callable[[Role], FlaskClient], town: Town, house: House) -> FlaskClient:
    with store.connection():
        for number in range(40):
            house.conversation(house.identity(f"Person {number}"), f"A question, number {number}")
    return sign_in(Role.AGENT)


def files(page: str) -> set[str]:
    found = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page))
    return {each for each in found if not each.endswith(".woff2")}


def weight(agent: FlaskClient, path: str) -> int:
    addresses = [path, *files(agent.get(path).text)]
    return sum(len(agent.get(each, headers=ASKS, buffered=True).data) for each in addresses)


def test_the_first_view_after_signing_in_weighs_little(agent: FlaskClient) -> None:
    page = agent.get("/").text
    assert page.count('class="list-row') >= 40
    assert len(files(page)) > 5
    assert weight(agent, "/") <= 40 * KB


def test_a_conversation_adds_little(agent: FlaskClient, town: Town) -> None:
    assert weight(agent, f"/?c={town.yuki}") <= 60 * KB


def test_what_only_a_conversation_needs_waits_for_one(agent: FlaskClient, town: Town) -> None:
    of_list, of_conversation = agent.get("/").text, agent.get(f"/?c={town.yuki}").text
    left = files(of_conversation) - files(of_list)
    assert {re.sub(r".*/|\?.*", "", each) for each in left} >= {"thread.js", "thread.css"}
    named = re.search(r'data-parts="([^"]*)"', of_list)
    assert named
    assert set(named[1].split()) == left
