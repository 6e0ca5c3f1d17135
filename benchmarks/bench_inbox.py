"""What the inbox's pages cost with much stored, and against a bare Flask view of the same run.

The large store has 100,000 open conversations and 1,000,000 messages, the small one 1,000 and
10,000: one multiplied inside the database, so that both hold the same kind of rows. The bare view
reads one row and renders a template of 40 rows. All are measured in turns, in CPU time, which a
busy machine does not change.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager

import flask
from earful import store
from earful.runtime import Runtime
from earful.store.database import execute
from earful.store.models import Conversation, Message, database
from material import ADDRESS, add_policies, agents_client, feed, installation, take_through
from multiply import multiply

GROWTH_LIMIT = 1.5
BARE_LIMIT = 15
CONVERSATIONS = 1_000
MESSAGES = 10_000
ROUNDS = 15
PAGES = {
    "list": "/?view=all",
    "list by priority": "/?view=all&sort=priority",
    "queue, newest": "/?view=queue-1&sort=newest",
    "conversation": "/?view=all&c={conversation}",
    "conversation pane": "/?view=all&c={conversation}",
    "search": "/search/?q=refund+invoice",
    "poll with news": "/updates?view=all",
}
BARE = """<!doctype html><title>Bare</title><ol>{% for row in rows %}<li id="row-{{ row.id }}">
<a href="/?c={{ row.id }}"><b>{{ row.name }}</b><time>{{ row.at }}</time><span>{{ row.text }}</span>
<i>{{ row.queue }}</i><i>{{ row.priority }}</i></a></li>{% endfor %}</ol>"""


class Site:
    """One installation that can be taken up again and again."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.database = runtime, database.obj
        file = str(database.obj.database)
        # As beside other processes: the last to close a file would write its log back each time.
        self.beside = sqlite3.connect(file)
        self.beside.execute("SELECT count(*) FROM channel").fetchall()
        self.pages = _pages(runtime)
        self.bare = _bare(file)

    def resume(self) -> None:
        store.close()
        database.initialize(self.database)


def timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _pages(runtime: Runtime) -> dict[str, Callable[[], float]]:
    """Each page as a signed-in agent gets it, made whole."""
    client = agents_client(runtime)
    with store.connection():
        busiest = Conversation.select(Conversation.id).order_by(Conversation.id).get().id

    def getter(name: str, path: str) -> Callable[[], float]:
        pane = {"HX-Request": "true", "HX-Target": "pane"} if name.endswith("pane") else {}

        def get() -> float:
            started = time.process_time()
            answer = client.get(path.format(conversation=busiest), base_url=ADDRESS, headers=pane)
            assert answer.status_code == 200, (name, answer.status)  # noqa: PLR2004
            return time.process_time() - started

        return get

    return {name: getter(name, path) for name, path in PAGES.items()}


def _bare(file: str) -> Callable[[], float]:
    """What any Flask application pays: a connection, one row read, forty rows rendered."""
    app = flask.Flask("bare")
    template = app.jinja_env.from_string(BARE)

    @app.get("/")
    def index() -> str:
        connection = sqlite3.connect(file)
        key, snippet = connection.execute("SELECT id, snippet FROM conversation").fetchone()
        connection.close()
        lines = [
            {"id": key + n, "name": "Yuki Tanaka", "at": "5 m", "text": snippet, "queue": "Billing",
             "priority": "high"}
            for n in range(40)
        ]  # fmt: skip
        return template.render(rows=lines)

    client = app.test_client()
    return lambda: timed(lambda: client.get("/"))


@contextmanager
def site(conversations: int, url: str | None):  # noqa: ANN201
    with installation(url) as runtime:
        add_policies(runtime, 10)
        take_through(runtime, [feed(500, at) for at in range(0, MESSAGES, 500)])
        with store.connection():
            _shape()
        multiply(conversations // CONVERSATIONS)
        with store.connection():
            found = Conversation.select().count(), Message.select().count()
        assert found == (conversations, conversations * MESSAGES // CONVERSATIONS), found
        yield Site(runtime)


def _shape() -> None:
    """A feed's comments begin a conversation each; make it ten messages to every conversation."""
    for table in ("message", "thread", "event", "policy_run"):
        execute(f"UPDATE {table} SET conversation_id = (conversation_id - 1) % {CONVERSATIONS} + 1")
    for table in ("conversation_label", "clock"):
        execute(f"DELETE FROM {table} WHERE conversation_id > {CONVERSATIONS}")
    execute(f"DELETE FROM conversation WHERE id > {CONVERSATIONS}")
    execute("UPDATE conversation SET message_count = 10")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    growth: dict[str, list[float]] = {name: [] for name in PAGES}
    against: dict[str, list[float]] = {name: [] for name in PAGES}
    with ExitStack() as stack:
        small = stack.enter_context(site(CONVERSATIONS, None))
        large = stack.enter_context(site(arguments.large, None))
        for turn in range(arguments.rounds + 2):
            costs = {}
            for each in (small, large) if turn % 2 else (large, small):
                each.resume()
                costs[each] = {
                    name: statistics.median(get() for _ in range(5))
                    for name, get in each.pages.items()
                }
            bare = statistics.median(small.bare() for _ in range(15))
            if turn < 2:  # noqa: PLR2004 - the first turns fill caches
                continue
            for name in PAGES:
                growth[name].append(costs[large][name] / costs[small][name])
                against[name].append(costs[large][name] / bare)
    return report(growth, against)


def report(growth: dict[str, list[float]], against: dict[str, list[float]]) -> int:
    worst = 0
    for name in PAGES:
        grown, bare = statistics.median(growth[name]), statistics.median(against[name])
        print(f"inbox: {name:18} {grown:5.2f} times the small store, {bare:5.1f} times a bare view")
        if name != "search":
            worst |= grown > GROWTH_LIMIT or bare > BARE_LIMIT
    print(f"limits {GROWTH_LIMIT} and {BARE_LIMIT} (the search is told only)")
    return int(worst)


if __name__ == "__main__":
    sys.exit(main())
