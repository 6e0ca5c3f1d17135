"""How values read on screen: times, spans, states. Pure, apart from the page's clock."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from babel.numbers import format_decimal
from earful import wording
from earful.store.queries.references import initials_of
from earful.wording import dated, ngettext
from earful.wording import gettext as _
from flask import Flask, g
from markupsafe import Markup, escape

__all__ = [
    "ago", "at_most_99", "counted", "dated", "due", "exactly", "init_app", "ink_on", "mentions",
    "span", "tint", "words",
]  # fmt: skip

MOST_SHOWN = 99
"""Nobody acts on the difference beyond."""
_SOON = timedelta(minutes=15)
_FAR = 8000
"""A year that no real deadline reaches; the store writes 9000 for "never"."""


def words(value: Any) -> str:
    """A state or an identifier as people read it: `auth_required` becomes "Auth required"."""
    if isinstance(value, Enum):
        value = value.name
    text = str(value).replace("_", " ").replace("-", " ").strip()
    return _(text[:1].upper() + (text[1:].lower() if text.isupper() else text[1:]))


def span(length: timedelta) -> str:
    """A length of time in its largest unit: 40 s, 13 m, 5 h, 3 d."""
    n, unit = _in_units(length)
    match unit:
        case "d":
            return _("%(n)s d", n=n)
        case "h":
            return _("%(n)s h", n=n)
        case "m":
            return _("%(n)s m", n=n)
    return _("%(n)s s", n=n)


def _in_units(length: timedelta) -> tuple[int, str]:
    seconds = abs(int(length.total_seconds()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return seconds // size, unit
    return seconds, "s"


def _long_span(length: timedelta) -> str:
    n, unit = _in_units(length)
    match unit:
        case "d":
            return ngettext("%(n)s day", "%(n)s days", n)
        case "h":
            return ngettext("%(n)s hour", "%(n)s hours", n)
        case "m":
            return ngettext("%(n)s minute", "%(n)s minutes", n)
    return ngettext("%(n)s second", "%(n)s seconds", n)


def counted(number: float, digits: int = 0) -> str:
    """A number with the marks that the language uses, and `digits` behind the point."""
    pattern = f"#,##0.{'0' * digits}".rstrip(".")
    return format_decimal(number, pattern, wording.language())


def ago(moment: datetime, now: datetime | None = None) -> str:
    """A moment from where we stand: "just now", "5 m", "3 h", then the date."""
    passed = (now or g.now) - moment
    if abs(passed) < timedelta(seconds=45):
        return _("just now")
    if abs(passed) < timedelta(days=7):
        return span(passed) if passed > timedelta() else _("in %(span)s", span=span(passed))
    same_year = moment.year == (now or g.now).year
    return dated(moment, _("d MMM") if same_year else _("d MMM y"))


def exactly(moment: datetime) -> str:
    """A moment in full, for a title: 22 November 2026, 14:05 UTC."""
    return dated(moment.astimezone(UTC), _("d MMMM y, HH:mm 'UTC'"))


def mentions(text: str, names: Sequence[str]) -> Markup:
    """A note with those it names marked; everything else stays text."""
    if not names:
        return escape(text)
    longest_first = sorted(set(names), key=len, reverse=True)
    named = re.compile("|".join(re.escape(f"@{name}") for name in longest_first), re.IGNORECASE)
    parts, end = [], 0
    for found in named.finditer(text):
        parts.append(escape(text[end : found.start()]))
        parts.append(Markup('<mark class="mention">{}</mark>').format(found[0]))
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def due(moment: datetime | None, now: datetime | None = None) -> dict[str, str] | None:
    """How a deadline stands: its level, the short form and the words; None where none runs."""
    if moment is None or moment.year > _FAR:
        return None
    left = moment - (now or g.now)
    if left < timedelta():
        text = _("overdue by %(span)s", span=_long_span(left))
        return {"level": "danger", "short": f"\u2212{span(left)}", "words": text}
    level = "warn" if left <= _SOON else "calm"
    text = _("due in %(span)s", span=_long_span(left))
    return {"level": level, "short": span(left), "words": text}


def at_most_99(number: int, *, is_cut: bool = False) -> str:
    """A count as a mark: "99+" beyond that, "12+" where counting stopped; "" for none so far."""
    if number > MOST_SHOWN:
        return f"{MOST_SHOWN}+"
    if is_cut:
        return f"{number}+" if number else ""
    return str(number)


def tint(name: str) -> int:
    """One of six avatar colours, the same for the same name everywhere."""
    return zlib.crc32(name.encode()) % 6


def ink_on(colour: str) -> str:
    """Black or white, whichever is read better on `#rrggbb`."""
    try:
        channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    except ValueError:
        return "#fff"
    linear = [channel**2.2 for channel in channels]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000" if (light + 0.05) / 0.05 > 1.05 / (light + 0.05) else "#fff"


def _time(moment: datetime | None) -> Markup:
    if moment is None:
        return Markup("")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), exactly(moment), ago(moment)
    )


def init_app(app: Flask) -> None:
    """Make them filters: `{{ row.created_at | time }}`, `{{ state | words }}`."""
    app.jinja_env.filters.update(
        ago=ago,
        exactly=exactly,
        initials=initials_of,
        ink_on=ink_on,
        tint=tint,
        words=words,
        mentions=mentions,
    )
    app.jinja_env.filters["time"] = _time
    app.jinja_env.globals.update(counted=counted, dated=dated, due=due)
