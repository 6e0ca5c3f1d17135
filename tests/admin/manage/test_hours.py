"""Business hours in the browser: which are in force, what is refused at which field, who may."""

from collections.abc import Callable
from typing import Any

import pytest
from earful import actions, store
from earful.actions import SYSTEM, HoursText, Opening
from earful.store.hours import KEY, saved_hours
from earful.store.models import AuditEvent, Setting
from earful.store.states import Role
from earful.testing.inbox import Inbox
from flask.testing import FlaskClient
from playwright.sync_api import expect

from tests.admin.conftest import Screen
from tests.admin.manage.conftest import ADMIN, LEAD

SignIn = Callable[[Role], FlaskClient]
WEEK = {
    "timezone": "Europe/Berlin", "monday-0-opens": "9:00", "monday-0-closes": "17:00",
    "friday-0-opens": "22:00", "friday-0-closes": "02:00", "friday-0-next": "y",
    "holiday-0-day": "2026-12-25", "holiday-0-name": "Christmas Day",
}  # fmt: skip


@pytest.fixture
def client(shop: Inbox, sign_in: SignIn) -> FlaskClient:
    return sign_in(ADMIN)


def save(client: FlaskClient, **fields: Any) -> Any:
    return client.post("/hours/edit", data=WEEK | {"step": "save"} | fields)


def version() -> int:
    with store.connection():
        saved = saved_hours()
    return saved.version if saved else 0


def test_without_hours_the_page_says_that_it_is_always_open(client: FlaskClient) -> None:
    page = client.get("/hours/").text
    assert "No business hours are set" in page
    assert "Open around the clock." in page
    assert page.count("all day") == 7


def test_saved_hours_are_shown_and_in_force(shop: Inbox, client: FlaskClient) -> None:
    assert save(client).location == "/hours/"
    page = client.get("/hours/").text
    assert "These hours were saved here" in page
    assert "09:00 to 17:00" in page
    assert "22:00 to 02:00 the next day" in page
    assert "Christmas Day" in page
    assert '<rect class="share-part" x="540" width="480"' in page
    with store.connection():
        assert shop.runtime.hours_in_force().timezone == "Europe/Berlin"


def test_a_lead_reads_them_and_is_offered_nothing_else(
    shop: Inbox, client: FlaskClient, sign_in: SignIn
) -> None:
    save(client)
    page = sign_in(LEAD).get("/hours/").text
    assert "09:00 to 17:00" in page
    assert "Edit hours" not in page
    assert "Use the configuration" not in page


def test_the_configurations_hours_come_back_and_the_saved_ones_again(
    shop: Inbox, client: FlaskClient
) -> None:
    save(client)
    client.post("/hours/use", data={"hours": "configuration"})
    page = client.get("/hours/").text
    assert "Open around the clock." in page
    assert "is kept" in page
    with store.connection():
        assert shop.runtime.hours_in_force().is_always_open
    client.post("/hours/use", data={"hours": "saved"})
    assert "09:00 to 17:00" in client.get("/hours/").text
    with store.connection():
        kept = AuditEvent.select().where(AuditEvent.object_id == KEY).order_by(AuditEvent.id)
        assert [row.action for row in kept] == ["hours.save", "hours.use", "hours.use"]
        assert kept[1].before["in_force"]
        assert not kept[1].after["in_force"]


