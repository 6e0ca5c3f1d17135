"""The guestbook as a channel: reading entries, taking pushes, writing answers."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from earful import (
    Account,
    Action,
    ActionKind,
    AuthenticationFailed,
    Author,
    Badge,
    Capabilities,
    Capability,
    ChannelType,
    DeliveryRejected,
    FetchResult,
    InboundMessage,
    OutboundReply,
    Parsed,
    Payload,
    PayloadError,
    Receipt,
    Removal,
    Surface,
    TemporaryFailure,
    UnsupportedPayload,
    WebhookRequest,
    WebhookResult,
)
from earful.http import Client
from pydantic import SecretStr, model_validator

from guestbook_channel.faults import FailingSettings, fail_as

FILES_PER_FETCH = 50
LONGEST_ANSWER = 500


class GuestbookSettings(FailingSettings):
    """Where the guestbook keeps its entries, and where answers go."""

    folder: Path | None = None
    url: str | None = None
    allow_private_address: bool = False
    secret: SecretStr | None = None
    outbox: Path | None = None
    echo: bool = False

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.folder and self.url:
            raise ValueError("folder and url exclude each other")
        if not (self.folder or self.url or self.secret):
            raise ValueError("expected folder, url or secret: nothing could be read")
        return self


# Reading


class GuestbookSource:
    def __init__(self, settings: GuestbookSettings) -> None:
        self.settings = settings

    def check(self) -> Account:
        self.settings.maybe_fail("check")
        if self.settings.url:
            found = f"{len(_entries(self._download()))} entries found"
        else:
            found = f"{len(list(self._files()))} files of entries found"
        where = self.settings.url or str(self.settings.folder or "pushed entries")
        return Account(external_id=where, name=f"Guestbook at {where}", detail=found)

    def fetch(self, cursor: str) -> FetchResult:
        self.settings.maybe_fail("fetch")
        return self._fetch_url(cursor) if self.settings.url else self._fetch_folder(cursor)

    def _fetch_url(self, cursor: str) -> FetchResult:
        body = self._download()
        digest = hashlib.sha256(body).hexdigest()
        return FetchResult(
            payloads=() if digest == cursor else (self._payload(body),), cursor=digest
        )

    def _download(self) -> bytes:
        with Client(allow_private=self.settings.allow_private_address) as http:
            response = http.get(self.settings.url or "")
        if not response.ok:
            raise TemporaryFailure(f"the guestbook answers {response.status}")
        return response.body

    def _fetch_folder(self, cursor: str) -> FetchResult:
        """The cursor remembers the version of every file that was read."""
        seen: dict[str, int] = json.loads(cursor) if cursor else {}
        waiting = [
            (path, version) for path, version in self._files() if seen.get(path.name) != version
        ]
        payloads = []
        for path, version in waiting[:FILES_PER_FETCH]:
            payloads.append(self._payload(path.read_bytes()))
            seen[path.name] = version
        more = len(waiting) > FILES_PER_FETCH
        return FetchResult(payloads=tuple(payloads), cursor=json.dumps(seen), more=more)

    def _files(self) -> Iterator[tuple[Path, int]]:
        folder = self.settings.folder
        if folder is None:
            return
        if not folder.is_dir():
            raise TemporaryFailure(f"the folder {folder} is not there")
        for path in sorted(folder.glob("*.json")):
            yield path, path.stat().st_mtime_ns

    def _payload(self, body: bytes) -> Payload:
        return Payload(body=body, content_type="application/json", meta=_meta(self.settings))


def _meta(settings: GuestbookSettings) -> dict[str, str]:
    """Parsing knows no settings, so a failure that is wanted there travels with the payload."""
    return {"fail_with": settings.fail_with} if settings.fail_in == "parse" else {}


# Parsing


def parse(payload: Payload) -> Iterable[Parsed]:
    if "fail_with" in payload.meta:
        fail_as(payload.meta["fail_with"], "parse")
    return [_parsed(entry) for entry in _entries(payload.body)]


def _entries(body: bytes) -> list[Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError("an entry of a guestbook is JSON") from error
    return document if isinstance(document, list) else [document]


def _parsed(entry: Any) -> Parsed:
    if not isinstance(entry, dict):
        raise PayloadError("an entry of a guestbook is an object")
    if "kind" in entry:
        raise UnsupportedPayload(f"entries of the kind {entry['kind']} say nothing")
    try:
        if entry.get("removed"):
            return Removal(external_id=str(entry["id"]))
        return _message(entry)
    except KeyError as error:
        raise PayloadError(f"the entry has no {error.args[0]}") from error
    except (TypeError, ValueError) as error:
        raise PayloadError(f"the entry cannot be read: {error}") from error


def _message(entry: dict[str, Any]) -> InboundMessage:
    identifier = str(entry["id"])
    page = str(entry.get("page") or identifier)
    private, answers = bool(entry.get("private")), entry.get("answers")
    public = Surface.PUBLIC_REPLY if answers or entry.get("page") else Surface.PUBLIC_POST
    return InboundMessage(
        external_id=identifier,
        author=Author(
            external_id=str(entry.get("visitor") or entry["name"]), name=str(entry["name"])
        ),
        text=str(entry["text"]),
        sent_at=_time(entry["at"]),
        surface=Surface.PRIVATE if private else public,
        thread_id=page,
        thread_title=str(entry.get("page_title") or page),
        parent_id=str(answers) if answers else None,
        url=entry.get("url"),
        language=entry.get("language"),
        from_us=bool(entry.get("by_us")),
        edited_at=_time(entry["edited_at"]) if entry.get("edited_at") else None,
        extra={"page": page},
    )


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"the time {text} has no time zone")
    return at


# Taking pushes


class GuestbookWebhook:
    def __init__(self, settings: GuestbookSettings) -> None:
        self.settings = settings

    def receive(self, request: WebhookRequest) -> WebhookResult:
        self.settings.maybe_fail("receive")
        if self.settings.secret is None:
            raise AuthenticationFailed("this guestbook has no secret, so it takes no pushes")
        if request.method != "POST":
            return WebhookResult(status=405, body="post an entry")
        secret = self.settings.secret.get_secret_value()
        expected = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
        given = request.headers.get("x-guestbook-signature", "")
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise AuthenticationFailed("the signature does not fit the entry")
        payload = Payload(
            body=request.body, content_type="application/json", meta=_meta(self.settings)
        )
        return WebhookResult(payloads=(payload,), body="thank you")


# Answering


class GuestbookSender:
    def __init__(self, settings: GuestbookSettings) -> None:
        self.settings = settings

    def send(self, reply: OutboundReply) -> Receipt:
        self.settings.maybe_fail("send")
        if len(reply.text) > LONGEST_ANSWER:
            raise DeliveryRejected(f"an answer has at most {LONGEST_ANSWER} characters")
        path = self._path(reply.idempotency_key)
        answer = {
            "id": path.stem,
            "name": "The owner",
            "text": reply.text,
            "at": reply.submitted_at.isoformat(),
            "page": reply.extra.get("page", reply.thread_id),
            "answers": reply.in_reply_to,
            "private": reply.surface is Surface.PRIVATE,
            "by_us": True,
        }
        _write_once(path, answer)
        if self.settings.echo and self.settings.folder:
            _write_once(self.settings.folder / path.name, answer)
        self.settings.maybe_fail("after_send")
        return _receipt(path)

    def find(self, reply: OutboundReply) -> Receipt | None:
        self.settings.maybe_fail("find")
        path = self._path(reply.idempotency_key)
        return _receipt(path) if path.exists() else None

    def act(self, action: Action) -> Receipt:
        self.settings.maybe_fail("act")
        if action.kind is not ActionKind.LIKE:
            raise DeliveryRejected("a guestbook can only like entries")
        path = self._path(f"like {action.external_id}").with_suffix(".like.json")
        if action.undo:
            path.unlink(missing_ok=True)
        else:
            _write_once(path, {"likes": action.external_id})
        return Receipt(external_id=action.external_id)

    def _path(self, key: str) -> Path:
        if self.settings.outbox is None:
            raise DeliveryRejected("this guestbook has no outbox")
        # Whatever the key holds, its digest is a good name for a file.
        return self.settings.outbox / f"answer-{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"


def _receipt(path: Path) -> Receipt:
    answer = json.loads(path.read_bytes())
    return Receipt(external_id=path.stem, at=_time(answer["at"]))


def _write_once(path: Path, document: dict[str, Any]) -> None:
    """All of the file at once, and never a second time."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(document), encoding="utf-8")
        if not path.exists():
            os.link(draft, path)
    except OSError as error:
        raise TemporaryFailure(f"the answer cannot be written: {error}") from error
    finally:
        draft.unlink(missing_ok=True)


