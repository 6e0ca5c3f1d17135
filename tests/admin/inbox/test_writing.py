"""What the composer asks while somebody writes, as a client gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from earful import Capabilities, Capability, actions, store
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.models import Channel, Draft, Mention, Message, Reply, SavedReply
from earful.store.states import ReplyState, Role
from earful_admin.inbox.composing import in_dollars
from earful_admin.inbox.writing import pieces
from flask.testing import FlaskClient

from tests.admin.inbox.house import HOSTILE, House
from tests.admin.inbox.town import Town
from tests.wall import Wall

SignIn = Callable[[Role], FlaskClient]
JSON = {"Accept": "application/json"}


@pytest.fixture
def agent(sign_in: SignIn) -> FlaskClient:
    return sign_in(Role.AGENT)


@pytest.fixture
def sam(people: dict[Role, Actor]) -> Actor:
    return people[Role.AGENT]


def post(client: FlaskClient, conversation: int, what: str, **form: Any) -> Any:
    return client.post(f"/conversation/{conversation}/{what}", data=form, headers=JSON)


def send(client: FlaskClient, conversation: int, text: str, **form: Any) -> Any:
    with store.connection():
        found = Message.select(Message.id).where(Message.conversation == conversation)
        seen = found.order_by(Message.id.desc()).get().id
    return post(client, conversation, "reply", **{"text": text, "seen": seen} | form)


def keep(client: FlaskClient, town: Town, text: str, version: int = 0, **form: Any) -> Any:
    form = {"mode": "public", "text": text, "version": version} | form
    return post(client, town.quiet, "draft", **form)


def saved(runtime: Runtime, actor: Actor, **facts: Any) -> int:
    facts = {"name": "Hello", "text": "Hi {contact.first_name}"} | facts
    with store.connection():
        return actions.save_saved_reply(runtime, actor, None, **facts, now=datetime.now(UTC))


def test_a_draft_is_there_again_on_another_device(
    sign_in: SignIn, agent: FlaskClient, town: Town
) -> None:
    assert keep(agent, town, "We are look").json["version"] == 1
    assert keep(agent, town, "We are looking", 1).json["version"] == 2
    keep(agent, town, "Ask Maya", mode="note")
    page = sign_in(Role.AGENT).get(f"/?c={town.quiet}").text
    assert ">We are looking</textarea>" in page
    assert 'data-draft="Ask Maya" data-version="1"' in page
    assert "We are looking" not in sign_in(Role.LEAD).get(f"/?c={town.quiet}").text


def test_a_draft_changed_elsewhere_is_shown_and_not_overwritten(
    agent: FlaskClient, town: Town
) -> None:
    keep(agent, town, "On the phone")
    held = keep(agent, town, "At the desk")
    assert held.status_code == 409
    assert (held.json["conflict"], held.json["version"]) == ("On the phone", 1)


@pytest.mark.parametrize("form", [{"mode": "shout"}, {"mode": ""}])
def test_an_unknown_way_to_write_is_refused(
    agent: FlaskClient, town: Town, form: dict[str, str]
) -> None:
    assert keep(agent, town, "x", **form).status_code == 400


def test_the_server_tells_length_gaps_and_doubts_with_the_sign_off(
    agent: FlaskClient, town: Town, sam: Actor, wall: Wall, earful_runtime: Runtime
) -> None:
    wall.reply_length = 100
    with store.connection():
        channel = Channel.get(Channel.name == "wall")
        actions.set_sign_off(earful_runtime, sam, channel.id, "^SB", now=datetime.now(UTC))
    said = keep(agent, town, "Hi {contact.first_name}, mail a@b.example {contact.handle}").json
    assert said["length"] == len("Hi Tom, mail a@b.example {contact.handle} ^SB")
    assert said["missing"] == ["contact.handle"]
    assert [each["code"] for each in said["cautions"]] == ["personal"]
    assert "signs <bdi>^SB</bdi>" in agent.get(f"/?c={town.quiet}").text


def test_sign_offs_are_kept_for_each_channel_in_the_profile(
    agent: FlaskClient, sign_in: SignIn, town: Town
) -> None:
    with store.connection():
        number = Channel.get(Channel.name == "wall").id
    agent.post("/profile/sign-offs", data={f"channel-{number}": " ^A "})
    assert f'name="channel-{number}" value="^A"' in agent.get("/profile/").text
    assert send(agent, town.quiet, "Hello").status_code == 200
    with store.connection():
        assert Reply.get(Reply.conversation == town.quiet).text == "Hello ^A"
    assert sign_in(Role.VIEWER).post("/profile/sign-offs").status_code == 403


def test_a_doubt_holds_the_reply_until_it_is_answered(agent: FlaskClient, town: Town) -> None:
    text = "Your order 882130044 is ready"
    held = send(agent, town.quiet, text)
    assert (held.status_code, held.json["doubts"], held.json["newer"]) == (409, "personal", 0)
    assert send(agent, town.quiet, text, accepted="personal").status_code == 200


def test_without_a_script_a_doubt_is_answered_by_sending_again(
    agent: FlaskClient, town: Town
) -> None:
    path, text = f"/conversation/{town.quiet}/reply", "Your order 882130044 is ready"
    with store.connection():
        seen = Message.select().order_by(Message.id.desc()).get().id
    page = agent.post(path, data={"text": text, "seen": seen})
    assert page.status_code == 422
    assert 'name="accepted" value="personal"' in page.text
    again = agent.post(path, data={"text": text, "seen": seen, "accepted": "personal"})
    assert again.status_code == 303


def test_a_reply_can_wait_for_a_chosen_moment_and_be_called_off(
    agent: FlaskClient, town: Town
) -> None:
    monday = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
    said = send(agent, town.quiet, "Good morning", then=f"at:{monday.isoformat()}").json
    assert said["said"].startswith("Scheduled for ")
    page = agent.get(f"/?c={town.quiet}").text
    assert "is-scheduled" in page
    assert "Cancel" in page
    back = agent.post(said["undo"], data={"conversation": town.quiet}, headers=JSON).json
    assert (back["text"], back["mode"], back["version"]) == ("Good morning", "public", 1)


@pytest.mark.parametrize("then", ["at", "snooze", "at:soon", "snooze:"])
def test_a_moment_that_is_none_is_asked_for_again(
    agent: FlaskClient, town: Town, then: str
) -> None:
    assert "Choose a day" in send(agent, town.quiet, "x", then=then).json["refused"]


def test_send_and_snooze_is_kept_with_the_reply(agent: FlaskClient, town: Town) -> None:
    monday = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
    send(agent, town.quiet, "I will ask", then="snooze", when=monday.isoformat())
    with store.connection():
        assert Reply.get(Reply.conversation == town.quiet).snooze_until == monday
    assert "then snoozes" in agent.get(f"/?c={town.quiet}").text


def test_the_preview_is_the_card_of_the_channel(
    agent: FlaskClient, town: Town, house: House
) -> None:
    text = f"Hi {{contact.first_name}} {{contact.handle}} see https://a.example/b {HOSTILE[:40]}"
    page = post(agent, town.quiet, "preview", text=text, mode="public")
    assert page.status_code == 200
    assert "Hi Tom" in page.text
    assert '<mark class="preview-missing">{contact.handle}</mark>' in page.text
    assert '<span class="preview-link">https://a.example/b</span>' in page.text
    assert "Everybody can read it" in page.text
    assert "<script>" not in page.text
    assert post(agent, town.quiet, "preview", text="x", mode="note").status_code == 404


def test_saved_replies_are_offered_filled_in_with_what_matched_marked(
    agent: FlaskClient, town: Town, sam: Actor, earful_runtime: Runtime
) -> None:
    saved(earful_runtime, sam, text="Hi {contact.first_name} {contact.handle}")
    saved(earful_runtime, sam, name="Elsewhere", channels=["wall"])
    saved(earful_runtime, sam, name=HOSTILE[:60], text=HOSTILE)
    with store.connection():
        SavedReply.update(channels=["other"]).where(SavedReply.name == "Elsewhere").execute()
    offers = agent.get(f"/conversation/{town.quiet}/saved?q=hel").text
    assert "<mark>Hel</mark>lo" in offers
    assert 'data-text="Hi Tom {contact.handle}"' in offers
    assert "1 missing" in offers
    every = agent.get(f"/conversation/{town.quiet}/saved").text
    assert "Elsewhere" not in every
    assert "<script>" not in every
    nothing = agent.get(f"/conversation/{town.quiet}/saved?q=<b>zzz").text
    assert "No saved reply" in nothing
    assert "<b>" not in nothing


def test_using_a_saved_reply_is_counted_and_an_unchanged_one_remarked_on(
    agent: FlaskClient, town: Town, sam: Actor, earful_runtime: Runtime
) -> None:
    number = saved(earful_runtime, sam)
    said = keep(agent, town, "Hi Tom", saved=number).json
    assert [(each["code"], each["confirm"]) for each in said["cautions"]] == [("unedited", False)]
    assert send(agent, town.quiet, "Hi Tom", saved=str(number)).status_code == 200
    with store.connection():
        assert SavedReply.get().used == 1
        assert not Draft.select().exists()


def test_colleagues_are_offered_and_named_in_the_note(
    agent: FlaskClient, town: Town, people: dict[Role, Actor]
) -> None:
    offers = agent.get("/inbox/colleagues?q=le").text
    assert 'data-text="@Lead "' in offers
    assert "@Agent" not in agent.get("/inbox/colleagues").text
    post(agent, town.quiet, "note", text="@Lead <b>please</b> look")
    with store.connection():
        assert Mention.get().agent_id == people[Role.LEAD].agent_id
    page = agent.get(f"/?c={town.quiet}").text
    assert '<mark class="mention">@Lead</mark> &lt;b&gt;please' in page


def test_a_viewer_writes_nothing(sign_in: SignIn, town: Town) -> None:
    viewer = sign_in(Role.VIEWER)
    for path in (f"/conversation/{town.quiet}/saved", "/inbox/colleagues"):
        assert viewer.get(path).status_code == 403


def test_each_way_to_answer_has_its_own_permission_limit_and_price(
    agent: FlaskClient, town: Town, earful_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from earful import ReplyPermission, Surface

    def can_reply(_settings: Any, context: Any) -> ReplyPermission:
        if context.reply_surface is Surface.PRIVATE:
            return ReplyPermission(allowed=True, cost_usd=0.015)
        return ReplyPermission(
            allowed=False, reason="Only in private.", open_url="https://wall.example/open"
        )

    channel = earful_runtime.channels["wall"]
    can = Capabilities(
        reply=Capability(allowed=True),
        private_reply=Capability(allowed=True),
        reply_length=280,
        private_reply_length=10_000,
    )
    monkeypatch.setattr(type(channel), "capabilities", property(lambda _: can))
    monkeypatch.setattr(
        type(channel), "permits_reply", lambda _self, context: can_reply(None, context)
    )
    page = agent.get(f"/?c={town.quiet}").text
    assert "No public reply from here." in page
    assert "Only in private." in page
    assert 'href="https://wall.example/open"' in page
    assert 'value="private" data-kind="private" data-limit="10000"' in page
    assert "$0.015" in page


@pytest.mark.parametrize(
    ("price", "told"), [(lambda *_: 0.2, "$0.20"), (lambda *_: 0.0, ""), (lambda *_: 1 / 0, "")]
)
def test_what_is_being_typed_is_priced_unless_the_plugin_fails(
    agent: FlaskClient,
    town: Town,
    earful_runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    price: Callable[..., float],
    told: str,
) -> None:
    channel = earful_runtime.channels["wall"]
    monkeypatch.setattr(channel, "type", replace(channel.type, reply_cost=price))
    assert keep(agent, town, "Hello").json["cost"] == told


def test_a_channel_whose_plugin_is_off_can_still_be_read_and_noted_in(
    agent: FlaskClient, town: Town, earful_runtime: Runtime
) -> None:
    channel = earful_runtime.channels.pop("wall")
    page = agent.get(f"/?c={town.quiet}")
    assert page.status_code == 200
    assert "plugin is not active: it is off" in page.text
    assert "How do I reset my password?" in page.text
    assert "plugin is not active" in send(agent, town.quiet, "Hello").json["refused"]
    assert post(agent, town.quiet, "note", text="It is off").status_code == 200
    assert keep(agent, town, "For later").json == {"version": 1}
    earful_runtime.channels["wall"] = channel


@pytest.mark.parametrize(
    ("cost", "words"), [(0.2, "$0.20"), (0.015, "$0.015"), (1, "$1.00"), (0, ""), (None, "")]
)
def test_a_cost_is_told_in_dollars(cost: float | None, words: str) -> None:
    assert in_dollars(cost) == words


def test_a_preview_finds_links_and_names_and_gaps() -> None:
    found = pieces("See https://a.example/x and @ann {contact.name}!", {}, "^SB")
    assert [(each.kind, each.text) for each in found] == [
        ("text", "See "),
        ("link", "https://a.example/x"),
        ("text", " and "),
        ("link", "@ann"),
        ("text", " "),
        ("missing", "{contact.name}"),
        ("text", "!"),
        ("sign-off", " ^SB"),
    ]


def test_the_state_of_a_scheduled_reply_is_still_queued(agent: FlaskClient, town: Town) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    send(agent, town.quiet, "Tomorrow", then=f"at:{later}")
    with store.connection():
        reply = Reply.get(Reply.conversation == town.quiet)
    assert (reply.state, reply.scheduled) == (ReplyState.QUEUED, True)


def test_a_held_reply_offers_to_send_it_anyway_or_to_edit_it(
    agent: FlaskClient, town: Town
) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    send(agent, town.quiet, "Good morning", then=f"at:{tomorrow.isoformat()}")
    with store.connection():
        key = Reply.get(Reply.conversation == town.quiet).id
        Reply.update(state=ReplyState.HELD, error="kept").where(Reply.id == key).execute()
    page = agent.get(f"/?c={town.quiet}").text
    assert "A newer message arrived before its time." in page
    assert "Send anyway" in page

    back = agent.post(
        f"/reply/{key}/undo", data={"conversation": town.quiet}, headers=JSON
    ).get_json()
    assert back["text"] == "Good morning"
    with store.connection():
        assert Reply.get_by_id(key).state is ReplyState.UNDONE
