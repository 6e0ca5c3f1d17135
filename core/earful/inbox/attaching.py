"""What an answer can carry, and why not: the channel's word, in sentences for people."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from earful.components import Capabilities, Media
from earful.errors import ActionRefused
from earful.inbox.pictures import CONTENT_TYPES, NotAPicture, Picture, read_picture
from earful.inbox.text import one_line
from earful.types import Capability, Surface
from earful.wording import gettext

__all__ = [
    "LARGEST",
    "LONGEST_ALT",
    "Taking",
    "check_alt",
    "check_fit",
    "in_bytes",
    "safe_name",
    "taking",
    "to_picture",
]

LARGEST = 8_000_000
"""No file may have more bytes, whatever its channel takes: it is kept in the database."""
LONGEST_ALT = 2000
_LONGEST_NAME = 100
_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp"}
_WORDS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WebP"}
_UNFIT = re.compile(r"[^\w .()-]+")


@dataclass(frozen=True, slots=True)
class Taking:
    """What one surface takes: `media`, or None and the `reason`."""

    media: Media | None
    reason: str = ""

    @property
    def kinds(self) -> str:
        """The kinds of file in words: "JPEG or PNG pictures"."""
        names = [
            _WORDS[each] for each in CONTENT_TYPES if self.media and each in self.media.largest
        ]
        return gettext("%(kinds)s pictures", kinds=_one_of(names))


def taking(can: Capabilities, surface: Surface, answer: Capability | None = None) -> Taking:
    """What can be attached there; `answer` is the channel's word on this one answer."""
    if not can.media.allowed:
        return Taking(None, can.media.reason or gettext("This channel takes no attachments."))
    if answer is not None and not answer.allowed:
        return Taking(None, answer.reason or gettext("This answer takes no attachments."))
    is_private = surface is Surface.PRIVATE
    media = can.private_media if is_private else can.public_media
    if media is None or not media.largest.keys() & set(CONTENT_TYPES):
        return Taking(
            None,
            gettext("Private messages take no attachments here.")
            if is_private
            else gettext("Public replies take no attachments here."),
        )
    return Taking(media)


def to_picture(data: bytes, taken: Taking) -> Picture:
    """The picture that was brought, cleaned. Raises `ActionRefused` for what is not taken."""
    if len(data) > LARGEST:
        raise ActionRefused(too_large(len(data), LARGEST))
    try:
        found = read_picture(data)
    except NotAPicture as error:
        msg = gettext(
            "This file cannot be attached: %(why)s. %(kinds)s are taken here.",
            why=error,
            kinds=taken.kinds,
        )
        raise ActionRefused(msg) from error
    check_fit(found.content_type, len(found.data), taken)
    return found


def check_fit(content_type: str, size: int, taken: Taking) -> None:
    """Refuse what this surface does not take."""
    if taken.media is None:
        raise ActionRefused(taken.reason)
    largest = taken.media.largest.get(content_type)
    if largest is None:
        kind = _WORDS.get(content_type, content_type)
        msg = gettext("%(kind)s is not taken here: %(kinds)s are.", kind=kind, kinds=taken.kinds)
        raise ActionRefused(msg)
    if size > largest:
        raise ActionRefused(too_large(size, largest))


def check_alt(alt: str, taken: Taking) -> str:
    """A description as it is sent; refused where it is too long."""
    words = one_line(alt, LONGEST_ALT)
    longest = taken.media.alt_length if taken.media else 0
    if not longest:
        return ""
    if len(words) > longest:
        msg = gettext(
            "The description is too long: %(length)s of %(limit)s characters.",
            length=len(words),
            limit=longest,
        )
        raise ActionRefused(msg)
    return words


def too_large(size: int, largest: int) -> str:
    """Why a file is not taken."""
    return gettext(
        "This file is too large: %(size)s, and at most %(most)s are taken.",
        size=in_bytes(size),
        most=in_bytes(largest),
    )


def in_bytes(size: int) -> str:
    """A size as people read it: 4.9 MB, 310 KB."""
    if size >= 1_000_000:  # noqa: PLR2004
        return f"{size / 1_000_000:.1f} MB"
    return f"{max(1, round(size / 1000))} KB"


def safe_name(name: str, content_type: str) -> str:
    """A file's name without a path or a trick in it; its ending says what it is."""
    last = PurePosixPath(one_line(name, 1000).replace("\\", "/")).name
    stem = _UNFIT.sub("_", last.rpartition(".")[0] or last).strip(" ._")[:_LONGEST_NAME].strip()
    return f"{stem or 'picture'}{_SUFFIXES[content_type]}"


def _one_of(names: Collection[str]) -> str:
    *first, last = names
    return gettext("%(some)s or %(last)s", some=", ".join(first), last=last) if first else last
