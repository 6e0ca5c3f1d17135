"""Answers and hides comments through WordPress's REST interface."""

from __future__ import annotations

import re
from datetime import timedelta
from html import escape, unescape
from http import HTTPStatus
from typing import Any, NoReturn

from earful import (
    Action,
    ActionKind,
    AuthenticationFailed,
    ChannelError,
    DeliveryRejected,
    OutboundReply,
    OutcomeUnknown,
    PayloadError,
    RateLimited,
    Receipt,
    mark,
)
from earful.http import Response

from earful_forums.comments import external_id
from earful_forums.discovery import discover
from earful_forums.links import web_url
from earful_forums.meta import when
from earful_forums.settings import ForumsSettings
from earful_forums.text import render
from earful_forums.wordpress import WordPress, problem

__all__ = ["ForumSender"]

FLOOD_PAUSE = timedelta(seconds=15)
CLOCKS_DIFFER = timedelta(minutes=10)
_SPACES = re.compile(r"\s+")
_NO_WORDS = re.compile(r"\W+")


class ForumSender:
    """Writes as the user of the application password; plain text only."""

    def __init__(self, settings: ForumsSettings) -> None:
        self._settings = settings
        self._root = ""

    def send(self, reply: OutboundReply) -> Receipt:
        """Place a comment below the one it answers."""
        with self._site() as site:
            parent = _number(reply.in_reply_to)
            fields = {
                "post": int(self._post(site, parent, reply.extra)),
                "parent": int(parent),
                "content": escape(reply.text, quote=False),
            }
            response = site.write("comments", fields)
            if response.status == HTTPStatus.CONFLICT:
                return self._as_placed_before(site, reply, response)
            return _receipt(response)

    def act(self, action: Action) -> Receipt:
        """Hold a comment back from the public, or show it again."""
        if action.kind is not ActionKind.HIDE:
            raise DeliveryRejected(mark("WordPress has no likes"))
        number = _number(action.external_id)
        with self._site() as site:
            status = "approved" if action.undo else "hold"
            return _receipt(site.write(f"comments/{number}", {"status": status}))

    def find(self, reply: OutboundReply) -> Receipt | None:
        """Our own comment with this text under the same comment, since the reply was submitted."""
        with self._site() as site:
            return self._found(site, reply)

    def _found(self, site: WordPress, reply: OutboundReply) -> Receipt | None:
        parent = _number(reply.in_reply_to)
        since = (reply.submitted_at - CLOCKS_DIFFER).isoformat()
        ours = site.comments_of(
            site.me(),
            post=self._post(site, parent, reply.extra),
            after=since,
            orderby="date_gmt",
            order="asc",
        )
        for comment in ours:
            if str(comment.get("parent")) == parent and _says(comment, reply.text):
                return _receipt_of(comment)
        return None

    def _as_placed_before(
        self, site: WordPress, reply: OutboundReply, response: Response
    ) -> Receipt:
        found = self._found(site, reply)
        if found is None:
            raise DeliveryRejected(f"WordPress refuses this text: {problem(response)}")
        return found

    def _site(self) -> WordPress:
        if self._settings.auth is None:
            raise DeliveryRejected(mark("This channel has no application password to answer with"))
        if not self._root:
            self._root = discover(self._settings).url
        return WordPress(self._settings, self._root)

    def _post(self, site: WordPress, parent: str, extra: Any) -> str:
        post = str(extra.get("post") or "") or str(site.comment(parent).get("post") or "")
        if not post.isdigit():
            raise DeliveryRejected(mark("The comment to answer is not there any more"))
        return post


def _number(identifier: str) -> str:
    number = identifier.removeprefix("comment-")
    if number == identifier or not number.isdigit():
        raise DeliveryRejected(mark("Only comments can be answered; this is a post of the site"))
    return number


def _receipt(response: Response) -> Receipt:
    if not response.ok:
        _refused(response)
    try:
        comment = response.json()
    except PayloadError as error:
        raise OutcomeUnknown(f"WordPress took it, but its answer is no JSON: {error}") from error
    if not isinstance(comment, dict) or type(comment.get("id")) is not int:
        raise OutcomeUnknown(mark("WordPress took it, but does not say where it stands"))
    return _receipt_of(comment)


def _receipt_of(comment: dict[str, Any]) -> Receipt:
    return Receipt(
        external_id=external_id(comment["id"]),
        url=web_url(comment.get("link")),
        at=when(comment.get("date_gmt")),
    )


def _refused(response: Response) -> NoReturn:
    reason = problem(response)
    body = _json(response)
    if body.get("code") == "comment_flood":
        raise RateLimited(f"WordPress asks to slow down: {reason}", retry_after=FLOOD_PAUSE)
    if response.status == HTTPStatus.UNAUTHORIZED:
        raise AuthenticationFailed(f"WordPress does not accept the application password: {reason}")
    if response.is_redirect:
        raise ChannelError(f"{response.url} redirects: set url to where it leads")
    raise DeliveryRejected(f"WordPress refuses: {reason}")


def _json(response: Response) -> dict[str, Any]:
    try:
        found = response.json()
    except PayloadError:
        return {}
    return found if isinstance(found, dict) else {}


def _says(comment: dict[str, Any], text: str) -> bool:
    """Whether a comment holds this text; where only its shown form is known, by its words.

    WordPress shows other quotes, dashes and dots than were written.
    """
    content = comment.get("content")
    forms = content if isinstance(content, dict) else {}
    if isinstance(forms.get("raw"), str):
        return _SPACES.sub(" ", unescape(forms["raw"])).strip() == _SPACES.sub(" ", text).strip()
    shown = render(str(forms.get("rendered") or "")).text
    return _NO_WORDS.sub("", shown) == _NO_WORDS.sub("", text)
