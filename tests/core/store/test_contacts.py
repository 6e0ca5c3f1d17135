"""What is read of a contact: facts about the past, fields, notes, the list; and what it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from earful.store import bulk, models
from earful.store.queries.contact_list import find_contacts, list_contacts
from earful.store.queries.contacts import LOOKED_BACK, contact_page, history
from earful.store.states import ConversationStatus, ReplyState

from tests.core.store.filler import NOW, Filler, seeing

DAY = timedelta(days=1)


def reply(filled: Filler, conversation: models.Conversation, agent: models.Agent) -> None:
    message = filled.message(conversation)
    models.Reply.create(
        channel=message.channel,
        conversation=conversation,
        thread=message.thread,
        message=message,
        agent=agent,
        surface=message.surface,
        text="On its way",
        state=ReplyState.SENT,
        idempotency_key=f"k{message.id}",
        created_at=NOW,
        due_at=NOW,
    )


def page(filled: Filler, seen_from: models.Conversation | None = None) -> Any:
    found = contact_page(filled.contact.id, conversation_id=seen_from.id if seen_from else None)
    assert found
    return found


def label(conversation: models.Conversation, name: str) -> None:
    models.ConversationLabel.create(
        conversation=conversation, name=name, added_by="Sam", added_at=NOW
    )


def test_a_first_conversation_has_no_past(filled: Filler) -> None:
    prior = page(filled, filled.conversation()).prior

    assert (prior.open, prior.handlers, prior.last_finished) == ((), (), None)
    assert (prior.same_issue, prior.elsewhere, prior.is_cut) == ((), (), False)


def test_what_waits_elsewhere_is_open_and_this_conversation_is_not_counted(filled: Filler) -> None:
    waiting = [
        filled.conversation(status=each) for each in (ConversationStatus.OPEN, "pending", "snoozed")
    ]
    filled.conversation(status="resolved", resolved_at=NOW)
    now = filled.conversation()

    assert [each.id for each in page(filled, now).prior.open] == [
        each.id for each in reversed(waiting)
    ]


def test_who_answered_last_knows_them_best_and_who_holds_one_knows_them_too(
    filled: Filler,
) -> None:
    ann = models.Agent.create(email="ann@example.com", name="Ann Wu", created_at=NOW)
    first = filled.conversation(assignee=ann)
    reply(filled, first, filled.sam)
    reply(filled, filled.conversation(), filled.maya)
    now = filled.conversation()

    names = [each.name for each in page(filled, now).prior.handlers]

    assert names == ["Maya Ortiz", "Sam Bailey", "Ann Wu"]


def test_the_last_outcome_is_that_of_what_ended_last(filled: Filler) -> None:
    filled.conversation(status="resolved", resolved_at=NOW, outcome="refunded")
    filled.conversation(status="resolved", resolved_at=NOW - DAY, outcome="explained")

    last = page(filled, filled.conversation()).prior.last_finished

    assert last
    assert last.outcome == "refunded"


def test_a_shared_label_makes_it_the_same_issue(filled: Filler) -> None:
    before, other = filled.conversation(), filled.conversation()
    now = filled.conversation()
    for each, name in ((before, "parcel"), (other, "refund"), (now, "parcel"), (now, "vip")):
        label(each, name)

    (same,) = page(filled, now).prior.same_issue

    assert (same.conversation.id, same.labels) == (before.id, ("parcel",))


def test_another_channel_within_two_weeks_was_tried_first(filled: Filler) -> None:
    other = models.Channel.create(name="blog", kind="blogs", title="Our blog")
    for days, channel in ((3, other), (30, other), (2, filled.channel)):
        filled.conversation(channel=channel, opened_at=NOW - days * DAY)
    now = filled.conversation(opened_at=NOW)

    (tried,) = page(filled, now).prior.elsewhere

    assert (tried.channel.title, tried.opened_at) == ("Our blog", NOW - 3 * DAY)


def test_an_account_names_its_channel(filled: Filler) -> None:
    models.Identity.update(realm="forums:forum", reach=1200, verified=True).execute()

    (account,) = page(filled).identities

    assert account.channel.title == "Our forum"
    assert (account.handle, account.reach, account.verified) == ("@yuki", 1200, True)


def test_an_account_of_all_channels_of_a_kind_names_the_first_of_them_once(filled: Filler) -> None:
    models.Identity.update(realm="forums").execute()
    models.Channel.create(name="second", kind="forums", title="Our second forum")

    (account,) = page(filled).identities

    assert account.channel.title == "Our forum"


def test_a_retired_field_is_shown_only_where_it_is_answered(filled: Filler) -> None:
    kept, gone = (
        models.ContactField.create(name=name, active=name == "Size") for name in ("Size", "Fax")
    )
    assert [each.name for each in page(filled).fields] == ["Size"]

    models.ContactValue.create(contact=filled.contact, field=gone, text="12", agent=None, at=NOW)

    assert [(each.name, each.text) for each in page(filled).fields] == [("Fax", "12"), ("Size", "")]
    assert kept.active


def test_history_pages_follow_one_another(filled: Filler) -> None:
    ids = [filled.conversation().id for _ in range(7)]
    seen, before = [], None
    for _ in range(3):
        found = history(filled.contact.id, before_id=before, limit=3)
        seen += [each.id for each in found.items]
        before = int(found.next) if found.next else None

    assert seen == list(reversed(ids))
    assert before is None


def test_the_list_leaves_out_merged_contacts_and_filters_vips(filled: Filler) -> None:
    ann, bob, eve = (models.Contact.create(name=n, created_at=NOW) for n in ("Ann", "Bob", "Eve"))
    models.Contact.update(vip=True).where(models.Contact.id == bob.id).execute()
    models.ContactMerge.create(kept=ann, merged=eve, at=NOW, moved={})

    first = list_contacts(limit=2)

    assert [each.name for each in first.items] == ["Bob", "Ann"]
    assert [each.name for each in list_contacts(before_id=int(first.next or 0)).items] == [
        "Yuki Tanaka"
    ]
    assert [each.name for each in list_contacts(only_vip=True).items] == ["Bob"]


@pytest.mark.parametrize("asked", ["yuki", "Tana", "@yuki", "YUKI TANAKA", "yuki tan"])
def test_a_contact_is_found_by_name_and_handle(filled: Filler, asked: str) -> None:
    filled.message(filled.conversation())
    other = models.Contact.create(name="Bob", created_at=NOW)
    models.Identity.create(
        contact=other, realm="forums", external_id="u2", name="Bob", updated_at=NOW
    )

    assert [each.name for each in find_contacts(asked)] == ["Yuki Tanaka"]


@pytest.mark.parametrize("asked", ["", "  ", '"', "zoe", "' OR 1=1 --", "yuki\0bob*"])
def test_a_search_that_fits_nobody_finds_nobody(filled: Filler, asked: str) -> None:
    filled.message(filled.conversation())
    assert find_contacts(asked) == ()


def test_who_never_wrote_anything_that_stands_is_found_by_the_whole_name(filled: Filler) -> None:
    assert [each.name for each in find_contacts("Yuki Tanaka")] == ["Yuki Tanaka"]


def reads(filled: Filler, conversation: models.Conversation) -> list[int]:
    costs = []
    for read in (
        lambda: contact_page(filled.contact.id, conversation_id=conversation.id),
        lambda: history(filled.contact.id),
        list_contacts,
        lambda: find_contacts("yuki"),
    ):
        with seeing() as statements:
            read()
        costs.append(len([sql for sql, _ in statements if sql.startswith(("SELECT", " "))]))
    return costs


def test_a_contact_with_a_long_past_costs_what_a_new_one_does(filled: Filler) -> None:
    now = filled.conversation()
    filled.message(now)
    few = reads(filled, now)
    filled.many(LOOKED_BACK * 2)
    bulk.insert(
        models.Contact, [{"name": f"No {n}", "created_at": NOW} for n in range(LOOKED_BACK * 2)]
    )

    assert reads(filled, now) == few
    assert few[0] <= 8
    assert page(filled, now).prior.is_cut
    assert len(page(filled, now).prior.open) <= LOOKED_BACK