@pytest.mark.parametrize(
    ("fields", "at", "said"),
    [
        ({"timezone": "Mars/Base"}, "timezone", "Time zone: choose one"),
        ({"timezone": ""}, "timezone", "Time zone: choose one"),
        ({"timezone": "../../etc/passwd"}, "timezone", "Time zone: choose one"),
        ({"monday-0-opens": "25:00"}, "monday-0-opens", "Monday: Give a time from 00:00 to 23:59"),
        ({"monday-0-closes": "24:30"}, "monday-0-closes", "Give a time from 00:00 to 24:00"),
        ({"monday-0-closes": ""}, "monday-0-closes", "Give a time from 00:00 to 24:00"),
        ({"monday-0-closes": "08:00"}, "monday-0-closes", "It closes before it opens."),
        ({"monday-0-closes": "09:00"}, "monday-0-closes", "It closes when it opens."),
        ({"friday-0-closes": "23:00"}, "friday-0-closes", "open for more than a day"),
        (
            {"monday-1-opens": "16:00", "monday-1-closes": "18:00"},
            "monday-1-opens",
            "begins before the one before it ends",
        ),
        (
            {"saturday-0-opens": "01:00", "saturday-0-closes": "05:00"},
            "saturday-0-opens",
            "Saturday: This begins before",
        ),
        ({"holiday-0-day": "soon"}, "holiday-0-day", "Holiday 1: Give a date"),
        ({"holiday-1-day": "2026-12-25"}, "holiday-1-day", "in the list already"),
        ({f"holiday-{n}-day": "2026-01-01" for n in range(400)}, "holidays", "200 at most"),
        (
            {f"tuesday-{n}-opens": f"{n}:00" for n in range(9)},
            "tuesday-6-opens",
            "6 times at most",
        ),
        (
            {f"{day}-0-{part}": "" for day in ("monday", "friday") for part in ("opens", "closes")},
            "week",
            "at least one day",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(
    client: FlaskClient, fields: dict[str, str], at: str, said: str
) -> None:
    answer = save(client, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'href="#{at}"' in answer.text
    assert f'id="{at}' in answer.text
    assert version() == 0


def test_what_was_typed_stays_in_the_form(client: FlaskClient) -> None:
    page = save(client, timezone="Mars/Base").text
    for kept in ('value="Mars/Base"', 'value="9:00"', 'value="Christmas Day"'):
        assert kept in page
    assert 'name="friday-0-next" value="y" checked' in page


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\u202eyad", "x" * 5000])
def test_a_hostile_name_of_a_holiday_stays_text(client: FlaskClient, name: str) -> None:
    save(client, **{"holiday-0-name": name})
    for path in ("/hours/", "/hours/edit"):
        assert "<script>alert" not in client.get(path).text
    with store.connection():
        saved = saved_hours()
    assert saved
    assert all(len(each) <= 80 for each in saved.holiday_names.values())


def test_rows_come_and_go_without_saving(client: FlaskClient) -> None:
    def press(step: str) -> str:
        return client.post("/hours/edit", data=WEEK | {"step": step}).text

    assert 'name="monday-1-opens"' in press("add-monday")
    assert 'name="monday-0-opens"' not in press("remove-monday-0")
    assert 'name="thursday-0-opens" value="9:00"' in press("copy")
    assert 'name="holiday-1-day"' in press("add-holiday")
    assert 'name="holiday-0-day"' not in press("remove-holiday-0")
    assert "With these hours" in press("preview")
    for odd in ("remove-monday-99", "remove-holiday-x", "add-", "remove-sometimes-0", "\x00"):
        assert 'value="Europe/Berlin"' in press(odd)
    assert version() == 0


def test_who_saves_over_somebody_else_is_told_first(client: FlaskClient) -> None:
    save(client)
    answer = save(client, timezone="Europe/Paris")
    assert answer.status_code == 422
    assert "has saved hours meanwhile" in answer.text
    assert 'name="version" value="1"' in answer.text
    assert save(client, timezone="Europe/Paris", version="1").location == "/hours/"
    assert version() == 2


def test_hours_that_cannot_be_read_are_left_out_and_said(shop: Inbox, client: FlaskClient) -> None:
    with store.connection():
        Setting.create(key=KEY, value={"timezone": "Mars/Base", "week": {}, "holidays": {}})
        assert shop.runtime.hours_in_force() == shop.runtime.configured_hours
    assert "The saved hours cannot be read" in client.get("/hours/").text
    assert save(client).location == "/hours/"
    assert version() == 1


def test_a_page_reads_the_hours_once(
    shop: Inbox, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    real = type(shop.runtime).hours_in_force
    monkeypatch.setattr(
        type(shop.runtime), "hours_in_force", lambda self: (read.append(1), real(self))[1]
    )
    assert client.get("/?c=1").status_code == 200
    assert len(read) == 1


@pytest.mark.browser
def test_hours_are_made_by_keyboard_alone(shop: Inbox, screen: Screen) -> None:
    with store.connection():
        typed = HoursText(
            timezone="Europe/Berlin", week={"monday": [Opening(opens="9", closes="17")]}
        )
        actions.save_hours(shop.runtime, SYSTEM, typed, now=shop.now)
    screen.sign_in(ADMIN)
    screen.open("/hours/")
    page, keys = screen.page, screen.page.keyboard
    page.get_by_role("link", name="Edit hours").focus()
    keys.press("Enter")
    page.locator("#add-monday").focus()
    keys.press("Enter")
    expect(page.locator("#monday-1-opens")).to_be_focused()
    keys.type("16:00")
    keys.press("Tab")
    keys.type("19:00")
    keys.press("Enter")
    page.get_by_text("Please check one field.").wait_for()
    assert screen.violations() == []
    page.get_by_role("link", name="Monday: This begins before").focus()
    keys.press("Enter")
    expect(page.locator("#monday-1-opens")).to_be_focused()
    keys.press("Control+A")
    keys.type("18:00")
    page.locator("#copy").focus()
    keys.press("Enter")
    expect(page.locator("#friday-1-opens")).to_have_value("18:00")
    expect(page.locator("#copy")).to_be_focused()
    page.locator("#add-holiday").focus()
    keys.press("Enter")
    expect(page.locator("#holiday-0-day")).to_be_focused()
    page.locator("#holiday-0-day").fill("2026-12-25")
    page.locator("#holiday-0-name").fill("Christmas Day")
    keys.press("Enter")
    page.get_by_role("heading", name="With these hours").wait_for()
    assert screen.violations() == []
    page.get_by_role("button", name="Save").focus()
    keys.press("Enter")
    page.get_by_text("The hours are saved.").wait_for()
    with store.connection():
        saved = saved_hours()
    assert saved
    assert saved.calendar.week["friday"] == ((540, 1020), (1080, 1140))
    assert list(saved.holiday_names.values()) == ["Christmas Day"]
