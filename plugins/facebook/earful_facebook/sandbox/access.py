"""Who may call: the app, codes of the dialog, tokens of people and Pages, and their end."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from earful_facebook.fields import ASKED_PERMISSIONS
from earful_facebook.sandbox.people import APP_ID, APP_SECRET, PAGES, Account
from earful_facebook.sandbox.refusals import Refusal, bad_parameter, missing_permission, signed_out

__all__ = ["Access", "Token", "page_of", "require"]

SHORT, LONG, CODE = timedelta(hours=1), timedelta(days=60), timedelta(minutes=10)
DATA_ACCESS = timedelta(days=90)


@dataclass(slots=True, kw_only=True)
class Token:
    """`page` is empty for a person's token; without `until` it has no end date."""

    text: str
    permissions: frozenset[str]
    pages: tuple[str, ...]
    page: str = ""
    until: datetime | None = None
    is_revoked: bool = False
    issued: datetime


@dataclass(slots=True, kw_only=True)
class _Code:
    redirect_uri: str
    permissions: frozenset[str]
    pages: tuple[str, ...]
    until: datetime
    is_used: bool = False


@dataclass
class Access:
    """All tokens of one app."""

    now: Callable[[], datetime]
    tokens: dict[str, Token] = field(default_factory=dict)
    codes: dict[str, _Code] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    FIRST_PAGE_TOKEN = "EAAsandbox-page-token-of-a-fresh-start"  # noqa: S105 - a stand-in's

    def __post_init__(self) -> None:
        everything = frozenset(ASKED_PERMISSIONS)
        self._issue(everything, (PAGES[0].id,), page=PAGES[0].id, known=self.FIRST_PAGE_TOKEN)

    def _issue(
        self,
        permissions: frozenset[str],
        pages: tuple[str, ...],
        *,
        page: str = "",
        lives: timedelta | None = None,
        known: str = "",
    ) -> Token:
        now = self.now()
        token = Token(
            text=known or f"EAAsandbox{next(self._numbers):08d}",
            permissions=permissions,
            pages=pages,
            page=page,
            until=now + lives if lives else None,
            issued=now,
        )
        self.tokens[token.text] = token
        return token

    def code(self, redirect_uri: str, permissions: frozenset[str], pages: tuple[str, ...]) -> str:
        """What the dialog sends back; good for ten minutes and one use."""
        text = f"AQsandbox{next(self._numbers):08d}"
        until = self.now() + CODE
        self.codes[text] = _Code(
            redirect_uri=redirect_uri, permissions=permissions, pages=pages, until=until
        )
        return text

    def exchange_code(self, text: str, redirect_uri: str) -> Token:
        code = self.codes.get(text)
        if code is None or code.until <= self.now():
            raise bad_parameter("This authorization code has expired.")
        if code.is_used:
            raise Refusal(400, 100, "This authorization code has been used.", subcode=36009)
        if code.redirect_uri != redirect_uri:
            raise Refusal(
                400, 100, "Error validating verification code. Please make sure your redirect_uri "
                "is identical to the one you used in the OAuth dialog request", subcode=36008,
            )  # fmt: skip
        code.is_used = True
        return self._issue(code.permissions, code.pages, lives=SHORT)

    def exchange_token(self, text: str) -> Token:
        short = self.valid(text)
        return self._issue(short.permissions, short.pages, lives=LONG)

    def page_token(self, user: Token, page: str) -> Token:
        """A Page's own token: without an end date, and the same until it is revoked."""
        for each in self.tokens.values():
            is_same = each.page == page and each.permissions == user.permissions
            if is_same and not each.is_revoked:
                return each
        return self._issue(user.permissions, user.pages, page=page)

    def valid(self, text: str) -> Token:
        token = self.tokens.get(text)
        if token is None:
            raise Refusal(400, 190, "Invalid OAuth access token - Cannot parse access token")
        if token.is_revoked:
            raise signed_out(460, "The session has been invalidated because the user changed "
                                  "their password or Facebook has changed the session for "
                                  "security reasons.")  # fmt: skip
        if token.until is not None and token.until <= self.now():
            raise signed_out(463, f"Session has expired on {token.until:%A, %d-%b-%y %H:%M:%S}.")
        return token

    def require_proof(self, text: str, proof: str) -> None:
        """The app insists on `appsecret_proof`, as its settings can."""
        if not proof:
            raise bad_parameter("API calls from the server require an appsecret_proof argument")
        wanted = hmac.new(APP_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, proof):
            raise bad_parameter("Invalid appsecret_proof provided in the API argument")

    def is_app(self, text: str) -> bool:
        """Whether this is the app's own token."""
        return text == f"{APP_ID}|{APP_SECRET}"

    def revoke_all(self) -> None:
        """The person who connected the Page changes their password."""
        for token in self.tokens.values():
            token.is_revoked = True

    def facts(self, text: str) -> dict[str, Any]:
        """What `debug_token` tells."""
        try:
            token = self.valid(text)
        except Refusal as refusal:
            return {"app_id": APP_ID, "is_valid": False, "error": refusal.error, "scopes": []}
        return {
            "app_id": APP_ID,
            "type": "PAGE" if token.page else "USER",
            "is_valid": True,
            "expires_at": int(token.until.timestamp()) if token.until else 0,
            "data_access_expires_at": int((token.issued + DATA_ACCESS).timestamp()),
            "scopes": sorted(token.permissions),
            "granular_scopes": [
                {"scope": each, "target_ids": list(token.pages)}
                for each in sorted(token.permissions)
            ],
        }


def require(token: Token, permission: str) -> None:
    if permission not in token.permissions:
        raise missing_permission(permission)


def page_of(page_id: str) -> Account | None:
    return next((each for each in PAGES if each.id == page_id), None)
