"""Answers, likes and hiding; what Facebook refuses; what may have been sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from earful import (
    Action,
    ActionKind,
    AuthenticationFailed,
    DeliveryRejected,
    KnownMessage,
    OutboundAttachment,
    OutboundReply,
    OutcomeUnknown,
    RateLimited,
    Surface,
    TemporaryFailure,
)
from earful_facebook.sandbox.people import PAGES, PEOPLE
from earful_facebook.sandbox.refusals import Refusal

IMKE, TOMAS, PRIYA, _, JONAS, GRETE = PEOPLE
PAGE = PAGES[0]

PUBLIC, POST, PRIVATE = Surface.PUBLIC_REPLY, Surface.PUBLIC_POST, Surface.PRIVATE


@pytest.fixture
def question(facebook: Any) -> Any:
    """Priya's comment."""
    return next(each for each in facebook.world.items.values() if each.author == PRIYA)


@pytest.fixture
def visit(facebook: Any) -> Any:
    """Jonas's post on the Page."""
    return next(each for each in facebook.world.items.values() if each.author == JONAS)


def answer(facebook: Any, item: Any, text: str = "We're sorry!", **changed: Any) -> Any:
    """A reply to a comment or post; `surface=PRIVATE` makes it a private one."""
    given: dict[str, Any] = {
        "idempotency_key": "k", "text": text, "surface": PUBLIC, "in_reply_to": item.id,
        "thread_id": item.id, "url": None, "extra": {"kind": item.kind},
        "submitted_at": facebook.stage.now(), "author_id": item.author.id,
        "answered_surface": POST if item.kind == "post" else PUBLIC, "last_inbound_at": item.at,
    }  # fmt: skip
    return OutboundReply(**{**given, **changed})


def message(facebook: Any, text: str = "It does.", **changed: Any) -> Any:
    """A reply to Grete's last private message."""
    last = next(each for each in facebook.world.talk(GRETE.id) if not each.is_ours)
    given: dict[str, Any] = {
        "idempotency_key": "k", "text": text, "surface": PRIVATE, "in_reply_to": last.id,
        "thread_id": f"messenger-{GRETE.id}", "url": None,
        "extra": {"kind": "message", "person": GRETE.id}, "submitted_at": facebook.stage.now(),
        "author_id": GRETE.id, "answered_surface": PRIVATE, "last_inbound_at": last.at,
    }  # fmt: skip
    return OutboundReply(**{**given, **changed})


def test_a_public_answer_stands_below_the_comment(facebook: Any, question: Any) -> None:
    receipt = facebook.sender().send(answer(facebook, question))
    (below,) = facebook.world.comments(question.id)
    assert (below.id, below.text, below.author) == (receipt.external_id, "We're sorry!", PAGE)
    assert receipt.url == f"https://www.facebook.com/{below.id}"
    assert receipt.thread_id is None


def test_a_public_answer_stands_below_a_visitors_post(facebook: Any, visit: Any) -> None:
    facebook.sender().send(answer(facebook, visit))
    assert [each.text for each in facebook.world.comments(visit.id)] == ["We're sorry!"]


@pytest.mark.parametrize("which", ["question", "visit"])
def test_a_private_answer_opens_a_private_thread(
    facebook: Any, which: str, request: pytest.FixtureRequest
) -> None:
    item = request.getfixturevalue(which)
    receipt = facebook.sender().send(answer(facebook, item, surface=PRIVATE))
    (sent,) = facebook.world.talk(item.author.id)
    assert (sent.id, sent.is_ours) == (receipt.external_id, True)
    assert receipt.thread_id == f"messenger-{item.author.id}"


def test_a_second_private_answer_is_refused_in_words(facebook: Any, question: Any) -> None:
    facebook.sender().send(answer(facebook, question, surface=PRIVATE))
    with pytest.raises(DeliveryRejected, match="does not allow a private reply"):
        facebook.sender().send(answer(facebook, question, surface=PRIVATE))
    assert len(facebook.world.talk(PRIYA.id)) == 1


def test_a_private_answer_does_not_open_the_window(facebook: Any, question: Any) -> None:
    facebook.sender().send(answer(facebook, question, surface=PRIVATE))
    more = message(facebook, extra={"kind": "message", "person": PRIYA.id}, author_id=PRIYA.id)
    with pytest.raises(DeliveryRejected, match="24 hours after"):
        facebook.sender().send(more)
    facebook.world.write_message(PRIYA.id, "Thank you, and now?")
    facebook.sender().send(more)
    assert facebook.world.talk(PRIYA.id)[0].is_ours


