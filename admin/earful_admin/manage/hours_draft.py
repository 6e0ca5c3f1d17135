"""The form of the business hours while somebody works on it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import date

from earful.actions import (
    MOST_HOLIDAYS,
    MOST_OPENINGS,
    HolidayText,
    HoursText,
    NewerHours,
    Opening,
)
from earful.business_hours import WEEKDAYS, BusinessHours, Span
from earful.wording import gettext as _

__all__ = ["HoursDraft"]

_DAY = 24 * 60


@dataclass(slots=True, kw_only=True)
class HoursDraft:
    """What the form holds, which version it began with, and what is wrong with it."""

    typed: HoursText
    version: int = 0
    mistakes: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, hours: BusinessHours, names: Mapping[date, str], version: int) -> HoursDraft:
        """The form of the hours in force."""
        week = {day: [_opening(span) for span in hours.week.get(day, ())] for day in WEEKDAYS}
        holidays = [
            HolidayText(day=day.isoformat(), name=names.get(day, ""))
            for day in sorted(hours.holidays)
        ]
        typed = HoursText(timezone=hours.timezone, week=week, holidays=holidays)
        return cls(typed=typed, version=version)

    @classmethod
    def read(cls, form: Mapping[str, str]) -> HoursDraft:
        """What somebody typed. One row more than may be is read, so that it can be refused."""
        typed = HoursText(
            timezone=form.get("timezone", ""),
            week={day: _openings(form, day) for day in WEEKDAYS},
            holidays=[
                HolidayText(day=form[f"holiday-{n}-day"], name=form.get(f"holiday-{n}-name", ""))
                for n in range(MOST_HOLIDAYS + 1)
                if f"holiday-{n}-day" in form
            ],
        )
        version = form.get("version", "")
        return cls(typed=typed, version=int(version[:9]) if version.isdecimal() else 0)

    def change(self, step: str) -> str:
        """Do what one of the form's own buttons says; returns the id of what gets the focus."""
        match step.split("-"):
            case ["add", "holiday"]:
                return self._add_holiday()
            case ["add", day] if day in WEEKDAYS:
                return self._add_opening(day)
            case ["remove", "holiday", number]:
                _remove(self.typed.holidays, number)
                return "add-holiday"
            case ["remove", day, number] if day in WEEKDAYS:
                _remove(self.typed.week[day], number)
                return f"add-{day}"
            case ["copy"]:
                for day in WEEKDAYS[1:5]:
                    self.typed.week[day] = [copy(each) for each in self.typed.week[WEEKDAYS[0]]]
                return "copy"
        return ""

    def _add_holiday(self) -> str:
        if len(self.typed.holidays) < MOST_HOLIDAYS:
            self.typed.holidays.append(HolidayText())
        return f"holiday-{len(self.typed.holidays) - 1}-day"

    def _add_opening(self, day: str) -> str:
        openings = self.typed.week[day]
        if len(openings) < MOST_OPENINGS:
            openings.append(Opening())
        return f"{day}-{len(openings) - 1}-opens"

    def replaces(self, newer: NewerHours) -> None:
        """Saved again, it takes the place of what somebody else saved meanwhile."""
        self.version = newer.version
        self.mistakes.append(("", str(newer)))

    def summary(self, days: Mapping[str, str]) -> list[tuple[str, str]]:
        """Every mistake with its field, saying which day or holiday it is about."""
        return [(at, _where(at, text, days)) for at, text in self.mistakes]

    def mistake(self, name: str) -> str:
        """What is wrong with one field."""
        return " ".join(text for at, text in self.mistakes if at == name)


def _where(at: str, text: str, days: Mapping[str, str]) -> str:
    match at.split("-"):
        case [day, _n, _part] if day in days:
            return _("%(day)s: %(mistake)s", day=days[day], mistake=text)
        case ["holiday", number, _part]:
            return _("Holiday %(n)s: %(mistake)s", n=int(number) + 1, mistake=text)
    return text


def _openings(form: Mapping[str, str], day: str) -> list[Opening]:
    return [
        Opening(
            opens=form[f"{day}-{n}-opens"],
            closes=form.get(f"{day}-{n}-closes", ""),
            next_day=f"{day}-{n}-next" in form,
        )
        for n in range(MOST_OPENINGS + 1)
        if f"{day}-{n}-opens" in form
    ]


def _opening(span: Span) -> Opening:
    start, end = span
    next_day = end > _DAY
    return Opening(opens=_time(start), closes=_time(end - _DAY * next_day), next_day=next_day)


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _remove(rows: list[Opening] | list[HolidayText], number: str) -> None:
    if number.isdecimal() and int(number) < len(rows):
        del rows[int(number)]
