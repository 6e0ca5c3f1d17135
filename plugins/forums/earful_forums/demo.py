"""Documents of an invented blog and an invented forum, to show the channel; pure but for time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from earful import Payload


def demo() -> Iterator[Payload]:
    """Placeholder"""
    now = datetime.now(UTC)
    del now
    yield from ()
