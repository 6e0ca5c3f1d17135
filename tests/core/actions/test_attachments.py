"""Files beside what somebody writes: whose they are, what is taken, and where they go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from earful import Capabilities, Capability, Media, OutboundReply, ReplyPermission, actions
from earful.actions import SYSTEM, Actor, attachments
from earful.errors import ActionRefused
from earful.inbox.attaching import LARGEST
from earful.pipeline import outbox
from earful.store.contact_export import exported_contact
from earful.store.database import is_postgres, rows, transaction
from earful.store.export import exported_conversations
from earful.store.models import Conversation, Reply, ReplyAttachment, database
from earful.store.queries.attachments import attachment_content, unsent_attachments
from earful.store.queries.timeline import timeline
from earful.store.states import ReplyState, Role, WritingMode
from earful.testing.inbox import Inbox, InboxMessage
from earful.ticker import purge
from earful.types import Surface

from tests import pictures
from tests.core.conftest import agent
from tests.wall import Wall, post

PUBLIC, PRIVATE, NOTE = WritingMode.PUBLIC, WritingMode.PRIVATE, WritingMode.NOTE
YES = Capability(allowed=True)
TAKES = {"image/png": 100_000, "image/jpeg": 100_000}
CAN = Capabilities(
    surfaces=frozenset({Surface.PUBLIC_REPLY, Surface.PRIVATE}),
    reply=YES,
    private_reply=YES,
    media=YES,
    public_media=Media(largest=TAKES, most=2, alt_length=20),
    private_media=Media(largest={"image/png": 1000}, needs_words=True),
)


@pytest.fixture
def message(inbox: Inbox, wall: Wall) -> InboxMessage:
    wall.can = CAN
    (arrived,) = inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    return arrived


def attach(
    inbox: Inbox, actor: Actor, message: InboxMessage, data: bytes = b"", **facts: Any
) -> int:
    facts = {"mode": PUBLIC, "name": "parcel.png"} | facts
    return actions.attach(
        inbox.runtime, actor, message.conversation_id, data=data or pictures.png(), now=inbox.now,
        **facts,
    )  # fmt: skip


def submit(
    inbox: Inbox, actor: Actor, message: InboxMessage, files: dict[int, str], **more: Any
) -> Reply:
    more = {"text": "Here it is"} | more
    reply_id = actions.submit_reply(
        inbox.runtime,
        actor,
        message.conversation_id,
        message_id=message.id,
        last_seen_message_id=message.id,
        attachments=files,
        now=inbox.now,
        **more,
    )
    return Reply.get_by_id(reply_id)


def leave(inbox: Inbox) -> None:
    """All that was submitted goes out, but what is planned for later."""
    inbox.advance(minutes=1)
    for reply in Reply.select().where(Reply.state == ReplyState.QUEUED).order_by(Reply.id):
        outbox.send_reply(inbox.runtime, reply.id, now=inbox.now)


def beside(actor: Actor, message: InboxMessage, mode: WritingMode = PUBLIC) -> list[int]:
    found = unsent_attachments(actor.agent_id or 0, message.conversation_id)
    return [line.id for line in found.get(mode, ())]


def sent_files(wall: Wall) -> list[tuple[str, str, str, bytes]]:
    reply: OutboundReply = wall.sent[-1]
    return [(each.name, each.content_type, each.alt, each.data) for each in reply.attachments]


def test_a_picture_goes_out_with_the_reply_and_its_description(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    first = attach(inbox, sam, message)
    second = attach(inbox, sam, message, pictures.jpeg_from_a_camera(), name="../p.exe")
    actions.describe_attachment(inbox.runtime, sam, first, "typed before", now=inbox.now)
    reply = submit(inbox, sam, message, {first: "A parcel", second: ""})
    assert beside(sam, message) == []

    leave(inbox)

    assert sent_files(wall) == [
        ("parcel.png", "image/png", "A parcel", pictures.png()),
        ("p.jpg", "image/jpeg", "", pictures.JPEG),
    ]
    assert Reply.get_by_id(reply.id).state is ReplyState.SENT
    (line,) = timeline(message.conversation_id).replies
    assert [(each.name, each.alt, each.width) for each in line.attachments] == [
        ("parcel.png", "A parcel", 3),
        ("p.jpg", "", 3),
    ]


def test_a_reply_that_is_sent_again_carries_the_same_files(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    reply = submit(inbox, sam, message, {attach(inbox, sam, message): ""})
    wall.sends.append(TimeoutError("cut"))
    leave(inbox)
    assert Reply.get_by_id(reply.id).state is ReplyState.UNCONFIRMED
    inbox.advance(minutes=2)
    outbox.find_reply(inbox.runtime, reply.id, now=inbox.now)
    outbox.send_reply(inbox.runtime, reply.id, now=inbox.now)
    outbox.send_reply(inbox.runtime, reply.id, now=inbox.now)
    assert len(wall.sent) == 2
    assert wall.sent[0].attachments == wall.sent[1].attachments != ()


def test_a_file_is_taken_once(inbox: Inbox, sam: Actor, message: InboxMessage) -> None:
    file = attach(inbox, sam, message)
    submit(inbox, sam, message, {file: ""})
    with pytest.raises(ActionRefused, match="no longer here"):
        submit(inbox, sam, message, {file: ""}, text="Again")
    assert Reply.select().count() == 1


def test_a_refused_reply_leaves_files_and_draft_alone(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    file = attach(inbox, sam, message)
    for files, why in (
        ({file: "x" * 21}, "21 of 20"),
        ({file: "", 999: ""}, "no longer here"),
    ):
        with pytest.raises(ActionRefused, match=why):
            submit(inbox, sam, message, files)
    assert beside(sam, message) == [file]
    assert Reply.select().count() == 0


def test_undoing_brings_the_files_back(inbox: Inbox, sam: Actor, message: InboxMessage) -> None:
    file = attach(inbox, sam, message)
    reply = submit(inbox, sam, message, {file: "A parcel"})
    actions.undo_reply(inbox.runtime, sam, reply.id, now=inbox.now)
    (line,) = unsent_attachments(sam.agent_id or 0, message.conversation_id)[PUBLIC]
    assert (line.id, line.alt, line.is_kept) == (file, "A parcel", True)
    wordless = submit(inbox, sam, message, {file: line.alt}, text="")
    actions.save_draft(
        inbox.runtime, sam, message.conversation_id, mode=PUBLIC, text="Since then", version=0,
        now=inbox.now,
    )  # fmt: skip
    undone = actions.undo_reply(inbox.runtime, sam, wordless.id, now=inbox.now)
    assert (undone.text, undone.draft, undone.version) == ("", "Since then", 1)


def test_a_picture_can_stand_for_itself_where_the_channel_says_so(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    with pytest.raises(ActionRefused, match="Write something"):
        submit(inbox, sam, message, {}, text=" ")
    reply = submit(inbox, sam, message, {attach(inbox, sam, message): ""}, text=" ")
    actions.undo_reply(inbox.runtime, sam, reply.id, now=inbox.now)
    submit(inbox, sam, message, dict.fromkeys(beside(sam, message), ""), text="")
    leave(inbox)
    assert wall.sent[-1].text == ""
    private = attach(inbox, sam, message, mode=PRIVATE)
    with pytest.raises(ActionRefused, match="Write some words"):
        submit(inbox, sam, message, {private: ""}, text="", surface=Surface.PRIVATE)


def test_a_channel_that_takes_nothing_gets_nothing_and_says_why(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    file = attach(inbox, sam, message)
    reply = submit(inbox, sam, message, {file: ""})
    no = Capability(allowed=False, reason="Words only.")
    wall.can = Capabilities(reply=YES, media=no)
    with pytest.raises(ActionRefused, match="Words only"):
        attach(inbox, sam, message)
    leave(inbox)
    assert wall.sent == []
    kept = Reply.get_by_id(reply.id)
    assert (kept.state, kept.error) == (ReplyState.FAILED, "Words only.")


def test_what_the_surface_or_this_answer_does_not_take_is_refused(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    with pytest.raises(ActionRefused, match="A note takes no"):
        attach(inbox, sam, message, mode=NOTE)
    with pytest.raises(ActionRefused, match="JPEG is not taken here: PNG pictures are"):
        attach(inbox, sam, message, pictures.JPEG, mode=PRIVATE)
    file = attach(inbox, sam, message)
    no = Capability(allowed=False, reason="Not on this one.")
    wall.permission = ReplyPermission(allowed=True, media=no)
    with pytest.raises(ActionRefused, match="Not on this one"):
        submit(inbox, sam, message, {file: ""})
    submit(inbox, sam, message, {})


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<svg/>", "no JPEG, PNG, GIF or WebP"),
        (pictures.GIF, "GIF is not taken here: JPEG or PNG pictures are"),
        (pictures.png()[:33] + pictures.png_part(b"IDAT", b"\0" * 200_000) + pictures.png()[33:],
         r"too large: 200 KB, and at most 100 KB"),
        (pictures.png() + b"\0" * LARGEST, r"too large: 8\.0 MB, and at most 8\.0 MB"),
    ],
    ids=["svg", "gif", "large", "huge"],
)  # fmt: skip
def test_what_is_not_taken_is_refused_in_words(
    inbox: Inbox, sam: Actor, message: InboxMessage, data: bytes, why: str
) -> None:
    with pytest.raises(ActionRefused, match=why):
        attach(inbox, sam, message, data)
    assert beside(sam, message) == []


def test_there_is_an_end_to_how_many(
    inbox: Inbox, sam: Actor, message: InboxMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        attach(inbox, sam, message)
    with pytest.raises(ActionRefused, match="Only 2 files can be attached"):
        attach(inbox, sam, message)
    attach(inbox, sam, message, mode=PRIVATE)
    actions.remove_attachment(inbox.runtime, sam, beside(sam, message, PRIVATE)[0], now=inbox.now)
    actions.remove_attachment(inbox.runtime, sam, beside(sam, message)[0], now=inbox.now)
    for name, why in (("MOST_UNSENT", "wait in drafts"), ("MOST_AT_ONCE", "in a short time")):
        with monkeypatch.context() as patch:
            patch.setattr(attachments, name, 1)
            with pytest.raises(ActionRefused, match=why):
                attach(inbox, sam, message)


def test_files_are_everybodys_own_until_they_are_sent(
    inbox: Inbox, sam: Actor, admin: Actor, message: InboxMessage
) -> None:
    file = attach(inbox, sam, message)
    me, other = sam.agent_id or 0, admin.agent_id or 0
    assert attachment_content(file, me)
    assert attachment_content(file, other) is None
    assert beside(admin, message) == []
    with pytest.raises(ActionRefused, match="no longer here"):
        actions.describe_attachment(inbox.runtime, admin, file, "x", now=inbox.now)
    actions.remove_attachment(inbox.runtime, admin, file, now=inbox.now)
    with pytest.raises(ActionRefused, match="no longer here"):
        submit(inbox, admin, message, {file: ""})
    with pytest.raises(ActionRefused, match="needs the role"):
        attach(inbox, agent(Role.VIEWER, "vera"), message)
    with pytest.raises(ActionRefused, match="Only people"):
        attach(inbox, SYSTEM, message)
    submit(inbox, sam, message, {file: ""})
    found = attachment_content(file, other)
    assert found
    assert found.body == pictures.png()


def test_a_file_of_another_conversation_cannot_be_sent_here(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    (other,) = inbox.receive("wall", wall.payload(post("m2", by="eve", thread_id="t2")))
    file = attach(inbox, sam, other)
    with pytest.raises(ActionRefused, match="no longer here"):
        submit(inbox, sam, message, {file: ""})


def test_files_follow_an_answer_to_another_audience_and_are_checked_there(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    file = attach(inbox, sam, message, pictures.JPEG)
    move = {"mode": PUBLIC, "to": PRIVATE, "now": inbox.now}
    for _ in range(2):
        actions.move_attachments(inbox.runtime, sam, message.conversation_id, **move)
    assert (beside(sam, message), beside(sam, message, PRIVATE)) == ([], [file])
    with pytest.raises(ActionRefused, match="JPEG is not taken here"):
        submit(inbox, sam, message, {file: ""}, surface=Surface.PRIVATE)
    with pytest.raises(ActionRefused, match="A note takes no"):
        actions.move_attachments(inbox.runtime, sam, message.conversation_id, **move | {"to": NOTE})


def test_what_was_never_sent_goes_after_a_while_unless_words_wait_with_it(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    alone = attach(inbox, sam, message, mode=PRIVATE)
    waits = attach(inbox, sam, message)
    actions.save_draft(
        inbox.runtime, sam, message.conversation_id, mode=PUBLIC, text="We", version=0,
        now=inbox.now,
    )  # fmt: skip
    purge(inbox.runtime, now=inbox.now + timedelta(days=13))
    assert beside(sam, message, PRIVATE) == [alone]
    for days in (14, 14, 30):
        purge(inbox.runtime, now=inbox.now + timedelta(days=days))
    assert (beside(sam, message), beside(sam, message, PRIVATE)) == ([waits], [])


def test_the_bytes_of_what_was_sent_go_after_their_time_and_the_facts_stay(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    file = attach(inbox, sam, message)
    later = inbox.now + timedelta(days=400)
    planned = submit(
        inbox, sam, message, {attach(inbox, sam, message): ""}, text="Later",
        send_at=inbox.now + timedelta(days=360),
    )  # fmt: skip
    submit(inbox, sam, message, {file: "A parcel"})
    leave(inbox)
    for _ in range(2):
        purge(inbox.runtime, now=later)
    (line,) = [each for each in timeline(message.conversation_id).replies if each.id != planned.id]
    assert [(each.alt, each.is_kept) for each in line.attachments] == [("A parcel", False)]
    assert attachment_content(file, sam.agent_id or 0) is None
    assert ReplyAttachment.get_by_id(file).body == b""
    kept = ReplyAttachment.get(ReplyAttachment.reply == planned)
    assert kept.body


def test_a_failed_reply_whose_file_is_gone_is_not_sent_without_it(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    reply = submit(inbox, sam, message, {attach(inbox, sam, message): ""})
    Reply.update(state=ReplyState.FAILED).execute()
    purge(inbox.runtime, now=inbox.now + timedelta(days=400))
    actions.retry_reply(inbox.runtime, sam, reply.id, now=inbox.now)
    outbox.send_reply(inbox.runtime, reply.id, now=inbox.now)
    assert wall.sent == []
    assert "attach it again" in Reply.get_by_id(reply.id).error


def test_erasing_a_person_takes_the_files_too(
    inbox: Inbox, sam: Actor, admin: Actor, message: InboxMessage
) -> None:
    submit(inbox, sam, message, {attach(inbox, sam, message): "A parcel"})
    leave(inbox)
    attach(inbox, sam, message, mode=PRIVATE)
    contact = Conversation.get_by_id(message.conversation_id).contact_id
    assert '"alt": "A parcel"' in "".join(exported_contact(contact))
    actions.erase_contact(inbox.runtime, admin, contact, "erase", now=inbox.now)
    assert ReplyAttachment.select().count() == 0


def test_exports_tell_of_files_without_their_bytes(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    submit(inbox, sam, message, {attach(inbox, sam, message): "A parcel"})
    told = {
        "name": "parcel.png",
        "content_type": "image/png",
        "size": len(pictures.png()),
        "alt": "A parcel",
    }
    (conversation,) = exported_conversations()
    assert conversation["replies"][0]["attachments"] == [told]
    contact = Conversation.get_by_id(message.conversation_id).contact_id
    whole = "".join(exported_contact(contact))
    assert "parcel.png" in whole
    assert '"body"' not in whole


@pytest.mark.parametrize(
    ("index", "where"),
    [
        ("unsent", "agent_id = 1 AND conversation_id = 1 AND reply_id IS NULL"),
        ("sent", "reply_id IN (1, 2)"),
        ("kept", "keep_until IS NOT NULL AND keep_until <= '2030-01-01'"),
        ("lately", "agent_id = 1 AND created_at > '2030-01-01'"),
    ],
)
def test_every_look_for_files_has_its_index(inbox: Inbox, index: str, where: str) -> None:
    with transaction():
        if is_postgres():
            database.execute_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN" if is_postgres() else "EXPLAIN QUERY PLAN"
        plan = rows(f"{explain} SELECT id FROM reply_attachment WHERE {where}")
    # Of an empty table PostgreSQL takes any index that serves.
    assert f"reply_attachment_{'' if is_postgres() else index}" in str(plan)
