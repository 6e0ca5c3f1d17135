"""An installation on each database, with plugins that do what the test wants."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from earful import store
from earful.actions import Actor
from earful.plugins import PluginHost
from earful.store.database import rows
from earful.store.models import Agent, Queue
from earful.store.states import Role
from earful.testing.inbox import Inbox

from tests.wall import NOON, Wall


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def earful_plugins(wall: Wall) -> PluginHost:
    return wall.host()


@pytest.fixture
def earful_config() -> str:
    return """
    [channels.wall]
    type = "wall"
    [channels.fence]
    type = "wall"
    [classifiers.reader]
    type = "reader"
    [classifiers.second]
    type = "second_reader"
    [routers.sorter]
    type = "sorter"
    [routers.second]
    type = "second_sorter"
    [notifiers.pager]
    type = "teller"
    greeting = "pager"
    [notifiers.chat]
    type = "teller"
    greeting = "chat"
    """


@pytest.fixture
def earful_database(database: str) -> str:
    return database


@pytest.fixture
def inbox(earful_inbox: Inbox) -> Iterator[Inbox]:
    """The installation, with a connection for the test's own looks into the tables."""
    with store.connection():
        yield earful_inbox


@pytest.fixture
def billing(inbox: Inbox) -> Queue:
    return Queue.create(name="Billing", first_response_minutes=60)


def agent(role: Role, name: str) -> Actor:
    row = Agent.create(email=f"{name}@example.com", name=name, role=role, created_at=NOON)
    return Actor(row.id, name, role)


@pytest.fixture
def admin(inbox: Inbox) -> Actor:
    return agent(Role.ADMIN, "maya")


@pytest.fixture
def sam(inbox: Inbox) -> Actor:
    return agent(Role.AGENT, "sam")


def wait_until_held_up() -> None:
    """Return once somebody waits for what this transaction holds; on PostgreSQL."""
    deadline = time.monotonic() + 30
    while not rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.01)
