"""What agents are told of: each kind, unless they switched it off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from earful import actions
from earful.actions import Actor
from earful.inbox.replies import fail
from earful.store.models import Agent, AgentNotification, Reply
from earful.store.queries.telling import count_unread, notices, unread_notices
from earful.store.states import Role
from earful.testing.inbox import Inbox, InboxMessage
from earful.ticker import purge

from tests.core.conftest import agent
from tests.wall import NOON, Wall, post


@pytest.fixture
def message(inbox: Inbox, wall: Wall) -> InboxMessage:
    (arrived,) = inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    return arrived


@pytest.fixture
def lena(inbox: Inbox) -> Actor:
    return agent(Role.AGENT, "lena")


def told(who: Actor) -> list[tuple[str, str]]:
    return [(each.kind, each.by.name if each.by else "") for each in notices(who.agent_id or 0)]


def test_each_kind_is_told_once_and_never_of_ones_own_doing(
    inbox: Inbox, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    key, runtime = message.conversation_id, inbox.runtime
    actions.add_note(runtime, lena, key, "@sam and @lena, look", now=NOON)
    actions.assign(runtime, lena, key, sam.agent_id, now=NOON)
    actions.ask_to_take_over(runtime, lena, key, now=NOON)
    actions.assign(runtime, lena, key, lena.agent_id, now=NOON)
    actions.assign(runtime, lena, key, None, now=NOON)
    actions.assign(runtime, sam, key, sam.agent_id, now=NOON)
    lead = agent(Role.LEAD, "lea")
    actions.return_conversations(runtime, lead, sam.agent_id or 0, now=NOON)

    assert told(lena) == []
    assert told(sam) == [
        ("returned", "lea"),
        ("taken_over", "lena"),
        ("takeover_asked", "lena"),
        ("assigned", "lena"),
        ("mention", "lena"),
    ]


def test_a_reply_that_failed_is_told_to_its_author(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    reply_id = actions.submit_reply(
        inbox.runtime, sam, message.conversation_id, message_id=message.id, text="Hi",
        last_seen_message_id=message.id, now=NOON,
    )  # fmt: skip
    assert fail(Reply.get_by_id(reply_id), "It said no.", at=NOON)

    assert told(sam) == [("reply_failed", "")]


def test_what_is_switched_off_is_not_told(
    inbox: Inbox, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    actions.set_muted(inbox.runtime, sam, ["mention.page", "assigned.browser", "x"], now=NOON)
    assert Agent.get_by_id(sam.agent_id).muted == ["mention.page", "assigned.browser"]

    actions.add_note(inbox.runtime, lena, message.conversation_id, "@sam look", now=NOON)
    actions.assign(inbox.runtime, lena, message.conversation_id, sam.agent_id, now=NOON)

    assert told(sam) == [("assigned", "lena")]


def test_reading_the_conversation_reads_what_was_told_of_it(
    inbox: Inbox, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    key = message.conversation_id
    actions.assign(inbox.runtime, lena, key, sam.agent_id, now=NOON)
    assert count_unread(sam.agent_id or 0)[0] == 1

    actions.mark_read(inbox.runtime, lena, key, message.id, now=NOON)
    assert count_unread(sam.agent_id or 0)[0] == 1
    actions.mark_read(inbox.runtime, sam, key, message.id, now=NOON)
    assert count_unread(sam.agent_id or 0) == (0, 0)
    assert [each.is_unread for each in notices(sam.agent_id or 0)] == [False]


def test_marking_all_as_read_leaves_what_came_since(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    rows = [
        AgentNotification.create(
            agent=sam.agent_id, kind="assigned", conversation=message.conversation_id, at=NOON
        )
        for _ in range(120)
    ]
    assert count_unread(sam.agent_id or 0) == (100, rows[-1].id)
    newest = unread_notices(sam.agent_id or 0, after=rows[110].id, limit=3)
    assert [each.id for each in newest] == [row.id for row in rows[:-4:-1]]

    actions.mark_all_told_read(inbox.runtime, sam, rows[-3].id, now=NOON)
    assert count_unread(sam.agent_id or 0) == (2, rows[-1].id)
    assert len(notices(sam.agent_id or 0)) == 50
    assert len(notices(sam.agent_id or 0, before=rows[3].id)) == 3


def test_what_is_old_is_forgotten(inbox: Inbox, sam: Actor, message: InboxMessage) -> None:
    for read_at in (NOON, None):
        AgentNotification.create(
            agent=sam.agent_id, kind="assigned", conversation=message.conversation_id,
            at=NOON, read_at=read_at,
        )  # fmt: skip
    purge(inbox.runtime, now=NOON + timedelta(days=89))
    assert AgentNotification.select().count() == 2
    purge(inbox.runtime, now=NOON + timedelta(days=91))
    assert AgentNotification.select().count() == 0
