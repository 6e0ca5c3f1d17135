"""Macros: several steps in one, all or none on each conversation, and taken back exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from earful import actions
from earful.actions import Actor, InvalidMacro
from earful.errors import ActionRefused
from earful.policies import ACTIONS, MACRO_STEPS, compile_actions, macro_in_words
from earful.store import models
from earful.store.queries.macros import MOST_MACROS, macros
from earful.store.states import ConversationStatus, Role, WritingMode

from tests.core.actions.test_bulk import rows, waiting
from tests.core.store.filler import NOW, Filler, seeing

LATER = NOW + timedelta(seconds=20)
RUNTIME: Any = None
STEPS = [
    {"do": "queue", "value": "Billing"},
    {"do": "priority", "value": "high"},
    {"do": "label", "value": "topic:refund"},
    {"do": "take"},
    {"do": "resolve"},
]


class House:
    """What the check of names asks of the installation."""

    class config:  # noqa: N801 - read as `runtime.config`
        notifiers: tuple[str, ...] = ()


HOUSE: Any = House()


@pytest.fixture
def shop(open_database: str) -> Filler:
    return Filler()


@pytest.fixture
def sam(shop: Filler) -> Actor:
    return Actor(shop.sam.id, "Sam", Role.AGENT)


@pytest.fixture
def maya(shop: Filler) -> Actor:
    return Actor(shop.maya.id, "Maya", Role.LEAD)


@pytest.fixture
def save(sam: Actor) -> Callable[..., int]:
    def saved(steps: Any = STEPS, actor: Actor = sam, name: str = "Refund", **more: Any) -> int:
        return actions.save_macro(HOUSE, actor, None, name=name, steps=steps, **more, now=NOW)

    return saved


def run(actor: Actor, key: int, macro: int, now: Any = NOW) -> actions.MacroRun:
    return actions.run_macro(RUNTIME, actor, key, macro, now=now)


def test_every_step_is_done_by_the_person_and_told_as_the_macro_s(
    shop: Filler, sam: Actor, save: Callable[..., int]
) -> None:
    key = waiting(shop)
    done = run(sam, key, save())
    row = models.Conversation.get_by_id(key)
    assert (row.queue.name, row.priority.word, row.assignee_id, row.status) == (
        "Billing", "high", sam.agent_id, ConversationStatus.RESOLVED,
    )  # fmt: skip
    assert (done.name, done.puts_away, done.draft) == ("Refund", True, None)
    events = list(models.Event.select().where(models.Event.conversation == key))
    kinds = {each.kind for each in events}
    assert {"moved", "priority", "labelled", "taken_over", "resolved"} <= kinds
    assert {(each.agent_id, each.data["macro"]) for each in events} == {(sam.agent_id, "Refund")}
    audits = models.AuditEvent.select().where(models.AuditEvent.action.startswith("conversation."))
    assert len(audits) == 5
    assert {(each.actor, each.after["macro"]) for each in audits} == {("Sam", "Refund")}


@pytest.mark.parametrize(
    "steps",
    [
        STEPS,
        [{"do": "snooze", "value": "3 days"}, {"do": "label", "value": "later"}],
        [{"do": "assign", "value": "sam@example.com"}, {"do": "ignore", "value": "spam"}],
    ],
)
def test_what_is_undone_stands_exactly_as_before(
    shop: Filler, sam: Actor, save: Callable[..., int], steps: Any
) -> None:
    models.Agent.update(email="sam@example.com").where(models.Agent.id == sam.agent_id).execute()
    key, before = waiting(shop), rows()
    done = run(sam, key, save(steps))
    assert rows() != before
    assert done.undo_id
    assert actions.undo_many(RUNTIME, sam, done.undo_id, now=LATER) == ((key,), ())
    assert rows() == before


def test_run_twice_it_changes_nothing_more(
    shop: Filler, sam: Actor, save: Callable[..., int]
) -> None:
    key, macro = waiting(shop), save()
    run(sam, key, macro)
    after, events = rows(), models.Event.select().count()
    assert run(sam, key, macro, LATER).undo_id is None
    assert (rows(), models.Event.select().count()) == (after, events)


def test_a_step_that_is_refused_takes_the_others_with_it(
    shop: Filler, sam: Actor, save: Callable[..., int]
) -> None:
    key, before = waiting(shop), rows()
    macro = save([{"do": "label", "value": "new"}, {"do": "take"}])
    models.Agent.update(away=True).where(models.Agent.id == sam.agent_id).execute()
    with pytest.raises(ActionRefused, match="You are away"):
        run(sam, key, macro)
    assert rows() == before
    assert models.Event.select().count() == 0


def test_of_many_each_is_told_why_it_was_refused(
    shop: Filler, sam: Actor, save: Callable[..., int]
) -> None:
    ids, before = [waiting(shop), waiting(shop)], rows()
    plan = actions.plan_macro(RUNTIME, sam, save(text="Hello"))
    outcome = actions.change_many(RUNTIME, sam, [*ids, 999], "macro", plan, now=NOW)
    assert outcome.done == tuple(ids)
    assert outcome.failed == {999: "This conversation does not exist."}
    assert models.Draft.select().count() == 0
    assert outcome.undo_id
    actions.undo_many(RUNTIME, sam, outcome.undo_id, now=LATER)
    assert rows() == before


def test_very_many_are_changed_by_a_job_and_put_back(
    shop: Filler, sam: Actor, save: Callable[..., int]
) -> None:
    ids, before = [waiting(shop) for _ in range(30)], rows()
    macro = save()
    plan = actions.plan_macro(RUNTIME, sam, macro)
    job = actions.start_bulk_job(RUNTIME, sam, ids, "macro", plan, now=NOW)
    # What was begun with is what is done, whatever becomes of the macro.
    actions.delete_macro(RUNTIME, sam, macro, now=NOW)
    while actions.continue_bulk_job(RUNTIME, job, now=NOW):
        pass
    assert models.BulkJob.get_by_id(job).done == 30
    assert {row.status for row in models.Conversation} == {ConversationStatus.RESOLVED}
    actions.undo_bulk_job(RUNTIME, sam, job, now=LATER)
    while actions.continue_bulk_job(RUNTIME, job, now=LATER):
        pass
    assert rows() == before


def test_a_queue_that_is_gone_is_told_before_anything_changes(
    shop: Filler, sam: Actor, save: Callable[..., int]
) -> None:
    key, macro, before = waiting(shop), save(), rows()
    models.Queue.update(active=False).where(models.Queue.name == "Billing").execute()
    with pytest.raises(ActionRefused, match=r"“Refund” cannot be run\. There is no queue named"):
        run(sam, key, macro)
    assert rows() == before
    with pytest.raises(InvalidMacro, match="there is no queue named 'Billing'"):
        save()


def test_the_reply_is_begun_once_and_never_sent(
    shop: Filler, sam: Actor, save: Callable[..., int]
) -> None:
    row = shop.conversation()
    models.Contact.update(name="Ann Lee").where(models.Contact.id == row.contact_id).execute()
    shop.message(row)
    macro = save(
        [{"do": "label", "value": "x"}], text="Hi {contact.first_name}, {queue.nothing} we look."
    )
    first = run(sam, row.id, macro).draft
    again = run(sam, row.id, macro, LATER).draft
    assert first is not None
    assert again is not None
    (draft,) = models.Draft.select()
    assert (draft.mode, draft.version) == (WritingMode.PUBLIC, first.version)
    assert draft.text == "Hi Ann, {queue.nothing} we look."
    assert models.Reply.select().count() == 0


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([], "the macro would do nothing"),
        ([{"do": "notify", "value": "x"}], "there is no action"),
        ([{"do": "take"}, {"do": "assign", "value": "a@example.com"}], "exclude each other"),
        ([{"do": "resolve"}, {"do": "ignore", "value": "spam"}], "exclude each other"),
        ([{"do": "snooze", "value": "for ever"}], "is none of 1 hour"),
        ([{"do": "label", "value": "x"}] * 21, "more than 20"),
        ([{"do": "queue", "value": "Nowhere"}], "no queue named 'Nowhere'"),
        ([{"do": "assign", "value": "gone@example.com"}], "no active agent"),
    ],
)
def test_what_cannot_be_is_not_saved(
    save: Callable[..., int], steps: list[dict[str, str]], why: str
) -> None:
    with pytest.raises(InvalidMacro, match=why):
        save(steps)
    assert models.Macro.select().count() == 0


def test_a_name_is_needed_and_a_reply_has_its_bound(save: Callable[..., int]) -> None:
    with pytest.raises(InvalidMacro) as caught:
        save(name=" ", text="x" * 200_001)
    assert len(caught.value.mistakes) == 2


def test_steps_of_macros_are_no_actions_of_policies() -> None:
    assert {"take", "snooze", "resolve"} == MACRO_STEPS.keys() - ACTIONS.keys()


def test_its_effects_are_told_in_words() -> None:
    wishes = compile_actions(STEPS, MACRO_STEPS)
    assert macro_in_words(wishes, begins_reply=True) == (
        "Put it into the queue “Billing”, set the priority to high, add the label “topic:refund”, "
        "assign it to you, resolve it and begin a reply, which you send."
    )


def test_agents_keep_their_own_and_leads_the_team_s(
    shop: Filler, sam: Actor, maya: Actor, save: Callable[..., int]
) -> None:
    own, team = save(), save(actor=maya, name="All", shared=True)
    assert [each.name for each in macros(sam.agent_id)] == ["All", "Refund"]
    assert [each.name for each in macros(maya.agent_id)] == ["All"]
    run(sam, waiting(shop), team)
    for attempt in (
        lambda: save(shared=True),
        lambda: actions.delete_macro(RUNTIME, sam, team, now=NOW),
        lambda: actions.save_macro(HOUSE, sam, team, name="Mine", steps=STEPS, now=NOW),
    ):
        with pytest.raises(ActionRefused, match="needs the role"):
            attempt()
    for foreign in (
        lambda: run(maya, waiting(shop), own),
        lambda: actions.delete_macro(RUNTIME, maya, own, now=NOW),
    ):
        with pytest.raises(ActionRefused, match="does not exist"):
            foreign()
    actions.save_macro(HOUSE, maya, team, name="Ours", steps=STEPS, shared=True, now=LATER)
    assert models.Macro.get_by_id(team).name == "Ours"


def test_a_viewer_runs_none(shop: Filler, maya: Actor, save: Callable[..., int]) -> None:
    team = save(actor=maya, shared=True)
    viewer = Actor(shop.sam.id, "Vera", Role.VIEWER)
    with pytest.raises(ActionRefused, match="needs the role"):
        run(viewer, waiting(shop), team)


def test_there_is_a_most_of_them(sam: Actor, save: Callable[..., int]) -> None:
    for number in range(MOST_MACROS):
        save(name=f"M{number}")
    with pytest.raises(ActionRefused, match="Remove one first"):
        save()
    with seeing() as seen:
        assert len(macros(sam.agent_id)) == MOST_MACROS
    assert len(seen) == 1


def test_what_one_costs_does_not_grow_with_history(
    shop: Filler, sam: Actor, save: Callable[..., int]
) -> None:
    macro = save()

    def statements() -> int:
        key = waiting(shop)
        with seeing() as seen:
            run(sam, key, macro)
        return len(seen)

    before = statements()
    for _ in range(40):
        waiting(shop)
        save()
    assert statements() == before
