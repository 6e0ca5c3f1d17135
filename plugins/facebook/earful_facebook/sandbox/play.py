"""The page on which a developer plays the customers, and makes things go wrong."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from earful_facebook.sandbox.calls import stage
from earful_facebook.sandbox.people import PEOPLE
from earful_facebook.sandbox.refusals import Refusal

__all__ = ["play"]

play = Blueprint("play", __name__, template_folder="templates", static_folder="static",
                 static_url_path="/sandbox")  # fmt: skip

_LONGEST = 10_000


@play.before_request
def _only_from_here() -> None:
    """No other site's page may write here in somebody's name."""
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin not in {None, "null", request.host_url.rstrip("/")}:
        abort(403)


@play.get("/")
def home() -> str:
    world = stage().world
    who = request.args.get("as", PEOPLE[0].id)
    chosen = request.args.get("item", "")
    return render_template(
        "play.html",
        world=world,
        people=PEOPLE,
        who=who,
        verb=request.args.get("do", "post"),
        chosen=world.items.get(chosen) or world.messages.get(chosen),
        trouble=stage().trouble,
        webhook=stage().webhook,
        said=request.args.get("said", ""),
    )


@play.get("/wall")
def wall() -> Response:
    """What stands on the Page now. Loads itself again, because other programs write, too."""
    still = "still" in request.args
    page = render_template(
        "wall.html",
        world=stage().world,
        people=PEOPLE,
        still=still,
        pushed=stage().hooks.log[::-1][:8],
    )
    response = make_response(page)
    if not still:
        response.headers["Refresh"] = "3"
    return response


@play.get("/pictures/<photo>")
def picture(photo: str) -> Response:
    """A photo, as anybody sees it."""
    found = stage().world.photos.get(photo) or abort(404)
    return Response(found.data, content_type=found.content_type)


@play.post("/write")
def write() -> AnyResponse:
    """A post, a comment or a private message of a customer."""
    world, form = stage().world, request.form
    who, said = form.get("as", ""), form.get("text", "").strip()[:_LONGEST]
    if who not in {each.id for each in PEOPLE} or not said:
        return _home("Choose a person and write something.")
    kind, under = form.get("do", "post"), form.get("item", "")
    try:
        if kind == "comment":
            world.write_comment(who, under, said)
        elif kind == "message":
            world.write_message(who, said)
        elif kind == "rating":
            world.write_rating(who, said)
        elif kind == "mention":
            world.write_mention(who, said)
        else:
            world.write_post(who, said)
    except KeyError:
        return _home("That is not there any more.")
    return _home("Written.")


@play.post("/edit")
def edit() -> AnyResponse:
    """Another text for something a customer wrote, or its end."""
    world, item = stage().world, request.form.get("item", "")
    try:
        if request.form.get("answer") == "remove":
            world.remove(item)
            return _home("Deleted.")
        world.edit(item, request.form.get("text", "").strip()[:_LONGEST])
    except KeyError:
        return _home("That is not there any more.")
    return _home("Changed.")


@play.post("/read")
def read() -> AnyResponse:
    """A customer reads what the Page has written to them."""
    who = request.form.get("as", "")
    if who not in {each.id for each in PEOPLE}:
        return _home("Choose a person.")
    stage().world.read_messages(who)
    return _home("Read.")


@play.post("/trouble")
def trouble() -> AnyResponse:
    """What shall go wrong next."""
    knob = request.form.get("knob", "")
    told = {
        "drop": "The next push will be lost.",
        "fail": "The next call will fail.",
        "hang": "The next answer will be taken, and then nothing is said.",
        "limit": "The limit is used up for ten minutes.",
        "free": "The limit is free again.",
        "day": "A day has passed on Facebook.",
        "revoke": "Nobody is signed in any more: connect again.",
    }
    if knob not in told:
        abort(400)
    _turn(knob)
    return _home(told[knob])


def _turn(knob: str) -> None:
    now = stage()
    if knob == "drop":
        now.trouble.drop_push = True
    elif knob == "fail":
        said = "(#2) Service temporarily unavailable"
        now.trouble.refusal = Refusal(500, 2, said, is_transient=True)
    elif knob == "hang":
        now.trouble.hang_after_write = True
    elif knob in {"limit", "free"}:
        is_full = knob == "limit"
        now.trouble.usage_percent, now.trouble.regain_minutes = (100, 10) if is_full else (3, 0)
    elif knob == "day":
        now.passed += timedelta(days=1)
    else:
        now.access.revoke_all()


def _home(said: str) -> AnyResponse:
    who = request.form.get("as", PEOPLE[0].id)
    query = urlencode({"said": said, "as": who})
    return redirect(f"{url_for('play.home')}?{query}", code=303)
