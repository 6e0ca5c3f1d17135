"""The whole way: a customer on the sandbox of X, the inbox, an answer, and mishaps on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from earful import Surface, WebhookRequest, actions
from earful.actions import SYSTEM
from earful.store import connection
from earful.store.credentials import connect
from earful.store.models import Channel, Conversation, Message, MessageVersion
from earful.testing.inbox import Inbox
from earful_twitter.webhook import SIGNATURE, sign

if TYPE_CHECKING:
    from conftest import Shop


@pytest.fixture
def earful_config(shop: Shop) -> str:
    settings = {**shop.sandbox.settings(shop.server.url), "timeout_seconds": 3.0}
    settings |= {"deep_replies": False, "recheck_posts": 0, "reconcile_minutes": 15}
    watch = settings.pop("watch")
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    for term in watch:
        lines.append("[[channels.x.watch]]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in term.items()]
    return "\n".join(["[channels.x]", 'type = "twitter"', *lines])


class House:
    """An inbox that is connected to the sandbox."""

    def __init__(self, inbox: Inbox, shop: Shop) -> None:
        self.inbox, self.shop = inbox, shop
        channel = inbox.runtime.channels["x"]
        for part in (channel.source(), channel.sender()):
            part._now = shop.clock  # type: ignore[union-attr]
        self.webhook: Any = channel.webhook()
        with connection():
            row = Channel.get(Channel.name == "x")
            connect(row.id, shop.sandbox.credentials(), inbox.runtime.vault, now=inbox.now)

    def wait(self, **passed: float) -> None:
        self.inbox.advance(**passed)
        self.shop.clock.wait(**passed)

    def push(self, event: dict[str, Any]) -> list[Any]:
        body = json.dumps(event).encode()
        signature = sign("sandbox-consumer-secret", body)
        request = WebhookRequest(method="POST", query={}, headers={SIGNATURE: signature}, body=body)
        with connection():
            taken = self.webhook.receive(request).payloads
        return self.inbox.receive("x", *taken)

    def answer(self, message: Any, text: str, surface: Surface = Surface.PUBLIC_REPLY) -> Any:
        with connection():
            reply = actions.submit_reply(
                self.inbox.runtime, SYSTEM, message.conversation_id, message_id=message.id,
                text=text, surface=surface, last_seen_message_id=message.id, force=True,
                now=self.inbox.now,
            )  # fmt: skip
        self.wait(seconds=self.inbox.runtime.config.inbox.undo_seconds)
        self.inbox.tick()
        return self.inbox.sent(reply)

    def channel(self) -> Any:
        with connection():
            return Channel.get(Channel.name == "x")

    def ours(self) -> list[Any]:
        return [one for one in self.shop.world.posts.values() if one.author_id == "7001"]


@pytest.fixture
def house(earful_inbox: Inbox, shop: Shop) -> House:
    return House(earful_inbox, shop)


def by(found: list[Any], author: str) -> Any:
    return next(one for one in found if one.author == author)


def test_mentions_become_conversations_and_are_answered_on_x(house: House) -> None:
    found = house.inbox.poll("x")
    mira = by(found, "Mira Brand")
    reply = house.answer(mira, "We are looking into it. ^SB")
    assert reply.state == "sent"
    assert house.shop.world.posts[reply.external_id].text.endswith("into it. ^SB")
    house.wait(minutes=20)
    assert house.inbox.poll("x") == []


def test_industry_talk_opens_nothing(house: House) -> None:
    house.shop.world.write(house.shop.person("priya_cycles"), "Which cargo bike would you take?")
    talk = by([one for one in house.inbox.poll("x") if "cargo" in one.text], "Priya Nair")
    assert talk.status == "ignored"
    assert "watch:trade" in talk.labels


def test_an_event_that_comes_twice_is_one_message(house: House) -> None:
    house.inbox.poll("x")
    house.shop.world.write(house.shop.person("jonas_feld"), "@larkfieldbikes hello")
    house.shop.activity.subscribe("post.mention.create", {"user_id": "7001"}, "", "")
    house.shop.world.write(house.shop.person("jonas_feld"), "@larkfieldbikes hello again")
    event = json.loads(house.shop.activity.events[-1].body)
    assert len(house.push(event)) == 1
    assert house.push(event) == []
    house.wait(minutes=20)
    (first,) = house.inbox.poll("x")
    assert first.text == "@larkfieldbikes hello"


def test_an_event_that_comes_thrice_is_paid_for_once(house: House) -> None:
    written = {"id": "1990000000000000001", "author_id": "9", "text": "@larkfieldbikes x",
               "created_at": "2026-11-20T11:00:00Z"}  # fmt: skip
    event = {"event_uuid": "-5", "filter": {"user_id": "7001"}, "includes": {},
             "event_type": "post.mention.create", "payload": written}  # fmt: skip
    for _ in range(3):
        house.push({"data": event})
    with connection():
        spent = house.inbox.runtime.channels["x"].settings.state.costs.this_month()  # type: ignore[attr-defined]
    assert spent == {"post_event": (1, 0.005)}


def test_a_pushed_picture_is_no_edit_when_it_is_listed(house: House) -> None:
    house.inbox.poll("x")
    house.shop.activity.subscribe("dm.received", {"user_id": "7001"}, "", "")
    world = house.shop.world
    picture = world.upload("dm_image", "image/png", b"a bike")
    world.message(house.shop.person("oldtomharrow"), world.account, "Look", pictures=(picture,))
    (pushed,) = house.push(json.loads(house.shop.activity.events[-1].body))
    house.wait(minutes=20)
    house.inbox.poll("x")
    with connection():
        kept = Message.get_by_id(pushed.id)
    assert [each["url"] for each in kept.attachments] == [
        f"{house.shop.server.url}/pictures/{picture.id}"
    ]
    assert (kept.version, kept.edited_at) == (1, None)


def test_a_direct_message_is_counted_in_characters(house: House) -> None:
    tom = by(house.inbox.poll("x"), "Tom Harrow")
    assert house.answer(tom, "漢" * 10_000, Surface.PRIVATE).state == "sent"
    with pytest.raises(Exception, match="10001 of 10000"):
        house.answer(tom, "漢" * 10_001, Surface.PRIVATE)


def test_a_lost_answer_is_found_and_stands_once(house: House) -> None:
    mira = by(house.inbox.poll("x"), "Mira Brand")
    house.shop.sandbox.gate.silent_next = 1
    reply = house.answer(mira, "We are looking into it.")
    assert reply.state == "unconfirmed"
    for _ in range(4):
        house.wait(minutes=5)
        house.inbox.sweep()
        house.inbox.tick()
    assert house.inbox.sent(reply.id).state == "sent"
    assert len(house.ours()) == 2


def test_into_private_and_back_is_one_conversation(house: House) -> None:
    mira = by(house.inbox.poll("x"), "Mira Brand")
    assert house.answer(mira, "May we have your address?", Surface.PRIVATE).state == "sent"
    house.shop.world.message(house.shop.person("mirabrand"), house.shop.world.account, "Canal St 5")
    house.wait(minutes=20)
    told = by([one for one in house.inbox.poll("x") if one.text == "Canal St 5"], "Mira Brand")
    assert told.conversation_id == mira.conversation_id
    with connection():
        assert Message.get_by_id(told.id).surface is Surface.PRIVATE


def test_a_withdrawn_permission_pauses_the_channel(house: House) -> None:
    house.inbox.poll("x")
    house.shop.sandbox.gate.revoke()
    house.wait(minutes=20)
    house.inbox.poll("x")
    assert str(house.channel().state) == "paused"


def test_a_pushed_revocation_pauses_the_channel(house: House) -> None:
    house.wait(minutes=1)
    revoke = {"data": {"event_uuid": "-5", "filter": {}, "event_type": "oauth.revoke", "payload": {
        "user_id": "7001", "date_time": house.inbox.now.isoformat(), "app_id": "1"}}}  # fmt: skip
    assert house.push(revoke) == []
    assert house.inbox.refused_payloads()[0][0] == "unsupported"
    house.inbox.poll("x")
    assert str(house.channel().state) == "paused"


def test_a_post_that_was_deleted_loses_its_text_here(house: House) -> None:
    own = {
        "id": "2123742000000000001",
        "author_id": "7001",
        "text": "Open until eight tonight.",
        "created_at": "2026-11-20T11:35:24.000Z",
        "conversation_id": "2123742000000000001",
    }
    event = {"filter": {"user_id": "7001"}, "includes": {}}
    house.push({"data": {**event, "event_uuid": "1", "event_type": "post.create", "payload": own}})
    gone = {"id": own["id"], "author_id": "7001"}
    house.push({"data": {**event, "event_uuid": "2", "event_type": "post.delete", "payload": gone}})
    message = next(one for one in house.inbox.messages() if one.external_id == own["id"])
    assert message.removal == "deleted"
    assert message.text == ""


FIRST, SECOND = "2123742000000000001", "2123742000000000002"
WRITTEN = ("post.create", {"id": FIRST, "text": "My old words.", "edit_history_tweet_ids": [FIRST]})
EDITED = ("post.create", {"id": SECOND, "text": "New.", "edit_history_tweet_ids": [FIRST, SECOND]})
DELETED = ("post.delete", {"id": SECOND})


@pytest.mark.parametrize(
    "events",
    [
        (WRITTEN, EDITED, DELETED),
        (EDITED, DELETED),
        (WRITTEN, DELETED, EDITED),
        (DELETED, EDITED),
    ],
    ids=["in order", "first version missed", "edit comes last", "deletion comes first"],
)
def test_an_edited_post_that_was_deleted_loses_its_text_here(
    house: House, events: tuple[tuple[str, dict[str, Any]], ...]
) -> None:
    about = {"author_id": "7001", "created_at": "2026-11-20T11:35:24.000Z"}
    for number, (kind, payload) in enumerate(events):
        event = {"event_uuid": str(number), "filter": {"user_id": "7001"}, "event_type": kind}
        house.push({"data": {**event, "includes": {}, "payload": {**about, **payload}}})
    message = next(one for one in house.inbox.messages() if one.external_id == FIRST)
    assert (message.removal, message.text) == ("deleted", "")
    with connection():
        assert not MessageVersion.select().exists()


def test_an_answer_to_who_has_not_called_us_is_refused_before_it_is_sent(house: House) -> None:
    jonas = by(house.inbox.poll("x"), "Jonas Feld")
    with pytest.raises(Exception, match="mention this account"):
        house.answer(jonas, "Sorry about that!")
    with connection():
        assert str(Conversation.get_by_id(jonas.conversation_id).status) == "open"
    assert len(house.ours()) == 1


def test_a_permission_that_ran_out_is_renewed_in_the_store(house: House) -> None:
    house.shop.sandbox.gate.expire()
    mira = by(house.inbox.poll("x"), "Mira Brand")
    house.shop.sandbox.gate.expire()
    assert house.answer(mira, "Here we are.").state == "sent"
    assert house.shop.sandbox.gate.refreshes == 2


def test_a_deleted_post_is_told_while_a_reply_waits(house: House) -> None:
    mira = by(house.inbox.poll("x"), "Mira Brand")
    house.shop.world.delete(mira.external_id)
    reply = house.answer(mira, "We are looking into it.")
    assert reply.state == "failed"
    assert "not there any more" in reply.error
