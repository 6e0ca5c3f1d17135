"""Writing to X, against the sandbox: never twice, and refused with X's own reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from earful import (
    Action,
    ActionKind,
    AuthenticationFailed,
    DeliveryRejected,
    InboundMessage,
    OutcomeUnknown,
    RateLimited,
    SpendingCapReached,
    Surface,
    TemporaryFailure,
)

if TYPE_CHECKING:
    from conftest import Shop

POST = "/2/tweets"


def message_of(shop: Shop, handle: str) -> InboundMessage:
    return next(one for one in shop.messages() if one.author.handle == handle)


def ours(shop: Shop) -> list[str]:
    return [p.text for p in shop.world.posts.values() if p.author_id == "7001"]


def test_a_reply_stands_below_the_post(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    receipt = shop.sender().send(shop.reply_to(mira, "We are looking into it. ^SB"))
    placed = shop.world.posts[receipt.external_id]
    assert placed.parent_id == mira.external_id
    assert placed.text == "@mirabrand We are looking into it. ^SB"
    assert receipt.url == f"{shop.server.url}/larkfieldbikes/status/{receipt.external_id}"
    assert shop.state.costs.this_month()["reply_summoned"] == (1, 0.01)


def test_a_reply_with_a_link_is_dearer(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    shop.sender().send(shop.reply_to(mira, "Look here: https://shop.example.com/4471"))
    assert shop.state.costs.this_month()["reply_with_link"] == (1, 0.2)


def test_an_edited_post_is_answered_under_its_new_id(shop: Shop) -> None:
    first = message_of(shop, "mirabrand")
    edited = shop.world.edit(first.external_id, "@larkfieldbikes found it, thanks!")
    shop.cursor = ""
    mira = message_of(shop, "mirabrand")
    assert mira.external_id == first.external_id
    receipt = shop.sender().send(shop.reply_to(mira, "Lovely!"))
    assert shop.world.posts[receipt.external_id].parent_id == edited.id


def test_who_has_not_summoned_us_is_not_answered(shop: Shop) -> None:
    shop.set(watch=[{"name": "name", "include": ["Larkfield Bikes"]}])
    jonas = message_of(shop, "jonas_feld")
    with pytest.raises(DeliveryRejected, match="mention this account"):
        shop.sender().send(shop.reply_to(jonas, "Sorry!"))
    assert len(ours(shop)) == 1
    shop.world.enterprise = True
    shop.set(tier="enterprise")
    shop.sender().send(shop.reply_to(jonas, "Sorry!"))
    assert shop.state.costs.this_month()["reply"] == (1, 0.015)


def test_a_post_that_was_deleted_meanwhile_is_told(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    shop.world.delete(mira.external_id)
    with pytest.raises(DeliveryRejected, match="not there any more"):
        shop.sender().send(shop.reply_to(mira, "We are looking into it."))


def test_too_long_a_reply_is_refused_with_xs_words(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    with pytest.raises(DeliveryRejected, match="too long"):
        shop.sender().send(shop.reply_to(mira, "x" * 281))
    assert shop.sender().send(shop.reply_to(mira, "x" * 280))


def test_a_lost_answer_is_looked_for_and_never_sent_twice(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    reply = shop.reply_to(mira, "See   shop.example.com/a & write <us>\nplease")
    shop.set(timeout_seconds=1)
    shop.sandbox.gate.silent_next = 1
    with pytest.raises(OutcomeUnknown):
        shop.sender().send(reply)
    found = shop.sender().find(reply)
    assert found is not None
    assert shop.world.posts[found.external_id].parent_id == mira.external_id
    assert len(ours(shop)) == 2
    again = shop.sender().send(reply)  # should the host send all the same, X has it already
    assert again.external_id == found.external_id
    assert len(ours(shop)) == 2


def test_what_x_never_got_is_not_found(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    reply = shop.reply_to(mira, "Where is it?")
    shop.sandbox.gate.fail_next = [500]
    with pytest.raises(OutcomeUnknown):
        shop.sender().send(reply)
    assert shop.sender().find(reply) is None


def test_another_reply_of_ours_is_not_taken_for_this_one(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    shop.sender().send(shop.reply_to(mira, "Good morning!"))
    assert shop.sender().find(shop.reply_to(mira, "Good evening!")) is None
    shop.clock.wait(minutes=10)
    assert shop.sender().find(shop.reply_to(mira, "Good morning!")) is None


def test_the_same_words_as_yesterday_are_refused_by_x(shop: Shop) -> None:
    mira, priya = message_of(shop, "mirabrand"), None
    shop.sender().send(shop.reply_to(mira, "Thank you!"))
    shop.clock.wait(hours=1)
    shop.cursor = ""
    priya = message_of(shop, "priya_cycles")
    with pytest.raises(DeliveryRejected, match="differently"):
        shop.sender().send(shop.reply_to(priya, "Thank you!"))


def test_a_direct_message_is_answered(shop: Shop) -> None:
    tom = message_of(shop, "oldtomharrow")
    receipt = shop.sender().send(shop.reply_to(tom, "Yes, see https://shop.example.com/pay"))
    sent = shop.world.messages[-1]
    assert (sent.recipient_id, sent.text) == ("7105", "Yes, see https://shop.example.com/pay")
    assert receipt.external_id == f"dm-{sent.id}"
    assert receipt.thread_id == tom.thread_id
    assert shop.state.costs.this_month()["direct_message"] == (1, 0.015)


def test_the_author_of_a_post_is_written_to_privately(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    reply = shop.reply_to(mira, "May we have your address?", surface=Surface.PRIVATE)
    receipt = shop.sender().send(reply)
    assert receipt.thread_id == "dm-7001-7102"
    assert shop.world.messages[-1].recipient_id == "7102"


def test_who_takes_no_messages_is_told(shop: Shop) -> None:
    shop.world.messages.clear()
    shop.world.write(shop.person("oldtomharrow"), "@larkfieldbikes hi")
    tom = message_of(shop, "oldtomharrow")
    assert tom.extra["takes_messages"] == "no"
    with pytest.raises(DeliveryRejected, match="cannot send messages"):
        shop.sender().send(shop.reply_to(tom, "Hello", surface=Surface.PRIVATE))


def test_a_lost_direct_message_is_looked_for(shop: Shop) -> None:
    tom = message_of(shop, "oldtomharrow")
    reply = shop.reply_to(tom, "Yes & of course")
    shop.set(timeout_seconds=1)
    assert shop.sender().find(reply) is None
    shop.sandbox.gate.silent_next = 1
    with pytest.raises(OutcomeUnknown):
        shop.sender().send(reply)
    found = shop.sender().find(reply)
    assert found is not None
    assert found.external_id == f"dm-{shop.world.messages[-1].id}"
    assert found.thread_id == "dm-7001-7105"


def test_a_reply_in_our_conversation_is_hidden_and_shown_again(shop: Shop) -> None:
    ayla = message_of(shop, "wheelsofayla")
    hide = Action(kind=ActionKind.HIDE, external_id=ayla.external_id, extra=ayla.extra)
    shop.sender().act(hide)
    assert shop.world.posts[ayla.external_id].hidden
    shop.sender().act(replace(hide, undo=True))
    assert not shop.world.posts[ayla.external_id].hidden
    assert shop.state.costs.this_month()["hide"] == (2, 0.01)


def test_what_stands_elsewhere_cannot_be_hidden(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    hide = Action(kind=ActionKind.HIDE, external_id=mira.external_id, extra=mira.extra)
    with pytest.raises(DeliveryRejected, match="this account has started"):
        shop.sender().act(hide)
    other = shop.world.write(shop.person("jonas_feld"), "hm", parent_id=mira.external_id)
    deep = Action(kind=ActionKind.HIDE, external_id=other.id, extra={"is_reply": "yes"})
    with pytest.raises(DeliveryRejected, match="you have started"):
        shop.sender().act(deep)


def test_likes_are_for_enterprise(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    like = Action(kind=ActionKind.LIKE, external_id=mira.external_id, extra=mira.extra)
    with pytest.raises(DeliveryRejected, match="access level"):
        shop.sender().act(like)
    shop.world.enterprise = True
    shop.sender().act(like)
    assert ("7001", mira.external_id) in shop.world.likes
    shop.sender().act(replace(like, undo=True))
    assert not shop.world.likes


def test_the_cap_stops_sending(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    shop.set(monthly_cap_usd=0.01)
    with pytest.raises(SpendingCapReached):
        shop.sender().send(shop.reply_to(mira, "Hello"))
    assert len(ours(shop)) == 1


def test_a_limit_stops_sending_before_x_does(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    shop.sandbox.gate.limits["POST /2/tweets"] = 1
    shop.sender().send(shop.reply_to(mira, "One"))
    with pytest.raises(RateLimited):
        shop.sender().send(shop.reply_to(mira, "Two"))
    assert len(shop.server.asked("POST", POST)) == 1


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (503, TemporaryFailure)])
def test_what_x_did_not_take_is_tried_again(
    shop: Shop, status: int, error: type[Exception]
) -> None:
    mira = message_of(shop, "mirabrand")
    shop.sandbox.gate.fail_next = [status]
    with pytest.raises(error):
        shop.sender().send(shop.reply_to(mira, "Hello"))
    assert len(ours(shop)) == 1


def test_a_withdrawn_permission_pauses(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    shop.sandbox.gate.revoke()
    with pytest.raises(AuthenticationFailed):
        shop.sender().send(shop.reply_to(mira, "Hello"))
