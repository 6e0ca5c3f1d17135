"""How long a reply is to X: weighted characters, links of one length, mentions in front for free.

X's own rules, version 3 (https://docs.x.com/fundamentals/counting-characters): text is brought to
NFC; the code points of the ranges 0-4351, 8192-8205, 8208-8223 and 8242-8247 weigh one, all others
two; an emoji weighs two however it is composed; a link weighs 23. `twitter-text-parser` counts.
"""

from __future__ import annotations

import re

from twitter_text import parse_tweet

__all__ = ["LONGEST_DIRECT_MESSAGE", "LONGEST_POST", "weighted_length"]

LONGEST_POST = 280
LONGEST_DIRECT_MESSAGE = 10_000
"""In characters (https://docs.x.com/x-api/direct-messages/manage/introduction)."""

_MOST_COUNTED = 2000
_MENTIONS_IN_FRONT = re.compile(r"(?:[@\uff20]\w{1,15}(?:\s+|$)){1,50}", re.ASCII)


def weighted_length(text: str) -> int:
    """The weighted length of a reply, without the mentions that X puts in front of it.

    Counting costs a millisecond or so; far beyond what can be sent, every character counts one.
    """
    in_front = _MENTIONS_IN_FRONT.match(text)
    said = text[in_front.end() :] if in_front else text
    exact, rest = said[:_MOST_COUNTED], said[_MOST_COUNTED:]
    whole = exact.encode("utf-8", "replace").decode()  # half a character cannot be weighed
    return int(parse_tweet(whole).weightedLength) + len(rest)
