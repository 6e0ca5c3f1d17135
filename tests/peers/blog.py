"""A real WordPress of the tests' own, worked as its readers and its moderators work it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx

HERE = Path(__file__).parent
_COMMENT = re.compile(r"#comment-(\d+)$")
_REFUSAL = re.compile(r'<div class="wp-die-message">(.*?)</div>', re.DOTALL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def email_of(author: str) -> str:
    return f"reader-{crc32(author.encode())}@mail.example"


def refusal(answer: httpx.Response) -> str:
    """What WordPress says on the page with which it refuses a form."""
    found = _REFUSAL.search(answer.text)
    return re.sub(r"<[^>]*>", "", found.group(1)).strip() if found else answer.text


def _sql(at: datetime) -> str:
    return f"'{at:%Y-%m-%d %H:%M:%S}'"


@dataclass(frozen=True)
class User:
    """Somebody who signs in with an application password."""

    id: int
    name: str
    password: str

    @property
    def auth(self) -> tuple[str, str]:
        return self.name, self.password


@dataclass(frozen=True)
class Post:
    """A post of the blog."""

    id: int
    title: str
    url: str


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    status: int


@dataclass
class Blog:
    """The site, its address, and its admin."""

    folder: Path
    url: str
    admin: User
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(trust_env=False, timeout=60), repr=False
    )

    @classmethod
    def start(cls, folder: Path) -> Blog:
        """Start a fresh one; `FileNotFoundError` says what is not installed."""
        arguments = [str(folder), str(free_port()), str(free_port())]
        with (folder / "up.log").open("wb") as log:
            # The servers stay, and would hold a pipe open.
            started = subprocess.run(
                [HERE / "wordpress_up.sh", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                timeout=180,
                check=False,
            )
        said = (folder / "up.log").read_text().strip()
        if started.returncode == 77:
            raise FileNotFoundError(said)
        assert started.returncode == 0, said
        site = json.loads(started.stdout)
        return cls(folder, site["url"], User(1, site["user"], site["application_password"]))

    def stop(self) -> None:
        self.http.close()
        subprocess.run([HERE / "wordpress_down.sh", self.folder], timeout=60, check=True)

    def close_shop(self) -> None:
        """Stop serving: connections are refused from now on."""
        subprocess.run([HERE / "wordpress_down.sh", self.folder, "php"], timeout=60, check=True)

    def reopen(self) -> None:
        """Serve again; does nothing to a site that is served."""
        if not (self.folder / "php.pid").exists():
            port = str(httpx.URL(self.url).port)
            with (self.folder / "up.log").open("ab") as log:
                subprocess.run(
                    [HERE / "wordpress_serve.sh", self.folder, port],
                    stdout=log,
                    stderr=log,
                    timeout=60,
                    check=True,
                )

    def clear(self) -> None:
        """No comments, no posts, no switches, and nobody but the admin."""
        self.reopen()
        for switch in (self.folder / "switches").iterdir():
            switch.unlink()
        (self.folder / "site/.maintenance").unlink(missing_ok=True)
        self.sql(
            "DELETE FROM wp_comments; DELETE FROM wp_commentmeta; DELETE FROM wp_posts;"
            "DELETE FROM wp_postmeta; DELETE FROM wp_users WHERE ID > 1;"
            "DELETE FROM wp_usermeta WHERE user_id > 1;"
        )

    def sql(self, statements: str) -> list[list[str]]:
        """Run SQL as root; the rows that the last statement gives."""
        done = subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={self.folder}/sql.sock", "--user=root",
             "--batch", "--skip-column-names", "blog", "-e", statements],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
        return [line.split("\t") for line in done.stdout.splitlines()]

    def rest(self, method: str, path: str, user: User | None = None, **fields: Any) -> Any:
        """Ask WordPress's REST interface as somebody; the admin by default."""
        answer = self.http.request(
            method,
            f"{self.url}/wp-json/wp/v2/{path}",
            auth=(user or self.admin).auth,
            json=fields or None,
        )
        assert answer.is_success, answer.text
        return answer.json()

    # ── what its owner does ──

    def write_post(self, title: str) -> Post:
        made = self.rest("POST", "posts", title=title, content="Read on.", status="publish")
        return Post(made["id"], title, made["link"])

    def add_user(self, name: str, role: str) -> User:
        email, password = f"{name}@larkfield.example", "not used by anybody"
        made = self.rest(
            "POST", "users", username=name, email=email, password=password, roles=[role]
        )
        path = f"users/{made['id']}/application-passwords"
        return User(made["id"], name, self.rest("POST", path, name="Earful")["password"])

    def revoke(self, user: User) -> None:
        """Take all application passwords of a user back."""
        self.rest("DELETE", f"users/{user.id}/application-passwords")

    # ── what its readers do ──

    def submit(self, post: Post, author: str, text: str, *, parent: int = 0) -> httpx.Response:
        """Fill in the form below a post, as a guest does."""
        return self.http.post(
            f"{self.url}/wp-comments-post.php",
            data={
                "comment_post_ID": str(post.id),
                "comment_parent": str(parent),
                "author": author,
                "email": email_of(author),
                "comment": text,
            },
        )

    def comment(self, post: Post, author: str, text: str, *, parent: int = 0) -> int:
        """The same, and it is accepted: the comment's number."""
        answer = self.submit(post, author, text, parent=parent)
        assert answer.status_code == 302, refusal(answer)
        found = _COMMENT.search(answer.headers["location"])
        assert found, answer.headers["location"]
        return int(found.group(1))

    def comment_at(self, post: Post, author: str, text: str, at: datetime) -> int:
        """A comment of a time that the test chooses."""
        number = self.comment(post, author, text)
        self.redate(number, at)
        return number

    def redate(self, comment: int, at: datetime) -> None:
        date = _sql(at)
        self.sql(
            f"UPDATE wp_comments SET comment_date = {date}, comment_date_gmt = {date} "
            f"WHERE comment_ID = {comment}"
        )

    def redate_posts(self, at: datetime) -> None:
        names = ("post_date", "post_date_gmt", "post_modified", "post_modified_gmt")
        self.sql("UPDATE wp_posts SET " + ", ".join(f"{name} = {_sql(at)}" for name in names))

    # ── what its moderators do ──

    def edit(self, comment: int, text: str) -> None:
        self.rest("POST", f"comments/{comment}", content=text)

    def mark(self, comment: int, status: str) -> None:
        """`spam`, `hold` or `approved`."""
        self.rest("POST", f"comments/{comment}", status=status)

    def trash(self, comment: int) -> None:
        self.rest("DELETE", f"comments/{comment}")

    def delete(self, comment: int) -> None:
        self.rest("DELETE", f"comments/{comment}?force=true")

    # ── what stands there ──

    def comments(self, **having: object) -> list[dict[str, Any]]:
        """All public comments with their raw text, oldest first; those that have these values."""
        found: list[dict[str, Any]] = self.rest(
            "GET", "comments?per_page=100&context=edit&orderby=id&order=asc"
        )
        return [one for one in found if all(one[name] == value for name, value in having.items())]

    def page(self, post: Post) -> str:
        """The post as anybody sees it."""
        return self.http.get(post.url).raise_for_status().text

    def asked(self) -> list[Asked]:
        """Every request since the site was made, oldest first."""
        log = self.folder / "requests.log"
        lines = log.read_text().splitlines() if log.exists() else []
        split = (line.rsplit(" ", 1) for line in lines)
        return [Asked(*line.split(" ", 1), int(status)) for line, status in split]

    @contextmanager
    def asked_meanwhile(self) -> Iterator[list[Asked]]:
        """The requests that come inside the block, there when it ends."""
        before, found = len(self.asked()), []
        yield found
        found += self.asked()[before:]

    # ── how it behaves ──

    def switch(self, name: str, *, on: bool = True) -> None:
        """Turn a switch of `wordpress_switches.php`."""
        file = self.folder / "switches" / name
        file.touch() if on else file.unlink(missing_ok=True)

    def held(self) -> int | None:
        """The comment whose answer is being kept back, if one is."""
        file = self.folder / "switches/held"
        return int(text) if file.exists() and (text := file.read_text()) else None

    def maintain(self, *, on: bool) -> None:
        """What an update of WordPress does meanwhile: every address answers 503."""
        file = self.folder / "site/.maintenance"
        file.write_text("<?php $upgrading = time();") if on else file.unlink()
