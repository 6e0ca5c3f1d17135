"""Connecting a Page in the browser, against the sandbox's own dialog."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from earful import AuthenticationFailed, ConnectableAccount
from earful_facebook.connect import FacebookConnector
from earful_facebook.fields import ASKED_PERMISSIONS, NEEDED_PERMISSIONS, PUSHED
from earful_facebook.sandbox.people import PAGES, PEOPLE
from earful_facebook.source import FacebookSource

BACK = "https://inbox.example/channels/connect/callback"
BIKES, RENTALS = PAGES

SignIn = Callable[..., dict[str, str]]


@pytest.fixture
def connector(facebook: Any) -> FacebookConnector:
    facebook.stage.webhook = ""
    facebook.stage.subscribed.clear()
    return FacebookConnector(facebook.settings())


@pytest.fixture
def sign_in(connector: FacebookConnector) -> SignIn:
    """Goes through the dialog; gives what comes back in the address."""

    def go(answer: str = "allow", **ticked: Any) -> dict[str, str]:
        attempt = connector.begin(BACK, "the state")
        with httpx.Client(trust_env=False) as browser:
            assert browser.get(attempt.url).status_code == 200
            form = {
                "answer": answer,
                "page": [each.id for each in PAGES],
                "permission": list(ASKED_PERMISSIONS),
                **ticked,
            }
            answered = browser.post(attempt.url, data=form)
        assert answered.headers["location"].startswith(f"{BACK}?")
        return dict(parse_qsl(urlsplit(answered.headers["location"]).query))

    return go


def complete(connector: FacebookConnector, query: dict[str, str]) -> list[ConnectableAccount]:
    return list(connector.complete(query, {}, BACK))


def test_the_dialog_is_asked_for_all_that_is_needed(connector: FacebookConnector) -> None:
    attempt = connector.begin(BACK, "the state")
    asked = parse_qs(urlsplit(attempt.url).query)
    assert asked["redirect_uri"] == [BACK]
    assert asked["state"] == ["the state"]
    assert asked["scope"][0].split(",") == list(ASKED_PERMISSIONS)
    assert "secret" not in attempt.url


def test_every_page_can_be_chosen(connector: FacebookConnector, sign_in: SignIn) -> None:
    query = sign_in()
    assert query["state"] == "the state"
    accounts = complete(connector, query)
    assert [(each.external_id, each.name, each.detail) for each in accounts] == [
        (BIKES.id, BIKES.name, BIKES.category), (RENTALS.id, RENTALS.name, RENTALS.category)
    ]  # fmt: skip
    assert set(accounts[0].credentials) == {"page_id", "page_name", "access_token"}
    assert accounts[0].credentials["access_token"] not in repr(accounts[0])


def test_a_pages_token_has_no_end(
    facebook: Any, connector: FacebookConnector, sign_in: SignIn
) -> None:
    (account,) = complete(connector, sign_in(page=[BIKES.id]))
    token = facebook.stage.access.tokens[account.credentials["access_token"]]
    assert (token.page, token.until) == (BIKES.id, None)


def test_attaching_registers_the_webhook_and_pushes_begin(
    facebook: Any, ingress: Any, connector: FacebookConnector, sign_in: SignIn
) -> None:
    account = complete(connector, sign_in())[0]
    said = connector.attach(account, ingress.url)
    assert "Facebook pushes what happens" in said
    assert facebook.stage.subscribed == {BIKES.id: PUSHED}
    facebook.state.credentials.set(account.credentials)
    facebook.world.write_post(PEOPLE[0].id, "Hello")
    assert facebook.hooks.settle()
    assert [each.text for each in ingress.messages()] == ["Hello"]
    source = FacebookSource(facebook.settings(), now=facebook.stage.now)
    assert source.check().name == BIKES.name


def test_without_a_public_address_the_page_is_only_read(
    facebook: Any, connector: FacebookConnector, sign_in: SignIn
) -> None:
    account = complete(connector, sign_in())[0]
    assert "cannot reach this installation" in connector.attach(account, None)
    assert facebook.stage.subscribed == {}


def test_a_webhook_that_cannot_be_reached_is_told(
    facebook: Any, ingress: Any, connector: FacebookConnector, sign_in: SignIn
) -> None:
    account = complete(connector, sign_in())[0]
    ingress.fails = 1
    said = connector.attach(account, ingress.url)
    assert "Callback verification failed" in said
    assert "read every few minutes" in said
    assert facebook.stage.webhook == ""
    assert "Facebook pushes" in connector.attach(account, ingress.url)


def test_who_refuses_is_told_so(connector: FacebookConnector, sign_in: SignIn) -> None:
    with pytest.raises(AuthenticationFailed, match="user denied"):
        complete(connector, sign_in("cancel"))


def test_missing_permissions_are_told_in_words(
    connector: FacebookConnector, sign_in: SignIn
) -> None:
    given = [name for name in NEEDED_PERMISSIONS if name != "pages_messaging"]
    with pytest.raises(AuthenticationFailed) as refused:
        complete(connector, sign_in(permission=given))
    assert "pages_messaging, to read and answer private messages" in str(refused.value)
    assert "App Review" in str(refused.value)


def test_what_is_needed_is_enough(connector: FacebookConnector, sign_in: SignIn) -> None:
    assert complete(connector, sign_in(permission=list(NEEDED_PERMISSIONS)))


def test_no_page_is_told_so(connector: FacebookConnector, sign_in: SignIn) -> None:
    with pytest.raises(AuthenticationFailed, match="names no Page"):
        complete(connector, sign_in(page=[]))


def test_a_code_works_once_and_at_one_address(
    connector: FacebookConnector, sign_in: SignIn
) -> None:
    query = sign_in()
    with pytest.raises(Exception, match="redirect_uri"):
        connector.complete(query, {}, "https://elsewhere.example/")
    complete(connector, query)
    with pytest.raises(Exception, match="has been used"):
        complete(connector, query)


def test_a_wrong_secret_is_told(facebook: Any, sign_in: SignIn) -> None:
    wrong = FacebookConnector(facebook.settings(app_secret="another"))
    with pytest.raises(AuthenticationFailed, match="app_secret"):
        complete(wrong, sign_in())


def test_after_signing_out_everywhere_connecting_mends_it(
    facebook: Any, connector: FacebookConnector, sign_in: SignIn
) -> None:
    facebook.stage.access.revoke_all()
    source = facebook.source()
    with pytest.raises(AuthenticationFailed):
        source.fetch("")
    (account,) = complete(connector, sign_in(page=[BIKES.id]))
    facebook.state.credentials.set(account.credentials)
    assert source.fetch("").payloads


def test_a_stranger_app_gets_no_dialog(facebook: Any) -> None:
    other = FacebookConnector(facebook.settings(app_id="77"))
    answer = httpx.get(other.begin(BACK, "s").url, trust_env=False)
    assert answer.status_code == 400
    assert "Invalid App ID" in answer.text
