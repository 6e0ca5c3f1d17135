"""What one request has at hand: the runtime, who asks, and the moment it began."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

from earful.actions import Actor
from earful.business_hours import BusinessHours
from earful.runtime import Runtime
from earful.store.models import Agent
from flask import current_app, g
from flask_login import AnonymousUserMixin, current_user

__all__ = [
    "actor", "agent", "as_stranger", "begin", "business_hours", "is_signed_in", "now", "runtime",
    "zone",
]  # fmt: skip


def begin() -> None:
    """Take the time once, so that everything in a request happens at the same moment."""
    g.now = datetime.now(UTC)


def now() -> datetime:
    """The moment this request began."""
    return cast("datetime", g.now)


def runtime() -> Runtime:
    """The installation this application serves."""
    return cast("Runtime", current_app.extensions["earful"])


def business_hours() -> BusinessHours:
    """The hours in force, read when a request first asks."""
    if "business_hours" not in g:
        g.business_hours = runtime().hours_in_force()
    return cast("BusinessHours", g.business_hours)


def zone() -> ZoneInfo:
    """The time zone the business lives in."""
    return ZoneInfo(business_hours().timezone)


def is_signed_in() -> bool:
    """Whether somebody is signed in."""
    return bool(current_user.is_authenticated)


def agent() -> Agent:
    """The row of who is signed in. Only for pages that need a role."""
    return cast("Agent", current_user.row)


def as_stranger() -> None:
    """Go on as if nobody were signed in: a page about a fault must not ask for rows again."""
    g._login_user = AnonymousUserMixin()  # noqa: SLF001 - where flask-login keeps who it loaded


def actor() -> Actor:
    """Who is signed in, as `earful.actions` wants to know it."""
    row = agent()
    return Actor(row.id, row.name, row.role)
