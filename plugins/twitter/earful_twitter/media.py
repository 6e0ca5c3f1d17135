"""Pictures for posts and direct messages: uploaded first, described, then named by their ids.

X forgets an upload that nothing names, so it may be done twice without harm: what is not surely
uploaded is uploaded again. Shapes: `POST /2/media/upload` in one piece, and `/2/media/metadata`, as
X's OpenAPI document has them; sizes and counts as https://docs.x.com/x-api/media has them.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from http import HTTPStatus

from earful import (
    DeliveryRejected,
    Media,
    OutboundAttachment,
    OutcomeUnknown,
    PayloadError,
    TemporaryFailure,
    gettext,
)
from earful.http import Response

from earful_twitter.api import X
from earful_twitter.meta import as_id
from earful_twitter.people import inner
from earful_twitter.problems import Refusal

__all__ = ["IN_MESSAGES", "IN_POSTS", "upload"]

_LARGEST = 5_000_000
_KINDS = dict.fromkeys(("image/jpeg", "image/png", "image/webp"), _LARGEST)
# A reply is found again by its words, so there have to be some.
IN_POSTS = Media(largest=_KINDS, most=4, alt_length=1000, needs_words=True)
IN_MESSAGES = Media(largest=_KINDS, needs_words=True)


def upload(x: X, attachments: Sequence[OutboundAttachment], category: str) -> list[str]:
    """The ids of these pictures on X, for a post (`tweet_image`) or a message (`dm_image`)."""
    return [_upload(x, each, category) for each in attachments]


def _upload(x: X, attachment: OutboundAttachment, category: str) -> str:
    body = {
        "media": b64encode(attachment.data).decode(),
        "media_category": category,
        "media_type": attachment.content_type,
    }
    try:
        answer = x.post("2/media/upload", body, endpoint="POST /2/media/upload")
        identifier = _id_of(answer)
        if attachment.alt:
            _describe(x, identifier, attachment.alt)
    except Refusal as refusal:
        if refusal.status == HTTPStatus.FORBIDDEN:
            raise DeliveryRejected(
                gettext(
                    "X does not let this connection upload pictures: connect the channel again, "
                    "which asks for that permission too. (X says: %(words)s)",
                    words=refusal,
                )
            ) from refusal
        raise DeliveryRejected(
            gettext("X refuses “%(name)s”: %(words)s", name=attachment.name, words=refusal)
        ) from refusal
    except OutcomeUnknown as unknown:
        raise TemporaryFailure(
            gettext("Nobody knows whether X took the picture: %(why)s", why=unknown)
        ) from unknown
    return identifier


def _id_of(answer: Response) -> str:
    try:
        identifier = as_id(inner(answer.json()).get("id"))
    except PayloadError as error:
        raise TemporaryFailure(
            gettext("X took the picture, but its answer is no JSON: %(why)s", why=error)
        ) from error
    if not identifier:
        raise TemporaryFailure(gettext("X took the picture, but does not say under which id."))
    return identifier


def _describe(x: X, identifier: str, alt: str) -> None:
    body = {"id": identifier, "metadata": {"alt_text": {"text": alt}}}
    x.post("2/media/metadata", body, endpoint="POST /2/media/metadata")
