"""The commands that run an installation: `init`, `up`, and the processes `up` is made of."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earful.cli.options import config_option, load_config, open_runtime
from earful.cli.supervisor import REFUSED, Child, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from earful.config import Config
    from earful.runtime import Runtime

__all__ = ["init", "listening_on", "processes", "supervise", "ticker", "up", "web", "worker"]

# Those of `earful.job_queue.QUEUES`, which is slow to import for a list of names. In this order a
# worker for all of them takes their jobs: what people wait for first, slow platforms last.
_QUEUES = ("send", "notify", "ingest", "triage", "fetch")
# The supervisor kills what takes longer than 5 seconds to stop.
_GRACE_UNDER_SUPERVISOR = "4"


@click.command()
@click.argument(
    "folder", type=click.Path(file_okay=False, path_type=Path), default=Path(), required=False
)
def init(folder: Path) -> None:
    """Write config.toml into FOLDER (default: here), with every setting explained."""
    from earful.config import example
    from earful.errors import ConfigError

    path = folder / "config.toml"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        # Somebody may write a password into it.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(example())
    except FileExistsError:
        raise ConfigError(f"{path} is there already; it was left as it is.") from None
    where = "" if path == Path("config.toml") else f" --config {path}"
    click.echo(f"{path} is written. Add a channel to it, then:")
    for command in ("migrate", "check", "user add EMAIL --name NAME --role admin", "up"):
        click.echo(f"  earful {command}{where}")


@click.command()
@config_option
@click.option("--port", type=click.IntRange(0, 65535), help="Listen on this port instead.")
def up(config_path: Path | None, port: int | None) -> None:
    """Run everything: web, workers, ticker, and the job queue's server if none is configured."""
    from earful.store import close, open_database
    from earful.store.migrate import require_current_schema

    config = listening_on(load_config(config_path), port)
    open_database(config.database_url())
    require_current_schema()
    close()
    supervisor = supervise(config)
    supervisor.run()
    click.echo("Earful has stopped.")
    sys.exit(REFUSED if supervisor.refused else 0)


def listening_on(config: Config, port: int | None) -> Config:
    """The configuration with another port, and a free one instead of 0, known to all."""
    wanted = config.server.port if port is None else port
    if wanted == 0:
        with socket.create_server((config.server.host, 0)) as listener:
            wanted = listener.getsockname()[1]
    if wanted == config.server.port:
        return config
    url = config.server.public_url.replace(f":{config.server.port}", f":{wanted}")
    server = config.server.model_copy(update={"port": wanted, "public_url": url})
    return config.model_copy(update={"server": server})


def supervise(
    config: Config,
    *,
    beside: Sequence[Child] = (),
    also_ready: Callable[[], bool] = lambda: True,
    pages_first: bool = False,
    **options: Any,
) -> Supervisor:
    """What runs the processes of one installation on one machine, and some `beside` them.

    With `pages_first`, the others start once the web process answers: on a machine with few cores
    somebody who waits for the first page gets it in half the time.
    """
    from earful.job_queue import EmbeddedServer

    _refuse_taken_port(config)
    click.echo(f"Earful is starting on {config.server.public_url} (Ctrl-C stops it).")
    options.setdefault("on_ready", lambda: click.echo("Earful is ready."))
    web, *others = processes(config)
    return Supervisor(
        [web, *beside, *(() if pages_first else others)],
        later=others if pages_first else (),
        server=None if config.redis_url() else EmbeddedServer(config.data_dir),
        ready=lambda: _answers(config) and also_ready(),
        write=click.echo,
        **options,
    )


def _refuse_taken_port(config: Config) -> None:
    """Whoever else answers there would look like a web process that is ready."""
    from earful.errors import ConfigError

    host, port = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise ConfigError(
            f"{config.file_name}: server.port: cannot listen on {host}, port {port} "
            f"({error.strerror}); choose another one, or give --port 0"
        ) from None


def _answers(config: Config) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.server.host, config.server.host)  # noqa: S104
    try:
        with socket.create_connection((host, config.server.port), timeout=0.2):
            return True
    except OSError:
        return False


def processes(config: Config) -> list[Child]:
    """The processes of one installation on one machine."""
    where = ["--config", str(config.file)] if config.file else []
    port = str(config.server.port)
    grace = ["--grace", _GRACE_UNDER_SUPERVISOR]
    arguments = {
        "web": ["web", "--port", port],
        "ingest": ["worker", "--queue", "ingest", *grace],
        # The one process that holds classifiers' models.
        "triage": ["worker", "--queue", "triage", *grace],
        # A platform that answers slowly holds up the reading of others, and nothing else.
        "fetch": ["worker", "--fork", "--queue", "fetch", *grace],
        "send": ["worker", "--fork", "--queue", "send", "--queue", "notify", *grace],
        "ticker": ["ticker"],
    }
    return [
        Child(name, [sys.executable, "-m", "earful", *parts, *where])
        for name, parts in arguments.items()
    ]


@click.command()
@config_option
@click.option("--port", type=click.IntRange(0, 65535), help="Listen on this port instead.")
def web(config_path: Path | None, port: int | None) -> None:
    """Serve the pages and take webhooks."""
    config = listening_on(load_config(config_path), port)
    serve: Callable[[Runtime], None] = import_module("earful_admin.server").serve
    serve(open_runtime(config))


@click.command()
@config_option
@click.option(
    "--queue",
    "queues",
    multiple=True,
    type=click.Choice(_QUEUES),
    help="Serve this job queue only; repeat it for several, the most urgent one first.",
)
@click.option(
    "--fork", is_flag=True, help="Run each job in a process of its own; models are not kept."
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=50.0,
    show_default=True,
    help="How many seconds a running job may take to end when the worker is stopped.",
)
@click.option("--burst", is_flag=True, help="Stop when no job waits.")
def worker(
    config_path: Path | None, queues: tuple[str, ...], *, fork: bool, grace: float, burst: bool
) -> None:
    """Run jobs: send, notify, ingest, triage and fetch, the most urgent first.

    Only workers that serve triage load the models of classifiers.
    """
    from earful.job_queue import run_worker

    config = load_config(config_path)
    served = queues or _QUEUES
    run_worker(
        config,
        served,
        on_start=lambda: _ready_for_jobs(config, fork=fork, triages="triage" in served),
        warm=not fork,
        burst=burst,
        grace_seconds=grace,
    )


def _ready_for_jobs(config: Config, *, fork: bool, triages: bool) -> None:
    """Load what jobs need once, before any comes; a fork must not share a database connection."""
    from earful.inbox.labelling import try_out
    from earful.store import close

    runtime = open_runtime(config)
    import_module("earful.jobs").attach(runtime)
    if triages and not fork:
        # Models are loaded before the first message waits for them.
        try_out(runtime)
    if fork:
        close()


@click.command()
@config_option
def ticker(config_path: Path | None) -> None:
    """Keep the schedule: what is due is put into the job queues."""
    from earful.actions import sync_channels
    from earful.ticker import run_ticker

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    runtime = open_runtime(load_config(config_path))
    sync_channels(runtime, now=datetime.now(UTC))
    run_ticker(runtime, stop)
