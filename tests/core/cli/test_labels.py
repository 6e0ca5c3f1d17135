"""`earful reclassify` and `earful corrections export` as people meet them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from earful import store
from earful.store.models import (
    Channel,
    Contact,
    Conversation,
    Identity,
    LabelCorrection,
    Message,
    Thread,
)

from tests.core.cli.conftest import Earful
from tests.wall import NOON


@pytest.fixture
def corrected(earful: Earful, tmp_path: Path) -> None:
    """A migrated database with one message whose label was corrected."""
    (tmp_path / "config.toml").write_text("")
    assert earful("migrate").returncode == 0
    store.open_database(f"sqlite:///{tmp_path}/data/earful.db")
    with store.connection():
        LabelCorrection.create(
            message=_message(), namespace="sentiment", value="negative", at=NOON,
            machine_value="positive", machine_version="m-1",
        )  # fmt: skip
    store.close()


def _message() -> Message:
    channel = Channel.create(name="wall", kind="wall", title="Wall", poll_every_seconds=60)
    contact = Contact.create(name="Ann", created_at=NOON)
    who = Identity.create(
        contact=contact, realm="wall", external_id="a", name="Ann", updated_at=NOON
    )
    conversation = Conversation.create(
        channel=channel, contact=contact, surface="public_post", opened_at=NOON,
        last_message_at=NOON,
    )  # fmt: skip
    thread = Thread.create(
        channel=channel, external_id="t", conversation=conversation, surface="public_post"
    )
    message: Message = Message.create(
        channel=channel, external_id="m", conversation=conversation, thread=thread, identity=who,
        surface="public_post", text="Größe? „Nein“", sent_at=NOON, received_at=NOON, stage="done",
    )  # fmt: skip
    return message


@pytest.mark.usefixtures("corrected")
def test_corrections_are_lines_of_json_without_names(earful: Earful) -> None:
    done = earful("corrections", "export")

    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    said = json.loads(line)
    assert (said["text"], said["label"], said["machine_label"]) == (
        "Größe? „Nein“",
        "negative",
        "positive",
    )
    assert "Ann" not in line
    named = json.loads(earful("corrections", "export", "--with-authors").stdout)
    assert (named["author"], named["judged_by"]) == ("Ann", None)


@pytest.mark.usefixtures("corrected")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "--since"),
        (["--since", "yesterday"], "yesterday is no date such as 2026-11-01"),
        (["--since", "2026-11-01"], "No classifier is configured."),
        (["--since", "2026-11-01", "--model", "x"], "No classifier is named x (configured: none)."),
    ],
)
def test_mistakes_are_told_in_words(earful: Earful, options: list[str], told: str) -> None:
    done = earful("reclassify", *options)

    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr
