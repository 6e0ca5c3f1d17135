"""The sandbox's REST interface: `/2/…`, checked as strictly as X does it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from flask import Blueprint, Response, jsonify, request

from earful_twitter.length import LONGEST_POST, weighted_length
from earful_twitter.meta import time_of
from earful_twitter.sandbox.activity import Activity
from earful_twitter.sandbox.gate import APP_TOKEN, Gate
from earful_twitter.sandbox.render import (
    Asked,
    page_of_messages,
    page_of_posts,
    user_object,
)
from earful_twitter.sandbox.search import matcher
from earful_twitter.sandbox.world import Person, Picture, Post, Refused, World

__all__ = ["blueprint", "problem"]

PROBLEMS = "https://api.twitter.com/2/problems/"
HISTORY = timedelta(days=7)
MOST_MENTIONS = 800
MOST_LOOKED_UP = 100
LARGEST_PICTURE = 5_000_000
LONGEST_ALT = 1000
_PICTURES = {"image/jpeg", "image/png", "image/webp"}
_LISTS = {"max_results", "since_id", "until_id", "start_time", "end_time", "pagination_token",
          "expansions", "media.fields", "user.fields", "poll.fields", "place.fields"}  # fmt: skip
_TITLES = {400: "Invalid Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found Error",
           429: "Too Many Requests"}  # fmt: skip


def problem(detail: str, status: int, kind: str = "about:blank") -> Response:
    """An error in X's form."""
    where = kind if kind == "about:blank" else f"{PROBLEMS}{kind}"
    title = _TITLES.get(status, "Internal Server Error")
    answer = jsonify({"title": title, "type": where, "status": status, "detail": detail})
    answer.status_code = status
    return answer


def blueprint(world: World, gate: Gate, activity: Activity) -> Blueprint:
    """All calls that this sandbox answers."""
    bp = Blueprint("api", __name__, url_prefix="/2")
    desk = _Desk(world, gate, activity)

    def route(rule: str, method: str, endpoint: str, scope: str) -> None:
        handler = getattr(desk, f"{method.lower()}_{endpoint}")
        name = f"{method} /2/{rule}"
        bp.add_url_rule(
            f"/{rule}",
            f"{method}_{endpoint}",
            desk.guarded(handler, _endpoint(name), scope),
            methods=[method],
        )

    for rule, method, endpoint, scope in _ROUTES:
        route(rule, method, endpoint, scope)
    return bp


_ROUTES = (
    ("users/me", "GET", "me", "users.read"),
    ("users/<user_id>/mentions", "GET", "mentions", "tweet.read"),
    ("users/<user_id>/tweets", "GET", "own_posts", "tweet.read"),
    ("users/<user_id>/likes", "POST", "like", "like.write"),
    ("users/<user_id>/likes/<post_id>", "DELETE", "like", "like.write"),
    ("tweets", "GET", "posts", "tweet.read"),
    ("tweets", "POST", "post", "tweet.write"),
    ("tweets/<post_id>", "DELETE", "post", "tweet.write"),
    ("tweets/<post_id>/hidden", "PUT", "hidden", "tweet.moderate.write"),
    ("tweets/search/recent", "GET", "search", "tweet.read"),
    ("dm_events", "GET", "messages", "dm.read"),
    ("dm_conversations/with/<user_id>/dm_events", "GET", "messages_with", "dm.read"),
    ("dm_conversations/with/<user_id>/messages", "POST", "message", "dm.write"),
    ("media/upload", "POST", "upload", "media.write"),
    ("media/metadata", "POST", "metadata", "media.write"),
    ("webhooks", "GET", "webhooks", "app"),
    ("webhooks", "POST", "webhook", "app"),
    ("webhooks/<webhook_id>", "PUT", "webhook", "app"),
    ("webhooks/<webhook_id>", "DELETE", "webhook", "app"),
    ("webhooks/replay", "POST", "replay", "app"),
    ("activity/subscriptions", "GET", "subscriptions", "app"),
    ("activity/subscriptions", "POST", "subscription", "dm.read"),
    ("activity/subscriptions/<identifier>", "DELETE", "subscription", "app"),
    ("activity/stream", "GET", "stream", "app"),
)


