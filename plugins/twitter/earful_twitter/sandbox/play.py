"""The sandbox's page: write as any customer, watch the answers arrive, order trouble.

No inline script and nothing from elsewhere. A small script brings the newest posts, so that what is
being typed stays. Every form carries a token that other sites cannot read.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from earful.sandbox import Deliveries
from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup

from earful_twitter.sandbox.activity import Activity
from earful_twitter.sandbox.gate import CLIENT_ID, Gate
from earful_twitter.sandbox.world import Refused, World

__all__ = ["CSP", "blueprint"]

CSP = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; "
    "form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
)
_NEWEST = 60
_LONGEST = 4000


def blueprint(world: World, gate: Gate, activity: Activity, hooks: Deliveries) -> Blueprint:
    """The page, its feed, its forms, and X's question for permission."""
    bp = Blueprint("play", __name__, template_folder="templates", static_folder="static",
                   static_url_path="/static")  # fmt: skip
    table = _Table(world, gate, activity, hooks)
    rules: tuple[tuple[str, Any, str], ...] = (
        ("/", table.page, "GET"),
        ("/feed", table.feed, "GET"),
        ("/pictures/<picture_id>", table.picture, "GET"),
        ("/play/post", table.write, "POST"),
        ("/play/message", table.message, "POST"),
        ("/play/edit", table.edit, "POST"),
        ("/play/delete", table.delete, "POST"),
        ("/play/trouble", table.trouble, "POST"),
        ("/i/oauth2/authorize", table.ask, "GET"),
        ("/i/oauth2/authorize", table.allow, "POST"),
    )
    for rule, handler, method in rules:
        bp.add_url_rule(rule, handler.__name__, handler, methods=[method])
    return bp


class _Table:
    """Shows the world, and changes it as the visitor says."""

    def __init__(self, world: World, gate: Gate, activity: Activity, hooks: Deliveries) -> None:
        self._world, self._gate, self._activity, self._hooks = world, gate, activity, hooks
        self._token = secrets.token_urlsafe(24)

    def page(self) -> str:
        with self._world.lock:
            world = self._world
            target = world.posts.get(request.args.get("to", ""))
            return render_template(
                "sandbox.html",
                token=self._token,
                account=world.account,
                customers=[one for one in world.people.values() if one is not world.account],
                target=target,
                target_author=world.people[target.author_id] if target else None,
                how=request.args.get("how", "reply"),
                said=request.args.get("said", "")[:300],
                muted=self._activity.muted,
                enterprise=world.enterprise,
                feed=Markup(self.feed()),  # noqa: S704 - our own template, escaped
            )

    def feed(self) -> str:
        with self._world.lock:
            world = self._world
            posts = sorted(world.posts.values(), key=lambda post: -int(post.id))[:_NEWEST]
            messages = sorted(world.messages, key=lambda message: -int(message.id))[:_NEWEST]
            return render_template(
                "feed.html",
                token=self._token,
                account=world.account,
                people=world.people,
                posts=posts,
                all_posts=world.posts,
                messages=messages,
                deliveries=list(reversed(self._hooks.log))[:20],
                webhooks=list(self._activity.webhooks.values()),
            )

    def picture(self, picture_id: str) -> Response:
        with self._world.lock:
            found = self._world.pictures.get(picture_id) or abort(404)
        return Response(found.data, content_type=found.content_type)

    def write(self) -> Response:
        author, text = self._author(), self._text()
        target = request.form.get("to", "")
        quotes = request.form.get("how") == "quote"
        return self._do(
            lambda: self._world.write(
                author,
                text,
                parent_id="" if quotes else target,
                quoted_id=target if quotes else "",
            ),
            f"Posted as {author.name}.",
        )

    def message(self) -> Response:
        author, text = self._author(), self._text()
        return self._do(
            lambda: self._world.message(author, self._world.account, text),
            f"Sent as {author.name}.",
        )

    def edit(self) -> Response:
        text = self._text()
        return self._do(lambda: self._world.edit(request.form.get("id", ""), text), "Edited.")

    def delete(self) -> Response:
        self._check()
        return self._do(lambda: self._world.delete(request.form.get("id", "")), "Deleted.")

    def trouble(self) -> Response:
        self._check()
        kind = request.form.get("kind", "")
        orders = {
            "fail": (lambda: self._gate.fail_next.append(500), "The next call fails with 500."),
            "limit": (lambda: self._gate.fail_next.append(429), "The next call is refused: 429."),
            "silence": (self._silence, "The next write is done but not answered."),
            "expire": (self._gate.expire, "All access tokens have ended."),
            "revoke": (self._revoke, "The account has withdrawn its permission."),
            "mute": (self._mute, "Pushes are switched."),
            "tier": (self._tier, "The tier is switched."),
        }
        if kind not in orders:
            abort(400)
        act, said = orders[kind]
        return self._do(act, said)

    def ask(self) -> str | Response:
        """X's question for permission, after the checks X makes."""
        args = request.args
        if args.get("client_id") != CLIENT_ID or args.get("response_type") != "code":
            return Response("Something went wrong: unknown client_id", 400)
        if args.get("code_challenge_method") != "S256" or not args.get("redirect_uri"):
            return Response("Something went wrong: redirect_uri and S256 are needed", 400)
        return render_template(
            "authorize.html",
            token=self._token,
            account=self._world.account,
            scopes=args.get("scope", "").split(),
            asked=args.to_dict(),
        )

    def allow(self) -> Response:
        self._check()
        form = request.form
        back, state = form.get("redirect_uri", ""), form.get("state", "")
        if not back.startswith(("http://", "https://")):
            abort(400)
        if form.get("answer") != "yes":
            return _to(back, error="access_denied", state=state)
        with self._world.lock:
            code = self._gate.grant_code(
                self._world.account.id,
                form.get("scope", ""),
                form.get("code_challenge", ""),
                back,
            )
        return _to(back, state=state, code=code)

    def _do(self, act: Any, said: str) -> Response:
        with self._world.lock:
            try:
                act()
            except Refused as refused:
                said = refused.detail
        return _to("/", said=said)

    def _check(self) -> None:
        if not secrets.compare_digest(request.form.get("token", ""), self._token):
            abort(403)

    def _author(self) -> Any:
        self._check()
        person = self._world.people.get(request.form.get("author", ""))
        return person or abort(400)

    def _text(self) -> str:
        self._check()
        text = request.form.get("text", "").strip().replace("\r\n", "\n")
        return text[:_LONGEST] or abort(400)

    def _silence(self) -> None:
        self._gate.silent_next += 1

    def _revoke(self) -> None:
        self._gate.revoke()
        self._activity.tell_of_revocation()

    def _mute(self) -> None:
        self._activity.muted = not self._activity.muted

    def _tier(self) -> None:
        self._world.enterprise = not self._world.enterprise


def _to(where: str, **query: str) -> Response:
    joint = "&" if "?" in where else "?"
    return Response(status=303, headers={"Location": f"{where}{joint}{urlencode(query)}"})
