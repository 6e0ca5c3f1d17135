"""The admin on a real installation: a client for each role, and a browser before a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from earful import store
from earful.actions import Actor
from earful.plugins import PluginHost
from earful.runtime import Runtime
from earful.store.models import Agent
from earful.store.states import Role
from earful_admin import server
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page
from waitress import wasyncore

from tests.wall import Wall

PASSWORD = "a correct horse"
# Hashed once, and cheaply: what it costs to guess is Argon2's business, not the tests'.
STORED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
AXE = Path(__file__).parents[2] / "admin/node_modules/axe-core/axe.min.js"


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def earful_plugins(wall: Wall) -> PluginHost:
    return wall.host()


@pytest.fixture
def earful_config() -> str:
    return """
    [server]
    port = 0
    [channels.wall]
    type = "wall"
    """


def person(role: Role, name: str = "") -> Actor:
    """Somebody of a role, who can sign in with `PASSWORD`."""
    name = name or role.word
    row = Agent.create(
        email=f"{name}@example.com",
        name=name.title(),
        role=role,
        password_hash=STORED,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return Actor(row.id, row.name, role)


@pytest.fixture
def people(earful_runtime: Runtime) -> dict[Role, Actor]:
    """One person of each role: `viewer@example.com` and so on."""
    with store.connection():
        return {role: person(role) for role in Role}


@pytest.fixture
def app(earful_runtime: Runtime) -> Flask:
    made = server.create_app(earful_runtime)
    # Most tests are about something else; those about the token switch it on again.
    made.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    made.config["PROPAGATE_EXCEPTIONS"] = False
    return made


@pytest.fixture
def stranger(app: Flask, people: dict[Role, Actor]) -> FlaskClient:
    """A client that has not signed in."""
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask, people: dict[Role, Actor]) -> Callable[[Role], FlaskClient]:
    """Gives a client that is signed in as somebody of a role."""

    def signed_in(role: Role) -> FlaskClient:
        client = app.test_client()
        answer = client.post(
            "/sign-in", data={"email": f"{role.word}@example.com", "password": PASSWORD}
        )
        assert answer.status_code == 302, answer.text
        return client

    return signed_in


@pytest.fixture
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request comes in the same minute, so that what is kept until the next one is kept."""
    now = datetime.now(UTC)
    monkeypatch.setattr("earful_admin.context.datetime", SimpleNamespace(now=lambda _zone: now))


@pytest.fixture
def address(earful_runtime: Runtime, people: dict[Role, Actor]) -> Iterator[str]:
    """The address of a real server on a free port."""
    listening = server.bind(earful_runtime)
    with ThreadPoolExecutor(1) as threads:
        threads.submit(listening.run)
        yield f"http://127.0.0.1:{listening.effective_port}"
        # What is still being answered ends first. Then the thread that runs it closes all sockets,
        # which it may be about to look at: a browser may have asked for more in the meantime.
        listening.task_dispatcher.shutdown()
        with suppress(OSError):  # it may be done with that before it is woken for it
            listening.trigger.pull_trigger(
                lambda: wasyncore.close_all(listening._map, ignore_all=True)
            )


@dataclass
class Screen:
    """One browser window, with all that its console complained of."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: object) -> None:
        text, kind = message.text, message.type  # type: ignore[attr-defined]
        # A page that is about an error was answered with that error.
        expected = "Failed to load resource" in text or "Response Status Error" in text
        if kind in {"error", "warning"} and not expected:
            self.complaints.append(text)

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def intercept(self) -> None:
        """Get ready to hold requests of this page back.

        A request that a page makes while the browser is being told to ask first goes by unseen, so
        a test that uses `route` in the middle of something has it told before.
        """
        self.page.route("**/nowhere", lambda route: route.abort())

    def sign_in(self, role: Role) -> None:
        self.open("/sign-in")
        self.page.fill("#email", f"{role.word}@example.com")
        self.page.fill("#password", PASSWORD)
        self.page.click("text=Sign in >> nth=-1")
        self.page.wait_for_url(f"{self.address}/**")

    def violations(self) -> list[str]:
        """What axe finds, as lines that say what and where."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text())
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        # Only what is wrong comes back: to hand over all that is right takes longer than to look.
        found = self.page.evaluate(
            """async (tags) => {
                const options = {runOnly: tags, resultTypes: ["violations"], preload: false};
                return (await axe.run(document, options)).violations;
            }""",
            tags,
        )
        return [
            f"{each['id']}: {node['target']} {node['failureSummary']}"
            for each in found
            for node in each["nodes"]
        ]

    def is_too_wide(self) -> bool:
        return bool(
            self.page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
        )


@pytest.fixture
def screen(browser: Browser, address: str) -> Iterator[Screen]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    window = Screen(context.new_page(), address)
    yield window
    context.close()
    assert not window.complaints
