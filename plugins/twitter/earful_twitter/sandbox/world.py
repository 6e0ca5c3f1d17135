"""The sandbox's world: people, posts, direct messages, and X's rules about them.

All state is in memory. Every method is called with the world's lock held by whoever serves a
request, and tells what happened through `on_event`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

__all__ = ["Message", "Person", "Picture", "Post", "Refused", "World"]

_EPOCH_MS = 1_288_834_974_657
_MENTION = re.compile(r"(?<![\w@])@(\w{1,15})", re.ASCII)
DUPLICATE_WINDOW = timedelta(hours=24)
Now = Callable[[], datetime]


class Refused(Exception):
    """What X would not permit; `status` and `kind` are those of its answer."""

    def __init__(self, detail: str, *, status: int = 403, kind: str = "about:blank") -> None:
        super().__init__(detail)
        self.detail, self.status, self.kind = detail, status, kind


@dataclass(slots=True)
class Person:
    """An invented account."""

    id: str
    username: str
    name: str
    followers: int = 0
    about: str = ""
    verified: bool = False
    takes_messages: bool = True
    created_at: datetime = datetime(2015, 5, 4, tzinfo=UTC)


@dataclass(slots=True)
class Picture:
    """An upload. X forgets it where nothing names it in time; the sandbox keeps it."""

    id: str
    category: str
    content_type: str
    data: bytes
    alt: str = ""

    @property
    def key(self) -> str:
        """X's media key: 3 is a photo."""
        return f"3_{self.id}"


@dataclass(slots=True)
class Post:
    """A post as it stands now. An edit gives it a new id; `versions` holds all, oldest first."""

    id: str
    author_id: str
    text: str
    at: datetime
    conversation_id: str
    parent_id: str = ""
    quoted_id: str = ""
    hidden: bool = False
    versions: list[str] = field(default_factory=list)
    language: str = "en"
    pictures: tuple[Picture, ...] = ()


@dataclass(slots=True)
class Message:
    """A direct message between two accounts."""

    id: str
    sender_id: str
    recipient_id: str
    text: str
    at: datetime
    pictures: tuple[Picture, ...] = ()

    @property
    def conversation(self) -> str:
        """X's id of a conversation of two: the smaller user id first."""
        low, high = sorted((int(self.sender_id), int(self.recipient_id)))
        return f"{low}-{high}"


