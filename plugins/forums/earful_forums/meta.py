"""What a payload carries beside its bytes, so that parsing can stay pure: written when reading."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from earful import PayloadError, Removal, RemovalKind

__all__ = ["EPOCH", "Meta", "when"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """How a document was read, and by whose eyes."""

    reader: str = ""
    """`feed` or `wordpress`; where nobody says, the first character tells."""
    url: str = ""
    fetched_at: datetime = EPOCH
    own_names: frozenset[str] = frozenset()
    own_user: str = ""
    max_items: int = DEFAULT_MOST
    removals: tuple[Removal, ...] = ()

    def dump(self) -> dict[str, str]:
        """As `Payload.meta` wants it: text only, and nothing that says nothing."""
        removals = [[r.external_id, r.kind.value] for r in self.removals]
        texts = {
            "reader": self.reader,
            "url": self.url,
            "fetched_at": self.fetched_at.isoformat(),
            "own_names": json.dumps(sorted(self.own_names)) if self.own_names else "",
            "own_user": self.own_user,
            "max_items": str(self.max_items),
            "removals": json.dumps(removals) if removals else "",
        }
        return {name: text for name, text in texts.items() if text}

    @classmethod
    def load(cls, meta: Mapping[str, str]) -> Meta:
        """Read back what `dump` wrote; what is missing has its default."""
        try:
            return cls(
                reader=meta.get("reader", ""),
                url=meta.get("url", ""),
                fetched_at=when(meta.get("fetched_at")) or EPOCH,
                own_names=frozenset(json.loads(meta.get("own_names", "[]"))),
                own_user=meta.get("own_user", ""),
                max_items=int(meta.get("max_items", DEFAULT_MOST)),
                removals=_removals(json.loads(meta.get("removals", "[]")), meta),
            )
        except (ValueError, TypeError) as error:
            raise PayloadError(f"The payload's own notes cannot be read: {error}") from error


def when(text: object) -> datetime | None:
    """An ISO date in UTC, which it is where no zone is given; None if it is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _removals(pairs: Iterable[tuple[str, str]], meta: Mapping[str, str]) -> tuple[Removal, ...]:
    at = when(meta.get("fetched_at"))
    return tuple(Removal(external_id=id_, kind=RemovalKind(kind), at=at) for id_, kind in pairs)
