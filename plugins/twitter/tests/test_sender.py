"""Writing to X, against the sandbox: never twice, and refused with X's own reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from earful import (
    Action,
    ActionKind,
    AuthenticationFailed,
    DeliveryRejected,
    InboundMessage,
    KnownMessage,
    OutboundAttachment,
    OutcomeUnknown,
    RateLimited,
    SpendingCapReached,
    Surface,
    TemporaryFailure,
)
from earful_twitter.api import X
from earful_twitter.meta import Meta
from earful_twitter.posts import Included, post_message

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
    reply = shop.reply_to(mira, "See   shop.example.com/?a=1&region=eu & write <us>\nplease")
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


def known(shop: Shop, external_id: str, *, sent_from_here: bool) -> None:
    message = KnownMessage(text="ok", sent_from_here=sent_from_here)
    shop.state.messages[external_id] = message


def test_the_receipt_of_another_direct_message_is_not_this_ones(shop: Shop) -> None:
    tom = message_of(shop, "oldtomharrow")
    first = shop.sender().send(shop.reply_to(tom, "ok"))
    known(shop, first.external_id, sent_from_here=True)
    shop.clock.wait(seconds=60)
    second = shop.reply_to(tom, "ok")
    shop.sandbox.gate.fail_next = [500]
    with pytest.raises(OutcomeUnknown):
        shop.sender().send(second)
    assert shop.sender().find(second) is None
    again = shop.sender().send(second)
    found = shop.sender().find(second)
    assert found is not None
    assert found.external_id == again.external_id


def test_the_receipt_of_another_post_is_not_this_ones(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    reply = shop.reply_to(mira, "ok")
    first = shop.sender().send(reply)
    known(shop, first.external_id, sent_from_here=False)
    assert shop.sender().find(reply) is not None  # X showed it before anybody had looked for it
    known(shop, first.external_id, sent_from_here=True)
    assert shop.sender().find(reply) is None


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


PICTURE = OutboundAttachment(
    name="bike.png", content_type="image/png", data=b"\x89PNG a bike", alt="A red bike"
)


def uploads(shop: Shop) -> int:
    return len(shop.server.asked("POST", "/2/media/upload"))


def own_posts(shop: Shop) -> dict[str, InboundMessage]:
    """What X shows of our account, as messages."""
    with X(shop.settings, shop.clock) as x:
        params = {"max_results": "100", **x.vocabulary.posts}
        page = x.get("2/users/7001/tweets", params, endpoint="GET /2/users/:id/tweets").json()
    meta = Meta(account="7001", handle="larkfieldbikes", site=shop.server.url)
    included = Included.of(page["includes"], meta)
    return {each["id"]: post_message(each, included, meta) for each in page["data"]}


def test_pictures_stand_with_the_reply_and_are_described(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    reply = shop.reply_to(mira, "This one? ^SB")
    plain = replace(PICTURE, alt="")
    receipt = shop.sender().send(replace(reply, attachments=(PICTURE, plain)))
    placed = shop.world.posts[receipt.external_id].pictures
    assert [(each.data, each.alt) for each in placed] == [
        (PICTURE.data, "A red bike"),
        (PICTURE.data, ""),
    ]
    shown = own_posts(shop)[receipt.external_id]
    assert shown.text == "@mirabrand This one? ^SB"
    assert [each.alt for each in shown.attachments] == ["A red bike", ""]
    assert shop.state.costs.this_month()["reply_summoned"] == (1, 0.01)
    page = urlopen(f"{shop.server.url}/").read().decode()
    assert 'alt="A red bike"' in page
    url = shown.attachments[0].url
    assert urlopen(url).read() == PICTURE.data


def test_a_lost_upload_is_done_again_and_the_reply_stands_once(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    reply = replace(shop.reply_to(mira, "This one?"), attachments=(PICTURE,))
    shop.set(timeout_seconds=1)
    for trouble in ({"silent_next": 1}, {"fail_next": [500]}, {"fail_next": [503]}):
        for name, value in trouble.items():
            setattr(shop.sandbox.gate, name, value)
        with pytest.raises(TemporaryFailure):
            shop.sender().send(reply)
    assert len(ours(shop)) == 1
    shop.sender().send(reply)
    assert len(ours(shop)) == 2


def test_a_reply_with_pictures_whose_answer_was_lost_is_found(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    reply = replace(shop.reply_to(mira, "This one?"), attachments=(replace(PICTURE, alt=""),))
    sender = shop.sender()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("earful_twitter.sender._placed", _lost)
        with pytest.raises(OutcomeUnknown):
            sender.send(reply)
    found = shop.sender().find(reply)
    assert found is not None
    assert shop.world.posts[found.external_id].pictures
    assert (len(ours(shop)), uploads(shop)) == (2, 1)


def _lost(*_: object) -> str:
    raise OutcomeUnknown("the answer was lost")


def test_a_picture_goes_with_a_direct_message_and_is_found_there(shop: Shop) -> None:
    tom = message_of(shop, "oldtomharrow")
    reply = replace(shop.reply_to(tom, "Like this."), attachments=(PICTURE,))
    receipt = shop.sender().send(reply)
    assert [each.data for each in shop.world.messages[-1].pictures] == [PICTURE.data]
    found = shop.sender().find(reply)
    assert found is not None
    assert found.external_id == receipt.external_id
    assert shop.sender().find(replace(reply, attachments=())) is None


def test_a_connection_without_the_permission_says_to_connect_again(shop: Shop) -> None:
    for grant in shop.sandbox.gate._access.values():
        grant.scope = grant.scope.replace("media.write", "")
    mira = message_of(shop, "mirabrand")
    reply = replace(shop.reply_to(mira, "This one?"), attachments=(PICTURE,))
    with pytest.raises(DeliveryRejected, match="connect the channel again"):
        shop.sender().send(reply)
    assert len(ours(shop)) == 1


def test_what_x_does_not_take_is_refused_with_its_words(shop: Shop) -> None:
    mira = message_of(shop, "mirabrand")
    huge = replace(PICTURE, data=b"x" * 5_000_001)
    with pytest.raises(DeliveryRejected, match=r"bike\.png.*5 MB"):
        shop.sender().send(replace(shop.reply_to(mira, "Look"), attachments=(huge,)))
    assert len(ours(shop)) == 1
