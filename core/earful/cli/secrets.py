"""The commands about what credentials are encrypted with: `secrets rotate`, `secrets new-key`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from earful.cli.options import config_option, load_config, open_runtime

__all__ = ["secrets"]


@click.group()
def secrets() -> None:
    """Change the key that stored credentials are encrypted with."""


@secrets.command()
@config_option
def rotate(config_path: Path | None) -> None:
    """Encrypt everything anew with the newest key; makes one where none is configured."""
    from earful.actions import SYSTEM, rotate_secrets

    runtime = open_runtime(load_config(config_path))
    count = rotate_secrets(runtime, SYSTEM, now=datetime.now(UTC))
    what = "1 secret is" if count == 1 else f"{count} secrets are"
    click.echo(f"{what} encrypted with the newest key.")
    if runtime.config.security.encryption_key is None:
        click.echo(f"Back up {runtime.config.encryption_key_file}: it holds the new key.")


@secrets.command("new-key")
def new_key() -> None:
    """Print a fresh key for security.encryption_key."""
    from earful.config import new_encryption_key

    click.echo(new_encryption_key())