def capabilities(settings: GuestbookSettings) -> Capabilities:
    if settings.outbox is None:
        return Capabilities(
            surfaces=frozenset(Surface),
            reply=Capability(allowed=False, reason="No outbox is configured for this guestbook."),
        )
    allowed = Capability(allowed=True)
    return Capabilities(
        surfaces=frozenset(Surface),
        reply=allowed,
        private_reply=allowed,
        like=allowed,
        reply_length=LONGEST_ANSWER,
    )


def demo() -> Iterable[Payload]:
    entries: list[dict[str, object]] = [
        {"id": "1", "name": "Ann", "text": "What a lovely garden, thank you!", "page": "garden"},
        {"id": "2", "name": "Ben", "text": "When are you open in winter?", "page": "garden"},
        {"id": "3", "name": "Cleo", "text": "The bench is broken.", "page": "paths"},
    ]
    for hour, entry in enumerate(entries, start=9):
        document = entry | {"at": f"2026-11-20T{hour:02}:00:00+00:00"}
        yield Payload(body=json.dumps(document).encode(), content_type="application/json")


TYPE = ChannelType(
    kind="guestbook",
    title="Guestbook",
    settings=GuestbookSettings,
    parse=parse,
    badge=Badge(letters="GB", colour="#7a5195"),
    capabilities=capabilities,
    source=GuestbookSource,
    webhook=GuestbookWebhook,
    sender=GuestbookSender,
    demo=demo,
)
