"""Posts, comments, conversations and messages as the Graph API shows them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from earful_facebook.sandbox.expansion import Field
from earful_facebook.sandbox.people import Account
from earful_facebook.sandbox.refusals import bad_parameter, unknown_field
from earful_facebook.sandbox.world import Item, Message, World

__all__ = ["Nodes", "conversation_id", "person_of"]

_CONVERSATION = "t_"
_DEFAULT_LIMIT = 25
_MOST = 100


def conversation_id(person: Account) -> str:
    return f"{_CONVERSATION}{person.id}"


def person_of(conversation: str) -> str:
    return conversation.removeprefix(_CONVERSATION)


@dataclass(frozen=True)
class Nodes:
    """Shows what the world holds, with the fields that are asked for."""

    world: World
    base_url: str

    def post(self, post: Item, fields: Sequence[Field]) -> dict[str, Any]:
        return self._show("Post", fields, {
            "id": lambda _: post.id,
            "message": lambda _: post.text,
            "story": lambda _: None,
            "created_time": lambda _: _time(post),
            "updated_time": lambda _: _time(post),
            "from": lambda _: _person(post.author),
            "permalink_url": lambda _: f"https://www.facebook.com/{post.id}",
            "full_picture": lambda _: None,
            "is_hidden": lambda _: post.is_hidden,
            "can_reply_privately": lambda _: self.world.can_reply_privately(post),
            "comments": lambda below: self.comments(post.id, below.below, below.modifiers),
        })  # fmt: skip

    def comment(self, comment: Item, fields: Sequence[Field]) -> dict[str, Any]:
        is_ours = comment.author == self.world.page
        return self._show("Comment", fields, {
            "id": lambda _: comment.id,
            "message": lambda _: comment.text,
            "created_time": lambda _: _time(comment),
            "from": lambda _: _person(comment.author),
            "parent": lambda _: {"id": comment.parent} if comment.parent else None,
            "permalink_url": lambda _: f"https://www.facebook.com/{comment.id}",
            "attachment": lambda _: self._photo(comment),
            "is_hidden": lambda _: comment.is_hidden,
            "user_likes": lambda _: comment.is_liked,
            "can_hide": lambda _: not is_ours,
            "can_comment": lambda _: True,
            "can_reply_privately": lambda _: self.world.can_reply_privately(comment),
            "private_reply_conversation": lambda _: (
                {"id": conversation_id(comment.author)} if comment.private_reply else None
            ),
        })  # fmt: skip

    def _photo(self, comment: Item) -> dict[str, Any] | None:
        if comment.photo is None:
            return None
        src = f"{self.base_url}/pictures/{comment.photo.id}"
        return {"type": "photo", "url": src, "media": {"image": {"src": src}}}

    def rating(self, rating: Item, fields: Sequence[Field]) -> dict[str, Any]:
        return self._show("Recommendation", fields, {
            "created_time": lambda _: _time(rating),
            "has_rating": lambda _: False,
            "has_review": lambda _: True,
            "rating": lambda _: None,
            "recommendation_type": lambda _: "positive",
            "review_text": lambda _: rating.text,
            "reviewer": lambda _: _person(rating.author),
            "open_graph_story": lambda _: {"id": rating.id},
        })  # fmt: skip

    def conversation(self, person: Account, fields: Sequence[Field]) -> dict[str, Any]:
        messages = self.world.talk(person.id)
        return self._show("UnifiedThread", fields, {
            "id": lambda _: conversation_id(person),
            "updated_time": lambda _: _time(messages[0]) if messages else None,
            "participants": lambda _: {"data": [_person(person), _person(self.world.page)]},
            "messages": lambda below: self.messages(person, below.below, below.modifiers),
        })  # fmt: skip

    def message(self, message: Message, fields: Sequence[Field]) -> dict[str, Any]:
        writer = self.world.page if message.is_ours else message.person
        return self._show("Message", fields, {
            "id": lambda _: message.id,
            "created_time": lambda _: _time(message),
            "from": lambda _: _person(writer),
            "message": lambda _: message.text,
            "attachments": lambda _: None,
            "sticker": lambda _: None,
        })  # fmt: skip

    def comments(
        self, under: str, fields: Sequence[Field], params: Mapping[str, str]
    ) -> dict[str, Any]:
        found = self.world.comments(under, only_top=params.get("filter") != "stream")
        since = params.get("since", "")
        if since:
            found = [each for each in found if each.at.timestamp() >= int(since)]
        if params.get("order") == "reverse_chronological":
            found.reverse()
        return self.listed(f"{under}/comments", found, params, lambda x: self.comment(x, fields))

    def messages(
        self, person: Account, fields: Sequence[Field], params: Mapping[str, str]
    ) -> dict[str, Any]:
        path = f"{conversation_id(person)}/messages"
        talk = self.world.talk(person.id)
        return self.listed(path, talk, params, lambda x: self.message(x, fields))

    def listed(
        self,
        path: str,
        found: Sequence[Any],
        params: Mapping[str, str],
        show: Callable[[Any], dict[str, Any]],
    ) -> dict[str, Any]:
        """One page of a list. A cursor names the item that was seen last."""
        limit = _limit(params.get("limit", ""))
        keys = [each.id for each in found]
        after = _uncover(params.get("after", ""))
        start = keys.index(after) + 1 if after in keys else 0
        page = found[start : start + limit]
        if not page:
            return {"data": []}
        cursors = {"before": _cover(page[0].id), "after": _cover(page[-1].id)}
        paging: dict[str, Any] = {"cursors": cursors}
        if start + limit < len(found):
            query = urlencode({**params, "after": cursors["after"], "limit": limit})
            paging["next"] = f"{self.base_url}/v26.0/{path}?{query}"
        return {"data": [show(each) for each in page], "paging": paging}

    def _show(
        self,
        node: str,
        fields: Sequence[Field],
        can: Mapping[str, Callable[[Field], object]],
    ) -> dict[str, Any]:
        """The fields that are asked for, and the id in any case; nothing for what is empty."""
        shown: dict[str, Any] = {}
        for each in fields:
            if each.name not in can:
                raise unknown_field(each.name, node)
            value = can[each.name](each)
            if value is not None:
                shown[each.name] = value
        if "id" in can:
            shown["id"] = can["id"](Field("id"))
        return shown


def _limit(text: str) -> int:
    if not text:
        return _DEFAULT_LIMIT
    if not text.isdigit() or not int(text):
        raise bad_parameter("limit must be a number above 0")
    return min(int(text), _MOST)


def _cover(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _uncover(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise bad_parameter("Invalid cursors values") from None


def _time(item: Item | Message) -> str:
    return f"{item.at:%Y-%m-%dT%H:%M:%S}+0000"


def _person(account: Account) -> dict[str, str]:
    return {"id": account.id, "name": account.name}
