"""Until when a conversation can be put away, in the business's own time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from earful.wording import gettext as _

from earful_admin.formats import dated

__all__ = ["UNTIL_THEY_WRITE", "SnoozeChoice", "custom", "snooze_choices"]

UNTIL_THEY_WRITE = "reply"
"""Said by a form in the place of a moment."""

MORNING = time(9)
AFTERNOON = time(15)
_LEAD = timedelta(minutes=30)
"""A choice nearer than this is no snooze."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeChoice:
    """One offer: its name, and when it ends."""

    name: str
    until: datetime

    @property
    def words(self) -> str:
        """The day and time it stands for, such as "Mon 09:00"."""
        return dated(self.until, _("EEE HH:mm"))


def snooze_choices(now: datetime, zone: tzinfo) -> tuple[SnoozeChoice, ...]:
    """One hour, this afternoon, tomorrow and Monday morning; those that lie ahead."""
    here = now.astimezone(zone)
    today = here.date()
    tomorrow = today + timedelta(days=1)
    monday = today + timedelta(days=7 - today.weekday())
    offers = [SnoozeChoice(name=_("In 1 hour"), until=here + timedelta(hours=1))]
    afternoon = datetime.combine(today, AFTERNOON, zone)
    if afternoon - here > _LEAD:
        offers.append(SnoozeChoice(name=_("This afternoon"), until=afternoon))
    offers.append(
        SnoozeChoice(name=_("Tomorrow morning"), until=datetime.combine(tomorrow, MORNING, zone))
    )
    if monday != tomorrow:
        offers.append(
            SnoozeChoice(name=_("Monday morning"), until=datetime.combine(monday, MORNING, zone))
        )
    return tuple(offers)


def custom(text: str, zone: tzinfo) -> datetime | None:
    """A moment as a browser's date field sends it; without a zone it is the business's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
