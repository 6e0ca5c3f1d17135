from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from earful import actions, store
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.models import Agent, AuditEvent
from earful.store.states import Role
from earful_admin import context, passwords, server
from flask import Flask, g
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.admin.conftest import PASSWORD, STORED

SignIn = Callable[[Role], FlaskClient]


def attempt(client: FlaskClient, email: str, password: str, query: str = "") -> TestResponse:
    return client.post(f"/sign-in{query}", data={"email": email, "password": password})


def audited() -> list[str]:
    with store.connection():
        return [event.action for event in AuditEvent.select().order_by(AuditEvent.id)]


def test_a_stranger_is_sent_to_sign_in_and_back(stranger: FlaskClient) -> None:
    sent = stranger.get("/profile/?tab=1")
    assert sent.location == "/sign-in?next=/profile/?tab%3D1"
    done = attempt(stranger, "agent@example.com", PASSWORD, "?next=/profile/?tab%3D1")
    assert done.location == "/profile/?tab=1"
    assert "Agent" in stranger.get("/profile/").text


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(stranger: FlaskClient) -> None:
    answer = stranger.get("/profile/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/\t/evil.example/",
        "javascript:alert(1)",
        "\\\\evil.example",
        "/%0d%0aLocation:x\r\n",
    ],
)
def test_sign_in_leads_to_no_other_site(stranger: FlaskClient, target: str) -> None:
    answer = stranger.post(
        "/sign-in",
        query_string={"next": target},
        data={"email": "agent@example.com", "password": PASSWORD},
    )
    assert answer.location == "/"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("agent@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("", ""),
        ("a" * 999, "b" * 9999),
    ],
)
def test_a_wrong_word_says_nothing_more(stranger: FlaskClient, email: str, password: str) -> None:
    answer = attempt(stranger, email, password)
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert audited() == ["agent.sign_in_refused"]


def test_an_address_may_be_typed_in_capitals(stranger: FlaskClient) -> None:
    assert attempt(stranger, " Agent@Example.com ", PASSWORD).status_code == 302
    assert audited() == ["agent.sign_in"]


def test_somebody_who_left_is_not_let_in(stranger: FlaskClient, people: dict[Role, Actor]) -> None:
    with store.connection():
        Agent.update(active=False).where(Agent.id == people[Role.AGENT].agent_id).execute()
    assert attempt(stranger, "agent@example.com", PASSWORD).status_code == 401


def test_nobody_is_checked_as_long_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = passwords._hasher.verify
    monkeypatch.setattr(
        type(passwords._hasher),
        "verify",
        lambda _self, stored, word: seen.append(stored) or real(stored, word),
    )
    assert not passwords.matches("", "anything")
    assert not passwords.matches("", "nobody has this password")
    assert [stored.split("$")[3] for stored in seen] == [passwords._nobody().split("$")[3]] * 2


def test_an_old_hash_is_made_anew(stranger: FlaskClient, people: dict[Role, Actor]) -> None:
    attempt(stranger, "agent@example.com", PASSWORD)
    with store.connection():
        kept = Agent.get_by_id(people[Role.AGENT].agent_id).password_hash
    assert kept != STORED
    assert passwords.matches(kept, PASSWORD)
    assert not passwords.needs_rehash(kept)


def test_signing_out_ends_the_session(sign_in: SignIn) -> None:
    client = sign_in(Role.AGENT)
    assert client.get("/profile/").status_code == 200
    assert client.post("/sign-out").location == "/sign-in"
    assert client.get("/profile/").status_code == 302


def test_a_raised_epoch_ends_every_session(
    sign_in: SignIn, earful_runtime: Runtime, people: dict[Role, Actor]
) -> None:
    client = sign_in(Role.AGENT)
    me = people[Role.AGENT]
    assert me.agent_id is not None
    with store.connection():
        actions.end_sessions(earful_runtime, me, me.agent_id, now=datetime.now(UTC))
    assert client.get("/profile/").status_code == 302


def test_a_session_ends_after_its_hours(app: Flask, sign_in: SignIn) -> None:
    client = sign_in(Role.AGENT)

    def later() -> None:
        g.now = datetime.now(UTC) + timedelta(hours=12, minutes=1)

    app.before_request_funcs[None][0] = later
    assert client.get("/profile/").status_code == 302
    assert context.begin is not later


def test_the_sixth_attempt_in_a_minute_is_refused(stranger: FlaskClient) -> None:
    codes = [attempt(stranger, "agent@example.com", "wrong").status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    refused = attempt(stranger, "agent@example.com", PASSWORD)
    assert refused.status_code == 429
    assert "Wait a minute" in refused.text
    assert attempt(stranger, "lead@example.com", PASSWORD).status_code == 302


def test_the_first_run_says_how_to_begin(app: Flask) -> None:
    assert "earful user add" in app.test_client().get("/sign-in").text


def test_the_session_cookie_is_only_for_the_server(stranger: FlaskClient) -> None:
    cookie = attempt(stranger, "agent@example.com", PASSWORD).headers["Set-Cookie"]
    assert cookie.startswith("earful=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie


class TestBehindHttps:
    @pytest.fixture
    def earful_config(self) -> str:
        return '[server]\npublic_url = "https://inbox.example.com"\n'

    def test_cookies_belong_to_this_host_alone(self, stranger: FlaskClient) -> None:
        answer = stranger.post(
            "/sign-in",
            base_url="https://inbox.example.com",
            data={"email": "agent@example.com", "password": PASSWORD},
        )
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-earful=")
        assert "Secure" in cookie
        assert "max-age=63072000" in answer.headers["Strict-Transport-Security"]

    @pytest.mark.parametrize(
        ("name", "path", "code"),
        [
            ("evil.example", "/sign-in", 400),
            ("inbox.example.com.evil.example", "/sign-in", 400),
            ("inbox.example.com:444", "/sign-in", 200),
            ("192.0.2.7", "/sign-in", 200),
            ("[2001:db8::1]:8080", "/sign-in", 200),
            ("earful", "/healthz", 200),
        ],
    )
    def test_only_our_own_names_are_answered(
        self, stranger: FlaskClient, name: str, path: str, code: int
    ) -> None:
        assert stranger.get(path, headers={"Host": name}).status_code == code


class TestCountedInOnePlace:
    @pytest.fixture
    def earful_config(self, _earful_job_server: str) -> str:
        return f'[job_queue]\nredis_url = "{_earful_job_server}"\n'

    def test_two_web_processes_count_together(
        self, app: Flask, people: dict[Role, Actor], earful_runtime: Runtime
    ) -> None:
        other = server.create_app(earful_runtime)
        other.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
        clients = [app.test_client(), other.test_client()]
        codes = [
            attempt(clients[turn % 2], "viewer@example.com", "wrong").status_code
            for turn in range(6)
        ]
        assert codes == [401] * 5 + [429]