def _endpoint(name: str) -> str:
    """The name in X's table of rate limits."""
    for variable, shown in (("<user_id>", ":id"), ("<post_id>", ":id"), ("<webhook_id>", ":id"),
                            ("<identifier>", ":id")):  # fmt: skip
        name = name.replace(variable, shown)
    return name


class _Desk:
    """Answers each call; the rules of who may call are in `guarded`."""

    def __init__(self, world: World, gate: Gate, activity: Activity) -> None:
        self._world, self._gate, self._activity = world, gate, activity

    def guarded(
        self, handler: Callable[..., Any], endpoint: str, scope: str
    ) -> Callable[..., Response]:
        """The handler behind token, scope, rate limit and ordered trouble."""

        @wraps(handler)
        def call(**parts: str) -> Response:
            try:
                with self._world.lock:
                    self._sign_in(scope)
                    window, within = self._gate.count(endpoint)
                # Whoever is challenged may want to ask something meanwhile.
                challenges = endpoint in {"POST /2/webhooks", "PUT /2/webhooks/:id"}
                with nullcontext() if challenges else self._world.lock:
                    answer = self._answer(handler, parts, within=within)
            except Refused as refused:
                return problem(refused.detail, refused.status, refused.kind)
            answer.headers["x-rate-limit-limit"] = str(window.limit)
            answer.headers["x-rate-limit-remaining"] = str(window.left)
            answer.headers["x-rate-limit-reset"] = str(int(window.reset.timestamp()))
            if self._must_be_silent():
                self._gate.released.wait(self._gate.silence_seconds)
            return answer

        return call

    def _sign_in(self, scope: str) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise Refused("Unauthorized", status=401)
        if scope == "app":
            if token != APP_TOKEN:
                raise Refused("This needs the app's own token.", status=403,
                              kind="unsupported-authentication")  # fmt: skip
        elif token == APP_TOKEN and scope == "tweet.read":
            return
        else:
            self._gate.user(token, scope)

    def _answer(
        self, handler: Callable[..., Any], parts: dict[str, str], *, within: bool
    ) -> Response:
        if not within:
            return problem("Too Many Requests", 429)
        if self._gate.fail_next:
            status = self._gate.fail_next.pop(0)
            return problem("The sandbox was told to fail.", status)
        found = handler(**parts)
        return found if isinstance(found, Response) else jsonify(found)

    def _must_be_silent(self) -> bool:
        if request.method == "GET" or not self._gate.silent_next:
            return False
        self._gate.silent_next -= 1
        return True

    def get_me(self) -> Any:
        asked = _asked({"user.fields", "expansions"})
        return {"data": user_object(self._world.account, asked)}

    def get_mentions(self, user_id: str) -> Any:
        person = self._ours(user_id)
        asked = _asked(_LISTS)
        found = [
            post
            for post in self._world.posts.values()
            if post.author_id != user_id and person in self._world.mentioned(post.text)
        ]
        return self._posts(sorted(found, key=_newest)[:MOST_MENTIONS], asked, least=5)

    def get_own_posts(self, user_id: str) -> Any:
        self._ours(user_id)
        asked = _asked(_LISTS | {"exclude"})
        found = [post for post in self._world.posts.values() if post.author_id == user_id]
        return self._posts(sorted(found, key=_newest), asked, least=5)

    def get_search(self) -> Any:
        asked = _asked(_LISTS | {"query", "next_token", "sort_order"})
        oldest = self._world.now() - HISTORY
        since = time_of(request.args.get("since_id", ""))
        start = _time("start_time")
        if (since and since < oldest) or (start and start < oldest):
            raise _invalid("'since_id' and 'start_time' must be within the last seven days")
        test = matcher(self._world, request.args.get("query", ""))
        found = [p for p in self._world.posts.values() if p.at >= oldest and test(p)]
        return self._posts(sorted(found, key=_newest), asked, least=10, token_name="next_token")  # noqa: S106

    def get_posts(self) -> Any:
        asked = _asked(_LISTS | {"ids"})
        ids = request.args.get("ids", "").split(",")
        if not 1 <= len(ids) <= MOST_LOOKED_UP or not all(one.isdigit() for one in ids):
            raise _invalid("ids: up to 100 numbers")
        by_version = {v: post for post in self._world.posts.values() for v in post.versions}
        found = {by_version[one].id: by_version[one] for one in ids if one in by_version}
        missing = [_not_found(one) for one in ids if one not in by_version]
        return page_of_posts(self._world, found.values(), asked, missing)

    def post_post(self) -> Any:
        body = _body({"text", "reply", "media"})
        text = body.get("text")
        if not isinstance(text, str) or not text.strip():
            raise _invalid("text: must not be empty")
        if weighted_length(text) > LONGEST_POST:
            raise Refused("Your Post text is too long.", status=400, kind="invalid-request")
        parent = (body.get("reply") or {}).get("in_reply_to_tweet_id", "")
        pictures: tuple[Picture, ...] = ()
        if "media" in body:
            pictures = self._world.uploaded(_strings(body["media"], "media_ids"), "tweet_image", 4)
        made = self._world.answer(
            self._world.account, text, parent_id=str(parent), pictures=pictures
        )
        answer = jsonify({"data": {"id": made.id, "text": made.text,
                                   "edit_history_tweet_ids": made.versions}})  # fmt: skip
        answer.status_code = 201
        return answer

    def delete_post(self, post_id: str) -> Any:
        post = self._world.posts.get(post_id)
        if post is None or post.author_id != self._world.account.id:
            raise Refused("You may delete your own posts only.")
        self._world.delete(post_id)
        return {"data": {"deleted": True}}

    def put_hidden(self, post_id: str) -> Any:
        hidden = _body({"hidden"}).get("hidden")
        if not isinstance(hidden, bool):
            raise _invalid("hidden: true or false")
        self._world.hide(self._world.account, post_id, hidden=hidden)
        return {"data": {"hidden": hidden}}

    def post_like(self, user_id: str) -> Any:
        self._may_like(user_id)
        post_id = str(_body({"tweet_id"}).get("tweet_id"))
        if post_id not in self._world.posts:
            raise Refused("Could not find that post.", status=404, kind="resource-not-found")
        self._world.likes.add((user_id, post_id))
        return {"data": {"liked": True}}

    def delete_like(self, user_id: str, post_id: str) -> Any:
        self._may_like(user_id)
        self._world.likes.discard((user_id, post_id))
        return {"data": {"liked": False}}

    def get_messages(self) -> Any:
        return self._messages("")

    def get_messages_with(self, user_id: str) -> Any:
        return self._messages(user_id)

    def post_message(self, user_id: str) -> Any:
        body = _body({"text", "attachments"})
        text = body.get("text")
        if not isinstance(text, str) or not text:
            raise _invalid("text: must not be empty")
        pictures: tuple[Picture, ...] = ()
        if "attachments" in body:
            ids = [str(each.get("media_id")) for each in body["attachments"]]
            pictures = self._world.uploaded(ids, "dm_image", 1)
        person = self._world.people.get(user_id)
        if person is None:
            raise Refused("Could not find that user.", status=404, kind="resource-not-found")
        sent = self._world.message(self._world.account, person, text, pictures=pictures)
        answer = jsonify(
            {"data": {"dm_conversation_id": sent.conversation, "dm_event_id": sent.id}}
        )
        answer.status_code = 201
        return answer

    def post_upload(self) -> Any:
        body = _body({"media", "media_category", "media_type", "shared", "additional_owners"})
        category, kind = str(body.get("media_category")), str(body.get("media_type"))
        if category not in {"tweet_image", "dm_image"} or kind not in _PICTURES:
            raise _invalid("media_category or media_type: not one of those that are taken")
        try:
            data = b64decode(str(body.get("media")), validate=True)
        except ValueError as error:
            raise _invalid("media: must be base64") from error
        if not 0 < len(data) <= LARGEST_PICTURE:
            raise _invalid("media: the file size is not between 1 byte and 5 MB")
        made = self._world.upload(category, kind, data)
        found = {"id": made.id, "media_key": made.key, "size": len(data),
                 "expires_after_secs": 86_400}  # fmt: skip
        return {"data": found}

    def post_metadata(self) -> Any:
        body = _body({"id", "metadata"})
        picture = self._world.pictures.get(str(body.get("id")))
        told = body.get("metadata")
        alt = told.get("alt_text") if isinstance(told, dict) else None
        text = alt.get("text") if isinstance(alt, dict) else None
        if picture is None or not isinstance(text, str) or len(text) > LONGEST_ALT:
            raise _invalid("id or metadata.alt_text.text: not acceptable")
        picture.alt = text
        return {"data": {"id": picture.id, "associated_metadata": {"alt_text": {"text": text}}}}

    def get_webhooks(self) -> Any:
        hooks = list(self._activity.webhooks.values())
        return {"data": hooks, "meta": {"result_count": len(hooks)}}

    def post_webhook(self) -> Any:
        url = str(_body({"url"}).get("url"))
        return {"data": self._activity.create_webhook(url)}

    def put_webhook(self, webhook_id: str) -> Any:
        self._activity.validate(webhook_id)
        return {"data": {"valid": True}}

    def delete_webhook(self, webhook_id: str) -> Any:
        self._activity.delete_webhook(webhook_id)
        return {"data": {"deleted": True}}

    def post_replay(self) -> Any:
        body = _body({"webhook_id", "from_date", "to_date"})
        try:
            began, ended = (
                datetime.strptime(f"{body[name]}+0000", "%Y%m%d%H%M%z")
                for name in ("from_date", "to_date")
            )
        except (KeyError, ValueError) as error:
            raise _invalid("from_date and to_date: yyyymmddhhmm") from error
        self._activity.replay(str(body.get("webhook_id")), began, ended)
        return {"data": {"job_id": self._world.new_id(), "created_at": str(self._world.now())}}

    def get_subscriptions(self) -> Any:
        found = list(self._activity.subscriptions.values())
        return {"data": found, "meta": {"total_subscriptions": len(found)}}

    def post_subscription(self) -> Any:
        body = _body({"event_type", "filter", "tag", "webhook_id"})
        wanted = body.get("filter")
        if not isinstance(wanted, dict) or wanted.get("user_id") != self._world.account.id:
            raise _invalid("filter: must name the account that gave its permission")
        made = self._activity.subscribe(
            str(body.get("event_type")), wanted, str(body.get("tag") or ""),
            str(body.get("webhook_id") or ""),
        )  # fmt: skip
        count = len(self._activity.subscriptions)
        return {"data": [made], "meta": {"total_subscriptions": count}}

    def delete_subscription(self, identifier: str) -> Any:
        if self._activity.subscriptions.pop(identifier, None) is None:
            raise Refused("There is no such subscription.", status=404, kind="resource-not-found")
        return {"data": {"deleted": True}}

    def get_stream(self) -> Any:
        known = _known({"backfill_minutes", "start_time", "end_time"})
        minutes = _number(known.get("backfill_minutes", "0"), 0, 5, "backfill_minutes")
        since = self._world.now() - timedelta(minutes=minutes) if minutes else None
        lines = self._activity.stream(since)
        return Response(lines, content_type="application/json; charset=utf-8")

    def _ours(self, user_id: str) -> Person:
        if user_id != self._world.account.id:
            raise Refused("Only the signed-in account's own list is offered here.")
        return self._world.account

    def _may_like(self, user_id: str) -> None:
        self._ours(user_id)
        if not self._world.enterprise:
            raise Refused(
                "Your access level does not include likes.", status=403, kind="client-forbidden"
            )

    def _messages(self, user_id: str) -> Any:
        known = _known(
            {"max_results", "pagination_token", "event_types", "dm_event.fields", "expansions",
             "user.fields", "media.fields", "tweet.fields", "post.fields"}
        )  # fmt: skip
        most = _number(known.get("max_results", "100"), 1, 100, "max_results")
        listed = [m for m in self._world.messages
                  if not user_id or user_id in {m.sender_id, m.recipient_id}]  # fmt: skip
        listed.sort(key=lambda m: -int(m.id))
        begin = _page_start(known.get("pagination_token", ""), len(listed))
        page = listed[begin : begin + most]
        found = page_of_messages(self._world, page, _asked(set(known), "dm_event.fields"))
        found["meta"] = {"result_count": len(page), **_more(begin + most, len(listed))}
        return found

    def _posts(
        self,
        posts: list[Post],
        asked: Asked,
        *,
        least: int,
        token_name: str = "pagination_token",  # noqa: S107
    ) -> Any:
        known = request.args
        most = _number(known.get("max_results", "10"), least, 100, "max_results")
        since, until = known.get("since_id", "0"), known.get("until_id", "9" * 19)
        start, end = _time("start_time"), _time("end_time")
        listed = [
            post
            for post in posts
            if int(since) < int(post.id) < int(until)
            and (start is None or post.at >= start)
            and (end is None or post.at < end)
        ]
        token = known.get(token_name) or known.get("pagination_token", "")
        begin = _page_start(token, len(listed))
        page = listed[begin : begin + most]
        found = page_of_posts(self._world, page, asked)
        ids = {"newest_id": page[0].id, "oldest_id": page[-1].id} if page else {}
        found["meta"] = {"result_count": len(page), **ids, **_more(begin + most, len(listed))}
        return found


