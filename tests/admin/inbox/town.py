"""An inbox as a busy day leaves it: every kind of line, state and mark at least once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from earful.store import models
from earful.store.states import PriorityRank, ReplyState

from tests.admin.inbox.house import HOSTILE, House

__all__ = ["Town", "settle"]


@dataclass(frozen=True, slots=True)
class Town:
    """The conversations a test asks for by name."""

    yuki: int
    hostile: int
    quiet: int


def settle(house: House, sam: int, maya: int) -> Town:
    """Fill the inbox; Sam and Maya are agents."""
    yuki = _yuki(house, sam, maya)
    _others(house, sam, maya)
    hostile = _hostile(house, sam)
    quiet = house.conversation(
        house.identity("Tom Whitaker"), "How do I reset my password?", minutes=330
    )
    for status, name in (("snoozed", "Bo"), ("pending", "Nils"), ("resolved", "Imke")):
        until = house.now + timedelta(hours=5) if status == "snoozed" else None
        house.conversation(house.identity(name), "Thanks", status=status, snoozed_until=until)
    return Town(yuki.id, hostile.id, quiet.id)


def _yuki(house: House, sam: int, maya: int) -> models.Conversation:
    who = house.identity(
        "Yuki Tanaka", "@yuki6", reach=18342, verified=True, url="https://wall.example/yuki"
    )
    conversation = house.conversation(
        who,
        "Worst service ever. Cancelling my subscription.",
        minutes=150,
        subject="The parcel that never came",
        queue=house.queues["Billing"],
        priority=PriorityRank.HIGH,
        assignee=sam,
        due_at=house.now + timedelta(minutes=12, seconds=30),
        snippet="OK, waiting. But please hurry, it's a birthday present 🎁",
        last_message_at=house.ago(9),
        message_count=4,
    )
    first = models.Message.get(models.Message.conversation == conversation.id)
    house.mood(first, "negative", 0.93)
    house.event(
        conversation,
        "routed",
        minutes=149,
        queue="Billing",
        by="policies",
        policies=[
            {
                "name": "Refunds to Billing",
                "version": 3,
                "because": ["the text contains “cancelling my subscription”"],
                "did": ["put it into the queue “Billing”", "set the priority to high"],
            }
        ],
    )
    house.event(conversation, "assigned", minutes=140, agent_id=maya, to="Agent", to_id=sam)
    house.note(conversation, maya, "The carrier lost it. Can we offer a replacement?", minutes=96)
    text = "Hi Yuki, I'm sorry about this. I will come back to you within the hour. ^SB"
    house.reply(first, sam, text, ReplyState.CONFIRMED, minutes=80, external_id="ours-1")
    us = house.identity("Our shop", "@shop")
    house.message(conversation, us, text, minutes=80, external_id="ours-1", direction="out")
    last = house.message(
        conversation,
        who,
        "OK, waiting. But please hurry, it's a birthday present 🎁",
        minutes=9,
        parent_external_id=first.external_id,
        version=2,
        edited_at=house.ago(8),
        attachments=[
            {"url": "https://cdn.example/p.jpg", "kind": "image", "name": "parcel-label.jpg"},
            {"url": "javascript:alert(1)", "kind": "file", "name": "not-a-link.pdf"},
        ],
    )
    models.MessageVersion.create(
        message=last, number=1, text="OK, waiting. HURRY", seen_at=house.ago(8)
    )
    house.mood(last, "negative", 0.42)
    for label in ("parcel", "topic:refund"):
        models.ConversationLabel.create(
            conversation=conversation, name=label, added_by="Maya", added_at=house.now
        )
    _clocks(house, conversation)
    models.Conversation.create(
        channel=house.channel,
        contact=who.contact,
        subject="Where is my refund?",
        surface="public_post",
        status="resolved",
        outcome="Refunded",
        opened_at=house.ago(40_000),
        last_message_at=house.ago(39_000),
    )
    return conversation


def _clocks(house: House, conversation: models.Conversation) -> None:
    said = "60 minutes in business hours"
    models.Clock.create(
        conversation=conversation,
        kind="first_response",
        started_at=house.ago(150),
        due_at=house.ago(90),
        explanation=said,
        met_at=house.ago(80),
        breached_at=house.ago(90),
    )
    models.Clock.create(
        conversation=conversation,
        kind="next_response",
        started_at=house.ago(9),
        due_at=house.now + timedelta(minutes=12),
        explanation=said,
    )


def _others(house: House, sam: int, maya: int) -> None:
    lines = (
        ("Jonas Lindqvist", "Love the new app. One thing: the route export is gone?",
         -36, PriorityRank.HIGH, None, "positive", 17, ""),
        ("Ivana Horvat", "My parcel has been 'out for delivery' for four days.",
         -36, PriorityRank.MEDIUM, None, "negative", 120, ""),
        ("Grace Kim", "Your branch in Leeds was closed at 3pm although the page says 6pm.",
         -21, PriorityRank.HIGH, maya, None, 180, ""),
        ("Priya Nand", "Third day, still no answer. Really disappointing for that price.",
         -5, PriorityRank.URGENT, None, "negative", 45, "The Heron e-bike is here"),
        ("Diego Álvarez", "¿La venden también en talla pequeña? Mido 1,55.",
         34, PriorityRank.MEDIUM, None, None, 300, ""),
        ("أمينة الزهراء", "مرحبا، متى تفتحون غدا؟", 300, PriorityRank.LOW, None, None, 64, ""),
        ("mira_k", "Taken last night, frame number ends in 884.",
         600, PriorityRank.MEDIUM, sam, "negative", 500, "Stolen: blue Heron near the canal"),
    )  # fmt: skip
    for name, text, due, priority, assignee, mood, minutes, subject in lines:
        conversation = house.conversation(
            house.identity(name),
            text,
            minutes=minutes,
            subject=subject,
            priority=priority,
            assignee=assignee,
            queue=house.queues["Technical"],
            due_at=house.now + timedelta(minutes=due),
        )
        message = models.Message.get(models.Message.conversation == conversation.id)
        house.event(conversation, "routed", minutes=minutes, queue="Technical", by="fallback")
        if mood:
            house.mood(message, mood, 0.81)


def _hostile(house: House, sam: int) -> models.Conversation:
    who = house.identity(HOSTILE[:200], HOSTILE[:60])
    conversation = house.conversation(
        who,
        HOSTILE,
        minutes=2000,
        subject=HOSTILE,
        due_at=house.now + timedelta(minutes=900),
    )
    first = models.Message.get(models.Message.conversation == conversation.id)
    gone = house.ago(1400)
    house.message(conversation, who, "", minutes=1500, removal="deleted", removed_at=gone)
    house.message(conversation, who, "Cheap chains", minutes=1490, removal="spam", removed_at=gone)
    us = house.identity("Our shop")
    house.message(conversation, us, "Written there.", minutes=1450, direction="out")
    states = (
        (ReplyState.FAILED, 60, "The comment form is closed."),
        (ReplyState.UNCONFIRMED, 50, ""),
        (ReplyState.SENT, 30, ""),
        (ReplyState.SENDING, 1, ""),
    )
    for state, minutes, error in states:
        house.reply(first, sam, f"This is {state}.", state, minutes=minutes, error=error)
    house.event(conversation, "clock_breached", minutes=500, clock="first_response")
    house.event(conversation, "classifier_failed", minutes=390, reason=HOSTILE[:120])
    house.event(conversation, "snoozed", minutes=400, agent_id=sam, until=house.now.isoformat())
    return conversation
