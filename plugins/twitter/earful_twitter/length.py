"""How long a reply is to X: weighted characters, links of one length, mentions in front for free.

X's own rules, version 3 (https://docs.x.com/fundamentals/counting-characters): text is brought to
NFC; the code points of the ranges 0-4351, 8192-8205, 8208-8223 and 8242-8247 weigh one, all others
two; an emoji weighs two however it is composed; a link weighs 23. `twitter-text-parser` counts;
it compiles large patterns when it is imported, so that waits for the first text.
"""

from __future__ import annotations

import re

from earful_twitter.links import MOST_WORDS, is_plain, pieces

__all__ = ["LONGEST_DIRECT_MESSAGE", "LONGEST_POST", "weighted_length"]

LONGEST_POST = 280
LONGEST_DIRECT_MESSAGE = 10_000
"""In characters (https://docs.x.com/x-api/direct-messages/manage/introduction)."""

_MOST_COUNTED = 16_000
_MENTIONS_IN_FRONT = re.compile(r"(?:[@\uff20]\w{1,15}(?:\s+|$)){1,50}", re.ASCII)


def weighted_length(text: str) -> int:
    """The weighted length of a reply, without the mentions that X puts in front of it.

    Counting a post costs some milliseconds; far beyond what can be sent, characters count one.
    """
    from twitter_text import parse_tweet

    in_front = _MENTIONS_IN_FRONT.match(text)
    said = text[in_front.end() :] if in_front else text
    exact, rest = said[:_MOST_COUNTED], said[_MOST_COUNTED:]
    whole = exact.encode("utf-8", "replace").decode()  # half a character cannot be weighed
    weight = dotted = 0
    for piece in pieces(whole):
        dotted += "." in piece
        plain = is_plain(piece) or dotted > MOST_WORDS
        weight += _plain_weight(piece) if plain else int(parse_tweet(piece).weightedLength)
    return weight + len(rest)


def _plain_weight(piece: str) -> int:
    """The weight of a word that is not looked at for links and emoji."""
    from twitter_text.config import config
    from twitter_text.get_character_weight import get_character_weight

    weights = sum(get_character_weight(one, config["defaults"]) for one in piece)
    return int(weights / config["defaults"]["scale"])
