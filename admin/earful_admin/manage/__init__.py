"""The pages of those who set Earful up: queues, policies, channels, people, and how it runs."""

from __future__ import annotations

from typing import Any

from earful.store.models import Agent, AuditEvent, ContactField, Macro, Queue, SavedReply
from earful.wording import mark

from earful_admin.manage.audit import AuditView
from earful_admin.manage.channels import ChannelsView
from earful_admin.manage.contact_fields import ContactFieldsView
from earful_admin.manage.hours import HoursView
from earful_admin.manage.macros import MacrosView
from earful_admin.manage.models import ModelsView
from earful_admin.manage.people import PeopleView
from earful_admin.manage.plugins import PluginsView
from earful_admin.manage.policies import PoliciesView
from earful_admin.manage.queues import QueuesView
from earful_admin.manage.saved_replies import SavedRepliesView
from earful_admin.manage.setup import SetupView
from earful_admin.manage.system import SystemView

__all__ = ["views"]

_DAILY = mark("Manage")
_RARE = mark("Installation")


def views() -> list[Any]:
    """The pages, in the order of the navigation."""
    return [
        QueuesView(Queue, name=mark("Queues"), category=_DAILY, endpoint="queues", url="/queues"),
        HoursView(name=mark("Hours"), category=_DAILY, endpoint="hours", url="/hours"),
        PoliciesView(name=mark("Policies"), category=_DAILY, endpoint="policies", url="/policies"),
        SavedRepliesView(
            SavedReply,
            name=mark("Saved replies"),
            category=_DAILY,
            endpoint="saved_replies",
            url="/saved-replies",
        ),
        MacrosView(Macro, name=mark("Macros"), category=_DAILY, endpoint="macros", url="/macros"),
        ContactFieldsView(
            ContactField,
            name=mark("Contact fields"),
            category=_DAILY,
            endpoint="contact_fields",
            url="/contact-fields",
        ),
        ChannelsView(name=mark("Channels"), category=_DAILY, endpoint="channels", url="/channels"),
        ModelsView(name=mark("Models"), category=_DAILY, endpoint="models", url="/models"),
        PeopleView(Agent, name=mark("People"), category=_DAILY, endpoint="people", url="/people"),
        SetupView(name=mark("Set-up"), category=_RARE, endpoint="setup", url="/setup"),
        PluginsView(name=mark("Plugins"), category=_RARE, endpoint="plugins", url="/plugins"),
        SystemView(name=mark("System"), category=_RARE, endpoint="system", url="/system"),
        AuditView(AuditEvent, name=mark("Audit"), category=_RARE, endpoint="audit", url="/audit"),
    ]
