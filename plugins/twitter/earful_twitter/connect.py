"""Connects a channel in the browser: X asks for permission, and is told where to push."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from earful import (
    AuthenticationFailed,
    ChannelError,
    ConnectableAccount,
    ConnectionAttempt,
    OutcomeUnknown,
    TemporaryFailure,
)
from earful import gettext as _
from earful.http import Client

from earful_twitter import oauth
from earful_twitter.api import now_utc, part
from earful_twitter.meta import as_id
from earful_twitter.people import inner
from earful_twitter.problems import error_of
from earful_twitter.recovery import WEBHOOK_ID
from earful_twitter.settings import TwitterSettings
from earful_twitter.vocabulary import VOCABULARIES
from earful_twitter.webhook import REVOKED

__all__ = ["EVENTS_ON_STREAM", "TwitterConnector"]

EVENTS_ON_STREAM = (
    "post.mention.create",
    "post.reply.create",
    "post.quote.create",
    "post.create",
    "post.delete",
    "dm.received",
    "dm.sent",
)
"""What is subscribed to: all that becomes a message or a removal. `oauth.revoke` comes unasked."""
_MOST_PAGES = 20


class TwitterConnector:
    """OAuth 2.0 with PKCE, then webhook and subscriptions."""

    def __init__(self, settings: TwitterSettings, now: Callable[[], datetime] = now_utc) -> None:
        self._settings = settings
        self._now = now

    def begin(self, redirect_uri: str, state: str) -> ConnectionAttempt:
        """X's page that asks for permission."""
        verifier = oauth.new_verifier()
        url = oauth.authorize_url(
            self._settings, redirect_uri=redirect_uri, state=state, verifier=verifier
        )
        return ConnectionAttempt(url=url, secrets={"verifier": verifier})

    def complete(
        self, query: Mapping[str, str], secrets: Mapping[str, str], redirect_uri: str
    ) -> Sequence[ConnectableAccount]:
        """The one account that gave its permission."""
        if query.get("error"):
            raise AuthenticationFailed(_("X was not given the permission: nothing has changed."))
        if not query.get("code"):
            raise ChannelError(_("X sent the browser back without a code: begin again."))
        with self._client() as http:
            tokens = oauth.exchange(
                self._settings,
                http,
                code=query["code"],
                verifier=secrets["verifier"],
                redirect_uri=redirect_uri,
            )
            me = self._me(http, tokens)
        handle, identifier = str(me.get("username", "")), as_id(me.get("id"))
        if not identifier:
            raise TemporaryFailure(_("X does not say which account this is: try again."))
        tokens |= {
            "user_id": identifier,
            "username": handle,
            "connected_at": self._now().isoformat(timespec="seconds"),
        }
        return [
            ConnectableAccount(
                external_id=identifier,
                name=f"@{handle}",
                credentials=tokens,
                detail=_missing(tokens.get("scope", "")),
            )
        ]

    def attach(self, account: ConnectableAccount, webhook_url: str | None) -> str:
        """Subscribe to what `receive` needs; calls that are repeated change nothing."""
        receive, state = self._settings.receive, self._settings.state
        if receive == "poll":
            state.set_flag(REVOKED, "")
            return _(
                "%(name)s is connected. New posts are asked for at every poll.", name=account.name
            )
        with self._client() as http:
            desk = _Desk(self._settings, http, account.credentials, self._now)
            webhook = desk.webhook(_reachable(webhook_url)) if receive == "webhook" else ""
            count = desk.subscribe(account.external_id, webhook)
            desk.unsubscribe(
                state.credentials.get().get("user_id", ""), account.external_id, webhook
            )
        state.set_flag(WEBHOOK_ID, webhook)
        state.set_flag(REVOKED, "")
        facts = {"name": account.name, "count": count}
        if webhook:
            return _(
                "%(name)s is connected. X pushes them to this installation: "
                "%(count)s kinds of events are subscribed.",
                **facts,
            )
        return _(
            "%(name)s is connected. X puts them on the stream: "
            "%(count)s kinds of events are subscribed.",
            **facts,
        )

    def _me(self, http: Client, tokens: Mapping[str, str]) -> Mapping[str, Any]:
        answer = http.get(
            "2/users/me",
            params=VOCABULARIES[self._settings.vocabulary].users,
            headers={"authorization": f"Bearer {tokens['access_token']}"},
            check_status=False,
        )
        if not answer.ok:
            raise error_of(answer, "GET", self._now())
        return inner(answer.json())

    def _client(self) -> Client:
        return Client(
            base_url=f"{self._settings.base_url}/",
            allow_private=self._settings.allow_private_addresses,
            deadline_seconds=self._settings.timeout_seconds,
        )


