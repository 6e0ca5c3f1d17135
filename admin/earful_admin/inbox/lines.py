"""The list's lines as HTML, made once for everybody who sees the same thing.

A line depends on its conversation, on the minute, and on little about who looks; forty of them
stand on every page and in many a poll. So each is kept as made, up to a bound.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from earful.components import Badge
from earful.store.queries.inbox import ConversationRow
from earful.store.queries.references import initials_of
from earful.wording import gettext as _
from jinja2 import Environment, Template
from markupsafe import Markup

from earful_admin.formats import ago, dated, due, exactly, ink_on, tint

__all__ = ["Line", "Lines", "Look"]

MOST_KEPT = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a line depends on beside its conversation."""

    href: str
    """The view's address; the conversation's number is put behind it."""
    minute: datetime
    language: str
    can_act: bool
    shows_queue: bool
    sprite: str
    """The address of the icons."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list. `word` changes when anything on it does."""

    id: int
    html: Markup
    word: str


class Lines:
    """Makes lines, and keeps the last ones made."""

    def __init__(
        self, environment: Environment, badge_of: Callable[[str], Badge], zone: ZoneInfo
    ) -> None:
        self._environment, self._badge_of, self._zone = environment, badge_of, zone
        self._made: Callable[[ConversationRow, Look], Line] = lru_cache(MOST_KEPT)(self._make)

    def line(self, row: ConversationRow, look: Look) -> Line:
        """The line of a conversation."""
        return self._made(row, look)

    def _make(self, row: ConversationRow, look: Look) -> Line:
        badge = self._badge_of(row.channel.kind)
        # The clock of the page stands still within a minute; nothing on it may lie in the future.
        now = max(look.minute, row.last_message_at)
        until = row.snoozed_until.astimezone(self._zone) if row.snoozed_until else None
        html = self._template.render(
            row=row,
            look=look,
            tint=tint(row.contact),
            initials=initials_of(row.contact),
            badge=badge,
            ink=ink_on(badge.colour),
            ago=ago(row.last_message_at, now),
            exactly=exactly,
            due=due(row.due_at, look.minute),
            until=until,
            until_words=dated(until, _("EEE d MMM, HH:mm")) if until else "",
            assignee_tint=tint(row.assignee.name) if row.assignee else 0,
        )
        word = f"{zlib.crc32(html.encode()):08x}"
        return Line(row.id, Markup(html.replace('data-word=""', f'data-word="{word}"', 1)), word)  # noqa: S704 - a template escaped it

    @property
    def _template(self) -> Template:
        return self._environment.get_template("inbox/row.html")
