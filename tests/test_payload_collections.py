"""What platforms document as their payloads is read or left alone with a reason, however broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from earful import InboundMessage, Payload, PayloadError, Removal, Seen, UnsupportedPayload
from earful.components import ChannelType
from earful.pipeline.ingest import parse
from earful_facebook import FACEBOOK
from earful_twitter import TWITTER
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
COLLECTIONS = ROOT.parent / "shared" / "data"
DOCUMENTED = [
    pytest.param(channel_type, path, id=f"{channel_type.kind}-{path.stem}")
    for channel_type, folder in ((FACEBOOK, "meta-webhooks"), (TWITTER, "x-activity"))
    for path in sorted((COLLECTIONS / folder).glob("*.json"))
]
CAPTURED = [
    (channel_type, path)
    for channel_type in (FACEBOOK, TWITTER)
    for path in sorted((ROOT / "plugins" / channel_type.kind / "tests/fixtures").glob("*.json"))
    if not path.name.endswith((".expected.json", ".payload.json"))
]
ODD_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 2**80, float("inf"), "", "x" * 300, "\ud800", "\x00", "²", "-5",
    "2026-13-01", [], [[]], [None], {}, {"id": None}, {"data": {"data": {}}}, [{"id": []}],
)  # fmt: skip


@pytest.mark.parametrize(("channel_type", "path"), DOCUMENTED)
def test_every_documented_payload_is_read_or_left_alone_with_a_reason(
    channel_type: ChannelType, path: Path
) -> None:
    try:
        assert parse(channel_type, Payload(body=path.read_bytes()))
    except UnsupportedPayload as reason:
        assert str(reason)  # noqa: PT017 - either is right, a crash is not


@given(data=st.data())
def test_broken_payloads_give_messages_or_are_refused(data: st.DataObject) -> None:
    channel_type, path = data.draw(st.sampled_from(CAPTURED))
    document = json.loads(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        found_places = list(places(document))
        if not found_places:
            break
        holder, key = found_places[data.draw(st.integers(0, len(found_places) - 1))]
        if data.draw(st.booleans()):
            holder[key] = deepcopy(ODD_VALUES[data.draw(st.integers(0, len(ODD_VALUES) - 1))])
        else:
            del holder[key]
    payload = Payload(body=json.dumps(document).encode(), meta=meta_of(path))
    try:
        found = parse(channel_type, payload)
    except PayloadError:
        return
    assert all(isinstance(each, InboundMessage | Removal | Seen) for each in found)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document: what holds it, and its key there."""
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield value, key
        yield from places(value[key])


def meta_of(path: Path) -> dict[str, str]:
    notes = path.with_name(f"{path.name}.payload.json")
    if not notes.exists():
        return {}
    meta: dict[str, str] = json.loads(notes.read_bytes()).get("meta", {})
    return meta
