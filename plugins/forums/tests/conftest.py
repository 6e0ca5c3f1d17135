"""Sites on this machine to read: one that says what it is told, and one that acts as WordPress."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

START = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


@dataclass
class Request:
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Site:
    """Answers each path with what it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer | Callable[[Request], Answer]] = {}
        self.requests: list[Request] = []
        self.url = ""

    def say(self, path: str, body: bytes | str, status: int = 200, **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Answer(data, status, named)

    def answer(self, request: Request) -> Answer:
        page = self.pages.get(request.path, Answer(b"nothing here", 404))
        answer = page if isinstance(page, Answer) else page(request)
        etag = answer.headers.get("ETag")
        if etag and request.headers.get("if-none-match") == etag:
            return Answer(b"", 304, answer.headers)
        return answer

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]


class WordPress(Site):
    """The part of WordPress's REST interface that the plugin uses, as a real one behaved."""

    USER, PASSWORD, ME = "larkfield", "right right", 1

    def __init__(self) -> None:
        super().__init__()
        self.comments: dict[int, dict[str, Any]] = {}
        self.now = START
        self.next_id = 1
        self.is_moderator = True
        self.refuse: Answer | None = None

    def comment(
        self, text: str, *, parent: int = 0, at: datetime | None = None, **extra: Any
    ) -> int:
        number, self.next_id = self.next_id, self.next_id + 1
        self.comments[number] = {
            "id": number, "post": 4, "parent": parent, "author": 0, "author_name": "Guest",
            "author_url": "", "date_gmt": f"{at or self.now:%Y-%m-%dT%H:%M:%S}",
            "content": {"rendered": f"<p>{text}</p>\n", "raw": text},
            "link": f"{self.url}/spring-sale/#comment-{number}", "status": "approved", **extra,
        }  # fmt: skip
        return number

    def edit(self, number: int, text: str) -> None:
        self.comments[number]["content"] = {"rendered": f"<p>{text}</p>\n", "raw": text}

    def wait(self, **delta: float) -> datetime:
        self.now += timedelta(**delta)
        return self.now

    def answer(self, request: Request) -> Answer:
        if not request.path.startswith("/wp-json/"):
            return super().answer(request)
        if self.refuse is not None:
            return self.refuse
        place = request.path.removeprefix("/wp-json/").removeprefix("wp/v2/")
        if request.method == "POST":
            return self._write(place, request)
        return self._read(place, request)

    def _read(self, place: str, request: Request) -> Answer:
        if place == "":
            return _json({"name": "Larkfield &amp; Bikes"})
        if place == "users/me":
            return (
                _json({"id": self.ME})
                if self._knows(request)
                else _problem(401, "rest_not_logged_in")
            )
        if place == "comments":
            return self._list(request)
        return self._one(int(place.removeprefix("comments/")), request)

    def _knows(self, request: Request) -> bool:
        right = base64.b64encode(f"{self.USER}:{self.PASSWORD}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {right}"

    def _list(self, request: Request) -> Answer:
        asked = request.params
        status = asked.get("status", "approve")
        if status != "approve" and not (self._knows(request) and self.is_moderator):
            return _problem(401, "rest_forbidden_param")
        if asked.get("context") == "edit" and not self.is_moderator:
            return _problem(403, "rest_forbidden_context")
        found = [c for c in self.comments.values() if status == "any" or c["status"] == "approved"]
        if "include" in asked:
            found = [c for c in found if str(c["id"]) in asked["include"].split(",")]
        for name in ("post", "author"):
            found = [c for c in found if str(c[name]) == asked.get(name, str(c[name]))]
        if "after" in asked:
            after = f"{datetime.fromisoformat(asked['after']):%Y-%m-%dT%H:%M:%S}"
            found = [c for c in found if c["date_gmt"] > after]
        found.sort(key=lambda c: (c["date_gmt"], c["id"]), reverse=asked.get("order") != "asc")
        per_page, page = int(asked.get("per_page", 10)), int(asked.get("page", 1))
        part = found[(page - 1) * per_page : page * per_page]
        counts = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(-(-len(found) // per_page))}
        return _json([_shown(c, request) for c in part], headers=counts)

    def _one(self, number: int, request: Request) -> Answer:
        comment = self.comments.get(number)
        if comment is None:
            return _problem(404, "rest_comment_invalid_id")
        if comment["status"] != "approved" and not self._knows(request):
            return _problem(401, "rest_cannot_read")
        return _json(_shown(comment, request))

    def _write(self, place: str, request: Request) -> Answer:
        fields = json.loads(request.body)
        if not self._knows(request):
            return _problem(401, "rest_comment_login_required")
        if place != "comments":
            self.comments[int(place.removeprefix("comments/"))].update(fields)
            return self._one(int(place.removeprefix("comments/")), request)
        text = fields["content"]
        if len(text) > 65525:
            return _problem(400, "comment_content_column_length")
        if any(c["content"]["raw"] == text for c in self.comments.values()):
            return _problem(409, "comment_duplicate")
        number = self.comment(text, parent=fields["parent"], author=self.ME, post=fields["post"])
        return _json(_shown(self.comments[number], request), 201)


def _shown(comment: dict[str, Any], request: Request) -> dict[str, Any]:
    shown = {k: v for k, v in comment.items() if k in request.params.get("_fields", k).split(",")}
    if "content" in shown and request.params.get("context") != "edit" and request.method == "GET":
        shown["content"] = {"rendered": shown["content"]["rendered"]}
    if "_embed" in request.params:
        shown["_embedded"] = {"up": [{"title": {"rendered": "Spring &#038; sale"}}]}
    return shown


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    named = {"Content-Type": "application/json", **(headers or {})}
    return Answer(json.dumps(value).encode(), status, named)


def _problem(status: int, code: str) -> Answer:
    return _json({"code": code, "message": f"About {code}"}, status)


def _serve(site: Site) -> Iterator[Any]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            params = dict(parse_qsl(parts.query, keep_blank_values=True))
            request = Request(self.command, parts.path, params, headers, body)
            site.requests.append(request)
            answer = site.answer(request)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = _do  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    yield from _serve(Site())


@pytest.fixture
def wordpress() -> Iterator[WordPress]:
    blog = WordPress()
    for served in _serve(blog):
        link = f'<{blog.url}/wp-json/>; rel="https://api.w.org/"'
        blog.say("/", "<html><title>Blog</title></html>", Link=link)
        yield served
