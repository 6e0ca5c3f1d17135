"""What commands share: the option that names the configuration, and opening the installation."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from earful.config import Config
    from earful.runtime import Runtime

__all__ = ["config_option", "load_config", "open_runtime"]

Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """Add `--config`; the command gets `config_path`, None for the usual place."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The configuration file (default: $EARFUL_CONFIG, else ./config.toml).",
    )(command)


def load_config(config_path: Path | None) -> Config:
    """The configuration, known to plugins, with log lines set up to mask its secrets."""
    from earful.cli.logs import set_up_logs
    from earful.config import load
    from earful.installation import Installation, set_installation

    set_up_logs()
    config = load(config_path, os.environ, further=_component_mistakes)
    set_installation(Installation(data_dir=config.data_dir, languages=config.inbox.languages))
    return config


def _component_mistakes(config: Config) -> list[str]:
    from earful.plugins import PluginHost
    from earful.runtime import Runtime

    return Runtime.mistakes(config, PluginHost.load())


def open_runtime(config: Config) -> Runtime:
    """The installation, if its database is one this version can work with."""
    from earful.runtime import Runtime
    from earful.store.migrate import require_current_schema

    runtime = Runtime.open(config)
    require_current_schema()
    return runtime
