"""When people work: whether a moment is open, and when a number of open minutes has passed.

Pure calculation over a weekly calendar in one time zone. It knows no clocks, no policies and no
configuration file; moments come in aware and leave in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = ["WEEKDAYS", "BusinessHours", "Span", "parse_span", "span_text"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Span = tuple[int, int]
"""Opening and closing in minutes after midnight; closing at or before opening is the next day."""

_DAY = 24 * 60
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-\N{EN DASH}]\s*(\d{1,2}):(\d{2})")
_LONGEST_CLOSURE = 400
_FURTHEST_DAYS = 3660
_OPEN_WITHOUT_END = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class _Opening:
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class BusinessHours:
    """A weekly calendar with holidays.

    A span past midnight belongs to the day it begins on: a holiday closes what begins on it, not
    what is still open from the evening before. Where clocks are put back, a doubled hour is open
    both times; a moment that clocks skip stands for the one an hour later.

    Raises `ValueError` for a calendar that stays closed for more than 400 days.
    """

    timezone: str = "UTC"
    week: Mapping[str, tuple[Span, ...]]
    holidays: frozenset[date] = frozenset()
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)
    _days: tuple[tuple[Span, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        unknown = set(self.week) - set(WEEKDAYS)
        if unknown:
            raise ValueError(f"no day of the week: {', '.join(sorted(unknown))}")
        days = tuple(_merged(self.week.get(day, ())) for day in WEEKDAYS)
        object.__setattr__(self, "_zone", ZoneInfo(self.timezone))
        object.__setattr__(self, "_days", days)
        self._check_that_it_opens()

    @classmethod
    def always(cls, timezone: str = "UTC") -> BusinessHours:
        """Open around the clock."""
        return cls(timezone=timezone, week=dict.fromkeys(WEEKDAYS, ((0, _DAY),)))

    @classmethod
    def parse(
        cls,
        *,
        timezone: str = "UTC",
        week: Mapping[str, Iterable[str]],
        holidays: Iterable[str | date] = (),
    ) -> BusinessHours:
        """From configuration: spans as "09:00-17:00", holidays as "2026-12-25"."""
        return cls(
            timezone=timezone,
            week={day: tuple(parse_span(text) for text in spans) for day, spans in week.items()},
            holidays=frozenset(
                day if isinstance(day, date) else date.fromisoformat(day) for day in holidays
            ),
        )

    @property
    def is_always_open(self) -> bool:
        return not self.holidays and all(spans == ((0, _DAY),) for spans in self._days)

    def local(self, at: datetime) -> datetime:
        """A moment as the clock on the office's wall shows it."""
        return _aware(at).astimezone(self._zone)

    def is_open(self, at: datetime) -> bool:
        """Whether people work at that moment; the moment of closing is closed."""
        if self.is_always_open:
            return True
        opening = next(self._openings(at), None)
        return opening is not None and opening.start <= at

    def closes_at(self, at: datetime) -> datetime | None:
        """When an open moment's opening ends; None while closed, and if none ends within a week."""
        end: datetime | None = None
        for opening in self._openings(at):
            if opening.start > (end or at):
                return end
            end = opening.end
            if end - at > _OPEN_WITHOUT_END:
                return None
        return end

    def opens_at(self, at: datetime) -> datetime:
        """The next moment at which it is open: this one, if it is."""
        return self.add(at, 0)

    def next_closed_day(self, at: datetime) -> date | None:
        """The first day after that of `at` on which nothing opens; None if none comes soon."""
        today = self.local(at).date()
        days = (today + timedelta(days=n) for n in range(1, _LONGEST_CLOSURE + 1))
        return next((day for day in days if not self._spans(day)), None)

    def add(self, start: datetime, minutes: int) -> datetime:
        """The moment at which so many open minutes have passed since `start`.

        It is never within closed hours: no minutes at all, asked while closed, is the next
        opening. What would lie more than ten years ahead is cut off there.
        """
        if minutes < 0:
            raise ValueError("minutes must not be negative")
        at = _aware(start).astimezone(UTC)
        if self.is_always_open:
            return at + timedelta(minutes=minutes)
        left = timedelta(minutes=minutes)
        end = at
        for opening in self._openings(at):
            begin, end = max(opening.start, at), opening.end
            if begin + left <= end:
                return begin + left
            left -= end - begin
        return end

    def explain(self, start: datetime, minutes: int) -> str:
        """When so many open minutes have passed, and why then: one sentence without a full stop."""
        due = self.add(start, minutes)
        said = self._said(due, start)
        if self.is_always_open:
            return f"{said}, open around the clock"
        closed_since = self._closed_since(start, due)
        if closed_since is None:
            return f"{said}, open all the time from {self._said(start, start)}"
        return f"{said} because closed since {self._said(closed_since, start)}"

    def _check_that_it_opens(self) -> None:
        if not any(self._days):
            raise ValueError("the business hours never open")
        for holiday in sorted(self.holidays):
            days = (holiday + timedelta(days=n) for n in range(1, _LONGEST_CLOSURE + 1))
            if not any(self._spans(day) for day in days):
                raise ValueError(
                    f"the business hours stay closed for more than {_LONGEST_CLOSURE} days after"
                    f" {holiday}"
                )

    def _spans(self, day: date) -> tuple[Span, ...]:
        return () if day in self.holidays else self._days[day.weekday()]

    def _openings(self, since: datetime) -> Iterator[_Opening]:
        """Openings that end after `since`, in order and without overlap, for ten years."""
        first = self.local(since).date() - timedelta(days=1)
        covered = since
        for day in (first + timedelta(days=n) for n in range(_FURTHEST_DAYS)):
            for opening in self._openings_of(day):
                if opening.end > covered:
                    yield _Opening(max(opening.start, covered), opening.end)
                    covered = opening.end

    def _openings_of(self, day: date) -> Iterator[_Opening]:
        for start, end in self._spans(day):
            # Of a doubled hour, the first time opens and the second closes.
            opens = self._moment(day, start, fold=0)
            closes = max(self._moment(day, end, fold=0), self._moment(day, end, fold=1))
            if opens < closes:
                yield _Opening(opens, closes)

    def _moment(self, day: date, minutes: int, *, fold: int) -> datetime:
        later, minutes = divmod(minutes, _DAY)
        wall = time(minutes // 60, minutes % 60, tzinfo=self._zone, fold=fold)
        return datetime.combine(day + timedelta(days=later), wall).astimezone(UTC)

    def _closed_since(self, start: datetime, due: datetime) -> datetime | None:
        """When the last closure before `due` began; None if it was open since `start`."""
        last = self.local(due).date()
        begin = due
        for day in (last - timedelta(days=n) for n in range(_LONGEST_CLOSURE + 1)):
            for opening in reversed([*self._openings_of(day)]):
                if opening.end < begin:
                    return opening.end
                begin = min(begin, opening.start)
                if begin <= start:
                    return None
        return None

    def _said(self, at: datetime, start: datetime) -> str:
        """A moment as people say it: with its date only where the weekday is not enough."""
        there = self.local(at)
        weekday = WEEKDAYS[there.weekday()][:3].capitalize()
        near = abs(there.date() - self.local(start).date()) < timedelta(days=7)
        day = weekday if near else f"{weekday} {there.date().isoformat()}"
        return f"{day} {there:%H:%M}"


def parse_span(text: str) -> Span:
    """Opening and closing from "09:00-17:00"; raises `ValueError` that shows the right form."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no span of time such as 09:00-17:00 or 22:00-02:00")
    hours, minutes, end_hours, end_minutes = map(int, found.groups())
    if minutes >= 60 or end_minutes >= 60:  # noqa: PLR2004
        raise ValueError(f"{text!r} has more than 59 minutes in an hour")
    return _checked((hours * 60 + minutes, end_hours * 60 + end_minutes))


def span_text(span: Span) -> str:
    """A span as `parse_span` reads it."""
    start, end = span
    if _DAY < end < start + _DAY:
        end -= _DAY
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


def _checked(span: Span) -> Span:
    start, end = span
    if not (0 <= start < _DAY and 0 <= end <= 2 * _DAY):
        raise ValueError("a span must begin between 00:00 and 23:59 and end by 24:00")
    if start == end:
        raise ValueError("a span must not begin and end at the same time; all day is 00:00-24:00")
    end = end if end > start else end + _DAY
    if end - start > _DAY:
        raise ValueError("a span must not be longer than a day")
    return start, end


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch or overlap made one."""
    merged: list[Span] = []
    for start, end in sorted(map(_checked, spans)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return at
