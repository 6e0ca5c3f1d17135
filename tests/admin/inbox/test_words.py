"""The parts of the inbox that only calculate: events as sentences, days, snoozing, links."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from earful import wording
from earful.store.queries.conversation import ThreadLine
from earful.store.queries.references import AgentName
from earful.store.queries.timeline import EventLine, MessageLine, ReplyLine, Timeline
from earful.store.states import Direction, ReplyState
from earful.types import Surface
from earful_admin.inbox.composing import web_address
from earful_admin.inbox.entries import by_day, day_words
from earful_admin.inbox.sentences import sentence
from earful_admin.inbox.snoozing import custom, snooze_choices

BERLIN = ZoneInfo("Europe/Berlin")
SAM = AgentName(id=1, name="Sam", initials="S")
FRIDAY = datetime(2026, 11, 20, 12, tzinfo=UTC)


def event(
    kind: str, *, who: AgentName | None = None, at: datetime = FRIDAY, **data: Any
) -> EventLine:
    return EventLine(id=1, kind=kind, agent=who, data=data, at=at)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (event("assigned", who=SAM, to="Maya"), "assigned it to Maya"),
        (event("assigned", who=SAM, to="Sam"), "took it"),
        (event("assigned", to="Maya"), "Assigned to Maya"),
        (event("assigned", who=SAM, to=""), "took the assignment away"),
        (event("moved", who=SAM, queue="Billing"), "moved it to Billing"),
        (event("priority", who=SAM, priority="high"), "set the priority to high"),
        (event("labelled", who=SAM, label="parcel"), "added the label parcel"),
        (
            event("snoozed", who=SAM, until="2026-11-23T08:00:00+00:00"),
            "snoozed it until Monday 23 November, 09:00",
        ),
        (event("snoozed", who=SAM, until=""), "snoozed it until they write"),
        (event("snoozed", who=SAM, until="?"), "snoozed it"),
        (event("resolved", who=SAM, outcome="Refunded"), "resolved it: Refunded"),
        (event("resolved"), "Resolved"),
        (event("reopened"), "Opened again by a new message"),
        (event("clock_breached", clock="first_response"), "The first response is overdue"),
        (event("went_private", who=SAM), "took it into private"),
        (event("action_done", who=SAM, action="hide", undo=False, reason="spam"),
         "hid a message there: spam"),
        (event("action_done", action="like", undo=True), "A like was taken back"),
        (event("action_failed", who=SAM, action="like", reason="no"),
         "A like did not work there: no"),
        (event("moved", who=SAM), "moved it to …"),
        (event("something_new"), "something new"),
        (event("routed", queue="General", by="fallback"),
         "Put into General: no policy and no router decided"),
        (event("routed", queue="Technical", by="router:experts", reason="x"),
         "Routed to Technical"),
    ],
)  # fmt: skip
def test_events_are_sentences(line: EventLine, words: str) -> None:
    assert sentence(line, BERLIN).text == words


def test_why_somebody_got_it_is_told_in_the_readers_language() -> None:
    line = event("assigned", to="Maya", by="Praise: least loaded", load=1)
    skilled = event("assigned", to="Maya", by="A: B: by skill", knows=["billing", "de"], load=0)
    before = event("assigned", to="Maya", by="Praise: round robin", reason="held 2 open ones")
    (reason,) = sentence(line, BERLIN).reasons
    assert (reason.title, reason.because) == ("Praise: least loaded", ("held 1 open conversation",))
    (reason,) = sentence(before, BERLIN).reasons
    assert reason.because == ("held 2 open ones",)
    with wording.speaking("de"):
        (reason,) = sentence(line, BERLIN).reasons
        (other,) = sentence(skilled, BERLIN).reasons
    assert reason.title == "Praise: am wenigsten belastet"
    assert reason.because == ("hatte 1 offene Konversation",)
    assert other.title == "A: B: nach Können"
    assert other.because == ("kann billing, de", "hatte 0 offene Konversationen")


def test_a_routing_says_which_policies_did_what_and_why() -> None:
    policies = [
        {"name": "A", "version": 2, "because": ["x"], "did": ["put it away"]},
        {"name": "B", "version": 1, "because": ["y"], "did": ["set it", "told somebody"]},
    ]
    said = sentence(event("routed", policies=policies, queue="Q", by="policies"), BERLIN)
    assert said.text == "Policies “A” and “B” put it away, set it and told somebody"
    assert [reason.title for reason in said.reasons] == [
        "Policy “A”, version 2",
        "Policy “B”, version 1",
    ]


def test_what_several_policies_did_alike_is_said_once() -> None:
    policies = [{"name": name, "version": 1, "did": ["put it away"]} for name in "AB"]
    said = sentence(event("routed", policies=policies, queue="Q", by="policies"), BERLIN)
    assert said.text == "Policies “A” and “B” put it away"
    assert [reason.did for reason in said.reasons] == [("put it away",), ("put it away",)]


def test_routing_again_to_the_same_place_is_no_news() -> None:
    again = [event("routed", queue="Q", by="fallback") for _ in range(3)]
    moved = event("routed", queue="R", by="router:experts")
    told = event("message_edited", message_id=1)
    timeline = Timeline(
        messages=(), replies=(), notes=(), events=(*again, moved, told), earlier=None
    )
    (day,) = by_day(timeline, zone=BERLIN, now=FRIDAY)
    assert [entry.sentence.text for entry in day.entries if entry.sentence] == [
        "Put into Q: no policy and no router decided",
        "Routed to R",
    ]


def test_days_begin_where_the_business_is() -> None:
    late = event("moved", queue="A", at=datetime(2026, 11, 19, 22, 59, tzinfo=UTC))
    after = event("moved", queue="B", at=datetime(2026, 11, 19, 23, 1, tzinfo=UTC))
    timeline = Timeline(messages=(), replies=(), notes=(), events=(late, after), earlier=None)
    days = by_day(timeline, zone=BERLIN, now=FRIDAY)
    assert [day.words for day in days] == ["Yesterday", "Today"]


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 11, 17), "Tuesday"),
        (date(2026, 11, 3), "3 November"),
        (date(2025, 11, 3), "3 November 2025"),
    ],
)
def test_older_days_have_their_date(day: date, words: str) -> None:
    assert day_words(day, date(2026, 11, 20)) == words


def test_snoozing_is_offered_in_the_business_time() -> None:
    names = [(each.name, each.words) for each in snooze_choices(FRIDAY, BERLIN)]
    assert names == [
        ("In 1 hour", "Fri 14:00"),
        ("This afternoon", "Fri 15:00"),
        ("Tomorrow morning", "Sat 09:00"),
        ("Monday morning", "Mon 09:00"),
    ]


def test_what_lies_behind_or_is_said_twice_is_not_offered() -> None:
    evening = datetime(2026, 11, 22, 20, tzinfo=UTC)
    names = [each.name for each in snooze_choices(evening, BERLIN)]
    assert names == ["In 1 hour", "Tomorrow morning"]


def test_snoozing_over_a_clock_change_keeps_the_hour_on_the_wall() -> None:
    saturday = datetime(2026, 10, 24, 12, tzinfo=UTC)
    morning = next(
        each for each in snooze_choices(saturday, BERLIN) if each.name == "Tomorrow morning"
    )
    assert morning.until.astimezone(UTC) == datetime(2026, 10, 25, 8, tzinfo=UTC)


def test_a_chosen_time_is_the_business_time() -> None:
    assert custom("2026-11-20T09:00", BERLIN) == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert custom("2026-11-20T09:00+00:00", BERLIN) == FRIDAY - timedelta(hours=3)
    assert custom("tomorrow", BERLIN) is None


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https:", "http://[", "", None, "ftp://x.example"],
)  # fmt: skip
def test_only_web_addresses_become_links(address: str | None) -> None:
    assert web_address(address) is None


def test_a_web_address_stays_as_it_is() -> None:
    assert web_address("https://x.example/a?b=c#d") == "https://x.example/a?b=c#d"


def line(number: int, surface: Surface, thread: int) -> MessageLine:
    return MessageLine(
        id=number, direction=Direction.IN, surface=surface, thread_id=thread, author="Yuki",
        handle="", verified=False, reach=None, text="Hello", url=None,
        sent_at=FRIDAY + timedelta(minutes=number), edited_at=None, removal=None, removed_at=None,
        external_id=f"m{number}", quote=None, attachments=(), labels=(), versions=(),
    )  # fmt: skip


def private_reply(number: int, to: int) -> ReplyLine:
    at = FRIDAY + timedelta(minutes=number)
    return ReplyLine(
        id=number, message_id=to, agent=SAM, surface=Surface.PRIVATE, text="In private",
        state=ReplyState.SENT, created_at=at, due_at=at, external_id=None, url=None, error="",
        sent_at=None, confirmed_at=None, scheduled=False, snooze_until=None, resolve_after=False,
    )  # fmt: skip


@pytest.mark.parametrize("is_known", [True, False])
def test_the_talk_goes_private_with_the_first_private_reply(*, is_known: bool) -> None:
    """Also while the platform has told of no private thread yet."""
    public = ThreadLine(id=7, external_id="p", surface=Surface.PUBLIC_POST, title="", url=None)
    private = ThreadLine(id=8, external_id="d", surface=Surface.PRIVATE, title="", url=None)
    messages = [line(1, Surface.PUBLIC_POST, 7)]
    if is_known:
        messages.append(line(3, Surface.PRIVATE, 8))
    found = Timeline(
        messages=tuple(messages),
        replies=(private_reply(2, to=1),),
        notes=(),
        events=(),
        earlier=None,
    )
    threads = (public, private) if is_known else (public,)
    (day,) = by_day(found, zone=BERLIN, now=FRIDAY, threads=threads)
    places = [entry.place.surface if entry.place else None for entry in day.entries]
    assert places == [Surface.PUBLIC_POST, Surface.PRIVATE, None][: len(places)]
