"""Connecting a channel in the browser: what may sign in, once, and what is kept of it."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from earful.actions.actor import Actor, audit, require
from earful.actions.channels import configured_channel, enqueue
from earful.components import Connector, describe
from earful.errors import ActionRefused, ChannelError
from earful.inbox.text import clean, one_line
from earful.plugins import contained
from earful.runtime import ConfiguredChannel, Runtime
from earful.store.credentials import connect, disconnect, reseal_all
from earful.store.database import transaction
from earful.store.models import Channel, ChannelConnection, ChannelCredential
from earful.store.states import ChannelState, Health, Role
from earful.types import ConnectableAccount
from earful.wording import gettext as _
from earful.wording import mark

__all__ = [
    "Choice",
    "Connected",
    "begin_connection",
    "choose_account",
    "connection_choices",
    "disconnect_channel",
    "return_from_platform",
    "rotate_secrets",
    "webhook_url",
]

logger = logging.getLogger(__name__)
PATIENCE = timedelta(minutes=10)
"""How long a person may take between the first page and the last."""
_AGAIN = mark("This sign-in is over or was used already. Begin again.")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An account that may be connected, without its credentials."""

    external_id: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A channel that is connected now; `said` is the plugin's sentence for the operator."""

    channel_id: int
    account: str
    said: str


def begin_connection(
    runtime: Runtime,
    actor: Actor,
    channel_id: int,
    *,
    session: str,
    redirect_uri: str,
    now: datetime,
) -> str:
    """Where to send the browser. `session` is a secret of this browser's session alone."""
    require(actor, Role.ADMIN)
    with transaction():
        row = configured_channel(channel_id)
    connector = _connector(runtime, row)
    state = secrets.token_urlsafe(32)
    attempt = _asked(row.name, "begin", lambda: connector.begin(redirect_uri, state))
    if urlsplit(attempt.url).scheme not in {"http", "https"}:
        raise ActionRefused(_("The channel's plugin gave no address to sign in at."))
    with transaction():
        _forget_attempts(actor, channel_id, now)
        ChannelConnection.create(
            channel=channel_id,
            agent=actor.agent_id,
            state=_hash(state),
            session=_hash(session),
            redirect_uri=redirect_uri,
            ciphertext=runtime.vault.seal(dict(attempt.secrets)),
            expires_at=now + PATIENCE,
        )
    return attempt.url


def _forget_attempts(actor: Actor, channel_id: int, now: datetime) -> None:
    mine = (ChannelConnection.agent == actor.agent_id) & (ChannelConnection.channel == channel_id)
    ChannelConnection.delete().where(mine | (ChannelConnection.expires_at <= now)).execute()


def return_from_platform(
    runtime: Runtime, actor: Actor, query: Mapping[str, str], *, session: str, now: datetime
) -> int | Connected:
    """The browser is back: the connection's id where there is a choice, else the only account's.

    `state` is taken once, only from the session that began, and for ten minutes.
    """
    require(actor, Role.ADMIN)
    attempt = _taken(actor, query.get("state", ""), session, now)
    try:
        accounts = _offered(runtime, attempt, query)
    except ActionRefused:
        _forget(attempt.id)
        raise
    if len(accounts) == 1:
        return _attach(runtime, actor, attempt, accounts[0], now)
    with transaction():
        ChannelConnection.update(
            ciphertext=runtime.vault.seal([_plain(each) for each in accounts])
        ).where(ChannelConnection.id == attempt.id).execute()
    return int(attempt.id)


def _offered(
    runtime: Runtime, attempt: ChannelConnection, query: Mapping[str, str]
) -> list[ConnectableAccount]:
    connector = _connector(runtime, attempt.channel)
    kept = runtime.vault.open(attempt.ciphertext)
    accounts = _asked(
        attempt.channel.name,
        "complete",
        lambda: list(connector.complete(dict(query), kept, attempt.redirect_uri)),
    )
    if not accounts:
        raise ActionRefused(_("This sign-in brings no account that could be connected."))
    return accounts


