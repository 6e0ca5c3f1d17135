from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import peewee
import pytest
from earful import Payload, actions, store
from earful.runtime import Runtime
from earful.store import models
from earful.store.models import Heartbeat
from earful.store.states import Role
from earful_admin import server
from flask.testing import FlaskClient

from tests.wall import NOON

SignIn = Callable[[Role], FlaskClient]


@pytest.fixture
def earful_database(database: str) -> str:
    return database


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise peewee.OperationalError("could not connect to 10.0.0.7 as earful")

    monkeypatch.setattr(type(models.database.obj), "connect", refuse)


def test_health_needs_the_database_and_nothing_else(
    stranger: FlaskClient, earful_runtime: Runtime
) -> None:
    earful_runtime.jobs.away = True  # type: ignore[attr-defined]
    answer = stranger.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_health_tells_strangers_no_details(stranger: FlaskClient, no_database: None) -> None:
    answer = stranger.get("/healthz")
    assert answer.status_code == 503
    assert answer.json == {"status": "unavailable", "missing": ["database"]}
    assert "10.0.0.7" not in answer.text


def test_a_page_says_that_the_database_is_away(
    sign_in: SignIn, request: pytest.FixtureRequest
) -> None:
    client = sign_in(Role.AGENT)
    request.getfixturevalue("no_database")
    answer = client.get("/profile/")
    assert answer.status_code == 503
    assert "The database cannot be reached" in answer.text
    assert "10.0.0.7" not in answer.text


def test_metrics_tell_how_it_stands(stranger: FlaskClient, earful_runtime: Runtime) -> None:
    with store.connection():
        received = datetime.now(UTC) - timedelta(minutes=5)
        actions.accept_webhook(earful_runtime, "wall", [Payload(body=b"x")], now=NOON)
        Heartbeat.create(process="w1", kind="worker", at=received - timedelta(hours=1))
        Heartbeat.create(process="w2", kind="worker", at=received)
    lines = dict(
        line.rsplit(" ", 1) for line in stranger.get("/metrics").text.splitlines() if line[0] != "#"
    )
    assert lines['earful_unfinished{kind="payloads"}'] == "1.0"
    assert lines['earful_unfinished{kind="replies"}'] == "0.0"
    assert lines["earful_oldest_unfinished_message_seconds"] == "0.0"
    assert lines["earful_job_queue_up"] == "1.0"
    assert lines['earful_job_queue_depth{queue="ingest"}'] == "1.0"
    assert 300 <= float(lines['earful_heartbeat_age_seconds{kind="worker"}']) < 330
    assert lines['earful_channel_health{channel="wall",health="unknown",state="live"}'] == "1.0"


def test_metrics_say_when_the_job_queue_is_away(
    stranger: FlaskClient, earful_runtime: Runtime
) -> None:
    earful_runtime.jobs.away = True  # type: ignore[attr-defined]
    assert "earful_job_queue_up 0.0" in stranger.get("/metrics").text


def test_requests_are_timed(stranger: FlaskClient) -> None:
    stranger.get("/sign-in")
    text = stranger.get("/metrics").text
    assert 'earful_request_seconds_count{endpoint="sign_in.form",status="2xx"} 1.0' in text


@pytest.mark.parametrize(
    ("address", "headers", "code"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.1.2.3", {}, 403),
        ("10.1.2.3", {"Authorization": "Bearer wrong"}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "10.1.2.3"}, 403),
        ("", {}, 403),
    ],
)
def test_metrics_are_for_those_who_may(
    stranger: FlaskClient, address: str, headers: dict[str, str], code: int
) -> None:
    answer = stranger.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == code


class TestConfigured:
    @pytest.fixture
    def earful_config(self) -> str:
        return """
        [server]
        metrics_allow = ["10.1.0.0/16"]
        metrics_token = "a long token"
        trusted_proxies = 1
        """

    @pytest.mark.parametrize(
        ("headers", "code"),
        [
            ({"Authorization": "Bearer a long token"}, 200),
            ({"Authorization": "Bearer a long tokem"}, 403),
            ({"X-Forwarded-For": "10.1.2.3"}, 200),
            ({"X-Forwarded-For": "10.1.2.3, 10.9.9.9"}, 403),
            ({}, 403),
        ],
    )
    def test_by_token_or_network(
        self, stranger: FlaskClient, headers: dict[str, str], code: int
    ) -> None:
        assert stranger.get("/metrics", headers=headers).status_code == code


def test_the_server_binds_where_it_is_told(earful_runtime: Runtime) -> None:
    bound = server.bind(earful_runtime)
    assert bound.effective_host == "127.0.0.1"  # type: ignore[union-attr]
    assert bound.effective_port != 0  # type: ignore[union-attr]
    bound.close()
