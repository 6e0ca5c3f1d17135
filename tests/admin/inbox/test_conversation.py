"""The open conversation on both databases: what it costs, and what strangers do to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from earful import store
from earful.actions import Actor
from earful.store import models
from earful.store.states import Role
from earful.types import Surface
from flask.testing import FlaskClient

from tests.admin.inbox.house import HOSTILE, House
from tests.admin.inbox.town import Town

SignIn = Callable[[Role], FlaskClient]
ZALGO = "Z" + "".join(chr(0x300 + each % 0x70) for each in range(400)) + "algo"


@pytest.fixture
def earful_database(database: str) -> str:
    return database


@pytest.fixture
def agent(sign_in: SignIn) -> FlaskClient:
    return sign_in(Role.AGENT)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that is run from now on."""
    run: list[str] = []
    real = models.database.obj.execute_sql

    def counted(sql: str, *arguments: Any, **options: Any) -> Any:
        run.append(sql)
        return real(sql, *arguments, **options)

    monkeypatch.setattr(models.database.obj, "execute_sql", counted)
    return run


def crowd(house: House, conversation: int, sam: int, count: int) -> None:
    """A long and lively conversation: messages, notes, replies, events, labels."""
    row = models.Conversation.get_by_id(conversation)
    first = models.Message.get(models.Message.conversation == conversation)
    for number in range(count):
        message = house.message(row, first.identity, f"Line {number}", minutes=count - number)
        if number % 10 == 0:
            house.mood(message, "negative", 0.5)
            models.MessageVersion.create(
                message=message, number=1, text="Before", seen_at=house.ago(1)
            )
            models.Message.update(version=2).where(models.Message.id == message.id).execute()
            note = house.note(row, sam, "Note", minutes=1)
            models.Mention.create(note=note, conversation=row, agent=sam, at=house.ago(1))
            house.reply(message, sam, "Reply", minutes=1)
            house.event(row, "assigned", agent_id=sam, to="Agent", to_id=sam)
            models.ConversationLabel.create(
                conversation=row, name=f"label-{number}", added_by="x", added_at=house.ago(1)
            )


def test_a_conversation_takes_the_same_number_of_queries_however_much_is_in_it(
    agent: FlaskClient,
    town: Town,
    house: House,
    people: dict[Role, Actor],
    statements: list[str],
) -> None:
    part = {"HX-Request": "true", "HX-Target": "pane"}
    agent.get(f"/?c={town.quiet}", headers=part)
    statements.clear()
    assert agent.get(f"/?c={town.quiet}", headers=part).status_code == 200
    few = len(statements)
    with store.connection():
        crowd(house, town.quiet, people[Role.AGENT].agent_id or 0, 120)
    statements.clear()
    assert "Line 119" in agent.get(f"/?c={town.quiet}", headers=part).text
    selects = [each for each in statements if each.lstrip().upper().startswith("SELECT")]
    assert len(statements) <= few + 3  # versions, quotes and mentions are read only if any are
    assert len(selects) <= 40


def test_writing_takes_few_queries(agent: FlaskClient, town: Town, statements: list[str]) -> None:
    form = {"mode": "public", "text": "Hello there", "version": 0}
    statements.clear()
    assert agent.post(f"/conversation/{town.quiet}/draft", data=form).status_code == 200
    assert len(statements) <= 20


@pytest.fixture
def endless(house: House, town: Town) -> int:
    """A thread of 5,000 messages."""
    with store.connection():
        first = models.Message.get(models.Message.conversation == town.quiet)
        facts = {
            "channel": first.channel_id,
            "conversation": town.quiet,
            "thread": first.thread_id,
            "identity": first.identity_id,
            "surface": Surface.PUBLIC_REPLY,
            "attachments": [],
            "extra": {},
            "received_at": house.now,
            "stage": "done",
        }
        rows = [
            {
                **facts,
                "external_id": f"e{at}",
                "text": f"Line {at:04}",
                "sent_at": house.ago(5000 - at),
            }
            for at in range(5000)
        ]
        for start in range(0, len(rows), 250):
            models.Message.insert_many(rows[start : start + 250]).execute()
    return town.quiet


