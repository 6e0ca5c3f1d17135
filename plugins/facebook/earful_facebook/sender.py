"""Answers in public and in Messenger, likes, hides, and looks for what may have been sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from earful import (
    Action,
    ActionKind,
    DeliveryRejected,
    OutboundAttachment,
    OutboundReply,
    OutcomeUnknown,
    Receipt,
    Surface,
    TemporaryFailure,
    mark,
)

from earful_facebook.graph import Graph, open_page
from earful_facebook.origin import address_of, messenger_thread, person_of_thread
from earful_facebook.problems import Gone, NotPermitted
from earful_facebook.rules import LONGEST_COMMENT, LONGEST_MESSAGE, count_length
from earful_facebook.settings import ANSWER_WINDOW, HUMAN_AGENT_WINDOW, FacebookSettings
from earful_facebook.values import identifier, items, moment, record, text

__all__ = ["FacebookSender"]

_CLOCKS_DIFFER = timedelta(minutes=10)
_LOOKED_THROUGH = 100
_SPACES = re.compile(r"\s+")
_MARGIN = timedelta(minutes=1)
"""A message that leaves at the last minute may arrive too late."""


def _now() -> datetime:
    return datetime.now(UTC)


class FacebookSender:
    """Writes as the connected Page."""

    def __init__(self, settings: FacebookSettings, now: Callable[[], datetime] = _now) -> None:
        self._settings = settings
        self._now = now

    def send(self, reply: OutboundReply) -> Receipt:
        """Place the reply where it belongs: in public, privately, or in Messenger."""
        with self._page() as graph:
            if reply.surface is not Surface.PRIVATE:
                return _comment(graph, reply)
            if _is_private_reply(reply):
                return _reply_privately(graph, reply)
            return self._message(graph, reply)

    def _page(self) -> Graph:
        return open_page(self._settings, now=self._now)

    def _message(self, graph: Graph, reply: OutboundReply) -> Receipt:
        """An answer in Messenger, inside the time that Facebook gives for it."""
        person = _person(reply)
        if not person:
            raise DeliveryRejected(mark("Facebook does not say who is to receive this message"))
        said = _fitting(reply.text, LONGEST_MESSAGE)
        answer = graph.post(
            f"{graph.page_id}/messages",
            recipient={"id": person},
            message={"text": said},
            **self._kind_of_message(reply),
        )
        return _message_receipt(answer)

    def _kind_of_message(self, reply: OutboundReply) -> dict[str, str]:
        """An ordinary answer within 24 hours; later one by a person, where Meta allows that."""
        since = self._now() - (reply.last_inbound_at or reply.submitted_at)
        if since < ANSWER_WINDOW - _MARGIN:
            return {"messaging_type": "RESPONSE"}
        if not self._settings.human_agent:
            raise DeliveryRejected(
                mark(
                    "Facebook's 24 hours for an answer have passed. The person has to write again; "
                    "with Meta's Human Agent feature and human_agent = true it would be 7 days."
                )
            )
        if since < HUMAN_AGENT_WINDOW:
            return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        raise DeliveryRejected(
            mark(
                "Facebook's 7 days for an answer by a person have passed. They have to write again."
            )
        )

    def act(self, action: Action) -> Receipt:
        """Like or hide a comment or post, or take that back. Doing it twice changes nothing."""
        target = action.external_id
        if action.extra.get("kind") == "message":
            raise DeliveryRejected(
                mark("Private messages can be neither liked nor hidden from here.")
            )
        with self._page() as graph:
            if action.kind is ActionKind.HIDE:
                _hide(graph, action)
            elif action.undo:
                graph.delete(f"{target}/likes")
            else:
                graph.post(f"{target}/likes")
        return Receipt(external_id=target, url=address_of(target))

    def find(self, reply: OutboundReply) -> Receipt | None:
        """The Page's own words of that time, in the same place, which are no other reply."""
        with self._page() as graph:
            try:
                if reply.surface is not Surface.PRIVATE:
                    return self._found_comment(graph, reply)
                return self._found_message(graph, reply)
            except Gone:
                return None  # what it would answer is gone, and every answer with it

    def _found_comment(self, graph: Graph, reply: OutboundReply) -> Receipt | None:
        since = reply.submitted_at - _CLOCKS_DIFFER
        for place in _places(graph, reply):
            page = graph.get(
                f"{place}/comments",
                filter="stream",
                order="reverse_chronological",
                since=str(int(since.timestamp())),
                fields="id,from,message,created_time",
                limit=_LOOKED_THROUGH,
            )
            found = self._ours(graph, page, reply)
            if found is not None:
                return _comment_receipt(found)
        return None

    def _found_message(self, graph: Graph, reply: OutboundReply) -> Receipt | None:
        for conversation, person in _conversations(graph, reply):
            page = graph.get(
                f"{conversation}/messages",
                fields="id,created_time,from,message",
                limit=_LOOKED_THROUGH,
            )
            found = self._ours(graph, page, reply)
            if found is not None:
                return Receipt(
                    external_id=identifier(found.get("id")),
                    at=moment(found.get("created_time")),
                    thread_id=messenger_thread(person),
                )
        return None

    def _ours(
        self, graph: Graph, page: Mapping[str, Any], reply: OutboundReply
    ) -> Mapping[str, Any] | None:
        listed = items(page.get("data"))
        found = [each for each in listed if _is_it(graph, each, reply)]
        # The same words may have been sent twice on purpose; those that are known are not these.
        known = self._settings.state.known([identifier(each.get("id")) for each in found])
        new = [each for each in found if identifier(each.get("id")) not in known]
        if new:
            return new[-1]
        if len(listed) >= _LOOKED_THROUGH and _reaches_back_only_to(listed, reply.submitted_at):
            raise OutcomeUnknown(
                mark(
                    "There is too much since then to tell whether Facebook has taken this reply. "
                    "Look at the conversation on Facebook."
                )
            )
        return None


