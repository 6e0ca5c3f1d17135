"""Business hours and holidays as admins save them in the browser."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from earful.actions.actor import Actor, audit, require
from earful.business_hours import WEEKDAYS, BusinessHours, Span
from earful.errors import ActionRefused
from earful.inbox.text import one_line
from earful.runtime import Runtime
from earful.store import bulk
from earful.store.database import locked, transaction
from earful.store.hours import KEY, SavedHours, UnreadableHours, as_stored, saved_hours
from earful.store.models import Setting
from earful.store.states import Role
from earful.wording import gettext as _

__all__ = [
    "MOST_HOLIDAYS",
    "MOST_OPENINGS",
    "HolidayText",
    "HoursText",
    "InvalidHours",
    "NewerHours",
    "Opening",
    "read_hours",
    "save_hours",
    "time_zones",
    "use_saved_hours",
]

MOST_HOLIDAYS = 200
MOST_OPENINGS = 6
"""As many as one day may have."""
_LONGEST_NAME = 80
_DAY = 24 * 60
_WEEK = 7 * _DAY
_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?")


class InvalidHours(ActionRefused):
    """The hours were not saved. `mistakes` holds the field and a sentence for each thing to mend.

    Fields are `timezone`, `week`, `monday-0-opens`, `monday-0-closes`, `holidays`, `holiday-0-day`.
    """

    def __init__(self, mistakes: Sequence[tuple[str, str]]) -> None:
        self.mistakes = list(mistakes)
        super().__init__("\n".join(text for _field, text in mistakes))


class NewerHours(ActionRefused):
    """Somebody else saved hours since these were shown; `version` is theirs."""

    def __init__(self, message: str, version: int) -> None:
        self.version = version
        super().__init__(message)


@dataclass(slots=True, kw_only=True)
class Opening:
    """From when to when, as it was typed; `next_day` where it closes after midnight."""

    opens: str = ""
    closes: str = ""
    next_day: bool = False


@dataclass(slots=True, kw_only=True)
class HolidayText:
    """A day as "2026-12-25", and what it is called."""

    day: str = ""
    name: str = ""


@dataclass(slots=True, kw_only=True)
class HoursText:
    """Hours as people typed them. Lines that are wholly empty count for nothing."""

    timezone: str = "UTC"
    week: dict[str, list[Opening]] = field(default_factory=dict)
    holidays: list[HolidayText] = field(default_factory=list)


@cache
def time_zones() -> tuple[str, ...]:
    """The names of places that this machine knows, to choose from."""
    return tuple(sorted(name for name in available_timezones() if "/" in name or name == "UTC"))


def read_hours(typed: HoursText) -> tuple[BusinessHours, dict[date, str]]:
    """The calendar that was typed, and its holidays' names. Raises `InvalidHours`."""
    mistakes: list[tuple[str, str]] = []
    zone = typed.timezone.strip()
    if not _is_zone(zone):
        text = _("Time zone: choose one of the list, such as Europe/Berlin.")
        mistakes.append(("timezone", text))
    week = _week(typed.week, mistakes)
    holidays = _holidays(typed.holidays, mistakes)
    if mistakes:
        raise InvalidHours(mistakes)
    try:
        return BusinessHours(timezone=zone, week=week, holidays=frozenset(holidays)), holidays
    except ValueError:
        text = _("Holidays: with these it would stay closed for more than a year.")
        raise InvalidHours([("holidays", text)]) from None


def save_hours(
    _runtime: Runtime, actor: Actor, typed: HoursText, *, version: int = 0, now: datetime
) -> None:
    """Put these hours in force in every process, for what begins from now on.

    `version` is that of the hours which were shown, 0 where none had been saved. Raises
    `InvalidHours` and `NewerHours`.
    """
    require(actor, Role.ADMIN)
    calendar, names = read_hours(typed)
    with transaction():
        before = _held()
        current = before.version if before else 0
        if before and current != version:
            msg = _(
                "%(name)s has saved hours meanwhile. Save again to replace them with yours.",
                name=before.saved_by,
            )
            raise NewerHours(msg, current)
        after = SavedHours(
            version=current + 1,
            in_force=True,
            calendar=calendar,
            holiday_names=names,
            saved_by=actor.name,
            saved_at=now,
        )
        _put(actor, "hours.save", before, after, now)


def use_saved_hours(_runtime: Runtime, actor: Actor, *, saved: bool, now: datetime) -> None:
    """Put the saved hours in force, or the configuration's; what was saved is kept."""
    require(actor, Role.ADMIN)
    with transaction():
        before = _held()
        if before is None and not saved:
            _forget_unreadable(actor, now)
        if before is None:
            return
        if before.in_force != saved:
            after = replace(before, version=before.version + 1, in_force=saved)
            _put(actor, "hours.use", before, after, now)


