"""The whole way, over HTTP: a customer on Facebook, pushes, the inbox, answers, and mishaps."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from earful import Payload, Surface, actions
from earful.actions import SYSTEM
from earful.sandbox import Behaviour
from earful.store import connection
from earful.store.credentials import connect
from earful.store.models import Channel, Conversation, Identity, Message, Reply
from earful.store.models import Payload as StoredPayload
from earful.store.queries.conversation import conversation_page
from earful.testing.inbox import Inbox
from earful_facebook.sandbox import FacebookSandbox, pushes
from earful_facebook.sandbox.people import PAGES, PEOPLE

IMKE, TOMAS, PRIYA, _, JONAS, GRETE = PEOPLE
PAGE = PAGES[0]


@pytest.fixture
def earful_config(facebook: Any) -> str:
    settings = FacebookSandbox().settings(facebook.url)
    lines = [f"{key} = {str(value).lower() if value is True else repr(value)}"
             for key, value in settings.items()]  # fmt: skip
    return "\n".join(["[channels.page]", 'type = "facebook"', "timeout_seconds = 0.5", *lines])


@dataclass
class House:
    """An inbox that is connected to the sandbox."""

    inbox: Inbox
    facebook: Any
    ingress: Any

    @property
    def world(self) -> Any:
        return self.facebook.world

    def hear(self) -> list[Any]:
        """Take in whatever Facebook pushes."""
        assert self.facebook.hooks.settle()
        payloads, before = [], {each.id for each in self.inbox.messages()}
        while self.ingress.payloads:
            payloads.append(self.ingress.payloads.popleft())
        self.inbox.receive("page", *payloads)
        return [each for each in self.inbox.messages() if each.id not in before]

    def wait(self, **passed: float) -> None:
        """Time passes here and on Facebook."""
        self.inbox.advance(**passed)
        self.facebook.stage.passed += timedelta(**passed)

    def answer(self, message: Any, text: str, surface: Surface) -> Any:
        with connection():
            reply = actions.submit_reply(
                self.inbox.runtime, SYSTEM, message.conversation_id, message_id=message.id,
                text=text, surface=surface, last_seen_message_id=message.id, force=True,
                now=self.inbox.now,
            )  # fmt: skip
        self.wait(seconds=self.inbox.runtime.config.inbox.undo_seconds)
        self.inbox.tick()
        return self.inbox.sent(reply)

    def channel(self) -> Any:
        with connection():
            return Channel.get(Channel.name == "page")

    def conversation(self, message: Any) -> Any:
        with connection():
            return Conversation.get_by_id(message.conversation_id)


@pytest.fixture
def house(earful_inbox: Inbox, facebook: Any, ingress: Any) -> Iterator[House]:
    runtime = earful_inbox.runtime
    channel = runtime.channels["page"]
    ingress.webhook = channel.webhook()
    for part in (channel.source(), channel.sender()):
        part._now = facebook.stage.now  # type: ignore[union-attr]
    with connection():
        row = Channel.get(Channel.name == "page")
        connect(row.id, FacebookSandbox().credentials(), runtime.vault, now=earful_inbox.now)
    home = House(earful_inbox, facebook, ingress)
    earful_inbox.poll("page")
    yield home
    facebook.stage.let_go.set()


@pytest.fixture
def question(house: House) -> Any:
    """A comment that was pushed just now."""
    post = house.world.posts()[-1]
    house.world.write_comment(IMKE.id, post.id, "Where is my order 4711?")
    (message,) = house.hear()
    return message


def test_from_a_comment_into_private_and_back_as_one_conversation(
    house: House, question: Any
) -> None:
    public = house.answer(question, "We are looking into it.", Surface.PUBLIC_REPLY)
    assert public.state == "sent"
    private = house.answer(question, "May we have your address?", Surface.PRIVATE)
    assert private.state == "sent"
    assert house.hear() == []
    assert [each.text for each in house.world.talk(IMKE.id)] == ["May we have your address?"]

    house.world.write_message(IMKE.id, "Canal Street 5")
    (told,) = house.hear()
    assert told.conversation_id == question.conversation_id
    with connection():
        assert Message.get_by_id(told.id).surface is Surface.PRIVATE

    again = house.answer(told, "Thank you, it leaves today.", Surface.PRIVATE)
    assert again.state == "sent"
    assert house.world.talk(IMKE.id)[0].text == "Thank you, it leaves today."
    assert house.hear() == []

    house.world.read_messages(IMKE.id)
    assert house.hear() == []
    with connection():
        page = conversation_page(question.conversation_id)
        sent = [Reply.get_by_id(each.id) for each in (public, private, again)]
        assert page
        assert [page.has_seen(each.surface, each.sent_at) for each in sent] == [False, True, True]


def test_a_second_private_reply_is_refused_before_it_is_written(
    house: House, question: Any
) -> None:
    house.answer(question, "May we have your address?", Surface.PRIVATE)
    with pytest.raises(Exception, match="one private reply"):
        house.answer(question, "And your name?", Surface.PRIVATE)


def test_what_facebook_no_longer_allows_is_known_before_it_is_written(
    house: House, question: Any
) -> None:
    house.world.items[question.external_id].private_reply = "m_elsewhere"
    assert house.inbox.poll("page") == []
    with pytest.raises(Exception, match="does not let this Page write privately"):
        house.answer(question, "May we have your address?", Surface.PRIVATE)
    assert house.inbox.timeline(question.conversation_id).count("message_edited") == 0


def test_what_facebook_allows_is_news_once(house: House, question: Any) -> None:
    house.world.items[question.external_id].private_reply = "m_elsewhere"
    for expected in (1, 0):
        before = count_payloads()
        house.inbox.poll("page")
        assert count_payloads() - before == expected


def count_payloads() -> int:
    with connection():
        return int(StoredPayload.select().count())


def test_comments_on_our_posts_are_conversations_of_their_own(house: House) -> None:
    post = house.world.posts()[-1]
    first = house.world.write_comment(IMKE.id, post.id, "One")
    house.world.write_comment(TOMAS.id, post.id, "Two")
    house.world.write_comment(TOMAS.id, first.id, "One, too")
    one, two, below = sorted(house.hear(), key=lambda each: each.external_id)
    assert one.conversation_id == below.conversation_id != two.conversation_id


def test_a_mention_elsewhere_comes_without_words_and_the_look_brings_them(house: House) -> None:
    named = house.world.write_mention(TOMAS.id, "Ask Larkfield Bikes")
    (message,) = house.hear()
    assert (message.external_id, message.text) == (named.id, "")
    house.wait(hours=1)
    house.inbox.poll("page")
    assert final(house, named.id) == ("Ask Larkfield Bikes", None)
    answered = house.answer(message, "Please do!", Surface.PUBLIC_REPLY)
    assert answered.state == "sent"
    assert [each.text for each in house.world.comments(named.id)] == ["Please do!"]
    assert house.hear() == []
    with pytest.raises(Exception, match="elsewhere than on the Page"):
        house.answer(message, "Please do!", Surface.PRIVATE)


def test_comments_on_a_visitors_post_belong_to_it(house: House) -> None:
    visit = house.world.write_post(JONAS.id, "Closed again?")
    house.world.write_comment(TOMAS.id, visit.id, "Same here")
    house.world.write_comment(PAGE.id, visit.id, "Sorry, we moved")
    assert len({each.conversation_id for each in house.hear()}) == 1


@pytest.mark.parametrize("where", ["comment", "visit", "messenger"])
def test_an_answer_typed_on_facebook_stops_the_clocks(house: House, where: str) -> None:
    if where == "messenger":
        house.world.write_message(TOMAS.id, "Hello?")
    elif where == "visit":
        visit = house.world.write_post(JONAS.id, "Closed again?")
    else:
        comment = house.world.write_comment(IMKE.id, house.world.posts()[-1].id, "Hello?")
    (asked,) = house.hear()
    assert house.conversation(asked).waiting_since is not None
    house.wait(minutes=1)
    if where == "messenger":
        house.world.write_message(TOMAS.id, "Hello!", by_page=True)
    else:
        house.world.write_comment(PAGE.id, (visit if where == "visit" else comment).id, "Hello!")
    (answered,) = house.hear()
    assert answered.direction == "out"
    assert answered.conversation_id == asked.conversation_id
    assert house.conversation(asked).waiting_since is None


def final(house: House, external_id: str) -> tuple[str, str | None]:
    found = [each for each in house.inbox.messages() if each.external_id == external_id]
    return (found[0].text, found[0].removal) if found else ("", "never seen")


def test_news_of_one_comment_may_come_in_any_order(house: House) -> None:
    """Each order, with everything twice, ends in what Facebook shows."""
    house.facebook.stage.webhook = ""
    kinds: dict[str, dict[str, Any]] = {}
    world = house.world
    world.on_change = lambda entry: kinds.setdefault(entry["changes"][0]["value"]["verb"], entry)
    for verbs, expected in (
        (("add", "edited"), ("Second", None)),
        (("add", "edited", "hide"), ("Second", "hidden")),
        (("add", "edited", "remove"), ("", "deleted")),
    ):
        for order in itertools.permutations(verbs):
            kinds.clear()
            comment = world.write_comment(IMKE.id, world.posts()[-1].id, "First")
            house.wait(seconds=2)
            world.edit(comment.id, "Second")
            house.wait(seconds=2)
            if "hide" in verbs:
                world.hide(comment.id, is_hidden=True)
            if "remove" in verbs:
                world.remove(comment.id)
            bodies = [pushes.body(kinds[verb]) for verb in order]
            house.inbox.receive("page", *(Payload(body=each) for each in (*bodies, *bodies)))
            text, removal = final(house, comment.id)
            assert (text, removal) == expected, order


def test_pushes_twice_and_late_end_in_what_facebook_shows(house: House) -> None:
    hooks = house.facebook.hooks
    hooks.behaviour = Behaviour(webhook=house.ingress.url, disorder=7)
    hooks._random = Random(7)
    hooks._pause = lambda: hooks._random.uniform(0, 0.2)
    post = house.world.posts()[-1]
    for number in range(12):
        comment = house.world.write_comment(TOMAS.id, post.id, f"Number {number}")
        house.wait(seconds=2)
        if number % 3 == 1:
            house.world.edit(comment.id, f"Number {number}, edited")
        elif number % 3 == 2:
            house.world.remove(comment.id)
    house.hear()
    assert len(hooks.log) > 20
    shown = {each.id: each.text for each in house.world.comments(post.id)}
    kept = {each.external_id: each for each in house.inbox.messages()}
    assert {key: kept[key].text for key in shown} == shown
    gone = [each.id for each in house.world.items.values() if each.is_gone]
    assert {kept[each].removal for each in gone if each in kept} <= {"deleted"}
    assert {kept[each].text for each in gone if each in kept} <= {""}


def test_a_push_that_comes_again_after_a_day_is_nothing_new(house: House, question: Any) -> None:
    pushed = [each.body for each in house.facebook.hooks.log]
    before = house.inbox.messages()
    house.wait(days=1)
    for body in pushed:
        headers = pushes.signed(body, "sandbox-app-secret")
        house.facebook.hooks.deliver(house.ingress.url, body, headers)
    assert house.hear() == []
    assert house.inbox.messages() == before


def test_pushes_that_fail_are_repeated_until_they_are_taken(house: House) -> None:
    house.ingress.fails = 2
    house.world.write_message(TOMAS.id, "Hello?")
    assert [each.text for each in house.hear()] == ["Hello?"]


def test_a_lost_push_is_found_and_shown(house: House, question: Any) -> None:
    house.facebook.stage.trouble.drop_push = True
    house.world.write_message(TOMAS.id, "Nobody hears me")
    assert house.hear() == []
    house.wait(minutes=10)
    assert [each.text for each in house.inbox.poll("page")] == ["Nobody hears me"]
    assert "did not push 1 message" in house.channel().notice
    assert house.inbox.poll("page") == []


def test_a_hidden_comment_that_is_shown_again_in_the_wrong_order_is_mended_by_looking(
    house: House, question: Any
) -> None:
    house.facebook.stage.webhook = ""
    news: list[dict[str, Any]] = []
    house.world.on_change = news.append
    house.world.hide(question.external_id, is_hidden=True)
    house.wait(seconds=2)
    house.world.hide(question.external_id, is_hidden=False)
    house.inbox.receive("page", *(Payload(body=pushes.body(each)) for each in reversed(news)))
    house.inbox.poll("page")
    assert final(house, question.external_id) == (question.text, None)


def test_the_name_of_somebody_in_messenger_comes_with_the_next_look(house: House) -> None:
    house.world.write_message(TOMAS.id, "Hello?")
    with connection():
        Identity.update(name="Unknown").where(Identity.external_id == TOMAS.id).execute()
    house.hear()
    house.inbox.poll("page")
    with connection():
        assert Identity.get(Identity.external_id == TOMAS.id).name == TOMAS.name


def test_a_comment_that_is_deleted_while_an_answer_waits(house: House, question: Any) -> None:
    house.world.remove(question.external_id)
    sent = house.answer(question, "We are looking into it.", Surface.PUBLIC_REPLY)
    assert sent.state == "failed"
    assert "no longer on Facebook" in sent.error


@pytest.mark.parametrize("surface", [Surface.PUBLIC_REPLY, Surface.PRIVATE])
def test_an_answer_that_was_taken_without_a_word_is_sent_once(
    house: House, question: Any, surface: Surface
) -> None:
    house.facebook.stage.webhook = ""
    house.facebook.stage.trouble.hang_after_write = True
    sent = house.answer(question, "We are looking into it.", surface)
    assert sent.state == "unconfirmed"
    house.facebook.stage.let_go.set()
    house.wait(minutes=5)
    house.inbox.tick()
    assert house.inbox.sent(sent.id).state in {"sent", "confirmed"}
    below = house.world.comments(question.external_id)
    assert len([*below, *house.world.talk(IMKE.id)]) == 1
    house.world.write_message(IMKE.id, "Thank you")
    house.inbox.poll("page")
    thanks = next(each for each in house.inbox.messages() if each.text == "Thank you")
    is_same = thanks.conversation_id == question.conversation_id
    assert is_same == (surface is Surface.PRIVATE)


def test_an_answer_that_was_not_taken_is_sent_again(house: House, question: Any) -> None:
    from earful_facebook.sandbox.refusals import Refusal

    house.facebook.stage.trouble.refusal = Refusal(500, 2, "(#2) Service temporarily unavailable")
    sent = house.answer(question, "We are looking into it.", Surface.PUBLIC_REPLY)
    assert sent.state == "unconfirmed"
    for _ in range(3):
        house.wait(minutes=5)
        house.inbox.tick()
    assert house.inbox.sent(sent.id).state in {"sent", "confirmed"}
    assert len(house.world.comments(question.external_id)) == 1


def test_a_revoked_token_pauses_the_channel_and_connecting_mends_it(
    house: House, question: Any
) -> None:
    house.facebook.stage.access.revoke_all()
    sent = house.answer(question, "We are looking into it.", Surface.PUBLIC_REPLY)
    assert sent.state == "queued"
    channel = house.channel()
    assert str(channel.state) == "paused"
    assert "changed their password" in channel.state_reason
    house.world.write_message(TOMAS.id, "Still here?")
    assert [each.text for each in house.hear()] == ["Still here?"]


def test_hiding_goes_to_facebook_and_comes_back(house: House, question: Any) -> None:
    with connection():
        actions.hide_message(
            house.inbox.runtime, SYSTEM, question.id, reason="insult", now=house.inbox.now
        )
    house.inbox.tick()
    assert house.world.items[question.external_id].is_hidden
    house.hear()
    assert final(house, question.external_id)[1] == "hidden"
