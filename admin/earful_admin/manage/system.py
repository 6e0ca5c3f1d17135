"""How Earful runs: processes, workers, job queues, what failed or waits, and the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from babel.numbers import format_decimal
from earful import actions, wording
from earful.job_queue import FailedJob, JobQueue, JobQueueUnavailable, WorkerInfo
from earful.store.queries import system
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import redirect
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin.formats import span
from earful_admin.toasts import say
from earful_admin.views import PageView

__all__ = ["JobQueueState", "SystemView", "is_alive", "job_queue_state", "size_in_words"]

SILENT = timedelta(minutes=2)
"""A process that was not heard of for so long is taken for gone."""
_KINDS = (mark("Web"), mark("Ticker"), mark("Worker"))
_STATES = (mark("idle"), mark("busy"), mark("started"), mark("suspended"))
"""What processes and RQ's workers say of themselves, for translators."""
_THOUSAND = 1000
_LIBRARIES = ("earful", "flask", "flask-admin", "peewee", "rq", "redis", "pluggy")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQueueState:
    """The job queue as far as it answers; `away` says why it does not."""

    away: str = ""
    depths: dict[str, int] = field(default_factory=dict)
    oldest_seconds: float | None = None
    workers: list[WorkerInfo] = field(default_factory=list)
    failed: list[FailedJob] = field(default_factory=list)

    @property
    def oldest(self) -> timedelta | None:
        """For how long the job that waits longest has waited."""
        return None if self.oldest_seconds is None else timedelta(seconds=self.oldest_seconds)


def job_queue_state(jobs: JobQueue) -> JobQueueState:
    """Everything it tells, or why it tells nothing."""
    try:
        return JobQueueState(
            depths=jobs.depths(),
            oldest_seconds=jobs.oldest_job_age(),
            workers=jobs.workers(),
            failed=jobs.failed(20),
        )
    except JobQueueUnavailable as error:
        return JobQueueState(away=str(error))


def is_alive(heard: datetime | None, now: datetime) -> bool:
    """Whether a sign of life is recent enough."""
    return heard is not None and now - heard < SILENT


class SystemView(PageView):
    """The state of the machinery."""

    requires = Role.ADMIN
    icon = "activity"
    lede = mark("Processes, job queues and the database, as they are now.")

    @expose("/")
    def index(self) -> str:
        return str(
            self.render(
                "manage/system.html",
                jobs=job_queue_state(self.runtime.jobs),
                beats=system.heartbeats(),
                unfinished=system.unfinished(),
                most_unfinished=system.MOST_COUNTED,
                notifications=system.failed_notifications(),
                database=system.database_facts(),
                versions=_versions(),
                is_alive=is_alive,
                size=size_in_words,
                span=span,
            )
        )

    @expose("/jobs/<job_id>/retry", methods=["POST"])
    def retry_job(self, job_id: str) -> ResponseReturnValue:
        try:
            actions.retry_job(self.runtime, self.actor, job_id, now=self.now)
            say(_("The job runs again."))
        except JobQueueUnavailable:
            say(_("The job queue does not answer; try again when it is back."), "danger")
        return redirect(self.get_url(".index", _anchor="failed-jobs"), 303)

    @expose("/notifications/<int:notification_id>/retry", methods=["POST"])
    def retry_notification(self, notification_id: int) -> ResponseReturnValue:
        actions.retry_notification(self.runtime, self.actor, notification_id, now=self.now)
        say(_("The notification is told once more."))
        return redirect(self.get_url(".index", _anchor="failed-notifications"), 303)


def _versions() -> list[tuple[str, str]]:
    found = [("Python", python_version())]
    for name in _LIBRARIES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return found


def size_in_words(count: float) -> str:
    """Bytes in the unit people would use."""
    power, units = 0, (_("%(n)s bytes"), "%(n)s KB", "%(n)s MB", "%(n)s GB")
    while count >= _THOUSAND and power < len(units) - 1:
        count, power = count / _THOUSAND, power + 1
    number = format_decimal(count, "0.0" if power else "0", wording.language())
    return units[power].replace("%(n)s", number)
