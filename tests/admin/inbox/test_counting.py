"""The counter while somebody writes, on a channel that counts in a way of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from earful.plugins import PluginHost
from earful.store.states import Role
from playwright.sync_api import Route, expect

from tests.admin.conftest import Screen
from tests.admin.inbox.town import Town
from tests.wall import Wall

pytestmark = pytest.mark.browser
FAMILY = "👩‍👩‍👧‍👦"


def weigh(text: str) -> int:
    """As X does: an emoji counts twice, however many signs it is made of."""
    return len(text.replace(FAMILY, "12"))


@pytest.fixture
def earful_plugins(wall: Wall) -> PluginHost:
    return PluginHost(channel_types={"wall": replace(wall.channel_type(), count_length=weigh)})


def test_the_counter_does_not_jump_while_the_server_counts(
    screen: Screen, town: Town, wall: Wall
) -> None:
    wall.reply_length = 280
    screen.sign_in(Role.AGENT)
    screen.intercept()
    screen.open(f"/?c={town.quiet}")
    counter, box = screen.page.locator("#counter output"), screen.page.locator("#composer-text")
    screen.page.route("**/draft", Route.abort)
    box.fill(FAMILY * 40)
    expect(counter).to_have_text("240")
    screen.page.unroute("**/draft")
    box.fill(FAMILY * 39)
    expect(counter).to_have_text("202")
    screen.page.route("**/draft", Route.abort)
    box.fill(FAMILY * 39 + "x")
    expect(counter).to_have_text("201")
