"""Finds or makes the contact behind each author.

One identity is one account on one platform; it never merges with another. A new identity starts
with a contact of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from earful.inbox.text import one_line
from earful.store import bulk
from earful.store.models import Contact, Identity
from earful.store.queries.reading import among
from earful.types import Author

__all__ = ["Person", "identify"]

_NAMELESS = "Unknown"
_FACTS = ("name", "handle", "url", "avatar_url", "reach", "verified")


@dataclass(frozen=True, slots=True)
class Person:
    """The rows behind an author."""

    identity_id: int
    contact_id: int


def identify(realm: str, authors: Iterable[Author], now: datetime) -> dict[str, Person]:
    """The person behind each author, by the author's external id; later copies win."""
    wanted = {author.external_id: author for author in authors}
    if not wanted:
        return {}
    people, known = _known(realm, wanted)
    _refresh(known, wanted, now)
    fresh = [key for key in wanted if key not in people]
    if fresh:
        people |= _introduce(realm, [wanted[key] for key in fresh], now)
    return people


def _known(
    realm: str, wanted: Mapping[str, Author]
) -> tuple[dict[str, Person], dict[str, tuple[int, tuple[object, ...]]]]:
    rows = (
        Identity.select(
            Identity.external_id,
            Identity.id,
            Identity.contact,
            *(getattr(Identity, name) for name in _FACTS),
        )
        .where((Identity.realm == realm) & among(Identity.external_id, wanted))
        .tuples()
    )
    people, facts = {}, {}
    for external_id, identity_id, contact_id, *values in rows:
        people[external_id] = Person(identity_id, contact_id)
        facts[external_id] = (identity_id, tuple(values))
    return people, facts


def _facts(author: Author) -> dict[str, object]:
    return {
        "name": one_line(author.name, 300) or author.handle or _NAMELESS,
        "handle": one_line(author.handle, 300),
        "url": author.url,
        "avatar_url": author.avatar_url,
        "reach": author.reach,
        "verified": author.verified,
    }


def _refresh(
    known: Mapping[str, tuple[int, tuple[object, ...]]],
    wanted: Mapping[str, Author],
    now: datetime,
) -> None:
    changed, named = [], []
    for external_id, (identity_id, values) in known.items():
        facts = _facts(wanted[external_id])
        # A platform that does not tell name or reach this time has not taken them back.
        if facts["reach"] is None:
            facts["reach"] = values[_FACTS.index("reach")]
        if not (wanted[external_id].name or wanted[external_id].handle):
            facts["name"] = values[_FACTS.index("name")]
        if tuple(facts.values()) != values:
            changed.append({"id": identity_id, **facts, "updated_at": now})
            if values[_FACTS.index("name")] == _NAMELESS:
                named.append((identity_id, facts["name"]))
    bulk.update(Identity, changed)
    _name_contacts(named)


def _name_contacts(named: Sequence[tuple[int, object]]) -> None:
    """A contact that nobody could name yet gets the name of its identity."""
    for identity_id, name in named:
        contact = Identity.select(Identity.contact).where(Identity.id == identity_id)
        (
            Contact.update(name=name)
            .where((Contact.name == _NAMELESS) & Contact.id.in_(contact))
            .execute()
        )


def _introduce(realm: str, authors: Sequence[Author], now: datetime) -> dict[str, Person]:
    facts = [_facts(author) for author in authors]
    contacts = bulk.insert(Contact, [{"name": each["name"], "created_at": now} for each in facts])
    identities = bulk.insert(
        Identity,
        [
            {
                "contact": contact_id,
                "realm": realm,
                "external_id": author.external_id,
                **each,
                "updated_at": now,
            }
            for author, each, contact_id in zip(authors, facts, contacts, strict=True)
        ],
    )
    return {
        author.external_id: Person(identity_id, contact_id)
        for author, identity_id, contact_id in zip(authors, identities, contacts, strict=True)
    }
