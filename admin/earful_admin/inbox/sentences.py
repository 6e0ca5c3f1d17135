"""The timeline's events as sentences. Pure: an event in, words and reasons out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from earful.policies.retelling import retold, retold_reason
from earful.store.queries.timeline import EventLine
from earful.wording import gettext as _
from earful.wording import mark, ngettext, placeholders

from earful_admin.formats import dated

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
    if event.data.get("macro"):
        text = _("%(what)s, by the macro “%(name)s”", what=text, name=event.data["macro"])
    return Sentence(icon=icon, text=text, who=by, warns=warns, reasons=_given(event))


def _given(event: EventLine) -> tuple[Reason, ...]:
    """Why a queue gave a conversation to somebody."""
    if event.kind != "assigned" or not event.data.get("by"):
        return ()
    queue, _colon, strategy = str(event.data["by"]).rpartition(": ")
    title = f"{queue}: {_(strategy)}" if queue else strategy
    return (Reason(title=title, because=tuple(_why(event.data))),)


def _why(data: Mapping[str, Any]) -> Iterable[str]:
    if data.get("reason"):
        yield _(str(data["reason"]))
    if data.get("knows"):
        yield _("knows %(skills)s", skills=", ".join(data["knows"]))
    elif data.get("wanted"):
        skills = ", ".join(data["wanted"])
        yield _("nobody free has a fitting skill (%(skills)s)", skills=skills)
    elif "wanted" in data:
        yield _("nobody free has a fitting skill")
    if "load" in data:
        held = int(data["load"])
        yield ngettext("held %(n)s open conversation", "held %(n)s open conversations", held)


def listed(parts: list[str]) -> str:
    """Several things as one clause: "a, b and c"."""
    if len(parts) < 2:  # noqa: PLR2004
        return "".join(parts)
    return _("%(first)s and %(last)s", first=", ".join(parts[:-1]), last=parts[-1])


def _routed(data: Mapping[str, Any]) -> Sentence:
    policies = data.get("policies") or ()
    reasons = tuple(
        Reason(
            title=_(
                "Policy “%(name)s”, version %(version)s", name=each["name"], version=each["version"]
            ),
            because=tuple(retold_reason(str(why)) for why in each.get("because", ())),
            did=_did(each),
        )
        for each in policies
    )
    queue = data.get("queue") or _("the fallback queue")
    if policies:
        names = listed([_("“%(name)s”", name=each["name"]) for each in policies])
        did = list(dict.fromkeys(words for policy in policies for words in _did(policy)))
        what = listed(did) or _("matched")
        text = ngettext(
            "Policy %(names)s %(did)s",
            "Policies %(names)s %(did)s",
            len(policies),
            names=names,
            did=what,
        )
        return Sentence(icon="workflow", text=text, reasons=reasons)
    by = str(data.get("by", ""))
    if by.startswith("router:"):
        reason = Reason(
            title=_("Router “%(name)s”", name=by.partition(":")[2]),
            because=(str(data.get("reason", "")),),
        )
        return Sentence(
            icon="workflow", text=_("Routed to %(queue)s", queue=queue), reasons=(reason,)
        )
    text = _("Put into %(queue)s: no policy and no router decided", queue=queue)
    return Sentence(icon="workflow", text=text)


def _did(policy: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(retold(str(each)) for each in policy.get("did", ()))


Words = Callable[[Mapping[str, Any], str, tzinfo], str]


def _assigned(data: Mapping[str, Any], who: str, _zone: tzinfo) -> str:
    to = str(data.get("to") or "")
    if not to:
        return _("took the assignment away") if who else _("Nobody is assigned any more")
    if to == who:
        return _("took it")
    return _("assigned it to %(name)s", name=to) if who else _("Assigned to %(name)s", name=to)


def _returned(data: Mapping[str, Any], who: str, _zone: tzinfo) -> str:
    former = data.get("former") or "…"
    if who and who != former:
        return _("returned it to the queue: %(name)s held it", name=former)
    if who:
        return _("went away: it is back in the queue")
    return _("%(name)s is away: it is back in the queue", name=former)


def _snoozed(data: Mapping[str, Any], who: str, zone: tzinfo) -> str:
    if data.get("until") == "":
        return _("snoozed it until they write") if who else _("Snoozed until they write")
    try:
        until = datetime.fromisoformat(str(data.get("until"))).astimezone(zone)
    except ValueError:
        return _("snoozed it") if who else _("Snoozed")
    moment = dated(until, _("EEEE d MMMM, HH:mm"))
    if who:
        return _("snoozed it until %(until)s", until=moment)
    return _("Snoozed until %(until)s", until=moment)


def _finished(active: str, alone: str) -> Words:
    def words(data: Mapping[str, Any], who: str, _zone: tzinfo) -> str:
        outcome = str(data.get("outcome") or "")
        said = _(active if who else alone)
        return f"{said}: {outcome}" if outcome else said

    return words


def _either(active: str, alone: str) -> Words:
    """What somebody did, or what happened by itself; facts are filled in from the event."""

    def words(data: Mapping[str, Any], who: str, _zone: tzinfo) -> str:
        text = active if who else alone
        # An event of an older version may lack a fact; the sentence survives that.
        return _(text, **{name: data.get(name, "…") for name in placeholders(text)})

    return words


def _priority(data: Mapping[str, Any], who: str, _zone: tzinfo) -> str:
    word = _(str(data.get("priority", "…")))
    if who:
        return _("set the priority to %(priority)s", priority=word)
    return _("Priority: %(priority)s", priority=word)


def _breached(data: Mapping[str, Any], _who: str, _zone: tzinfo) -> str:
    clock = str(data.get("clock", "clock"))
    return _(_OVERDUE[clock]) if clock in _OVERDUE else f"The {clock} is overdue"


_OVERDUE = {
    "acknowledge": mark("The acknowledge is overdue"),
    "clock": mark("The clock is overdue"),
    "first_response": mark("The first response is overdue"),
    "next_response": mark("The next response is overdue"),
    "resolution": mark("The resolution is overdue"),
}


_DEEDS = {
    ("like", False): (mark("liked a message"), mark("A message was liked")),
    ("like", True): (mark("took a like back"), mark("A like was taken back")),
    ("hide", False): (mark("hid a message there"), mark("A message was hidden there")),
    ("hide", True): (mark("showed a message again"), mark("A message is shown again there")),
}


def _deed(data: Mapping[str, Any], who: str, _zone: tzinfo) -> str:
    active, alone = _DEEDS.get(
        (str(data.get("action")), bool(data.get("undo"))),
        (mark("acted there"), mark("Something was done")),
    )
    said = _(active if who else alone)
    reason = str(data.get("reason") or "")
    return f"{said}: {reason}" if reason else said


def _deed_failed(data: Mapping[str, Any], _who: str, _zone: tzinfo) -> str:
    reason = data.get("reason") or _("no reason was given")
    match data.get("action"):
        case "like":
            return _("A like did not work there: %(reason)s", reason=reason)
        case "hide":
            return _("Hiding a message did not work there: %(reason)s", reason=reason)
    return _("Something did not work there: %(reason)s", reason=reason)


_WORDS: Mapping[str, tuple[str, Words]] = {
    "contact_merged": (
        "users",
        _either(
            mark("merged this person with another contact"), mark("Merged with another contact")
        ),
    ),
    "contact_unmerged": (
        "users",
        _either(
            mark("took the merged contacts apart again"),
            mark("The merged contacts were taken apart"),
        ),
    ),
    "contact_erased": (
        "shield",
        _either(
            mark("erased what told of this person"), mark("What told of this person was erased")
        ),
    ),
    "assigned": ("user-check", _assigned),
    "not_assigned": (
        "hourglass",
        _either(mark("found nobody free"), mark("Nobody is free: it waits in %(queue)s")),
    ),
    "returned": ("undo-2", _returned),
    "taken_over": (
        "user-check",
        _either(mark("took it over from %(former)s"), mark("Taken over from %(former)s")),
    ),
    "takeover_asked": (
        "user-check",
        _either(
            mark("asks %(holder)s to hand it over"), mark("%(holder)s is asked to hand it over")
        ),
    ),
    "moved": ("layers", _either(mark("moved it to %(queue)s"), mark("Moved to %(queue)s"))),
    "priority": ("flag", _priority),
    "labelled": ("tag", _either(mark("added the label %(label)s"), mark("Label added: %(label)s"))),
    "unlabelled": (
        "tag",
        _either(mark("removed the label %(label)s"), mark("Label removed: %(label)s")),
    ),
    "snoozed": ("alarm-clock", _snoozed),
    "woken": ("bell", _either(mark("woke it"), mark("The snooze is over"))),
    "resolved": ("circle-check", _finished(mark("resolved it"), mark("Resolved"))),
    "ignored": ("eye-off", _finished(mark("ignored it"), mark("Ignored"))),
    "reopened": (
        "rotate-ccw",
        _either(mark("opened it again"), mark("Opened again by a new message")),
    ),
    "undone": ("undo-2", _either(mark("took a change back"), mark("A change was taken back"))),
    "message_restored": (
        "eye",
        _either(mark("restored a message"), mark("A message is visible again")),
    ),
    "action_done": ("zap", _deed),
    "action_failed": ("triangle-alert", _deed_failed),
    "went_private": (
        "lock",
        _either(mark("took it into private"), mark("It goes on in private")),
    ),
    "clock_breached": ("hourglass", _breached),
    "classifier_failed": (
        "triangle-alert",
        _either("%(reason)s", mark("A classifier failed: %(reason)s")),
    ),
    "router_failed": ("triangle-alert", _either("%(reason)s", mark("A router failed: %(reason)s"))),
    "reply_vouched": (
        "check",
        _either(mark("confirmed that the reply was sent"), mark("A reply was confirmed by hand")),
    ),
}
