"""Giving, renewing and losing the permission, against the sandbox."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from earful import (
    AuthenticationFailed,
    ChannelError,
    ConnectableAccount,
    TemporaryFailure,
    WebhookRequest,
)
from earful_twitter.connect import EVENTS_ON_STREAM, TwitterConnector
from earful_twitter.oauth import SCOPES, challenge
from earful_twitter.recovery import WEBHOOK_ID
from earful_twitter.webhook import REVOKED, TwitterWebhook

if TYPE_CHECKING:
    from conftest import Shop

BACK = "https://inbox.example/channels/connect/callback"


def connector(shop: Shop) -> TwitterConnector:
    return TwitterConnector(shop.settings, shop.clock)


def walk(shop: Shop, answer: str = "yes") -> tuple[dict[str, str], dict[str, str]]:
    """Through X's page as a person would: (what comes back, the secrets kept meanwhile)."""
    attempt = connector(shop).begin(BACK, "state-1")
    page = httpx.get(attempt.url)
    assert "@larkfieldbikes" in page.text
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    went = httpx.post(f"{shop.server.url}/i/oauth2/authorize", data={**form, "answer": answer})
    assert went.status_code == 303
    query = {k: v[0] for k, v in parse_qs(urlsplit(went.headers["location"]).query).items()}
    assert went.headers["location"].startswith(BACK)
    return query, dict(attempt.secrets)


def connect(shop: Shop) -> ConnectableAccount:
    query, kept = walk(shop)
    (account,) = connector(shop).complete(query, kept, BACK)
    return account


def test_the_secret_of_pkce_is_shown_only_as_its_digest() -> None:
    # The example of RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_account_is_connected_with_all_scopes(shop: Shop) -> None:
    query, _ = walk(shop)
    assert query["state"] == "state-1"
    account = connect(shop)
    assert (account.external_id, account.name, account.detail) == ("7001", "@larkfieldbikes", "")
    assert set(account.credentials["scope"].split()) == set(SCOPES)
    shop.state.credentials.set(account.credentials)
    assert shop.messages()


def test_a_code_works_once_and_for_half_a_minute(shop: Shop) -> None:
    query, kept = walk(shop)
    connector(shop).complete(query, kept, BACK)
    with pytest.raises(AuthenticationFailed):
        connector(shop).complete(query, kept, BACK)
    query, kept = walk(shop)
    shop.clock.wait(seconds=31)
    with pytest.raises(AuthenticationFailed):
        connector(shop).complete(query, kept, BACK)


def test_anothers_code_is_of_no_use_without_the_secret(shop: Shop) -> None:
    query, _ = walk(shop)
    with pytest.raises(AuthenticationFailed):
        connector(shop).complete(query, {"verifier": "x" * 64}, BACK)


def test_saying_no_changes_nothing(shop: Shop) -> None:
    query, kept = walk(shop, "no")
    with pytest.raises(AuthenticationFailed, match="not given"):
        connector(shop).complete(query, kept, BACK)
    with pytest.raises(ChannelError, match="begin again"):
        connector(shop).complete({}, kept, BACK)


def test_polling_needs_no_subscription(shop: Shop) -> None:
    said = connector(shop).attach(connect(shop), None)
    assert "every poll" in said
    assert not shop.activity.subscriptions


def test_the_stream_is_subscribed_once(shop: Shop) -> None:
    shop.set(receive="stream")
    account = connect(shop)
    connector(shop).attach(account, None)
    connector(shop).attach(account, None)
    kinds = [one["event_type"] for one in shop.activity.subscriptions.values()]
    assert sorted(kinds) == sorted(EVENTS_ON_STREAM)


def test_a_webhook_is_registered_once_and_gets_what_happens(shop: Shop) -> None:
    shop.set(receive="webhook")
    taken: list[bytes] = []
    target = shop.server.target
    assert target

    def ours(environ, start):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if environ["PATH_INFO"] != "/webhooks/x":
            return target(environ, start)
        headers = {
            "x-twitter-webhooks-signature": environ.get("HTTP_X_TWITTER_WEBHOOKS_SIGNATURE", "")
        }
        query = {k: v[0] for k, v in parse_qs(environ["QUERY_STRING"]).items()}
        body = environ["wsgi.input"].read()
        request = WebhookRequest(
            method=environ["REQUEST_METHOD"], query=query, headers=headers, body=body
        )
        result = TwitterWebhook(shop.settings).receive(request)
        taken.extend(one.body for one in result.payloads)
        start("200 OK", [("Content-Type", result.content_type)])
        return [result.body.encode()]

    shop.server.target = ours
    account = connect(shop)
    address = f"{shop.server.url}/webhooks/x"
    assert "pushes" in connector(shop).attach(account, address)
    first = shop.state.flag(WEBHOOK_ID)
    connector(shop).attach(account, address)
    assert shop.state.flag(WEBHOOK_ID) == first
    assert len(shop.activity.webhooks) == 1
    assert len(shop.activity.subscriptions) == len(EVENTS_ON_STREAM)

    shop.world.write(shop.person("mirabrand"), "@larkfieldbikes pushed")
    assert shop.hooks.settle()
    assert b"pushed" in taken[0]

    shop.activity.muted = True
    shop.state.credentials.set(account.credentials)
    shop.poll()
    shop.world.message(shop.person("oldtomharrow"), shop.world.account, "while you were away")
    shop.activity.muted = False
    shop.clock.wait(minutes=11)
    shop.poll()
    assert shop.hooks.settle()
    assert any(b"while you were away" in one for one in taken[1:])


