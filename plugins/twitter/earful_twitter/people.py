"""X's users as authors; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from earful import Author

from earful_twitter.settings import SITE

__all__ = ["People", "inner"]


def inner(found: Any) -> Mapping[str, Any]:
    """An object that comes bare or wrapped as `{"data": {…}}`; {} if it is neither."""
    if not isinstance(found, Mapping):
        return {}
    data = found.get("data")
    return data if isinstance(data, Mapping) else found


class People:
    """The users that came with a document, by id."""

    def __init__(self, users: Iterable[Any] = (), *, site: str = SITE) -> None:
        known = (inner(user) for user in users)
        self._users = {str(user["id"]): user for user in known if user.get("id")}
        self._site = site

    def author(self, user_id: str) -> Author:
        """The author with this id; nameless if the document does not tell who that is."""
        user = self._users.get(user_id, {})
        handle = _text(user.get("username"))
        return Author(
            external_id=user_id,
            name=_text(user.get("name")) or (f"@{handle}" if handle else ""),
            handle=handle,
            url=f"{self._site}/{handle}" if handle else f"{self._site}/i/user/{user_id}",
            avatar_url=_web(user.get("profile_image_url")),
            reach=_count(user.get("public_metrics")),
            verified=user.get("verified") is True,
        )

    def handle(self, user_id: str) -> str:
        """The user's handle; "" if nobody told."""
        return _text(self._users.get(user_id, {}).get("username"))

    def fact(self, user_id: str, name: str) -> Any:
        """What the document says of a user under `name`; None if nothing."""
        return self._users.get(user_id, {}).get(name)


def _count(metrics: Any) -> int | None:
    value = metrics.get("followers_count") if isinstance(metrics, Mapping) else None
    return value if type(value) is int and value >= 0 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _web(value: Any) -> str | None:
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else None
