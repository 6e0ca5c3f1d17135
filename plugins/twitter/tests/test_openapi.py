"""Every request that this plugin sends agrees with X's published OpenAPI documents."""

from __future__ import annotations

import importlib.util
import json
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from earful import (
    Action,
    ActionKind,
    ChannelError,
    ConnectableAccount,
    InboundMessage,
    OutboundAttachment,
    Surface,
)
from earful_twitter.connect import TwitterConnector
from earful_twitter.recovery import WEBHOOK_ID

if TYPE_CHECKING:
    from conftest import Call, Shop

HERE = Path(__file__).parent
DOCUMENTS = sorted((HERE.parents[3] / "shared" / "data").glob("x-openapi-*.json"))
EVERY_CALL = {
    ("GET", "/2/users/me"),
    ("GET", "/2/users/7001/mentions"),
    ("GET", "/2/users/7001/tweets"),
    ("GET", "/2/tweets"),
    ("POST", "/2/tweets"),
    ("GET", "/2/tweets/search/recent"),
    ("GET", "/2/dm_events"),
    ("GET", "/2/dm_conversations/with/7105/dm_events"),
    ("POST", "/2/dm_conversations/with/7105/messages"),
    ("GET", "/2/dm_conversations/1585094756761149440/dm_events"),
    ("POST", "/2/dm_conversations/1585094756761149440/messages"),
    ("POST", "/2/users/7001/likes"),
    ("POST", "/2/media/upload"),
    ("POST", "/2/media/metadata"),
    ("GET", "/2/webhooks"),
    ("POST", "/2/webhooks"),
    ("PUT", "/2/webhooks/77"),
    ("POST", "/2/webhooks/replay"),
    ("GET", "/2/activity/subscriptions"),
    ("POST", "/2/activity/subscriptions"),
    ("GET", "/2/activity/stream"),
}


@cache
def checker() -> Any:
    spec = importlib.util.spec_from_file_location("x_openapi", HERE / "openapi.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def everything(shop: Shop) -> list[Call]:
    """Do all that the plugin can do, in every mode; the calls it made."""
    shop.set(
        deep_replies=True,
        recheck_posts=100,
        watch=[
            {"name": "name", "include": ["Larkfield Bikes"], "exclude": ["x"], "language": "en"}
        ],
    )
    for number in range(120):
        shop.world.write(shop.person("jonas_feld"), f"@larkfieldbikes number {number}")
    shop.source().check()
    found = [one for one in shop.poll() if isinstance(one, InboundMessage)]
    shop.clock.wait(days=1)
    shop.poll()
    write(shop, {one.author.handle: one for one in found})
    connect(shop)
    shop.set(receive="stream", stream_seconds=1)
    shop.fetch()
    shop.clock.wait(minutes=3)
    shop.fetch()
    return [
        one for one in shop.server.calls if one.path.startswith("/2/") and "oauth2" not in one.path
    ]


def write(shop: Shop, people: dict[str, InboundMessage]) -> None:
    sender = shop.sender()
    public = shop.reply_to(people["mirabrand"], "Hello")
    private = shop.reply_to(people["oldtomharrow"], "Hello")
    picture = OutboundAttachment(name="p.png", content_type="image/png", data=b"p", alt="A bike")
    sender.send(public)
    sender.send(replace(public, text="Look", attachments=(picture,)))
    sender.send(private)
    sender.send(replace(private, text="Look", attachments=(picture,)))
    sender.find(replace(public, text="?"))
    sender.find(replace(private, text="?"))
    sender.send(shop.reply_to(people["mirabrand"], "Hello", surface=Surface.PRIVATE))
    # The sandbox has no groups, but hears what is asked.
    group = replace(private, extra={**private.extra, "conversation": "1585094756761149440"})
    for call in (sender.send, sender.find):
        with suppress(ChannelError):
            call(group)
    ayla = people["wheelsofayla"]
    hide = Action(kind=ActionKind.HIDE, external_id=ayla.external_id, extra=ayla.extra)
    sender.act(hide)
    like = replace(hide, kind=ActionKind.LIKE)
    for action in (like, replace(like, undo=True)):
        with suppress(ChannelError):
            sender.act(action)


def connect(shop: Shop) -> None:
    kept = shop.state.credentials.get()
    shop.activity.subscribe("post.create", {"user_id": "5555"}, "earful", "")
    shop.state.credentials.set({**kept, "user_id": "5555"})
    account = ConnectableAccount(external_id="7001", name="@x", credentials=kept)
    for receive in ("stream", "webhook"):
        shop.set(receive=receive)
        with suppress(ChannelError):
            TwitterConnector(shop.settings).attach(account, "http://127.0.0.1:9/webhooks/x")
    shop.state.credentials.set(kept)
    shop.activity.webhooks["77"] = {"id": "77", "url": shop.server.url, "valid": True}
    shop.state.set_flag(WEBHOOK_ID, "77")
    shop.activity.challenge = lambda _url: None  # type: ignore[method-assign]
    shop.clock.wait(minutes=30)
    shop.poll()


@pytest.mark.parametrize("vocabulary", ["tweet", "post"])
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_request_agrees(shop: Shop, path: Path, vocabulary: str) -> None:
    document = checker().Document(json.loads(path.read_text(encoding="utf-8")))
    shop.set(vocabulary=vocabulary)
    calls = everything(shop)
    wrong = [
        f"{one.method} {one.path}: {problem}"
        for one in calls
        for problem in document.problems(one.method, one.path, one.query, one.body)
    ]
    assert sorted(set(wrong)) == []
    made = {(one.method, one.path) for one in calls}
    assert made >= EVERY_CALL
    assert any(method == "PUT" and name.endswith("/hidden") for method, name in made)
    assert any(method == "DELETE" and "/likes/" in name for method, name in made)
    assert any(method == "DELETE" and "/subscriptions/" in name for method, name in made)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_the_check_finds_what_is_wrong(path: Path) -> None:
    document = checker().Document(json.loads(path.read_text(encoding="utf-8")))

    def problems(method: str, name: str, body: bytes = b"", **query: str) -> list[str]:
        return list(document.problems(method, name, query, body))

    assert problems("GET", "/2/users/7001/mentions", max_results="4")
    assert problems("GET", "/2/users/7001/mentions", page="2")
    assert problems("GET", "/2/users/7001/mentions", expansions="author")
    assert problems("GET", "/2/tweets/search/recent")
    assert problems("POST", "/2/tweets", b'{"txt": "x"}')
    assert problems("PATCH", "/2/tweets", b"{}")
    assert not problems("GET", "/2/users/7001/mentions", max_results="5")
