"""Reads a question board, so that what visitors ask there becomes messages in the inbox."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from earful import (
    Account,
    Author,
    Badge,
    Capabilities,
    ChannelType,
    FetchResult,
    InboundMessage,
    Payload,
    PayloadError,
    Settings,
    TemporaryFailure,
    hookimpl,
)
from earful.http import Client


# Shown as settings
class BoardSettings(Settings):
    """Where the board is."""

    url: str
    allow_private_addresses: bool = False


# End of settings


# Shown as parse
def parse(payload: Payload) -> list[InboundMessage]:
    """One message for each post on a page of the board."""
    try:
        return [_message(post) for post in json.loads(payload.body)["posts"]]
    except (KeyError, TypeError, ValueError) as error:
        raise PayloadError(f"this is no page of a question board: {error!r}") from error


def _message(post: dict[str, str]) -> InboundMessage:
    return InboundMessage(
        external_id=post["id"],
        author=Author(external_id=post["by"], name=post["by"]),
        text=post["text"],
        sent_at=datetime.fromisoformat(post["at"]).astimezone(UTC),
        thread_id=post["topic"],
        url=post["link"],
    )


# End of parse


# Shown as source
class BoardSource:
    """Asks the board for its newest posts."""

    def __init__(self, settings: BoardSettings) -> None:
        self.settings = settings

    def check(self) -> Account:
        """Prove that the settings work, in a sentence for the operator."""
        found = f"{len(parse(self._page()))} posts are shown"
        return Account(external_id=self.settings.url, name="Question board", detail=found)

    def fetch(self, cursor: str) -> FetchResult:
        """Give the page, unless it is the one that was seen last."""
        page = self._page()
        seen = hashlib.sha256(page.body).hexdigest()
        return FetchResult(payloads=() if seen == cursor else (page,), cursor=seen)

    def _page(self) -> Payload:
        with Client(allow_private=self.settings.allow_private_addresses) as http:
            response = http.get(self.settings.url)
        if not response.ok:
            raise TemporaryFailure(f"the board answers {response.status}")
        return Payload(body=response.body, content_type="application/json")


# End of source


# Shown as register
BOARD = ChannelType(
    kind="board",
    title="Question board",
    settings=BoardSettings,
    parse=parse,
    badge=Badge(letters="Qb", colour="#2b6a4d"),
    capabilities=lambda _settings: Capabilities(),
    source=BoardSource,
)


@hookimpl
def register_channels() -> Iterable[ChannelType]:
    """The one kind of channel this plugin brings."""
    return [BOARD]


# End of register
