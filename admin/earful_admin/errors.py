"""What people read when something is refused or fails: plain words, and the way on."""

from __future__ import annotations

import logging

import peewee
from earful.errors import ActionRefused
from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from earful_admin import context
from earful_admin.security import is_own_page
from earful_admin.toasts import say, toast_header

__all__ = ["init_app"]

logger = logging.getLogger(__name__)

_WORDS = {
    400: ("That did not work", "The request was incomplete. Go back, reload the page, try again."),
    403: (
        "Not for your role",
        "Your role does not include this page or action. Ask an admin of your team if you need it.",
    ),
    404: ("Nothing is here", "The page may have moved, or the address has a typing mistake."),
    405: ("That did not work", "This address cannot be used that way."),
    409: ("Not done", "Somebody else was faster. Reload the page to see how things stand."),
    413: ("Too large", "What you sent is larger than this server takes."),
    429: ("Slow down a little", "There were too many requests. Wait a minute, then try again."),
    500: (
        "Something broke on our side",
        "Nothing you entered before was lost. The fault was logged; try again in a moment.",
    ),
    503: (
        "The database cannot be reached",
        "Earful goes on as soon as it is back. Messages wait on their platforms; none is lost.",
    ),
}
_EXPIRED = (
    "This page was open for too long",
    "Your session changed since it was loaded. Go back, reload the page, and try again.",
)


def init_app(app: Flask) -> None:
    """Answer every error with a page, or with a toast where htmx asked."""
    app.register_error_handler(ActionRefused, _refused)
    app.register_error_handler(CSRFError, _expired)
    app.register_error_handler(HTTPException, _known)
    app.register_error_handler(peewee.OperationalError, _no_database)
    app.register_error_handler(peewee.InterfaceError, _no_database)
    app.register_error_handler(peewee.DataError, _no_such_number)
    app.register_error_handler(OverflowError, _no_such_number)
    app.register_error_handler(Exception, _unknown)


def _refused(refused: ActionRefused) -> ResponseReturnValue:
    """The action's own words: beside what was being done, if there is a page to return to."""
    if _is_htmx() or request.method == "GET" or not is_own_page(request.referrer):
        return _answer(409, "Not done", str(refused))
    say(str(refused), "danger")
    return redirect(request.referrer or url_for("inbox.index"), 303)


def _expired(error: CSRFError) -> ResponseReturnValue:  # noqa: ARG001
    return _answer(400, *_EXPIRED)


def _known(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:  # noqa: PLR2004 - a redirect is no error
        return error.get_response()
    return _answer(error.code, *_WORDS.get(error.code, (error.name, error.description or "")))


def _no_database(error: Exception) -> ResponseReturnValue:
    logger.error("the database cannot be reached: %s", error)
    return _answer(503, *_WORDS[503])


def _no_such_number(error: Exception) -> ResponseReturnValue:
    """An address with a number that no column holds: each database says so in its own way."""
    logger.warning("%s %s: %s", request.method, request.path, error)
    return _answer(404, *_WORDS[404])


def _unknown(error: Exception) -> ResponseReturnValue:
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return _answer(500, *_WORDS[500])


def _answer(code: int, title: str, text: str) -> ResponseReturnValue:
    if code >= 500:  # noqa: PLR2004 - what a page is made of may be what is broken
        context.as_stranger()
    if _is_htmx():
        headers = {**toast_header(f"{title}. {text}", "danger"), "HX-Reswap": "none"}
        return f"{title}. {text}", code, headers
    return render_template("error.html", code=code, title=title, text=text), code


def _is_htmx() -> bool:
    return "HX-Request" in request.headers
