"""`earful reclassify` is killed in the middle and started again: each message is labelled once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from earful import Label, actions
from earful.actions import Actor
from earful.pipeline.reclassify import WINDOW
from earful.store.models import (
    ClassifierDay,
    LabelCorrection,
    MessageLabel,
    PolicyRun,
    Reclassification,
)
from earful.testing.inbox import Inbox

from tests.stranger import install
from tests.wall import Wall, post

PACKAGE = Path(__file__).with_name("careful_reader")
MESSAGES = 3 * WINDOW + 40

pytestmark = pytest.mark.faults

CONFIG = """
[store]
url = "{database}"
[classifiers.reader]
type = "careful"
folder = "{folder}"
pause_after = {pause_after}
"""


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Far longer than it takes on an idle machine: the deadline only ends what hangs."""
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(0.05)


@pytest.fixture
def start(database: str, tmp_path: Path) -> Callable[[], subprocess.Popen[str]]:
    """Starts the command with a classifier that waits in the middle of the second window."""
    site = install(PACKAGE, "careful", tmp_path / "site")
    file = tmp_path / "again.toml"
    file.write_text(
        CONFIG.format(database=database, folder=tmp_path, pause_after=WINDOW + WINDOW // 2)
    )
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))

    def run() -> subprocess.Popen[str]:
        options = ["reclassify", "--since", "2026-11-01", "--config", str(file)]
        return subprocess.Popen(
            [sys.executable, "-m", "earful", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    return run


def test_killed_in_the_middle_it_goes_on_where_it_stood(
    inbox: Inbox, wall: Wall, sam: Actor, start: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    wall.labels = lambda messages: [[Label(name="sentiment:positive", score=0.9)] for _ in messages]
    said = inbox.receive("wall", wall.payload(*(post(f"m{n}", f"n {n}") for n in range(MESSAGES))))
    actions.judge_label(inbox.runtime, sam, said[0].id, "sentiment:negative", now=inbox.now)
    before = list(LabelCorrection.select().dicts())

    first = start()
    try:
        wait_until((tmp_path / "waiting").exists, "the middle of the second window")
    finally:
        first.kill()
        first.communicate()
    assert Reclassification.get().done == WINDOW
    versions = Counter(row.version for row in MessageLabel.select())
    assert versions == {"careful-2": WINDOW, "reader-1": MESSAGES - WINDOW}

    (tmp_path / "go").touch()
    out, err = (second := start()).communicate(timeout=120)

    assert second.returncode == 0, err
    assert f"going on after {WINDOW} of {MESSAGES}" in err
    assert f"{MESSAGES} messages read anew" in out
    labels = list(MessageLabel.select(MessageLabel.message, MessageLabel.version).tuples())
    assert sorted(labels) == sorted((each.id, "careful-2") for each in said)
    read = Counter(
        key for line in (tmp_path / "journal").read_text().splitlines() for key in json.loads(line)
    )
    assert {read[each.id] for each in said[:WINDOW]} == {1}
    assert {read[each.id] for each in said[2 * WINDOW :]} == {1}
    assert max(read.values()) == 2
    assert list(LabelCorrection.select().dicts()) == before
    assert PolicyRun.select().count() == 0
    counted = {row.version: row.messages for row in ClassifierDay.select()}
    assert counted == {"": MESSAGES, "reader-1": 0, "careful-2": MESSAGES}
    run = Reclassification.get()
    assert (run.done, run.failed) == (MESSAGES, 0)
    assert run.finished_at - run.started_at < timedelta(hours=1)


def test_a_second_start_does_nothing_twice_after_the_end(
    inbox: Inbox, wall: Wall, start: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    inbox.receive("wall", wall.payload(post("m1")))
    for _ in range(2):
        out, err = (process := start()).communicate(timeout=120)
        assert process.returncode == 0, err
        assert "1 message read anew" in out

    assert Reclassification.select().count() == 2
    assert MessageLabel.select().count() == 1