def _is_zone(name: str) -> bool:
    try:
        return bool(name) and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _held() -> SavedHours | None:
    """What is saved, nobody else's to change for the rest of the transaction."""
    bulk.insert(Setting, [{"key": KEY, "value": {}}], ignore_known=True)
    locked(Setting.select(Setting.key).where(Setting.key == KEY)).get()
    try:
        return saved_hours()
    except UnreadableHours:
        return None


def _put(
    actor: Actor, action: str, before: SavedHours | None, after: SavedHours, now: datetime
) -> None:
    stored = as_stored(after)
    Setting.update(value=stored).where(Setting.key == KEY).execute()
    old = as_stored(before) if before else None
    audit(actor, action, "setting", KEY, now, before=old, after=stored)


def _forget_unreadable(actor: Actor, now: datetime) -> None:
    Setting.delete().where(Setting.key == KEY).execute()
    audit(actor, "hours.use", "setting", KEY, now)


def _week(
    typed: Mapping[str, Sequence[Opening]], mistakes: list[tuple[str, str]]
) -> dict[str, tuple[Span, ...]]:
    week: dict[str, tuple[Span, ...]] = {}
    fields: list[tuple[int, int, str]] = []
    for number, day in enumerate(WEEKDAYS):
        openings = typed.get(day, ())
        if len(openings) > MOST_OPENINGS:
            text = _("A day opens %(most)s times at most.", most=MOST_OPENINGS)
            mistakes.append((f"{day}-{MOST_OPENINGS}-opens", text))
            continue
        spans = []
        for n, opening in enumerate(openings):
            span = _span(opening, f"{day}-{n}", mistakes)
            if span is not None:
                spans.append(span)
                start, end = (number * _DAY + minutes for minutes in span)
                fields.append((start, end, f"{day}-{n}-opens"))
        week[day] = tuple(sorted(spans))
    if not fields and not mistakes:
        mistakes.append(("week", _("Week: give at least one day a time at which it opens.")))
    mistakes += _overlaps(sorted(fields))
    return week


def _span(opening: Opening, name: str, mistakes: list[tuple[str, str]]) -> Span | None:
    """Its minutes after midnight; None where it is empty or wrong."""
    if not (opening.opens.strip() or opening.closes.strip()):
        return None
    start, end = _minutes(opening.opens), _minutes(opening.closes)
    if start is None or start == _DAY:
        mistakes.append((f"{name}-opens", _("Give a time from 00:00 to 23:59, such as 09:00.")))
    if end is None:
        mistakes.append((f"{name}-closes", _("Give a time from 00:00 to 24:00, such as 17:30.")))
    if start is None or start == _DAY or end is None:
        return None
    wrong = _wrong_end(start, end, next_day=opening.next_day)
    if wrong:
        mistakes.append((f"{name}-closes", wrong))
        return None
    return start, end + (_DAY if opening.next_day else 0)


def _wrong_end(start: int, end: int, *, next_day: bool) -> str:
    if next_day and end > start:
        return _("It would be open for more than a day: let it close within 24 hours.")
    if not next_day and end < start:
        return _("It closes before it opens. Does it close on the next day?")
    if not next_day and end == start:
        return _("It closes when it opens. All day is from 00:00 to 24:00.")
    return ""


def _minutes(text: str) -> int | None:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes = int(found[1]), int(found[2] or 0)
    return hours * 60 + minutes if minutes < 60 and hours * 60 + minutes <= _DAY else None  # noqa: PLR2004


def _overlaps(openings: Sequence[tuple[int, int, str]]) -> list[tuple[str, str]]:
    """Openings that begin within the one before, round the week; sorted by their beginning."""
    if not openings:
        return []
    first = openings[0]
    around = [*openings, (first[0] + _WEEK, first[1] + _WEEK, first[2])]
    text = _("This begins before the one before it ends.")
    return [(later[2], text) for earlier, later in pairwise(around) if later[0] < earlier[1]]


def _holidays(typed: Sequence[HolidayText], mistakes: list[tuple[str, str]]) -> dict[date, str]:
    found: dict[date, str] = {}
    if len(typed) > MOST_HOLIDAYS:
        text = _("Holidays: %(most)s at most. Remove those that are over.", most=MOST_HOLIDAYS)
        mistakes.append(("holidays", text))
        return found
    for n, each in enumerate(typed):
        if not (each.day.strip() or each.name.strip()):
            continue
        try:
            day = date.fromisoformat(each.day.strip())
        except ValueError:
            mistakes.append((f"holiday-{n}-day", _("Give a date, such as 2026-12-25.")))
            continue
        if day in found:
            mistakes.append((f"holiday-{n}-day", _("This date is in the list already.")))
        found[day] = one_line(each.name, _LONGEST_NAME)
    return found