def _is_private_reply(reply: OutboundReply) -> bool:
    return reply.answered_surface is not Surface.PRIVATE


def _person(reply: OutboundReply) -> str:
    return reply.extra.get("person") or person_of_thread(reply.thread_id) or reply.author_id


def _fitting(said: str, most: int) -> str:
    if count_length(said) > most:
        raise DeliveryRejected(f"Facebook takes at most {most:,} characters here")
    return said


def _comment(graph: Graph, reply: OutboundReply) -> Receipt:
    said = _fitting(reply.text, LONGEST_COMMENT)
    told = {"message": said}
    if reply.attachments:
        told["attachment_id"] = _photo(graph, reply.attachments[0])
    answer = graph.post(f"{reply.in_reply_to}/comments", **told)
    if not identifier(answer.get("id")):
        raise OutcomeUnknown(mark("Facebook took the comment, but does not say where it stands"))
    return _comment_receipt(answer)


def _photo(graph: Graph, file: OutboundAttachment) -> str:
    """The id of an unpublished photo. Nobody sees it without the comment that names it."""
    told = {"alt_text_custom": file.alt} if file.alt else {}
    try:
        answer = graph.upload(f"{graph.page_id}/photos", file, published=False, **told)
    except NotPermitted as error:
        raise DeliveryRejected(
            mark(
                "Facebook takes pictures only with the permission pages_manage_posts. Send the "
                "answer without one, or connect the channel again with that permission."
            )
        ) from error
    photo = identifier(answer.get("id"))
    if not photo:
        raise TemporaryFailure(mark("Facebook took the photo, but does not say under which id"))
    return photo


