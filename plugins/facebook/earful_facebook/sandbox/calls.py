"""The Graph API: which calls there are, what they need, and how they answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import httpx
from flask import Blueprint, Response, current_app, jsonify, request

from earful_facebook.sandbox.access import Token, page_of, require
from earful_facebook.sandbox.expansion import Field, read_fields
from earful_facebook.sandbox.nodes import person_of
from earful_facebook.sandbox.people import APP_ID, APP_SECRET, PAGES
from earful_facebook.sandbox.refusals import (
    Refusal,
    bad_parameter,
    not_there,
    outside_window,
    unknown_field,
    used_up,
)
from earful_facebook.sandbox.stage import Call, Stage
from earful_facebook.sandbox.world import Item
from earful_facebook.settings import ANSWER_WINDOW, HUMAN_AGENT_WINDOW

__all__ = ["graph", "stage"]

graph = Blueprint("graph", __name__, url_prefix="/<regex_version:version>")
View = TypeVar("View", bound=Callable[..., Any])

LONGEST_COMMENT, LONGEST_MESSAGE = 8000, 2000
_HIDDEN_PARAMS = frozenset({"access_token", "appsecret_proof", "client_secret"})


def stage() -> Stage:
    """The running sandbox of this application."""
    found: Stage = current_app.extensions["stage"]
    return found


@graph.url_value_preprocessor
def _drop_version(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    if values:
        values.pop("version", None)


@graph.before_request
def _note_call() -> None:
    params = {key: value for key, value in _params().items() if key not in _HIDDEN_PARAMS}
    path = request.path.split("/", 2)[2]
    stage().calls.append(Call(request.method, path, params))
    trouble = stage().trouble
    if trouble.refusal is not None:
        refusal, trouble.refusal = trouble.refusal, None
        raise refusal


@graph.errorhandler(Refusal)
def _refused(refusal: Refusal) -> tuple[Response, int]:
    return jsonify({"error": refusal.error}), refusal.status


@graph.errorhandler(KeyError)
def _missing(error: KeyError) -> tuple[Response, int]:
    return _refused(not_there(str(error.args[0] if error.args else "")))


@graph.after_request
def _tell_usage(response: Response) -> Response:
    trouble = stage().trouble
    if trouble.tells_usage:
        used = {
            "call_count": trouble.usage_percent,
            "total_cputime": trouble.usage_percent // 2,
            "total_time": trouble.usage_percent // 2,
        }
        for_page = {
            **used,
            "type": "pages",
            "estimated_time_to_regain_access": trouble.regain_minutes,
        }
        response.headers["X-Business-Use-Case-Usage"] = json.dumps({PAGES[0].id: [for_page]})
        response.headers["X-App-Usage"] = json.dumps(dict.fromkeys(used, 1))
    return response


def _params() -> dict[str, str]:
    """Whatever was sent: in the address, as a form, or as JSON."""
    found = {**request.args.to_dict(), **request.form.to_dict()}
    body = request.get_json(silent=True)
    if isinstance(body, dict):
        found |= {key: v if isinstance(v, str) else json.dumps(v) for key, v in body.items()}
    return found


def _token() -> Token:
    text = _params().get("access_token", "")
    stage().access.require_proof(text, _params().get("appsecret_proof", ""))
    token = stage().access.valid(text)
    if stage().is_used_up and token.page:
        raise used_up()
    return token


def for_page(*permissions: str) -> Callable[[View], View]:
    """A call that needs a Page's own token, and these permissions."""

    def decorate(view: View) -> View:
        @wraps(view)
        def call(*args: Any, **kwargs: Any) -> Any:
            token = _token()
            if not token.page:
                raise Refusal(403, 200, "(#200) A page access token is required")
            for each in permissions:
                require(token, each)
            return view(*args, **kwargs)

        return call  # type: ignore[return-value]

    return decorate


def _fields(default: str) -> list[Field]:
    return read_fields(_params().get("fields") or default)


def _object(name: str) -> dict[str, Any]:
    try:
        found = json.loads(_params().get(name, ""))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise bad_parameter(f"Param {name} must be an object")
    return found


# ── Signing in ────────────────────────────────────────────────────────────────────────────────


@graph.get("/oauth/access_token")
def access_token() -> dict[str, Any]:
    params, access = _params(), stage().access
    if params.get("client_id") != APP_ID or params.get("client_secret") != APP_SECRET:
        raise Refusal(400, 1, "Error validating client secret.")
    if params.get("grant_type") == "fb_exchange_token":
        token = access.exchange_token(params.get("fb_exchange_token", ""))
    else:
        token = access.exchange_code(params.get("code", ""), params.get("redirect_uri", ""))
    return {"access_token": token.text, "token_type": "bearer", "expires_in": _seconds(token)}


def _seconds(token: Token) -> int:
    return int((token.until - stage().now()).total_seconds()) if token.until else 0


