"""Queues hand out to who is there and free, and take back what the absent hold."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from earful import Label, actions, store
from earful.actions import SYSTEM, Actor
from earful.errors import ActionRefused
from earful.inbox.assigning import hand_out, hand_out_waiting, return_from_absent
from earful.store.models import Agent, AuditEvent, Conversation, Event, Message, Queue
from earful.store.states import AssignmentStrategy, ConversationStatus, Role
from earful.testing.inbox import Inbox

from tests.core.conftest import agent
from tests.core.pipeline.test_query_counts import counted
from tests.wall import NOON, Wall, post

numbers = iter(range(1, 1_000_000))


@pytest.fixture
def queue(inbox: Inbox) -> Queue:
    """The fallback queue: everything lands in it."""
    name = inbox.runtime.config.inbox.fallback_queue
    found: Queue = Queue.get_or_none(Queue.name == name) or Queue.create(name=name)
    return found


def use(queue: Queue, strategy: str) -> None:
    Queue.update(assignment=AssignmentStrategy(strategy)).where(Queue.id == queue.id).execute()


@pytest.fixture
def team(inbox: Inbox) -> list[Actor]:
    return [agent(Role.AGENT, name) for name in ("ann", "ben", "cem")]


def change(who: Actor, **fields: Any) -> None:
    Agent.update(fields).where(Agent.id == who.agent_id).execute()


def arrive(inbox: Inbox, wall: Wall, count: int = 1, text: str = "Hello") -> list[int]:
    posts = [post(f"m{number}", text) for number, _ in zip(numbers, range(count), strict=False)]
    return [each.conversation_id for each in inbox.receive("wall", wall.payload(*posts))]


def holders(ids: list[int]) -> list[str]:
    rows = (Conversation.get_by_id(key) for key in ids)
    return [row.assignee.name if row.assignee else "" for row in rows]


def events(kind: str) -> list[dict[str, Any]]:
    return [each.data for each in Event.select().where(Event.kind == kind).order_by(Event.id)]


def test_by_hand_nobody_gets_anything(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    assert holders(arrive(inbox, wall)) == [""]
    assert not events("assigned")


def test_round_robin_gives_each_in_turn_and_goes_on_where_it_stood(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    use(queue, "round_robin")

    assert holders(arrive(inbox, wall, 2)) == ["ann", "ben"]
    assert holders(arrive(inbox, wall, 2)) == ["cem", "ann"]

    first = events("assigned")[0]
    assert (first["to"], first["by"]) == ("ann", f"{queue.name}: round robin")
    assert "turn" in first["reason"]


def test_viewers_the_absent_and_the_full_are_passed_over(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    use(queue, "round_robin")
    agent(Role.VIEWER, "vera")
    change(team[0], away=True)
    change(team[1], capacity=1)

    assert holders(arrive(inbox, wall, 4)) == ["ben", "cem", "cem", "cem"]


def test_the_least_loaded_gets_it_and_only_open_ones_weigh(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    old = arrive(inbox, wall, 3)
    for key, who, status in zip(
        old, (team[0], team[1], team[1]), ("open", "open", "resolved"), strict=True
    ):
        Conversation.update(assignee=who.agent_id, status=ConversationStatus(status)).where(
            Conversation.id == key
        ).execute()
    use(queue, "least_loaded")

    assert holders(arrive(inbox, wall, 4)) == ["cem", "ann", "ben", "cem"]
    assert events("assigned")[0]["load"] == 0


def test_by_skill_the_labels_and_the_language_find_who_knows_most(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    use(queue, "by_skill")
    change(team[1], skills=["billing", "de"])
    change(team[2], skills=["billing"])
    wall.labels = lambda messages: [[Label(name="topic:billing", score=0.9)] for _ in messages]

    (plain,) = arrive(inbox, wall)
    assert holders([plain]) == ["ben"]
    assert events("assigned")[0]["knows"] == ["billing"]
    assert holders(arrive(inbox, wall)) == ["cem"]

    Message.update(language="de").where(Message.conversation == plain).execute()
    Conversation.update(assignee=None).where(Conversation.id == plain).execute()
    Conversation.update(assignee=team[1].agent_id).where(Conversation.id != plain).execute()
    with store.transaction():
        hand_out([plain], now=NOON)
    assert holders([plain]) == ["ben"]
    assert events("assigned")[-1]["knows"] == ["billing", "de"]


def test_without_a_fitting_skill_the_least_loaded_gets_it_and_the_timeline_says_so(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    use(queue, "by_skill")
    change(team[1], skills=["fr"])

    assert holders(arrive(inbox, wall)) == ["ann"]
    assert "wanted" in events("assigned")[0]


@pytest.mark.parametrize("strategy", ["round_robin", "least_loaded", "by_skill"])
def test_a_queue_with_members_gives_to_them_only(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor], admin: Actor, strategy: str
) -> None:
    use(queue, strategy)
    ann, _, cem = (each.agent_id for each in team)
    Queue.update(members=[ann, cem]).where(Queue.id == queue.id).execute()

    assert sorted(holders(arrive(inbox, wall, 4))) == ["ann", "ann", "cem", "cem"]

    change(team[0], away=True)
    change(team[2], capacity=0)
    assert holders(arrive(inbox, wall)) == [""]
    Queue.update(members=[]).where(Queue.id == queue.id).execute()
    hand_out_waiting(now=inbox.now, limit=10)
    assert Conversation.select().where(Conversation.assignee.is_null()).count() == 0


def test_members_are_people_who_may_answer(inbox: Inbox, team: list[Actor], admin: Actor) -> None:
    viewer = agent(Role.VIEWER, "vera")
    ids = [each.agent_id or 0 for each in team]
    for wrong in ([viewer.agent_id or 0], [*ids, 999]):
        with pytest.raises(ActionRefused, match="Members: choose people"):
            actions.save_queue(
                inbox.runtime, admin, None, name="Team", members=wrong, now=inbox.now
            )
    key = actions.save_queue(
        inbox.runtime, admin, None, name="Team", members=[ids[1], ids[0], ids[1]], now=inbox.now
    )
    assert Queue.get_by_id(key).members == sorted(ids[:2])
    assert AuditEvent.get().after["members"] == sorted(ids[:2])


def test_what_finds_nobody_free_waits_and_is_given_when_somebody_is(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    use(queue, "least_loaded")
    for who in team:
        change(who, capacity=0)
    waiting = arrive(inbox, wall)
    assert holders(waiting) == [""]
    assert events("not_assigned") == [{"queue": queue.name}]

    hand_out_waiting(now=NOON, limit=10)
    assert len(events("not_assigned")) == 1
    change(team[2], capacity=1)
    hand_out_waiting(now=NOON, limit=10)
    assert holders(waiting) == ["cem"]


def test_handing_out_twice_changes_nothing(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    use(queue, "round_robin")
    ids = arrive(inbox, wall, 2)
    with store.transaction():
        hand_out(ids, now=NOON)
    hand_out_waiting(now=NOON, limit=10)

    assert holders(ids) == ["ann", "ben"]
    assert len(events("assigned")) == 2


def test_what_one_holds_goes_back_when_they_go_away_and_others_get_it(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    ids = arrive(inbox, wall, 3)
    for key in ids:
        actions.assign(inbox.runtime, team[0], key, team[0].agent_id, now=NOON)
    actions.resolve(inbox.runtime, team[0], ids[2], now=NOON)

    returned = actions.set_away(inbox.runtime, team[0], team[0].agent_id or 0, away=True, now=NOON)

    assert returned == 2
    assert holders(ids) == ["", "", "ann"]
    assert [each["former"] for each in events("returned")] == ["ann", "ann"]
    use(queue, "round_robin")
    hand_out_waiting(now=NOON, limit=10)
    assert holders(ids) == ["ben", "cem", "ann"]


def test_a_conversation_that_opens_again_does_not_stay_with_the_absent(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    (key,) = arrive(inbox, wall)
    actions.assign(inbox.runtime, team[0], key, team[0].agent_id, now=NOON)
    actions.resolve(inbox.runtime, team[0], key, now=NOON)
    actions.set_away(inbox.runtime, team[0], team[0].agent_id or 0, away=True, now=NOON)
    actions.reopen(inbox.runtime, team[1], key, now=NOON)

    return_from_absent(now=NOON + timedelta(minutes=1), limit=10)

    assert holders([key]) == [""]


def test_nobody_can_be_given_what_they_are_not_there_for(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    (key,) = arrive(inbox, wall)
    change(team[1], away=True)

    with pytest.raises(ActionRefused, match="ben is away"):
        actions.assign(inbox.runtime, team[0], key, team[1].agent_id, now=NOON)
    with pytest.raises(ActionRefused, match="You are away, and get no"):
        actions.assign(inbox.runtime, team[1], key, team[1].agent_id, now=NOON)


def test_moving_it_to_a_queue_that_hands_out_gives_it_to_somebody(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    (key,) = arrive(inbox, wall)
    other = Queue.create(name="Other", assignment=AssignmentStrategy.ROUND_ROBIN)
    actions.set_queue(inbox.runtime, team[1], key, other.id, now=NOON)

    assert holders([key]) == ["ann"]


def test_moving_it_to_a_queue_that_does_not_hand_out_costs_no_look_at_people(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    (key,) = arrive(inbox, wall)
    by_hand = Queue.create(name="By hand")
    for name in ("One", "Two", "Three"):
        Queue.create(name=name, assignment=AssignmentStrategy.ROUND_ROBIN)
    statements: list[str] = []
    with store.transaction(), counted(statements):
        actions.set_queue(inbox.runtime, team[1], key, by_hand.id, now=NOON)

    told = [each for each in statements if "assignee_id, count(*)" in each]
    held = [each for each in statements if each.startswith("SELECT") and "last_assigned" in each]
    assert (told, len(held)) == ([], 1)


def test_only_queues_that_gave_something_are_written(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    ids = arrive(inbox, wall, 3)
    use(queue, "round_robin")
    for name in ("One", "Two", "Three"):
        Queue.create(name=name, assignment=AssignmentStrategy.ROUND_ROBIN)
    statements: list[str] = []
    with store.transaction(), counted(statements):
        hand_out(ids, now=NOON)

    assert len([each for each in statements if each.startswith('UPDATE "queue"')]) == 1
    assert Queue.get_by_id(queue.id).last_assigned_id == team[2].agent_id


def test_leads_send_others_away_and_return_what_they_hold(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    lead = agent(Role.LEAD, "lea")
    (key,) = arrive(inbox, wall)
    actions.assign(inbox.runtime, team[0], key, team[0].agent_id, now=NOON)
    with pytest.raises(ActionRefused, match="role lead"):
        actions.return_conversations(inbox.runtime, team[1], team[0].agent_id or 0, now=NOON)
    with pytest.raises(ActionRefused, match="role lead"):
        actions.set_away(inbox.runtime, team[1], team[0].agent_id or 0, away=True, now=NOON)

    use(queue, "least_loaded")
    change(team[1], capacity=0)
    change(team[2], capacity=0)
    assert actions.return_conversations(inbox.runtime, lead, team[0].agent_id or 0, now=NOON) == 1
    # Not at once to whom it was taken from.
    assert holders([key]) == ["lea"]
    actions.set_away(inbox.runtime, lead, team[0].agent_id or 0, away=True, now=NOON)
    actions.set_away(inbox.runtime, lead, team[0].agent_id or 0, away=True, now=NOON)
    assert [each.action for each in AuditEvent.select()].count("agent.away") == 1


def test_a_share_is_checked_and_kept_tidy(inbox: Inbox, team: list[Actor]) -> None:
    key = team[0].agent_id or 0

    def share(capacity: int | None, *skills: str) -> None:
        actions.set_share(inbox.runtime, SYSTEM, key, capacity=capacity, skills=skills, now=NOON)

    share(5, " Billing", "de", "", "billing\n")
    row = Agent.get_by_id(key)
    assert (row.capacity, row.skills) == (5, ["billing", "de"])
    with pytest.raises(ActionRefused, match="Capacity"):
        share(-1)
    with pytest.raises(ActionRefused, match="Skills"):
        share(None, *map(str, range(60)))


def test_two_at_once_give_nothing_twice_and_exceed_no_capacity(
    inbox: Inbox, wall: Wall, queue: Queue, team: list[Actor]
) -> None:
    ids = arrive(inbox, wall, 12)
    use(queue, "least_loaded")
    for who in team:
        change(who, capacity=3)

    def work(part: int) -> None:
        with store.transaction():
            hand_out(ids[part::2] + ids, now=NOON)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (0, 1)))

    held = holders(ids)
    assert sorted(held) == ["", "", "", *["ann"] * 3, *["ben"] * 3, *["cem"] * 3]
    assert len(events("assigned")) == 9