def test_a_thread_of_five_thousand_messages_is_shown_in_stretches(
    agent: FlaskClient, endless: int
) -> None:
    page = agent.get(f"/?c={endless}").text
    assert "Line 4999" in page
    assert "Line 4000" not in page
    assert page.count('data-message="') <= 50
    assert page.count("<form") < 40
    assert len(page) < 300_000
    seen = 0
    while "/earlier?" in page and seen < 120:
        start = page.index("/earlier?")
        path = page[start : page.index('"', start)].replace("&amp;", "&")
        page = agent.get(f"/conversation/{endless}{path}").text
        seen += 1
    assert "Line 0000" in page
    assert seen == 100


def test_a_message_that_was_found_is_shown_among_its_own_however_old(
    agent: FlaskClient, endless: int, town: Town
) -> None:
    def opened(line: str) -> str:
        with store.connection():
            found = models.Message.get(models.Message.text.startswith(line))
        return agent.get(f"/?c={endless}&at={found.id}").text

    old = opened("Line 1234")
    assert "Line 1210" in old
    assert "Line 1240" in old
    assert "Back to the newest messages" in old
    assert old.count('data-message="') <= 50
    new = opened("Line 4990")
    assert "Line 4999" in new
    assert "Back to the newest messages" not in new
    for stranger in (f"c={town.quiet}&at={2**70}", f"c={town.quiet}&at=-1", f"c={endless}&at=x"):
        assert agent.get(f"/?{stranger}").status_code == 200


def test_names_and_words_of_any_kind_stay_within_their_place(
    agent: FlaskClient, town: Town, house: House
) -> None:
    long = "\u202e" + "Very" * 70
    with store.connection():
        who = house.identity(long, ZALGO[:60], avatar_url="https://dead.example/a.png")
        row = house.conversation(who, ZALGO, HOSTILE, subject=ZALGO, surface=Surface.PRIVATE)
        for number in range(100):
            models.ConversationLabel.create(
                conversation=row, name=f"l{number}", added_by=HOSTILE[:60], added_at=house.now
            )
    page = agent.get(f"/?c={row.id}").text
    assert f"<bdi>{long}</bdi>" in page or f">{long}</bdi>" in page
    assert "dead.example" not in page
    assert "<img" not in page
    assert "<script>document" not in page
    assert "88 more" in page


def test_public_and_private_are_told_apart_in_words(
    agent: FlaskClient, town: Town, house: House
) -> None:
    with store.connection():
        first = models.Message.get(models.Message.conversation == town.quiet)
        row = models.Conversation.get_by_id(town.quiet)
        thread = models.Thread.create(
            channel=row.channel_id,
            external_id="dm",
            conversation=row,
            surface=Surface.PRIVATE,
            title="",
        )
        house.message(row, first.identity, "My number", thread=thread, surface=Surface.PRIVATE)
    page = agent.get(f"/?c={town.quiet}").text
    assert "From here in private, between you two" in page
    assert "In public: " in page
    assert 'value="private" data-kind="private"' in page
    assert 'value="public_reply"' not in page


def test_where_the_reader_stopped_is_marked(
    agent: FlaskClient, town: Town, house: House, people: dict[Role, Actor]
) -> None:
    assert "New since you were here" not in agent.get(f"/?c={town.quiet}").text
    with store.connection():
        first = models.Message.get(models.Message.conversation == town.quiet)
        models.ReadCursor.insert(
            agent=people[Role.AGENT].agent_id, conversation=town.quiet, message_id=first.id
        ).on_conflict_ignore().execute()
        row = models.Conversation.get_by_id(town.quiet)
        house.message(row, first.identity, "Anybody?")
    page = agent.get(f"/?c={town.quiet}").text
    assert page.index("New since you were here") < page.index(
        '<div class="bubble-text" dir="auto">Anybody?'
    )
