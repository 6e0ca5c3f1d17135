"""Messages find their queue: by policies, routers, or nobody; and the timeline says why."""

from __future__ import annotations

from typing import Any

import pytest
from earful import Route, RoutedItem, Surface, actions
from earful.actions import SYSTEM, Actor, InvalidPolicy
from earful.pipeline import route
from earful.store.models import Conversation, Event, PolicyRun, PolicyVersion, Queue
from earful.store.states import ConversationStatus
from earful.testing.inbox import Inbox

from tests.wall import Wall, post


def policy(inbox: Inbox, name: str, word: str, *wishes: tuple[str, str], once: bool = True) -> int:
    """A policy about messages with a word in them; an empty word holds for all."""
    condition: dict[str, Any] = {"fact": "message.text", "op": "contains", "value": word}
    return actions.save_policy(
        inbox.runtime,
        SYSTEM,
        None,
        name=name,
        conditions=condition if word else {"all": []},
        actions=[{"do": do, "value": value} if value else {"do": do} for do, value in wishes],
        once=once,
        now=inbox.now,
    )


def routed() -> list[Any]:
    return list(Event.select().where(Event.kind == "routed").order_by(Event.id))


@pytest.fixture
def queues(inbox: Inbox) -> None:
    for name in ("Billing", "Delivery"):
        Queue.create(name=name)


def test_a_policy_decides_and_says_why(inbox: Inbox, wall: Wall, queues: None) -> None:
    number = policy(
        inbox,
        "Money",
        "refund",
        ("queue", "Billing"),
        ("priority", "high"),
        ("label", "topic:money"),
    )

    (message,) = inbox.receive("wall", wall.payload(post("m1", "I want a refund")))

    assert (message.queue, message.priority) == ("Billing", "high")
    assert message.labels == ("topic:money",)
    (event,) = routed()
    assert (event.data["queue"], event.data["by"]) == ("Billing", "policy")
    (matched,) = event.data["policies"]
    assert (matched["policy_id"], matched["name"], matched["version"]) == (number, "Money", 1)
    assert "refund" in " ".join(matched["because"])
    assert "Billing" in " ".join(matched["did"])


def test_the_first_policy_that_decides_wins(inbox: Inbox, wall: Wall, queues: None) -> None:
    policy(inbox, "First", "", ("queue", "Delivery"))
    policy(inbox, "Second", "", ("queue", "Billing"), ("label", "second"))

    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    assert (message.queue, message.labels) == ("Delivery", ("second",))


def test_moving_a_policy_up_lets_it_decide(inbox: Inbox, wall: Wall, queues: None) -> None:
    policy(inbox, "First", "", ("queue", "Delivery"))
    second = policy(inbox, "Second", "", ("queue", "Billing"))
    actions.move_policy(inbox.runtime, SYSTEM, second, up=True, now=inbox.now)

    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    assert message.queue == "Billing"


def test_stop_ends_the_list(inbox: Inbox, wall: Wall, queues: None) -> None:
    policy(inbox, "First", "", ("label", "first"), ("stop", ""))
    policy(inbox, "Second", "", ("label", "second"))

    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    assert message.labels == ("first",)


@pytest.mark.parametrize(("once", "runs"), [(True, 1), (False, 2)])
def test_a_once_policy_acts_once_per_conversation(
    inbox: Inbox, wall: Wall, *, once: bool, runs: int
) -> None:
    policy(inbox, "Greeter", "", ("label", "seen"), once=once)

    inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    inbox.receive("wall", wall.payload(post("m2", thread_id="t", minute=1)))

    assert PolicyRun.select().count() == runs


def test_a_once_policy_acts_once_within_one_batch(inbox: Inbox, wall: Wall) -> None:
    policy(inbox, "Greeter", "", ("label", "seen"))

    inbox.receive(
        "wall", wall.payload(post("m1", thread_id="t"), post("m2", thread_id="t", minute=1))
    )

    assert PolicyRun.select().count() == 1


def test_an_ignored_conversation_says_why_and_runs_no_clock(inbox: Inbox, wall: Wall) -> None:
    Queue.create(name="General", first_response_minutes=5)
    policy(inbox, "No spam", "casino", ("ignore", "advertising"))

    (message,) = inbox.receive("wall", wall.payload(post("m1", "Best casino")))

    conversation = Conversation.get()
    assert conversation.status is ConversationStatus.IGNORED
    assert (conversation.outcome, conversation.waiting_since) == ("advertising", None)
    assert conversation.due_at.year == 9000
    assert message.queue == "General"


def test_a_policy_assigns_but_never_takes_away(
    inbox: Inbox, wall: Wall, sam: Actor, admin: Actor
) -> None:
    policy(inbox, "Sam's", "", ("assign", "sam@example.com"))
    policy(inbox, "Maya's", "broken", ("assign", "maya@example.com"), once=False)
    inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    assert Conversation.get().assignee_id == sam.agent_id

    inbox.receive("wall", wall.payload(post("m2", "It is broken", thread_id="t", minute=1)))

    assert Conversation.get().assignee_id == sam.agent_id


