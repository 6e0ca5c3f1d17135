"""No page goes unlooked at: whatever the application serves as a page is read by axe somewhere."""

from __future__ import annotations

import pytest
from earful import store
from earful.actions import Actor
from earful.inbox.telling import Told, tell
from earful.store.models import ContactField, Macro, SavedReply, SavedView
from earful.store.states import AgentNotificationKind, Role
from flask import Flask

from tests.admin import test_contacts
from tests.admin.conftest import Screen
from tests.admin.inbox.house import House
from tests.admin.inbox.town import Town
from tests.admin.manage import test_browser as test_manage

HERE = (
    "/search/", "/search/?q=parcel", "/search/?q=xylophone", "/search/?q=x",
    "/notifications/", "/notifications/?before=1",
    "/saved-replies/", "/saved-replies/new/", "/saved-replies/edit/?id=1",
    "/macros/", "/macros/new/", "/macros/edit/?id=1",
    "/hours/", "/hours/edit",
    "/contact-fields/", "/contact-fields/new/", "/contact-fields/edit/?id=1",
    "/views/", "/views/new", "/views/1", "/queues/new/",
    "/profile/", "/?c=999", "/nothing",
)  # fmt: skip
ELSEWHERE = (
    "/", "/sign-in", "/channels/connect/1", "/inbox/bulk/job/1",
    *test_manage.PAGES, *test_contacts.PAGES,
)  # fmt: skip
"""Looked at in every size by the tests of the inbox, of the frame and of these parts."""
NO_PAGES = {
    "static", "texts", "operations.healthz", "operations.metrics", "ingress.receive",
    "channels.callback", "channels.part", "contacts.person", "inbox.attachment",
    "inbox.attachments", "inbox.composer_for", "inbox.earlier", "inbox.saved", "inbox.assignees",
    "inbox.bulk_bar", "inbox.colleagues", "inbox.list", "inbox.macros",
    "inbox.select", "inbox.updates",
}  # fmt: skip
"""Files, what other programs read, and parts that are drawn into a page."""
WIDTHS = (1440, 1024, 390, 320)


def test_every_page_is_looked_at(app: Flask) -> None:
    addresses = app.url_map.bind("127.0.0.1")
    looked_at = {
        addresses.match(path.partition("?")[0])[0]
        for path in (*HERE, *ELSEWHERE)
        if path != "/nothing"
    }
    served = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not _is_closed(app, rule.endpoint)
    }
    assert served - looked_at - NO_PAGES == set()
    assert looked_at - served == set()


def _is_closed(app: Flask, endpoint: str) -> bool:
    """A table's page that the table does not have: it leads back to the list."""
    views = {view.endpoint: view for view in app.extensions["earful_pages"]}
    view = views.get(endpoint.partition(".")[0])
    switches = {
        "create_view": "can_create",
        "edit_view": "can_edit",
        "details_view": "can_view_details",
        "export": "can_export",
    }
    switch = switches.get(endpoint.partition(".")[2])
    return endpoint.endswith(".export") or bool(switch and not getattr(view, switch, True))


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_remaining_pages_are_readable_at_every_width(
    screen: Screen, town: Town, house: House, people: dict[Role, Actor], theme: str
) -> None:
    with store.connection():
        _furnish(house, town, people)
    screen.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    screen.sign_in(Role.ADMIN)
    problems = []
    for path in HERE:
        screen.open(path)
        for width in WIDTHS:
            screen.page.set_viewport_size({"width": width, "height": 900})
            problems += [f"{path} {width} {each}" for each in screen.violations()]
            if screen.is_too_wide():
                problems.append(f"{path} {width} is too wide")
    assert problems == []


def _furnish(house: House, town: Town, people: dict[Role, Actor]) -> None:
    admin = people[Role.ADMIN].agent_id
    assert admin is not None
    SavedReply.create(name="Hello", text="Hello there", created_at=house.now, updated_at=house.now)
    Macro.create(
        name="Refund",
        steps=[{"do": "label", "value": "topic:refund"}, {"do": "queue", "value": "Gone"}],
        text="Hi {contact.first_name}",
        created_at=house.now,
        updated_at=house.now,
    )
    ContactField.create(name="Customer number", purpose="To find the order")
    SavedView.create(
        name="Loud ones",
        agent=admin,
        conditions={"all": []},
        created_at=house.now,
        updated_at=house.now,
    )
    told = [Told(admin, town.yuki, people[Role.LEAD].agent_id), Told(admin, town.hostile)]
    for kind in AgentNotificationKind:
        tell(kind, told, now=house.now)
