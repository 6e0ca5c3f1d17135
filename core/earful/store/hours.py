"""The business hours that were saved in the browser, as one row of settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from earful.business_hours import WEEKDAYS, BusinessHours, span_text
from earful.errors import EarfulError
from earful.store.database import connection
from earful.store.models import Setting
from earful.store.queries.reading import tuples

__all__ = ["KEY", "SavedHours", "UnreadableHours", "as_stored", "saved_hours"]

KEY = "business_hours"


class UnreadableHours(EarfulError):
    """What is stored is no calendar here: changed by hand, or its time zone is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedHours:
    """A calendar, what its holidays are called, and who saved it as which version.

    `in_force` is False once somebody went back to the configuration's hours: these are kept.
    """

    version: int
    in_force: bool
    calendar: BusinessHours
    holiday_names: Mapping[date, str]
    saved_by: str
    saved_at: datetime


def saved_hours() -> SavedHours | None:
    """What was saved; None where nothing ever was. One statement by primary key.

    Raises `UnreadableHours`.
    """
    try:
        with connection():
            found = tuples(Setting.select(Setting.value).where(Setting.key == KEY))
        return _read(found[0][0]) if found and found[0][0] else None
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        raise UnreadableHours(f"{type(error).__name__}: {error}") from error


def as_stored(hours: SavedHours) -> dict[str, Any]:
    """The JSON that `saved_hours` reads."""
    calendar = hours.calendar
    return {
        "version": hours.version,
        "in_force": hours.in_force,
        "timezone": calendar.timezone,
        "week": {day: [span_text(span) for span in calendar.week.get(day, ())] for day in WEEKDAYS},
        "holidays": {
            day.isoformat(): hours.holiday_names.get(day, "") for day in sorted(calendar.holidays)
        },
        "saved_by": hours.saved_by,
        "saved_at": hours.saved_at.isoformat(),
    }


def _read(value: Any) -> SavedHours:
    names = {date.fromisoformat(day): str(name) for day, name in value["holidays"].items()}
    week = tuple((day, tuple(spans)) for day, spans in value["week"].items())
    return SavedHours(
        version=int(value["version"]),
        in_force=value["in_force"] is True,
        calendar=_calendar(value["timezone"], week, frozenset(names)),
        holiday_names=names,
        saved_by=str(value["saved_by"]),
        saved_at=datetime.fromisoformat(value["saved_at"]),
    )


@lru_cache(8)
def _calendar(
    timezone: str, week: tuple[tuple[str, tuple[str, ...]], ...], holidays: frozenset[date]
) -> BusinessHours:
    """Made once for each version that was saved, not once a job."""
    return BusinessHours.parse(timezone=timezone, week=dict(week), holidays=holidays)