@pytest.mark.parametrize("receive", ["stream", "webhook"])
def test_another_accounts_subscriptions_end_when_it_is_replaced(shop: Shop, receive: str) -> None:
    shop.set(receive=receive)
    shop.activity.challenge = lambda _url: None  # type: ignore[method-assign]
    account, address = connect(shop), f"{shop.server.url}/webhooks/x"
    shop.state.credentials.set({**account.credentials, "user_id": "5555"})
    connector(shop).attach(account, address)
    for one in shop.activity.subscriptions.values():
        one["filter"] = {"user_id": "5555"}
    shop.activity.subscribe("post.create", {"user_id": "6666"}, "another channel's", "")
    connector(shop).attach(account, address)
    left = [one["filter"]["user_id"] for one in shop.activity.subscriptions.values()]
    assert sorted(left) == ["6666", *["7001"] * len(EVENTS_ON_STREAM)]


@pytest.mark.parametrize("receive", ["poll", "stream"])
def test_connecting_again_ends_a_withdrawal_that_tells_no_time(shop: Shop, receive: str) -> None:
    shop.set(receive=receive, stream_seconds=1)
    shop.state.set_flag(REVOKED, "7001")
    with pytest.raises(AuthenticationFailed, match="withdrawn"):
        shop.fetch()
    connector(shop).attach(connect(shop), None)
    assert shop.messages()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (None, "cannot reach"),
        ("http://inbox.example/webhooks/x", "https"),
        ("https://inbox.example:8443/webhooks/x", "port"),
    ],
)
def test_an_address_that_x_cannot_push_to_is_told(shop: Shop, url: str | None, words: str) -> None:
    shop.set(receive="webhook")
    with pytest.raises(ChannelError, match=words):
        connector(shop).attach(connect(shop), url)


def test_a_webhook_with_a_wrong_secret_is_told(shop: Shop) -> None:
    shop.set(receive="webhook")
    with pytest.raises(ChannelError, match="CRC check failed"):
        connector(shop).attach(connect(shop), f"{shop.server.url}/feed")


def test_an_expired_permission_is_renewed_and_kept_before_it_is_used(shop: Shop) -> None:
    shop.poll()
    old = shop.state.credentials.get()
    shop.sandbox.gate.expire()
    shop.clock.wait(minutes=3)
    shop.poll()
    new = shop.state.credentials.get()
    assert new["access_token"] != old["access_token"]
    assert new["refresh_token"] != old["refresh_token"]
    assert new["user_id"] == "7001"
    assert shop.sandbox.gate.refreshes == 1


def test_two_workers_renew_once(shop: Shop) -> None:
    shop.sandbox.gate.expire()
    ready, found = threading.Barrier(2), []

    def work() -> None:
        ready.wait(5)
        found.append(len(shop.source().fetch("").payloads))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(20)
    assert found == [2, 2]
    assert shop.sandbox.gate.refreshes == 1


def test_a_renewal_ends_before_another_process_may_begin_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earful_twitter.api.LONGEST_RENEWAL_SECONDS", 0.5)
    shop.sandbox.gate.expire()
    shop.set(timeout_seconds=300)
    target = shop.server.target
    assert target

    def slow(environ, start):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if environ["PATH_INFO"] == "/2/oauth2/token":
            shop.sandbox.gate.released.wait(20)
        return target(environ, start)

    shop.server.target = slow
    began = time.monotonic()
    with pytest.raises(TemporaryFailure):
        shop.source().check()
    assert time.monotonic() - began < 10


def test_a_refused_renewal_says_what_to_do(shop: Shop) -> None:
    shop.sandbox.gate.revoke()
    with pytest.raises(AuthenticationFailed, match="connect the channel again"):
        shop.source().check()


def test_trouble_while_renewing_is_no_lost_permission(shop: Shop) -> None:
    shop.sandbox.gate.expire()
    before = shop.state.credentials.get()
    target = shop.server.target
    assert target

    def failing(environ, start):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if environ["PATH_INFO"] == "/2/oauth2/token":
            start("503 Service Unavailable", [])
            return [b""]
        return target(environ, start)

    shop.server.target = failing
    with pytest.raises(TemporaryFailure):
        shop.source().check()
    assert shop.state.credentials.get() == before
    shop.server.target = target
    assert shop.source().check()


def test_a_wrong_client_secret_is_told(shop: Shop) -> None:
    shop.sandbox.gate.expire()
    shop.set(client_secret="wrong")
    with pytest.raises(AuthenticationFailed, match="client_secret"):
        shop.source().check()


def test_tokens_are_never_shown(shop: Shop) -> None:
    assert "sandbox-consumer-secret" not in repr(shop.settings)
    assert "sandbox-app-token" not in repr(shop.settings)