def test_a_switched_off_policy_does_nothing(inbox: Inbox, wall: Wall) -> None:
    number = policy(inbox, "Greeter", "", ("label", "seen"))
    actions.set_policy_enabled(inbox.runtime, SYSTEM, number, enabled=False, now=inbox.now)

    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    assert message.labels == ()


def test_a_saved_change_holds_for_the_next_message(inbox: Inbox, wall: Wall) -> None:
    number = policy(inbox, "Greeter", "", ("label", "old"))
    inbox.receive("wall", wall.payload(post("m1")))
    actions.save_policy(
        inbox.runtime,
        SYSTEM,
        number,
        name="Greeter",
        conditions={"all": []},
        actions=[{"do": "label", "value": "new"}],
        version=1,
        now=inbox.now,
    )

    (message,) = inbox.receive("wall", wall.payload(post("m2")))

    assert message.labels == ("new",)
    assert PolicyVersion.select().count() == 2


@pytest.mark.parametrize(("name", "once"), [("Host", True), ("Greeter", False)])
def test_a_change_of_name_or_once_holds_too(
    inbox: Inbox, wall: Wall, *, name: str, once: bool
) -> None:
    number = policy(inbox, "Greeter", "", ("label", "seen"))
    inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    actions.save_policy(
        inbox.runtime,
        SYSTEM,
        number,
        name=name,
        conditions={"all": []},
        actions=[{"do": "label", "value": "seen"}],
        once=once,
        version=1,
        now=inbox.now,
    )

    inbox.receive("wall", wall.payload(post("m2", thread_id="t", minute=1), post("m3")))

    assert PolicyRun.select().count() == (2 if once else 3)
    assert routed()[-1].data["policies"][0]["name"] == name


def test_a_policy_that_this_version_cannot_read_is_left_out(inbox: Inbox, wall: Wall) -> None:
    number = policy(inbox, "From the future", "", ("label", "seen"))
    PolicyVersion.update(conditions={"fact": "message.colour", "op": "is", "value": 1}).execute()
    assert number

    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    assert (message.queue, message.labels) == ("General", ())


def test_a_policy_with_unknown_names_is_refused(inbox: Inbox) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        policy(inbox, "Lost", "", ("queue", "Nowhere"), ("notify", "nobody"))

    assert len(caught.value.mistakes) == 2
    assert PolicyVersion.select().count() == 0


def test_a_queue_that_went_away_falls_to_the_router(inbox: Inbox, wall: Wall, queues: None) -> None:
    policy(inbox, "Money", "", ("queue", "Billing"))
    Queue.update(active=False).where(Queue.name == "Billing").execute()
    wall.routes = lambda _item: Route(queue="Delivery", reason="a guess")

    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    assert message.queue == "Delivery"
    assert (routed()[0].data["by"], routed()[0].data["reason"]) == ("router:sorter", "a guess")


@pytest.mark.parametrize(
    "first",
    [
        RuntimeError("boom"),
        None,
        Route(queue="Nowhere", reason="?"),
        "not a route",
        Route(queue="Delivery", reason="?", priority="soon"),  # type: ignore[arg-type]
    ],
    ids=["raises", "passes", "unknown queue", "nonsense", "unknown priority"],
)
def test_the_next_router_is_asked(inbox: Inbox, wall: Wall, queues: None, first: Any) -> None:
    wall.routes = lambda _item: first
    wall.second_routes = lambda _item: Route(queue="Billing", reason="sure", labels=("topic:x",))

    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    assert (message.queue, message.labels) == ("Billing", ("topic:x",))


def test_what_nobody_decides_falls_to_the_fallback_queue(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    assert message.queue == "General"
    assert routed()[0].data["by"] == "fallback"


def test_a_router_sees_the_message_and_its_labels(inbox: Inbox, wall: Wall) -> None:
    seen: list[RoutedItem] = []
    wall.routes = seen.append
    policy(inbox, "Greeter", "", ("label", "seen"))

    inbox.receive("wall", wall.payload(post("m1", "Hello", thread_title="Parcels")))

    (item,) = seen
    assert (item.text, item.title, item.channel, item.channel_type) == (
        "Hello",
        "Parcels",
        "wall",
        "wall",
    )
    assert (item.surface, item.author.name, item.conversation_is_new) == (
        Surface.PUBLIC_REPLY,
        "Ann",
        True,
    )


def _by_text(item: RoutedItem) -> Route:
    return Route(queue="Billing" if item.text == "one" else "Delivery", reason="")


def test_later_messages_stay_in_their_queue(inbox: Inbox, wall: Wall, queues: None) -> None:
    wall.routes = _by_text
    inbox.receive("wall", wall.payload(post("m1", "one", thread_id="t")))

    (message,) = inbox.receive("wall", wall.payload(post("m2", "two", thread_id="t", minute=1)))

    assert message.queue == "Billing"


def test_a_second_run_changes_nothing(inbox: Inbox, wall: Wall) -> None:
    policy(inbox, "Greeter", "", ("label", "seen"), once=False)
    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    policy(inbox, "Later", "", ("label", "later"), once=False)

    route.route(inbox.runtime, [message.id], now=inbox.now)

    assert inbox.messages() == [message]
    assert len(routed()) == 1
