"""Connects a channel to a Page in the browser, through Facebook Login.

A short-lived user token becomes a long-lived one, and that gives each Page's own token, which has
no end date. Source: "Long-Lived Access Tokens" of Facebook Login, "Webhooks" of the Graph API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from earful import (
    AuthenticationFailed,
    ChannelError,
    ConnectableAccount,
    ConnectionAttempt,
)
from earful import gettext as _

from earful_facebook.fields import ASKED_PERMISSIONS, NEEDED_PERMISSIONS, PUSHED
from earful_facebook.graph import Graph
from earful_facebook.health import app_token, missing_permissions, token_facts
from earful_facebook.settings import FacebookSettings
from earful_facebook.values import identifier, items, record, text

__all__ = ["FacebookConnector"]

_MOST_LISTS = 20


class FacebookConnector:
    """Facebook Login, in the words of its documents."""

    def __init__(self, settings: FacebookSettings) -> None:
        self._settings = settings

    def begin(self, redirect_uri: str, state: str) -> ConnectionAttempt:
        """The dialog. `rerequest` asks again for what was refused the last time."""
        query = {
            "client_id": self._settings.app_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "response_type": "code",
            "scope": ",".join(ASKED_PERMISSIONS),
            "auth_type": "rerequest",
        }
        dialog = f"{self._settings.dialog_url}/{self._settings.api_version}/dialog/oauth"
        return ConnectionAttempt(url=f"{dialog}?{urlencode(query)}")

    def complete(
        self,
        query: Mapping[str, str],
        secrets: Mapping[str, str],  # noqa: ARG002 - nothing was to be kept secret
        redirect_uri: str,
    ) -> Sequence[ConnectableAccount]:
        """Every Page that the person manages and has allowed."""
        if "code" not in query:
            said = (
                query.get("error_description") or query.get("error_message") or _("no reason given")
            )
            raise AuthenticationFailed(_("Facebook did not sign you in: %(said)s", said=said))
        user_token = self._long_lived(self._user_token(query["code"], redirect_uri))
        facts = token_facts(self._settings, user_token)
        self._require_permissions(facts)
        with Graph(self._settings, user_token) as graph:
            accounts = [_account(page) for page in _pages(graph)]
        if not accounts:
            raise AuthenticationFailed(
                _(
                    "Facebook names no Page that you manage. Connect again, and tick the Page in "
                    "Facebook's own dialog."
                )
            )
        return accounts

    def attach(self, account: ConnectableAccount, webhook_url: str | None) -> str:
        """Let Facebook push what happens on the Page, if it can reach this installation."""
        if webhook_url is None:
            return _(
                "%(name)s is connected. Facebook cannot reach this installation, so the "
                "Page is read every few minutes.",
                name=account.name,
            )
        try:
            self._register(webhook_url)
        except ChannelError as error:
            return _(
                "%(name)s is connected, but Facebook does not push to %(webhook_url)s: "
                "%(why)s. Until that is mended the Page is read every few minutes.",
                name=account.name,
                webhook_url=webhook_url,
                why=error,
            )
        with Graph(self._settings, account.credentials["access_token"]) as graph:
            graph.post(f"{account.external_id}/subscribed_apps", subscribed_fields=",".join(PUSHED))
        return _(
            "%(name)s is connected, and Facebook pushes what happens to %(webhook_url)s.",
            name=account.name,
            webhook_url=webhook_url,
        )

    def _register(self, webhook_url: str) -> None:
        """The app's address for pushes; Facebook asks it for the words of `verify_token`."""
        with Graph(self._settings, app_token(self._settings)) as graph:
            graph.post(
                f"{self._settings.app_id}/subscriptions",
                object="page",
                callback_url=webhook_url,
                verify_token=self._settings.verify_token.get_secret_value(),
                fields=",".join(PUSHED),
                include_values=True,
            )

    def _user_token(self, code: str, redirect_uri: str) -> str:
        return self._token(code=code, redirect_uri=redirect_uri)

    def _long_lived(self, token: str) -> str:
        return self._token(grant_type="fb_exchange_token", fb_exchange_token=token)

    def _token(self, **params: str) -> str:
        secret = self._settings.app_secret.get_secret_value()
        with Graph(self._settings, "") as graph:
            answer = graph.get(
                "oauth/access_token",
                client_id=self._settings.app_id,
                client_secret=secret,
                **params,
            )
        token = text(answer.get("access_token"))
        if not token:
            raise AuthenticationFailed(_("Facebook gave no access. Connect again."))
        return token

    def _require_permissions(self, facts: Mapping[str, Any]) -> None:
        missing = missing_permissions(facts)
        if missing:
            told = "; ".join(
                _("%(name)s, to %(purpose)s", name=name, purpose=_(NEEDED_PERMISSIONS[name]))
                for name in missing
            )
            raise AuthenticationFailed(
                _(
                    "Facebook was not allowed everything that is needed: %(told)s. Connect "
                    "again and leave every permission ticked. What cannot be ticked needs App "
                    "Review first.",
                    told=told,
                )
            )


def _pages(graph: Graph) -> Iterator[Mapping[str, Any]]:
    after = ""
    for _page in range(_MOST_LISTS):
        listed = graph.read_next(
            "me/accounts", after, fields="id,name,access_token,category", limit=100
        )
        yield from items(listed.get("data"))
        paging = record(listed.get("paging"))
        after = text(record(paging.get("cursors")).get("after"))
        if not text(paging.get("next")) or not after:
            return


def _account(page: Mapping[str, Any]) -> ConnectableAccount:
    page_id, name = identifier(page.get("id")), text(page.get("name"))
    return ConnectableAccount(
        external_id=page_id,
        name=name,
        detail=text(page.get("category")),
        credentials={
            "page_id": page_id,
            "page_name": name,
            "access_token": text(page.get("access_token")),
        },
    )
