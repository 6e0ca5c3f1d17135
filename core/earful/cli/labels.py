"""The commands about labels: `reclassify`, and `corrections export`."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earful.cli.data import open_store
from earful.cli.options import config_option, load_config, open_runtime
from earful.cli.progress import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earful.pipeline.reclassify import Wish
    from earful.runtime import ConfiguredClassifier, Runtime

__all__ = ["corrections", "reclassify"]

_NICENESS = 10
"""Old messages wait for new ones: the triage worker gets the processor first."""


def _moment(_ctx: click.Context, _param: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text} is no date such as 2026-11-01, nor a time such as 2026-11-01T08:00"
        raise click.BadParameter(message) from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.command()
@config_option
@click.option(
    "--since",
    callback=_moment,
    required=True,
    metavar="DATE",
    help="Messages that arrived since then.",
)
@click.option(
    "--until", callback=_moment, metavar="DATE", help="Messages that arrived before then."
)
@click.option(
    "--model", "--classifier", "name", help="Only the classifier of this name in the configuration."
)
@click.option(
    "--only-unlabelled",
    is_flag=True,
    help="Only messages that carry no label of the classifier, such as those that came without it.",
)
def reclassify(
    config_path: Path | None,
    since: datetime,
    until: datetime | None,
    name: str | None,
    *,
    only_unlabelled: bool,
) -> None:
    """Ask the classifiers about stored messages again, and replace their labels.

    Times are in UTC. Stopped, or killed, it goes on where it stood when it is started again with
    the same options. What people corrected stays; policies are not asked again.
    """
    from earful.pipeline.reclassify import Wish

    os.nice(_NICENESS)
    runtime = open_runtime(load_config(config_path))
    wish = Wish(since=since, until=until, only_unlabelled=only_unlabelled)
    for classifier in _classifiers(runtime, name):
        _run(classifier, wish)


def _classifiers(runtime: Runtime, name: str | None) -> Sequence[ConfiguredClassifier]:
    configured = runtime.config.classifiers
    if name is not None and name not in configured:
        known = ", ".join(configured) or "none"
        raise click.ClickException(f"No classifier is named {name} (configured: {known}).")
    made = {each.name: each for each in runtime.classifiers}
    wanted = [name] if name is not None else list(configured)
    for trouble in runtime.troubles:
        if trouble.section == "classifiers" and trouble.name in wanted:
            raise click.ClickException(f"classifiers.{trouble.name}: {trouble.reason}")
    if not wanted:
        raise click.ClickException("No classifier is configured.")
    return [made[each] for each in wanted]


def _run(classifier: ConfiguredClassifier, wish: Wish) -> None:
    from earful.pipeline.reclassify import begin, step
    from earful.store import connection
    from earful.store.models import Reclassification

    with connection():
        run = begin(classifier, wish, now=datetime.now(UTC))
        if run.done:
            click.echo(
                f"{classifier.name}: going on after {run.done} of {run.total} messages.", err=True
            )
        with counted("messages", run.total) as count:
            count(run.done)
            while (number := step(classifier, run.id, now=datetime.now(UTC))) is not None:
                count(number)
        ended = Reclassification.get_by_id(run.id)
    number = ended.done - ended.failed
    what = "1 message" if number == 1 else f"{number} messages"
    click.echo(f"{classifier.name} ({classifier.version}): {what} read anew.")
    if ended.failed:
        click.echo(
            f"{ended.failed} could not be read and keep the labels they had; the log says why."
        )


@click.group()
def corrections() -> None:
    """What people said about the labels of messages."""


@corrections.command("export")
@config_option
@click.option(
    "--with-authors", is_flag=True, help="Also write who wrote each message, and who judged it."
)
def export_corrections(config_path: Path | None, *, with_authors: bool) -> None:
    """Write every correction and confirmation to stdout, one line of JSON each."""
    from earful.store.corrections import correction_count, exported_corrections

    open_store(config_path)
    with counted("corrections", correction_count()) as count:
        for line in exported_corrections(with_authors=with_authors):
            click.echo(json.dumps(line, ensure_ascii=False))
            count(1)
