"""Who may open and do what on the management pages, and that no page costs more when full."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from earful import actions, store
from earful.actions import SYSTEM
from earful.store import models
from earful.store.models import AuditEvent, Policy, Queue
from earful.store.states import Role
from earful.testing.inbox import Inbox
from flask import Flask
from flask.testing import FlaskClient

from tests.admin.manage.conftest import ADMIN, AGENT, LEAD, REFUND, VIEWER, refused
from tests.wall import Wall, post

SignIn = Callable[[Role], FlaskClient]
READ = {
    "/queues/": LEAD,
    "/queues/new/": ADMIN,
    "/queues/edit/?id=2": ADMIN,
    "/hours/": LEAD,
    "/hours/edit": ADMIN,
    "/policies/": LEAD,
    "/policies/1": LEAD,
    "/policies/2": LEAD,
    "/policies/new": ADMIN,
    "/channels/": LEAD,
    "/channels/1": LEAD,
    "/channels/1?state=unsupported&before=9": LEAD,
    f"/channels/1?before={'9' * 5000}": LEAD,
    "/channels/1/card": LEAD,
    "/channels/payload/6": LEAD,
    "/channels/1/connect": ADMIN,
    "/models/": LEAD,
    "/models/?days=7": LEAD,
    "/plugins/": LEAD,
    "/people/": ADMIN,
    "/people/?search=ad&flt0_role_equals=3": ADMIN,
    "/people/new/": ADMIN,
    "/people/edit/?id=1": ADMIN,
    "/audit/": ADMIN,
    f"/audit/?before={'9' * 5000}": ADMIN,
    "/audit/export/csv/": ADMIN,
    "/system/": ADMIN,
    "/setup/": ADMIN,
}
CHANGE = {
    "/queues/new/": ADMIN,
    "/queues/edit/?id=2": ADMIN,
    "/hours/edit": ADMIN,
    "/hours/use": ADMIN,
    "/policies/new": ADMIN,
    "/policies/1": ADMIN,
    "/policies/1/switch": ADMIN,
    "/policies/1/move": ADMIN,
    "/channels/1/pause": LEAD,
    "/channels/1/resume": LEAD,
    "/channels/1/poll": LEAD,
    "/channels/1/test": LEAD,
    "/channels/1/replay": ADMIN,
    "/channels/1/connect": ADMIN,
    "/channels/1/disconnect": ADMIN,
    "/channels/connect/1": ADMIN,
    "/channels/payload/6/replay": ADMIN,
    "/people/new/": ADMIN,
    "/people/edit/?id=2": ADMIN,
    "/people/password/2": ADMIN,
    "/people/sessions/2": ADMIN,
    "/system/jobs/x/retry": ADMIN,
    "/system/notifications/1/retry": ADMIN,
    "/setup/dismiss": ADMIN,
    "/people/return/1": ADMIN,
}
NOWHERE = (
    "/policies/999", "/channels/999", "/channels/999/card", "/channels/payload/999"
)  # fmt: skip


def changes_made() -> int:
    with store.connection():
        return AuditEvent.select().where(~AuditEvent.action.startswith("agent.sign_in")).count()


@pytest.mark.parametrize("role", list(Role))
def test_pages_open_for_their_role_and_those_above(
    shop: Inbox, sign_in: SignIn, role: Role
) -> None:
    client = sign_in(role)
    opened = {path: client.get(path).status_code for path in READ}
    assert opened == {path: 200 if role >= least else 403 for path, least in READ.items()}


@pytest.mark.parametrize("role", [VIEWER, AGENT, LEAD])
def test_nobody_changes_what_is_above_their_role(shop: Inbox, sign_in: SignIn, role: Role) -> None:
    client, before = sign_in(role), changes_made()
    for path, least in CHANGE.items():
        if role < least:
            assert client.post(path, data={"name": "x", "step": "save"}).status_code == 403, path
    assert changes_made() == before


def test_a_stranger_opens_nothing(shop: Inbox, stranger: FlaskClient) -> None:
    for path in READ:
        assert stranger.get(path).location.startswith("/sign-in"), path
    for path in CHANGE:
        assert stranger.post(path).location.startswith("/sign-in"), path


def test_every_change_needs_the_token(shop: Inbox, app: Flask, sign_in: SignIn) -> None:
    client, before = sign_in(ADMIN), changes_made()
    app.config["WTF_CSRF_ENABLED"] = True
    for path in CHANGE:
        assert client.post(path).status_code == 400, path
    assert changes_made() == before


def test_changes_are_not_made_by_reading(shop: Inbox, sign_in: SignIn) -> None:
    client, before = sign_in(ADMIN), changes_made()
    both = {"/people/edit/?id=2", "/channels/connect/1"}
    for path in CHANGE.keys() - READ.keys() - both:
        assert client.get(path).status_code in {404, 405}, path
    for path in READ:
        client.get(path)
    assert changes_made() == before


def test_what_is_not_there_is_said_so(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    for path in NOWHERE:
        assert client.get(path).status_code == 404, path
    assert client.get("/queues/edit/?id=999").status_code == 302
    assert "does not exist" in client.post("/people/sessions/999").text


def test_the_navigation_offers_what_a_person_may_open(shop: Inbox, sign_in: SignIn) -> None:
    lead, agent = sign_in(LEAD).get("/queues/").text, sign_in(AGENT).get("/profile/").text
    assert 'href="/policies/"' in lead
    assert 'href="/people/"' not in lead
    assert 'href="/queues/"' not in agent


def test_strangers_words_stay_words(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    for path in READ:
        page = client.get(path).text
        for bad in ("<script>alert", "<b>wall", "<i>parcel", " style=", " onclick=", "javascript:"):
            assert bad not in page, path


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is said to the database meanwhile."""
    said: list[str] = []
    real = type(models.database.obj).execute_sql

    def noting(self: Any, sql: str, *args: Any, **options: Any) -> Any:
        said.append(sql)
        return real(self, sql, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(models.database.obj), "execute_sql", noting)
        yield said


