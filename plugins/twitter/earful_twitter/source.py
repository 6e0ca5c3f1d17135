"""Reads X for one channel: decides what is due, and stops in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

from earful import (
    Account,
    AuthenticationFailed,
    ChannelError,
    FetchResult,
    RateLimited,
    SpendingCapReached,
    mark,
)

from earful_twitter import readers, recovery, stream
from earful_twitter.api import X, now_utc
from earful_twitter.cursor import Cursor, Place
from earful_twitter.meta import Meta, when
from earful_twitter.people import inner
from earful_twitter.readers import Round
from earful_twitter.settings import TwitterSettings
from earful_twitter.webhook import REVOKED

__all__ = ["TwitterSource"]

MOST_STEPS = 12
"""So many pages are read in one fetch; the next one goes on from there."""
MOST_SECONDS = 120.0
"""So long a fetch goes on; the host's lease is longer by more than one request."""
MOST_BYTES = 24 * 1024 * 1024
"""So much is held in memory in one fetch."""
_WAYS = {
    "webhook": "X pushes what is new, and the mention timeline is compared every {} minutes",
    "stream": "the activity stream is heard at every poll, and mentions are compared every {} "
    "minutes",
    "poll": "mentions are read at every poll, searches every {} minutes",
}

Step = Callable[[Round], None]


class TwitterSource:
    """Mentions, watch terms, direct messages and deeper replies, as their times come."""

    def __init__(self, settings: TwitterSettings, now: Callable[[], datetime] = now_utc) -> None:
        self._settings = settings
        self._now = now

    def check(self) -> Account:
        """Who we are on X, and how what is new arrives."""
        settings = self._settings
        with X(settings, self._now) as x:
            x.account()
            answer = x.get("2/users/me", x.vocabulary.users, endpoint="GET /2/users/me")
            x.spend("user_read")
            webhook = self._webhook_state(x)
        me = inner(answer.json())
        handle = str(me.get("username", ""))
        way = _WAYS[settings.receive].format(settings.reconcile_minutes)
        return Account(
            external_id=str(me.get("id", "")),
            name=f"@{handle}",
            url=f"{settings.site}/{handle}",
            detail=f"Connected as @{handle}: {way}. {webhook}{self._spent()}",
        )

    def fetch(self, cursor: str) -> FetchResult:
        """What is new. What was read before trouble came is kept; the trouble shows next time."""
        now = self._now()
        with X(self._settings, self._now) as x:
            account, handle = x.account()
            self._refuse_if_revoked(account)
            meta = Meta(account=account, handle=handle, site=self._settings.site)
            work = Round(x, self._settings, Cursor.load(cursor, account), meta, now)
            work.cursor.forget_before(now - readers.HISTORY)
            more, trouble = self._read(work)
        if trouble is not None and not work.payloads:
            raise trouble
        work.cursor.alive = now.isoformat()
        return FetchResult(
            payloads=tuple(work.payloads),
            cursor=work.cursor.dump(),
            more=more and trouble is None,
            notice=" ".join(dict.fromkeys(work.notices)),
        )

    def _read(self, work: Round) -> tuple[bool, ChannelError | None]:
        """Take the steps that are due: whether some are left, and what went wrong for good.

        A list whose limit is used up waits alone. Whatever else fails ends this fetch.
        """
        limited: list[RateLimited] = []
        taken = done = 0
        until = monotonic() + MOST_SECONDS
        for step, place in self._steps(work):
            while place is None or place.is_due(work.now):
                if taken >= MOST_STEPS or _bytes(work) >= MOST_BYTES or monotonic() > until:
                    return True, None
                taken += 1
                try:
                    step(work)
                except SpendingCapReached as reached:
                    return False, reached
                except RateLimited as waits:
                    limited.append(waits)
                    break
                except ChannelError as error:
                    return False, error
                done += 1
                if place is None or not place.page:
                    break
        work.notices += [str(one) for one in limited if done]
        return False, None if done or not limited else min(limited, key=_wait)

    def _steps(self, work: Round) -> Iterator[tuple[Step, Place | None]]:
        """What to read, in the order of its worth; with its place if it has one of its own."""
        settings, cursor = self._settings, work.cursor
        if settings.receive == "webhook":
            yield recovery.replay_missed, None
        if settings.receive == "stream":
            yield self._with_budget(stream.listen), None
        yield readers.mentions, cursor.mentions
        if settings.direct_messages:
            yield readers.direct_messages, cursor.direct
        for term in settings.watch:
            yield partial(readers.watch, term=term), cursor.watch.setdefault(term.name, Place())
        self._forget_old_terms(cursor)
        if settings.deep_replies and cursor.conversations:
            yield self._with_budget(readers.replies), cursor.replies
        if self._must_recheck(work):
            yield self._with_budget(readers.recheck), None

    def _forget_old_terms(self, cursor: Cursor) -> None:
        names = {term.name for term in self._settings.watch}
        for gone in cursor.watch.keys() - names:
            del cursor.watch[gone]

    def _with_budget(self, step: Step) -> Step:
        def within(work: Round) -> None:
            work.x.require_budget()
            step(work)

        return within

    def _must_recheck(self, work: Round) -> bool:
        """Once a day the latest posts are looked up again, a hundred at a time."""
        today = f"{work.now:%Y-%m-%d}"
        if not self._settings.recheck_posts:
            work.cursor.recheck = []
        elif work.cursor.rechecked != today:
            first_day = not work.cursor.rechecked
            work.cursor.rechecked = today
            work.cursor.recheck = [] if first_day else list(work.cursor.recent)
        return bool(work.cursor.recheck)

    def _refuse_if_revoked(self, account: str) -> None:
        state = self._settings.state
        whose, _, at = state.flag(REVOKED).partition(" ")
        if not whose:
            return
        connected = when(state.credentials.get().get("connected_at"))
        withdrawn = when(at)
        if whose != account or (connected and withdrawn and connected > withdrawn):
            state.set_flag(REVOKED, "")
            return
        raise AuthenticationFailed(
            mark(
                "The account has withdrawn its permission for this app on X: "
                "connect the channel again."
            )
        )

    def _webhook_state(self, x: X) -> str:
        """A sentence if X does not push to us, though it should; "" if all is well."""
        if self._settings.receive != "webhook":
            return ""
        wanted = self._settings.state.flag(recovery.WEBHOOK_ID)
        answer = x.get("2/webhooks", {}, endpoint="GET /2/webhooks", app=True)
        found = answer.json()
        hooks = found.get("data") if isinstance(found, dict) else None
        for hook in map(inner, hooks if isinstance(hooks, list) else []):
            if str(hook.get("id")) == wanted and hook.get("valid") is True:
                return ""
        return "But X does not push to this installation at the moment: connect the channel again. "

    def _spent(self) -> str:
        cap = self._settings.monthly_cap_usd
        spent = sum(usd for _, usd in self._settings.state.costs.this_month().values())
        return f"This month has cost about ${spent:.2f}" + (
            f" of ${cap:.2f}." if cap is not None else "."
        )


def _bytes(work: Round) -> int:
    return sum(len(payload.body) for payload in work.payloads)


def _wait(limited: RateLimited) -> timedelta:
    return limited.retry_after or timedelta(minutes=15)
