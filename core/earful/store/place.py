"""Finds one channel's rows for those who know only its name and no time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from earful.store.database import connection
from earful.store.models import Channel

__all__ = ["ChannelPlace"]


@dataclass(slots=True)
class ChannelPlace:
    """A channel by its name. The row's id never changes and is looked up once."""

    name: str
    now: Callable[[], datetime]
    _id: int | None = None

    @property
    def id(self) -> int:
        """The row's id; raises `LookupError` before the configuration was put into the database."""
        if self._id is None:
            with connection():
                row = Channel.get_or_none(Channel.name == self.name)
            if row is None:
                message = f"The channel {self.name} is not in the database yet; start the ticker."
                raise LookupError(message)
            self._id = int(row.id)
        return self._id
