"""Opens the guarded client as the settings want it, and words what a status means."""

from __future__ import annotations

from urllib.parse import urlsplit

from earful import ChannelError
from earful.http import Client, Response

from earful_forums.links import same_host
from earful_forums.settings import ForumsSettings

__all__ = ["MOST_BYTES", "expect_page", "open_client", "open_signed_in"]

MOST_BYTES = 8 * 1024 * 1024


def open_client(settings: ForumsSettings) -> Client:
    """A client that nobody recognises."""
    return Client(
        allow_private=settings.allow_private_addresses,
        deadline_seconds=settings.timeout_seconds,
        max_bytes=MOST_BYTES,
    )


def open_signed_in(settings: ForumsSettings, root: str) -> Client:
    """A client for the site's own interface, with the credentials if there are any.

    The site names the interface's address, so the credentials are given to the configured host
    only, and never in the clear over the public internet.
    """
    if settings.auth is None:
        return open_client(settings)
    if not same_host(root, settings.url):
        raise ChannelError(
            f"{settings.url} keeps its interface at {root}, which is another host: "
            f"set url to that host before giving it a password"
        )
    if urlsplit(root).scheme != "https" and not settings.allow_private_addresses:
        raise ChannelError(f"{root} is not https: the application password is not sent there")
    return Client(
        base_url=root,
        auth=settings.auth,
        allow_private=settings.allow_private_addresses,
        deadline_seconds=settings.timeout_seconds,
        max_bytes=MOST_BYTES,
    )


def expect_page(response: Response) -> Response:
    """The response if it is a page; otherwise a sentence for the operator."""
    if response.ok:
        return response
    reasons = {
        401: "it asks for a password",
        403: "it does not let us read it",
        404: "there is no such page",
        410: "it is gone for good",
    }
    reason = reasons.get(response.status, "that is no page to read")
    raise ChannelError(f"{response.url} answers {response.status}: {reason}")
