"""Challenge, signature, and the splitting of what is pushed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from earful import AuthenticationFailed, PayloadError, WebhookRequest, WebhookResult
from earful.testing import MemoryChannelState
from earful_facebook.parse import parse
from earful_facebook.sandbox import pushes
from earful_facebook.settings import FacebookSettings
from earful_facebook.webhook import PUSHED_FLAG, FacebookWebhook, signature

SECRET = "a secret"
COMMENT = {
    "item": "comment",
    "verb": "add",
    "comment_id": "1_2",
    "post_id": "1_1",
    "parent_id": "1_1",
    "from": {"id": "7", "name": "Ann"},
    "message": "Grüße 🚲",
}


@pytest.fixture
def state() -> MemoryChannelState:
    page = {"page_id": "1", "page_name": "Larkfield Bikes", "access_token": "x"}
    return MemoryChannelState("page", page)


@pytest.fixture
def webhook(state: MemoryChannelState) -> FacebookWebhook:
    settings = FacebookSettings(app_id="1", app_secret=SECRET, verify_token="open sesame")
    return FacebookWebhook(settings.with_state(state))


def entry(**content: Any) -> dict[str, Any]:
    return {"id": "1", "time": 1795254600, **content}


def feed(**value: Any) -> dict[str, Any]:
    return entry(changes=[{"field": "feed", "value": {**COMMENT, **value}}])


def said(mid: str, **content: Any) -> dict[str, Any]:
    both = {"sender": {"id": "7"}, "recipient": {"id": "1"}, "timestamp": 1795254600000}
    return {**both, "message": {"mid": mid, "text": "Hello", **content}}


def post(webhook: FacebookWebhook, body: bytes, **headers: str) -> WebhookResult:
    signed = {"x-hub-signature-256": signature(body, SECRET)}
    given = {name.replace("_", "-"): value for name, value in headers.items()} or signed
    return webhook.receive(WebhookRequest(method="POST", query={}, headers=given, body=body))


def ask(webhook: FacebookWebhook, **query: str) -> WebhookResult:
    asked = {f"hub.{name}": value for name, value in query.items()}
    return webhook.receive(WebhookRequest(method="GET", query=asked, headers={}, body=b""))


def test_the_challenge_is_answered(webhook: FacebookWebhook) -> None:
    result = ask(webhook, mode="subscribe", verify_token="open sesame", challenge="1158201444")
    assert (result.status, result.body, result.payloads) == (200, "1158201444", ())
    assert result.content_type == "text/plain"


@pytest.mark.parametrize(
    "query",
    [
        {"mode": "subscribe", "verify_token": "wrong", "challenge": "1"},
        {"mode": "subscribe", "challenge": "1"},
        {"mode": "unsubscribe", "verify_token": "open sesame", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "öpen", "challenge": "1"},
        {},
    ],
)
def test_a_stranger_is_not_answered(webhook: FacebookWebhook, query: dict[str, str]) -> None:
    with pytest.raises(AuthenticationFailed):
        ask(webhook, **query)


def test_the_signature_is_meant_as_published() -> None:
    told = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signature(b"Hello, World!", "It's a Secret to Everybody") == f"sha256={told}"


@pytest.mark.parametrize(
    "given",
    ["", "sha256=", "sha256=" + "0" * 64, "sha1=0", "x", "sha256=ü"],
)
def test_a_wrong_signature_is_refused(webhook: FacebookWebhook, given: str) -> None:
    body = pushes.body(feed())
    with pytest.raises(AuthenticationFailed):
        post(webhook, body, x_hub_signature_256=given)
    with pytest.raises(AuthenticationFailed):
        post(webhook, body, other="x")


def test_every_byte_is_signed(webhook: FacebookWebhook) -> None:
    body = pushes.body(feed())
    assert b"\\u" in body
    right = signature(body, SECRET)
    assert post(webhook, body, x_hub_signature_256=right).payloads
    for other in (
        body[:-9],
        body + b" ",
        json.dumps(json.loads(body), ensure_ascii=False).encode(),
    ):
        with pytest.raises(AuthenticationFailed):
            post(webhook, other, x_hub_signature_256=right)


def test_each_change_and_message_is_a_payload_of_its_own(webhook: FacebookWebhook) -> None:
    body = pushes.body(
        entry(changes=[{"field": "feed", "value": COMMENT}, {"field": "feed", "value": {}}]),
        entry(messaging=[said("m_1"), said("m_2")], standby=[said("m_3")]),
    )
    payloads = post(webhook, body).payloads
    assert len(payloads) == 5
    assert len({each.key for each in payloads}) == 5
    (message,) = parse(payloads[0])
    assert getattr(message, "text", "") == "Grüße 🚲"
    told = [parse(each)[0].external_id for each in payloads[2:]]
    assert told == ["m_1", "m_2", "m_3"]


def test_a_copy_has_the_key_of_the_original(webhook: FacebookWebhook) -> None:
    one, two = feed(), entry(messaging=[said("m_1")])
    keys = [each.key for each in post(webhook, pushes.body(one, two)).payloads]
    again = [each.key for each in post(webhook, pushes.body(two, one)).payloads]
    assert keys == again[::-1]
    assert keys[1] == "message:m_1"


def test_different_news_of_one_thing_have_different_keys(webhook: FacebookWebhook) -> None:
    edit = {**said(""), "message_edit": {"mid": "m_1", "text": "Hi", "num_edit": 1}}
    del edit["message"]
    second_edit = {**edit, "message_edit": {"mid": "m_1", "text": "Ho", "num_edit": 2}}
    deleted = said("m_1", is_deleted=True)
    news = [
        feed(), feed(verb="edited"), feed(verb="hide"), {**feed(verb="hide"), "time": 1795254999},
        *(entry(messaging=[each]) for each in (said("m_1"), edit, second_edit, deleted)),
    ]  # fmt: skip
    keys = [each.key for each in post(webhook, pushes.body(*news)).payloads]
    assert len(set(keys)) == len(news)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"object":"page","entry":[7]}'])
def test_what_cannot_be_split_is_kept_for_a_look(webhook: FacebookWebhook, body: bytes) -> None:
    (payload,) = post(webhook, body).payloads
    assert payload.body == body
    assert not payload.key
    with pytest.raises(PayloadError):
        parse(payload)


def test_payloads_know_the_page_of_the_channel(
    webhook: FacebookWebhook, state: MemoryChannelState
) -> None:
    (payload,) = post(webhook, pushes.body(feed())).payloads
    assert payload.meta == {"page_id": "1", "page_name": "Larkfield Bikes"}
    state.credentials.set({})
    assert post(FacebookWebhook(webhook._settings), pushes.body(feed())).payloads[0].meta == {}


def test_the_first_push_is_noted_once(webhook: FacebookWebhook, state: MemoryChannelState) -> None:
    with pytest.raises(AuthenticationFailed):
        post(webhook, pushes.body(feed()), x_hub_signature_256="sha256=0")
    assert not state.flag(PUSHED_FLAG)
    post(webhook, pushes.body(feed()))
    assert state.flag(PUSHED_FLAG) == "yes"
    state.flags.clear()
    post(webhook, pushes.body(feed()))
    assert not state.flags
