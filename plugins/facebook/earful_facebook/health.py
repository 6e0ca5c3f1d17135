"""Whether the connection to the Page still works as it should, in words for the operator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from earful import ChannelError

from earful_facebook.fields import NEEDED_PERMISSIONS, PUSHED
from earful_facebook.graph import Graph
from earful_facebook.settings import FacebookSettings
from earful_facebook.values import items, moment, record, text

__all__ = ["app_token", "connection_notes", "missing_permissions", "token_facts"]

_WARN_BEFORE = timedelta(days=14)


def app_token(settings: FacebookSettings) -> str:
    """What the app itself signs in with."""
    return f"{settings.app_id}|{settings.app_secret.get_secret_value()}"


def token_facts(settings: FacebookSettings, token: str) -> Mapping[str, Any]:
    """What Facebook says of a token: whether it is valid, until when, and what it allows."""
    with Graph(settings, app_token(settings)) as graph:
        return record(graph.get("debug_token", input_token=token).get("data"))


def missing_permissions(facts: Mapping[str, Any], page_id: str = "") -> list[str]:
    """What is needed and not allowed; with a Page's id, also what is allowed for others only."""
    given = {each for each in facts.get("scopes") or () if isinstance(each, str)}
    for each in items(facts.get("granular_scopes")):
        targets = [str(target) for target in each.get("target_ids") or ()]
        if page_id and targets and page_id not in targets:
            given.discard(text(each.get("scope")))
    return [name for name in NEEDED_PERMISSIONS if name not in given]


def connection_notes(settings: FacebookSettings, graph: Graph, now: datetime) -> list[str]:
    """What is wrong, or will be soon: a sentence for each."""
    facts = token_facts(settings, settings.state.credentials.get()["access_token"])
    missing = missing_permissions(facts, graph.page_id)
    notes = [_permissions_note(missing)] if missing else []
    end = moment(facts.get("data_access_expires_at"))
    if end is not None and end - now < _WARN_BEFORE:
        notes.append(
            f"Facebook gives no more data from {end:%d %B %Y} on unless the person who connected "
            f"the Page does so again."
        )
    return [*notes, *_push_notes(settings, graph)]


def _permissions_note(missing: Iterable[str]) -> str:
    told = "; ".join(f"{name} (to {NEEDED_PERMISSIONS[name]})" for name in missing)
    return f"Facebook does not allow everything: {told} is missing. Connect the channel again."


def _push_notes(settings: FacebookSettings, graph: Graph) -> list[str]:
    try:
        listed = items(graph.get(f"{graph.page_id}/subscribed_apps").get("data"))
    except ChannelError:
        return []
    ours = next((each for each in listed if str(each.get("id")) == settings.app_id), {})
    absent = [name for name in PUSHED if name not in (ours.get("subscribed_fields") or ())]
    if not absent:
        return []
    told = ", ".join(absent)
    note = f"Facebook does not push {told}; they are only found by looking."
    return [f"{note} Connect the channel again to be told at once."]
