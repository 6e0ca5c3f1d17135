"""`earful.ChannelState` in the database: what all processes of an installation share of a channel.

Plugins call it in the midst of their work, so each call is a transaction of its own; the clock is
given, because no plugin passes the time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from earful.limits import MICRO, cap_reached, month_of, used_up
from earful.store.credentials import StoredCredentials
from earful.store.database import connection, transaction
from earful.store.models import (
    ChannelCost,
    ChannelFlag,
    ChannelLimit,
    Identity,
    Message,
    Reply,
)
from earful.store.place import ChannelPlace
from earful.store.vault import Vault
from earful.types import KnownMessage

__all__ = ["StoredChannelState"]


class StoredChannelState:
    """The state of one configured channel. `on_secrets` is told what no log may show."""

    def __init__(
        self,
        name: str,
        vault: Vault,
        now: Callable[[], datetime],
        on_secrets: Callable[[Mapping[str, str]], None] = lambda _values: None,
    ) -> None:
        self.name = name
        self._place = ChannelPlace(name, now)
        self.credentials = StoredCredentials(place=self._place, vault=vault, on_secrets=on_secrets)
        self.limits = StoredLimits(self._place)
        self.costs = StoredCosts(self._place)

    def flag(self, name: str) -> str:
        with connection():
            row = ChannelFlag.get_or_none(
                (ChannelFlag.channel == self._place.id) & (ChannelFlag.name == name)
            )
        return "" if row is None else str(row.value)

    def set_flag(self, name: str, value: str) -> None:
        mine = (ChannelFlag.channel == self._place.id) & (ChannelFlag.name == name)
        with transaction():
            if not value:
                ChannelFlag.delete().where(mine).execute()
                return
            ChannelFlag.insert(channel=self._place.id, name=name, value=value).on_conflict(
                conflict_target=[ChannelFlag.channel, ChannelFlag.name],
                update={ChannelFlag.value: value},
            ).execute()

    def known(self, external_ids: Collection[str]) -> Mapping[str, KnownMessage]:
        ids = list(set(external_ids))
        with connection():
            replies = Reply.select(Reply.external_id, Reply.text).where(
                (Reply.channel == self._place.id) & Reply.external_id.in_(ids)
            )
            messages = (
                Message.select(
                    Message.external_id,
                    Message.text,
                    Message.removal,
                    Identity.name,
                    Message.extra,
                )
                .join(Identity)
                .where((Message.channel == self._place.id) & Message.external_id.in_(ids))
            )
            sent = {
                key: KnownMessage(text=text, sent_from_here=True) for key, text in replies.tuples()
            }
            return sent | {
                key: KnownMessage(
                    text=text,
                    removal=removal,
                    author_name=name,
                    sent_from_here=key in sent,
                    extra=extra,
                )
                for key, text, removal, name, extra in messages.tuples()
            }


@dataclass(frozen=True, slots=True)
class StoredLimits:
    """`earful.Limits`: one row for each endpoint."""

    place: ChannelPlace

    def check(self, endpoint: str) -> None:
        with connection():
            row = ChannelLimit.get_or_none(
                (ChannelLimit.channel == self.place.id) & (ChannelLimit.endpoint == endpoint)
            )
        now = self.place.now()
        if row is None:
            return
        if row.blocked_until and row.blocked_until > now:
            raise used_up(endpoint, row.blocked_until, now, row.reason)
        if row.remaining == 0 and row.reset_at and row.reset_at > now:
            raise used_up(endpoint, row.reset_at, now)

    def note(self, endpoint: str, *, limit: int | None, remaining: int, reset_at: datetime) -> None:
        self._keep(endpoint, ceiling=limit, remaining=max(remaining, 0), reset_at=reset_at)

    def block(self, endpoint: str, until: datetime, reason: str = "") -> None:
        self._keep(endpoint, blocked_until=until, reason=reason)

    def _keep(self, endpoint: str, **facts: object) -> None:
        facts["updated_at"] = self.place.now()
        with transaction():
            ChannelLimit.insert(channel=self.place.id, endpoint=endpoint, **facts).on_conflict(
                conflict_target=[ChannelLimit.channel, ChannelLimit.endpoint],
                update={getattr(ChannelLimit, name): value for name, value in facts.items()},
            ).execute()


@dataclass(frozen=True, slots=True)
class StoredCosts:
    """`earful.Costs`: one row for each action and month."""

    place: ChannelPlace

    def require(self, cap_usd: float | None) -> None:
        if cap_usd is None:
            return
        spent = sum(usd for _, usd in self.this_month().values())
        if round(spent * MICRO) >= round(cap_usd * MICRO):
            raise cap_reached(cap_usd, spent, self.place.now())

    def spend(self, action: str, usd: float, *, count: int = 1) -> None:
        micro = round(usd * MICRO)
        with transaction():
            ChannelCost.insert(
                channel=self.place.id,
                month=month_of(self.place.now()),
                action=action,
                count=count,
                micro_usd=micro,
            ).on_conflict(
                conflict_target=[ChannelCost.channel, ChannelCost.month, ChannelCost.action],
                update={
                    ChannelCost.count: ChannelCost.count + count,
                    ChannelCost.micro_usd: ChannelCost.micro_usd + micro,
                },
            ).execute()

    def this_month(self) -> Mapping[str, tuple[int, float]]:
        with connection():
            rows = ChannelCost.select(
                ChannelCost.action, ChannelCost.count, ChannelCost.micro_usd
            ).where(
                (ChannelCost.channel == self.place.id)
                & (ChannelCost.month == month_of(self.place.now()))
            )
            return {action: (count, micro / MICRO) for action, count, micro in rows.tuples()}
