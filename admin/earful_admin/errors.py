"""What people read when something is refused or fails: plain words, and the way on."""

from __future__ import annotations

import logging

import peewee
from earful.errors import ActionRefused
from earful.wording import gettext as _
from earful.wording import mark
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
    400: (
        mark("That did not work"),
        mark("The request was incomplete. Go back, reload the page, try again."),
    ),
    403: (
        mark("Not for your role"),
        mark(
            "Your role does not include this page or action. "
            "Ask an admin of your team if you need it."
        ),
    ),
    404: (
        mark("Nothing is here"),
        mark("The page may have moved, or the address has a typing mistake."),
    ),
    405: (mark("That did not work"), mark("This address cannot be used that way.")),
    409: (
        mark("Not done"),
        mark("Somebody else was faster. Reload the page to see how things stand."),
    ),
    413: (mark("Too large"), mark("What you sent is larger than this server takes.")),
    429: (
        mark("Slow down a little"),
        mark("There were too many requests. Wait a minute, then try again."),
    ),
    500: (
        mark("Something broke on our side"),
        mark("Nothing you entered before was lost. The fault was logged; try again in a moment."),
    ),
    503: (
        mark("The database cannot be reached"),
        mark(
            "Earful goes on as soon as it is back. Messages wait on their platforms; none is lost."
        ),
    ),
}
_EXPIRED = (
    mark("This page was open for too long"),
    mark("Your session changed since it was loaded. Go back, reload the page, and try again."),
)


def init_app(app: Flask) -> None:
    """Answer every error with a page, or with a toast where a part was asked for."""
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
    if _asks_for_part() or request.method == "GET" or not is_own_page(request.referrer):
        return _answer(409, _("Not done"), str(refused))
    say(str(refused), "danger")
    return redirect(request.referrer or url_for("inbox.index"), 303)


def _expired(error: CSRFError) -> ResponseReturnValue:  # noqa: ARG001
    return _answer(400, *map(_, _EXPIRED))


def _known(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:  # noqa: PLR2004 - a redirect is no error
        return error.get_response()
    words = _WORDS.get(error.code, (error.name, error.description or ""))
    return _answer(error.code, *map(_, words))


def _no_database(error: Exception) -> ResponseReturnValue:
    logger.error("the database cannot be reached: %s", error)
    return _answer(503, *map(_, _WORDS[503]))


def _no_such_number(error: Exception) -> ResponseReturnValue:
    """An address with a number that no column holds: each database says so in its own way."""
    logger.warning("%s %s: %s", request.method, request.path, error)
    return _answer(404, *map(_, _WORDS[404]))


def _unknown(error: Exception) -> ResponseReturnValue:
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return _answer(500, *map(_, _WORDS[500]))


def _answer(code: int, title: str, text: str) -> ResponseReturnValue:
    if code >= 500:  # noqa: PLR2004 - what a page is made of may be what is broken
        context.as_stranger()
    if _asks_for_part():
        headers = {**toast_header(f"{title}. {text}", "danger"), "HX-Reswap": "none"}
        return f"{title}. {text}", code, headers
    return render_template("error.html", code=code, title=title, text=text), code


def _asks_for_part() -> bool:
    return "HX-Request" in request.headers
