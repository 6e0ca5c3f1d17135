"""What a platform pushes more than once, late or out of order."""

from __future__ import annotations

from earful import Payload, Removal, RemovalKind
from earful.store.models import Payload as PayloadRow
from earful.testing.inbox import Inbox
from earful.ticker import purge

from tests.wall import Wall, post


def keyed(wall: Wall, key: str, *items: object) -> Payload:
    return Payload(body=wall.payload(*items), key=key)


def test_a_delivery_that_comes_twice_is_kept_once(inbox: Inbox, wall: Wall) -> None:
    first = inbox.push("wall", keyed(wall, "-42", post("m1")), keyed(wall, "43", post("m2")))
    again = inbox.push("wall", keyed(wall, "43", post("m2")), keyed(wall, "44", post("m3")))
    assert len(first) == 2
    assert len(again) == 1
    assert PayloadRow.select().count() == 3
    inbox.run_jobs()
    assert [each.external_id for each in inbox.messages()] == ["m1", "m2", "m3"]


def test_a_key_counts_within_its_channel(inbox: Inbox, wall: Wall) -> None:
    inbox.push("wall", keyed(wall, "1", post("m1")))
    assert inbox.push("fence", keyed(wall, "1", post("m1")))


def test_deliveries_without_a_key_are_told_apart_by_their_messages(
    inbox: Inbox, wall: Wall
) -> None:
    body = wall.payload(post("m1"))
    assert len(inbox.receive("wall", body)) == 1
    assert inbox.receive("wall", body) == []
    assert PayloadRow.select().count() == 2


def test_the_same_key_twice_in_one_request_is_kept_once(inbox: Inbox, wall: Wall) -> None:
    assert len(inbox.push("wall", *[keyed(wall, "1", post("m1"))] * 2)) == 1


def test_a_replay_after_a_day_changes_nothing(inbox: Inbox, wall: Wall) -> None:
    delivery = keyed(wall, "1", post("m1"))
    inbox.receive("wall", delivery)
    before = inbox.messages()
    inbox.advance(days=1)
    assert inbox.receive("wall", delivery) == []
    assert inbox.messages() == before


def test_a_replay_after_its_payload_was_purged_changes_nothing(inbox: Inbox, wall: Wall) -> None:
    delivery = keyed(wall, "1", post("m1"))
    inbox.receive("wall", delivery)
    inbox.advance(days=30)
    purge(inbox.runtime, now=inbox.now)
    assert not PayloadRow.select().exists()
    assert inbox.receive("wall", delivery) == []
    assert len(inbox.messages()) == 1


def test_a_removal_and_an_edit_before_their_message_win(inbox: Inbox, wall: Wall) -> None:
    removal = Removal(external_id="m1", kind=RemovalKind.DELETED)
    inbox.receive("wall", keyed(wall, "3", removal))
    (message,) = inbox.receive("wall", keyed(wall, "1", post("m1", "Secret")))
    assert (message.removal, message.text) == ("deleted", "")


def test_a_key_too_long_to_keep_still_tells_deliveries_apart(inbox: Inbox, wall: Wall) -> None:
    keys = ("k" * 300 + "1", "k" * 300 + "2", "k" * 300 + "1")
    deliveries = [keyed(wall, key, post(key[-1])) for key in keys]
    assert len(inbox.push("wall", *deliveries)) == 2
