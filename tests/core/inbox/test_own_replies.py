"""What our own account wrote, as the platform shows it back to us."""

from __future__ import annotations

import pytest
from earful import OutcomeUnknown, TemporaryFailure
from earful.store.models import Clock, Conversation, Message, Queue, Reply
from earful.store.states import ConversationStatus, Direction, ReplyState, Stage
from earful.testing.inbox import Inbox, InboxMessage

from tests.wall import Wall, post


@pytest.fixture
def question(inbox: Inbox, wall: Wall) -> InboxMessage:
    """A message that waits in a queue with a promise."""
    Queue.create(name="General", first_response_minutes=60)
    (message,) = inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    assert Clock.select().where(Clock.met_at.is_null()).count() == 1
    return message


def test_our_reply_coming_back_is_confirmed_by_its_receipt(
    inbox: Inbox, wall: Wall, question: InboxMessage
) -> None:
    reply = inbox.reply(question, "On its way.")
    assert (reply.state, reply.external_id) == ("sent", "reply-1")

    ours = post("reply-1", "on its way!", from_us=True, parent_id="m1", minute=3)
    inbox.receive("wall", wall.payload(ours))

    assert inbox.sent(reply.id).state == "confirmed"
    assert Message.select().count() == 1


def test_a_reply_of_unknown_outcome_is_confirmed_by_its_text(
    inbox: Inbox, wall: Wall, question: InboxMessage
) -> None:
    wall.sends.append(OutcomeUnknown("the line broke"))
    reply = inbox.reply(question, "On  its way.")
    assert reply.state == "unconfirmed"

    ours = post("r9", "On its\nway.", from_us=True, parent_id="m1", minute=3, url="https://x/r9")
    inbox.receive("wall", wall.payload(ours))

    row = Reply.get()
    assert (row.state, row.external_id, row.url) == (ReplyState.CONFIRMED, "r9", "https://x/r9")
    assert Clock.get().met_at is not None


def test_quotes_and_dashes_that_the_platform_made_prettier_hide_no_reply(
    inbox: Inbox, wall: Wall, question: InboxMessage
) -> None:
    wall.sends.append(OutcomeUnknown("the line broke"))
    reply = inbox.reply(question, 'Wipe it -- "dry" -- after rides...')

    shown = "Wipe it — “dry” — after rides…"
    inbox.receive("wall", wall.payload(post("r9", shown, from_us=True, parent_id="m1", minute=3)))

    assert inbox.sent(reply.id).state == "confirmed"
    assert Message.select().count() == 1


def test_a_reply_without_words_is_known_by_its_signs(
    inbox: Inbox, wall: Wall, question: InboxMessage
) -> None:
    wall.sends.append(OutcomeUnknown("the line broke"))
    reply = inbox.reply(question, "👍")

    inbox.receive("wall", wall.payload(post("r8", "👎", from_us=True, parent_id="m1", minute=3)))
    assert inbox.sent(reply.id).state == "unconfirmed"

    inbox.receive("wall", wall.payload(post("r9", "👍", from_us=True, parent_id="m1", minute=4)))
    assert inbox.sent(reply.id).state == "confirmed"


def test_a_queued_reply_is_not_taken_for_what_somebody_wrote_natively(
    inbox: Inbox, wall: Wall, question: InboxMessage
) -> None:
    wall.sends.append(TemporaryFailure("busy"))
    reply = inbox.reply(question, "Hello")

    inbox.receive("wall", wall.payload(post("r9", "Hello", from_us=True, minute=3)))

    assert inbox.sent(reply.id).state == "queued"
    assert Message.select().count() == 2


def test_two_unknown_replies_of_equal_text_need_two_copies(
    inbox: Inbox, wall: Wall, question: InboxMessage
) -> None:
    (other,) = inbox.receive("wall", wall.payload(post("m2")))
    wall.sends += [OutcomeUnknown("?"), OutcomeUnknown("?")]
    replies = [inbox.reply(question, "Yes"), inbox.reply(other, "Yes")]

    inbox.receive("wall", wall.payload(post("r1", "Yes", from_us=True)))
    assert sorted(inbox.sent(each.id).state for each in replies) == ["confirmed", "unconfirmed"]

    inbox.receive("wall", wall.payload(post("r2", "Yes", from_us=True)))
    assert {inbox.sent(each.id).state for each in replies} == {"confirmed"}


