"""Text as the model reads it, the same when it is trained and when it is used: "social-1".

The model knows no names and no addresses: every mention becomes `@user`, every link `http`. Its
vocabulary has no emoji, so they are spelled by their Unicode names. Letter case is kept for the
tokenizer to decide on. Every step is linear in the length of the text, whatever a stranger wrote:
patterns have no nested repetition, and references are bounded before they are read as numbers.
"""

from __future__ import annotations

import html
import re
import unicodedata

__all__ = ["NORMALISATION", "normalise"]

NORMALISATION = "social-1"
"""The name of these rules. A model says in its `config.json` which rules it was trained with."""

_LONGEST_RUN = 3
"""Of one character: "soooooo" says no more than "sooo"."""

_MOST_SPELLED_EMOJI = 100
"""A name is some twenty times as long as its emoji; later ones are left out."""

# Twice, because interfaces escape what was escaped: `&amp;lt;3`.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31}[0-9]{0,2});")
# Left in texts by a JSON or CSV that was decoded once too little: `don\u2019t`, `\"so\"`.
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_ESCAPED_MARK = re.compile(r"\\([\"'/])")
_LINK = re.compile(r"(?:https?://|\bwww\.)\S+", re.IGNORECASE)
# Also the fediverse's `@name@server`. An address of e-mail is not a mention.
_MENTION = re.compile(r"(?<![\w@])@\w+(?:@\w[\w-]*(?:\.\w[\w-]*)*)?")
_HASHTAG = re.compile(r"#(\w+)")
_WORD_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Za-z])|_")
_RUN = re.compile(rf"(.)\1{{{_LONGEST_RUN},}}", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ue000-\uf8ff\ufffc-\uffff]")
# Writing direction, joiners, selectors, skin tones and the letters of flags: no feeling in them.
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]"
)
_EMOJI = re.compile("[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
# Unicode's names speak of ink, not of meaning.
_NAMES = {"\u2764": "red heart", "\u2665": "red heart", "\u263a": "smiling face"}
_TYPOGRAPHIC = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


def normalise(text: str) -> str:
    """The text in one line, ready for the tokenizer; empty when nothing readable is left."""
    text = _ESCAPED_MARK.sub(r"\1", _ESCAPE.sub(_unescaped, text))
    for _ in range(2):
        text = _REFERENCE.sub(lambda found: html.unescape(found[0]), text)
    text = _CONTROL.sub(" ", _INVISIBLE.sub("", text)).translate(_TYPOGRAPHIC)
    text = _MENTION.sub("@user", _LINK.sub("http", text))
    text = _HASHTAG.sub(_spaced, _RUN.sub(r"\1" * _LONGEST_RUN, text))
    return " ".join(_spelled(text).split())


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _spaced(found: re.Match[str]) -> str:
    """`#BestDayEver` as `#Best Day Ever`: a tokenizer without case sees one unknown word."""
    return "#" + _WORD_BORDER.sub(" ", found[1])


def _spelled(text: str) -> str:
    text = _EMOJI.sub(_name, text, count=_MOST_SPELLED_EMOJI)
    return _EMOJI.sub(" ", text)


def _name(found: re.Match[str]) -> str:
    symbol = found[0]
    name = _NAMES.get(symbol) or unicodedata.name(symbol, "").lower()
    return f" {name.removesuffix(' sign')} "
