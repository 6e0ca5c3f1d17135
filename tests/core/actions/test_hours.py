"""Business hours saved in the browser: who uses them at once, what is audited, what a job asks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from earful import actions
from earful.actions import Actor, HolidayText, HoursText, InvalidHours, NewerHours, Opening
from earful.business_hours import WEEKDAYS, BusinessHours, parse_span, span_text
from earful.pipeline import sla
from earful.policies import moment_facts
from earful.store.hours import KEY, SavedHours, as_stored, saved_hours
from earful.store.models import AuditEvent, Clock, Queue, Setting
from earful.testing.inbox import Inbox

from tests.core.pipeline.test_query_counts import counted
from tests.wall import NOON, Wall, post

OFFICE = HoursText(
    timezone="Europe/Berlin",
    week={"monday": [Opening(opens="9", closes="17:00")]},
    holidays=[HolidayText(day="2026-12-25", name="Christmas  Day")],
)


@pytest.fixture
def earful_config(earful_config: str) -> str:
    return f"""
    [business_hours]
    timezone = "UTC"
    friday = ["09:00-17:00"]
    {earful_config}
    """


def test_saved_hours_count_for_the_next_clock_in_every_process(
    inbox: Inbox, wall: Wall, admin: Actor
) -> None:
    Queue.create(name="General", first_response_minutes=60)
    inbox.receive("wall", wall.payload(post("m1", thread_id="a")))

    actions.save_hours(inbox.runtime, admin, OFFICE, now=inbox.now)
    inbox.receive("wall", wall.payload(post("m2", thread_id="b")))

    first, second = Clock.select().order_by(Clock.id)
    assert first.due_at == NOON + timedelta(hours=1)
    assert second.due_at == datetime(NOON.year, NOON.month, NOON.day + 3, 9, tzinfo=UTC)


def test_a_clock_that_runs_keeps_its_due_time(inbox: Inbox, wall: Wall, admin: Actor) -> None:
    Queue.create(name="General", first_response_minutes=60)
    (message,) = inbox.receive("wall", wall.payload(post("m1", thread_id="a")))

    actions.save_hours(inbox.runtime, admin, OFFICE, now=inbox.now)
    sla.start_clocks(inbox.runtime, [message.id])

    assert [clock.due_at for clock in Clock.select()] == [NOON + timedelta(hours=1)]


def test_policies_ask_the_saved_hours(inbox: Inbox, admin: Actor) -> None:
    assert moment_facts(inbox.runtime.hours_in_force(), NOON)["time.in_business_hours"] is True

    actions.save_hours(inbox.runtime, admin, OFFICE, now=inbox.now)

    facts = moment_facts(inbox.runtime.hours_in_force(), NOON)
    assert facts["time.in_business_hours"] is False
    assert facts["time.hour"] != NOON.hour


def test_going_back_leaves_what_was_saved_and_is_audited(inbox: Inbox, admin: Actor) -> None:
    actions.save_hours(inbox.runtime, admin, OFFICE, now=inbox.now)
    for saved in (False, False, True):
        actions.use_saved_hours(inbox.runtime, admin, saved=saved, now=inbox.now)

    kept = saved_hours()
    assert kept
    assert (kept.version, kept.in_force, kept.saved_by) == (3, True, "maya")
    assert kept.holiday_names == {date(2026, 12, 25): "Christmas Day"}
    rows = list(AuditEvent.select().order_by(AuditEvent.id))
    assert [row.action for row in rows] == ["hours.save", "hours.use", "hours.use"]
    assert rows[0].before is None
    assert rows[0].after["week"]["monday"] == ["09:00-17:00"]
    assert [row.after["in_force"] for row in rows] == [True, False, True]


def test_without_saved_hours_there_is_nothing_to_go_back_from(inbox: Inbox, admin: Actor) -> None:
    for saved in (True, False):
        actions.use_saved_hours(inbox.runtime, admin, saved=saved, now=inbox.now)
        assert inbox.runtime.hours_in_force() == inbox.runtime.configured_hours


def test_who_saw_an_older_version_is_refused(inbox: Inbox, admin: Actor) -> None:
    actions.save_hours(inbox.runtime, admin, OFFICE, now=inbox.now)

    with pytest.raises(NewerHours, match="maya has saved hours meanwhile") as caught:
        actions.save_hours(inbox.runtime, admin, OFFICE, version=0, now=inbox.now)

    actions.save_hours(inbox.runtime, admin, OFFICE, version=caught.value.version, now=inbox.now)
    assert (kept := saved_hours())
    assert kept.version == 2


def test_all_mistakes_are_told_at_once_and_nothing_is_stored(inbox: Inbox, admin: Actor) -> None:
    wrong = HoursText(
        timezone="Mars",
        week={"monday": [Opening(opens="25:00", closes="8")]},
        holidays=[HolidayText(day="soon")],
    )

    with pytest.raises(InvalidHours) as caught:
        actions.save_hours(inbox.runtime, admin, wrong, now=inbox.now)

    assert [at for at, _ in caught.value.mistakes] == [
        "timezone",
        "monday-0-opens",
        "holiday-0-day",
    ]
    assert Setting.select().count() == 0


def test_holidays_that_close_for_years_are_refused() -> None:
    mondays = [date(2026, 1, 5) + timedelta(weeks=n) for n in range(100)]
    typed = HoursText(
        week=OFFICE.week, holidays=[HolidayText(day=day.isoformat()) for day in mondays]
    )

    with pytest.raises(InvalidHours, match="more than a year"):
        actions.read_hours(typed)


def test_the_week_wraps_round(inbox: Inbox) -> None:
    sunday = [Opening(opens="22:00", closes="03:00", next_day=True)]
    early = [Opening(opens="02:00", closes="04:00")]

    with pytest.raises(InvalidHours) as caught:
        actions.read_hours(HoursText(week={"sunday": sunday, "monday": early}))

    assert caught.value.mistakes[0][0] == "monday-0-opens"
    early[0].opens = "03:00"
    actions.read_hours(HoursText(week={"sunday": sunday, "monday": early}))


@pytest.mark.parametrize(
    "value",
    [{"week": {}}, {"version": 1}, [], "x", {"timezone": "Mars", "week": {}, "holidays": {}}],
)
def test_what_cannot_be_read_leaves_the_configurations_hours(
    inbox: Inbox, admin: Actor, value: object
) -> None:
    Setting.create(key=KEY, value=value)

    assert inbox.runtime.hours_in_force() == inbox.runtime.configured_hours
    actions.use_saved_hours(inbox.runtime, admin, saved=False, now=inbox.now)
    assert saved_hours() is None


@pytest.mark.parametrize("span", ["00:00-24:00", "09:00-17:30", "22:00-02:00", "12:00-36:00"])
def test_a_span_is_stored_as_it_is_read(span: str) -> None:
    assert parse_span(span_text(parse_span(span))) == parse_span(span)


def test_a_job_asks_once_whatever_its_size(inbox: Inbox, wall: Wall, admin: Actor) -> None:
    Queue.create(name="General", first_response_minutes=60)
    actions.save_hours(inbox.runtime, admin, OFFICE, now=inbox.now)
    asked = []
    for size in (2, 60):
        items = [post(f"{size}-{n}", by=f"a{n}", thread_id=f"{size}-{n}") for n in range(size)]
        inbox.push("wall", wall.payload(*items))
        statements: list[str] = []
        with counted(statements):
            inbox.run_jobs()
        asked.append(sum('FROM "setting"' in each for each in statements))
    assert asked == [2, 2]


def test_both_databases_keep_them(open_database: str) -> None:
    calendar, names = actions.read_hours(OFFICE)
    kept = SavedHours(
        version=1,
        in_force=True,
        calendar=calendar,
        holiday_names=names,
        saved_by="maya",
        saved_at=NOON,
    )
    Setting.create(key=KEY, value=as_stored(kept))
    assert saved_hours() == kept


def test_open_until_and_the_next_closed_day_are_known() -> None:
    hours = BusinessHours.parse(
        week={
            "monday": ["09:00-12:00", "12:00-17:00"],
            "tuesday": ["20:00-24:00"],
            "wednesday": ["00:00-02:00"],
        },
        holidays=["2026-11-30"],
    )
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert hours.closes_at(monday + timedelta(hours=10)) == monday + timedelta(hours=17)
    assert hours.closes_at(monday) is None
    assert hours.closes_at(monday + timedelta(hours=45)) == monday + timedelta(hours=50)
    assert hours.opens_at(monday) == monday + timedelta(hours=9)
    assert hours.next_closed_day(monday) == date(2026, 11, 26)
    always = BusinessHours.parse(
        week={day: ["00:00-24:00"] for day in WEEKDAYS}, holidays=["2027-11-30"]
    )
    assert always.closes_at(monday) is None
    assert always.next_closed_day(monday) == date(2027, 11, 30)
