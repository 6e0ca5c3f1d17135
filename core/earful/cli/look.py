"""The commands that only look: `check`, `plugins`, `channels`, `status`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earful.cli.data import open_store
from earful.cli.options import config_option, load_config

if TYPE_CHECKING:
    from earful.config import Config
    from earful.runtime import ConfiguredChannel, Runtime

__all__ = ["channels", "check", "plugins", "status"]


@click.command()
@config_option
@click.option(
    "--offline", is_flag=True, help="Ask no platform and no mail server; check only what is here."
)
def check(config_path: Path | None, *, offline: bool) -> None:
    """Check the configuration, plugins, database, mail server and every channel's account."""
    from earful.runtime import Runtime

    config = load_config(config_path)
    runtime = Runtime.open(config)
    _say("configuration", config.file_name if config.file else "no file: all defaults")
    troubles = [
        *_plugin_troubles(runtime),
        *_database_troubles(runtime),
        *_job_queue_troubles(runtime),
        *_classifier_troubles(runtime, offline=offline),
        *_component_troubles(runtime),
        *_mail_troubles(runtime, offline=offline),
        *(() if offline else _account_troubles(runtime)),
    ]
    for trouble in troubles:
        click.echo(f"WRONG  {trouble}", err=True)
    click.echo("Everything is in order." if not troubles else f"{len(troubles)} wrong.")
    sys.exit(1 if troubles else 0)


def _say(what: str, finding: str) -> None:
    click.echo(f"ok     {what}: {finding}")


