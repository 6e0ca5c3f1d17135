"""Facebook Login's dialog: who allows what, for which Pages."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from earful_facebook.fields import ASKED_PERMISSIONS
from earful_facebook.sandbox.calls import stage
from earful_facebook.sandbox.people import APP_ID, PAGES

__all__ = ["dialog"]

dialog = Blueprint("dialog", __name__, template_folder="templates")


@dialog.get("/<regex_version:version>/dialog/oauth")
def ask(version: str) -> Response:  # noqa: ARG001 - every version asks the same
    asked = request.args
    problem = _problem()
    page = render_template(
        "dialog.html",
        problem=problem,
        asked=asked,
        permissions=[each for each in asked.get("scope", "").split(",") if each],
        told=ASKED_PERMISSIONS,
        pages=PAGES,
    )
    response = make_response(page, 400 if problem else 200)
    # The answer to the form leads back to where the person came from.
    parts = urlsplit(asked.get("redirect_uri", ""))
    if not problem:
        response.headers["X-Form-Action"] = f"{parts.scheme}://{parts.netloc}"
    return response


@dialog.post("/<regex_version:version>/dialog/oauth")
def answer(version: str) -> AnyResponse:  # noqa: ARG001
    problem = _problem()
    if problem:
        return make_response(render_template("dialog.html", problem=problem), 400)
    back, state = request.args["redirect_uri"], request.args.get("state", "")
    if request.form.get("answer") != "allow":
        return _back(back, {
            "error": "access_denied", "error_reason": "user_denied", "state": state,
            "error_description": "Permissions error: the user denied the request",
        })  # fmt: skip
    allowed = frozenset(request.form.getlist("permission"))
    code = stage().access.code(back, allowed, tuple(request.form.getlist("page")))
    return _back(back, {"code": code, "state": state})


def _back(address: str, query: dict[str, str]) -> AnyResponse:
    joint = "&" if urlsplit(address).query else "?"
    return redirect(f"{address}{joint}{urlencode(query)}")


def _problem() -> str:
    if request.args.get("client_id") != APP_ID:
        return "Invalid App ID: the client_id is not this sandbox's."
    if urlsplit(request.args.get("redirect_uri", "")).scheme not in {"http", "https"}:
        return "The redirect_uri is no web address."
    return ""
