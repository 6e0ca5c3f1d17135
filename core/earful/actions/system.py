"""What admins do to the machinery, and the choices they make once."""

from __future__ import annotations

from datetime import datetime

from earful.actions.actor import Actor, audit, require
from earful.errors import ActionRefused
from earful.runtime import Runtime
from earful.store.database import transaction
from earful.store.models import Notification, Setting
from earful.store.states import NotificationState, Role
from earful.wording import gettext as _

__all__ = ["retry_job", "retry_notification", "set_setting"]


def retry_job(runtime: Runtime, actor: Actor, job_id: str, *, now: datetime) -> None:
    """Run a failed job again."""
    require(actor, Role.ADMIN)
    if not runtime.jobs.retry(job_id):
        msg = _("This job is not there any more.")
        raise ActionRefused(msg)
    with transaction():
        audit(actor, "job.retry", "job", job_id, now)


def retry_notification(
    _runtime: Runtime, actor: Actor, notification_id: int, *, now: datetime
) -> None:
    """Tell a failed notification once more."""
    require(actor, Role.ADMIN)
    with transaction():
        again = (
            Notification.update(state=NotificationState.PENDING, attempts=0, due_at=now)
            .where(
                (Notification.id == notification_id)
                & (Notification.state == NotificationState.FAILED)
            )
            .execute()
        )
        if not again:
            msg = _("This notification has not failed.")
            raise ActionRefused(msg)
        audit(actor, "notification.retry", "notification", notification_id, now)


def set_setting(actor: Actor, key: str, value: object, *, now: datetime) -> None:
    """Keep a choice made in the browser, such as a finished set-up step."""
    require(actor, Role.ADMIN)
    with transaction():
        Setting.insert(key=key, value=value).on_conflict(
            conflict_target=[Setting.key], update={"value": value}
        ).execute()
        audit(actor, "setting.save", "setting", key, now)
