"""A change to very many conversations: starting it, how far it is, what became of each, undoing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from earful import actions
from earful.actions import Actor
from earful.errors import ActionRefused
from earful.runtime import Runtime
from earful.store.queries import bulk_jobs
from earful.store.queries.bulk_jobs import BulkJobLine
from earful.store.states import BulkJobState, Role
from earful.wording import gettext as _
from flask import abort, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context
from earful_admin.access import needs
from earful_admin.toasts import say

__all__ = ["BulkJobs", "wants_json"]


class BulkJobs:
    """The endpoints of jobs; each shows and undoes one's own only."""

    runtime: Runtime
    actor: Actor
    now: datetime
    render: Any

    def start_job(self, ids: list[int], change: str, value: Any) -> ResponseReturnValue:
        job_id = actions.start_bulk_job(self.runtime, self.actor, ids, change, value, now=self.now)
        return jsonify(
            job=url_for("inbox.bulk_job", job_id=job_id), done=ids, failed=[], failures=0
        )

    @expose("/inbox/bulk/job/<int:job_id>")
    @needs(Role.AGENT)
    def bulk_job(self, job_id: int) -> ResponseReturnValue:
        """How far a change to very many has come, and what became of each."""
        job = bulk_jobs.bulk_job(job_id, agent_id=context.agent().id)
        if job is None:
            abort(404)
        undo = self._undo_of(job)
        if wants_json():
            return jsonify(
                passed=job.passed,
                total=job.total,
                is_running=job.is_running,
                said=_in_words(job),
                undo=undo,
                url=url_for("inbox.bulk_job", job_id=job_id),
            )
        actions.read_bulk_job(self.runtime, self.actor, job_id, now=self.now)
        return str(
            self.render(
                "inbox/bulk_job.html",
                job=job,
                said=_in_words(job),
                undo=undo,
                reasons=bulk_jobs.reasons(job_id),
                most_named=bulk_jobs.MOST_NAMED,
            )
        )

    def _undo_of(self, job: BulkJobLine) -> str:
        """Where it can be undone; "" where it cannot, or not any more."""
        if job.state is not BulkJobState.DONE or not job.done or job.finished_at is None:
            return ""
        in_time = self.now <= job.finished_at + actions.UNDO_JOB_FOR
        return url_for("inbox.bulk_job_undo", job_id=job.id) if in_time else ""

    @expose("/inbox/bulk/job/<int:job_id>/undo", methods=["POST"])
    @needs(Role.AGENT)
    def bulk_job_undo(self, job_id: int) -> ResponseReturnValue:
        """Have put back what a job of one's own changed."""
        where = url_for("inbox.bulk_job", job_id=job_id)
        try:
            actions.undo_bulk_job(self.runtime, self.actor, job_id, now=self.now)
        except ActionRefused as refused:
            if wants_json():
                return jsonify(refused=str(refused)), 422
            say(str(refused), "danger")
        return jsonify(job=where, failed=[]) if wants_json() else redirect(where, 303)


def wants_json() -> bool:
    """Whether a script asks, and not a plain form."""
    return request.accept_mimetypes.best == "application/json"


def _in_words(job: BulkJobLine) -> str:
    """How far it is, or what became of it, as a sentence."""
    match job.state:
        case BulkJobState.CHANGING:
            return _("%(passed)s of %(total)s conversations so far",
                     passed=job.passed, total=job.total)  # fmt: skip
        case BulkJobState.UNDOING:
            return _("%(passed)s of %(total)s put back so far",
                     passed=job.passed, total=job.total)  # fmt: skip
        case BulkJobState.UNDONE:
            return _("%(undone)s as before, %(kept)s changed by somebody since",
                     undone=job.undone, kept=job.kept)  # fmt: skip
    return _("%(done)s changed, %(skipped)s left out",
             done=job.done, skipped=job.skipped)  # fmt: skip
