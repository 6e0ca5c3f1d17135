"""What a message and the queue page cost with much stored, against the same with little stored.

The large store is the small one multiplied inside the database, so that both hold the same kind
of rows. Both are measured in turns.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from itertools import count

from earful import store
from earful.runtime import Runtime
from earful.store.models import Message, database
from material import ADDRESS, add_policies, agents_client, feed, installation, take_through
from multiply import multiply

MESSAGE_LIMIT = 1.3
PAGE_LIMIT = 1.5
SMALL = 10_000
ROUNDS = 15
ENTRIES = 50


class Site:
    """One installation with so many messages, that can be taken up again and again."""

    def __init__(self, runtime: Runtime, messages: int) -> None:
        self.runtime, self.messages = runtime, messages
        self.database = database.obj
        self.numbers = count(100_000_000, ENTRIES)
        self.page = _queue_page(runtime)

    def resume(self) -> None:
        store.close()
        database.initialize(self.database)

    def one_feed(self) -> float:
        body = feed(ENTRIES, next(self.numbers))
        with store.connection():
            return timed(lambda: take_through(self.runtime, [body]))


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _queue_page(runtime: Runtime) -> Callable[[], float]:
    """The queue page as a signed-in agent gets it, rendered whole."""
    client = agents_client(runtime)

    def get() -> float:
        started = time.perf_counter()
        answer = client.get("/?view=all", base_url=ADDRESS)
        assert answer.status_code == 200, answer.status  # noqa: PLR2004
        return time.perf_counter() - started

    return get


@contextmanager
def site(messages: int, url: str | None):  # noqa: ANN201
    with installation(url) as runtime:
        add_policies(runtime, 50)
        take_through(runtime, [feed(500, at) for at in range(0, SMALL, 500)])
        multiply(messages // SMALL)
        with store.connection():
            stored = Message.select().count()
        assert stored == messages, stored
        yield Site(runtime, messages)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        small = stack.enter_context(site(SMALL, None))
        large = stack.enter_context(site(arguments.large, None))
        message, page = [], []
        for turn in range(ROUNDS + 2):
            costs = {}
            for each in (small, large) if turn % 2 else (large, small):
                each.resume()
                costs[each] = each.one_feed(), statistics.median(each.page() for _ in range(5))
            if turn >= 2:  # noqa: PLR2004 - the first turns fill caches
                message.append(costs[large][0] / costs[small][0])
                page.append(costs[large][1] / costs[small][1])
        first, second = statistics.median(message), statistics.median(page)
    print(f"growth: a message costs {first:.2f} times as much with {arguments.large:,} stored")
    print(f"growth: the queue page costs {second:.2f} times as much (limit {PAGE_LIMIT})")
    print(f"limits {MESSAGE_LIMIT} and {PAGE_LIMIT}")
    return int(first > MESSAGE_LIMIT or second > PAGE_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
