"""The main navigation: items that pages offer, in groups, cut down to what the person may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from earful.wording import mark
from flask import current_app, g

__all__ = ["NavItem", "groups"]

OTHERS = mark("More")
"""What stands above the pages of no group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """One link. `dot` colours a queue, `in_bar` puts it into the bar of narrow screens.

    `label` and `short` are in the reader's language, `group` in English: pages meet in it.
    """

    label: str
    url: str
    icon: str = ""
    dot: str = ""
    group: str = ""
    count: str | None = None
    """"" where it is not known yet; None for what is not counted."""
    active: bool = False
    in_bar: bool = False
    key: str = ""
    """What to press after `g` to go there."""
    short: str = ""
    """The label where there is little room: in the bar of narrow screens."""


def groups() -> list[tuple[str, list[NavItem]]]:
    """The items of every page that the person may open, grouped in the order of the pages."""
    # It stands on a page several times: column, bar, menu and the list of keys.
    if "nav_groups" not in g:
        pages: list[Any] = current_app.extensions["earful_pages"]
        items = [item for page in pages if page.is_accessible() for item in page.nav_items()]
        by_group: dict[str, list[NavItem]] = {}
        for item in items:
            by_group.setdefault(item.group, []).append(item)
        g.nav_groups = list(by_group.items())
    found: list[tuple[str, list[NavItem]]] = g.nav_groups
    return found
