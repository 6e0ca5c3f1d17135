"""What is looked at first has room: names, times and marks, at every width."""

from __future__ import annotations

from datetime import timedelta

import pytest
from earful import store
from earful.actions import Actor
from earful.store.models import Conversation
from earful.store.states import Role

from tests.admin.conftest import Screen
from tests.admin.inbox.house import House
from tests.admin.inbox.town import Town

pytestmark = pytest.mark.browser

LONG = "Maximiliana-Friederike-Wilhelmine von und zu Hohenlohe-" + "Langername" * 12
PUSHED_OUT = """rows => rows.filter(row => {
    const ends = row.getBoundingClientRect().right;
    return [...row.querySelectorAll("time, .row-dot, .row-count, .row-end > span[title]")]
        .some(mark => mark.getBoundingClientRect().right > ends);
}).map(row => row.id)"""
HEAD = """head => {
    const box = query => head.querySelector(query).getBoundingClientRect();
    const [name, where, acts] = [box("h2"), box(".thread-where"), box(".thread-acts")];
    const clear = where.bottom <= acts.top || where.right <= acts.left;
    const reach = box(".thread-reach");
    return [name.width, head.getBoundingClientRect().height,
        clear && reach.right <= where.right && acts.right <= innerWidth];
}"""


def test_a_long_name_pushes_nothing_out_of_its_row(
    screen: Screen, house: House, people: dict[Role, Actor]
) -> None:
    with store.connection():
        house.conversation(
            house.identity(LONG),
            "A question with a " + "verylongword" * 40,
            due_at=house.now + timedelta(minutes=10),
            queue=house.queues["Billing"],
            assignee=people[Role.LEAD].agent_id,
            message_count=5000,
        )
    screen.sign_in(Role.AGENT)
    screen.open("/")
    for width in (1440, 1366, 1024, 390, 320):
        screen.page.set_viewport_size({"width": width, "height": 768})
        assert screen.page.locator(".list-row").evaluate_all(PUSHED_OUT) == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_head_of_a_conversation_has_room_for_the_name(
    screen: Screen, town: Town, people: dict[Role, Actor], language: str
) -> None:
    with store.connection():
        Conversation.update(assignee=people[Role.ADMIN].agent_id).execute()
    screen.sign_in(Role.AGENT)
    screen.page.set_extra_http_headers({"Accept-Language": language})
    screen.open(f"/?c={town.yuki}")
    for width in (1560, 1440, 1366, 1180, 900, 390, 360, 320):
        screen.page.set_viewport_size({"width": width, "height": 768})
        name, height, is_clear = screen.page.locator("#thread-head").evaluate(HEAD)
        assert (width, is_clear) == (width, True)
        assert name >= 110
        assert height < 105, "no more than two rows"


@pytest.mark.parametrize(("width", "height"), [(844, 390), (390, 420)])
def test_a_small_screen_leaves_room_to_read(
    screen: Screen, town: Town, width: int, height: int
) -> None:
    screen.page.set_viewport_size({"width": width, "height": height})
    screen.sign_in(Role.AGENT)
    screen.open(f"/?c={town.yuki}")
    room = "box => box.clientHeight"
    scroller = screen.page.locator("#thread-scroll")
    assert scroller.evaluate(room) > height * 0.4
    screen.page.click("#composer-text")
    screen.page.keyboard.type("Hello")
    assert screen.page.locator("#send").is_visible()
    assert scroller.evaluate(room) > height * 0.4