def test_a_private_answer_comes_too_late_after_a_week(facebook: Any, question: Any) -> None:
    facebook.stage.passed += timedelta(days=8)
    with pytest.raises(DeliveryRejected, match="older than 7 days"):
        facebook.sender().send(answer(facebook, question, surface=PRIVATE))


def test_an_answer_in_messenger(facebook: Any) -> None:
    receipt = facebook.sender().send(message(facebook))
    sent = facebook.world.talk(GRETE.id)[0]
    assert (sent.id, sent.text, sent.is_ours) == (receipt.external_id, "It does.", True)
    call = facebook.stage.calls[-1]
    assert call.params["messaging_type"] == "RESPONSE"
    assert "tag" not in call.params


def test_after_a_day_nothing_is_even_tried(facebook: Any) -> None:
    facebook.stage.passed += timedelta(days=1)
    with pytest.raises(DeliveryRejected, match="24 hours"):
        facebook.sender().send(message(facebook))
    assert facebook.calls() == []


def test_a_human_agent_may_answer_for_a_week(facebook: Any) -> None:
    facebook.stage.passed += timedelta(days=6)
    facebook.sender(human_agent=True).send(message(facebook))
    params = facebook.stage.calls[-1].params
    assert (params["messaging_type"], params["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")
    facebook.stage.passed += timedelta(days=2)
    with pytest.raises(DeliveryRejected, match="7 days"):
        facebook.sender(human_agent=True).send(message(facebook))


@pytest.mark.parametrize(("surface", "most"), [(PUBLIC, 8000), (PRIVATE, 2000)])
def test_too_long_is_refused_before_it_is_sent(
    facebook: Any, question: Any, surface: Surface, most: int
) -> None:
    reply = answer(facebook, question, "x" * (most + 1), surface=surface)
    with pytest.raises(DeliveryRejected, match=f"{most:,} characters"):
        facebook.sender().send(reply)
    facebook.sender().send(answer(facebook, question, "x" * most, surface=surface))


def test_a_comment_that_is_gone_is_told(facebook: Any, question: Any) -> None:
    facebook.world.remove(question.id)
    for surface in (PUBLIC, PRIVATE):
        with pytest.raises(DeliveryRejected, match="no longer on Facebook"):
            facebook.sender().send(answer(facebook, question, surface=surface))


def test_nobody_to_write_to_is_told(facebook: Any) -> None:
    reply = message(facebook, extra={}, thread_id="t", author_id="")
    with pytest.raises(DeliveryRejected, match="who is to receive"):
        facebook.sender().send(reply)
    stranger = message(facebook, extra={"person": "42"})
    with pytest.raises(DeliveryRejected, match="No matching user"):
        facebook.sender().send(stranger)


@pytest.mark.parametrize(
    ("refusal", "error", "words"),
    [
        (Refusal(400, 190, "x", subcode=460), AuthenticationFailed, "changed their password"),
        (Refusal(400, 190, "x", subcode=458), AuthenticationFailed, "app was removed"),
        (Refusal(400, 190, "x", subcode=492), AuthenticationFailed, "no longer has a role"),
        (Refusal(400, 4, "limit"), RateLimited, "asks to wait"),
        (Refusal(400, 17, "limit"), RateLimited, "asks to wait"),
        (Refusal(400, 32, "limit"), RateLimited, "asks to wait"),
        (Refusal(400, 613, "limit"), RateLimited, "asks to wait"),
        (Refusal(400, 80001, "limit"), RateLimited, "asks to wait"),
        (Refusal(400, 1200, "later"), RateLimited, "asks to wait"),
        (Refusal(400, 368, "blocked"), DeliveryRejected, "abuse"),
        (Refusal(400, 506, "twice"), DeliveryRejected, "same text twice"),
        (Refusal(400, 551, "away"), DeliveryRejected, "cannot be reached"),
        (Refusal(400, 10900, "done"), DeliveryRejected, "already answered privately"),
        (Refusal(400, 10903, "no"), DeliveryRejected, "cannot be answered privately"),
        (Refusal(400, 10, "window", subcode=2018278), DeliveryRejected, "24 hours"),
        (Refusal(400, 10, "window", subcode=2018065), DeliveryRejected, "24 hours"),
        (Refusal(400, 10, "no"), DeliveryRejected, "permission is missing"),
        (Refusal(403, 200, "no"), DeliveryRejected, "permission is missing"),
        (Refusal(400, 200, "no", subcode=2018028), DeliveryRejected, "App Review"),
        (Refusal(400, 803, "alias"), DeliveryRejected, "no longer on Facebook"),
        (Refusal(400, 1, "An unknown error"), TemporaryFailure, "trouble"),
        (Refusal(400, 2, "later"), TemporaryFailure, "trouble"),
        (Refusal(400, 77, "later", is_transient=True), TemporaryFailure, "trouble"),
        (Refusal(500, 2, "later"), OutcomeUnknown, "may have taken it"),
        (Refusal(503, 0, "later"), OutcomeUnknown, "may have taken it"),
        (Refusal(400, 100, "odd"), DeliveryRejected, r"odd \(code 100\)"),
        (Refusal(400, 9999, "x", error_user_msg="Say it"), DeliveryRejected, "Say it"),
        (Refusal(404, 0, ""), DeliveryRejected, "refuses"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_word(
    facebook: Any, question: Any, refusal: Refusal, error: type[Exception], words: str
) -> None:
    facebook.stage.trouble.refusal = refusal
    with pytest.raises(error, match=words):
        facebook.sender().send(answer(facebook, question))
    assert facebook.world.comments(question.id) == []


def test_how_long_to_wait_is_facebooks_word(facebook: Any, question: Any) -> None:
    facebook.stage.trouble.usage_percent, facebook.stage.trouble.regain_minutes = 100, 9
    with pytest.raises(RateLimited) as limited:
        facebook.sender().send(answer(facebook, question))
    assert limited.value.retry_after == timedelta(minutes=9)


def reply_to(facebook: Any, question: Any, where: str) -> Any:
    if where == "messenger":
        return message(facebook)
    return answer(facebook, question, surface=PUBLIC if where == "public" else PRIVATE)


@pytest.mark.parametrize("where", ["public", "privately", "messenger"])
def test_an_answer_that_was_taken_without_a_word_is_found(
    facebook: Any, question: Any, where: str
) -> None:
    reply = reply_to(facebook, question, where)
    assert facebook.sender().find(reply) is None
    facebook.stage.trouble.hang_after_write = True
    with pytest.raises(OutcomeUnknown):
        facebook.sender(timeout_seconds=0.5).send(reply)
    facebook.stage.let_go.set()
    found = facebook.sender().find(reply)
    assert found is not None
    if where == "public":
        assert found.external_id == facebook.world.comments(question.id)[0].id
    else:
        person = GRETE if where == "messenger" else PRIYA
        assert found.external_id == facebook.world.talk(person.id)[0].id
        assert found.thread_id == f"messenger-{person.id}"
    assert found.at is not None


def test_an_answer_to_an_answer_is_found_beside_it(facebook: Any, question: Any) -> None:
    nested = facebook.world.write_comment(TOMAS.id, question.id, "Mine, too")
    reply = answer(facebook, nested)
    assert facebook.sender().find(reply) is None
    sent = facebook.sender().send(reply)
    found = facebook.sender().find(reply)
    assert found is not None
    assert found.external_id == sent.external_id


@pytest.mark.parametrize("where", ["public", "messenger"])
def test_the_same_words_sent_on_purpose_before_are_another_answer(
    facebook: Any, question: Any, where: str
) -> None:
    reply = reply_to(facebook, question, where)
    first = facebook.sender().send(reply)
    facebook.state.messages[first.external_id] = KnownMessage(text=reply.text)
    assert facebook.sender().find(reply) is None
    second = facebook.sender().send(reply)
    assert facebook.sender().find(reply) == facebook.sender().find(reply)
    found = facebook.sender().find(reply)
    assert found is not None
    assert found.external_id == second.external_id


def test_what_others_say_or_we_said_long_ago_is_not_it(facebook: Any, question: Any) -> None:
    reply = answer(facebook, question)
    facebook.world.write_comment(TOMAS.id, question.id, reply.text)
    with facebook.world.back_then(timedelta(hours=2)):
        facebook.world.write_comment(PAGE.id, question.id, reply.text)
    facebook.world.write_comment(PAGE.id, question.id, "Something else")
    assert facebook.sender().find(reply) is None


def test_too_much_since_then_is_left_to_people(facebook: Any) -> None:
    reply = message(facebook)
    for number in range(120):
        facebook.world.write_message(GRETE.id, f"And {number}?")
    with pytest.raises(OutcomeUnknown, match="too much since then"):
        facebook.sender().find(reply)


def test_below_a_comment_that_is_gone_stands_no_answer(facebook: Any, question: Any) -> None:
    reply = answer(facebook, question)
    facebook.sender().send(reply)
    facebook.world.remove(question.id)
    assert facebook.sender().find(reply) is None


def act(facebook: Any, item: Any, kind: ActionKind, **changed: Any) -> Any:
    extra = {"kind": getattr(item, "kind", "message")}
    return facebook.sender().act(Action(kind=kind, external_id=item.id, extra=extra, **changed))


def test_liking_and_taking_that_back(facebook: Any, question: Any, visit: Any) -> None:
    for item in (question, visit):
        assert act(facebook, item, ActionKind.LIKE).external_id == item.id
        assert item.is_liked
        act(facebook, item, ActionKind.LIKE, undo=True)
        assert not item.is_liked


def test_hiding_and_showing_again(facebook: Any, question: Any) -> None:
    for _ in range(2):
        act(facebook, question, ActionKind.HIDE, reason="insults")
        assert question.is_hidden
    act(facebook, question, ActionKind.HIDE, undo=True)
    assert not question.is_hidden


def test_what_cannot_be_hidden_or_liked_says_so(facebook: Any, question: Any) -> None:
    ours = facebook.world.write_comment(PAGE.id, question.id, "We")
    with pytest.raises(DeliveryRejected, match="does not let this Page hide"):
        act(facebook, ours, ActionKind.HIDE)
    for kind in ActionKind:
        with pytest.raises(DeliveryRejected, match="Private messages"):
            act(facebook, facebook.world.talk(GRETE.id)[0], kind)
    gone = facebook.world.write_comment(IMKE.id, question.id, "Oops")
    facebook.world.remove(gone.id)
    for kind in ActionKind:
        with pytest.raises(DeliveryRejected, match="no longer on Facebook"):
            act(facebook, gone, kind)


def test_without_a_page_nothing_is_sent(facebook: Any, question: Any) -> None:
    facebook.state.credentials.set({})
    with pytest.raises(AuthenticationFailed, match="not connected"):
        facebook.sender().send(answer(facebook, question))


PICTURE = OutboundAttachment(
    name="hall.png", content_type="image/png", data=b"\x89PNG the hall", alt="The new hall"
)


def test_a_picture_stands_with_the_comment_and_is_described(facebook: Any, question: Any) -> None:
    facebook.sender().send(answer(facebook, question, attachments=(PICTURE,)))
    (below,) = facebook.world.comments(question.id)
    assert (below.text, below.photo.data, below.photo.alt) == (
        "We're sorry!",
        PICTURE.data,
        "The new hall",
    )


def test_a_picture_without_its_permission_is_refused_in_words(facebook: Any, question: Any) -> None:
    token = facebook.stage.access.tokens[facebook.state.credentials.kept["access_token"]]
    token.permissions -= {"pages_manage_posts"}
    with pytest.raises(DeliveryRejected, match="only with the permission pages_manage_posts"):
        facebook.sender().send(answer(facebook, question, attachments=(PICTURE,)))
    assert facebook.world.comments(question.id) == []
    facebook.sender().send(answer(facebook, question))


def test_a_lost_upload_is_done_again_and_the_comment_stands_once(
    facebook: Any, question: Any
) -> None:
    reply = answer(facebook, question, attachments=(PICTURE,))
    facebook.stage.trouble.refusal = Refusal(500, 2, "An unexpected error has occurred.")
    with pytest.raises(TemporaryFailure):
        facebook.sender().send(reply)
    assert facebook.world.comments(question.id) == []
    facebook.sender().send(reply)
    assert facebook.sender().find(reply) is not None
    assert len(facebook.world.comments(question.id)) == 1


def test_a_file_that_is_no_photo_is_refused_with_facebooks_words(
    facebook: Any, question: Any
) -> None:
    text = OutboundAttachment(name="a.txt", content_type="text/plain", data=b"x")
    with pytest.raises(DeliveryRejected, match="image file"):
        facebook.sender().send(answer(facebook, question, attachments=(text,)))
    assert facebook.world.comments(question.id) == []
