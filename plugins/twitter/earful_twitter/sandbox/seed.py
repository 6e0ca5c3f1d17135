"""With whom and with what a sandbox begins: an invented shop and invented customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from earful_twitter.sandbox.world import Now, Person, World

__all__ = ["ACCOUNT", "new_world"]

ACCOUNT = "7001"

_SHOP = Person(
    ACCOUNT, "larkfieldbikes", "Larkfield Bikes", 5_310, "Bikes, repairs.", verified=True
)
_CUSTOMERS = (
    Person("7102", "mirabrand", "Mira Brand", 184, "Commutes by cargo bike."),
    Person("7103", "jonas_feld", "Jonas Feld", 96, "Rides when it rains."),
    Person("7104", "wheelsofayla", "Ayla Demir", 12_840, "Bikes, cities.", verified=True),
    Person("7105", "oldtomharrow", "Tom Harrow", 41, takes_messages=False),
    Person("7106", "priya_cycles", "Priya Nair", 1_203, "Touring, mostly uphill."),
)
_NEWS = "The workshop is open until eight on Thursdays from now on."
_POSTS = (
    (
        "mirabrand",
        5,
        "@larkfieldbikes my order 4471 says delivered, but nothing has arrived. Where is it?",
    ),
    (
        "jonas_feld",
        3,
        "Second flat tyre this week on the new commuter from Larkfield Bikes. Not amused.",
    ),
    (
        "priya_cycles",
        2,
        "@larkfieldbikes thank you for fixing my gears while I waited. You saved my tour!",
    ),
)
"""Who wrote what, and how many hours before the sandbox begins."""


def new_world(now: Now) -> World:
    """A world in which people have already talked with and about the shop."""
    world = World(replace(_SHOP), [replace(one) for one in _CUSTOMERS], now)
    start = now()
    people = {one.username: one for one in world.people.values()}
    news = world.write(world.account, _NEWS, at=start - timedelta(hours=30))
    world.write(
        people["wheelsofayla"],
        "That helps a lot. Do I need an appointment?",
        parent_id=news.id,
        at=start - timedelta(hours=28),
    )
    for name, hours, text in _POSTS:
        world.write(people[name], text, at=start - timedelta(hours=hours))
    world.message(
        people["oldtomharrow"],
        world.account,
        "Hello, can I pay my invoice in two parts?",
        at=start - timedelta(minutes=50),
    )
    return world
