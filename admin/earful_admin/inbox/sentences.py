"""The timeline's events as sentences. Pure: an event in, words and reasons out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from earful.store.queries.timeline import EventLine

__all__ = ["SHOWN_IN_PLACE", "Reason", "Sentence", "sentence"]

SHOWN_IN_PLACE = frozenset(
    {
        "judgement_taken_back",
        "label_judged",
        "message_edited",
        "message_removed",
        "reply_failed",
        "reply_held",
        "reply_sent",
        "reply_unconfirmed",
    }
)
"""Events that the message or reply itself tells; a line of their own would say it twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something was decided: by which policy, because of what, and what it did."""

    title: str
    because: tuple[str, ...] = ()
    did: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One event in words. `who` did it; without it the sentence stands alone."""

    icon: str
    text: str
    who: str = ""
    warns: bool = False
    reasons: tuple[Reason, ...] = ()


def sentence(event: EventLine, zone: tzinfo) -> Sentence:
    """The event in words; a kind without words of its own is named as it is."""
    who = event.agent.name if event.agent else ""
    if event.kind == "routed":
        return _routed(event.data)
    known = _WORDS.get(event.kind)
    if known is None:
        return Sentence(icon="activity", text=event.kind.replace("_", " "), who=who)
    icon, words = known
    warns = event.kind in {"action_failed", "clock_breached", "classifier_failed", "router_failed"}
    # What failed on the platform was not done by whoever asked for it.
    by = "" if event.kind == "action_failed" else who
    text = words(event.data, who, zone)
    return Sentence(icon=icon, text=text, who=by, warns=warns, reasons=_given(event))


def _given(event: EventLine) -> tuple[Reason, ...]:
    """Why a queue gave a conversation to somebody."""
    if event.kind != "assigned" or not event.data.get("by"):
        return ()
    because = str(event.data.get("reason", ""))
    return (Reason(title=str(event.data["by"]), because=(because,)),)