def cost(client: FlaskClient, path: str) -> int:
    """How many statements a page takes; the navigation's counts are kept for others until a
    minute begins, so a second look may be the cheaper one, or a third if it begins just then.
    """
    return min(_cost(client, path) for _ in range(3))


def _cost(client: FlaskClient, path: str) -> int:
    with statements() as said:
        assert client.get(path).status_code == 200
    return len([each for each in said if not each.startswith(("PRAGMA", "BEGIN", "COMMIT"))])


def many(wall: Wall, count: int) -> bytes:
    """A payload with as many messages, each of somebody else."""
    return wall.payload(*(post(f"n{n}", f"refund {n}", by=f"author {n}") for n in range(count)))


def fill(shop: Inbox, wall: Wall) -> None:
    runtime, now = shop.runtime, shop.now - timedelta(hours=1)
    for n in range(12):
        stop = [{"do": "stop"}]
        actions.save_policy(
            runtime, SYSTEM, None, name=f"P{n}", conditions={"all": [REFUND]}, actions=stop, now=now
        )
        for minutes in range(3):
            actions.save_queue(
                runtime, SYSTEM, (Queue.get(Queue.name == f"Q{n}").id if minutes else None),
                name=f"Q{n}", first_response_minutes=minutes + 1, now=now,
            )  # fmt: skip
        actions.add_agent(
            None, SYSTEM, email=f"p{n}@example.com", name=f"P {n}", role=AGENT,
            password="a long password", now=now,
        )  # fmt: skip


def test_no_page_costs_more_when_there_is_more(shop: Inbox, wall: Wall, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    paths = [path for path in READ if "export" not in path]
    few = {path: cost(client, path) for path in paths}
    with store.connection():
        fill(shop, wall)
    shop.receive("wall", many(wall, 30), *(f"garbage {n}".encode() for n in range(30)))
    assert len(refused()) == 32
    assert {path: cost(client, path) for path in paths} == few
    assert max(few.values()) < 25


def test_a_preview_costs_the_same_however_much_came_in(
    shop: Inbox, wall: Wall, sign_in: SignIn
) -> None:
    client = sign_in(ADMIN)
    form = {"name": "x", "step": "preview", "do": "stop", "act": ""}

    def preview() -> tuple[int, str]:
        with statements() as said:
            page = client.post("/policies/new", data=form).text
        return len(said), page

    few, _ = preview()
    shop.receive("wall", many(wall, 60))
    as_many, page = preview()
    assert few == as_many
    assert "<strong>50</strong> of the last 50 messages" in page


def test_a_policy_counts_no_further_than_a_hundred_runs(
    shop: Inbox, wall: Wall, sign_in: SignIn
) -> None:
    with store.connection():
        policy = actions.save_policy(
            shop.runtime, SYSTEM, None, name="All", conditions={"all": []},
            actions=[{"do": "label", "value": "seen"}], now=shop.now,
        )  # fmt: skip
    shop.receive("wall", many(wall, 110))
    with store.connection():
        assert Policy.get_by_id(policy).enabled
    assert "99+ runs in the last 7 days" in sign_in(LEAD).get("/policies/").text