def _asked(known: set[str], own_fields: str = "") -> Asked:
    """What the request asks for. Fields of posts may come in either spelling, but in one."""
    args = _known(known | {"tweet.fields", "post.fields", "dm_event.fields"})
    spelling = (
        "post" if "post.fields" in args or "_post_" in args.get("expansions", "") else "tweet"
    )
    fields = args.get(own_fields or f"{spelling}.fields", "")
    return Asked(
        spelling=spelling,
        fields=_names(fields),
        expansions=_names(args.get("expansions", "")),
        user_fields=_names(args.get("user.fields", "")),
    )


def _names(told: str) -> frozenset[str]:
    return frozenset(name for name in told.split(",") if name)


def _known(names: set[str]) -> dict[str, str]:
    """The query. X refuses parameters it does not know."""
    found = request.args.to_dict()
    for name in found:
        if name not in names:
            raise _invalid(f"The query parameter [{name}] is not one of {sorted(names)}")
    return found


def _body(names: set[str]) -> dict[str, Any]:
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise _invalid("The body must be a JSON object")
    unknown = found.keys() - names
    if unknown:
        raise _invalid(f"{min(unknown)}: object has unknown property")
    return found


def _strings(found: Any, name: str) -> list[str]:
    listed = found.get(name) if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise _invalid(f"{name}: must be a list")
    return [str(each) for each in listed]


def _invalid(detail: str) -> Refused:
    return Refused(detail, status=400, kind="invalid-request")


def _number(told: str, least: int, most: int, name: str) -> int:
    if not told.isdigit() or not least <= int(told) <= most:
        raise _invalid(
            f"The `{name}` query parameter value [{told}] is not between {least} and {most}"
        )
    return int(told)


def _time(name: str) -> datetime | None:
    told = request.args.get(name)
    try:
        return datetime.fromisoformat(told) if told else None
    except ValueError as error:
        raise _invalid(f"{name}: ISO 8601, please") from error


def _page_start(token: str, size: int) -> int:
    if not token:
        return 0
    at = token.removeprefix("page-")
    if at == token or not at.isdigit() or int(at) > size:
        raise _invalid("The pagination token is not known (any more)")
    return int(at)


def _more(at: int, size: int) -> dict[str, str]:
    return {"next_token": f"page-{at}"} if at < size else {}


def _newest(post: Post) -> int:
    return -int(post.id)


def _not_found(identifier: str) -> dict[str, Any]:
    return {
        "value": identifier,
        "detail": f"Could not find post with ids: [{identifier}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": "ids",
        "resource_id": identifier,
        "type": f"{PROBLEMS}resource-not-found",
    }
