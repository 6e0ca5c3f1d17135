"""Drafts, saved replies, sign-offs, mentions, and the doubts before an answer leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from earful import Capabilities, Capability, ReplyPermission, Surface, actions
from earful.actions import SYSTEM, Actor, DraftConflict, NeedsConfirmation, NewerMessage
from earful.business_hours import BusinessHours
from earful.errors import ActionRefused
from earful.store.models import (
    AuditEvent,
    Channel,
    Conversation,
    Draft,
    Mention,
    Message,
    Reply,
    SavedReply,
)
from earful.store.queries import writing
from earful.store.queries.telling import notices
from earful.store.states import ConversationStatus, ReplyState, Role, WritingMode
from earful.testing.inbox import Inbox, InboxMessage

from tests.core.conftest import agent
from tests.wall import Wall, post

PUBLIC, PRIVATE, NOTE = WritingMode.PUBLIC, WritingMode.PRIVATE, WritingMode.NOTE


@pytest.fixture
def message(inbox: Inbox, wall: Wall) -> InboxMessage:
    (arrived,) = inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    return arrived


def draft(inbox: Inbox, actor: Actor, message: InboxMessage, text: str, version: int) -> int:
    return actions.save_draft(
        inbox.runtime,
        actor,
        message.conversation_id,
        mode=PUBLIC,
        text=text,
        version=version,
        now=inbox.now,
    )


def submit(inbox: Inbox, actor: Actor, message: InboxMessage, text: str, **more: Any) -> Reply:
    reply_id = actions.submit_reply(
        inbox.runtime,
        actor,
        message.conversation_id,
        message_id=message.id,
        text=text,
        last_seen_message_id=message.id,
        now=inbox.now,
        **more,
    )
    return Reply.get_by_id(reply_id)


def saved(inbox: Inbox, actor: Actor, **facts: Any) -> int:
    facts = {"name": "Hello", "text": "Hi {contact.first_name}"} | facts
    return actions.save_saved_reply(inbox.runtime, actor, None, now=inbox.now, **facts)


def test_a_draft_is_one_row_that_counts_its_changes(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    assert draft(inbox, sam, message, "We", 0) == 1
    assert draft(inbox, sam, message, "We look", 1) == 2
    assert draft(inbox, sam, message, "We look", 1) == 2  # sent twice by a shaky connection
    (kept,) = writing.drafts(sam.agent_id or 0, message.conversation_id).values()
    assert (kept.text, kept.version, kept.mode) == ("We look", 2, PUBLIC)


def test_a_draft_changed_elsewhere_is_not_overwritten(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    draft(inbox, sam, message, "On the phone", 0)
    for version in (0, 7):
        with pytest.raises(DraftConflict) as caught:
            draft(inbox, sam, message, "At the desk", version)
        assert (caught.value.text, caught.value.version) == ("On the phone", 1)
    assert draft(inbox, sam, message, "At the desk", caught.value.version) == 2


def test_an_emptied_draft_is_gone_and_can_begin_again(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    draft(inbox, sam, message, "We", 0)
    assert draft(inbox, sam, message, " ", 1) == 0
    assert Draft.select().count() == 0
    assert draft(inbox, sam, message, "Now", 5) == 6


def test_drafts_are_everybodys_own_and_only_of_those_who_answer(
    inbox: Inbox, sam: Actor, admin: Actor, message: InboxMessage
) -> None:
    draft(inbox, sam, message, "Sam's", 0)
    assert writing.drafts(admin.agent_id or 0, message.conversation_id) == {}
    with pytest.raises(ActionRefused, match="needs the role"):
        draft(inbox, agent(Role.VIEWER, "vera"), message, "x", 0)
    with pytest.raises(ActionRefused, match="Only people"):
        draft(inbox, SYSTEM, message, "x", 0)
    missing = InboxMessage(**{**vars_of(message), "conversation_id": 999})
    with pytest.raises(ActionRefused, match="does not exist"):
        draft(inbox, sam, missing, "x", 0)


def vars_of(message: InboxMessage) -> dict[str, Any]:
    return {name: getattr(message, name) for name in InboxMessage.__dataclass_fields__}


def test_sending_takes_the_draft_and_undoing_brings_it_back_before_what_came_since(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    draft(inbox, sam, message, "Here it is", 0)
    reply = submit(inbox, sam, message, "Here it is")
    assert Draft.select().count() == 0
    draft(inbox, sam, message, "One more thing", 0)
    undone = actions.undo_reply(inbox.runtime, sam, reply.id, now=inbox.now)
    assert undone.draft == "Here it is\n\nOne more thing"
    assert Draft.get().text == undone.draft
    assert draft(inbox, sam, message, "Better", undone.version) == undone.version + 1


def test_a_note_takes_only_its_own_draft(inbox: Inbox, sam: Actor, message: InboxMessage) -> None:
    draft(inbox, sam, message, "An answer", 0)
    common: dict[str, Any] = {"text": "For us", "version": 0, "now": inbox.now}
    actions.save_draft(inbox.runtime, sam, message.conversation_id, mode=NOTE, **common)
    actions.add_note(inbox.runtime, sam, message.conversation_id, "For us", now=inbox.now)
    assert [(each.mode, each.text) for each in Draft.select()] == [(PUBLIC, "An answer")]


def test_the_sign_off_is_sent_counted_and_taken_off_again(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    channel = Channel.get(Channel.name == "wall")
    actions.set_sign_off(inbox.runtime, sam, channel.id, " ^SB ", now=inbox.now)
    wall.reply_length = 10
    with pytest.raises(ActionRefused, match="11 of 10"):
        submit(inbox, sam, message, "1234567")
    reply = submit(inbox, sam, message, "123456")
    assert (reply.text, reply.sign_off) == ("123456 ^SB", "^SB")
    assert actions.undo_reply(inbox.runtime, sam, reply.id, now=inbox.now).text == "123456"
    assert submit(inbox, sam, message, "12345 ^SB").text == "12345 ^SB"
    actions.set_sign_off(inbox.runtime, sam, channel.id, "", now=inbox.now)
    assert submit(inbox, sam, message, "1234567").text == "1234567"
    with pytest.raises(ActionRefused, match="channel"):
        actions.set_sign_off(inbox.runtime, sam, 999, "x", now=inbox.now)


def test_variables_are_filled_in_and_a_missing_one_blocks(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    reply = submit(inbox, sam, message, "Hi {contact.first_name}, {agent.name} here")
    assert reply.text == "Hi Ann, sam here"
    with pytest.raises(ActionRefused, match=r"\{contact.handle\}: write it yourself"):
        submit(inbox, sam, message, "Hi {contact.handle}")


def test_a_scheduled_reply_waits_for_its_moment(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    tomorrow = inbox.now + timedelta(days=1)
    reply = submit(inbox, sam, message, "Good morning", send_at=tomorrow)
    assert (reply.due_at, reply.scheduled) == (tomorrow, True)
    inbox.advance(hours=23)
    inbox.tick()
    assert wall.sent == []
    inbox.advance(hours=1)
    inbox.tick()
    assert [each.text for each in wall.sent] == ["Good morning"]


def write_again(inbox: Inbox, wall: Wall, text: str = "Never mind") -> InboxMessage:
    (arrived,) = inbox.receive("wall", wall.payload(post("m2", text, thread_id="t", minute=5)))
    return arrived


def test_a_scheduled_reply_is_held_when_somebody_wrote_before_its_time(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    reply = submit(inbox, sam, message, "Good morning", send_at=inbox.now + timedelta(days=1))
    write_again(inbox, wall)
    inbox.advance(days=1)
    inbox.tick()
    inbox.sweep()
    inbox.tick()

    assert wall.sent == []
    assert Reply.get_by_id(reply.id).state is ReplyState.HELD
    assert inbox.timeline(message.conversation_id)[-1] == "reply_held"
    assert [each.kind for each in notices(sam.agent_id or 0)] == ["reply_held"]


def test_what_was_held_is_sent_when_somebody_says_so_even_if_more_came(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    reply = submit(inbox, sam, message, "Good morning", send_at=inbox.now + timedelta(days=1))
    write_again(inbox, wall)
    inbox.advance(days=1)
    inbox.tick()
    actions.retry_reply(inbox.runtime, sam, reply.id, now=inbox.now)
    inbox.tick()

    assert [each.text for each in wall.sent] == ["Good morning"]


def test_what_was_held_can_be_written_anew(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    reply = submit(inbox, sam, message, "Good morning", send_at=inbox.now + timedelta(days=1))
    write_again(inbox, wall)
    inbox.advance(days=1)
    inbox.tick()

    undone = actions.undo_reply(inbox.runtime, sam, reply.id, now=inbox.now)
    assert (undone.text, undone.draft) == ("Good morning", "Good morning")
    assert Reply.get_by_id(reply.id).state is ReplyState.UNDONE


def test_what_its_author_was_told_of_holds_nothing(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    write_again(inbox, wall)
    later = inbox.now + timedelta(days=1)
    with pytest.raises(NewerMessage):
        submit(inbox, sam, message, "Good morning", send_at=later)
    submit(inbox, sam, message, "Good morning", send_at=later, force=True)
    inbox.advance(days=1)
    inbox.tick()

    assert len(wall.sent) == 1


def test_what_a_colleague_wrote_meanwhile_holds_the_reply(
    inbox: Inbox, sam: Actor, admin: Actor, message: InboxMessage
) -> None:
    key, unseen = message.conversation_id, {"last_seen_reply_id": 0, "last_seen_note_id": 0}
    mine = submit(inbox, sam, message, "Mine", **unseen)
    actions.undo_reply(inbox.runtime, sam, mine.id, now=inbox.now)
    theirs = submit(inbox, admin, message, "Yes, you get it back.", **unseen)
    note_id = actions.add_note(inbox.runtime, admin, key, "I take care of it", now=inbox.now)

    with pytest.raises(NewerMessage, match=r"Not sent: maya answered or left a note") as caught:
        submit(inbox, sam, message, "No, you do not.", **unseen)
    assert caught.value.count == 2
    with pytest.raises(NewerMessage):
        submit(inbox, sam, message, "No.", last_seen_reply_id=theirs.id, last_seen_note_id=0)
    submit(inbox, sam, message, "Right", last_seen_reply_id=theirs.id, last_seen_note_id=note_id)
    submit(inbox, sam, message, "All the same", force=True, **unseen)


def test_what_a_colleague_took_back_holds_nothing(
    inbox: Inbox, sam: Actor, admin: Actor, message: InboxMessage
) -> None:
    theirs = submit(inbox, admin, message, "Yes, you get it back.")
    actions.undo_reply(inbox.runtime, admin, theirs.id, now=inbox.now)
    submit(inbox, sam, message, "No.", last_seen_reply_id=0, last_seen_note_id=0)


def test_a_reply_that_was_not_scheduled_is_not_held(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    submit(inbox, sam, message, "At once")
    write_again(inbox, wall)
    inbox.advance(minutes=1)
    inbox.tick()

    assert len(wall.sent) == 1


def test_what_we_wrote_ourselves_and_other_conversations_hold_nothing(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    submit(inbox, sam, message, "Good morning", send_at=inbox.now + timedelta(days=1))
    ours = post("o1", "From us", by="us", from_us=True, thread_id="t", minute=6)
    inbox.receive("wall", wall.payload(ours, post("x1", by="bob", thread_id="other", minute=7)))
    inbox.advance(days=1)
    inbox.tick()

    assert len(wall.sent) == 1


def test_a_moment_that_cannot_be_is_refused(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    hour = timedelta(hours=1)
    for send_at in (inbox.now - hour, inbox.now + timedelta(days=400)):
        with pytest.raises(ActionRefused, match="within the next year"):
            submit(inbox, sam, message, "x", send_at=send_at)
    with pytest.raises(ActionRefused, match="after the sending"):
        submit(
            inbox, sam, message, "x", send_at=inbox.now + 2 * hour, snooze_until=inbox.now + hour
        )
    wall.permission = ReplyPermission(allowed=True, until=inbox.now + hour)
    inbox.runtime.configured_hours = BusinessHours.always("Asia/Tokyo")
    until = (inbox.now + hour).astimezone(ZoneInfo("Asia/Tokyo"))
    with pytest.raises(ActionRefused, match=f"only until .*, {until:%H:%M}\\."):
        submit(inbox, sam, message, "x", send_at=inbox.now + 2 * hour)


def test_send_and_snooze_puts_it_away_once_it_is_sent(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    monday = inbox.now + timedelta(days=3)
    submit(inbox, sam, message, "I will ask", snooze_until=monday)
    assert Conversation.get().status is ConversationStatus.OPEN
    inbox.advance(minutes=1)
    inbox.tick()
    row = Conversation.get()
    assert (row.status, row.snoozed_until) == (ConversationStatus.SNOOZED, monday)
    inbox.advance(days=4)
    inbox.tick()
    assert Conversation.get().status is ConversationStatus.OPEN


def test_a_private_message_is_never_answered_in_public(
    inbox: Inbox, wall: Wall, sam: Actor
) -> None:
    payload = wall.payload(post("p1", thread_id="dm", surface=Surface.PRIVATE))
    (private,) = inbox.receive("wall", payload)
    with pytest.raises(ActionRefused, match="answered in private"):
        submit(inbox, sam, private, "Hi", surface=Surface.PUBLIC_REPLY)
    assert submit(inbox, sam, private, "Hi").surface is Surface.PRIVATE


def doubts(inbox: Inbox, actor: Actor, message: InboxMessage, text: str, **more: Any) -> list[str]:
    """The codes of what holds this reply back."""
    with pytest.raises(NeedsConfirmation) as caught:
        submit(inbox, actor, message, text, **{"accepted": ()} | more)
    return [each.code for each in caught.value.cautions]


def test_personal_data_in_public_is_held_until_somebody_says_so(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    text = "Your order 882130044 is ready"
    assert doubts(inbox, sam, message, text) == ["personal"]
    assert doubts(inbox, sam, message, text, accepted=["again"]) == ["personal"]
    assert submit(inbox, sam, message, text, accepted=["personal"]).state is ReplyState.QUEUED
    payload = wall.payload(post("p1", thread_id="dm", surface=Surface.PRIVATE))
    (private,) = inbox.receive("wall", payload)
    assert submit(inbox, sam, private, f"{text}!", accepted=()).state is ReplyState.QUEUED


def test_a_colleagues_note_at_the_end_asks_who_is_meant(
    inbox: Inbox, wall: Wall, sam: Actor, admin: Actor, message: InboxMessage
) -> None:
    inbox.advance(minutes=1)
    actions.add_note(inbox.runtime, admin, message.conversation_id, "Any idea?", now=inbox.now)
    inbox.advance(minutes=1)
    assert doubts(inbox, sam, message, "No idea") == ["after_note"]
    assert submit(inbox, admin, message, "Hello Ann", accepted=()).text == "Hello Ann"
    inbox.advance(minutes=1)
    assert submit(inbox, sam, message, "Me too", accepted=()).text == "Me too"


def test_the_same_words_to_the_same_person_are_noticed_in_any_conversation(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    submit(inbox, sam, message, "We are looking into it")
    (other,) = inbox.receive("wall", wall.payload(post("m2", thread_id="t2", minute=5)))
    (else_,) = inbox.receive("wall", wall.payload(post("m3", thread_id="t3", by="bob")))
    assert doubts(inbox, sam, other, "We are looking into it") == ["again"]
    assert submit(inbox, sam, else_, "We are looking into it", accepted=()).id


def test_an_undone_reply_was_not_sent_before(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    reply = submit(inbox, sam, message, "Hello")
    actions.undo_reply(inbox.runtime, sam, reply.id, now=inbox.now)
    assert submit(inbox, sam, message, "Hello", accepted=()).state is ReplyState.QUEUED


def test_saved_replies_are_the_teams_or_ones_own(
    inbox: Inbox, sam: Actor, admin: Actor, message: InboxMessage
) -> None:
    with pytest.raises(ActionRefused, match="needs the role lead"):
        saved(inbox, sam, shared=True)
    team = saved(inbox, admin, name="Team", shared=True)
    own = saved(inbox, sam, name="Own", text="Only mine")
    assert [each.name for each in writing.saved_replies(sam.agent_id)] == ["Own", "Team"]
    assert [each.name for each in writing.saved_replies(admin.agent_id)] == ["Team"]
    with pytest.raises(ActionRefused, match="does not exist"):
        actions.delete_saved_reply(inbox.runtime, admin, own, now=inbox.now)
    with pytest.raises(ActionRefused, match="needs the role lead"):
        actions.delete_saved_reply(inbox.runtime, sam, team, now=inbox.now)
    for name, text in ((" ", "x"), ("x", " "), ("x", "y" * 70_000)):
        with pytest.raises(ActionRefused):
            saved(inbox, sam, name=name, text=text)


def test_saved_replies_are_found_by_name_before_text_and_by_channel(
    inbox: Inbox, sam: Actor
) -> None:
    saved(inbox, sam, name="Opening hours", text="We open at nine")
    saved(inbox, sam, name="Late opening", text="Today until ten")
    saved(inbox, sam, name="Parcel", text="We are opening a case", channels=["fence", "nowhere"])
    found = [each.name for each in writing.saved_replies(sam.agent_id, search="OPENING")]
    assert found == ["Opening hours", "Late opening", "Parcel"]
    here = writing.saved_replies(sam.agent_id, channel="wall")
    assert {each.name for each in here} == {"Opening hours", "Late opening"}
    assert SavedReply.get(SavedReply.name == "Parcel").channels == ["fence"]


def test_a_saved_reply_counts_its_use_and_outlives_nothing(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    number = saved(inbox, sam)
    actions.save_draft(
        inbox.runtime,
        sam,
        message.conversation_id,
        mode=PRIVATE,
        text="Hi",
        version=0,
        saved_reply_id=number,
        now=inbox.now,
    )
    submit(inbox, sam, message, "Hi Ann", saved_reply_id=number, accepted=())
    assert SavedReply.get().used == 1
    actions.delete_saved_reply(inbox.runtime, sam, number, now=inbox.now)
    assert Draft.get().saved_reply_id is None
    submit(inbox, sam, message, "Hi again", saved_reply_id=number)


def test_a_note_mentions_those_it_names(
    inbox: Inbox, sam: Actor, admin: Actor, message: InboxMessage
) -> None:
    ann, ann_lee = agent(Role.VIEWER, "Ann"), agent(Role.AGENT, "Ann Lee")
    text = "@ann lee and @MAYA: look. @sam me, @nobody, a@maya, @Annabel"
    actions.add_note(inbox.runtime, sam, message.conversation_id, text, now=inbox.now)
    named = {row.agent_id for row in Mention.select()}
    assert named == {ann_lee.agent_id, admin.agent_id}
    assert ann.agent_id not in named
    actions.mark_read(inbox.runtime, admin, message.conversation_id, message.id, now=inbox.now)
    seen = {row.agent_id: row.seen_at for row in Mention.select()}
    assert seen == {ann_lee.agent_id: None, admin.agent_id: inbox.now}


def test_what_changes_saved_replies_and_sign_offs_is_audited(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    number = saved(inbox, sam)
    actions.delete_saved_reply(inbox.runtime, sam, number, now=inbox.now)
    channel = Channel.get(Channel.name == "wall")
    actions.set_sign_off(inbox.runtime, sam, channel.id, "^S", now=inbox.now)
    assert [row.action for row in AuditEvent.select().order_by(AuditEvent.id)] == [
        "saved_reply.save",
        "saved_reply.delete",
        "agent.sign_off",
    ]


def test_the_limit_of_private_answers_is_their_own(
    inbox: Inbox, wall: Wall, sam: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    can = Capabilities(reply=Capability(allowed=True), reply_length=5, private_reply_length=20)
    monkeypatch.setattr(
        type(inbox.runtime.channels["wall"]), "capabilities", property(lambda _: can)
    )
    payload = wall.payload(post("p1", thread_id="dm", surface=Surface.PRIVATE))
    (private,) = inbox.receive("wall", payload)
    assert submit(inbox, sam, private, "1234567890").text == "1234567890"
    assert Message.select().count() == 1