class _Desk:
    """Manages webhooks with the app's token, and subscriptions with the account's."""

    def __init__(
        self,
        settings: TwitterSettings,
        http: Client,
        credentials: Mapping[str, str],
        now: Callable[[], datetime],
    ) -> None:
        self._http, self._now = http, now
        self._app = settings.bearer_token.get_secret_value()
        self._user = credentials["access_token"]

    def webhook(self, url: str) -> str:
        """The id of the webhook with this address: the one there is, made valid, or a new one."""
        for one in self._listed("2/webhooks"):
            if one.get("url") == url:
                identifier = as_id(one.get("id"))
                self._ask("PUT", f"2/webhooks/{part(identifier)}", self._app)
                return identifier
        made = self._ask("POST", "2/webhooks", self._app, {"url": url})
        return as_id(inner(made).get("id"))

    def subscribe(self, account: str, webhook: str) -> int:
        """Subscribe to what is not subscribed yet; how many kinds of events there are."""
        present = {
            str(one.get("event_type"))
            for one in self._subscriptions(webhook)
            if inner(one.get("filter")).get("user_id") == account
        }
        for kind in EVENTS_ON_STREAM:
            if kind in present:
                continue
            body: dict[str, Any] = {
                "event_type": kind,
                "filter": {"user_id": account},
                "tag": "earful",
            }
            if webhook:
                body["webhook_id"] = webhook
            self._ask("POST", "2/activity/subscriptions", self._user, body)
        return len(EVENTS_ON_STREAM)

    def unsubscribe(self, before: str, account: str, webhook: str) -> None:
        """End what was subscribed for an account that was connected before.

        The webhook is this channel's own. The stream is the app's: there only what is known to be
        ours is ended.
        """
        for one in list(self._subscriptions(webhook)):
            other = as_id(inner(one.get("filter")).get("user_id"))
            if other and other != account and (webhook or other == before):
                identifier = as_id(one.get("subscription_id"))
                self._ask("DELETE", f"2/activity/subscriptions/{part(identifier)}", self._app)

    def _subscriptions(self, webhook: str) -> Iterator[Mapping[str, Any]]:
        for one in self._listed("2/activity/subscriptions", {"max_results": "100"}):
            if str(one.get("webhook_id") or "") == webhook:
                yield one

    def _listed(
        self, path: str, params: Mapping[str, str] | None = None
    ) -> Iterator[Mapping[str, Any]]:
        asked = dict(params or {})
        for _page in range(_MOST_PAGES):
            document = self._ask("GET", path, self._app, params=asked)
            data = document.get("data")
            yield from (inner(one) for one in (data if isinstance(data, list) else []))
            token = inner(document.get("meta")).get("next_token")
            if not token:
                return
            asked["pagination_token"] = str(token)

    def _ask(
        self,
        method: str,
        path: str,
        token: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        headers = {"authorization": f"Bearer {token}"}
        try:
            answer = self._http.request(
                method, path, json=body, params=params, headers=headers, check_status=False
            )
        except OutcomeUnknown as error:
            raise TemporaryFailure(
                _("X did not answer: %(why)s Connect again.", why=error)
            ) from error
        if not answer.ok:
            raise error_of(answer, "GET", self._now())
        found = answer.json()
        return found if isinstance(found, dict) else {}


def _reachable(url: str | None) -> str:
    """The address that X may push to. Sandboxes take any; X wants https and no port."""
    if not url:
        raise ChannelError(
            _('X cannot reach this installation: set server.public_url, or receive = "stream".')
        )
    parts = urlsplit(url)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not local and (parts.scheme != "https" or parts.port is not None):
        raise ChannelError(
            _(
                "X pushes to https addresses without a port only, and this is %(url)s: "
                'put Earful behind such an address, or set receive = "stream".',
                url=url,
            )
        )
    return url


def _missing(scope: str) -> str:
    """A sentence if the permission is smaller than what was asked for."""
    missing = [one for one in oauth.SCOPES if one not in scope.split()] if scope else []
    return _("X did not grant: %(missing)s.", missing=", ".join(missing)) if missing else ""