def test_equal_words_confirm_only_the_reply_that_stands_there(inbox: Inbox, wall: Wall) -> None:
    first, second = inbox.receive("wall", wall.payload(post("m1"), post("m2", by="bob")))
    wall.sends += [OutcomeUnknown("?"), OutcomeUnknown("?")]
    never_left, left = (
        inbox.reply(first, "Please write to us"),
        inbox.reply(second, "Please write to us"),
    )

    ours = post("r1", "Please write to us", from_us=True, parent_id="m2")
    inbox.receive("wall", wall.payload(ours))

    assert inbox.sent(never_left.id).state == "unconfirmed"
    assert (inbox.sent(left.id).state, inbox.sent(left.id).external_id) == ("confirmed", "r1")


@pytest.mark.parametrize("where", [{"parent_id": "m2"}, {"thread_id": "u"}, {"parent_id": "new"}])
def test_the_same_words_elsewhere_confirm_nothing(
    inbox: Inbox, wall: Wall, question: InboxMessage, where: dict[str, str]
) -> None:
    inbox.receive("wall", wall.payload(post("m2", by="bob", thread_id="t")))
    wall.sends.append(OutcomeUnknown("?"))
    reply = inbox.reply(question, "Thank you!")

    there = post("new", by="bob", thread_id="t")
    ours = post("n1", "Thank you!", from_us=True, **where)
    inbox.receive("wall", wall.payload(there, ours))

    assert inbox.sent(reply.id).state == "unconfirmed"
    assert Message.get(Message.external_id == "n1").direction is Direction.OUT


@pytest.mark.parametrize("where", [{"parent_id": "m1"}, {"parent_id": "x", "thread_id": "t"}])
def test_an_answer_may_stand_beside_what_it_answers_or_name_it_otherwise(
    inbox: Inbox, wall: Wall, question: InboxMessage, where: dict[str, str]
) -> None:
    (below,) = inbox.receive("wall", wall.payload(post("m2", by="bob", parent_id="m1")))
    wall.sends.append(OutcomeUnknown("?"))
    reply = inbox.reply(below, "Yours, too")

    inbox.receive("wall", wall.payload(post("r1", "Yours, too", from_us=True, **where)))

    assert inbox.sent(reply.id).state == "confirmed"


def test_a_reply_written_on_the_platform_is_kept_as_ours_and_stops_the_clocks(
    inbox: Inbox, wall: Wall, question: InboxMessage
) -> None:
    inbox.receive("wall", wall.payload(post("n1", "Hi!", from_us=True, parent_id="m1", minute=2)))

    ours = Message.get(Message.external_id == "n1")
    assert (ours.direction, ours.stage) == (Direction.OUT, Stage.DONE)
    conversation = Conversation.get()
    assert conversation.status is ConversationStatus.PENDING
    assert conversation.waiting_since is None
    assert Clock.get().met_at is not None


def test_an_old_native_reply_does_not_answer_a_newer_question(
    inbox: Inbox, wall: Wall, question: InboxMessage
) -> None:
    answer = post("n1", "Hi!", from_us=True, parent_id="m1", minute=1)
    again = post("m2", "Still nothing?", parent_id="m1", minute=5)

    inbox.receive("wall", wall.payload(again))
    inbox.receive("wall", wall.payload(answer))

    assert Conversation.get().status is ConversationStatus.OPEN
    assert Conversation.get().waiting_since is not None


def test_a_confirmation_twice_changes_nothing(
    inbox: Inbox, wall: Wall, question: InboxMessage
) -> None:
    inbox.reply(question, "Yes")
    body = wall.payload(post("reply-1", "Yes", from_us=True, parent_id="m1", minute=3))
    inbox.receive("wall", body)
    before, events = list(Reply.select().dicts()), inbox.timeline(question.conversation_id)

    inbox.advance(minutes=1)
    inbox.receive("wall", body)

    assert list(Reply.select().dicts()) == before
    assert inbox.timeline(question.conversation_id) == events
