"""The admin's installation with conversations in it."""

from __future__ import annotations

import pytest
from earful import store
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.states import Role

from tests.admin.inbox.house import House
from tests.admin.inbox.town import Town, settle


@pytest.fixture
def house(earful_runtime: Runtime) -> House:
    with store.connection():
        return House()


@pytest.fixture
def town(house: House, people: dict[Role, Actor]) -> Town:
    with store.connection():
        return settle(house, people[Role.AGENT].agent_id, people[Role.LEAD].agent_id)


@pytest.fixture(autouse=True)
def _one_minute_for_clients(request: pytest.FixtureRequest) -> None:
    """What is kept until a minute begins is kept for the whole of a test without a browser."""
    if request.node.get_closest_marker("browser") is None:
        request.getfixturevalue("one_minute")
