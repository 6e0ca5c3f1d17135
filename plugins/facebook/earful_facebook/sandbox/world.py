"""What the platform holds: posts, comments, recommendations and private messages, in memory.

Every change is told to `on_change` in the form of a push. Nothing here knows HTTP.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from earful_facebook.sandbox import pushes
from earful_facebook.sandbox.people import PAGES, PEOPLE, Account

__all__ = ["Item", "Message", "Photo", "World"]

PRIVATE_REPLY_DAYS = timedelta(days=7)
_FIRST_NUMBER = 122_100_000_000_001


@dataclass(slots=True, kw_only=True)
class Photo:
    """An upload; unpublished until a comment shows it."""

    id: str
    content_type: str
    data: bytes
    alt: str = ""


@dataclass(slots=True, kw_only=True)
class Item:
    """A post, a mention, a comment or a recommendation. `parent` and `post` are a comment's."""

    id: str
    kind: str
    author: Account
    text: str
    at: datetime
    parent: str = ""
    post: str = ""
    is_hidden: bool = False
    is_gone: bool = False
    is_edited: bool = False
    is_liked: bool = False
    private_reply: str = ""
    """The id of the one private reply to it."""
    photo: Photo | None = None


@dataclass(slots=True, kw_only=True)
class Message:
    """A private message between the Page and `person`."""

    id: str
    person: Account
    is_ours: bool
    text: str
    at: datetime
    is_gone: bool = False
    edits: int = 0

    @property
    def author(self) -> Account:
        """Who wrote it, if it is not the Page."""
        return self.person


