from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection
from socket import create_connection
from typing import Any
from urllib.parse import urlsplit

import pytest
from earful import (
    AuthenticationFailed,
    Payload,
    PayloadError,
    WebhookRequest,
    WebhookResult,
    actions,
    store,
)
from earful.actions import SYSTEM
from earful.runtime import Runtime
from earful.store.models import Channel
from earful.store.models import Payload as PayloadRow
from flask import Flask
from flask.testing import FlaskClient

from tests.wall import NOON, Wall


@pytest.fixture
def platform(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = True
    return app.test_client()


def stored() -> list[bytes]:
    with store.connection():
        return [bytes(row.body) for row in PayloadRow.select().order_by(PayloadRow.id)]


def test_what_is_pushed_is_kept_and_then_answered(
    platform: FlaskClient, wall: Wall, earful_runtime: Runtime
) -> None:
    seen: list[WebhookRequest] = []

    def receive(request: WebhookRequest) -> WebhookResult:
        seen.append(request)
        return WebhookResult(
            payloads=(Payload(body=b"one"), Payload(body=b"two")), status=202, body="thanks"
        )

    wall.receive = receive  # type: ignore[method-assign]
    answer = platform.post(
        "/webhooks/wall?hub=1", data=b'{"a":  1}', headers={"X-Signature": "abc"},
        content_type="application/json",
    )  # fmt: skip
    assert (answer.status_code, answer.text) == (202, "thanks")
    assert stored() == [b"one", b"two"]
    platform.application.extensions["earful_inlet"].settle()
    assert earful_runtime.jobs.waiting() == [("ingest_payload", (1, 2))]  # type: ignore[attr-defined]
    (request,) = seen
    assert (request.method, request.body) == ("POST", b'{"a":  1}')
    assert (request.query["hub"], request.headers["x-signature"]) == ("1", "abc")


def test_a_form_reaches_the_plugin_as_raw_bytes(platform: FlaskClient, wall: Wall) -> None:
    wall.receive = lambda request: WebhookResult(body=request.body.decode())  # type: ignore[method-assign]
    answer = platform.post("/webhooks/wall", data={"a": "1 2"})
    assert answer.text == "a=1+2"


def test_a_challenge_is_answered(platform: FlaskClient, wall: Wall) -> None:
    wall.receive = lambda request: WebhookResult(body=request.query["challenge"])  # type: ignore[method-assign]
    answer = platform.get("/webhooks/wall?challenge=<script>")
    assert answer.text == "<script>"
    assert answer.mimetype == "text/plain"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (AuthenticationFailed("bad signature"), 403),
        (PayloadError("not ours"), 400),
        (RuntimeError("a bug"), 500),
    ],
)
def test_nothing_is_kept_of_what_was_not_understood(
    platform: FlaskClient, wall: Wall, raised: Exception, code: int
) -> None:
    wall.webhook_answer = raised
    answer = platform.post("/webhooks/wall", data=b"x")
    assert answer.status_code == code
    assert str(raised) not in answer.text
    assert stored() == []


def test_a_trace_shows_each_push(
    platform: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EARFUL_TRACE", "1")
    with caplog.at_level("INFO", "earful"):
        platform.post("/webhooks/wall", data=b"x")
    assert "trace call=wall.receive result=WebhookResult" in caplog.text


def test_a_body_that_is_cut_off_half_way_keeps_nothing(
    address: str, wall: Wall, earful_runtime: Runtime
) -> None:
    seen: list[bytes] = []

    def receive(request: WebhookRequest) -> WebhookResult:
        seen.append(request.body)
        return WebhookResult(payloads=(Payload(body=request.body),))

    wall.receive = receive  # type: ignore[method-assign]
    with create_connection((urlsplit(address).hostname, urlsplit(address).port), 10) as caller:
        caller.sendall(
            b"POST /webhooks/wall HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"
        )
    assert platform_answers(address)
    assert seen == []
    assert stored() == []


def platform_answers(address: str) -> bool:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request("GET", "/healthz")
    answered = connection.getresponse().status == 200
    connection.close()
    return answered


def test_an_unknown_channel_is_not_found(platform: FlaskClient) -> None:
    assert platform.post("/webhooks/nobody", data=b"x").status_code == 404


def test_a_paused_channel_still_keeps(
    platform: FlaskClient, wall: Wall, earful_runtime: Runtime
) -> None:
    with store.connection():
        channel = Channel.get(Channel.name == "wall")
        actions.pause_channel(earful_runtime, SYSTEM, channel.id, now=NOON)
    wall.webhook_answer = WebhookResult(payloads=(Payload(body=b"kept"),))
    assert platform.post("/webhooks/wall", data=b"x").status_code == 200
    assert stored() == [b"kept"]


def test_a_job_queue_that_is_away_loses_nothing(
    platform: FlaskClient, wall: Wall, earful_runtime: Runtime
) -> None:
    earful_runtime.jobs.away = True  # type: ignore[attr-defined]
    wall.webhook_answer = WebhookResult(payloads=(Payload(body=b"kept"),))
    assert platform.post("/webhooks/wall", data=b"x").status_code == 200
    assert stored() == [b"kept"]


class TestSizes:
    @pytest.fixture
    def earful_config(self) -> str:
        return '[server]\nwebhook_max_bytes = 1000\n[channels.wall]\ntype = "wall"\n'

    @pytest.fixture
    def asked(self, wall: Wall) -> list[bytes]:
        seen: list[bytes] = []

        def receive(request: WebhookRequest) -> WebhookResult:
            seen.append(request.body)
            return WebhookResult()

        wall.receive = receive  # type: ignore[method-assign]
        return seen

    def test_what_is_too_large_is_refused(self, platform: FlaskClient, asked: list[bytes]) -> None:
        assert platform.post("/webhooks/wall", data=b"x" * 1001).status_code == 413
        assert platform.post("/webhooks/wall", data=b"x" * 1000).status_code == 200
        assert [len(body) for body in asked] == [1000]

    def test_no_length_given_does_not_help(self, address: str, asked: list[bytes]) -> None:
        codes = [_in_chunks(address, size) for size in (1000, 1001, 3_000_000)]
        assert codes == [200, 413, 413]
        assert [len(body) for body in asked] == [1000]


def _in_chunks(address: str, size: int) -> int:
    """Send a body that comes piece by piece and tells nobody its length."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    pieces = (b"x" * min(500, size - start) for start in range(0, size, 500))
    # Refused before all of it was sent; the answer is there all the same.
    with suppress(ConnectionError):
        connection.request("POST", "/webhooks/wall", body=pieces, encode_chunked=True)
    try:
        return connection.getresponse().status
    except ConnectionError:
        return 413
    finally:
        connection.close()


def test_a_request_for_a_channel_without_pushes_is_not_found(
    platform: FlaskClient, earful_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing: Callable[[Any], Any] = lambda _self: None  # noqa: E731
    monkeypatch.setattr(type(earful_runtime.channels["wall"]), "webhook", nothing)
    assert platform.post("/webhooks/wall", data=b"x").status_code == 404
