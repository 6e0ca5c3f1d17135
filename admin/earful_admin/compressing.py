"""Text goes over the wire compressed, where the browser asks for it.

Static files are compressed by `assets`, once and well; here is what is made for each request.

What another site makes a browser ask for is left as it is: docs/decisions/0026 says why.
"""

from __future__ import annotations

import gzip

from flask import Flask, Request, Response, request

__all__ = ["accepts_gzip", "init_app"]

LEAST = 1024
"""Bytes; less than that is not worth it."""
LEVEL = 5
"""Within a tenth of the smallest, in a third of the time."""
_TEXTS = {
    "application/json",
    "application/manifest+json",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/plain",
}


def init_app(app: Flask) -> None:
    """Compress answers; first of all parts, so that it sees what the others made of them."""
    app.after_request(_compress)


def accepts_gzip(asked: Request) -> bool:
    """Whether a compressed answer can be read, and does not go to a page of another site."""
    is_own = asked.headers.get("Sec-Fetch-Site", "none") in {"same-origin", "none"}
    return is_own and asked.accept_encodings["gzip"] > 0


def _compress(response: Response) -> Response:
    if response.mimetype not in _TEXTS or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    if response.is_streamed or response.direct_passthrough or not accepts_gzip(request):
        return response
    content = response.get_data()
    if len(content) < LEAST or response.status_code in {204, 206, 304}:
        return response
    response.set_data(gzip.compress(content, LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    etag, is_weak = response.get_etag()
    if etag and not is_weak:
        response.set_etag(etag, weak=True)
    return response
