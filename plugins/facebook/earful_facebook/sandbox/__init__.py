"""A stateful stand-in for Facebook: the Graph API, Facebook Login, pushes, and customers to play.

Nothing is kept: a new start is a new Facebook. It follows the documents of Graph API v26.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from earful.sandbox import Deliveries, WSGIApplication
from flask import Flask, Response
from werkzeug.routing import BaseConverter

from earful_facebook.sandbox.access import Access
from earful_facebook.sandbox.calls import graph
from earful_facebook.sandbox.dialog import dialog
from earful_facebook.sandbox.people import APP_ID, APP_SECRET, PAGES, VERIFY_TOKEN
from earful_facebook.sandbox.play import play
from earful_facebook.sandbox.stage import Stage

__all__ = ["FacebookSandbox", "make_app"]

_LARGEST = 16 * 1024 * 1024
_PORT = 8572


class _Version(BaseConverter):
    regex = r"v\d+\.\d+"


class FacebookSandbox:
    """What `earful sandbox facebook` serves."""

    title = "Facebook"
    default_port = _PORT

    def app(self, base_url: str, hooks: Deliveries) -> WSGIApplication:
        return make_app(Stage(base_url, hooks))

    def settings(self, base_url: str) -> Mapping[str, Any]:
        return {
            "app_id": APP_ID,
            "app_secret": APP_SECRET,
            "verify_token": VERIFY_TOKEN,
            "base_url": base_url,
            "dialog_url": base_url,
            "allow_private_addresses": True,
        }

    def credentials(self) -> Mapping[str, str]:
        page = PAGES[0]
        token = Access.FIRST_PAGE_TOKEN
        return {"page_id": page.id, "page_name": page.name, "access_token": token}


def make_app(stage: Stage) -> Flask:
    """The application of one running sandbox."""
    app = Flask(__name__, static_folder=None)
    app.extensions["stage"] = stage
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST
    app.url_map.converters["regex_version"] = _Version
    for part in (graph, dialog, play):
        app.register_blueprint(part)
    app.after_request(_protect)
    return app


def _protect(response: Response) -> Response:
    """No scripts, nothing from elsewhere; the dialog's form may lead back to who asked."""
    back = response.headers.pop("X-Form-Action", "")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; img-src 'self' data:; style-src 'self'; frame-src 'self'; "
        "frame-ancestors 'self'; "
        f"base-uri 'none'; form-action 'self' {back}".strip()
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
