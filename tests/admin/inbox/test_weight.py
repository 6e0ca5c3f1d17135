"""What a visit to the inbox loads beside fonts, as a proxy that compresses would send it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import pytest
from earful import store
from earful.store.states import Role
from flask.testing import FlaskClient

from tests.admin.inbox.house import House
from tests.admin.inbox.town import Town

KB = 1024


@pytest.fixture
def agent(sign_in: Callable[[Role], FlaskClient], town: Town, house: House) -> FlaskClient:
    with store.connection():
        for number in range(40):
            house.conversation(house.identity(f"Person {number}"), f"A question, number {number}")
    return sign_in(Role.AGENT)


def files(page: str) -> set[str]:
    found = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page))
    return {each for each in found if not each.endswith(".woff2")}


def weight(agent: FlaskClient, page: str) -> int:
    parts = [page.encode(), *(agent.get(each, buffered=True).data for each in files(page))]
    return sum(len(gzip.compress(part, 6)) for part in parts)


def test_the_first_view_after_signing_in_weighs_little(agent: FlaskClient) -> None:
    page = agent.get("/").text
    assert page.count('class="list-row') >= 40
    assert len(files(page)) > 8
    assert weight(agent, page) <= 60 * KB


def test_a_conversation_adds_little(agent: FlaskClient, town: Town) -> None:
    assert weight(agent, agent.get(f"/?c={town.yuki}").text) <= 77 * KB


def test_what_only_a_conversation_needs_waits_for_one(agent: FlaskClient, town: Town) -> None:
    of_list, of_conversation = agent.get("/").text, agent.get(f"/?c={town.yuki}").text
    left = files(of_conversation) - files(of_list)
    assert {re.sub(r".*/|\?.*", "", each) for each in left} >= {"composer.js", "composer.css"}
    named = re.search(r'data-parts="([^"]*)"', of_list)
    assert named
    assert set(named[1].split()) == left
