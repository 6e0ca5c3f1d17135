"""Who may do what, what is refused, and what the audit keeps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import peewee
import pytest
from earful import Priority, actions, store
from earful.actions import SYSTEM, Actor, HoursText, NewerMessage, NewerPolicy, Opening
from earful.errors import ActionRefused
from earful.store.database import transaction
from earful.store.models import Agent, AuditEvent, Channel, Conversation, Policy, Queue
from earful.store.states import ConversationStatus, Role
from earful.testing.inbox import Inbox, InboxMessage

from tests.core.conftest import agent, wait_until_held_up
from tests.wall import Wall, post


@pytest.fixture
def message(inbox: Inbox, wall: Wall) -> InboxMessage:
    (arrived,) = inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    return arrived


def do(inbox: Inbox, actor: Actor, action: str, message: InboxMessage) -> Any:
    """Any action by its name, with arguments that would be right."""
    queue = Queue.get_or_none() or Queue.create(name="Other")
    channel = Channel.select().order_by(Channel.id).get()
    conversation, runtime = message.conversation_id, inbox.runtime
    arguments: dict[str, tuple[Any, ...]] = {
        "add_note": (conversation, "Look"),
        "assign": (conversation, None),
        "set_queue": (conversation, queue.id),
        "set_priority": (conversation, Priority.HIGH),
        "add_label": (conversation, "vip"),
        "remove_label": (conversation, "vip"),
        "snooze": (conversation, inbox.now.replace(year=2027)),
        "judge_label": (message.id, "sentiment:negative"),
        "take_back_judgement": (message.id, "sentiment"),
        "resolve": (conversation,),
        "ignore": (conversation, "spam"),
        "reopen": (conversation,),
        "pause_channel": (channel.id,),
        "resume_channel": (channel.id,),
        "poll_channel_now": (channel.id,),
        "test_channel": (channel.id,),
        "replay_payloads": (),
        "undo_reply": (1,),
        "retry_reply": (1,),
        "find_reply_again": (1,),
        "confirm_reply_sent": (1,),
        "retry_notification": (1,),
        "retry_job": ("1",),
        "like_message": (message.id,),
        "unlike_message": (message.id,),
        "hide_message": (message.id, "spam"),
        "unhide_message": (message.id,),
        "disconnect_channel": (channel.id,),
        "rotate_secrets": (),
        "ask_to_take_over": (conversation,),
        "return_conversations": (1,),
        "run_macro": (conversation, 1),
        "delete_macro": (1,),
        "save_hours": (HoursText(week={"monday": [Opening(opens="9", closes="17")]}),),
    }
    return getattr(actions, action)(runtime, actor, *arguments[action], now=inbox.now)


AGENTS = [
    "add_note",
    "assign",
    "set_queue",
    "set_priority",
    "add_label",
    "remove_label",
    "snooze",
    "resolve",
    "ignore",
    "reopen",
    "undo_reply",
    "retry_reply",
    "find_reply_again",
    "confirm_reply_sent",
    "judge_label",
    "take_back_judgement",
    "like_message",
    "unlike_message",
    "ask_to_take_over",
    "run_macro",
    "delete_macro",
]
LEADS = [
    "pause_channel",
    "resume_channel",
    "poll_channel_now",
    "test_channel",
    "hide_message",
    "unhide_message",
    "return_conversations",
]
ADMINS = [
    "replay_payloads",
    "retry_notification",
    "retry_job",
    "disconnect_channel",
    "rotate_secrets",
    "save_hours",
]


@pytest.mark.parametrize(
    ("action", "below"),
    [(action, Role.VIEWER) for action in AGENTS]
    + [(action, Role.AGENT) for action in LEADS]
    + [(action, Role.LEAD) for action in ADMINS],
)
def test_people_below_the_role_are_refused(
    inbox: Inbox, message: InboxMessage, action: str, below: Role
) -> None:
    with pytest.raises(ActionRefused, match="needs the role"):
        do(inbox, agent(below, "somebody"), action, message)

    assert AuditEvent.select().count() == 0


@pytest.mark.parametrize("action", [*AGENTS[:9], "judge_label", *LEADS[:4]])
def test_what_is_done_is_audited(inbox: Inbox, message: InboxMessage, action: str) -> None:
    lead = agent(Role.LEAD, "lena")
    if action == "assign":
        actions.assign(inbox.runtime, lead, message.conversation_id, lead.agent_id, now=inbox.now)
    if action == "remove_label":
        do(inbox, lead, "add_label", message)
    if action == "set_queue":
        Queue.create(name="Other")
        Conversation.update(queue=Queue.get(Queue.name == "Other")).execute()
    before = AuditEvent.select().count()

    do(inbox, lead, action, message)

    rows = list(AuditEvent.select().order_by(AuditEvent.id))[before:]
    assert [(row.actor, row.agent_id, row.at) for row in rows] == [
        ("lena", lead.agent_id, inbox.now)
    ]


def test_an_action_on_what_is_not_there_is_refused(inbox: Inbox, sam: Actor) -> None:
    for action in (actions.resolve, actions.reopen):
        with pytest.raises(ActionRefused, match="does not exist"):
            action(inbox.runtime, sam, 99, now=inbox.now)


def test_only_people_who_may_act_can_be_assigned(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    viewer = agent(Role.VIEWER, "vera")

    with pytest.raises(ActionRefused):
        actions.assign(inbox.runtime, sam, message.conversation_id, viewer.agent_id, now=inbox.now)


def test_the_last_admin_stays(inbox: Inbox, admin: Actor) -> None:
    number = admin.agent_id
    assert number

    with pytest.raises(ActionRefused, match="last admin"):
        actions.set_role(inbox.runtime, admin, number, Role.LEAD, now=inbox.now)
    with pytest.raises(ActionRefused, match="last admin"):
        actions.set_agent_active(inbox.runtime, admin, number, active=False, now=inbox.now)

    agent(Role.ADMIN, "second")
    actions.set_role(inbox.runtime, admin, number, Role.LEAD, now=inbox.now)
    assert Agent.get_by_id(number).role is Role.LEAD


def test_a_changed_role_or_password_ends_the_sessions(
    inbox: Inbox, admin: Actor, sam: Actor
) -> None:
    assert sam.agent_id
    epoch = Agent.get_by_id(sam.agent_id).epoch

    actions.set_role(inbox.runtime, admin, sam.agent_id, Role.LEAD, now=inbox.now)
    actions.set_password(inbox.runtime, admin, sam.agent_id, "correct horse", now=inbox.now)

    assert Agent.get_by_id(sam.agent_id).epoch == epoch + 2
    assert "correct horse" not in str(list(AuditEvent.select().dicts()))


def test_a_short_password_or_a_known_address_is_refused(inbox: Inbox, admin: Actor) -> None:
    facts: dict[str, Any] = {"name": "New", "role": Role.AGENT, "now": inbox.now}

    for email, password in (("n@example.com", "short"), ("maya@example.com", "long enough")):
        with pytest.raises(ActionRefused):
            actions.add_agent(inbox.runtime, admin, email=email, password=password, **facts)

    assert Agent.select().count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'nobody'",
        "DELETE FROM audit_event",
        "UPDATE audit_event SET summary = '' WHERE id = 1",
    ],
)
def test_the_database_refuses_to_change_the_audit(
    inbox: Inbox, admin: Actor, message: InboxMessage, statement: str
) -> None:
    do(inbox, admin, "resolve", message)

    with pytest.raises(peewee.PeeweeException, match="append-only"), transaction():
        AuditEvent._meta.database.execute_sql(statement)

    assert [row.actor for row in AuditEvent.select()] == ["maya"]


def test_a_reply_is_refused_while_unseen_messages_wait(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    inbox.receive("wall", wall.payload(post("m2", thread_id="t"), post("m3", thread_id="t")))
    options: dict[str, Any] = {
        "message_id": message.id,
        "last_seen_message_id": message.id,
        "now": inbox.now,
    }

    with pytest.raises(NewerMessage) as caught:
        actions.submit_reply(inbox.runtime, sam, message.conversation_id, text="Hi", **options)
    assert caught.value.count == 2

    actions.submit_reply(
        inbox.runtime, sam, message.conversation_id, text="Hi", force=True, **options
    )


@pytest.mark.parametrize(
    ("text", "why"), [("", "Write something"), ("\x00 ", "Write something"), ("xxxxxx", "6 of 5")]
)
def test_a_reply_that_cannot_be_sent_is_refused(
    inbox: Inbox, wall: Wall, message: InboxMessage, text: str, why: str
) -> None:
    wall.reply_length = 5

    with pytest.raises(ActionRefused, match=why):
        inbox.reply(message, text)


def test_the_same_reply_twice_is_refused(inbox: Inbox, sam: Actor, message: InboxMessage) -> None:
    options: dict[str, Any] = {
        "message_id": message.id,
        "text": "Hi",
        "last_seen_message_id": message.id,
        "now": inbox.now,
    }
    actions.submit_reply(inbox.runtime, sam, message.conversation_id, **options)

    with pytest.raises(ActionRefused, match="already on its way"):
        actions.submit_reply(inbox.runtime, sam, message.conversation_id, **options)


def test_a_message_of_another_conversation_cannot_be_answered(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    (other,) = inbox.receive("wall", wall.payload(post("m9")))

    with pytest.raises(ActionRefused, match="not part of this conversation"):
        actions.submit_reply(
            inbox.runtime,
            sam,
            message.conversation_id,
            message_id=other.id,
            text="Hi",
            last_seen_message_id=other.id,
            now=inbox.now,
        )


def test_a_removed_message_cannot_be_answered(
    inbox: Inbox, wall: Wall, message: InboxMessage
) -> None:
    from earful import Removal

    inbox.receive("wall", wall.payload(Removal(external_id="m1")))

    with pytest.raises(ActionRefused, match="no longer shown"):
        inbox.reply(message, "Hi")


def test_the_fallback_queue_stays(inbox: Inbox, admin: Actor, message: InboxMessage) -> None:
    fallback = Queue.get(Queue.name == "General")

    for change in ({"name": "Other"}, {"name": "General", "active": False}):
        with pytest.raises(ActionRefused, match="fallback"):
            actions.save_queue(inbox.runtime, admin, fallback.id, now=inbox.now, **change)


def test_ignoring_needs_a_reason(inbox: Inbox, sam: Actor, message: InboxMessage) -> None:
    with pytest.raises(ActionRefused, match="Say why"):
        actions.ignore(inbox.runtime, sam, message.conversation_id, "  ", now=inbox.now)

    assert Conversation.get().status is ConversationStatus.OPEN


def test_the_command_line_may_do_everything(inbox: Inbox) -> None:
    actions.save_policy(
        inbox.runtime,
        SYSTEM,
        None,
        name="P",
        conditions={"all": []},
        actions=[{"do": "label", "value": "x"}],
        now=inbox.now,
    )

    assert Policy.select().count() == 1
    assert AuditEvent.get().actor == "command line"


@pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
@pytest.mark.parametrize(
    ("action", "change"), [("set_role", (Role.AGENT,)), ("set_agent_active", ())]
)
def test_two_admins_who_demote_each_other_leave_one(
    inbox: Inbox, action: str, change: tuple[Role, ...]
) -> None:
    first, second = agent(Role.ADMIN, "ann"), agent(Role.ADMIN, "ben")
    named = {} if change else {"active": False}

    def demote(actor: Actor, other: Actor) -> None:
        with store.connection():
            run = getattr(actions, action)
            run(inbox.runtime, actor, other.agent_id, *change, **named, now=inbox.now)

    with ThreadPoolExecutor(1) as pool:
        with store.transaction():
            demote(first, second)
            back = pool.submit(demote, second, first)
            wait_until_held_up()
        with pytest.raises(ActionRefused, match="last admin"):
            back.result(30)

    left = Agent.select().where((Agent.role == Role.ADMIN) & Agent.active)
    assert [each.id for each in left] == [first.agent_id]


def test_of_two_changes_to_one_version_of_a_policy_one_is_kept(inbox: Inbox, admin: Actor) -> None:
    def save(policy_id: int | None, value: str, version: int = 0) -> int:
        return actions.save_policy(
            inbox.runtime,
            admin,
            policy_id,
            name="P",
            conditions={"all": []},
            actions=[{"do": "label", "value": value}],
            version=version,
            now=inbox.now,
        )

    policy = save(None, "a:first")
    save(policy, "a:second", version=1)

    with pytest.raises(NewerPolicy, match="maya saved version 2") as refused:
        save(policy, "a:third", version=1)

    assert refused.value.version == Policy.get_by_id(policy).version == 2
    save(policy, "a:third", version=2)
