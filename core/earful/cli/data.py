"""The commands that work on what is stored: `migrate`, `user`, `replay`, `export`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earful.cli.options import config_option, load_config, open_runtime
from earful.cli.progress import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earful.config import Config

__all__ = ["export", "migrate", "replay", "user"]


def open_store(config_path: Path | None) -> Config:
    """Open the configured database, if this version can work with it. Returns the configuration."""
    from earful.store import open_database
    from earful.store.migrate import require_current_schema

    config = load_config(config_path)
    open_database(config.database_url())
    require_current_schema()
    return config


@click.command()
@config_option
def migrate(config_path: Path | None) -> None:
    """Bring the database to this version; safe to run again."""
    from earful.store import migrate as bring_up_to_date
    from earful.store import open_database

    open_database(load_config(config_path).database_url())
    done = bring_up_to_date(lambda name: click.echo(f"applying {name}"))
    steps = "1 step" if len(done) == 1 else f"{len(done)} steps"
    click.echo(f"{steps} applied." if done else "The database is current.")


@click.command()
@config_option
def export(config_path: Path | None) -> None:
    """Write every conversation with all its messages to stdout, one line of JSON each."""
    from earful.store.export import conversation_count, exported_conversations

    open_store(config_path)
    with counted("conversations", conversation_count()) as count:
        for conversation in exported_conversations():
            click.echo(json.dumps(conversation, ensure_ascii=False))
            count(1)


@click.command()
@config_option
@click.option(
    "--payload",
    "payload_ids",
    multiple=True,
    type=click.IntRange(1, 2**63 - 1),
    help="Only this payload's id.",
)
def replay(config_path: Path | None, payload_ids: Sequence[int]) -> None:
    """Try quarantined payloads again, after a plugin was mended."""
    from earful.actions import replay_payloads

    runtime = open_runtime(load_config(config_path))
    seen: set[int] = set()
    with counted("payloads") as count:
        # What a worker puts back into quarantine meanwhile is not tried twice.
        while ids := replay_payloads(
            runtime, payload_ids=payload_ids or None, now=datetime.now(UTC)
        ):
            if not seen.isdisjoint(ids):
                break
            seen.update(ids)
            count(len(ids))
            if payload_ids:
                break
    click.echo(f"{len(seen)} payloads are tried again.")


@click.group()
def user() -> None:
    """Add people, and give them new passwords."""


@user.command()
@click.argument("email")
@click.option("--name", required=True, help="How colleagues see the person.")
@click.option(
    "--role",
    default="agent",
    show_default=True,
    help="What the person may do: viewer, agent, lead or admin.",
)
@config_option
def add(email: str, name: str, role: str, config_path: Path | None) -> None:
    """Let somebody sign in. The password is asked for, or read from stdin's first line."""
    from earful.actions import SYSTEM, add_agent
    from earful.store.states import Role

    words = {each.word: each for each in Role}
    if role not in words:
        raise click.BadParameter(f"expected one of {', '.join(words)}", param_hint="--role")
    open_store(config_path)
    add_agent(
        None,
        SYSTEM,
        email=email,
        name=name,
        role=words[role],
        password=_new_password(),
        now=datetime.now(UTC),
    )
    click.echo(f"{email} can sign in as {role}.")


@user.command()
@click.argument("email")
@config_option
def password(email: str, config_path: Path | None) -> None:
    """Give somebody a new password and end their sessions."""
    from earful.actions import SYSTEM, set_password
    from earful.cli.people import agent_id

    open_store(config_path)
    found = agent_id(email)
    if found is None:
        raise click.ClickException(f"Nobody signs in as {email}.")
    set_password(None, SYSTEM, found, _new_password(), now=datetime.now(UTC))
    click.echo(f"{email} has a new password.")


def _new_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")
