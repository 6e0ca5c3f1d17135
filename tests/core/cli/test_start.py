"""Which processes an installation is made of, and what each of them serves."""

from __future__ import annotations

from itertools import pairwise

import earful.job_queue
import pytest
from click.testing import CliRunner
from earful.cli import start
from earful.config import Config


def _served(command: list[str]) -> list[str]:
    return [name for flag, name in pairwise(command) if flag == "--queue"]


def test_a_slow_platform_holds_up_nothing_but_other_platforms() -> None:
    children = [_served([*child.command]) for child in start.processes(Config())]

    served = [queues for queues in children if queues]
    assert ["fetch"] in served
    assert sorted(name for queues in served for name in queues) == sorted(earful.job_queue.QUEUES)
    assert ["send", "notify"] in served


def test_a_worker_for_everything_takes_what_is_urgent_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        earful.job_queue, "run_worker", lambda _config, queues, **_: asked.extend(queues)
    )

    CliRunner().invoke(start.worker, [], catch_exceptions=False)

    assert asked == ["send", "notify", "ingest", "triage", "fetch"]
    assert set(asked) == set(earful.job_queue.QUEUES)
