"""Compares what Facebook lists with what the inbox holds: only news become payloads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from earful import (
    ChannelState,
    InboundMessage,
    KnownMessage,
    Parsed,
    Payload,
    PayloadError,
    Removal,
    RemovalKind,
)

from earful_facebook.parse import parse
from earful_facebook.wording import UNSUPPORTED

__all__ = ["Comparison", "Listing"]

_PUSHES_MAY_TAKE = timedelta(minutes=5)
"""Facebook pushes within seconds as a rule; a push that is younger is not yet missed."""

_PERMISSIONS = ("can_reply_privately", "can_comment")
_Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Objects of one kind as Facebook lists them, and what is needed to read them."""

    kind: str
    objects: Sequence[_Object]
    context: _Object = field(default_factory=dict)


@dataclass(slots=True)
class Comparison:
    """Gathers the payloads of one fetch, and counts what should have been pushed but was not."""

    state: ChannelState
    page: Mapping[str, str]
    now: datetime
    began: datetime
    """When this channel first looked: what is younger should have been pushed."""
    oldest: datetime
    """What is older than this and not known yet stays on Facebook."""
    payloads: list[Payload] = field(default_factory=list)
    missed: int = 0

    def add(self, listing: Listing) -> None:
        """Keep what the inbox does not hold, or holds otherwise."""
        read = [(each, parsed) for each in listing.objects if (parsed := self._read(listing, each))]
        messages = [found for _, parsed in read if (found := _message(parsed))]
        known = self.state.known({each.external_id for each in messages}) if messages else {}
        news = [each for each, parsed in read if self._is_news(parsed, known)]
        if news:
            self.payloads.append(self._payload(listing, news))

    def remove(self, external_ids: Sequence[str]) -> None:
        """These are gone."""
        listing = Listing(kind="removals", objects=[])
        self.payloads.append(self._payload(listing, [{"id": each} for each in external_ids]))

    def _is_news(self, parsed: Sequence[object], known: Mapping[str, KnownMessage]) -> bool:
        message = _message(parsed)
        if message is None:
            return bool(parsed)
        before = known.get(message.external_id)
        if before is None:
            self._count(message)
            return message.sent_at >= self.oldest
        is_hidden = any(isinstance(each, Removal) for each in parsed)
        was_hidden = before.removal in {RemovalKind.HIDDEN, RemovalKind.SPAM}
        if before.removal is RemovalKind.DELETED:
            return False
        return (
            is_hidden != was_hidden
            or _says_other(before, message)
            or _names_other(before, message)
            or _allows_other(before, message)
        )

    def _count(self, message: InboundMessage) -> None:
        """One that nobody told us of. What the Page itself writes has to be pushed, too."""
        if self.began <= message.sent_at <= self.now - _PUSHES_MAY_TAKE:
            self.missed += 1

    def _read(self, listing: Listing, found: _Object) -> list[Parsed]:
        """What will be read out of it later. What can't be read is kept by itself, once."""
        payload = self._payload(listing, [found])
        try:
            return parse(payload)
        except PayloadError:
            told = json.dumps([listing.kind, found], sort_keys=True)
            key = f"unread:{hashlib.sha256(told.encode()).hexdigest()}"
            self.payloads.append(replace(payload, key=key))
            return []

    def _payload(self, listing: Listing, objects: Sequence[_Object]) -> Payload:
        document = {"data": list(objects), "context": dict(listing.context)}
        return Payload(
            body=json.dumps(document).encode(),
            content_type="application/json",
            meta={"read": listing.kind, "fetched_at": self.now.isoformat(), **self.page},
        )


def _says_other(before: KnownMessage, message: InboundMessage) -> bool:
    """Whether a text was edited. Lists know less of templates and stickers than pushes do."""
    if message.text in {"", UNSUPPORTED, before.text}:
        return False
    return not (message.from_us and before.text.startswith(message.text))


def _names_other(before: KnownMessage, message: InboundMessage) -> bool:
    """Whether the author's name is news. Pushes of private messages do not tell it."""
    name = " ".join(message.author.name.split())
    return bool(name) and not message.from_us and before.author_name not in {"", name}


def _allows_other(before: KnownMessage, message: InboundMessage) -> bool:
    """Whether what may be answered is news. Pushes do not tell it; then everything may."""
    if message.from_us:
        return False
    return any(
        name in message.extra and message.extra[name] != before.extra.get(name, "true")
        for name in _PERMISSIONS
    )


def _message(parsed: Sequence[object]) -> InboundMessage | None:
    return next((each for each in parsed if isinstance(each, InboundMessage)), None)