def _taken(actor: Actor, state: str, session: str, now: datetime) -> ChannelConnection:
    with transaction():
        taken = (
            ChannelConnection.update(returned_at=now)
            .where(
                (ChannelConnection.state == _hash(state))
                & (ChannelConnection.session == _hash(session))
                & (ChannelConnection.agent == actor.agent_id)
                & ChannelConnection.returned_at.is_null()
                & (ChannelConnection.expires_at > now)
            )
            .execute()
        )
        if not taken:
            raise ActionRefused(_(_AGAIN))
        attempt: ChannelConnection = (
            ChannelConnection.select(ChannelConnection, Channel)
            .join(Channel)
            .where(ChannelConnection.state == _hash(state))
            .get()
        )
    return attempt


def connection_choices(
    runtime: Runtime, actor: Actor, connection_id: int, *, session: str, now: datetime
) -> tuple[Channel, Sequence[Choice]]:
    """The channel, and the accounts that may be connected to it."""
    require(actor, Role.ADMIN)
    attempt = _returned(actor, connection_id, session, now)
    return attempt.channel, [
        Choice(external_id=each.external_id, name=each.name, detail=each.detail)
        for each in _accounts(runtime, attempt)
    ]


def choose_account(
    runtime: Runtime,
    actor: Actor,
    connection_id: int,
    external_id: str,
    *,
    session: str,
    now: datetime,
) -> Connected:
    """Connect one of the accounts that the sign-in brought."""
    require(actor, Role.ADMIN)
    attempt = _returned(actor, connection_id, session, now)
    for account in _accounts(runtime, attempt):
        if account.external_id == external_id:
            return _attach(runtime, actor, attempt, account, now)
    raise ActionRefused(_("Choose one of the accounts."))


def _returned(actor: Actor, connection_id: int, session: str, now: datetime) -> ChannelConnection:
    attempt: ChannelConnection | None = (
        ChannelConnection.select(ChannelConnection, Channel)
        .join(Channel)
        .where(
            (ChannelConnection.id == connection_id)
            & (ChannelConnection.session == _hash(session))
            & (ChannelConnection.agent == actor.agent_id)
            & ChannelConnection.returned_at.is_null(False)  # noqa: FBT003 - peewee's own way
            & (ChannelConnection.expires_at > now)
        )
        .get_or_none()
    )
    if attempt is None:
        raise ActionRefused(_(_AGAIN))
    return attempt


def _accounts(runtime: Runtime, attempt: ChannelConnection) -> list[ConnectableAccount]:
    return [ConnectableAccount(**each) for each in runtime.vault.open(attempt.ciphertext)]


def _plain(account: ConnectableAccount) -> dict[str, Any]:
    return {
        "external_id": account.external_id,
        "name": account.name,
        "detail": account.detail,
        "credentials": dict(account.credentials),
    }


def _attach(
    runtime: Runtime,
    actor: Actor,
    attempt: ChannelConnection,
    account: ConnectableAccount,
    now: datetime,
) -> Connected:
    channel = attempt.channel
    connector = _connector(runtime, channel)
    address = webhook_url(runtime, channel.name, from_outside=True)
    said = _asked(channel.name, "attach", lambda: connector.attach(account, address))
    name = one_line(account.name, 300)
    with transaction():
        row = configured_channel(channel.id)
        another = _is_another(row, account.external_id)
        connect(
            row.id,
            account.credentials,
            runtime.vault,
            account_id=account.external_id[:300],
            account_name=name,
            now=now,
        )
        _revive(row, name, another=another, now=now)
        ChannelConnection.delete().where(ChannelConnection.id == attempt.id).execute()
        audit(actor, "channel.connect", "channel", row.name, now, summary=name)
    enqueue(runtime, "check_channel", [channel.id], on="fetch")
    enqueue(runtime, "poll_channel", [channel.id], on="fetch")
    return Connected(channel_id=channel.id, account=name, said=clean(said, 1000))


