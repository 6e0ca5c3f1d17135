# ruff: noqa: S608 - names are ours, values are marks
"""The list of contacts: a page of them, or those whose name or handle was asked for.

Contacts that were merged into others are not listed: who they were merged into is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful.store.database import connection
from earful.store.queries.paging import Page, page_of
from earful.store.queries.reading import holders, moment, select
from earful.store.queries.search import authors
from earful.store.queries.search_terms import Term

__all__ = ["MOST_FOUND", "ContactLine", "find_contacts", "list_contacts"]

MOST_FOUND = 50
MOST_LOOKED_AT = 2000
"""How many messages a search by name looks at, the newest."""
_MOST_IDENTITIES = 300
_MOST_TERMS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLine:
    """One contact of the list. `kinds` are the channel types of its accounts."""

    id: int
    name: str
    vip: bool
    erased: bool
    created_at: datetime
    last_seen_at: datetime | None
    handles: tuple[str, ...]
    kinds: tuple[str, ...]


# Their newest conversations are enough to tell when somebody was here last.
_COLUMNS = """SELECT c.id, c.name, c.vip, c.erased_at, c.created_at,
    (SELECT max(n.at) FROM (SELECT v.last_message_at AS at FROM conversation v
        WHERE v.contact_id = c.id ORDER BY v.id DESC LIMIT 20) n)
    FROM contact c"""
_STANDS = """NOT EXISTS (SELECT 1 FROM contact_merge g
    WHERE g.merged_id = c.id AND g.undone_at IS NULL)"""


def list_contacts(
    *, only_vip: bool = False, before_id: int | None = None, limit: int = 50
) -> Page[ContactLine]:
    """A page of contacts, the last to come first; two statements."""
    where, values = [_STANDS], []
    if only_vip:
        where.append("c.vip")
    if before_id is not None:
        where.append("c.id < ?")
        values.append(before_id)
    sql = f"{_COLUMNS} WHERE {' AND '.join(where)} ORDER BY c.id DESC LIMIT {limit + 1}"
    with connection():
        lines = _lines(select(sql, values))
    return page_of(lines, limit, make=lambda each: each, cursor=lambda each: each.id)


def find_contacts(text: str, *, only_vip: bool = False) -> tuple[ContactLine, ...]:
    """Contacts with an account of this name or handle; who wrote last comes first.

    Finds the beginnings of words among the authors of the newest messages, and whole names and
    handles among all. Raises `TooSlow` where the search takes too long.
    """
    words = text.replace("\0", " ").split()[:_MOST_TERMS]
    terms = [term for word in words if (term := Term(word)).runs]
    if not terms:
        return ()
    with connection():
        found = authors(terms, limit=MOST_LOOKED_AT)
        contacts = _owners([*_called(" ".join(words)), *found])[:MOST_FOUND]
        vip = "AND c.vip" if only_vip else ""
        sql = f"{_COLUMNS} WHERE c.id IN ({holders(contacts)}) AND {_STANDS} {vip}"
        lines = {line.id: line for line in _lines(select(sql, contacts))}
    return tuple(lines[key] for key in contacts if key in lines)


def _called(text: str) -> list[int]:
    """Identities of exactly this name or handle."""
    lower = text.lower()
    either = "SELECT id FROM identity WHERE lower(name) = ? OR lower(handle) IN (?, ?)"
    sql = f"{either} LIMIT {MOST_FOUND}"
    return [key for (key,) in select(sql, (lower, lower, f"@{lower.lstrip('@')}"))]


def _owners(identities: Sequence[int]) -> list[int]:
    """The contacts of these identities, in their order."""
    sql = f"SELECT id, contact_id FROM identity WHERE id IN ({holders(identities)})"
    owner = dict(select(sql, identities))
    return list(dict.fromkeys(owner[key] for key in identities if key in owner))


def _lines(rows: Sequence[tuple[Any, ...]]) -> list[ContactLine]:
    sql = (
        "SELECT contact_id, handle, name, realm FROM identity "
        f"WHERE contact_id IN ({holders(rows)}) ORDER BY id LIMIT {_MOST_IDENTITIES}"
    )
    handles: dict[int, list[str]] = defaultdict(list)
    kinds: dict[int, list[str]] = defaultdict(list)
    for contact, handle, name, realm in select(sql, [row[0] for row in rows]):
        handles[contact].append(handle or name)
        kinds[contact].append(realm.partition(":")[0])
    return [
        ContactLine(
            id=key,
            name=name,
            vip=bool(vip),
            erased=erased_at is not None,
            created_at=moment(created_at),
            last_seen_at=moment(seen),
            handles=tuple(dict.fromkeys(handles[key])),
            kinds=tuple(dict.fromkeys(kinds[key])),
        )
        for key, name, vip, erased_at, created_at, seen in rows
    ]