def _plugin_troubles(runtime: Runtime) -> Iterator[str]:
    for record in runtime.plugins.records:
        if record.status.startswith("failed"):
            yield f"plugin {record.name}: {record.status}: {record.reason}"
        else:
            _say(f"plugin {record.name}", record.reason or record.status)
    installed = [record.name for record in runtime.plugins.records]
    for name in runtime.config.plugins.disabled:
        if name not in installed:
            near = get_close_matches(name, installed, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield f"plugins.disabled: no installed plugin is named {name!r}{hint}"


def _database_troubles(runtime: Runtime) -> Iterator[str]:
    from earful.errors import EarfulError
    from earful.store.migrate import require_current_schema

    try:
        require_current_schema()
    except EarfulError as error:
        yield str(error)
    else:
        _say("database", "current")
        yield from _hours_troubles(runtime)


def _hours_troubles(runtime: Runtime) -> Iterator[str]:
    """Which business hours are in force: what the browser saved cannot be seen in the file."""
    from earful.store.hours import UnreadableHours, saved_hours

    try:
        saved = saved_hours()
    except UnreadableHours as error:
        reason = f"what was saved in the browser cannot be read ({error})"
        yield f"business hours: {reason}: save it anew on the page Hours"
        return
    if saved and saved.in_force:
        by = f"saved in the browser by {saved.saved_by} on {saved.saved_at:%Y-%m-%d}"
        _say("business hours", f"{by}, {saved.calendar.timezone}")
    elif runtime.config.business_hours:
        _say("business hours", f"from the configuration, {runtime.configured_hours.timezone}")
    else:
        _say("business hours", "always open")


def _job_queue_troubles(runtime: Runtime) -> Iterator[str]:
    from earful.job_queue import JobQueueUnavailable
    from earful.job_queue.embedded import find_server

    if not runtime.config.redis_url():
        try:
            _say("job queue", f"embedded, {find_server()}")
        except JobQueueUnavailable as error:
            yield str(error)
        return
    try:
        runtime.jobs.ping()
        _say("job queue", "answers")
    except JobQueueUnavailable as error:
        yield f"job_queue.redis_url: {error}"


def _component_troubles(runtime: Runtime) -> Iterator[str]:
    made = {
        "router": [each.name for each in runtime.routers],
        "notifier": list(runtime.notifiers),
    }
    for kind, names in made.items():
        for name in names:
            _say(f"{kind} {name}", "ready")
    for trouble in runtime.troubles:
        yield f"{trouble.section}.{trouble.name}: {trouble.reason}"


def _classifier_troubles(runtime: Runtime, *, offline: bool) -> Iterator[str]:
    """Each is tried on a sentence: a model that is not here yet is downloaded now."""
    from earful.inbox.labelling import try_out

    if offline:
        failures = {each.name: each.reason for each in runtime.model_troubles()}
    else:
        failures = try_out(runtime)
    for classifier in runtime.classifiers:
        if why := failures.get(classifier.name):
            yield f"classifiers.{classifier.name}: {why}"
        else:
            component = runtime.config.classifiers[classifier.name]
            _say(f"classifier {classifier.name}", runtime.look_at_model(component) or "ready")


def _mail_troubles(runtime: Runtime, *, offline: bool) -> Iterator[str]:
    """Whether mails could leave; none does."""
    from earful import mail
    from earful.errors import ChannelError

    settings = runtime.config.mail
    if settings is None or offline:
        _say("mail", "off: there is no table [mail]" if settings is None else "not asked")
        return
    try:
        _say("mail", mail.check(settings))
    except ChannelError as error:
        yield f"mail: {error}"


def _account_troubles(runtime: Runtime) -> Iterator[str]:
    from earful.components import describe
    from earful.plugins import contained

    for channel in runtime.channels.values():
        try:
            finding = contained(f"{channel.name}.check", lambda: _account(channel))  # noqa: B023
        except Exception as error:  # noqa: BLE001 - a plugin's bug is a finding here
            yield f"channels.{channel.name}: {describe(error)}"
        else:
            _say(f"channel {channel.name}", finding)


def _account(channel: ConfiguredChannel) -> str:
    source = channel.source()
    if source is None:
        channel.webhook()
        return "takes what is pushed"
    account = source.check()
    return account.detail or account.name


@click.command()
@config_option
def plugins(config_path: Path | None) -> None:
    """List the installed plugins: what they bring, or why they do not work."""
    from earful.plugins import PluginHost

    host = PluginHost.load(disabled=load_config(config_path).plugins.disabled)
    _table(
        ("plugin", "version", "status", "brings"),
        [
            (each.name, each.version, each.status, each.reason or ", ".join(each.provides))
            for each in host.records
        ],
        empty="No plugin is installed.",
    )


@click.command()
@config_option
def channels(config_path: Path | None) -> None:
    """List the channels with their health."""
    from earful.store.queries.channels import channels as read_channels

    open_store(config_path)
    _table(
        ("channel", "type", "state", "health", "last success", "told"),
        [
            (
                line.name,
                line.kind,
                line.state,
                line.health,
                f"{line.last_success_at:%Y-%m-%d %H:%M:%S}" if line.last_success_at else "never",
                line.state_reason or line.health_detail,
            )
            for line in read_channels()
        ],
        empty="No channel is known yet: add one to the configuration and start Earful.",
    )


@click.command()
@config_option
def status(config_path: Path | None) -> None:
    """Show what waits, what failed, who lives and how channels are.

    Exit code 1 if the job queue is away.
    """
    from earful.store.queries.system import channel_states, heartbeats, unfinished

    config, now = open_store(config_path), datetime.now(UTC)
    work = unfinished()
    click.echo(
        f"unfinished: {work.payloads} payloads, {work.messages} messages, "
        f"{work.replies} replies, {work.notifications} notifications"
    )
    for name, state, health in channel_states():
        click.echo(f"channel {name}: {state}, {health}")
    for beat in heartbeats():
        click.echo(f"{beat.kind} {beat.process}: last sign of life {_ago(beat.at, now)}")
    _show_job_queue(config, now)


def _ago(moment: datetime | None, now: datetime) -> str:
    return f"{(now - moment).total_seconds():.0f} s ago" if moment else "never"


def _show_job_queue(config: Config, now: datetime) -> None:
    from earful.job_queue import JobQueue

    jobs = JobQueue.connect(config)
    depths = ", ".join(f"{name} {depth}" for name, depth in jobs.depths().items())
    age = jobs.oldest_job_age()
    click.echo(f"job queues: {depths}" + (f"; the oldest waits {age:.0f} s" if age else ""))
    for worker in jobs.workers():
        doing = worker.current_job or worker.state
        alive = f"last sign of life {_ago(worker.heartbeat_at, now)}"
        click.echo(f"worker {worker.name} ({', '.join(worker.queues)}): {doing}, {alive}")
    for failure in jobs.failed(limit=10):
        ids = ", ".join(map(str, failure.ids))
        click.echo(f"failed {failure.job}({ids}): {failure.error}")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    lines = [head, *rows]
    if len(lines) == 1:
        click.echo(empty)
        return
    widths = [max(len(str(line[column])) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = (f"{cell!s:<{width}}" for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
