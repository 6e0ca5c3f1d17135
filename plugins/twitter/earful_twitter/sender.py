"""Writes to X: public replies, direct messages, hiding, and likes where the tier has them.

X takes no idempotency key. A reply whose outcome is unknown is looked for among the account's own
posts, or in the conversation of direct messages, before anybody thinks of sending it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from earful import (
    Action,
    ActionKind,
    DeliveryRejected,
    InboundMessage,
    OutboundReply,
    OutcomeUnknown,
    PayloadError,
    Receipt,
    Surface,
    mark,
)
from earful.http import Response

from earful_twitter.api import X, now_utc, part
from earful_twitter.costs import reply_action
from earful_twitter.direct import between, listed_message, thread_of
from earful_twitter.media import upload
from earful_twitter.meta import Meta, as_id, time_of
from earful_twitter.people import inner
from earful_twitter.posts import Included, is_repost, post_message
from earful_twitter.problems import Refusal
from earful_twitter.rules import NOT_SUMMONED, not_hidden_because
from earful_twitter.settings import TwitterSettings
from earful_twitter.texts import says, says_message

__all__ = ["TwitterSender"]

CLOCKS_DIFFER = timedelta(minutes=2)
PAGES_TO_LOOK = 5
_PAGE = "100"
_GONE = mark("The post is not there any more, or this account may not see it.")
_REPLY = "POST /2/tweets"
_MESSAGE = "POST /2/dm_conversations/with/:id/messages"


class TwitterSender:
    """Writes as the connected account."""

    def __init__(self, settings: TwitterSettings, now: Callable[[], datetime] = now_utc) -> None:
        self._settings = settings
        self._now = now

    def send(self, reply: OutboundReply) -> Receipt:
        """Place a reply below a post, or write to its author privately."""
        with X(self._settings, self._now) as x:
            x.require_budget()
            if reply.surface is Surface.PRIVATE:
                return self._write_privately(x, reply)
            return self._answer(x, reply)

    def find(self, reply: OutboundReply) -> Receipt | None:
        """Our own words, if they stand on X since the reply was submitted."""
        with X(self._settings, self._now) as x:
            if reply.surface is Surface.PRIVATE:
                return self._sent_message(x, reply)
            return self._own_post(x, reply)

    def act(self, action: Action) -> Receipt:
        """Hide a reply or like a post, or take that back."""
        with X(self._settings, self._now) as x:
            x.require_budget()
            if action.kind is ActionKind.HIDE:
                return self._hide(x, action)
            return self._like(x, action)

    def _answer(self, x: X, reply: OutboundReply) -> Receipt:
        target = _post_id(reply.in_reply_to, reply.extra)
        summoned = bool(reply.extra.get("summoned"))
        action = reply_action(self._settings, reply.text, summoned=summoned)
        body: dict[str, Any] = {"text": reply.text, "reply": {"in_reply_to_tweet_id": target}}
        if reply.attachments:
            body["media"] = {"media_ids": upload(x, reply.attachments, "tweet_image")}
        try:
            answer = x.post("2/tweets", body, endpoint=_REPLY)
        except Refusal as refusal:
            return self._refused(x, reply, refusal)
        except OutcomeUnknown:
            x.spend(action)
            raise
        x.spend(action)
        identifier = _placed(answer, "id")
        _, handle = x.account()
        return Receipt(
            external_id=identifier,
            url=f"{self._settings.site}/{handle or 'i/web'}/status/{identifier}",
            at=time_of(identifier),
        )

    def _refused(self, x: X, reply: OutboundReply, refusal: Refusal) -> Receipt:
        """X refuses what it has already taken, too: then the reply stands there."""
        words = str(refusal)
        if "duplicate" in words.casefold():
            found = self._own_post(x, reply)
            if found is not None:
                return found
            raise DeliveryRejected(
                mark(
                    "X refuses this reply because the account has posted the same text lately: "
                    "write it differently."
                )
            ) from refusal
        if refusal.status == HTTPStatus.NOT_FOUND or refusal.kind == "resource-not-found":
            raise DeliveryRejected(_GONE) from refusal
        if refusal.status == HTTPStatus.FORBIDDEN and not reply.extra.get("summoned"):
            raise DeliveryRejected(f"{NOT_SUMMONED} (X says: {words})") from refusal
        raise DeliveryRejected(f"X refuses this reply: {words}") from refusal

    def _write_privately(self, x: X, reply: OutboundReply) -> Receipt:
        conversation, person = self._recipient(x, reply)
        where = (
            f"2/dm_conversations/{part(conversation)}/messages"
            if not person
            else f"2/dm_conversations/with/{part(person)}/messages"
        )
        body: dict[str, Any] = {"text": reply.text}
        if reply.attachments:
            ids = upload(x, reply.attachments, "dm_image")
            body["attachments"] = [{"media_id": each} for each in ids]
        try:
            answer = x.post(where, body, endpoint=_MESSAGE)
        except Refusal as refusal:
            raise DeliveryRejected(f"X refuses this direct message: {refusal}") from refusal
        except OutcomeUnknown:
            x.spend("direct_message")
            raise
        x.spend("direct_message")
        identifier = _placed(answer, "dm_event_id")
        named = inner(answer.json()).get("dm_conversation_id")
        thread = str(named) if named else conversation
        return _message_receipt(self._settings, identifier, thread)

    def _recipient(self, x: X, reply: OutboundReply) -> tuple[str, str]:
        """The conversation, and the person it is with; no person for a group."""
        ours, _ = x.account()
        known = reply.extra.get("conversation", "")
        if known and "-" not in known:
            return known, ""
        ids = [one for one in known.split("-") if as_id(one) and one != ours]
        person = as_id(ids[0] if ids else reply.author_id or reply.extra.get("author_id", ""))
        if not person:
            raise DeliveryRejected(
                mark("X did not tell who wrote this, so nobody can be written to.")
            )
        return between(ours, person), person

    def _own_post(self, x: X, reply: OutboundReply) -> Receipt | None:
        """Our reply to the same post with the same text. All our posts since then are looked at."""
        account, handle = x.account()
        target = _post_id(reply.in_reply_to, reply.extra)
        since = reply.submitted_at - CLOCKS_DIFFER
        params = {
            "max_results": _PAGE,
            "start_time": f"{since:%Y-%m-%dT%H:%M:%SZ}",
            **x.vocabulary.posts,
        }
        for _ in range(PAGES_TO_LOOK):
            answer = x.get(f"2/users/{part(account)}/tweets", params,
                           endpoint="GET /2/users/:id/tweets")  # fmt: skip
            document = _document(answer)
            posts = _items(document)
            x.spend("own_post_read", len(posts))
            meta = Meta(account=account, handle=handle, site=self._settings.site)
            included = Included.of(document.get("includes"), meta)
            written = [(post, post_message(post, included, meta)) for post in posts
                       if not is_repost(post)]  # fmt: skip
            found = self._not_sent_before(
                shown
                for post, shown in written
                if shown.parent_id in {target, reply.in_reply_to} and says(post, reply.text)
            )
            if found is not None:
                return Receipt(external_id=found.external_id, url=found.url, at=found.sent_at)
            if not _next(document, params):
                return None
        raise OutcomeUnknown(mark("The account has posted too much since then to look through it."))

    def _sent_message(self, x: X, reply: OutboundReply) -> Receipt | None:
        """Our direct message with the same text in the same conversation."""
        conversation, person = self._recipient(x, reply)
        ours, handle = x.account()
        meta = Meta(account=ours, handle=handle, site=self._settings.site)
        where = (
            f"2/dm_conversations/with/{part(person)}/dm_events"
            if person
            else f"2/dm_conversations/{part(conversation)}/dm_events"
        )
        since = reply.submitted_at - CLOCKS_DIFFER
        params = {"max_results": _PAGE, "event_types": "MessageCreate"}
        params |= x.vocabulary.direct_messages
        for _ in range(PAGES_TO_LOOK):
            answer = x.get(where, params, endpoint="GET /2/dm_conversations/with/:id/dm_events")
            document = _document(answer)
            events = _items(document)
            x.spend("direct_message_read", len(events))
            included = Included.of(document.get("includes"), meta)
            written = [
                listed_message(event, included, meta)
                for event in events
                if event.get("event_type") == "MessageCreate"
            ]
            found = self._not_sent_before(
                said
                for said in written
                if said.sent_at >= since
                and said.from_us
                and says_message(said.text, reply.text, with_picture=bool(reply.attachments))
            )
            if found is not None:
                identifier = found.external_id.removeprefix("dm-")
                return _message_receipt(self._settings, identifier, conversation)
            if any(said.sent_at < since for said in written) or not _next(document, params):
                return None
        raise OutcomeUnknown(mark("There are too many direct messages since then to look through."))

    def _not_sent_before(self, found: Iterable[InboundMessage]) -> InboundMessage | None:
        """The first that is the receipt of no other reply: the same words may be sent twice."""
        messages = list(found)
        known = self._settings.state.known([each.external_id for each in messages])
        others = {key for key, each in known.items() if each.sent_from_here}
        return next((each for each in messages if each.external_id not in others), None)

    def _hide(self, x: X, action: Action) -> Receipt:
        reason = not_hidden_because(dict(action.extra))
        if reason:
            raise DeliveryRejected(reason)
        identifier = _post_id(action.external_id, action.extra)
        body = {"hidden": not action.undo}
        try:
            x.put(f"2/tweets/{part(identifier)}/hidden", body, endpoint="PUT /2/tweets/:id/hidden")
        except Refusal as refusal:
            raise DeliveryRejected(f"X does not hide this: {refusal}") from refusal
        x.spend("hide")
        return Receipt(external_id=action.external_id)

    def _like(self, x: X, action: Action) -> Receipt:
        account, _ = x.account()
        identifier = _post_id(action.external_id, action.extra)
        try:
            if action.undo:
                where = f"2/users/{part(account)}/likes/{part(identifier)}"
                x.delete(where, endpoint="DELETE /2/users/:id/likes/:tweet_id")
            else:
                body = {"tweet_id": identifier}
                where = f"2/users/{part(account)}/likes"
                x.post(where, body, endpoint="POST /2/users/:id/likes")
        except Refusal as refusal:
            raise DeliveryRejected(f"X does not like this: {refusal}") from refusal
        x.spend("unlike" if action.undo else "like")
        return Receipt(external_id=action.external_id)


def _post_id(external_id: str, extra: Mapping[str, str]) -> str:
    """The id by which X knows a post now: an edit has given it a new one."""
    identifier = as_id(extra.get("latest_id", "")) or as_id(external_id)
    if not identifier:
        raise DeliveryRejected(mark("A direct message can be answered by a direct message only."))
    return identifier


def _message_receipt(settings: TwitterSettings, identifier: str, conversation: str) -> Receipt:
    return Receipt(
        external_id=f"dm-{identifier}",
        url=f"{settings.site}/messages/{conversation}",
        at=time_of(identifier),
        thread_id=thread_of(conversation),
    )


def _placed(answer: Response, name: str) -> str:
    """The id of what now stands on X; raises `OutcomeUnknown` if the answer does not name it."""
    try:
        identifier = as_id(inner(answer.json()).get(name))
    except PayloadError as error:
        raise OutcomeUnknown(f"X took it, but its answer is no JSON: {error}") from error
    if not identifier:
        raise OutcomeUnknown(mark("X took it, but does not say where it stands"))
    return identifier


def _document(answer: Response) -> Mapping[str, Any]:
    """A page that was looked up; what is none leaves the outcome unknown."""
    try:
        found = answer.json()
    except PayloadError as error:
        raise OutcomeUnknown(f"X's answer is no JSON: {error}") from error
    return found if isinstance(found, dict) else {}


def _items(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    data = document.get("data")
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []


def _next(document: Mapping[str, Any], params: dict[str, str]) -> bool:
    """Whether there is a next page; then `params` asks for it."""
    token = inner(document.get("meta")).get("next_token")
    if isinstance(token, str) and token:
        params["pagination_token"] = token
        return True
    return False
