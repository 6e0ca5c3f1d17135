"""A model's card: Markdown of strangers made into HTML that fits the page and its policy.

No raw HTML, no pictures, no inline style; headings begin below those of the page.
"""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

__all__ = ["as_html"]

MOST = 50_000
"""Characters of a card that are shown."""
_BELOW = 3
_DEEPEST = 6

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def as_html(card: str) -> Markup:
    """The card as HTML."""
    tokens = _MARKDOWN.parse(_without_front_matter(card[:MOST]))
    for token in tokens:
        _tame(token)
        for inner in token.children or ():
            _tame(inner)
    return Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))  # noqa: S704 - no HTML passes


def _without_front_matter(card: str) -> str:
    """What stands between two lines of dashes at the top is for machines."""
    head, begins, rest = card.lstrip().partition("---\n")
    if head or not begins:
        return card
    _, ends, body = rest.partition("\n---")
    return body if ends else card


def _tame(token: Token) -> None:
    token.attrs.pop("style", None)
    if token.type in {"heading_open", "heading_close"}:
        token.tag = f"h{min(int(token.tag[1]) + _BELOW - 1, _DEEPEST)}"
    if token.type == "link_open":
        token.attrs["rel"] = "noopener noreferrer nofollow"
        token.attrs["target"] = "_blank"
        if not str(token.attrs.get("href", "")).startswith(("https://", "http://")):
            token.attrs["href"] = "#"
