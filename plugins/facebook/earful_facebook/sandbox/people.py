"""An invented shop, its customers, and what they have written before the sandbox starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from earful_facebook.sandbox.world import World

__all__ = ["APP_ID", "APP_SECRET", "PAGES", "PEOPLE", "VERIFY_TOKEN", "Account", "open_the_scene"]

APP_ID = "420000000000001"
APP_SECRET = "sandbox-app-secret"  # noqa: S105 - of a stand-in that listens on this machine only
VERIFY_TOKEN = "sandbox-verify-token"  # noqa: S105 - the same


@dataclass(frozen=True, slots=True)
class Account:
    """A person or a Page."""

    id: str
    name: str
    category: str = ""


PAGES = (
    Account("100200300400500", "Larkfield Bikes", "Bicycle Shop"),
    Account("100200300400501", "Larkfield Rentals", "Bicycle Rental Service"),
)
PEOPLE = (
    Account("7001000000000001", "Imke Sollers"),
    Account("7001000000000002", "Tomas Vrba"),
    Account("7001000000000003", "Priya Nand"),
    Account("7001000000000004", "Lucía Ferrer"),
    Account("7001000000000005", "Jonas Weber"),
    Account("7001000000000006", "Grete Amundsen"),
)


def open_the_scene(world: World) -> None:
    """A few posts, comments and messages of the last days."""
    imke, tomas, priya, lucia, jonas, grete = (each.id for each in PEOPLE)
    page = world.page.id
    with world.back_then(timedelta(hours=49)):
        heron = world.write_post(page, "The Heron is here: our first e-bike with a belt drive. 🚲")
    with world.back_then(timedelta(hours=47)):
        range_ = world.write_comment(tomas, heron.id, "What range does it have in winter?")
    with world.back_then(timedelta(hours=46)):
        said = "Hello Tomas, count on about two thirds of the summer figure."
        world.write_comment(page, range_.id, said)
    with world.back_then(timedelta(hours=26)):
        said = "My Heron's motor cuts out on every hill. I want this fixed or my money back!"
        world.write_comment(priya, heron.id, said)
    with world.back_then(timedelta(hours=20)):
        world.write_comment(lucia, heron.id, "¿La venden también en talla pequeña? Mido 1,55.")
    with world.back_then(timedelta(hours=9)):
        world.write_post(jonas, "Ich stand heute um neun vor verschlossener Tür. Stimmt die Karte?")
    with world.back_then(timedelta(hours=5)):
        world.write_message(grete, "Hi, does a child seat fit on the Heron's rack?")
    with world.back_then(timedelta(hours=2)):
        world.write_rating(imke, "Perfect work, fair price, and a coffee while I waited.")
