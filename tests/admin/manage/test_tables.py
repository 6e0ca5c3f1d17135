"""Queues, people and the audit: what is saved, what is refused at which field, what is exported."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from earful import actions, store
from earful.actions import SYSTEM, Actor
from earful.inbox import audit
from earful.store.models import Agent, AuditEvent, Queue
from earful.store.queries.inbox import Count
from earful.store.queries.references import initials_of
from earful.store.states import Role
from earful.testing.inbox import Inbox
from earful_admin import passwords
from earful_admin.manage.queues import minutes_in_words
from flask.testing import FlaskClient

from tests.admin.conftest import PASSWORD, person
from tests.admin.manage.conftest import ADMIN, AGENT, LEAD

SignIn = Callable[[Role], FlaskClient]
QUEUE = {
    "name": "Returns", "description": "", "colour": "teal", "first_response_minutes": "45",
    "position": "7", "active": "y",
}  # fmt: skip


def queue(name: str) -> Queue:
    with store.connection():
        return Queue.get(Queue.name == name)


def agent(name: str) -> Agent:
    with store.connection():
        return Agent.get(Agent.email == f"{name}@example.com")


def test_a_queue_has_members(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    lead = agent("lead").id
    client.post("/queues/new/", data=QUEUE | {"members": [str(lead)]})
    row = queue("Returns")
    assert row.members == [lead]
    page = client.get(f"/queues/edit/?id={row.id}").text
    offered = page.partition("<legend>Members</legend>")[2].partition("</fieldset>")[0]
    assert offered.count(" checked ") == 1
    assert "Lead" in offered
    assert "Viewer" not in offered
    assert "Returns" in client.get(f"/people/edit/?id={lead}").text
    client.post(f"/queues/edit/?id={row.id}", data=QUEUE)
    assert queue("Returns").members == []
    refused = client.post(f"/queues/edit/?id={row.id}", data=QUEUE | {"members": ["999"]})
    assert refused.status_code == 200
    assert "field-error" in refused.text


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (None, ""), (1, "1 minute"), (45, "45 minutes"), (60, "1 hour"), (90, "1 hour 30 minutes"),
        (2880, "2 days"), (1501, "1 day 1 hour 1 minute"),
    ],
)  # fmt: skip
def test_a_target_is_said_as_people_say_it(minutes: int | None, said: str) -> None:
    assert minutes_in_words(minutes) == said


def test_the_queues_show_their_open_conversations(shop: Inbox, sign_in: SignIn) -> None:
    page = sign_in(LEAD).get("/queues/").text
    assert '<a href="/?view=queue-2">2</a>' in page
    assert "2 hours" in page
    assert "General is the fallback queue" in page
    assert "New queue" not in page


def test_open_conversations_are_counted_to_99(
    shop: Inbox, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "earful_admin.manage.queues.counts", lambda _ids, **_options: {"queue-2": Count(100)}
    )
    assert ">99+</a>" in sign_in(LEAD).get("/queues/").text


def test_a_queue_is_made_and_changed(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    assert client.post("/queues/new/", data=QUEUE).location == "/queues/"
    assert "Returns is saved." in client.get("/queues/").text
    row = queue("Returns")
    assert (row.colour, row.first_response_minutes, row.position) == ("teal", 45, 7)
    later = QUEUE | {"first_response_minutes": "", "active": ""}
    later.pop("active")
    client.post(f"/queues/edit/?id={row.id}", data=later)
    row = queue("Returns")
    assert (row.first_response_minutes, row.active) == (None, False)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"name": ""}, "name", "This field is required."),
        ({"name": "   "}, "name", "required"),
        ({"name": "Billing"}, "name", "There is a queue named Billing already."),
        ({"colour": "beige"}, "colour", "Not a valid choice"),
        ({"first_response_minutes": "0"}, "first_response_minutes", "Choose 1 to 129,600"),
        (
            {"first_response_minutes": "soon"},
            "first_response_minutes",
            "Not a valid integer value.",
        ),
        ({"position": ""}, "position", "required"),
    ],
)
def test_a_mistake_in_a_queue_stands_at_its_field(
    shop: Inbox, sign_in: SignIn, change: dict[str, str], field: str, words: str
) -> None:
    page = sign_in(ADMIN).post("/queues/new/", data=QUEUE | change).text
    assert "Please check one field." in page
    assert f'href="#{field}"' in page
    assert words in page
    with store.connection():
        assert Queue.select().count() == 4


def test_a_queue_hands_out_as_its_page_says(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    client.post("/queues/new/", data=QUEUE | {"assignment": "round_robin"})
    row = queue("Returns")
    assert row.assignment == "round_robin"
    assert 'selected value="round_robin"' in client.get(f"/queues/edit/?id={row.id}").text
    client.post("/queues/new/", data=QUEUE | {"name": "Other", "assignment": "by_magic"})
    assert Queue.get_or_none(Queue.name == "Other") is None


def test_the_fallback_queue_keeps_its_name(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    row = queue("General")
    assert "This is the fallback queue" in client.get(f"/queues/edit/?id={row.id}").text
    page = client.post(f"/queues/edit/?id={row.id}", data=QUEUE).text
    assert 'id="name-error"' in page
    assert "it keeps its name and stays active" in page
    assert queue("General").active


PERSON = {
    "email": "Zoe@Example.com", "name": "Zoe Fox", "initials": "", "role": "LEAD",
    "password": "two long words",
}  # fmt: skip


def test_a_person_is_added_and_can_sign_in(
    shop: Inbox, sign_in: SignIn, stranger: FlaskClient
) -> None:
    assert sign_in(ADMIN).post("/people/new/", data=PERSON).location == "/people/"
    assert (agent("zoe").role, agent("zoe").initials) == (LEAD, "ZF")
    sent = {"email": "zoe@example.com", "password": "two long words"}
    assert stranger.post("/sign-in", data=sent).status_code == 302


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"email": "no address"}, "email", "is not an e-mail address"),
        ({"email": "lead@example.com"}, "email", "is there already"),
        ({"email": ""}, "email", "Enter the address"),
        ({"name": ""}, "name", "Enter the name"),
        ({"password": "short"}, "password", "At least 10 characters"),
        ({"password": "aaaaaaaaaaaa"}, "password", "too easy to guess"),
        ({"role": "OWNER"}, "role", "Not a valid choice"),
        ({"initials": "ABCDE"}, "initials", "at most 4"),
    ],
)
def test_a_mistake_in_a_person_stands_at_its_field(
    shop: Inbox, sign_in: SignIn, change: dict[str, str], field: str, words: str
) -> None:
    page = sign_in(ADMIN).post("/people/new/", data=PERSON | change).text
    assert "Please check one field." in page
    assert f'href="#{field}"' in page
    assert words.lower() in page.lower()
    assert "two long words" not in page


def test_a_new_role_ends_the_sessions(shop: Inbox, sign_in: SignIn) -> None:
    admin, lead = sign_in(ADMIN), sign_in(LEAD)
    row = agent("lead")
    sent = {"name": "Lead", "initials": "L", "role": "AGENT", "active": "y"}
    assert admin.post(f"/people/edit/?id={row.id}", data=sent).status_code == 302
    assert agent("lead").role is AGENT
    assert lead.get("/queues/").location.startswith("/sign-in")


def test_nothing_changes_for_who_is_saved_unchanged(shop: Inbox, sign_in: SignIn) -> None:
    admin, before = sign_in(ADMIN), agent("lead")
    sent = {"name": before.name, "initials": before.initials, "role": "LEAD", "active": "y"}
    admin.post(f"/people/edit/?id={before.id}", data=sent)
    assert agent("lead").epoch == before.epoch


@pytest.mark.parametrize("name", ["Zoe", "Zoe Ann Fox"])
def test_initials_nobody_chose_are_the_same_wherever_they_are_made(
    shop: Inbox, sign_in: SignIn, name: str
) -> None:
    admin = sign_in(ADMIN)
    admin.post("/people/new/", data=PERSON | {"name": name})
    before = agent("zoe")
    sent = {"name": name, "initials": "", "role": "LEAD", "active": "y"}
    admin.post(f"/people/edit/?id={before.id}", data=sent)
    assert agent("zoe").initials == before.initials == initials_of(name)


@pytest.mark.parametrize("change", [{"role": "LEAD", "active": "y"}, {"role": "ADMIN"}])
def test_the_last_admin_stays_one(shop: Inbox, sign_in: SignIn, change: dict[str, str]) -> None:
    row = agent("admin")
    sent = {"name": "Renamed", "initials": "A"} | change
    page = sign_in(ADMIN).post(f"/people/edit/?id={row.id}", data=sent).text
    assert "This is the last admin." in page
    after = agent("admin")
    assert (after.name, after.role, after.active) == ("Admin", ADMIN, True)


def test_the_form_does_not_touch_what_it_does_not_show(shop: Inbox, sign_in: SignIn) -> None:
    row = agent("lead")
    sent = {
        "name": "Lead", "initials": "L", "role": "LEAD", "active": "y",
        "email": "evil@example.com", "password_hash": "x", "epoch": "9",
    }  # fmt: skip
    sign_in(ADMIN).post(f"/people/edit/?id={row.id}", data=sent)
    assert agent("lead").password_hash == row.password_hash


def test_a_persons_share_is_edited_and_what_they_hold_returned(
    shop: Inbox, sign_in: SignIn
) -> None:
    client, row = sign_in(ADMIN), agent("agent")
    where = f"/people/edit/?id={row.id}"
    data = {"name": row.name, "role": "AGENT", "active": "y"}
    client.post(where, data=data | {"capacity": "5", "skills": "Billing, de", "away": "y"})

    row = agent("agent")
    assert (row.capacity, row.skills, row.away) == (5, ["billing", "de"], True)
    assert 'value="billing, de"' in client.get(where).text
    assert "Capacity: " not in client.post(where, data=data | {"capacity": "-1"}).text
    assert agent("agent").capacity == 5
    assert client.post(f"/people/return/{row.id}").location.endswith(where.partition("/people")[2])


def test_a_password_is_set_and_ends_the_sessions(shop: Inbox, sign_in: SignIn) -> None:
    admin, lead, row = sign_in(ADMIN), sign_in(LEAD), agent("lead")
    admin.post(f"/people/password/{row.id}", data={"new_password": "short"})
    assert lead.get("/queues/").status_code == 200
    admin.post(f"/people/password/{row.id}", data={"new_password": "another horse"})
    assert lead.get("/queues/").status_code == 302
    assert passwords.matches(agent("lead").password_hash, "another horse")
    assert not passwords.matches(agent("lead").password_hash, PASSWORD)


def test_sessions_are_ended(shop: Inbox, sign_in: SignIn) -> None:
    admin, lead = sign_in(ADMIN), sign_in(LEAD)
    admin.post(f"/people/sessions/{agent('lead').id}")
    assert lead.get("/queues/").status_code == 302


def test_the_audit_is_read_page_by_page(shop: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        for n in range(120):
            audit.record("robot", "test.line", "thing", n, now=shop.now, summary=f"line {n}!")
    client = sign_in(ADMIN)
    seen: list[str] = []
    address = "/audit/?flt1_action_contains=test.line"
    while address:
        page = client.get(address).text
        seen += [f"line {n}!" for n in range(120) if f"line {n}!" in page]
        found = page.split('href="/audit/?before=')
        rest = found[1].partition('"')[0] if len(found) > 1 else ""
        address = f"/audit/?before={rest}".replace("&amp;", "&") if rest else ""
    assert sorted(seen) == sorted(f"line {n}!" for n in range(120))


def test_the_audit_is_filtered(shop: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        old = shop.now - timedelta(days=30)
        audit.record("Ada", "test.old", "thing", 1, now=old)
        audit.record("Bob", "test.new", "thing", 2, now=shop.now)
    client = sign_in(ADMIN)
    day = (shop.now - timedelta(days=20)).date().isoformat()

    def found(query: str) -> tuple[bool, bool]:
        page = client.get(f"/audit/?{query}").text
        return "test.old" in page, "test.new" in page

    assert found("flt0_who_contains=ada") == (True, False)
    assert found("flt1_action_contains=test") == (True, True)
    assert found("flt2_kind_of_thing_equals=thing&flt3_its_id_equals=2") == (False, True)
    assert found(f"flt4_from_equals={day}") == (False, True)
    assert found(f"flt5_until_equals={day}") == (True, False)
    assert found("flt4_from_equals=someday&before=x") == (True, True)
    assert "Nothing matches" in client.get("/audit/?flt0_who_contains=nobody").text


def test_what_an_event_changed_is_shown(shop: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        lead = agent("lead")
        actions.set_role(None, SYSTEM, lead.id, AGENT, now=shop.now)
    page = sign_in(ADMIN).get("/audit/").text
    assert "<del>lead</del> agent" in page


def test_the_exported_audit_holds_no_formula(shop: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        for evil in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1"):
            audit.record(evil, "test.evil", "thing", now=shop.now, summary=evil, after={"a": evil})
    answer = sign_in(ADMIN).get("/audit/export/csv/?flt1_action_contains=test.evil")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert len(rows) == 6
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert answer.mimetype == "text/csv"


def test_the_audit_cannot_be_changed(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    with store.connection():
        before = AuditEvent.select().count()
    for path in ("/audit/new/", "/audit/edit/?id=1", "/audit/delete/", "/audit/action/"):
        client.post(path, data={"id": "1", "action": "delete", "rowid": "1"})
    with store.connection():
        assert AuditEvent.select().count() == before


def test_there_can_be_two_admins_and_then_one_may_go(shop: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        second: Actor = person(ADMIN, "second")
    sent = {"name": "Second", "initials": "S", "role": "ADMIN"}
    sign_in(ADMIN).post(f"/people/edit/?id={second.agent_id}", data=sent)
    assert not agent("second").active