@dataclass
class World:
    """One Page with its visitors. Hold `lock` while reading several things at once."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    on_change: Callable[[dict[str, Any]], None] = lambda _entry: None
    page: Account = PAGES[0]
    items: dict[str, Item] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    photos: dict[str, Photo] = field(default_factory=dict)
    read_until: dict[str, datetime] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _ago: timedelta = timedelta()
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(_FIRST_NUMBER))

    def now(self) -> datetime:
        """The time on the platform; whole seconds, as it tells them."""
        return (self.clock() - self._ago).replace(microsecond=0)

    @contextmanager
    def back_then(self, ago: timedelta) -> Iterator[None]:
        """What is written inside was written so long ago."""
        self._ago = ago
        try:
            yield
        finally:
            self._ago = timedelta()

    def account(self, account_id: str) -> Account:
        """The Page or a person; raises `KeyError` for strangers."""
        everybody = {each.id: each for each in (self.page, *PEOPLE)}
        return everybody[account_id]

    def write_post(self, author_id: str, text: str) -> Item:
        """A post on the Page, by itself or by a visitor."""
        with self.lock:
            number = next(self._numbers)
            return self._add(
                Item(
                    id=f"{self.page.id}_{number}",
                    kind="post",
                    author=self.account(author_id),
                    text=text,
                    at=self.now(),
                )
            )

    def take_photo(self, content_type: str, data: bytes, alt: str) -> Photo:
        """An unpublished photo of the Page."""
        with self.lock:
            made = Photo(id=str(next(self._numbers)), content_type=content_type, data=data, alt=alt)
            self.photos[made.id] = made
            return made

    def write_comment(
        self, author_id: str, under: str, text: str, photo: Photo | None = None
    ) -> Item:
        """A comment on a post, or an answer to a comment; Facebook keeps two levels."""
        with self.lock:
            target = self.there(under)
            post = self.items[target.post] if target.post else target
            parent = target.parent if target.kind == "comment" and target.parent else target.id
            parent = parent if target.kind == "comment" else ""
            number = post.id.rpartition("_")[2]
            return self._add(
                Item(
                    id=f"{number}_{next(self._numbers)}",
                    kind="comment",
                    author=self.account(author_id),
                    text=text,
                    at=self.now(),
                    parent=parent,
                    post=post.id,
                    photo=photo,
                )
            )

    def write_mention(self, author_id: str, text: str) -> Item:
        """A post on somebody's own profile that names the Page."""
        with self.lock:
            number, author = next(self._numbers), self.account(author_id)
            key, now = f"{author.id}_{number}", self.now()
            return self._add(Item(id=key, kind="mention", author=author, text=text, at=now))

    def write_rating(self, author_id: str, text: str) -> Item:
        """A recommendation."""
        with self.lock:
            number = str(next(self._numbers))
            author, now = self.account(author_id), self.now()
            return self._add(Item(id=number, kind="rating", author=author, text=text, at=now))

    def write_message(self, person_id: str, text: str, *, by_page: bool = False) -> Message:
        """A private message, by a person or by the Page to them. Who writes has read the others."""
        with self.lock:
            if not by_page and self.has_unread(person_id):
                self.read_messages(person_id)
            message = Message(
                id=f"m_{next(self._numbers)}",
                person=self.account(person_id),
                is_ours=by_page,
                text=text,
                at=self.now(),
            )
            self.messages[message.id] = message
            self.on_change(pushes.message(self, message))
            return message

    def read_messages(self, person_id: str) -> None:
        """A person reads all that the Page has written to them."""
        with self.lock:
            person = self.account(person_id)
            self.read_until[person.id] = self.now()
            self.on_change(pushes.messages_read(self, person))

    def has_unread(self, person_id: str) -> bool:
        """Whether the Page has written to a person what they have not read."""
        until = self.read_until.get(person_id)
        ours = [each.at for each in self.talk(person_id) if each.is_ours]
        return bool(ours) and (until is None or ours[0] > until)

    def _add(self, item: Item) -> Item:
        self.items[item.id] = item
        self._tell(item, "add")
        return item

    def _tell(self, item: Item, verb: str) -> None:
        """What is said below somebody's own post is not told to the Page."""
        if not item.post or self.items[item.post].kind != "mention":
            self.on_change(pushes.change(self, item, verb))

    def edit(self, item_id: str, text: str) -> None:
        """Another text for something that stands there."""
        with self.lock:
            if item_id in self.messages:
                message = self.messages[item_id]
                message.text, message.edits = text, message.edits + 1
                self.on_change(pushes.message_edit(self, message))
                return
            item = self.there(item_id)
            item.text, item.is_edited = text, True
            self._tell(item, "edit" if item.kind == "rating" else "edited")

    def remove(self, item_id: str) -> None:
        """Take it away, with everything below it. Facebook tells of the uppermost only."""
        with self.lock:
            if item_id in self.messages:
                message = self.messages[item_id]
                message.is_gone = True
                self.on_change(pushes.message_deleted(self, message))
                return
            item = self.there(item_id)
            for each in self.items.values():
                if item.id in {each.id, each.parent, each.post}:
                    each.is_gone = True
            self._tell(item, "remove")

    def hide(self, item_id: str, *, is_hidden: bool) -> None:
        """Hide it from everybody but the Page and its author, or show it again."""
        with self.lock:
            item = self.there(item_id)
            if item.is_hidden != is_hidden:
                item.is_hidden = is_hidden
                self._tell(item, "hide" if is_hidden else "unhide")

    def there(self, item_id: str) -> Item:
        """A post, comment or recommendation that stands there; raises `KeyError` if none does."""
        item = self.items[item_id]
        if item.is_gone:
            raise KeyError(item_id)
        return item

    def posts(self) -> list[Item]:
        """Newest first."""
        return self._newest_first("post")

    def mentions(self) -> list[Item]:
        """Newest first."""
        return self._newest_first("mention")

    def ratings(self) -> list[Item]:
        """Newest first."""
        return self._newest_first("rating")

    def comments(self, under: str, *, only_top: bool = False) -> list[Item]:
        """Everything below a post, or the answers to a comment; oldest first."""
        with self.lock:
            found = [
                each
                for each in self.items.values()
                if each.kind == "comment" and not each.is_gone and under in {each.post, each.parent}
            ]
        found = [each for each in found if not (only_top and each.parent and each.parent != under)]
        return sorted(found, key=lambda each: (each.at, each.id))

    def _newest_first(self, kind: str) -> list[Item]:
        with self.lock:
            found = [each for each in self.items.values() if each.kind == kind and not each.is_gone]
        return sorted(found, key=lambda each: (each.at, each.id), reverse=True)

    def talk(self, person_id: str) -> list[Message]:
        """The private messages with one person, newest first."""
        with self.lock:
            found = [
                each
                for each in self.messages.values()
                if each.person.id == person_id and not each.is_gone
            ]
        return sorted(found, key=lambda each: (each.at, each.id), reverse=True)

    def people_in_touch(self) -> list[Account]:
        """Whoever has private messages, the latest first."""
        latest: dict[str, tuple[datetime, Account]] = {}
        with self.lock:
            for each in self.messages.values():
                if not each.is_gone:
                    latest[each.person.id] = (each.at, each.person)
        return [person for _, person in sorted(latest.values(), key=lambda x: x[0], reverse=True)]

    def last_inbound(self, person_id: str) -> datetime | None:
        """When a person last wrote to the Page privately."""
        return next((each.at for each in self.talk(person_id) if not each.is_ours), None)

    def can_reply_privately(self, item: Item) -> bool:
        """Once, within 7 days, and not to the Page itself."""
        is_young = self.now() - item.at < PRIVATE_REPLY_DAYS
        is_here = "mention" not in {item.kind, self.items[item.post or item.id].kind}
        return is_here and is_young and not item.private_reply and item.author.id != self.page.id
