"""The stand-in for X: its page, its rules, and that nobody elsewhere can use it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest
from earful.sandbox import Behaviour
from earful_twitter.sandbox.search import matcher
from earful_twitter.sandbox.world import Refused
from earful_twitter.webhook import SIGNATURE, sign

if TYPE_CHECKING:
    from conftest import Shop

APP = {"authorization": "Bearer sandbox-app-token"}
USER = {"authorization": "Bearer sandbox-access-token"}


def token_of(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.fixture
def page(shop: Shop) -> str:
    return httpx.get(shop.server.url).text


def play(shop: Shop, page: str, where: str, **form: str) -> httpx.Response:
    return httpx.post(f"{shop.server.url}/play/{where}", data={"token": token_of(page), **form})


def test_a_post_is_written_answered_quoted_edited_and_deleted(shop: Shop, page: str) -> None:
    play(shop, page, "post", author="7102", text="@larkfieldbikes <b>hi</b>")
    post = max(shop.world.posts.values(), key=lambda one: int(one.id))
    assert post.text == "@larkfieldbikes <b>hi</b>"
    feed = httpx.get(f"{shop.server.url}/feed").text
    assert "&lt;b&gt;hi&lt;/b&gt;" in feed
    asking = httpx.get(shop.server.url, params={"to": post.id, "how": "quote"}).text
    assert "Quote Mira Brand" in asking
    play(shop, page, "post", author="7103", text="me too", to=post.id, how="quote")
    play(shop, page, "post", author="7103", text="and me", to=post.id, how="reply")
    quote, answer = sorted(shop.world.posts.values(), key=lambda one: int(one.id))[-2:]
    assert (quote.quoted_id, answer.parent_id) == (post.id, post.id)
    assert "Edited" in play(shop, page, "edit", id=post.id, text="x").headers["location"]
    assert "Deleted" in play(shop, page, "delete", id=quote.id).headers["location"]
    assert httpx.get(f"{shop.server.url}/feed").status_code == 200
    play(shop, page, "message", author="7103", text="psst")
    assert shop.world.messages[-1].text == "psst"


def test_forms_of_other_sites_change_nothing(shop: Shop, page: str) -> None:
    for where in ("post", "message", "edit", "delete", "trouble"):
        answer = httpx.post(
            f"{shop.server.url}/play/{where}",
            data={"author": "7102", "text": "x", "kind": "revoke"},
        )
        assert answer.status_code == 403
    assert httpx.post(f"{shop.server.url}/i/oauth2/authorize", data={}).status_code == 403


def test_a_foreign_host_name_is_refused(shop: Shop) -> None:
    assert httpx.get(shop.server.url, headers={"host": "evil.example"}).status_code == 400


def test_pages_hold_no_inline_script_and_nothing_from_elsewhere(shop: Shop) -> None:
    for path in ("/", "/feed"):
        answer = httpx.get(f"{shop.server.url}{path}")
        assert not re.search(r"<script(?! src=)|<script[^>]*>[^<]", answer.text)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not re.search(r'(src|href)="(https?:)?//', answer.text)
        assert not re.search(r"\bstyle=|\bon\w+=", answer.text)
        labelled = set(re.findall(r'<label for="(\w+)"', answer.text))
        assert set(re.findall(r'<(?:select|textarea) id="(\w+)"', answer.text)) == labelled


@pytest.mark.parametrize("kind", ["fail", "limit", "silence", "expire", "mute", "tier", "revoke"])
def test_trouble_can_be_ordered(shop: Shop, page: str, kind: str) -> None:
    answer = play(shop, page, "trouble", kind=kind)
    assert answer.status_code == 303
    assert httpx.get(f"{shop.server.url}{answer.headers['location']}").status_code == 200
    assert play(shop, page, "trouble", kind="magic").status_code == 400


def test_errors_have_xs_form(shop: Shop) -> None:
    url = f"{shop.server.url}/2/users/7001/mentions"
    assert httpx.get(url).json()["status"] == 401
    wrong = httpx.get(url, params={"max_results": "1000"}, headers=USER)
    assert wrong.status_code == 400
    assert wrong.json()["type"].endswith("/problems/invalid-request")
    assert httpx.get(url, params={"colour": "red"}, headers=USER).status_code == 400
    assert httpx.get(f"{shop.server.url}/2/webhooks", headers=USER).status_code == 403
    assert httpx.get(f"{shop.server.url}/2/dm_events", headers=APP).status_code == 401


def test_limits_are_told_in_headers_and_kept(shop: Shop) -> None:
    shop.sandbox.gate.limits["GET /2/users/me"] = 2
    url = f"{shop.server.url}/2/users/me"
    left = [httpx.get(url, headers=USER).headers["x-rate-limit-remaining"] for _ in range(2)]
    assert left == ["1", "0"]
    assert httpx.get(url, headers=USER).status_code == 429
    shop.clock.wait(minutes=15)
    assert httpx.get(url, headers=USER).status_code == 200


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("larkfieldbikes", 3),
        ('"Larkfield Bikes"', 1),
        ('"Larkfield Bikes" OR gears', 2),
        ('("Larkfield Bikes" OR gears) -tour', 1),
        ("from:mirabrand", 1),
        ("to:larkfieldbikes is:reply", 1),
        ("@larkfieldbikes -from:mirabrand lang:en", 2),
        ("-is:retweet", 5),
        ("lang:de", 0),
    ],
)
def test_search_understands_xs_operators(shop: Shop, query: str, count: int) -> None:
    test = matcher(shop.world, query)
    assert len([one for one in shop.world.posts.values() if test(one)]) == count


@pytest.mark.parametrize("query", ["", "(a", "a)", "OR", "a OR", "colour:red"])
def test_a_query_that_x_would_refuse_is_refused(shop: Shop, query: str) -> None:
    with pytest.raises(Refused):
        matcher(shop.world, query)


class TestPushing:
    """With an address from the start, as `earful sandbox x --webhook` has it."""

    @pytest.fixture
    def behaviour(self) -> Behaviour:
        return Behaviour(webhook="http://127.0.0.1:9/webhooks/x", retries=(0.01, 0.01))

    def test_every_event_is_signed_and_tried_again(self, shop: Shop) -> None:
        shop.world.write(shop.person("mirabrand"), "@larkfieldbikes anybody there?")
        assert shop.hooks.settle()
        (push,) = shop.hooks.log
        assert push.headers[SIGNATURE] == sign("sandbox-consumer-secret", push.body)
        assert push.attempts == 3
        assert push.finished

    def test_a_revocation_is_pushed(self, shop: Shop) -> None:
        shop.activity.tell_of_revocation()
        assert b"oauth.revoke" in shop.hooks.log[0].body
