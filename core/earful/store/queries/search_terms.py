"""What was typed into the search box, understood; and where its words stand in a text. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo

from earful.wording import gettext as _

__all__ = ["LONGEST_SEARCH", "STATES", "Search", "Term", "excerpt", "highlight", "parse_search"]

LONGEST_SEARCH = 200
MOST_TERMS = 12
STATES = (
    "open", "pending", "snoozed", "resolved", "ignored", "unassigned", "mine", "unread",
    "private", "public",
)  # fmt: skip
"""What may stand after `is:`."""
_TOKEN = re.compile(r'(?:(from|label|channel|queue|before|after|is):)?(?:"([^"]*)"?|([^\s"]+))')
_RUN = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Term:
    """A word or, in quotes, a phrase. A word also finds what begins with it."""

    text: str
    exact: bool = False

    @property
    def runs(self) -> tuple[str, ...]:
        """Its letters and digits, without what stands between them."""
        return tuple(_RUN.findall(self.text))


@dataclass(slots=True)
class Search:
    """A search as it was understood. With `mistakes` it cannot be run; they say why, in words."""

    terms: list[Term] = field(default_factory=list)
    people: list[Term] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    queues: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    before: datetime | None = None
    after: datetime | None = None
    mistakes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing at all."""
        asked = (self.terms, self.people, self.labels, self.channels, self.queues, self.states)
        return not (any(asked) or self.before or self.after)


def parse_search(text: str, zone: tzinfo = UTC) -> Search:
    """Words, "phrases", and `from: label: channel: queue: before: after: is:` with a value."""
    search = Search()
    text = unicodedata.normalize("NFC", text.replace("\0", " ")).strip()
    if len(text) > LONGEST_SEARCH:
        search.mistakes.append(_("A search has at most %(most)s characters.", most=LONGEST_SEARCH))
        return search
    found = list(_TOKEN.finditer(text))
    if len(found) > MOST_TERMS:
        search.mistakes.append(_("A search has at most %(most)s words.", most=MOST_TERMS))
        return search
    for match in found:
        key, quoted, plain = match.groups()
        value = plain if quoted is None else quoted
        _take(search, key or "", value.strip(), zone, quoted=quoted is not None)
    _refuse_short(search)
    return search


def _take(search: Search, key: str, value: str, zone: tzinfo, *, quoted: bool) -> None:
    if not value:
        return
    lists = {"label": search.labels, "channel": search.channels, "queue": search.queues}
    if key in lists:
        lists[key].append(value)
    elif key in {"before", "after"}:
        _take_day(search, key, value, zone)
    elif key == "is":
        _take_state(search, value.lower())
    else:
        term = Term(value, exact=quoted and not key)
        # Nothing but signs finds nothing; it would only be in the way of the other words.
        if term.runs:
            (search.people if key == "from" else search.terms).append(term)


def _take_day(search: Search, key: str, value: str, zone: tzinfo) -> None:
    try:
        day = date.fromisoformat(value)
        moment = datetime.combine(day, time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        search.mistakes.append(_("%(key)s: wants a day such as 2026-11-20.", key=key))
        return
    if key == "before":
        search.before = moment
    else:
        search.after = moment


def _take_state(search: Search, value: str) -> None:
    if value in STATES:
        search.states.append(value)
    else:
        search.mistakes.append(_("is: knows %(states)s.", states=", ".join(STATES)))


def _refuse_short(search: Search) -> None:
    words = [run for term in (*search.terms, *search.people) for run in term.runs]
    # One letter finds nearly everything; in a script without an alphabet it is a word.
    if words and all(len(word) < 2 and word.isascii() for word in words):  # noqa: PLR2004
        search.mistakes.append(_("Write at least two characters."))


# Where the words stand


def highlight(text: str, terms: Iterable[Term]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it was searched for. Nothing is escaped here."""
    pattern = _pattern(terms)
    if pattern is None:
        return [(text, False)] if text else []
    pieces, at = [], 0
    for match in pattern.finditer(_folded(text)):
        pieces += [(text[at : match.start()], False), (text[match.start() : match.end()], True)]
        at = match.end()
    return [piece for piece in (*pieces, (text[at:], False)) if piece[0]]


def excerpt(text: str, terms: Sequence[Term], length: int = 220) -> str:
    """The part of a text around the first word that was searched for, on one line."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    pattern = _pattern(terms)
    match = pattern.search(_folded(line)) if pattern else None
    start = max(0, match.start() - length // 3) if match else 0
    if start:
        start = line.find(" ", start, start + 30) + 1 or start
    cut = line[start : start + length]
    return f"{'…' if start else ''}{cut}{'…' if start + length < len(line) else ''}"


def _pattern(terms: Iterable[Term]) -> re.Pattern[str] | None:
    parts = []
    for term in terms:
        runs = [re.escape(_folded(run)) for run in term.runs]
        if runs:
            parts.append(r"[\W_]+".join(runs) + ("" if term.exact else r"[^\W_]*"))
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(parts)})(?![^\W_])") if parts else None


def _folded(text: str) -> str:
    """Lower case without accents, each character in its place."""
    return "".join(map(_fold, text)) if not text.isascii() else text.lower()


def _fold(character: str) -> str:
    base = unicodedata.normalize("NFD", character)[0].lower()
    return base if len(base) == 1 else character
