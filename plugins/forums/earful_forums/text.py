"""Turns other people's markup into plain text that cannot do anything; pure."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin

import nh3

from earful_forums.links import safe_url

__all__ = ["LONGEST_TEXT", "Rendered", "one_line", "plain", "render"]

LONGEST_TEXT = 64 * 1024
_LONGEST_MARKUP = 4 * LONGEST_TEXT
_MOST_IMAGES = 10
_MOST_TAGS = 3000

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_DIRECTION_TRICKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")

_TOKENS = re.compile(r'([^<]+)|<(/?)([a-z0-9]+)((?:\s+[a-z-]+="[^"]*")*)\s*>')
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')

_LINES = frozenset({"tr", "dt", "dd", "summary"})
_INLINE_MARKS = {"q": ("“", "”"), "td": (" ", " "), "th": (" ", " ")}
# fmt: off
_TAGS = {
    "a", "br", "img", "li", "blockquote", "pre", *_LINES, *_INLINE_MARKS,
    "p", "div", "section", "article", "header", "footer", "main", "aside", "figure", "figcaption",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "dl", "form", "fieldset", "address",
    "hr", "details",
}
_DROPPED_WHOLE = {
    "script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title", "head",
}
# fmt: on
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt", "class"}}
_SCHEMES = {"http", "https", "mailto"}


class Rendered:
    """Plain text, and the images that stood in it as (address, alternative text)."""

    __slots__ = ("images", "text")

    def __init__(self, text: str, images: list[tuple[str, str]] | None = None) -> None:
        self.text = text
        self.images = images or []


def plain(text: str) -> str:
    """Text without control characters, bounded and trimmed; line breaks stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    text = _BLANK_LINES.sub("\n\n", _UNWANTED.sub("", text)).strip()
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1].rstrip() + "…"


def one_line(markup: str, longest: int = 300, *, is_markup: bool = True) -> str:
    """A title or a name: markup, line breaks and changes of writing direction are gone."""
    markup = markup[: 8 * longest]
    is_markup = is_markup and ("<" in markup or "&" in markup)
    text = render(markup).text if is_markup else plain(markup)
    text = _SPACES.sub(" ", _DIRECTION_TRICKS.sub("", text)).strip()
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def render(markup: str, base: str = "") -> Rendered:
    """HTML as plain text: paragraphs, bullets, `> ` quotes, links as `text (address)`.

    What has no tags keeps its line breaks, because it was plain text all along.
    """
    markup = markup[:_LONGEST_MARKUP]
    if "<" not in markup:
        return Rendered(plain(unescape(markup)))
    if markup.count("<") > _MOST_TAGS:
        return Rendered(plain(_coarsely(markup)))
    # The sanitiser's output is well-formed, so that one regular expression can take it apart.
    clean = nh3.clean(
        _UNWANTED.sub("", markup),
        tags=_TAGS,
        clean_content_tags=_DROPPED_WHOLE,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel=None,
    )
    writer = _Writer(base)
    return Rendered(plain(writer.write(clean)), writer.images)


class _Writer:
    """Writes down well-formed, harmless markup line by line."""

    def __init__(self, base: str) -> None:
        self.images: list[tuple[str, str]] = []
        self._base = base
        self._lines: list[str] = []
        self._line: list[str] = []
        self._gap = False
        self._quotes = 0
        self._quotes_before = 0
        self._verbatim = 0
        self._lists = 0
        self._bullet = ""
        self._link: tuple[str, int] | None = None

    def write(self, markup: str) -> str:
        for text, slash, tag, attributes in _TOKENS.findall(markup):
            if text:
                self._data(unescape(text) if "&" in text else text)
            elif slash:
                self._end(tag)
            else:
                self._start(tag, attributes)
        self._flush()
        return "\n".join(self._lines)

    def _start(self, tag: str, attributes: str) -> None:
        if tag == "br":
            self._break()
        elif tag == "a":
            self._link = (_attributes(attributes).get("href", ""), len(self._line))
        elif tag == "img":
            self._image(_attributes(attributes))
        elif tag == "li":
            self._flush()
            self._bullet = "  " * min(max(self._lists - 1, 0), 8) + "- "
        elif tag in _INLINE_MARKS:
            self._line.append(_INLINE_MARKS[tag][0])
        else:
            self._block(tag, +1)

    def _end(self, tag: str) -> None:
        if tag == "a":
            self._end_link()
        elif tag == "li":
            self._flush()
            self._bullet = ""
        elif tag in _INLINE_MARKS:
            self._line.append(_INLINE_MARKS[tag][1])
        else:
            self._block(tag, -1)

    def _data(self, data: str) -> None:
        if not self._verbatim:
            self._line.append(_SPACES.sub(" ", data))
            return
        first, *others = data.split("\n")
        self._line.append(first)
        for other in others:
            self._break()
            self._line.append(other)

    def _block(self, tag: str, step: int) -> None:
        self._flush()
        if tag in {"ul", "ol"}:
            self._gap = self._gap or self._lists == (step < 0)
            self._lists = max(self._lists + step, 0)
        elif tag not in _LINES:
            self._gap = self._gap or not self._bullet
        if tag == "blockquote":
            self._quotes = max(self._quotes + step, 0)
        elif tag == "pre":
            self._verbatim = max(self._verbatim + step, 0)

    def _flush(self) -> None:
        if any(part and not part.isspace() for part in self._line):
            self._break()
        self._line.clear()

    def _break(self) -> None:
        text = "".join(self._line)
        text = text.rstrip() if self._verbatim else _SPACES.sub(" ", text).strip()
        if self._gap and self._lines:
            self._lines.append(_quoted(min(self._quotes, self._quotes_before)).rstrip())
        self._gap, self._quotes_before = False, self._quotes
        self._lines.append((_quoted(self._quotes) + self._bullet + text).rstrip())
        self._bullet = " " * len(self._bullet)
        self._line.clear()

    def _end_link(self) -> None:
        if self._link is None:
            return
        (href, start), self._link = self._link, None
        address = safe_url(self._absolute(href))
        if not address:
            return
        shown = "".join(self._line[start:]).strip()
        told = address.removeprefix("mailto:")
        if not shown:
            self._line.append(told)
        elif shown.rstrip("/") not in {address.rstrip("/"), told}:
            self._line.append(f" ({told})")

    def _image(self, attributes: dict[str, str]) -> None:
        alt = one_line(attributes.get("alt", ""))
        kind = attributes.get("class", "")
        if "smiley" in kind or "emoji" in kind:
            self._line.append(alt)
            return
        address = safe_url(self._absolute(attributes.get("src", "")))
        if address and len(self.images) < _MOST_IMAGES:
            self.images.append((address, alt))

    def _absolute(self, href: str) -> str:
        if not href or ":" in href.partition("/")[0]:
            return href
        try:
            return urljoin(self._base, href)
        except ValueError:
            return ""


def _quoted(depth: int) -> str:
    return "> " * min(depth, 8)


def _attributes(text: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(text)}


def _coarsely(markup: str) -> str:
    """Text of markup too tangled to be honest; nesting makes any real parser slow."""
    return unescape(re.sub(r"<[^<>]*>", " ", markup))