def _reply_privately(graph: Graph, reply: OutboundReply) -> Receipt:
    """The one private reply to a comment or visitor post; the person's answer opens the rest."""
    said = _fitting(reply.text, LONGEST_MESSAGE)
    target = reply.in_reply_to
    told = graph.get(target, fields="can_reply_privately")
    if told.get("can_reply_privately") is False:
        raise DeliveryRejected(
            mark(
                "Facebook does not allow a private reply to this: it is older than 7 days, was "
                "already answered privately, or the person does not take messages. Answer in "
                "public instead."
            )
        )
    name = "post_id" if reply.answered_surface is Surface.PUBLIC_POST else "comment_id"
    answer = graph.post(
        f"{graph.page_id}/messages", recipient={name: target}, message={"text": said}
    )
    return _message_receipt(answer)


def _hide(graph: Graph, action: Action) -> None:
    """Hide, or show again. Facebook lets a Page hide others' comments on its own posts only."""
    target, is_comment = action.external_id, action.extra.get("kind") == "comment"
    if is_comment and not action.undo:
        told = graph.get(target, fields="can_hide,is_hidden")
        if told.get("can_hide") is False and told.get("is_hidden") is not True:
            raise DeliveryRejected(mark("Facebook does not let this Page hide that comment."))
    graph.post(target, is_hidden=not action.undo)


def _places(graph: Graph, reply: OutboundReply) -> Iterator[str]:
    """Below what a public answer could stand. Facebook keeps two levels of comments."""
    yield reply.in_reply_to
    if reply.answered_surface is Surface.PUBLIC_REPLY:
        told = graph.get(reply.in_reply_to, fields="parent")
        parent = identifier(record(told.get("parent")).get("id"))
        if parent:
            yield parent


def _conversations(graph: Graph, reply: OutboundReply) -> Iterable[tuple[str, str]]:
    """Where a private answer would stand: (conversation, person)."""
    if _is_private_reply(reply) and reply.answered_surface is Surface.PUBLIC_REPLY:
        told = graph.get(reply.in_reply_to, fields="private_reply_conversation")
        conversation = identifier(record(told.get("private_reply_conversation")).get("id"))
        if not conversation:
            return []
        found = graph.get(conversation, fields="participants")
        return [(conversation, _other(graph, found))]
    person = _person(reply)
    listed = graph.get(
        f"{graph.page_id}/conversations", platform="MESSENGER", user_id=person, fields="id"
    )
    return [(identifier(each.get("id")), person) for each in items(listed.get("data"))]


def _other(graph: Graph, conversation: Mapping[str, Any]) -> str:
    people = items(record(conversation.get("participants")).get("data"))
    ids = [identifier(each.get("id")) for each in people]
    return next((each for each in ids if each and each != graph.page_id), "")


def _is_it(graph: Graph, item: Mapping[str, Any], reply: OutboundReply) -> bool:
    at = moment(item.get("created_time"))
    return (
        identifier(record(item.get("from")).get("id")) == graph.page_id
        and at is not None
        and at >= reply.submitted_at - _CLOCKS_DIFFER
        and _words(text(item.get("message"))) == _words(reply.text)
    )


def _reaches_back_only_to(listed: list[Mapping[str, Any]], submitted: datetime) -> bool:
    oldest = moment(listed[-1].get("created_time"))
    return oldest is None or oldest > submitted - _CLOCKS_DIFFER


def _words(said: str) -> str:
    return _SPACES.sub(" ", said).strip()


def _comment_receipt(comment: Mapping[str, Any]) -> Receipt:
    comment_id = identifier(comment.get("id"))
    return Receipt(
        external_id=comment_id,
        url=address_of(comment_id),
        at=moment(comment.get("created_time")),
    )


def _message_receipt(answer: Mapping[str, Any]) -> Receipt:
    mid, person = identifier(answer.get("message_id")), identifier(answer.get("recipient_id"))
    if not mid:
        raise OutcomeUnknown(mark("Facebook took the message, but does not say under which id"))
    return Receipt(external_id=mid, thread_id=messenger_thread(person) if person else None)
