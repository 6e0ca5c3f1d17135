"""Links as X sees them, found in bounded time; pure.

`twitter-text-parser` takes minutes over a few thousand letters with a dot between every two. A
link holds no space, so a text is looked at word by word, and a word with more dots than addresses
have, or a very long one with other letters than ASCII, is taken as it is. The parser compiles
large patterns when it is imported, which takes longer than all else at a start: that waits for
the first text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["MOST_WORDS", "find_links", "is_plain", "pieces"]

MOST_DOTS = 10
LONG = 300
MOST_WORDS = 100
"""So many words with a dot are looked at; a post has no room for more."""
_PIECES = re.compile(r"\s+|\S+")


def pieces(text: str) -> Iterator[str]:
    """The words of a text and the spaces between them: nothing is left out."""
    return (found[0] for found in _PIECES.finditer(text))


def is_plain(word: str) -> bool:
    """Whether a word is too odd to be looked at for links."""
    dots = word.count(".") + word.count("。")
    return dots > MOST_DOTS or (dots > 0 and len(word) > LONG and not word.isascii())


def find_links(text: str) -> list[str]:
    """The links of a text, in order, each once; with or without `https://`."""
    from twitter_text.extract_urls import extract_urls

    words = [word for word in text.split() if "." in word and not is_plain(word)][:MOST_WORDS]
    return list(dict.fromkeys(link for word in words for link in extract_urls(word)))
