"""Merging contacts and taking it back: exactly, whatever arrived meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from earful import Author, actions
from earful.actions import SYSTEM
from earful.errors import ActionRefused
from earful.store import models
from earful.store.models import (
    AuditEvent,
    Contact,
    ContactMerge,
    ContactNote,
    ContactValue,
    Conversation,
    Event,
    Identity,
    RefusedMatch,
)
from earful.store.queries.contacts import contact_page
from earful.store.queries.matches import matches, merges, refused
from earful.testing.inbox import Inbox

from tests.core.store.filler import seeing
from tests.wall import Wall, post

ANN, BOB, EVE = "ann", "bob", "eve"


def say(inbox: Inbox, wall: Wall, who: str, key: str, **fields: Any) -> int:
    """Somebody writes; the conversation it opened or joined."""
    (message,) = inbox.receive("wall", wall.payload(post(key, by=who, **fields)))
    return message.conversation_id


@pytest.fixture
def two(inbox: Inbox, wall: Wall) -> tuple[int, int]:
    for who in (ANN, BOB):
        for number in range(2):
            say(inbox, wall, who, f"{who}-{number}", thread_id=f"{who}-{number}")
    return contact_of(ANN), contact_of(BOB)


def contact_of(who: str) -> int:
    return int(Identity.get(Identity.external_id == who).contact_id)


def do(inbox: Inbox, action: str, *values: Any, **named: Any) -> Any:
    return getattr(actions, action)(inbox.runtime, SYSTEM, *values, **named, now=inbox.now)


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Who has what, and what is known of them."""
    tables = (Identity, Conversation, ContactNote, ContactValue)
    owners = {
        model.__name__: list(model.select(model.id, model.contact).order_by(model.id).tuples())
        for model in tables
    }
    return owners | {
        "vip": list(Contact.select(Contact.id, Contact.vip).order_by(Contact.id).tuples())
    }


def test_the_kept_contact_holds_everything_and_the_other_nothing(
    inbox: Inbox, two: tuple[int, int]
) -> None:
    ann, bob = two

    merge = do(inbox, "merge_contacts", ann, bob, evidence=["Both are called @ann"])

    assert {contact_of(ANN), contact_of(BOB)} == {ann}
    assert Conversation.select().where(Conversation.contact == ann).count() == 4
    page = contact_page(bob)
    assert page
    assert page.merged_into == ann
    (line,) = merges(ann)
    assert (line.id, line.contact_id, line.evidence) == (merge, bob, ("Both are called @ann",))


def test_taking_it_back_restores_exactly(inbox: Inbox, two: tuple[int, int]) -> None:
    ann, bob = two
    fields = [do(inbox, "save_contact_field", None, name=name) for name in ("Number", "Size")]
    do(inbox, "set_contact_value", ann, fields[0], "A")
    for field in fields:
        do(inbox, "set_contact_value", bob, field, "B")
    do(inbox, "add_contact_note", bob, "Prefers mail")
    do(inbox, "set_vip", bob, vip=True)
    before = everything()

    merge = do(inbox, "merge_contacts", ann, bob)
    assert Contact.get_by_id(ann).vip
    assert {each.text for each in ContactValue.select().where(ContactValue.contact == ann)} == {
        "A",
        "B",
    }

    assert do(inbox, "undo_merge", merge) == bob
    assert everything() == before


def test_what_an_account_began_since_goes_with_it(
    inbox: Inbox, wall: Wall, two: tuple[int, int]
) -> None:
    ann, bob = two
    merge = do(inbox, "merge_contacts", ann, bob)
    by_bob = say(inbox, wall, BOB, "new-b", thread_id="new-b")
    by_ann = say(inbox, wall, ANN, "new-a", thread_id="new-a")
    # Bob also speaks where Ann began: that stays hers.
    say(inbox, wall, BOB, "guest", thread_id="new-a", minute=3)
    assert Conversation.get_by_id(by_bob).contact_id == ann

    do(inbox, "undo_merge", merge)

    assert Conversation.get_by_id(by_bob).contact_id == bob
    assert Conversation.get_by_id(by_ann).contact_id == ann
    assert contact_of(BOB) == bob
    again = say(inbox, wall, BOB, "later", thread_id="later")
    assert Conversation.get_by_id(again).contact_id == bob


def test_merges_of_merges_are_taken_back_from_the_outside(
    inbox: Inbox, wall: Wall, two: tuple[int, int]
) -> None:
    ann, bob = two
    say(inbox, wall, EVE, "eve-0", thread_id="eve-0")
    eve = contact_of(EVE)
    before = everything()
    inner = do(inbox, "merge_contacts", bob, eve)
    outer = do(inbox, "merge_contacts", ann, bob)
    by_eve = say(inbox, wall, EVE, "eve-1", thread_id="eve-1")
    with pytest.raises(ActionRefused, match="merged into another"):
        do(inbox, "undo_merge", inner)

    do(inbox, "undo_merge", outer)
    assert {contact_of(BOB), contact_of(EVE)} == {bob}
    do(inbox, "undo_merge", inner)

    assert Conversation.get_by_id(by_eve).contact_id == eve
    after = everything()
    after["Conversation"] = [each for each in after["Conversation"] if each[0] != by_eve]
    assert after == before


def test_two_merges_into_one_are_taken_back_in_any_order(
    inbox: Inbox, wall: Wall, two: tuple[int, int]
) -> None:
    ann, bob = two
    say(inbox, wall, EVE, "eve-0", thread_id="eve-0")
    before = everything()
    first = do(inbox, "merge_contacts", ann, bob)
    second = do(inbox, "merge_contacts", ann, contact_of(EVE))

    do(inbox, "undo_merge", first)
    do(inbox, "undo_merge", second)

    assert everything() == before