def listed(parts: list[str]) -> str:
    """Several things as one clause: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def _routed(data: Mapping[str, Any]) -> Sentence:
    policies = data.get("policies") or ()
    reasons = tuple(
        Reason(
            title=f"Policy “{each['name']}”, version {each['version']}",
            because=tuple(each.get("because", ())),
            did=tuple(each.get("did", ())),
        )
        for each in policies
    )
    queue = data.get("queue") or "the fallback queue"
    if policies:
        names = listed([f"“{each['name']}”" for each in policies])
        did = [str(each) for policy in policies for each in policy.get("did", ())]
        what = "Policy" if len(policies) == 1 else "Policies"
        return Sentence(
            icon="workflow", text=f"{what} {names} {listed(did) or 'matched'}", reasons=reasons
        )
    by = str(data.get("by", ""))
    if by.startswith("router:"):
        reason = Reason(
            title=f"Router “{by.partition(':')[2]}”", because=(str(data.get("reason", "")),)
        )
        return Sentence(icon="workflow", text=f"Routed to {queue}", reasons=(reason,))
    return Sentence(icon="workflow", text=f"Put into {queue}: no policy and no router decided")


Words = Callable[[Mapping[str, Any], str, tzinfo], str]


def _assigned(data: Mapping[str, Any], who: str, _zone: tzinfo) -> str:
    to = str(data.get("to") or "")
    if not to:
        return "took the assignment away" if who else "Nobody is assigned any more"
    if to == who:
        return "took it"
    return f"assigned it to {to}" if who else f"Assigned to {to}"


def _returned(data: Mapping[str, Any], who: str, _zone: tzinfo) -> str:
    former = data.get("former") or "…"
    if who and who != former:
        return f"returned it to the queue: {former} held it"
    return f"{'went' if who else former + ' is'} away: it is back in the queue"


def _snoozed(data: Mapping[str, Any], who: str, zone: tzinfo) -> str:
    said = "snoozed it" if who else "Snoozed"
    try:
        until = datetime.fromisoformat(str(data.get("until"))).astimezone(zone)
    except ValueError:
        return said
    return f"{said} until {until:%A} {until.day} {until:%B, %H:%M}"


def _finished(word: str) -> Words:
    def words(data: Mapping[str, Any], who: str, _zone: tzinfo) -> str:
        outcome = str(data.get("outcome") or "")
        said = f"{word} it" if who else word.capitalize()
        return f"{said}: {outcome}" if outcome else said

    return words


def _either(active: str, alone: str) -> Words:
    """What somebody did, or what happened by itself; `{…}` is filled from the event."""

    def words(data: Mapping[str, Any], who: str, _zone: tzinfo) -> str:
        return (active if who else alone).format_map(_Facts(data))

    return words


class _Facts(dict[str, Any]):
    """An event of an older version may lack a fact; the sentence survives that."""

    def __missing__(self, key: str) -> str:
        return "…"


def _breached(data: Mapping[str, Any], _who: str, _zone: tzinfo) -> str:
    clock = str(data.get("clock", "clock")).replace("_", " ")
    return f"The {clock} is overdue"


_DEEDS = {
    ("like", False): ("liked a message", "A message was liked"),
    ("like", True): ("took a like back", "A like was taken back"),
    ("hide", False): ("hid a message there", "A message was hidden there"),
    ("hide", True): ("showed a message again", "A message is shown again there"),
}


def _deed(data: Mapping[str, Any], who: str, _zone: tzinfo) -> str:
    active, alone = _DEEDS.get(
        (str(data.get("action")), bool(data.get("undo"))), ("acted there", "Something was done")
    )
    said = active if who else alone
    reason = str(data.get("reason") or "")
    return f"{said}: {reason}" if reason else said


def _deed_failed(data: Mapping[str, Any], _who: str, _zone: tzinfo) -> str:
    names = {"like": "A like", "hide": "Hiding a message"}
    what = names.get(str(data.get("action")), "Something")
    return f"{what} did not work there: {data.get('reason') or 'no reason was given'}"


_WORDS: Mapping[str, tuple[str, Words]] = {
    "contact_merged": (
        "users",
        _either("merged this person with another contact", "Merged with another contact"),
    ),
    "contact_unmerged": (
        "users",
        _either("took the merged contacts apart again", "The merged contacts were taken apart"),
    ),
    "contact_erased": (
        "shield",
        _either("erased what told of this person", "What told of this person was erased"),
    ),
    "assigned": ("user-check", _assigned),
    "not_assigned": (
        "hourglass",
        _either("found nobody free", "Nobody is free: it waits in {queue}"),
    ),
    "returned": ("undo-2", _returned),
    "taken_over": (
        "user-check",
        _either("took it over from {former}", "Taken over from {former}"),
    ),
    "takeover_asked": (
        "user-check",
        _either("asks {holder} to hand it over", "{holder} is asked to hand it over"),
    ),
    "moved": ("layers", _either("moved it to {queue}", "Moved to {queue}")),
    "priority": ("flag", _either("set the priority to {priority}", "Priority: {priority}")),
    "labelled": ("tag", _either("added the label {label}", "Label added: {label}")),
    "unlabelled": ("tag", _either("removed the label {label}", "Label removed: {label}")),
    "snoozed": ("alarm-clock", _snoozed),
    "woken": ("bell", _either("woke it", "The snooze is over")),
    "resolved": ("circle-check", _finished("resolved")),
    "ignored": ("eye-off", _finished("ignored")),
    "reopened": ("rotate-ccw", _either("opened it again", "Opened again by a new message")),
    "undone": ("undo-2", _either("took a change back", "A change was taken back")),
    "message_restored": ("eye", _either("restored a message", "A message is visible again")),
    "action_done": ("zap", _deed),
    "action_failed": ("triangle-alert", _deed_failed),
    "went_private": (
        "lock",
        _either("took it into private", "It goes on in private"),
    ),
    "clock_breached": ("hourglass", _breached),
    "classifier_failed": (
        "triangle-alert",
        _either("{reason}", "A classifier failed: {reason}"),
    ),
    "router_failed": ("triangle-alert", _either("{reason}", "A router failed: {reason}")),
    "reply_vouched": (
        "check",
        _either("confirmed that the reply was sent", "A reply was confirmed by hand"),
    ),
}
