"""The command line: reads arguments, calls what does the work, says in one sentence what failed.

Owns no decision of the inbox. Each command's module is imported only when it is asked for, and
imports what is heavy only when it runs.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from earful import __version__
from earful.errors import ConfigError, EarfulError

__all__ = ["main"]

_MODULES = {
    "init": "start",
    "demo": "demo",
    "up": "start",
    "web": "start",
    "worker": "start",
    "ticker": "start",
    "check": "look",
    "plugins": "look",
    "channels": "look",
    "status": "look",
    "parse": "trial",
    "classify": "trial",
    "replay": "data",
    "migrate": "data",
    "export": "data",
    "reclassify": "labels",
    "corrections": "labels",
    "user": "data",
    "secrets": "secrets",
    "sandbox": "sandbox",
}
FAILED, MISTAKEN, INTERRUPTED = 1, 2, 130


class _LazyCommands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_MODULES)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"earful.cli.{_MODULES[cmd_name]}")
        command = getattr(module, cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is not a command")
        return command


@click.group(cls=_LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="earful")
def commands() -> None:
    """Earful: a self-hosted social inbox.

    `earful demo` shows it; `earful init` and `earful up` run it.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed, 2 a mistake in arguments or configuration."""
    try:
        sys.exit(commands.main(arguments, prog_name="earful", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more can be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:
        if os.environ.get("EARFUL_TRACE") == "1":
            raise
        _tell(error)
        sys.exit(MISTAKEN if isinstance(error, ConfigError) else FAILED)


def _tell(error: Exception) -> None:
    from earful.config import masked

    if isinstance(error, EarfulError):
        text = str(error) or type(error).__name__
    else:
        text = (
            f"Something unexpected happened: {type(error).__name__}: {error}. "
            "Run it again with EARFUL_TRACE=1 to see where."
        )
    click.echo(masked(text), err=True)
