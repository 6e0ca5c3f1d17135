"""What X pushes: the challenge, the signature, and each event once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from earful import (
    AuthenticationFailed,
    ChannelError,
    Payload,
    PayloadError,
    UnsupportedPayload,
    WebhookRequest,
)
from earful.testing import MemoryChannelState
from earful_twitter.costs import push_cost
from earful_twitter.parse import parse
from earful_twitter.settings import TwitterSettings
from earful_twitter.webhook import REVOKED, SIGNATURE, TwitterWebhook, sign

SECRET = "a secret of our own"
MENTION = (Path(__file__).parent / "fixtures" / "post-mention.json").read_bytes()
REVOKE = (Path(__file__).parent / "events" / "oauth.revoke.json").read_bytes()


@pytest.fixture
def state() -> MemoryChannelState:
    return MemoryChannelState("x")


@pytest.fixture
def webhook(state: MemoryChannelState) -> TwitterWebhook:
    settings = TwitterSettings(client_id="c", consumer_secret=SECRET)
    return TwitterWebhook(settings.with_state(state))


def push(body: bytes, signature: str | None = None) -> WebhookRequest:
    told = sign(SECRET, body) if signature is None else signature
    headers = {SIGNATURE: told} if told else {}
    return WebhookRequest(method="POST", query={}, headers=headers, body=body)


def ask(**query: str) -> WebhookRequest:
    return WebhookRequest(method="GET", query=query, headers={}, body=b"")


def test_the_challenge_is_answered_in_base64(webhook: TwitterWebhook) -> None:
    digest = hmac.new(SECRET.encode(), b"token-1", hashlib.sha256).digest()
    answer = webhook.receive(ask(crc_token="token-1"))
    expected = "sha256=" + base64.b64encode(digest).decode()
    assert json.loads(answer.body) == {"response_token": expected}
    assert answer.content_type == "application/json"
    assert answer.payloads == ()


def test_a_question_without_a_token_is_not_understood(webhook: TwitterWebhook) -> None:
    for query in ({}, {"crc_token": "x" * 5000}):
        with pytest.raises(ChannelError, match="crc_token"):
            webhook.receive(ask(**query))


def test_an_event_is_kept_under_its_own_id(webhook: TwitterWebhook) -> None:
    (payload,) = webhook.receive(push(MENTION)).payloads
    assert payload.key == "2123735605048246291"
    assert payload.body == MENTION
    assert parse(payload)


def test_an_id_may_be_negative(webhook: TwitterWebhook) -> None:
    body = (Path(__file__).parent / "fixtures" / "post-reply.json").read_bytes()
    assert webhook.receive(push(body)).payloads[0].key == "-5511082"


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256=AAAA",
        sign("another secret", MENTION),
        "sha256=" + hmac.new(SECRET.encode(), MENTION, hashlib.sha256).hexdigest(),
        sign(SECRET, MENTION).removeprefix("sha256="),
        "sha256=\xff\xfe",
    ],
    ids=["missing", "empty", "short", "other-secret", "hex", "no-scheme", "no-ascii"],
)
def test_a_wrong_signature_is_refused(webhook: TwitterWebhook, signature: str) -> None:
    with pytest.raises(AuthenticationFailed):
        webhook.receive(push(MENTION, signature))


def test_a_body_that_was_cut_off_is_refused(webhook: TwitterWebhook) -> None:
    with pytest.raises(AuthenticationFailed):
        webhook.receive(push(MENTION[:-20], sign(SECRET, MENTION)))


def test_without_a_secret_nothing_is_taken(state: MemoryChannelState) -> None:
    settings = TwitterSettings(client_id="c").with_state(state)
    with pytest.raises(AuthenticationFailed, match="consumer_secret"):
        TwitterWebhook(settings).receive(push(MENTION, sign("", MENTION)))


def test_what_is_signed_but_no_event_is_kept_for_a_look(webhook: TwitterWebhook) -> None:
    for body in (b"", b"nonsense", b"[1]", b"[" * 100_000):
        (payload,) = webhook.receive(push(body)).payloads
        assert payload.key == ""
        with pytest.raises(PayloadError):
            parse(payload)


def test_another_accounts_event_is_left_alone(
    webhook: TwitterWebhook, state: MemoryChannelState
) -> None:
    state.credentials.set({"user_id": "5555", "username": "before"})
    (payload,) = webhook.receive(push(MENTION)).payloads
    with pytest.raises(UnsupportedPayload, match="another account"):
        parse(payload)
    state.credentials.set({"user_id": "7001", "username": "larkfieldbikes"})
    (payload,) = webhook.receive(push(MENTION)).payloads
    assert parse(payload)


def test_a_push_is_taken_without_noting_anything(
    webhook: TwitterWebhook, state: MemoryChannelState
) -> None:
    webhook.receive(push(MENTION))
    assert (state.costs.spent, state.flags) == ({}, {})


@pytest.mark.parametrize(
    ("name", "cost"),
    [
        ("post-mention.json", {"post_event": 0.005}),
        ("dm-received.json", {"direct_message_event": 0.01}),
        ("dm-sent.json", {}),
        ("mentions-page.json", {}),
        ("lookup-gone.json", {}),
    ],
)
def test_pushed_events_cost_what_x_charges(name: str, cost: dict[str, float]) -> None:
    body = (Path(__file__).parent / "fixtures" / name).read_bytes()
    assert push_cost(None, Payload(body=body)) == cost


def test_what_is_no_event_costs_nothing() -> None:
    for body in (b"", b"[1]", b"[" * 100_000, b'{"data": [1]}'):
        assert push_cost(None, Payload(body=body)) == {}


def test_a_withdrawn_permission_is_marked(
    webhook: TwitterWebhook, state: MemoryChannelState
) -> None:
    webhook.receive(push(REVOKE))
    assert state.flag(REVOKED) == "7001 2026-11-20T11:58:00+00:00"
