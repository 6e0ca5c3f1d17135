"""`earful.Credentials` in the database: encrypted, and renewed by one process for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from earful.errors import AuthenticationFailed, TemporaryFailure
from earful.store.database import connection, locked, transaction
from earful.store.models import (
    ChannelConnection,
    ChannelCredential,
    ChannelFlag,
    ChannelLimit,
    database,
)
from earful.store.place import ChannelPlace
from earful.store.vault import Vault
from earful.wording import gettext as _

__all__ = ["RENEWAL_LEASE", "StoredCredentials", "connect", "disconnect", "reseal_all"]

RENEWAL_LEASE = timedelta(seconds=60)
"""How long one process may take to renew credentials; plugins bound their call accordingly."""
_LOOK_AGAIN_SECONDS = 0.1

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Claim:
    """This process renews; `kept` is what it renews, as it stood in `version`."""

    row_id: int
    version: int
    lease: datetime
    kept: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCredentials:
    """One channel's encrypted row. `on_secrets` is told what no log may show."""

    place: ChannelPlace
    vault: Vault
    on_secrets: Callable[[Values], None]

    def get(self) -> Values:
        with connection():
            row = ChannelCredential.get_or_none(ChannelCredential.channel == self.place.id)
        return self._opened(row)

    def renew(self, stale: Values, refresh: Callable[[Values], Values]) -> Values:
        if database.in_transaction():
            message = "credentials are renewed outside of transactions, so that they are kept"
            raise RuntimeError(message)
        give_up = time.monotonic() + RENEWAL_LEASE.total_seconds()
        while (found := self._newer_or_claimed(stale)) is None:
            if time.monotonic() > give_up:
                message = _("Another process is renewing these credentials and does not come back.")
                raise TemporaryFailure(message)
            # Processes share nothing but the database, and it rings no bell.
            time.sleep(_LOOK_AGAIN_SECONDS)
        return self._renewed(found, refresh) if isinstance(found, _Claim) else found

    def _opened(self, row: ChannelCredential | None) -> dict[str, str]:
        values: dict[str, str] = self.vault.open(row.ciphertext) if row else {}
        self.on_secrets(values)
        return values

    def _newer_or_claimed(self, stale: Values) -> Values | _Claim | None:
        """Newer credentials, or the right to renew; None while another process has it."""
        with transaction():
            row = locked(
                ChannelCredential.select().where(ChannelCredential.channel == self.place.id)
            ).get_or_none()
            kept = self._opened(row)
            if kept != dict(stale):
                return kept
            if row is None:
                raise AuthenticationFailed(_("This channel is not connected."))
            now = self.place.now()
            if row.lease_until and row.lease_until > now:
                return None
            row.lease_until = now + RENEWAL_LEASE
            row.save(only=[ChannelCredential.lease_until])
        return _Claim(row.id, row.version, row.lease_until, kept)

    def _renewed(self, claim: _Claim, refresh: Callable[[Values], Values]) -> Values:
        try:
            fresh = dict(refresh(claim.kept))
        except BaseException:
            self._release(claim)
            raise
        self.on_secrets(fresh)
        with transaction():
            # A claim that ran out may have been taken over: what is newer stays.
            kept = (
                ChannelCredential.update(
                    ciphertext=self.vault.seal(fresh),
                    version=claim.version + 1,
                    lease_until=None,
                    updated_at=self.place.now(),
                )
                .where(
                    (ChannelCredential.id == claim.row_id)
                    & (ChannelCredential.version == claim.version)
                )
                .execute()
            )
        return fresh if kept else self.get()

    def _release(self, claim: _Claim) -> None:
        with transaction():
            ChannelCredential.update(lease_until=None).where(
                (ChannelCredential.id == claim.row_id)
                & (ChannelCredential.lease_until == claim.lease)
            ).execute()


def connect(
    channel_id: int,
    credentials: Values,
    vault: Vault,
    *,
    account_id: str = "",
    account_name: str = "",
    now: datetime,
) -> None:
    """Keep what a channel signs in with from now on; what was known of its limits is void."""
    facts = {
        "account_id": account_id,
        "account_name": account_name,
        "ciphertext": vault.seal(dict(credentials)),
        "lease_until": None,
        "updated_at": now,
    }
    with transaction():
        ChannelCredential.insert(channel=channel_id, connected_at=now, **facts).on_conflict(
            conflict_target=[ChannelCredential.channel],
            update={
                **{getattr(ChannelCredential, name): value for name, value in facts.items()},
                ChannelCredential.version: ChannelCredential.version + 1,
                ChannelCredential.connected_at: now,
            },
        ).execute()
        ChannelLimit.delete().where(ChannelLimit.channel == channel_id).execute()


def disconnect(channel_id: int) -> None:
    """Forget what a channel signs in with, and what its plugin kept beside it."""
    with transaction():
        for model in (ChannelCredential, ChannelFlag, ChannelLimit):
            model.delete().where(model.channel == channel_id).execute()


def reseal_all(vault: Vault) -> int:
    """Put everything encrypted under the newest key, row by row. Returns how many."""
    count = 0
    for model in (ChannelCredential, ChannelConnection):
        with connection():
            ids = [row[0] for row in model.select(model.id).tuples()]
        for row_id in ids:
            with transaction():
                row = locked(model.select().where(model.id == row_id)).get_or_none()
                if row is None:
                    continue
                row.ciphertext = vault.reseal(row.ciphertext)
                row.save(only=[model.ciphertext])
                count += 1
    return count