def test_it_stands_on_the_timeline_and_in_the_audit(inbox: Inbox, two: tuple[int, int]) -> None:
    ann, bob = two
    theirs = sorted(each.id for each in Conversation.select().where(Conversation.contact == bob))

    do(inbox, "undo_merge", do(inbox, "merge_contacts", ann, bob))

    for kind in ("contact_merged", "contact_unmerged"):
        told = Event.select(Event.conversation).where(Event.kind == kind).tuples()
        assert sorted(key for (key,) in told) == theirs
    lines = AuditEvent.select().where(AuditEvent.object_kind == "contact")
    assert [each.action for each in lines] == ["contact.merge", "contact.unmerge"]
    assert not any("Bob" in str((each.summary, each.before, each.after)) for each in lines)


def test_nobody_is_merged_twice_or_with_themselves(inbox: Inbox, two: tuple[int, int]) -> None:
    ann, bob = two
    with pytest.raises(ActionRefused, match="another contact"):
        do(inbox, "merge_contacts", ann, ann)
    with pytest.raises(ActionRefused, match="does not exist"):
        do(inbox, "merge_contacts", ann, 999)
    merge = do(inbox, "merge_contacts", ann, bob)
    for pair in ((ann, bob), (bob, ann)):
        with pytest.raises(ActionRefused, match="merged into another"):
            do(inbox, "merge_contacts", *pair)
    do(inbox, "undo_merge", merge)
    with pytest.raises(ActionRefused, match="already"):
        do(inbox, "undo_merge", merge)
    do(inbox, "merge_contacts", bob, ann)
    assert ContactMerge.select().count() == 2


def test_a_merge_that_fails_half_way_changes_nothing(
    inbox: Inbox, two: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything()

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("earful.actions.merging.audit", fails)
    with pytest.raises(RuntimeError):
        do(inbox, "merge_contacts", *two)

    assert everything() == before
    assert ContactMerge.select().count() == 0


# Who may be the same


def account(name: str, handle: str = "", *, realm: str = "blog:b", **facts: Any) -> int:
    """Another person with an account elsewhere; their contact."""
    number = Identity.select().count()
    contact = Contact.create(name=name, created_at=models.NEVER)
    Identity.create(
        contact=contact, realm=realm, external_id=f"x{number}", name=name, handle=handle,
        updated_at=models.NEVER, **facts,
    )  # fmt: skip
    return int(contact.id)


@pytest.fixture
def yuki(inbox: Inbox, wall: Wall) -> int:
    url = "https://people.example/" + "y" * 600
    author = Author(external_id="y", name="Yuki Tanaka", handle="@Yuki_T", url=url)
    inbox.receive("wall", wall.payload(post("y1", author=author, language="de")))
    return int(contact_of("y"))


def test_the_same_handle_elsewhere_is_suggested_with_its_evidence(yuki: int) -> None:
    other = account("Somebody", "yuki_t")
    account("Somebody", "yuki_tt")
    account("Same channel", "yuki_t", realm="wall:wall")

    (match,) = matches(yuki)

    assert (match.contact_id, match.evidence) == (other, ("Both are called @Yuki_T",))


def test_the_same_profile_address_is_suggested_and_a_longer_one_is_not(yuki: int) -> None:
    url = Identity.get(Identity.contact == yuki).url
    other = account("Somebody", url=url)
    account("Somebody", url=f"{url}/more")

    assert [each.contact_id for each in matches(yuki)] == [other]


@pytest.mark.parametrize(
    ("name", "language", "suggested"),
    [("yuki tanaka", "de", True), ("Yuki Tanaka", "ja", False), ("Yuki", "de", False)],
)
def test_a_name_counts_only_with_the_same_language(
    inbox: Inbox, wall: Wall, yuki: int, name: str, language: str, *, suggested: bool
) -> None:
    author = Author(external_id="n", name=name)
    inbox.receive("wall", wall.payload(post("n1", author=author, language=language)))
    Identity.update(realm="blog:b").where(Identity.external_id == "n").execute()

    assert bool(matches(yuki)) is suggested


def test_a_refusal_is_remembered_for_both_and_can_be_taken_back(inbox: Inbox, yuki: int) -> None:
    other = account("Somebody", "yuki_t")
    do(inbox, "refuse_match", yuki, other)
    do(inbox, "refuse_match", yuki, other)

    assert (matches(yuki), matches(other)) == ((), ())
    assert [each.contact_id for each in refused(other)] == [yuki]
    assert RefusedMatch.select().count() == 1

    do(inbox, "take_back_refusal", other, yuki)

    assert len(matches(yuki)) == len(matches(other)) == 1
    assert refused(yuki) == ()


def test_who_was_merged_is_not_suggested_and_nothing_merges_by_itself(
    inbox: Inbox, yuki: int
) -> None:
    other = account("Somebody", "yuki_t")
    assert len(matches(yuki)) == 1
    assert ContactMerge.select().count() == 0

    merge = do(inbox, "merge_contacts", yuki, other)
    assert matches(yuki) == ()

    do(inbox, "undo_merge", merge)
    assert len(matches(yuki)) == 1


def test_suggestions_cost_the_same_among_many(yuki: int) -> None:
    with seeing() as few:
        matches(yuki)
    for _ in range(60):
        account("Yuki Tanaka", "yuki_t")
    with seeing() as many:
        found = matches(yuki)

    assert len(many) == len(few) <= 6
    assert len(found) == 5