@graph.get("/debug_token")
def debug_token() -> dict[str, Any]:
    _app_token()
    return {"data": stage().access.facts(_params().get("input_token", ""))}


def _app_token() -> None:
    text = _params().get("access_token", "")
    if not stage().access.is_app(text):
        raise Refusal(400, 190, "Invalid OAuth access token signature.")
    stage().access.require_proof(text, _params().get("appsecret_proof", ""))


@graph.get("/me/accounts")
def accounts() -> dict[str, Any]:
    user = _token()
    require(user, "pages_show_list")
    pages = [each for each in PAGES if each.id in user.pages]

    def show(page: Any) -> dict[str, Any]:
        token = stage().access.page_token(user, page.id).text
        return {"id": page.id, "name": page.name, "category": page.category, "access_token": token}

    return stage().nodes.listed("me/accounts", pages, _params(), show)


@graph.post(f"/{APP_ID}/subscriptions")
def subscribe_app() -> dict[str, Any]:
    """The app's address for pushes, checked at once as the platform does."""
    _app_token()
    params = _params()
    url, verify = params.get("callback_url", ""), params.get("verify_token", "")
    query = {"hub.mode": "subscribe", "hub.verify_token": verify, "hub.challenge": "1158201444"}
    try:
        answer = httpx.get(url, params=query, timeout=10, trust_env=False)
        taken = answer.status_code == 200 and answer.text == query["hub.challenge"]  # noqa: PLR2004
    except (httpx.HTTPError, httpx.InvalidURL):
        taken = False
    if not taken:
        raise Refusal(400, 2200, "(#2200) Callback verification failed")
    stage().webhook, stage().verify_token = url, verify
    return {"success": True}


# ── The Page ──────────────────────────────────────────────────────────────────────────────────


@graph.route("/<page>/subscribed_apps", methods=["GET", "POST"])
@for_page("pages_manage_metadata")
def subscribed_apps(page: str) -> dict[str, Any]:
    _the_page(page)
    if request.method == "POST":
        asked = _params().get("subscribed_fields", "")
        if not asked:
            raise bad_parameter("Param subscribed_fields is required")
        stage().subscribed[page] = tuple(asked.split(","))
        return {"success": True}
    if page not in stage().subscribed:
        return {"data": []}
    fields = stage().subscribed[page]
    return {"data": [{"id": APP_ID, "name": "Sandbox", "subscribed_fields": list(fields)}]}


def _the_page(page_id: str) -> None:
    if page_of(page_id) is None:
        raise not_there(page_id)


@graph.get("/<page>/<any(feed,visitor_posts,tagged):edge>")
@for_page("pages_read_engagement", "pages_read_user_content")
def feed(page: str, edge: str) -> dict[str, Any]:
    _the_page(page)
    nodes, fields = stage().nodes, _fields("id,message,created_time")
    world = stage().world
    posts = world.mentions() if edge == "tagged" else world.posts()
    if page != world.page.id:
        posts = []
    if edge == "visitor_posts":
        posts = [each for each in posts if each.author.id != page]
    return nodes.listed(f"{page}/{edge}", posts, _params(), lambda x: nodes.post(x, fields))


@graph.get("/<page>/ratings")
@for_page("pages_read_user_content")
def ratings(page: str) -> dict[str, Any]:
    _the_page(page)
    nodes, fields = stage().nodes, _fields("created_time,review_text,reviewer")
    found = stage().world.ratings() if page == stage().world.page.id else []
    return nodes.listed(f"{page}/ratings", found, _params(), lambda x: nodes.rating(x, fields))


@graph.get("/<page>/conversations")
@for_page("pages_messaging")
def conversations(page: str) -> dict[str, Any]:
    _the_page(page)
    nodes, fields = stage().nodes, _fields("id,updated_time")
    found = stage().world.people_in_touch() if page == stage().world.page.id else []
    if _params().get("user_id"):
        found = [each for each in found if each.id == _params()["user_id"]]
    return nodes.listed(
        f"{page}/conversations", found, _params(), lambda x: nodes.conversation(x, fields)
    )


@graph.get("/<conversation>/messages")
@for_page("pages_messaging")
def messages(conversation: str) -> dict[str, Any]:
    person = stage().world.account(person_of(conversation))
    return stage().nodes.messages(person, _fields("id,created_time"), _params())


@graph.post("/<page>/messages")
@for_page("pages_messaging")
def send(page: str) -> dict[str, Any]:
    """The Send API: an answer in Messenger, or the one private reply to a comment or post."""
    _the_page(page)
    recipient, said = _object("recipient"), _object("message").get("text")
    if not isinstance(said, str) or not said.strip():
        raise bad_parameter("Param message must be non-empty")
    if len(said) > LONGEST_MESSAGE:
        raise bad_parameter("Length of param message[text] must be less than or equal to 2000")
    target = recipient.get("comment_id") or recipient.get("post_id")
    if target:
        return _private_reply(str(target), said)
    return _answer(str(recipient.get("id") or ""), said)


