"""A guarded HTTP client for addresses that strangers may choose; part of the plugin API.

It talks to public addresses only (unless told otherwise), connects to the very address it has
checked, follows redirects itself, ends in time and in size, and raises nothing but Earful's own
errors. It keeps no cookies and reads no proxy settings. One client serves one thread.

    with Client(base_url="https://blog.example/", auth=("user", "secret")) as http:
        response = http.get("wp-json/wp/v2/comments", params={"per_page": "1"})
"""

from __future__ import annotations

from earful.http.addresses import is_public
from earful.http.answers import Response, parse_retry_after
from earful.http.client import Client

__all__ = ["Client", "Response", "is_public", "parse_retry_after"]
