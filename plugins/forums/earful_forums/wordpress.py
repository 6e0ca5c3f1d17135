"""Talks to WordPress's REST interface for comments; knows nothing of cursors or messages."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Literal, Self

from earful import AuthenticationFailed, ChannelError, PayloadError, TemporaryFailure
from earful.http import Response

from earful_forums.settings import ForumsSettings
from earful_forums.text import one_line
from earful_forums.web import open_signed_in

__all__ = ["FULL", "LIGHT", "PER_PAGE", "WordPress", "problem"]

PER_PAGE = 100
LIGHT = "id,date_gmt,content,author_name,parent"
FULL = (
    "id,post,parent,author,author_name,author_url,author_avatar_urls,date_gmt,content,link,"
    "status,_links,_embedded"
)

Fate = Literal["there", "spam", "hidden", "deleted", "unknown"]
_FATES: dict[str, Fate] = {
    "approved": "there",
    "spam": "spam",
    "hold": "hidden",
    "trash": "deleted",
}


class WordPress:
    """One site's interface, signed in if the settings hold credentials."""

    def __init__(self, settings: ForumsSettings, root: str, post: str = "") -> None:
        self.root = root
        self._post = post
        self._user = settings.username
        self._http = open_signed_in(settings, root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def comments(self, **params: str) -> Response:
        """A page of public comments, as it comes; the body is known to be a list."""
        response = self._get("comments", {"per_page": str(PER_PAGE), **self._only_post(), **params})
        if not response.ok:
            raise ChannelError(
                f"{self.root} does not offer its comments: {problem(response)}. "
                f'Set reader = "feed" to read its feed instead'
            )
        _listed(response)
        return response

    def count(self) -> int:
        """How many public comments there are."""
        response = self.comments(per_page="1", _fields="id")
        total = response.headers.get("x-wp-total", "")
        return int(total) if total.isdigit() else 0

    def name(self) -> str:
        """The site's own name, or nothing."""
        response = self._get("", {"_fields": "name"})
        try:
            return one_line(str(response.json().get("name", ""))) if response.ok else ""
        except (PayloadError, AttributeError):
            return ""

    def me(self) -> str:
        """The number of the user we are signed in as.

        WordPress takes a wrong password for no password at all, so it has to be asked.
        """
        response = self._get("users/me", {"_fields": "id"})
        if response.status in {401, 403}:
            raise AuthenticationFailed(
                f"WordPress does not accept the application password of {self._user!r}: "
                f"{problem(response)}"
            )
        found = response.json() if response.ok else None
        if not isinstance(found, dict) or type(found.get("id")) is not int:
            raise TemporaryFailure(f"{self.root} does not say who we are: {problem(response)}")
        return str(found["id"])

    def statuses(self, numbers: Iterable[int]) -> dict[int, Fate] | None:
        """What became of comments, by a moderator's eyes; None if we are no moderator."""
        response = self._get(
            "comments",
            {"include": _joined(numbers), "status": "any", "_fields": "id,status",
             "per_page": str(PER_PAGE)},
        )  # fmt: skip
        if not response.ok:
            return None
        return {
            item["id"]: _FATES.get(str(item.get("status")), "hidden") for item in _listed(response)
        }

    def fate(self, number: int) -> Fate:
        """What became of one comment, as far as anybody may know."""
        response = self._get(f"comments/{number}", {"_fields": "id,status"})
        if response.ok:
            found = response.json()
            status = str(found.get("status")) if isinstance(found, dict) else ""
            return _FATES.get(status, "hidden")
        code = _error(response).get("code")
        if response.status == HTTPStatus.NOT_FOUND and code == "rest_comment_invalid_id":
            return "deleted"
        return "hidden" if code in {"rest_cannot_read", "rest_cannot_read_post"} else "unknown"

    def comment(self, number: str) -> dict[str, Any]:
        """One comment's facts, or nothing if it cannot be read."""
        response = self._get(f"comments/{number}", {"_fields": "id,post,status"})
        found = response.json() if response.ok else {}
        return found if isinstance(found, dict) else {}

    def comments_of(self, user: str, **params: str) -> list[dict[str, Any]]:
        """A user's comments, with as much as we may see: raw text for moderators only."""
        fields = "id,parent,author,content,link,date_gmt"
        query = {"per_page": str(PER_PAGE), "_fields": fields, **params}
        for rights in ({"context": "edit", "status": "any", "author": user},
                       {"status": "any", "author": user}, {}):  # fmt: skip
            response = self._get("comments", {**rights, **query})
            if response.ok:
                return [one for one in _listed(response) if str(one.get("author")) == user]
        raise ChannelError(f"Our comments cannot be listed: {problem(response)}")

    def write(self, path: str, fields: dict[str, Any]) -> Response:
        """Create or change a comment; every answer but a lost one is returned."""
        return self._http.post(self._address(path), json=fields, check_auth=False)

    def _get(self, path: str, params: dict[str, str]) -> Response:
        return self._http.get(self._address(path), params=params, check_auth=False)

    def _address(self, path: str) -> str:
        return f"{self.root}wp/v2/{path}" if path else self.root

    def _only_post(self) -> dict[str, str]:
        return {"post": self._post} if self._post else {}


def problem(response: Response) -> str:
    """WordPress's own words for what is wrong, or the status."""
    error = _error(response)
    said = one_line(str(error.get("message") or ""))
    return said or f"it answers {response.status}"


def _error(response: Response) -> dict[str, Any]:
    try:
        found = response.json()
    except PayloadError:
        return {}
    return found if isinstance(found, dict) else {}


def _listed(response: Response) -> list[dict[str, Any]]:
    """The items of a list; a page of a cache or of maintenance in its place passes by."""
    try:
        found = response.json()
    except PayloadError as error:
        raise TemporaryFailure(str(error)) from error
    if not isinstance(found, list) or not all(
        isinstance(item, dict) and type(item.get("id")) is int for item in found
    ):
        raise TemporaryFailure(f"{response.url} does not answer with a list")
    return found


def _joined(numbers: Iterable[int]) -> str:
    return ",".join(str(number) for number in numbers)
