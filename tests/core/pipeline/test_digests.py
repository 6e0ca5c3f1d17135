"""Digests: who gets one, when, what it says, and that it never comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from earful import actions, mail
from earful.actions import Actor, HoursText, Opening
from earful.pipeline import digests
from earful.store.models import Agent, AgentNotification, Conversation, Digest
from earful.store.queries.digests import MOST_READ
from earful.store.states import DigestPace, DigestState, Role
from earful.testing.inbox import Inbox, InboxMessage
from earful.ticker import sweep

from tests.core.conftest import agent
from tests.core.pipeline.test_query_counts import counted
from tests.post_office import PostOffice, open_post_office
from tests.wall import Wall, post

ADDRESS = "https://inbox.example.org"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PostOffice]:
    with open_post_office(tmp_path) as opened:
        yield opened


@pytest.fixture
def earful_config(earful_config: str, office: PostOffice) -> str:
    return f"""
    [server]
    public_url = "{ADDRESS}"
    [mail]
    host = "127.0.0.1"
    port = {office.port}
    tls = "none"
    from_address = "Earful <earful@example.org>"
    {earful_config}
    """


@pytest.fixture
def message(inbox: Inbox, wall: Wall) -> InboxMessage:
    (arrived,) = inbox.receive("wall", wall.payload(post("m1", "My card is 4711", thread_id="t")))
    return arrived


@pytest.fixture
def lena(inbox: Inbox) -> Actor:
    return agent(Role.AGENT, "lena")


def hourly(who: Actor) -> None:
    Agent.update(digest=DigestPace.HOURLY).where(Agent.id == who.agent_id).execute()


def name_sam(inbox: Inbox, lena: Actor, message: InboxMessage) -> None:
    actions.add_note(inbox.runtime, lena, message.conversation_id, "@sam look", now=inbox.now)


def pass_the_hour(inbox: Inbox) -> None:
    """Until the digest of the hour is made and sent."""
    inbox.now = inbox.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    inbox.advance(minutes=1)
    run(inbox)


def run(inbox: Inbox) -> None:
    digests.make_digests(inbox.runtime, now=inbox.now)
    inbox.tick()


def states() -> list[DigestState]:
    return [row.state for row in Digest.select().order_by(Digest.id)]


def body(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_what_is_new_and_unseen_comes_by_mail_once(
    inbox: Inbox, office: PostOffice, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    hourly(sam)
    name_sam(inbox, lena, message)
    pass_the_hour(inbox)
    run(inbox)
    pass_the_hour(inbox)

    (mailed,) = office.mails
    assert office.recipients == ["sam@example.com"]
    assert (mailed["From"], mailed["To"]) == ("Earful <earful@example.org>", "sam@example.com")
    assert mailed["Subject"] == "One thing is new for you in Earful"
    assert mailed["List-Unsubscribe"] == f"<{ADDRESS}/profile/>"
    assert mailed["Auto-Submitted"] == "auto-generated"
    for kind in ("plain", "html"):
        assert "lena named you in a note about" in body(mailed, kind)
        assert f"{ADDRESS}/?c={message.conversation_id}" in body(mailed, kind)
        assert f"{ADDRESS}/profile/" in body(mailed, kind)
    assert states() == [DigestState.SENT]


def test_a_mail_holds_no_word_that_somebody_wrote(
    inbox: Inbox, office: PostOffice, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    hourly(sam)
    name_sam(inbox, lena, message)
    pass_the_hour(inbox)

    (mailed,) = office.mails
    for kind in ("plain", "html"):
        assert "4711" not in body(mailed, kind)
        assert "look" not in body(mailed, kind)


def test_nothing_new_brings_no_mail(
    inbox: Inbox, office: PostOffice, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    hourly(sam)
    pass_the_hour(inbox)
    name_sam(inbox, lena, message)
    actions.mark_read(inbox.runtime, sam, message.conversation_id, message.id, now=inbox.now)
    pass_the_hour(inbox)

    assert office.mails == []
    assert states() == []


def test_what_was_read_before_the_mail_left_is_not_told(
    inbox: Inbox, office: PostOffice, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    hourly(sam)
    name_sam(inbox, lena, message)
    inbox.advance(hours=1, minutes=1)
    digests.make_digests(inbox.runtime, now=inbox.now)
    actions.mark_read(inbox.runtime, sam, message.conversation_id, message.id, now=inbox.now)
    inbox.tick()

    assert office.mails == []
    assert states() == [DigestState.DROPPED]


def test_daily_digests_come_in_the_morning(
    inbox: Inbox, office: PostOffice, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    name_sam(inbox, lena, message)
    pass_the_hour(inbox)
    assert office.mails == []

    morning = (inbox.now + timedelta(days=1)).replace(hour=8, minute=0)
    inbox.now = morning
    run(inbox)
    assert office.mails == []
    inbox.now = morning + timedelta(minutes=2)
    run(inbox)
    assert len(office.mails) == 1
    assert Digest.get().until == morning


def test_the_morning_is_that_of_the_hours_saved_in_the_browser(
    inbox: Inbox, office: PostOffice, sam: Actor, lena: Actor, admin: Actor, message: InboxMessage
) -> None:
    typed = HoursText(
        timezone="Asia/Tokyo", week={"monday": [Opening(opens="9:00", closes="17:00")]}
    )
    actions.save_hours(inbox.runtime, admin, typed, now=inbox.now)
    name_sam(inbox, lena, message)

    eight_in_tokyo = inbox.now.replace(hour=23, minute=0)
    inbox.now = eight_in_tokyo + timedelta(minutes=2)
    run(inbox)

    assert len(office.mails) == 1
    assert Digest.get().until == eight_in_tokyo


@pytest.mark.parametrize(
    ("changes", "mails"),
    [
        ({"digest": DigestPace.OFF}, 0),
        ({"digest": DigestPace.HOURLY, "active": False}, 0),
        ({"digest": DigestPace.HOURLY, "muted": ["mention.mail"]}, 0),
        ({"digest": DigestPace.HOURLY, "muted": ["assigned.mail", "mention.browser"]}, 1),
        ({"digest": DigestPace.WHEN_AWAY}, 0),
        ({"digest": DigestPace.WHEN_AWAY, "away": True}, 1),
    ],
)
def test_everybody_chooses(
    inbox: Inbox,
    office: PostOffice,
    sam: Actor,
    lena: Actor,
    message: InboxMessage,
    changes: dict[str, Any],
    mails: int,
) -> None:
    Agent.update(changes).where(Agent.id == sam.agent_id).execute()
    name_sam(inbox, lena, message)
    pass_the_hour(inbox)

    assert len(office.mails) == mails


def test_who_is_shut_out_meanwhile_gets_none(
    inbox: Inbox, office: PostOffice, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    hourly(sam)
    name_sam(inbox, lena, message)
    inbox.advance(hours=1, minutes=1)
    digests.make_digests(inbox.runtime, now=inbox.now)
    Agent.update(active=False).where(Agent.id == sam.agent_id).execute()
    inbox.tick()

    assert office.mails == []


def test_what_becomes_overdue_is_told_once(
    inbox: Inbox, office: PostOffice, sam: Actor, message: InboxMessage
) -> None:
    hourly(sam)
    key = message.conversation_id
    Conversation.update(assignee=sam.agent_id, due_at=inbox.now + timedelta(minutes=5)).execute()
    pass_the_hour(inbox)
    pass_the_hour(inbox)

    (mailed,) = office.mails
    assert "waits for an answer that is overdue" in body(mailed)
    assert f"/?c={key}" in body(mailed)
    assert "You hold one open conversation. One is overdue." in body(mailed)


def test_it_speaks_the_readers_language(
    inbox: Inbox, office: PostOffice, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    Agent.update(digest=DigestPace.HOURLY, language="de").execute()
    name_sam(inbox, lena, message)
    pass_the_hour(inbox)

    (mailed,) = office.mails
    assert mailed["Subject"] == "Eine Neuigkeit für Sie in Earful"
    assert "lena hat Sie in einer Notiz" in body(mailed)
    assert '<html lang="de">' in body(mailed, "html")


def test_it_names_no_more_than_twenty(
    inbox: Inbox, office: PostOffice, sam: Actor, message: InboxMessage
) -> None:
    hourly(sam)
    for _ in range(MOST_READ + 20):
        AgentNotification.create(
            agent=sam.agent_id, kind="assigned", conversation=message.conversation_id,
            at=inbox.now,
        )  # fmt: skip
    pass_the_hour(inbox)

    (mailed,) = office.mails
    assert body(mailed).count("is assigned to you by its queue") == 20
    assert "More than 80 more are new." in body(mailed)


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


HEADERS = [
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "From",
    "List-Unsubscribe",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
]
TAGS = {"html", "head", "meta", "title", "body", "p", "ul", "li", "a"}
HOSTILE = [
    "Eve\r\nBcc: all@example.org\r\n\r\nHi",
    "<img src=x onerror=alert(1)><a href='https://evil.example'>Click</a>",
    "\u202egnp.exe \u2066x\u2069 https://evil.example/login www.evil.example eve@evil.example",
    "=?utf-8?q?=0d=0aBcc:_x@y?=",
    "Z\u0341\u0342\u0300" * 200,
    "\x00\x1b[31m\ud800" * 3,
    "%(contact)s %s %n {0}",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name(
    inbox: Inbox, office: PostOffice, sam: Actor, message: InboxMessage, name: str
) -> None:
    hourly(sam)
    AgentNotification.create(
        agent=sam.agent_id, kind="assigned", conversation=message.conversation_id, at=inbox.now
    )
    real = digests.digest_news

    def with_name(*args: Any, **options: Any) -> Any:
        # No database would take some of these.
        news = real(*args, **options)
        return replace(news, notices=[replace(each, contact=name) for each in news.notices])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "digest_news", with_name)
        pass_the_hour(inbox)

    assert office.recipients == ["sam@example.com"]
    (mailed,) = office.mails
    assert sorted(mailed.keys()) == HEADERS
    seen = _Seen()
    seen.feed(body(mailed, "html"))
    assert {tag for tag, _ in seen.tags} <= TAGS
    links = [attrs["href"] or "" for tag, attrs in seen.tags if tag == "a"]
    assert len(links) == 3
    assert all(link.startswith(ADDRESS) for link in links)
    for kind in ("plain", "html"):
        text = body(mailed, kind)
        assert not set("\u202e\u2066\u2069\x1b\x00") & set(text)
        assert "evil.example" not in text.replace(ADDRESS, "")
        assert max(map(len, text.splitlines())) < 300


def test_what_the_server_has_not_taken_is_tried_again_and_then_given_up(
    inbox: Inbox, office: PostOffice, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    hourly(sam)
    name_sam(inbox, lena, message)
    office.answers = ["451 later"]
    pass_the_hour(inbox)
    assert states() == [DigestState.WAITING]
    inbox.advance(minutes=1)
    inbox.tick()
    assert office.mails == []

    # What is new meanwhile does not make a second mail, but goes into the next one.
    name_sam(inbox, lena, message)
    inbox.advance(hours=1)
    office.answers = ["451 later"] * 100
    run(inbox)
    assert states() == [DigestState.WAITING]
    for _ in range(14):
        inbox.advance(hours=1)
        inbox.tick()
    assert states() == [DigestState.FAILED]
    office.answers = []
    pass_the_hour(inbox)
    assert len(office.mails) == 1
    assert states() == [DigestState.FAILED, DigestState.SENT]


@pytest.mark.parametrize("answer", ["550 nobody here", "gone"])
def test_what_was_refused_or_may_have_left_is_never_sent_again(
    inbox: Inbox,
    office: PostOffice,
    sam: Actor,
    lena: Actor,
    message: InboxMessage,
    answer: str,
) -> None:
    hourly(sam)
    name_sam(inbox, lena, message)
    office.answers = [answer]
    pass_the_hour(inbox)
    pass_the_hour(inbox)

    assert len(office.recipients) == 1
    assert states() == [DigestState.FAILED]


def test_a_crash_between_sending_and_noting_it_sends_nothing_twice(
    inbox: Inbox,
    office: PostOffice,
    sam: Actor,
    lena: Actor,
    message: InboxMessage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hourly(sam)
    name_sam(inbox, lena, message)
    inbox.advance(hours=1, minutes=1)
    digests.make_digests(inbox.runtime, now=inbox.now)
    real = mail.send

    def send_and_die(*args: Any) -> None:
        real(*args)
        raise KeyboardInterrupt

    key = Digest.get().id
    with monkeypatch.context() as patch:
        patch.setattr(mail, "send", send_and_die)
        with pytest.raises(KeyboardInterrupt):
            digests.send_digest(inbox.runtime, key, now=inbox.now)

    run(inbox)
    inbox.now += digests.LEASE
    sweep(inbox.runtime, now=inbox.now)
    pass_the_hour(inbox)
    assert len(office.mails) == 1
    assert states() == [DigestState.FAILED]
    assert "interrupted" in Digest.get().error


def test_two_workers_with_the_same_digest_send_it_once(
    inbox: Inbox, office: PostOffice, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    hourly(sam)
    name_sam(inbox, lena, message)
    inbox.advance(hours=1, minutes=1)
    digests.make_digests(inbox.runtime, now=inbox.now)
    digests.make_digests(inbox.runtime, now=inbox.now)
    key = Digest.get().id
    office.before_answer = lambda: digests.send_digest(inbox.runtime, key, now=inbox.now)
    for _ in range(2):
        digests.send_digest(inbox.runtime, key, now=inbox.now)
        inbox.now += digests.LEASE

    assert len(office.mails) == 1


def test_the_cost_is_that_of_the_news(
    inbox: Inbox, office: PostOffice, sam: Actor, lena: Actor, message: InboxMessage
) -> None:
    def cost(when: datetime) -> tuple[int, int]:
        making: list[str] = []
        sending: list[str] = []
        with counted(making):
            digests.make_digests(inbox.runtime, now=when)
        with counted(sending):
            digests.send_digest(inbox.runtime, Digest.select().order_by(-Digest.id).get().id,
                                now=when)  # fmt: skip
        return len(making), len(sending)

    hourly(sam)
    name_sam(inbox, lena, message)
    small = cost(inbox.advance(hours=1, minutes=1))
    for number in range(30):
        hourly(agent(Role.AGENT, f"quiet{number}"))
        loud = agent(Role.AGENT, f"loud{number}")
        hourly(loud)
        actions.assign(
            inbox.runtime, lena, message.conversation_id, loud.agent_id, now=inbox.now
        )  # fmt: skip
        name_sam(inbox, lena, message)
    large = cost(inbox.advance(hours=1))

    assert small == large
    assert Digest.select().count() == 1 + 31
