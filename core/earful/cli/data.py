"""The commands that work on what is stored: `migrate`, `user`, `replay`, `export`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from earful.cli.options import config_option, load_config
from earful.cli.progress import counted

__all__ = ["export", "migrate"]


@click.command()
@config_option
def migrate(config_path: Path | None) -> None:
    """Bring the database to this version; safe to run again."""
    from earful.store import migrate as bring_up_to_date
    from earful.store import open_database

    open_database(load_config(config_path).database_url())
    done = bring_up_to_date(lambda name: click.echo(f"applying {name}"))
    click.echo(f"{len(done)} steps applied." if done else "The database is current.")


@click.command()
@config_option
def export(config_path: Path | None) -> None:
    """Write every conversation with all its messages to stdout, one line of JSON each."""
    from earful.store import open_database
    from earful.store.export import conversation_count, exported_conversations
    from earful.store.migrate import require_current_schema

    open_database(load_config(config_path).database_url())
    require_current_schema()
    with counted("conversations", conversation_count()) as count:
        for conversation in exported_conversations():
            click.echo(json.dumps(conversation, ensure_ascii=False))
            count(1)
