"""Pushes of an invented shop's Page, to show the channel without a network.

They are what the sandbox's own opening scene would push, in the platform's own form.
"""

from __future__ import annotations

from collections.abc import Iterator

from earful import Payload

__all__ = ["demo"]


def demo() -> Iterator[Payload]:
    """One push for everything that was written before now."""
    # The sandbox brings a web framework, which nobody needs who only reads messages.
    from earful_facebook.sandbox import pushes
    from earful_facebook.sandbox.people import PAGES, open_the_scene
    from earful_facebook.sandbox.world import World

    told: list[bytes] = []
    world = World(on_change=lambda entry: told.append(pushes.body(entry)))
    open_the_scene(world)
    meta = {"page_id": PAGES[0].id, "page_name": PAGES[0].name}
    for document in told:
        yield Payload(body=document, content_type="application/json", meta=meta)