def _is_another(row: Channel, account_id: str) -> bool:
    before = ChannelCredential.get_or_none(ChannelCredential.channel == row.id)
    return before is not None and before.account_id not in {"", account_id[:300]}


def _revive(row: Channel, account: str, *, another: bool, now: datetime) -> None:
    """What was paused for want of a sign-in goes on; what a person paused stays so."""
    if row.state is ChannelState.PAUSED and row.health is Health.AUTH_REQUIRED:
        row.state, row.state_reason = ChannelState.LIVE, ""
    if another:
        # The cursor counts what another account has seen.
        row.cursor = ""
    row.account_name, row.account_url = account, None
    row.health, row.health_detail = Health.UNKNOWN, ""
    row.failures, row.next_poll_at = 0, now
    row.save()


def disconnect_channel(_runtime: Runtime, actor: Actor, channel_id: int, *, now: datetime) -> None:
    """Forget a channel's credentials and pause it; its messages stay."""
    require(actor, Role.ADMIN)
    with transaction():
        row = configured_channel(channel_id)
        if not ChannelCredential.select().where(ChannelCredential.channel == row.id).exists():
            raise ActionRefused(_("This channel is not connected."))
        disconnect(row.id)
        row.state, row.state_reason = ChannelState.PAUSED, f"disconnected by {actor.name}"
        row.health, row.health_detail = Health.AUTH_REQUIRED, mark("Not connected.")
        row.save()
        audit(actor, "channel.disconnect", "channel", row.name, now)


def rotate_secrets(runtime: Runtime, actor: Actor, *, now: datetime) -> int:
    """Put everything encrypted under the newest key, after making one if none is configured.

    Returns how many secrets that were.
    """
    require(actor, Role.ADMIN)
    if runtime.config.security.encryption_key is None:
        # Whatever an interrupted rotation left under an older key, before that one is forgotten.
        reseal_all(runtime.vault)
        runtime.config.add_encryption_key()
    count = reseal_all(runtime.vault)
    with transaction():
        audit(actor, "secrets.rotate", "installation", "", now, after={"count": count})
    return count


def webhook_url(runtime: Runtime, channel_name: str, *, from_outside: bool = False) -> str | None:
    """Where a platform pushes to; None where the channel takes no pushes.

    With `from_outside` also None where the public address is this very machine's, unless the
    channel may reach private addresses: then its platform may be on this machine, too.
    """
    channel = runtime.channels.get(channel_name)
    if channel is None or channel.type.webhook is None:
        return None
    base = runtime.config.server.public_url
    is_near = getattr(channel.settings, "allow_private_addresses", False)
    if from_outside and not is_near and _is_this_machine(urlsplit(base).hostname or ""):
        return None
    return f"{base}/webhooks/{channel_name}"


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _connector(runtime: Runtime, row: Channel) -> Connector:
    channel: ConfiguredChannel | None = runtime.channels.get(row.name)
    connector = _asked(row.name, "connector", channel.connector) if channel else None
    if connector is None:
        raise ActionRefused(_("This kind of channel is set up in the configuration, not here."))
    return connector


def _asked(channel: str, what: str, call: Callable[[], Result]) -> Result:
    """What the plugin says; its refusals become words for the person."""
    try:
        return contained(f"{channel}.{what}", call)
    except ChannelError as error:
        raise ActionRefused(describe(error)) from error
    except Exception as error:
        logger.exception("channel=%s %s failed", channel, what)
        msg = _("The channel's plugin failed: %(why)s", why=describe(error))
        raise ActionRefused(msg) from error


def _forget(connection_id: int) -> None:
    with transaction():
        ChannelConnection.delete().where(ChannelConnection.id == connection_id).execute()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
