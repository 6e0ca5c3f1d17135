"""Webhook ingress: takes what platforms push, keeps it, and only then answers.

A push is verified and split by the channel's own plugin; the raw payloads are committed before the
answer, together with those of other requests that wait (`earful.actions.Inlet`). When anything
fails before that, the platform hears an error and sends it again.
"""

from __future__ import annotations

import logging

from earful.actions import Inlet
from earful.errors import ActionRefused, AuthenticationFailed, ChannelError
from earful.plugins import contained
from earful.types import WebhookRequest
from flask import Blueprint, Flask, Response, abort, current_app, request

from earful_admin import context
from earful_admin.access import public
from earful_admin.security import csrf, takes_foreign_posts

__all__ = ["init_app"]

logger = logging.getLogger(__name__)
blueprint = Blueprint("ingress", __name__)


@blueprint.route("/webhooks/<channel>", methods=["GET", "POST"])
@csrf.exempt
@takes_foreign_posts
@public
def receive(channel: str) -> Response:
    """One push. A paused channel still stores: it can be read later, but not asked for again."""
    runtime = context.runtime()
    request.max_content_length = runtime.config.server.webhook_max_bytes
    configured = runtime.channels.get(channel)
    webhook = configured.webhook() if configured else None
    if webhook is None:
        abort(404)
    pushed = _as_request()
    try:
        result = contained(f"{channel}.receive", lambda: webhook.receive(pushed))
    except AuthenticationFailed as refused:
        logger.warning("channel=%s webhook refused: %s", channel, refused)
        return _plain("signature refused", 403)
    except ChannelError as error:
        logger.warning("channel=%s webhook not understood: %s", channel, error)
        return _plain("not understood", 400)
    if result.payloads:
        _inlet().accept(channel, result.payloads, now=context.now())
    response = Response(result.body, status=result.status, content_type=result.content_type)
    # What a plugin echoes must never run as a page of ours.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _inlet() -> Inlet:
    inlet: Inlet = current_app.extensions["earful_inlet"]
    return inlet


def _as_request() -> WebhookRequest:
    return WebhookRequest(
        method=request.method,
        query=request.args.to_dict(),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_data(cache=False),
    )


def _plain(text: str, status: int) -> Response:
    return Response(text, status=status, content_type="text/plain; charset=utf-8")


@blueprint.errorhandler(ActionRefused)
@blueprint.errorhandler(404)
def _unknown(error: Exception) -> Response:  # noqa: ARG001
    return _plain("no such webhook", 404)


@blueprint.errorhandler(413)
def _too_large(error: Exception) -> Response:  # noqa: ARG001
    return _plain("too large", 413)


@blueprint.errorhandler(Exception)
def _failed(error: Exception) -> Response:
    """A plugin's bug, or no database: nothing was kept, so the platform must try again."""
    logger.error("webhook %s failed", request.path, exc_info=error)
    return _plain("try again later", 500)


def init_app(app: Flask) -> None:
    """Register the address that platforms push to."""
    app.extensions["earful_inlet"] = Inlet(app.extensions["earful"])
    app.register_blueprint(blueprint)
