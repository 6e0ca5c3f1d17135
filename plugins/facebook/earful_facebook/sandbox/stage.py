"""Everything of one running sandbox: the world, its access rules, and what is to go wrong next."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from earful.sandbox import Deliveries

from earful_facebook.fields import PUSHED
from earful_facebook.sandbox import pushes
from earful_facebook.sandbox.access import Access
from earful_facebook.sandbox.nodes import Nodes
from earful_facebook.sandbox.people import APP_SECRET, PAGES, VERIFY_TOKEN, open_the_scene
from earful_facebook.sandbox.refusals import Refusal
from earful_facebook.sandbox.world import World

__all__ = ["Call", "Stage", "Trouble"]

_MOST_CALLS = 500
_FULL = 100


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it reached the Graph API."""

    method: str
    path: str
    params: Mapping[str, str]


@dataclass
class Trouble:
    """What shall go wrong next; each happens once."""

    drop_push: bool = False
    refusal: Refusal | None = None
    hang_after_write: bool = False
    usage_percent: int = 3
    regain_minutes: int = 0
    tells_usage: bool = True


@dataclass
class Stage:
    """One running sandbox."""

    base_url: str
    hooks: Deliveries
    passed: timedelta = timedelta()
    """How far the platform's clock has been turned on."""
    trouble: Trouble = field(default_factory=Trouble)
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=_MOST_CALLS))
    subscribed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    webhook: str = ""
    verify_token: str = VERIFY_TOKEN
    let_go: threading.Event = field(default_factory=threading.Event)
    """Set to end calls that hang."""

    def __post_init__(self) -> None:
        self.world = World(clock=self.now)
        self.access = Access(self.now)
        self.nodes = Nodes(self.world, self.base_url)
        open_the_scene(self.world)
        self.webhook = self.hooks.webhook
        if self.webhook:
            self.subscribed[PAGES[0].id] = PUSHED
        self.world.on_change = self._push

    def now(self) -> datetime:
        """The platform's time."""
        return datetime.now(UTC) + self.passed

    def _push(self, entry: dict[str, Any]) -> None:
        if not self.webhook or entry["id"] not in self.subscribed:
            return
        if self.trouble.drop_push:
            self.trouble.drop_push = False
            return
        document = pushes.body(entry)
        self.hooks.deliver(self.webhook, document, pushes.signed(document, APP_SECRET))

    def hang_if_asked(self) -> None:
        """Let a write that was taken stay without an answer."""
        if self.trouble.hang_after_write:
            self.trouble.hang_after_write = False
            self.let_go.wait(25)

    @property
    def is_used_up(self) -> bool:
        return self.trouble.usage_percent >= _FULL