def _private_reply(target: str, said: str) -> dict[str, Any]:
    world = stage().world
    with world.lock:
        item = world.there(target)
        if item.private_reply:
            raise Refusal(400, 10900, "(#10900) Activity already replied to")
        if not world.can_reply_privately(item):
            raise Refusal(400, 10903, "(#10903) This user cannot reply to this activity")
        message = world.write_message(item.author.id, said, by_page=True)
        item.private_reply = message.id
    stage().hang_if_asked()
    return {"recipient_id": item.author.id, "message_id": message.id}


def _answer(person_id: str, said: str) -> dict[str, Any]:
    world, params = stage().world, _params()
    if not any(each.id == person_id for each in world.people_in_touch()):
        raise Refusal(400, 100, "(#100) No matching user found", subcode=2018001)
    last = world.last_inbound(person_id)
    is_human = params.get("messaging_type") == "MESSAGE_TAG" and params.get("tag") == "HUMAN_AGENT"
    window = HUMAN_AGENT_WINDOW if is_human else ANSWER_WINDOW
    if last is None or world.now() - last > window:
        raise outside_window()
    message = world.write_message(person_id, said, by_page=True)
    stage().hang_if_asked()
    return {"recipient_id": person_id, "message_id": message.id}


# ── Posts and comments ────────────────────────────────────────────────────────────────────────


@graph.get("/<item>/comments")
@for_page("pages_read_engagement", "pages_read_user_content")
def comments(item: str) -> dict[str, Any]:
    stage().world.there(item)
    return stage().nodes.comments(item, _fields("id,message,created_time,from"), _params())


@graph.post("/<item>/comments")
@for_page("pages_manage_engagement")
def comment(item: str) -> dict[str, Any]:
    said = _params().get("message", "")
    if not said.strip():
        raise bad_parameter("Param message must be non-empty")
    if len(said) > LONGEST_COMMENT:
        raise bad_parameter("The comment is too long")
    world = stage().world
    if world.there(item).kind == "rating":
        raise not_there(item)
    named = _params().get("attachment_id", "")
    if named and named not in world.photos:
        raise bad_parameter("Param attachment_id must be a valid unpublished photo")
    written = world.write_comment(world.page.id, item, said, world.photos.get(named))
    stage().hang_if_asked()
    return {"id": written.id}


@graph.post("/<page>/photos")
@for_page("pages_manage_posts")
def take_photo(page: str) -> dict[str, Any]:
    """An unpublished photo, to be named by a comment."""
    _the_page(page)
    file = request.files.get("source")
    if file is None or file.mimetype not in {"image/jpeg", "image/png"}:
        raise Refusal(400, 324, "(#324) Missing or invalid image file")
    if _params().get("published") != "false":
        raise bad_parameter("The sandbox takes unpublished photos only")
    alt = _params().get("alt_text_custom", "")
    return {"id": stage().world.take_photo(file.mimetype, file.read(), alt).id}


@graph.route("/<item>/likes", methods=["POST", "DELETE"])
@for_page("pages_manage_engagement")
def like(item: str) -> dict[str, Any]:
    stage().world.there(item).is_liked = request.method == "POST"
    return {"success": True}


@graph.post("/<item>")
@for_page("pages_manage_engagement")
def change(item: str) -> dict[str, Any]:
    found = stage().world.there(item)
    asked = _params().get("is_hidden", "").lower()
    if asked not in {"true", "false"}:
        raise bad_parameter("Nothing to change")
    if found.kind == "comment" and found.author == stage().world.page:
        raise Refusal(400, 200, "(#200) You cannot hide your own comment")
    stage().world.hide(item, is_hidden=asked == "true")
    return {"success": True}


@graph.get("/<item>")
@for_page()
def node(item: str) -> dict[str, Any]:
    nodes, world = stage().nodes, stage().world
    account = page_of(PAGES[0].id if item == "me" else item)
    if account is not None:
        return _page_node(account)
    if item.startswith("t_"):
        return nodes.conversation(world.account(person_of(item)), _fields("id,updated_time"))
    return _item_node(world.there(item))


def _item_node(item: Item) -> dict[str, Any]:
    nodes, fields = stage().nodes, _fields("id,created_time")
    shown = {
        "post": nodes.post,
        "mention": nodes.post,
        "comment": nodes.comment,
        "rating": nodes.rating,
    }
    return shown[item.kind](item, fields)


def _page_node(account: Any) -> dict[str, Any]:
    can = {
        "id": account.id,
        "name": account.name,
        "link": f"https://www.facebook.com/{account.id}",
        "followers_count": 1204,
    }
    for each in _fields("id,name"):
        if each.name not in can:
            raise unknown_field(each.name, "Page")
    return {each.name: can[each.name] for each in _fields("id,name")} | {"id": account.id}
