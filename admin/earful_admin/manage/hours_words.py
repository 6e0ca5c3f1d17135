"""Business hours in words and as a picture of the week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from earful.business_hours import WEEKDAYS, BusinessHours, Span
from earful.wording import dated
from earful.wording import gettext as _

__all__ = ["DayLine", "HolidayLine", "holiday_lines", "now_in_words", "week_lines", "weekday_names"]

_DAY = 24 * 60
_A_MONDAY = date(2024, 1, 1)
_WITHIN_A_WEEK = timedelta(days=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One day of the week: when it opens in words, and what is open of it in minutes."""

    name: str
    openings: tuple[str, ...]
    bars: tuple[tuple[int, int], ...]
    """Where each bar begins, and how long it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayLine:
    """A holiday; `is_over` once its day has passed."""

    day: date
    date: str
    name: str
    is_over: bool


def weekday_names() -> dict[str, str]:
    """The days of the week by their names in the configuration."""
    return {day: dated(_A_MONDAY + timedelta(days=n), "EEEE") for n, day in enumerate(WEEKDAYS)}


def week_lines(hours: BusinessHours) -> list[DayLine]:
    """The week from Monday on. What is open after midnight is drawn on the day it falls on."""
    names = weekday_names()
    before = hours.week.get(WEEKDAYS[-1], ())
    lines = []
    for day in WEEKDAYS:
        spans = hours.week.get(day, ())
        late = [(0, end - _DAY) for _, end in before if end > _DAY]
        bars = [*late, *((start, min(end, _DAY) - start) for start, end in spans)]
        openings = tuple(_span(span) for span in sorted(spans))
        lines.append(DayLine(name=names[day], openings=openings, bars=tuple(bars)))
        before = spans
    return lines


def _span(span: Span) -> str:
    start, end = span
    if span == (0, _DAY):
        return _("all day")
    if end > _DAY:
        return _(
            "%(opens)s to %(closes)s the next day", opens=_time(start), closes=_time(end - _DAY)
        )
    return _("%(opens)s to %(closes)s", opens=_time(start), closes=_time(end))


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def holiday_lines(
    hours: BusinessHours, names: Mapping[date, str], now: datetime
) -> list[HolidayLine]:
    """The holidays in their order."""
    today = hours.local(now).date()
    return [
        HolidayLine(day=day, date=_day(day), name=names.get(day, ""), is_over=day < today)
        for day in sorted(hours.holidays)
    ]


def now_in_words(hours: BusinessHours, names: Mapping[date, str], now: datetime) -> str:
    """Whether it is open, until when, and the next day on which nothing opens."""
    if hours.is_always_open:
        return _("Open around the clock.")
    closed = hours.next_closed_day(now)
    if closed is None:
        return _state(hours, now)
    name = names.get(closed, "")
    day = _("%(day)s (%(name)s)", day=_day(closed), name=name) if name else _day(closed)
    return _("%(state)s Next closed day: %(day)s.", state=_state(hours, now), day=day)


def _state(hours: BusinessHours, now: datetime) -> str:
    if not hours.is_open(now):
        return _("Closed now, opens %(when)s.", when=_when(hours, hours.opens_at(now), now))
    closes = hours.closes_at(now)
    if closes is None:
        return _("Open now.")
    return _("Open now until %(when)s.", when=_when(hours, closes, now))


def _when(hours: BusinessHours, moment: datetime, now: datetime) -> str:
    there, here = hours.local(moment), hours.local(now)
    if there.date() == here.date():
        return dated(there, _("HH:mm"))
    near = there.date() - here.date() <= _WITHIN_A_WEEK
    return dated(there, _("EEEE, HH:mm") if near else _("EEEE d MMMM, HH:mm"))


def _day(day: date) -> str:
    return dated(day, _("EEEE, d MMMM y"))
