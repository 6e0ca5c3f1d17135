"""Connecting a channel in the browser: there, back again, and nobody else's sign-in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from earful import (
    AuthenticationFailed,
    ConnectableAccount,
    ConnectionAttempt,
    Settings,
    TemporaryFailure,
    actions,
    store,
)
from earful.inbox.channels import pause_for_sign_in
from earful.store.models import (
    AuditEvent,
    Channel,
    ChannelConnection,
    ChannelCost,
    ChannelCredential,
    ChannelLimit,
)
from earful.store.states import Role
from earful.testing.inbox import Inbox
from flask.testing import FlaskClient

from tests.admin.manage.conftest import ADMIN, LEAD
from tests.wall import Wall

SignIn = Callable[[Role], FlaskClient]
NEWS = ConnectableAccount(
    external_id="7", name="Wall <b>News</b>", credentials={"token": "secret-of-7"}, detail="a page"
)
SHOP = ConnectableAccount(external_id="8", name="Wall Shop", credentials={"token": "secret-of-8"})


@dataclass
class Platform:
    """Signs people in; `accounts` are theirs."""

    accounts: Sequence[ConnectableAccount] = (NEWS,)
    refuses: Exception | None = None
    attached: list[tuple[str, str | None]] = field(default_factory=list)
    completed: list[Mapping[str, str]] = field(default_factory=list)

    def begin(self, redirect_uri: str, state: str) -> ConnectionAttempt:
        url = f"https://platform.example/allow?state={state}&to={redirect_uri}"
        return ConnectionAttempt(url=url, secrets={"verifier": "v-1"})

    def complete(
        self, query: Mapping[str, str], secrets: Mapping[str, str], redirect_uri: str
    ) -> Sequence[ConnectableAccount]:
        self.completed.append({**query, **secrets, "to": redirect_uri})
        if "error" in query:
            raise AuthenticationFailed("You did not allow it on the platform.")
        return self.accounts

    def attach(self, account: ConnectableAccount, webhook_url: str | None) -> str:
        if self.refuses:
            raise self.refuses
        self.attached.append((account.external_id, webhook_url))
        return "Messages are fetched every 5 minutes."


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def wall(platform: Platform) -> Wall:
    return Wall(connector=platform)


def leave(client: FlaskClient, channel: int = 1) -> str:
    """Begin, and bring back the `state` that the platform would."""
    page = client.post(f"/channels/{channel}/connect").text
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page)
    assert found, page
    query = parse_qs(urlsplit(unescape(found[1])).query)
    assert query["to"][0].endswith("/channels/connect/callback")
    return query["state"][0]


def come_back(client: FlaskClient, state: str, **query: str) -> Any:
    return client.get("/channels/connect/callback", query_string={"state": state, **query})


def kept() -> dict[str, Any]:
    with store.connection():
        row = ChannelCredential.get_or_none()
        return {} if row is None else {"account": row.account_name, "text": row.ciphertext}


def test_the_only_account_is_connected_at_once(
    shop: Inbox, sign_in: SignIn, platform: Platform
) -> None:
    client = sign_in(ADMIN)
    page = client.get("/channels/1/connect").text
    assert "/channels/connect/callback" in page
    assert "/webhooks/wall" in page
    answer = come_back(client, leave(client), code="c-1")
    assert answer.location.startswith("/channels/1?")
    done = client.get(answer.location).text
    assert "Messages are fetched every 5 minutes." in done
    assert "Connected as Wall &lt;b&gt;News&lt;/b&gt;" in done
    assert platform.completed[0].items() >= {"code": "c-1", "verifier": "v-1"}.items()
    assert platform.attached == [("7", None)]
    assert "secret-of-7" not in kept()["text"]
    assert shop.runtime.vault.open(kept()["text"]) == {"token": "secret-of-7"}
    assert ("check_channel", ["1"]) in [(name, ids) for name, ids, *_ in _waiting(shop)]
    with store.connection():
        audited = AuditEvent.get(AuditEvent.action == "channel.connect")
        assert not ChannelConnection.select().exists()
    assert "secret" not in f"{audited.summary}{audited.after}"


def _waiting(shop: Inbox) -> list[tuple[str, list[str]]]:
    return [(name, [str(each) for each in ids]) for name, ids in shop.jobs.waiting()]


def test_among_several_accounts_a_person_chooses(
    shop: Inbox, sign_in: SignIn, platform: Platform
) -> None:
    platform.accounts = (NEWS, SHOP)
    client = sign_in(ADMIN)
    choose = come_back(client, leave(client)).location
    page = client.get(choose).text
    assert "Wall &lt;b&gt;News&lt;/b&gt;" in page
    assert "secret" not in page
    assert client.post(choose, data={"account": "9"}).status_code == 422
    assert kept() == {}
    assert client.post(choose, data={"account": "8"}).status_code == 303
    assert kept()["account"] == "Wall Shop"
    assert client.post(choose, data={"account": "7"}).status_code == 422


def test_a_sign_in_is_good_for_one_use(shop: Inbox, sign_in: SignIn, platform: Platform) -> None:
    client = sign_in(ADMIN)
    state = leave(client)
    come_back(client, state)
    again = come_back(client, state)
    assert again.status_code == 422
    assert "used already" in again.text
    assert len(platform.completed) == 1


def test_a_sign_in_that_somebody_else_began_is_refused(
    shop: Inbox, sign_in: SignIn, platform: Platform
) -> None:
    state = leave(sign_in(ADMIN))
    assert come_back(sign_in(ADMIN), state).status_code == 422
    assert come_back(sign_in(ADMIN), "made-up").status_code == 422
    assert platform.completed == []


def test_a_sign_in_runs_out(shop: Inbox, sign_in: SignIn, platform: Platform) -> None:
    client = sign_in(ADMIN)
    state = leave(client)
    with store.connection():
        ChannelConnection.update(expires_at=shop.now - timedelta(minutes=1)).execute()
    assert come_back(client, state).status_code == 422
    assert platform.completed == []


def test_what_the_platform_refuses_is_told_in_its_words(
    shop: Inbox, sign_in: SignIn, platform: Platform
) -> None:
    client = sign_in(ADMIN)
    denied = come_back(client, leave(client), error="access_denied")
    assert "You did not allow it on the platform." in denied.text
    platform.accounts = ()
    assert "no account" in come_back(client, leave(client)).text
    platform.accounts, platform.refuses = (NEWS,), TemporaryFailure("The platform is away.")
    assert "The platform is away." in come_back(client, leave(client)).text
    platform.refuses = RuntimeError("a bug")
    assert "plugin failed" in come_back(client, leave(client)).text
    assert kept() == {}


def test_connecting_again_resumes_what_a_refused_sign_in_paused(
    shop: Inbox, sign_in: SignIn, platform: Platform
) -> None:
    client = sign_in(ADMIN)
    come_back(client, leave(client))
    with store.connection():
        Channel.update(cursor="17").where(Channel.id == 1).execute()
        pause_for_sign_in(1, "The token was revoked.", shop.now)
    come_back(client, leave(client))
    with store.connection():
        row = Channel.get_by_id(1)
    assert (row.state, row.state_reason, row.cursor) == ("live", "", "17")


def test_the_card_of_a_refused_channel_says_why_once_and_leads_admins_to_connecting(
    shop: Inbox, sign_in: SignIn
) -> None:
    with store.connection():
        pause_for_sign_in(1, "The token was revoked.", shop.now)
    page = sign_in(ADMIN).get("/channels/").text
    assert page.count("The token was revoked.") == 1
    assert "revoked.." not in page
    assert 'href="/channels/1/connect"' in page
    assert 'href="/channels/1/connect"' not in sign_in(LEAD).get("/channels/").text


def test_what_a_person_paused_stays_paused(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    client.post("/channels/1/pause")
    come_back(client, leave(client))
    with store.connection():
        assert Channel.get_by_id(1).state == "paused"


def test_another_account_begins_anew(shop: Inbox, sign_in: SignIn, platform: Platform) -> None:
    client = sign_in(ADMIN)
    come_back(client, leave(client))
    with store.connection():
        Channel.update(cursor="17").where(Channel.id == 1).execute()
    platform.accounts = (SHOP,)
    come_back(client, leave(client))
    with store.connection():
        assert Channel.get_by_id(1).cursor == ""


def test_disconnecting_deletes_the_credentials(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    come_back(client, leave(client))
    page = client.post("/channels/1/disconnect", follow_redirects=True).text
    assert "credentials are deleted" in page
    assert kept() == {}
    with store.connection():
        assert Channel.get_by_id(1).state == "paused"


def test_a_lead_sees_the_connection_and_changes_nothing(
    shop: Inbox, sign_in: SignIn, platform: Platform
) -> None:
    lead = sign_in(LEAD)
    page = lead.get("/channels/1").text
    assert "Not connected in the browser yet" in page
    assert "/channels/1/connect" not in page
    for path in ("/channels/1/connect", "/channels/1/disconnect", "/channels/connect/1"):
        assert lead.post(path).status_code == 403
    assert lead.get("/channels/connect/callback?state=x").status_code == 403


def test_limits_and_costs_are_shown(shop: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        ChannelLimit.create(
            channel=1, endpoint="GET /mentions", ceiling=300, remaining=0,
            reset_at=shop.now + timedelta(minutes=9), updated_at=shop.now,
        )  # fmt: skip
        ChannelLimit.create(
            channel=1, endpoint="POST /messages", blocked_until=shop.now + timedelta(hours=2),
            reason="Too many at once", updated_at=shop.now,
        )  # fmt: skip
        ChannelCost.create(
            channel=1, month=f"{shop.now:%Y-%m}", action="post_with_link", count=3,
            micro_usd=600_000,
        )  # fmt: skip
        ChannelCost.create(
            channel=1, month="2020-01", action="old", count=1, micro_usd=9_000_000
        )  # fmt: skip
    page = sign_in(LEAD).get("/channels/1").text
    for words in ("0 of 300", "Too many at once", "$0.60", "3 for $0.600", "Post with link"):
        assert words in page, words
    assert "$9.6" not in page


def test_a_channel_without_a_sign_in_has_no_wizard(shop: Inbox, sign_in: SignIn) -> None:
    assert sign_in(ADMIN).get("/channels/2/connect").status_code == 404


class Near(Settings):
    allow_private_addresses: bool = True


def test_only_a_platform_that_may_be_near_is_told_an_address_of_this_machine(shop: Inbox) -> None:
    assert actions.webhook_url(shop.runtime, "wall", from_outside=True) is None

    shop.runtime.channels["wall"].settings = Near()

    address = actions.webhook_url(shop.runtime, "wall", from_outside=True)
    assert address
    assert address.endswith("/webhooks/wall")
