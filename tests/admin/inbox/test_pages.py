"""The inbox's pages as a client gets them: who may do what, what is shown, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from earful import actions, store
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.models import (
    Clock,
    Conversation,
    ConversationLabel,
    Message,
    Note,
    Reply,
    Thread,
)
from earful.store.queries.changes import conversation_state
from earful.store.states import ConversationStatus, Direction, PriorityRank, ReplyState, Role
from earful.types import ReplyPermission, Surface
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.admin.inbox.house import HOSTILE, House
from tests.admin.inbox.town import Town
from tests.wall import Wall

SignIn = Callable[[Role], FlaskClient]
JSON = {"Accept": "application/json"}


@pytest.fixture
def agent(sign_in: SignIn) -> FlaskClient:
    return sign_in(Role.AGENT)


def conversation(conversation_id: int) -> Conversation:
    with store.connection():
        return Conversation.get_by_id(conversation_id)


def last_message(conversation_id: int) -> Message:
    with store.connection():
        found = Message.select().where(Message.conversation == conversation_id)
        return found.order_by(Message.id.desc()).get()


def post(client: FlaskClient, town: Town, what: str, **form: str) -> TestResponse:
    return client.post(f"/conversation/{town.quiet}/{what}", data=form, headers=JSON)


def answer(client: FlaskClient, town: Town, text: str, **form: str) -> TestResponse:
    seen = str(last_message(town.quiet).id)
    return post(client, town, "reply", **{"text": text, "seen": seen} | form)


@pytest.mark.parametrize("role", list(Role))
def test_everybody_who_is_signed_in_can_read(sign_in: SignIn, town: Town, role: Role) -> None:
    page = sign_in(role).get(f"/?view=all&c={town.yuki}")
    assert page.status_code == 200
    assert "Worst service ever" in page.text


def test_a_stranger_reads_nothing(stranger: FlaskClient, town: Town) -> None:
    for path in ("/", f"/?c={town.yuki}", "/updates", "/inbox/list"):
        assert stranger.get(path).status_code == 302


@pytest.mark.parametrize(
    "path",
    ["conversation/{c}/reply", "conversation/{c}/note", "conversation/{c}/resolve",
     "conversation/{c}/assign", "conversation/{c}/draft", "conversation/{c}/preview",
     "reply/1/undo", "reply/1/retry"],
)  # fmt: skip
def test_a_viewer_cannot_act(sign_in: SignIn, town: Town, path: str) -> None:
    answered = sign_in(Role.VIEWER).post("/" + path.format(c=town.quiet), data={"text": "x"})
    assert answered.status_code == 403
    with store.connection():
        assert not Note.select().where(Note.text == "x").exists()


@pytest.mark.parametrize(
    ("view", "shown", "hidden"),
    [("all", "Jonas", "Imke"), ("mine", "mira_k", "Jonas"), ("unassigned", "Jonas", "mira_k"),
     ("resolved", "Imke", "Jonas"), ("snoozed", "Bo", "Jonas"), ("pending", "Nils", "Jonas")],
)  # fmt: skip
def test_a_view_lists_its_own(
    agent: FlaskClient, town: Town, view: str, shown: str, hidden: str
) -> None:
    rows = agent.get(f"/inbox/list?view={view}").text
    assert shown in rows
    assert hidden not in rows


@pytest.mark.parametrize("view", ["nonsense", "queue-x", "queue-999999"])
def test_an_unknown_view_is_not_found(agent: FlaskClient, town: Town, view: str) -> None:
    assert agent.get(f"/?view={view}").status_code == 404


def test_the_line_of_the_open_conversation_is_marked(agent: FlaskClient, town: Town) -> None:
    page = agent.get(f"/?view=all&c={town.yuki}").text
    assert page.count('<a class="row-link" aria-current="true"') == 1


def test_an_unknown_conversation_leaves_the_list_usable(agent: FlaskClient, town: Town) -> None:
    page = agent.get("/?c=999999")
    assert page.status_code == 200
    assert "This conversation is not here" in page.text
    assert "Jonas Lindqvist" in page.text


def test_a_script_is_given_the_part_it_asks_for(agent: FlaskClient, town: Town) -> None:
    part = agent.get(f"/?c={town.yuki}", headers={"HX-Request": "true", "HX-Target": "pane"})
    assert "<html" not in part.text
    assert 'id="thread"' in part.text


def test_hostile_words_stay_words(agent: FlaskClient, town: Town) -> None:
    page = agent.get(f"/?c={town.hostile}").text
    assert HOSTILE[:30] not in page
    assert "&lt;script&gt;document.title" in page
    assert "{{ 7 * 7 }}" in page
    assert 'href="javascript:' not in agent.get(f"/?c={town.yuki}").text


def test_links_to_other_sites_tell_them_nothing(agent: FlaskClient, town: Town) -> None:
    page = agent.get(f"/?c={town.yuki}").text
    foreign = page.count('href="https://')
    assert foreign > 3
    assert page.count('rel="noopener noreferrer nofollow"') == foreign


def test_what_the_person_has_seen_of_our_private_words_is_told_beside_them(
    agent: FlaskClient, town: Town, house: House
) -> None:
    def told() -> tuple[int, int]:
        page = agent.get(f"/?c={town.yuki}").text
        return page.count("</svg>Seen</span>"), page.count("</svg>Shown there</span>")

    mine = Thread.conversation == town.yuki
    with store.connection():
        before = conversation_state(town.yuki)
        ours = Message.direction == Direction.OUT
        Message.update(surface=Surface.PRIVATE).where(ours).execute()
    assert told() == (0, 1)
    with store.connection():
        Thread.update(seen_until=house.now, surface=Surface.PUBLIC_POST).where(mine).execute()
    assert told() == (0, 1)
    with store.connection():
        Thread.update(surface=Surface.PRIVATE).where(mine).execute()
        assert conversation_state(town.yuki) != before
    assert told() == (1, 0)


def test_the_timeline_tells_everything_once(agent: FlaskClient, town: Town) -> None:
    page = agent.get(f"/?c={town.yuki}").text
    assert page.count("I will come back to you within the hour") == 1
    assert "Shown there" in page
    assert "OK, waiting. HURRY" in page
    assert "Policy “Refunds to Billing” put it into the queue “Billing”" in page
    assert "the text contains “cancelling my subscription”" in page
    other = agent.get(f"/?c={town.hostile}").text
    for words in ("Deleted there", "Marked as spam there", "Written on wall", "Try again",
                  "Nobody knows whether this was sent", "Sending…"):  # fmt: skip
        assert words in other


def test_long_threads_are_shown_in_stretches(agent: FlaskClient, town: Town, house: House) -> None:
    with store.connection():
        row = Conversation.get_by_id(town.quiet)
        who = Message.get(Message.conversation == row.id).identity
        for number in range(55):
            house.message(row, who, f"Line {number:03}", minutes=55 - number)
    page = agent.get(f"/?c={town.quiet}").text
    assert "Line 054" in page
    assert "Line 004" not in page
    start = page.index("/earlier?")
    earlier = page[start : page.index('"', start)].replace("&amp;", "&")
    before = agent.get(f"/conversation/{town.quiet}{earlier}").text
    assert "Line 004" in before
    assert "Line 006" not in before
    assert "How do I reset my password?" in before


def test_a_note_stays_inside(agent: FlaskClient, town: Town, people: dict[Role, Actor]) -> None:
    assert post(agent, town, "note", text="Call her").json["said"] == "Noted"
    with store.connection():
        note = Note.get(Note.text == "Call her")
        assert note.agent_id == people[Role.AGENT].agent_id
        assert not Reply.select().where(Reply.conversation == town.quiet).exists()


def test_a_reply_waits_and_can_be_taken_back(agent: FlaskClient, town: Town) -> None:
    said = answer(agent, town, "Look at the sign-in page.").json
    assert said["seconds"] == 10
    with store.connection():
        reply = Reply.get(Reply.conversation == town.quiet)
    assert reply.state is ReplyState.QUEUED
    assert said["undo"] == f"/reply/{reply.id}/undo"
    back = agent.post(said["undo"], data={"conversation": town.quiet}, headers=JSON).json
    assert back["text"] == "Look at the sign-in page."
    page = agent.get(f"/?c={town.quiet}").text
    assert "is-queued" not in page
    assert ">Look at the sign-in page.</textarea>" in page


def test_a_reply_that_left_cannot_be_taken_back(agent: FlaskClient, town: Town) -> None:
    undo = answer(agent, town, "Hello").json["undo"]
    with store.connection():
        Reply.update(state=ReplyState.SENT).execute()
    refused = agent.post(undo, headers=JSON)
    assert refused.status_code == 422
    assert "Too late" in refused.json["refused"]


def test_a_newer_message_holds_the_reply(agent: FlaskClient, town: Town, house: House) -> None:
    seen = str(last_message(town.quiet).id)
    with store.connection():
        row = Conversation.get_by_id(town.quiet)
        house.arrive(row, Message.get(Message.conversation == row.id).identity, "Hello?")
    held = post(agent, town, "reply", text="Hi", seen=seen)
    assert held.status_code == 409
    assert held.json["newer"] == 1
    assert post(agent, town, "reply", text="Hi", seen=seen, force="1").status_code == 200


def test_what_may_not_be_answered_says_why(agent: FlaskClient, town: Town, wall: Wall) -> None:
    wall.permission = ReplyPermission(allowed=False, reason="The window of 24 hours is over.")
    page = agent.get(f"/?c={town.quiet}").text
    assert "No public reply from here." in page
    assert "The window of 24 hours is over." in page
    assert "Copy the draft and open the page" in page
    assert answer(agent, town, "Hi").status_code == 422


def test_a_failing_plugin_closes_only_the_composer(
    agent: FlaskClient, town: Town, wall: Wall
) -> None:
    wall.permission = ZeroDivisionError("oops")
    page = agent.get(f"/?c={town.quiet}")
    assert page.status_code == 200
    assert "plugin failed" in page.text


def test_the_channel_counts_the_length(agent: FlaskClient, town: Town, wall: Wall) -> None:
    wall.reply_length = 5
    said = post(agent, town, "draft", text=" Hello ", mode="public").json
    assert (said["length"], said["limit"]) == (5, 5)
    refused = answer(agent, town, "Hello!")
    assert refused.status_code == 422
    assert "6 of 5" in refused.json["refused"]


@pytest.mark.parametrize("state", [ReplyState.FAILED, ReplyState.UNCONFIRMED])
def test_a_reply_that_went_wrong_can_be_sent_again(
    agent: FlaskClient, town: Town, state: ReplyState
) -> None:
    with store.connection():
        reply = Reply.get((Reply.conversation == town.hostile) & (Reply.state == state))
    assert agent.post(f"/reply/{reply.id}/retry", headers=JSON).status_code == 200
    with store.connection():
        assert Reply.get_by_id(reply.id).state is ReplyState.QUEUED


def test_somebody_has_looked_and_it_was_sent(agent: FlaskClient, town: Town) -> None:
    with store.connection():
        reply = Reply.get(Reply.state == ReplyState.UNCONFIRMED)
    assert agent.post(f"/reply/{reply.id}/find", headers=JSON).status_code == 200
    assert agent.post(f"/reply/{reply.id}/sent", headers=JSON).status_code == 200
    with store.connection():
        assert Reply.get_by_id(reply.id).state is ReplyState.SENT


def test_assigning(agent: FlaskClient, town: Town, people: dict[Role, Actor]) -> None:
    post(agent, town, "assign", agent="me")
    assert conversation(town.quiet).assignee_id == people[Role.AGENT].agent_id
    post(agent, town, "assign", agent=str(people[Role.LEAD].agent_id))
    assert conversation(town.quiet).assignee_id == people[Role.LEAD].agent_id
    post(agent, town, "assign", agent="")
    assert conversation(town.quiet).assignee_id is None
    assert post(agent, town, "assign", agent="999999").status_code == 422


def test_queue_priority_and_labels(agent: FlaskClient, town: Town, house: House) -> None:
    post(agent, town, "queue", queue=str(house.queues["Billing"].id))
    post(agent, town, "priority", priority="urgent")
    post(agent, town, "label", label="Birthday Gift")
    now = conversation(town.quiet)
    assert (now.queue_id, now.priority) == (house.queues["Billing"].id, PriorityRank.URGENT)
    with store.connection():
        label = ConversationLabel.get(ConversationLabel.conversation == town.quiet)
    assert label.name == "birthday-gift"
    post(agent, town, "unlabel", label=label.name)
    with store.connection():
        left = ConversationLabel.select().where(ConversationLabel.conversation == town.quiet)
        assert not left.exists()
    assert post(agent, town, "priority", priority="x").status_code == 400
    assert post(agent, town, "queue", queue="x").status_code == 422


def test_resolving_ignoring_and_opening_again(agent: FlaskClient, town: Town) -> None:
    done = post(agent, town, "resolve", outcome="Password sent").json
    assert done["leaves"]
    assert conversation(town.quiet).outcome == "Password sent"
    agent.post(done["undo"], headers=JSON)
    assert conversation(town.quiet).status is ConversationStatus.OPEN
    post(agent, town, "ignore", reason="Spam")
    assert conversation(town.quiet).status is ConversationStatus.IGNORED
    assert "Open again" in agent.get(f"/?c={town.quiet}").text
    post(agent, town, "reopen")
    assert post(agent, town, "ignore").status_code == 422


@pytest.mark.parametrize(
    ("what", "form"),
    [("resolve", {}), ("ignore", {"reason": "Spam"}), ("snooze", {"until": "2999-01-04T09:00"})],
)
@pytest.mark.parametrize("status", [ConversationStatus.OPEN, ConversationStatus.PENDING])
def test_what_is_put_away_comes_back_as_it_was(
    agent: FlaskClient, town: Town, what: str, form: dict[str, str], status: ConversationStatus
) -> None:
    with store.connection():
        Conversation.update(status=status).where(Conversation.id == town.yuki).execute()
    before = conversation(town.yuki).__data__
    done = agent.post(f"/conversation/{town.yuki}/{what}", data=form, headers=JSON).json

    back = agent.post(done["undo"], data={"conversation": town.yuki}, headers=JSON).json

    assert back["said"] == "1 conversation as before"
    assert conversation(town.yuki).__data__ == before
    with store.connection():
        assert Clock.select().where(Clock.cancelled_at.is_null()).count() == 2


def test_putting_away_is_undone_without_a_script(agent: FlaskClient, town: Town) -> None:
    undo = post(agent, town, "resolve").json["undo"]
    first, again = agent.post(undo), agent.post(undo)
    assert (first.status_code, first.location) == (303, f"/?c={town.quiet}")
    assert (again.status_code, again.location) == (303, "/")
    page = agent.get("/").text
    assert "1 conversation as before" in page
    assert "cannot be undone any more" in page


def test_putting_away_is_not_undone_over_what_came_since(agent: FlaskClient, town: Town) -> None:
    undo = post(agent, town, "resolve").json["undo"]
    post(agent, town, "reopen")
    assert agent.post(undo).location == "/"
    assert "Somebody changed it since" in agent.get("/").text


def test_snoozing_speaks_the_time_of_the_business(agent: FlaskClient, town: Town) -> None:
    assert post(agent, town, "snooze", until="2999-01-04T09:00").status_code == 200
    assert conversation(town.quiet).snoozed_until.isoformat() == "2999-01-04T09:00:00+00:00"
    assert post(agent, town, "snooze", until="1999-01-04T09:00").status_code == 422
    assert post(agent, town, "snooze", until="soon").status_code == 422


def test_one_can_be_put_away_until_they_write(agent: FlaskClient, town: Town) -> None:
    said = post(agent, town, "snooze", until="reply").json
    assert said["said"] == "Snoozed until they write"
    page = agent.get(f"/?view=snoozed&c={town.quiet}").text
    assert "</svg>Snoozed until they write</span>" in page
    assert "snoozed it until they write" in page
    # Beside another one that has a time, and after it.
    assert page.index("Bo") < page.index("</svg>until they write</span>")


def test_without_a_script_a_form_leads_back_to_the_page(agent: FlaskClient, town: Town) -> None:
    path = f"/conversation/{town.quiet}/note"
    done = agent.post(path, data={"text": "Without a script", "view": "mine"})
    assert (done.status_code, done.location) == (303, f"/?view=mine&c={town.quiet}")
    assert "Without a script" in agent.get(done.location).text


def test_without_a_script_a_refused_reply_keeps_its_words(
    agent: FlaskClient, town: Town, wall: Wall
) -> None:
    wall.reply_length = 3
    page = agent.post(f"/conversation/{town.quiet}/reply", data={"text": "My long answer"})
    assert page.status_code == 422
    assert ">My long answer</textarea>" in page.text
    assert "too long" in page.text


def test_nothing_new_costs_nothing(
    agent: FlaskClient, town: Town, earful_runtime: Runtime, people: dict[Role, Actor]
) -> None:
    def asked(words: dict[str, str]) -> str:
        names = ("state", "presence", "notices", "conversation")
        return f"/updates?c={town.quiet}&" + "&".join(f"{name}={words[name]}" for name in names)

    words = agent.get(f"/updates?c={town.quiet}").json
    again = agent.get(asked(words))
    if again.status_code != 204:  # the minute has just changed
        words = again.json
        again = agent.get(asked(words))
    assert again.status_code == 204
    with store.connection():
        actions.resolve(earful_runtime, people[Role.LEAD], town.quiet, now=datetime.now(UTC))
    changed = agent.get(asked(words)).json
    assert changed["conversation"] != words["conversation"]
    assert changed["counts"]["/?view=all"] == "9"


def test_the_navigation_shows_views_and_queues(agent: FlaskClient, town: Town) -> None:
    page = agent.get("/").text
    for label in ("All open", "Mine", "Unassigned", "Waiting", "Snoozed", "Delivery"):
        assert f'<span class="nav-label">{label}</span>' in page
