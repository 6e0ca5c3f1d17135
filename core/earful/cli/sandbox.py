"""`earful sandbox`: a stand-in for a platform, brought by the platform's own plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from earful.components import ChannelType
    from earful.sandbox import Sandbox

__all__ = ["sandbox", "sandbox_named", "sandbox_of"]


@click.command()
@click.argument("kind")
@click.option("--port", type=click.IntRange(0, 65535), help="Listen on this port; 0 takes one.")
@click.option("--webhook", default="", metavar="URL", help="Push events to this address.")
@click.option(
    "--disorder", type=int, metavar="SEED", help="Push some events twice, and some too late."
)
def sandbox(kind: str, port: int | None, webhook: str, disorder: int | None) -> None:
    """Serve a stand-in for the platform KIND on this machine, with a page to play a customer.

    Everything in it is forgotten when it stops.
    """
    from earful.cli.logs import set_up_logs
    from earful.sandbox import Behaviour, serve

    set_up_logs()
    found = sandbox_named(kind)

    def ready(address: str) -> None:
        click.echo(f"The sandbox of {found.title} is ready on {address} (Ctrl-C stops it).")

    try:
        serve(
            found,
            port=port,
            behaviour=Behaviour(webhook=webhook, disorder=disorder),
            on_ready=ready,
        )
    except OSError as error:
        wanted = found.default_port if port is None else port
        raise click.ClickException(
            f"Cannot listen on port {wanted} ({error.strerror}); choose another one with --port."
        ) from None


def sandbox_of(kind: ChannelType) -> Sandbox | None:
    """The sandbox of a kind of channel; None where its plugin has none, or it cannot be made."""
    from earful.components import describe

    if kind.sandbox is None:
        return None
    try:
        return kind.sandbox()
    except Exception as error:  # noqa: BLE001 - a plugin's bug must not stop the demonstration
        click.echo(f"The sandbox of {kind.title} cannot be made: {describe(error)}", err=True)
        return None


def sandbox_named(name: str) -> Sandbox:
    """The sandbox of a kind, which may also be named by its title: `x` is `twitter`."""
    kinds = _kinds(name)
    for kind in kinds.values():
        if name.casefold() in {kind.kind, kind.title.casefold()} and kind.sandbox is not None:
            return kind.sandbox()
    known = ", ".join(sorted(kind.kind for kind in kinds.values() if kind.sandbox)) or "none"
    raise click.BadParameter(
        f"no installed plugin brings a sandbox for {name!r} (there are: {known})",
        param_hint="KIND",
    )


def _kinds(name: str) -> dict[str, ChannelType]:
    """The kinds of channel; of one plugin alone where its name is given, which is quicker."""
    from importlib.metadata import entry_points

    from earful.plugins import GROUP, PluginHost

    points = entry_points(group=GROUP)
    mine = [point for point in points if point.name == name]
    return PluginHost.load(found=mine or points).channel_types
