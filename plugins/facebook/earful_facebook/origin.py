"""Where a payload comes from, who wrote what in it, and how threads are named; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful import Author

from earful_facebook.values import identifier, record, text

__all__ = ["Origin", "address_of", "messenger_thread", "person_of_thread"]

_THREAD = "messenger-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The Page that a payload is about, and the moment whose picture it gives."""

    page_id: str
    at: datetime
    page_name: str = ""

    def author(self, value: Mapping[str, Any], message_id: str) -> Author:
        """Who wrote it.

        Facebook leaves the author out without the permission for it. Then everybody is somebody
        else, because two strangers must never be taken for one.
        """
        who = record(value.get("from"))
        found = identifier(who.get("id")) or identifier(value.get("sender_id"))
        name = text(who.get("name")) or text(value.get("sender_name"))
        if not found:
            return Author(external_id=f"unknown:{message_id}", name="Somebody on Facebook")
        return self.account(found, name)

    def account(self, account_id: str, name: str = "") -> Author:
        """An account by its id; an empty name keeps the one that is known."""
        if account_id == self.page_id:
            name = name or self.page_name
        return Author(external_id=account_id, name=name)

    def is_ours(self, author: Author) -> bool:
        """Whether the Page itself wrote it."""
        return author.external_id == self.page_id


def messenger_thread(person_id: str) -> str:
    """The thread of all private messages between the Page and one person."""
    return f"{_THREAD}{person_id}"


def person_of_thread(thread_id: str) -> str:
    """The person of such a thread; nothing if it is none."""
    return thread_id.removeprefix(_THREAD) if thread_id.startswith(_THREAD) else ""


def address_of(object_id: str) -> str:
    """Where a post or comment can be opened; Facebook leads from its id to the real address."""
    return f"https://www.facebook.com/{object_id}"
