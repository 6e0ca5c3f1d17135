"""Who may be the same person: accounts elsewhere with the same handle, address or name.

Looked up by index when somebody looks at a contact; nothing is compared with everything, nothing
is stored but what people refused, and nothing is ever merged by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import fn

from earful.store.database import connection
from earful.store.models import Contact, ContactMerge, Identity, Message, RefusedMatch
from earful.store.queries.reading import dicts, tuples
from earful.wording import gettext as _

__all__ = ["Match", "MergeLine", "RefusedLine", "matches", "merges", "refused"]

MOST_MATCHES = 5
MOST_LISTED = 20
_MOST_LOOKED_AT = 20
_SHORTEST_HANDLE = 4
_INDEXED_URL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A contact that may be the same person, and what speaks for it, in words."""

    contact_id: int
    name: str
    accounts: tuple[str, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeLine:
    """A merge that stands: who was merged into the contact, when, and because of what."""

    id: int
    contact_id: int
    name: str
    at: datetime
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLine:
    """A contact of whom somebody said that it is another person."""

    contact_id: int
    name: str


def matches(contact_id: int) -> tuple[Match, ...]:
    """Who may be the same person as this contact; six statements."""
    with connection():
        mine = dicts(Identity.select().where(Identity.contact == contact_id).limit(_MOST_LOOKED_AT))
        found: dict[int, list[tuple[dict[str, Any], int, str]]] = defaultdict(list)
        for row, my_id, words in [
            *_same_handle(contact_id, mine),
            *_same_address(contact_id, mine),
            *_same_name(contact_id, mine),
        ]:
            found[row["contact"]].append((row, my_id, words))
        others = {row["id"] for lines in found.values() for row, _, _ in lines}
        denied = _denied({each["id"] for each in mine}, others)
    made = [
        _match(contact, lines)
        for contact, lines in found.items()
        if not any(_pair(row["id"], my_id) in denied for row, my_id, _ in lines)
    ]
    return tuple(sorted(made, key=lambda each: -len(each.evidence))[:MOST_MATCHES])


def _match(contact_id: int, lines: Sequence[tuple[dict[str, Any], int, str]]) -> Match:
    accounts = (row["handle"] or row["name"] for row, _, _ in lines)
    return Match(
        contact_id=contact_id,
        name=lines[0][0]["contact_name"],
        accounts=tuple(dict.fromkeys(accounts)),
        evidence=tuple(dict.fromkeys(words for _, _, words in lines)),
    )


def _pair(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)


Found = list[tuple[dict[str, Any], int, str]]


def _elsewhere(contact_id: int, where: Any) -> list[dict[str, Any]]:
    query = (
        Identity.select(Identity, Contact.name.alias("contact_name"))
        .join(Contact)
        .where(where, Identity.contact != contact_id, Contact.erased_at.is_null())
        .limit(_MOST_LOOKED_AT)
    )
    return dicts(query)


def _same_handle(contact_id: int, mine: Sequence[Mapping[str, Any]]) -> Found:
    """On another channel: on one channel a handle is one account's."""
    by_handle = {
        plain: each
        for each in mine
        if len(plain := each["handle"].lower().lstrip("@")) >= _SHORTEST_HANDLE
    }
    forms = [form for plain in by_handle for form in (plain, f"@{plain}")]
    rows = _elsewhere(contact_id, fn.LOWER(Identity.handle).in_(forms))
    return [
        (row, own["id"], _("Both are called @%(handle)s", handle=own["handle"].lstrip("@")))
        for row in rows
        if (own := by_handle.get(row["handle"].lower().lstrip("@")))
        and own["realm"] != row["realm"]
    ]


def _same_address(contact_id: int, mine: Sequence[Mapping[str, Any]]) -> Found:
    by_url = {each["url"]: each for each in mine if each["url"]}
    starts = fn.SUBSTR(Identity.url, 1, _INDEXED_URL)
    rows = _elsewhere(contact_id, starts.in_([url[:_INDEXED_URL] for url in by_url]))
    return [
        (row, own["id"], _("Both have the same profile address"))
        for row in rows
        if (own := by_url.get(row["url"]))
    ]


def _same_name(contact_id: int, mine: Sequence[Mapping[str, Any]]) -> Found:
    """A full name on another channel, in the same language; a name alone says too little."""
    by_name = {each["name"].lower(): each for each in mine if " " in each["name"].strip()}
    rows = _elsewhere(contact_id, fn.LOWER(Identity.name).in_(list(by_name)))
    languages = _languages([each["id"] for each in (*rows, *by_name.values())])
    return [
        (
            row,
            own["id"],
            _("Both are called %(name)s and write in the same language", name=own["name"]),
        )
        for row in rows
        if (own := by_name.get(row["name"].lower()))
        and own["realm"] != row["realm"]
        and languages.get(row["id"])
        and languages.get(row["id"]) == languages.get(own["id"])
    ]


def _languages(identities: Sequence[int]) -> dict[int, str | None]:
    """The language of each account's newest message."""
    newest = (
        Message.select(Message.language)
        .where(Message.identity == Identity.id)
        .order_by(Message.id.desc())
        .limit(1)
    )
    query = Identity.select(Identity.id, newest.alias("language"))
    return dict(tuples(query.where(Identity.id.in_(list(identities)))))


def _denied(mine: Collection[int], others: Collection[int]) -> set[tuple[int, int]]:
    ids = [*mine, *others]
    query = RefusedMatch.select(RefusedMatch.first, RefusedMatch.second)
    return set(tuples(query.where(RefusedMatch.first.in_(ids), RefusedMatch.second.in_(ids))))


def merges(contact_id: int) -> tuple[MergeLine, ...]:
    """The merges into this contact that stand, the newest first; one statement."""
    query = (
        ContactMerge.select(
            ContactMerge.id,
            ContactMerge.merged,
            Contact.name,
            ContactMerge.at,
            ContactMerge.evidence,
        )
        .join(Contact, on=ContactMerge.merged == Contact.id)
        .where(ContactMerge.kept == contact_id, ContactMerge.undone_at.is_null())
        .order_by(ContactMerge.id.desc())
        .limit(MOST_LISTED)
    )
    with connection():
        return tuple(
            MergeLine(id=key, contact_id=merged, name=name, at=at, evidence=tuple(evidence))
            for key, merged, name, at, evidence in tuples(query)
        )


def refused(contact_id: int) -> tuple[RefusedLine, ...]:
    """Of whom somebody said that they are another person; one statement."""
    own = Identity.alias()
    mine = own.select(own.id).where(own.contact == contact_id)
    query = (
        Identity.select(Contact.id, Contact.name)
        .join(Contact)
        .where(
            Identity.contact != contact_id,
            Identity.id.in_(
                RefusedMatch.select(RefusedMatch.second).where(RefusedMatch.first.in_(mine))
            )
            | Identity.id.in_(
                RefusedMatch.select(RefusedMatch.first).where(RefusedMatch.second.in_(mine))
            ),
        )
        .distinct()
        .limit(MOST_LISTED)
    )
    with connection():
        return tuple(RefusedLine(contact_id=key, name=name) for key, name in tuples(query))
