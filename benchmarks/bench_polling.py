"""What a hundred agents cost who only look: their polls, as a share of one core.

Each asks every five seconds, half of them with a conversation open, and tells with it that it is
there. Every second something happens in the house, so that most polls bring news. The half minute
passes for the server, not on the wall; CPU time is measured, so that a busy machine does not change
the figure.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import timedelta
from typing import Any

from bench_inbox import site
from earful import actions, store
from earful.runtime import Runtime
from earful.store.models import Agent
from earful.store.states import Role
from flask import Flask, g
from material import ADDRESS, ADMIN, NOW, sign_in
from werkzeug.test import Client

LIMIT = 0.25
AGENTS = 100
EVERY = 5
SECONDS = 30
HAPPENS_EVERY = 1


class Looker:
    """One agent's open page: what it knows, and its next poll."""

    def __init__(self, app: Any, agent_id: int) -> None:
        self.client: Client = app.test_client()
        sign_in(self.client, agent_id)
        self.asked: dict[str, Any] = {
            "view": ("all", "queue-1", "unassigned")[agent_id % 3],
            "window": f"w{agent_id}",
            "doing": "viewing",
            "notices": "",
            "presence": "",
        }
        self.lines: dict[str, str] = {}
        if agent_id % 2:
            self.asked["c"] = agent_id

    def poll(self) -> int:
        """The status of one poll; what it brought is kept as a browser would."""
        known = ",".join(f"{key}.{word}" for key, word in self.lines.items())
        answer = self.client.get(
            "/updates", query_string={**self.asked, "known": known}, base_url=ADDRESS
        )
        if answer.status_code == 200:  # noqa: PLR2004
            said: dict[str, Any] = answer.json  # type: ignore[assignment]
            self._take(said)
        return answer.status_code

    def _take(self, said: dict[str, Any]) -> None:
        words = ("state", "conversation", "presence", "notices")
        self.asked |= {name: said[name] for name in words if name in said}
        for key, html in said.get("lines", {}).items():
            self.lines[key] = html.split('data-word="', 1)[1].split('"', 1)[0]
        if "order" in said:
            self.lines = {str(key): self.lines[str(key)] for key in said["order"]}


class House:
    """The server, at a time that the benchmark moves on."""

    def __init__(self, runtime: Runtime) -> None:
        from earful_admin.server import create_app

        self.second = 0
        self.app: Flask = create_app(runtime)
        self.app.before_request(self._pass_time)

    def _pass_time(self) -> None:
        g.now += timedelta(seconds=self.second)


def lookers(app: Flask) -> list[Looker]:
    """As many agents as there are to be, each with a page open."""
    with store.transaction():
        ids = [
            Agent.create(
                email=f"a{n}@x.example", name=f"Agent {n}", role=Role.AGENT, created_at=NOW
            )
            for n in range(AGENTS)
        ]
    return [Looker(app, row.id) for row in ids]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=10_000)
    arguments = parser.parse_args()
    with site(arguments.conversations, None) as made:
        house = House(made.runtime)
        pages = lookers(house.app)
        for page in pages:
            page.poll()
        spent, polls, news = 0.0, 0, 0
        for second in range(SECONDS):
            if second % HAPPENS_EVERY == 0:
                actions.add_label(made.runtime, ADMIN, second + 1, f"l{second}", now=NOW)
            house.second = second
            started = time.process_time()
            for page in pages[second % EVERY :: EVERY]:
                polls += 1
                news += page.poll() == 200  # noqa: PLR2004
            spent += time.process_time() - started
    share = spent / SECONDS
    print(
        f"polling: {AGENTS} agents, {polls / SECONDS:.0f} polls a second, {news / polls:.0%} news"
    )
    print(f"polling: {share:.3f} of one core, {spent / polls * 1000:.1f} ms a poll (limit {LIMIT})")
    return int(share > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
