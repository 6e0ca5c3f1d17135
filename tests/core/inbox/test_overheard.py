"""What a watch term found without anybody speaking to us: kept, found again, in nobody's way."""

from __future__ import annotations

from typing import Any

from earful import InboundMessage
from earful.store.models import Clock, Conversation, Message, MessageLabel, Notification
from earful.testing.inbox import Inbox, InboxMessage

from tests.wall import Wall, post


def overheard(
    external_id: str = "talk", text: str = "Which bike lock is best?", **fields: Any
) -> InboundMessage:
    return post(external_id, text, opens=False, labels=("watch:industry",), **fields)


def received(inbox: Inbox, wall: Wall, *items: object) -> list[InboxMessage]:
    return inbox.receive("wall", wall.payload(*items))


def test_it_is_kept_ignored_and_labelled(inbox: Inbox, wall: Wall) -> None:
    (message,) = received(inbox, wall, overheard())
    assert (message.status, message.queue) == ("ignored", None)
    assert message.labels == ("watch:industry",)
    assert MessageLabel.get().classifier == "channel"
    assert Message.get().stage == "done"
    assert not Clock.select().exists()
    assert not Notification.select().exists()
    inbox.advance(hours=1)
    inbox.sweep()
    assert inbox.messages() == [message]


def test_more_of_the_same_talk_stays_ignored(inbox: Inbox, wall: Wall) -> None:
    received(inbox, wall, overheard(thread_id="t"))
    (second,) = received(inbox, wall, overheard("more", "Mine broke.", thread_id="t", minute=1))
    assert (second.status, second.queue) == ("ignored", None)


def test_who_turns_to_us_in_such_a_talk_opens_it(inbox: Inbox, wall: Wall) -> None:
    (first,) = received(inbox, wall, overheard(thread_id="t"))
    (second,) = received(inbox, wall, post("ask", "And you, @us?", thread_id="t", minute=1))
    assert second.conversation_id == first.conversation_id
    assert (second.status, second.queue) == ("open", "General")
    assert Conversation.get().waiting_since is not None


def test_talk_and_mention_in_one_batch_open_together(inbox: Inbox, wall: Wall) -> None:
    messages = received(
        inbox, wall, overheard(thread_id="t"), post("ask", "@us?", thread_id="t", minute=1)
    )
    assert {(each.status, each.queue) for each in messages} == {("open", "General")}


def test_a_copy_that_was_said_to_us_opens_it(inbox: Inbox, wall: Wall) -> None:
    received(inbox, wall, overheard())
    received(inbox, wall, post("talk", "Which bike lock is best?"))
    inbox.advance(minutes=5)
    inbox.sweep()
    (message,) = inbox.messages()
    assert (message.status, message.queue) == ("open", "General")


def test_two_copies_in_one_batch_count_as_said_to_us(inbox: Inbox, wall: Wall) -> None:
    for order in (False, True):
        copies = [overheard(f"talk {order}"), post(f"talk {order}", "Which bike lock is best?")]
        (message,) = received(inbox, wall, *(reversed(copies) if order else copies))
        assert (message.status, message.labels) == ("open", ("watch:industry",))


def test_in_a_known_conversation_it_is_a_message_like_any_other(inbox: Inbox, wall: Wall) -> None:
    received(inbox, wall, post("ask", thread_id="t"))
    (second,) = received(inbox, wall, overheard("talk", thread_id="t", minute=1))
    assert (second.status, second.queue) == ("open", "General")


def test_what_an_agent_ignored_stays_ignored(inbox: Inbox, wall: Wall) -> None:
    received(inbox, wall, post("ask", thread_id="t"))
    Conversation.update(status="ignored").execute()
    (second,) = received(inbox, wall, post("again", "And?", thread_id="t", minute=1))
    assert second.status == "ignored"


def test_what_is_no_label_is_left_out(inbox: Inbox, wall: Wall) -> None:
    strange = ("nonsense", "watch:" + "x" * 300, "Watch:Bike", "<b>:x", "watch:bike")
    (message,) = received(inbox, wall, post("ask", labels=strange))
    assert message.labels == ("watch:bike",)
