"""Looks at the Page, in rounds: the account behind the channel, and one fetch after the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic

from earful import Account, ChannelError, FetchResult

from earful_facebook import fields
from earful_facebook.graph import Graph, open_page
from earful_facebook.health import connection_notes
from earful_facebook.look import Look
from earful_facebook.rounds import Round
from earful_facebook.settings import FacebookSettings
from earful_facebook.values import text, web_url
from earful_facebook.webhook import PUSHED_FLAG

__all__ = ["FacebookSource"]

_SECONDS = 60.0
"""After so long a fetch ends with what it has; the next one goes on."""
_SLOWER = ((95, 3600), (85, 1800), (0, 900))
"""From which percentage of the limit on to wait how many seconds; see `slow_down_at`."""


def _now() -> datetime:
    return datetime.now(UTC)


class FacebookSource:
    """The Page, read through the Graph API: finds what pushes have missed, and what changed."""

    def __init__(self, settings: FacebookSettings, now: Callable[[], datetime] = _now) -> None:
        self._settings = settings
        self._now = now

    def check(self) -> Account:
        """The Page, and what is wrong with the connection to it."""
        with open_page(self._settings, now=self._now) as graph:
            page = graph.get(graph.page_id, fields=fields.PAGE)
            notes = connection_notes(self._settings, graph, self._now())
        return Account(
            external_id=graph.page_id,
            name=text(page.get("name")) or graph.page_name,
            url=web_url(page.get("link")),
            detail=" ".join(notes) or self._works(),
        )

    def _works(self) -> str:
        pushed = self._settings.state.flag(PUSHED_FLAG)
        arrives = "Facebook pushes what happens" if pushed else "No push has arrived yet"
        return (
            f"{arrives}; the {self._settings.recent_posts} newest posts and "
            f"{self._settings.recent_conversations} newest conversations are looked through."
        )

    def fetch(self, cursor: str) -> FetchResult:
        """Go on with the round, or begin the next one."""
        with open_page(self._settings, now=self._now) as graph:
            now, round_ = self._now(), Round.load(cursor, graph.page_id)
            if not round_.todo:
                round_.start(now)
            look = Look(self._settings, graph, round_, now)
            interrupted = self._take_steps(graph, round_, look)
            return self._result(graph, round_, look, more=interrupted)

    def _take_steps(self, graph: Graph, round_: Round, look: Look) -> bool:
        """As many steps as the bounds allow; whether trouble came in between.

        What was found before the trouble is kept; the next fetch meets the trouble first.
        """
        until, first = monotonic() + _SECONDS, True
        while round_.todo and (first or self._may_go_on(graph, until)):
            step = round_.todo.pop(0)
            try:
                look.take(step)
            except ChannelError:
                if first:
                    raise
                round_.todo.insert(0, step)
                return True
            first = False
        return False

    def _may_go_on(self, graph: Graph, until: float) -> bool:
        is_bounded = graph.calls < self._settings.calls_per_fetch and monotonic() < until
        return is_bounded and not self._must_slow_down(graph)

    def _must_slow_down(self, graph: Graph) -> bool:
        return graph.usage.percent >= self._settings.slow_down_at

    def _result(self, graph: Graph, round_: Round, look: Look, *, more: bool) -> FetchResult:
        slower = self._must_slow_down(graph)
        round_.missed += look.found.missed
        notice = "" if round_.todo else self._end(round_)
        return FetchResult(
            payloads=tuple(look.found.payloads),
            cursor=round_.dump(),
            more=more or (bool(round_.todo) and not slower),
            next_poll_seconds=_pause(graph.usage.percent) if slower else None,
            notice=notice,
        )

    def _end(self, round_: Round) -> str:
        """Close the round; what the operator should know of it, each thing once."""
        news = round_.end()
        if round_.missed and self._settings.state.flag(PUSHED_FLAG):
            return f"{_gap(round_.missed)} {news}".strip()
        return news


def _pause(percent: int) -> int:
    return next(seconds for least, seconds in _SLOWER if percent >= least)


def _gap(missed: int) -> str:
    if missed == 1:
        return "Facebook did not push 1 message; it was found by looking."
    return f"Facebook did not push {missed} messages; they were found by looking."
