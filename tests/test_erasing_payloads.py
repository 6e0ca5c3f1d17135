"""What a platform sent of a person goes with them, whatever their ids are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from earful import Payload as RawPayload
from earful.inbox.erasing import erase_payloads
from earful.store import connection
from earful.store.models import Identity, Payload
from earful.testing.inbox import Inbox

PLUGINS = Path(__file__).parents[1] / "plugins"
SETTINGS = {
    "facebook": 'app_id = "1"\napp_secret = "s"\nverify_token = "v"',
    "forums": 'url = "https://blog.example/"',
    "twitter": 'client_id = "c"\nclient_secret = "s"\nconsumer_secret = "k"\nbearer_token = "b"',
}


@pytest.fixture
def earful_config(kind: str) -> str:
    return f'[channels.here]\ntype = "{kind}"\n{SETTINGS[kind]}'


def captured(kind: str) -> Iterator[tuple[RawPayload, set[str]]]:
    """Each captured payload, with the ids of those who wrote something in it."""
    for told in sorted((PLUGINS / kind / "tests" / "fixtures").glob("*.expected.json")):
        items = json.loads(told.read_text("utf-8"))
        file = told.with_name(told.name.removesuffix(".expected.json"))
        beside = file.with_name(f"{file.name}.payload.json")
        facts: dict[str, Any] = json.loads(beside.read_text("utf-8")) if beside.exists() else {}
        authors = {item["author"]["external_id"] for item in items if "author" in item}
        yield RawPayload(body=file.read_bytes(), **facts), authors


def test_every_channel_is_tried() -> None:
    contracts = PLUGINS.glob("*/tests/test_contract.py")
    channels = {path.parents[1].name for path in contracts if "ChannelC" in path.read_text("utf-8")}
    assert channels == set(SETTINGS)


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_payload_goes_with_each_of_its_authors(earful_inbox: Inbox, kind: str) -> None:
    with connection():
        for payload, authors in captured(kind):
            earful_inbox.receive("here", payload)
            kept = list(Payload.select().dicts())
            assert len(kept) == 1
            for external_id in authors:
                wrote = Identity.get(Identity.external_id == external_id)
                assert erase_payloads(earful_inbox.runtime, wrote.contact_id) == 1, payload
                Payload.insert_many(kept).execute()
            Payload.delete().execute()
