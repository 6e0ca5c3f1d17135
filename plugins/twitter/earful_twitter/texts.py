"""Whether a post of ours says what was sent: X changes texts on the way; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from earful_twitter.posts import expanded

__all__ = ["says", "says_message"]

_MENTIONS_IN_FRONT = re.compile(r"^(?:@\w{1,15}\s+)+", re.ASCII)
_SPACES = re.compile(r"\s+")
_LINK_AT_END = re.compile(r"\s*https?://\S+$", re.IGNORECASE)
_LINK = re.compile(r"https?://\S+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/\S*)?", re.IGNORECASE)


def says(post: Mapping[str, Any], text: str) -> bool:
    """Whether a post holds this text: X puts mentions in front and rewrites links and spaces."""
    return _core(expanded(post)) == _core(text)


def says_message(found: str, text: str, *, with_picture: bool = False) -> bool:
    """The same for a direct message; behind its words X puts a link to its picture."""
    core = _core(text)
    return _core(found) == core or (
        with_picture and _core(_LINK_AT_END.sub("", found.rstrip())) == core
    )


def _core(text: str) -> str:
    """What stays the same: NFC, one space, no mentions in front, links without their scheme."""
    plain = _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()
    plain = _MENTIONS_IN_FRONT.sub("", plain)
    return _LINK.sub(lambda link: _bare(link[0]), plain).casefold()


def _bare(link: str) -> str:
    return re.sub(r"^https?://", "", link, flags=re.IGNORECASE).rstrip("/")
