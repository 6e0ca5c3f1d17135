"""Pages by key: where the last page ended, so that page 1,000 costs what page 1 does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from peewee import Tuple, Value

__all__ = ["Cursor", "Page", "after", "before", "page_of"]

_MOST_DIGITS = 18
Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The last line of a page: its moment and its id. `str` gives what stands in an address.

    `rank` is the priority of that line, where a list is read by priority first.
    """

    at: datetime
    id: int
    rank: int | None = None

    @classmethod
    def parse(cls, text: str | None) -> Cursor | None:
        """The cursor an address names; None where it names none, or anything unreadable."""
        moment, _, key = (text or "").partition("~")
        number, _, rank = key.partition("~")
        if not all(each.isascii() and len(each) <= _MOST_DIGITS for each in (number, rank)):
            return None
        try:
            at = datetime.fromisoformat(moment)
            rank_of = int(rank) if rank else None
            return cls(at=at, id=int(number), rank=rank_of) if at.tzinfo else None
        except ValueError:
            return None

    def __str__(self) -> str:
        rank = "" if self.rank is None else f"~{self.rank}"
        return f"{self.at.isoformat().replace('+00:00', 'Z')}~{self.id}{rank}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Some lines, and the cursor of the next page; None after the last one."""

    items: tuple[Item, ...]
    next: str | None = None


def after(moment: Any, key: Any, cursor: Cursor) -> Any:
    """What sorts behind the cursor."""
    return Tuple(moment, key) > _place(moment, cursor)


def before(moment: Any, key: Any, cursor: Cursor) -> Any:
    """What sorts ahead of the cursor."""
    return Tuple(moment, key) < _place(moment, cursor)


def page_of(
    found: Sequence[Found],
    limit: int,
    *,
    make: Callable[[Found], Item],
    cursor: Callable[[Found], Any],
) -> Page[Item]:
    """The page within `found`, which was read with one line more than `limit`."""
    shown = found[:limit]
    more = len(found) > limit
    return Page(
        items=tuple(make(each) for each in shown),
        next=str(cursor(shown[-1])) if more else None,
    )


def _place(moment: Any, cursor: Cursor) -> Tuple:
    return Tuple(Value(moment.db_value(cursor.at), converter=False), cursor.id)