class World:
    """Everything that stands on the sandbox's X."""

    def __init__(self, account: Person, people: Iterable[Person], now: Now) -> None:
        self.lock = threading.RLock()
        self.now = now
        self.account = account
        self.people = {one.id: one for one in (account, *people)}
        self.posts: dict[str, Post] = {}
        self.gone: set[str] = set()
        self.messages: list[Message] = []
        self.likes: set[tuple[str, str]] = set()
        self.pictures: dict[str, Picture] = {}
        self.enterprise = False
        self.address = ""
        self.on_event: Callable[[str, Post | Message], None] = lambda _kind, _what: None
        self._last_id = 0

    def new_id(self, at: datetime | None = None) -> str:
        """An id that carries its time, greater than all before it unless it is back-dated."""
        moment = int((at or self.now()).timestamp() * 1000)
        found = (moment - _EPOCH_MS) << 22
        self._last_id = max(found, self._last_id + 1) if at is None else self._last_id
        return str(self._last_id if at is None else found + len(self.posts) + len(self.messages))

    def person(self, username: str) -> Person | None:
        """The account with this handle, in whatever case."""
        wanted = username.casefold()
        return next((p for p in self.people.values() if p.username.casefold() == wanted), None)

    def mentioned(self, text: str) -> list[Person]:
        """The accounts that a text names with @."""
        found = (self.person(name) for name in _MENTION.findall(text))
        return list({one.id: one for one in found if one}.values())

    def write(
        self,
        author: Person,
        text: str,
        *,
        parent_id: str = "",
        quoted_id: str = "",
        at: datetime | None = None,
        pictures: Sequence[Picture] = (),
    ) -> Post:
        """A new post. Raises `Refused` where X would not take it."""
        parent = self._standing(parent_id) if parent_id else None
        if quoted_id:
            self._standing(quoted_id)
        identifier = self.new_id(at)
        post = Post(
            id=identifier,
            author_id=author.id,
            text=self._with_mention(author, text, parent),
            at=at or self.now(),
            conversation_id=parent.conversation_id if parent else identifier,
            parent_id=parent.id if parent else "",
            quoted_id=quoted_id,
            versions=[identifier],
            pictures=tuple(pictures),
        )
        self.posts[identifier] = post
        self._tell(post, parent)
        return post

    def answer(
        self, author: Person, text: str, *, parent_id: str = "", pictures: Sequence[Picture] = ()
    ) -> Post:
        """A post through the API, with the rules that hold there."""
        if parent_id:
            parent = self._standing(parent_id)
            if not self.enterprise and not self.summoned(author, parent):
                raise Refused(
                    "You are not permitted to reply: the author of the post has neither mentioned "
                    "you nor quoted a post of yours."
                )
        since = self.now() - DUPLICATE_WINDOW
        for post in self.posts.values():
            if post.author_id == author.id and post.at > since and bare(post.text) == bare(text):
                raise Refused("You are not allowed to create a Post with duplicate content.")
        return self.write(author, text, parent_id=parent_id, pictures=pictures)

    def summoned(self, who: Person, post: Post) -> bool:
        """Whether the author of a post called `who`, by naming or by quoting."""
        quoted = self.posts.get(post.quoted_id)
        return who in self.mentioned(post.text) or bool(quoted and quoted.author_id == who.id)

    def edit(self, identifier: str, text: str) -> Post:
        """A new version of a post, under a new id; the old id leads to it no more."""
        post = self._standing(identifier)
        del self.posts[post.id]
        post.id, post.text, post.at = self.new_id(), text, self.now()
        post.versions.append(post.id)
        self.posts[post.id] = post
        return post

    def delete(self, identifier: str) -> None:
        """Remove a post for good. X tells only its author's apps."""
        post = self.posts.pop(identifier, None)
        if post is None:
            raise Refused("There is no such post.", status=404, kind="resource-not-found")
        self.gone.update(post.versions)
        if post.author_id == self.account.id:
            self.on_event("post.delete", post)

    def hide(self, who: Person, identifier: str, *, hidden: bool) -> None:
        """Hide a reply in a conversation that `who` has started."""
        post = self._standing(identifier)
        root = self.posts.get(post.conversation_id)
        if not post.parent_id or root is None or root.author_id != who.id:
            raise Refused("You can hide replies to conversations you have started only.")
        post.hidden = hidden

    def upload(self, category: str, content_type: str, data: bytes) -> Picture:
        """A picture that posts or messages may name."""
        made = Picture(self.new_id(), category, content_type, data)
        self.pictures[made.id] = made
        return made

    def uploaded(self, ids: Sequence[str], category: str, most: int) -> tuple[Picture, ...]:
        """The pictures with these ids. Raises `Refused` where they do not go there."""
        found = [self.pictures.get(each) for each in ids]
        kept = [each for each in found if each is not None and each.category == category]
        if len(kept) != len(ids) or not 0 < len(ids) <= most:
            raise Refused("Your media IDs are invalid.", status=400, kind="invalid-request")
        return tuple(kept)

    def message(
        self,
        sender: Person,
        recipient: Person,
        text: str,
        *,
        at: datetime | None = None,
        pictures: Sequence[Picture] = (),
    ) -> Message:
        """A direct message. Whoever has written may be answered; others may have closed theirs."""
        wrote = any(m.sender_id == recipient.id for m in self.messages)
        if not recipient.takes_messages and not wrote:
            raise Refused("You cannot send messages to this user.")
        moment = at or self.now()
        sent = Message(self.new_id(at), sender.id, recipient.id, text, moment, tuple(pictures))
        self.messages.append(sent)
        if recipient.id == self.account.id:
            self.on_event("dm.received", sent)
        elif sender.id == self.account.id:
            self.on_event("dm.sent", sent)
        return sent

    def _standing(self, identifier: str) -> Post:
        post = self.posts.get(identifier)
        if post is None:
            raise Refused(
                f"Could not find post with id: [{identifier}].",
                status=404,
                kind="resource-not-found",
            )
        return post

    def _with_mention(self, author: Person, text: str, parent: Post | None) -> str:
        """X puts the name of whoever is answered in front of a reply."""
        if parent is None or parent.author_id == author.id:
            return text
        front = f"@{self.people[parent.author_id].username}"
        return text if text.casefold().startswith(front.casefold()) else f"{front} {text}"

    def _tell(self, post: Post, parent: Post | None) -> None:
        ours = self.account.id
        if post.author_id == ours:
            self.on_event("post.create", post)
            return
        quoted = self.posts.get(post.quoted_id)
        said = bare(post.text) if parent else post.text
        if self.account in self.mentioned(said):
            self.on_event("post.mention.create", post)
        if parent is not None and parent.author_id == ours:
            self.on_event("post.reply.create", post)
        if quoted is not None and quoted.author_id == ours:
            self.on_event("post.quote.create", post)


def bare(text: str) -> str:
    """A text without the names that X puts in front of it."""
    return re.sub(r"^(?:@\w{1,15}\s+)+", "", text, flags=re.ASCII)
