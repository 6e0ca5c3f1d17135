"""Business hours: openings, deadlines and their reasons, across nights, holidays and DST."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from earful.business_hours import WEEKDAYS, BusinessHours, parse_span
from hypothesis import given, settings
from hypothesis import strategies as st

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = BusinessHours.parse(
    timezone="Europe/Berlin",
    week=dict.fromkeys(WEEKDAYS[:5], ("09:00-17:00",)),
    holidays=("2026-12-25",),
)


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


def hours(**week: str) -> BusinessHours:
    return BusinessHours.parse(
        timezone="Europe/Berlin", week={day: tuple(text.split()) for day, text in week.items()}
    )


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-23 08:59", False),
        ("2026-11-23 09:00", True),
        ("2026-11-23 16:59", True),
        ("2026-11-23 17:00", False),
        ("2026-11-22 12:00", False),
        ("2026-12-25 12:00", False),
    ],
)
def test_open_from_the_first_minute_to_the_last(at: str, *, is_open: bool) -> None:
    assert OFFICE.is_open(berlin(at)) is is_open


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-11-23 09:00", 30, "2026-11-23 09:30"),
        ("2026-11-23 16:45", 15, "2026-11-23 17:00"),
        ("2026-11-23 16:45", 30, "2026-11-24 09:15"),
        ("2026-11-20 17:00", 30, "2026-11-23 09:30"),
        ("2026-11-21 12:00", 0, "2026-11-23 09:00"),
        ("2026-11-23 10:00", 0, "2026-11-23 10:00"),
        ("2026-11-23 09:00", 40 * 60, "2026-11-27 17:00"),
        ("2026-12-24 16:30", 60, "2026-12-28 09:30"),
    ],
)
def test_only_open_minutes_count(start: str, minutes: int, due: str) -> None:
    result = OFFICE.add(berlin(start), minutes)
    assert result == berlin(due)
    assert result.tzinfo is UTC


def test_a_night_shift_belongs_to_the_day_it_begins_on() -> None:
    night = hours(friday="22:00-02:00")
    assert night.is_open(berlin("2026-11-28 01:59"))
    assert not night.is_open(berlin("2026-11-27 01:00"))
    assert night.add(berlin("2026-11-27 23:00"), 240) == berlin("2026-12-04 23:00")


def test_a_holiday_does_not_cut_the_night_before_it() -> None:
    night = BusinessHours.parse(
        week={"thursday": ["22:00-02:00"], "friday": ["22:00-02:00"]}, holidays=["2026-11-27"]
    )
    assert night.is_open(datetime(2026, 11, 27, 1, tzinfo=UTC))
    assert not night.is_open(datetime(2026, 11, 27, 23, tzinfo=UTC))


def test_several_openings_a_day_leave_the_lunch_break_out() -> None:
    shop = hours(monday="13:00-18:00 09:00-12:00")
    assert shop.add(berlin("2026-11-23 11:45"), 30) == berlin("2026-11-23 13:15")


def test_overlapping_openings_count_once() -> None:
    shop = hours(monday="09:00-12:00 11:00-14:00", tuesday="00:30-02:00")
    assert shop.add(berlin("2026-11-23 09:00"), 300) == berlin("2026-11-23 14:00")
    late = hours(monday="20:00-03:00", tuesday="01:00-04:00")
    assert late.add(berlin("2026-11-23 20:00"), 8 * 60) == berlin("2026-11-24 04:00")


def test_a_day_of_23_hours_has_an_hour_less() -> None:
    sunday = hours(sunday="00:00-24:00")
    opening = berlin("2026-03-29 00:00")
    assert sunday.add(opening, 23 * 60) == berlin("2026-03-30 00:00")


def test_a_day_of_25_hours_has_an_hour_more() -> None:
    sunday = hours(sunday="00:00-24:00")
    assert sunday.add(berlin("2026-10-25 00:00"), 25 * 60) == berlin("2026-10-26 00:00")


def test_a_doubled_hour_is_open_both_times() -> None:
    early = hours(sunday="02:00-02:30")
    assert early.is_open(berlin("2026-10-25 02:15"))
    assert early.is_open(berlin("2026-10-25 02:15", fold=1))
    assert not early.is_open(berlin("2026-10-25 02:45", fold=1))


def test_an_opening_that_the_clocks_skip_comes_an_hour_later() -> None:
    early = hours(sunday="02:15-02:45")
    assert early.add(berlin("2026-03-28 12:00"), 0) == berlin("2026-03-29 03:15")


def test_a_deadline_keeps_to_the_wall_clock_across_a_clock_change() -> None:
    assert OFFICE.add(berlin("2026-03-27 16:30"), 60) == berlin("2026-03-30 09:30")
    assert OFFICE.add(berlin("2026-10-23 16:30"), 60) == berlin("2026-10-26 09:30")


def test_around_the_clock_is_plain_addition() -> None:
    always = BusinessHours.always("Europe/Berlin")
    assert always.is_always_open
    at = berlin("2026-03-29 00:00")
    assert always.add(at, 24 * 60) == at.astimezone(UTC) + timedelta(days=1)
    assert always.is_open(at)


def test_around_the_clock_with_a_holiday_is_closed_that_day() -> None:
    calendar = BusinessHours(
        week=dict.fromkeys(WEEKDAYS, ((0, 1440),)), holidays=frozenset({date(2026, 12, 25)})
    )
    due = calendar.add(datetime(2026, 12, 24, 23, tzinfo=UTC), 120)
    assert due == datetime(2026, 12, 26, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "minutes", "words"),
    [
        ("2026-11-20 17:30", 30, "Mon 09:30 because closed since Fri 17:00"),
        ("2026-11-20 16:50", 40, "Mon 09:30 because closed since Fri 17:00"),
        ("2026-11-23 08:00", 30, "Mon 09:30 because closed since Fri 17:00"),
        ("2026-11-23 09:00", 30, "Mon 09:30, open all the time from Mon 09:00"),
        ("2026-11-23 16:30", 30, "Mon 17:00, open all the time from Mon 16:30"),
        ("2026-11-23 09:00", 41 * 60, "Mon 2026-11-30 10:00 because closed since Fri 17:00"),
        ("2026-12-24 18:00", 60, "Mon 10:00 because closed since Thu 17:00"),
    ],
)
def test_a_deadline_says_why_it_is_then(start: str, minutes: int, words: str) -> None:
    assert OFFICE.explain(berlin(start), minutes) == words


def test_a_deadline_without_closures_says_so() -> None:
    always = BusinessHours.always("Europe/Berlin")
    assert always.explain(berlin("2026-11-23 23:00"), 120) == "Tue 01:00, open around the clock"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("09:00-17:00", (540, 1020)),
        (" 9:00 – 17:30 ", (540, 1050)),  # noqa: RUF001
        ("22:00-02:00", (1320, 1560)),
        ("22:00-00:00", (1320, 1440)),
        ("00:00-24:00", (0, 1440)),
    ],
)
def test_spans_are_read_from_text(text: str, span: tuple[int, int]) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "9-17", "09:00", "09:60-10:00", "24:00-25:00", "09:00-09:00"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"span|minutes"):
        parse_span(text)


def test_a_calendar_that_never_opens_is_refused() -> None:
    with pytest.raises(ValueError, match="never open"):
        BusinessHours(week={"monday": ()})
    mondays = frozenset(date(2026, 11, 23) + timedelta(weeks=n) for n in range(60))
    with pytest.raises(ValueError, match="400 days after 2026-11-23"):
        BusinessHours(week={"monday": ((540, 1020),)}, holidays=mondays)


def test_an_unknown_day_is_refused() -> None:
    with pytest.raises(ValueError, match="mnday"):
        BusinessHours(week={"mnday": ((540, 1020),)})


def test_a_moment_without_time_zone_and_negative_minutes_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        OFFICE.add(datetime(2026, 11, 23, 9), 5)  # noqa: DTZ001
    with pytest.raises(ValueError, match="negative"):
        OFFICE.add(berlin("2026-11-23 09:00"), -1)


def test_a_deadline_beyond_ten_years_is_cut_off_quickly() -> None:
    rare = hours(monday="09:00-09:01")
    started = time.perf_counter()
    due = rare.add(berlin("2026-11-23 09:00"), 10**6)
    assert berlin("2036-11-01 00:00") < due < berlin("2037-01-01 00:00")
    assert time.perf_counter() - started < 2


def test_a_moment_is_shown_on_the_offices_clock() -> None:
    assert OFFICE.local(datetime(2026, 7, 1, 12, tzinfo=UTC)).hour == 14


_SPANS = st.tuples(st.integers(0, 95), st.integers(1, 96)).map(
    lambda pair: (pair[0] * 15, (pair[0] * 15 + pair[1] * 15))
)
_WEEKS = st.dictionaries(
    st.sampled_from(WEEKDAYS), st.lists(_SPANS, min_size=1, max_size=3).map(tuple), min_size=1
)
_MOMENTS = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001
    max_value=datetime(2027, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(
    week=_WEEKS,
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
    start=_MOMENTS,
    minutes=st.integers(0, 6000),
    more=st.integers(0, 600),
)
@settings(max_examples=200, deadline=None)
def test_a_deadline_is_never_closed_never_early_and_never_shrinks(
    week: dict[str, tuple[tuple[int, int], ...]],
    zone: str,
    start: datetime,
    minutes: int,
    more: int,
) -> None:
    calendar = BusinessHours(timezone=zone, week=week)
    due = calendar.add(start, minutes)
    assert due >= start + timedelta(minutes=minutes)
    assert calendar.is_open(due) or calendar.is_open(due - timedelta(microseconds=1))
    assert calendar.add(start, minutes + more) >= due
    if minutes:
        assert calendar.add(due, more) == calendar.add(start, minutes + more) or more == 0
    assert calendar.explain(start, minutes)
