"""The set-up checklist: six steps from an empty installation to the first answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from earful import actions
from earful.store.queries import system
from earful.store.queries.system import Progress
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import ngettext
from flask import Response, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin.access import may
from earful_admin.manage.system import JobQueueState, is_alive, job_queue_state
from earful_admin.nav import NavItem
from earful_admin.toasts import say
from earful_admin.views import PageView

__all__ = ["SetupView", "Step", "steps"]

SETTING = "setup"
"""The setting's key; its value is "done" or "dismissed" once the list is put away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: whether it is done, how it stands, and where to go for it."""

    title: str
    done: bool
    text: str
    endpoint: str = ""
    button: str = ""
    code: str = ""


def steps(found: Progress, *, ticker: bool, jobs: JobQueueState, now: Any) -> list[Step]:
    """The six steps as they stand."""
    return [
        Step(title=_("Create the first admin"), done=found.admins > 0, text=_admins(found)),
        _processes(ticker, jobs, now),
        _channel(found),
        _team(found),
        _target(found),
        _reply(found),
    ]


def _admins(found: Progress) -> str:
    if found.admins == 1:
        return _("There is one admin. A second one helps when somebody is away.")
    return _("There are %(n)s admins.", n=found.admins)


def _processes(ticker: bool, jobs: JobQueueState, now: Any) -> Step:  # noqa: FBT001
    workers = [each for each in jobs.workers if is_alive(each.heartbeat_at, now)]
    missing = [] if ticker else [_("the ticker, which decides when")]
    missing += [] if workers else [_("a worker, which does the work")]
    if jobs.away:
        missing = [_("the job queue's server"), *missing[: 0 if ticker else 1]]
    if not missing:
        text = ngettext(
            "Ticker and %(n)s worker are alive.",
            "Ticker and %(n)s workers are alive.",
            len(workers),
        )
        return Step(title=_("Start the processes"), done=True, text=text)
    what = missing[0]
    if missing[1:]:
        what = _("%(one)s and %(other)s", one=missing[0], other=missing[1])
    return Step(
        title=_("Start the processes"),
        done=False,
        text=_("Missing: %(what)s. This starts all of them:", what=what),
        code="earful up",
        endpoint="system.index",
        button=_("Look at the system"),
    )


def _channel(found: Progress) -> Step:
    done = found.healthy_channels > 0
    if done:
        text = ngettext(
            "%(n)s channel is live and healthy.",
            "%(n)s channels are live and healthy.",
            found.healthy_channels,
        )
    elif found.channels:
        text = _("A channel is configured, but none has been read with success yet. Test it.")
    else:
        text = _("Add a table such as [channels.our-forum] to the configuration and restart.")
    return Step(
        title=_("Connect a channel"), done=done, text=text, endpoint="channels.index",
        button=_("Look at the channels"),
    )  # fmt: skip


def _team(found: Progress) -> Step:
    done = found.own_queues > 0 and found.agents > 1
    text = _(
        "So far: %(queues)s and %(people)s.",
        queues=ngettext("%(n)s queue", "%(n)s queues", found.queues),
        people=ngettext("%(n)s person", "%(n)s people", found.agents),
    )
    if not done:
        text = f"{text} {_('Add a queue beside the fallback queue, and a colleague.')}"
    missing_queue = not found.own_queues
    return Step(
        title=_("Make queues, add people"),
        done=done,
        text=text,
        endpoint="queues.index_view" if missing_queue else "people.index_view",
        button=_("Make a queue") if missing_queue else _("Add a person"),
    )


def _target(found: Progress) -> Step:
    count = found.queues_with_target
    text = _("Promise an answer within an hour, say; clocks then show what is due first.")
    if count:
        text = ngettext(
            "%(n)s queue has a first-response target.",
            "%(n)s queues have a first-response target.",
            count,
        )
    return Step(
        title=_("Set a response target"), done=count > 0, text=text, endpoint="queues.index_view",
        button=_("Choose a target"),
    )  # fmt: skip


def _reply(found: Progress) -> Step:
    text = _("Open a conversation, answer it, and see it arrive.")
    if found.replies_sent:
        text = _("The first reply has reached its platform.")
    return Step(
        title=_("Send the first reply"), done=found.replies_sent > 0, text=text,
        endpoint="inbox.index", button=_("Open the inbox"),
    )  # fmt: skip


class SetupView(PageView):
    """The checklist. It leaves the navigation once it is done or put away."""

    requires = Role.ADMIN
    icon = "rocket"

    def __init__(self, *args: Any, **options: Any) -> None:
        self._is_over = False
        super().__init__(*args, **options)

    def nav_items(self) -> Iterable[NavItem]:
        here = request.blueprint == self.endpoint
        return super().nav_items() if here or not self._over() else ()

    def _over(self) -> bool:
        """Whether it was put away; asked at most once a request, and never again after a yes."""
        if not self._is_over and "setup_over" not in g:
            g.setup_over = system.setting(SETTING) is not None
            self._is_over = g.setup_over
        return self._is_over

    @expose("/")
    def index(self) -> str:
        found = self._steps()
        done = sum(step.done for step in found)
        if done == len(found) and not self._over():
            self._put_away("done")
        return str(
            self.render(
                "manage/setup.html",
                steps=found,
                done=done,
                is_over=self._over(),
                name=self.actor.name,
            )
        )

    def _steps(self) -> list[Step]:
        beats = [each.at for each in system.heartbeats() if each.kind == "ticker"]
        ticker = is_alive(max(beats, default=None), self.now)
        jobs = job_queue_state(self.runtime.jobs)
        return steps(self._progress(), ticker=ticker, jobs=jobs, now=self.now)

    @expose("/dismiss", methods=["POST"])
    def dismiss(self) -> ResponseReturnValue:
        self._put_away("dismissed")
        say(_("The checklist is put away. It stays at /setup/."))
        return redirect(self.get_url("inbox.index"), 303)

    def _put_away(self, how: str) -> None:
        actions.set_setting(self.actor, SETTING, how, now=self.now)
        self._is_over = True

    def create_blueprint(self, admin: Any) -> Any:
        blueprint = super().create_blueprint(admin)
        blueprint.after_app_request(self._after_sign_in)
        return blueprint

    def _after_sign_in(self, response: Response) -> Response:
        """Whoever signs in to an empty inbox, and may set it up, begins here."""
        if request.endpoint != "sign_in.attempt" or response.location != "/":
            return response
        if may(Role.ADMIN) and not self._over() and not self._progress().conversations:
            response.location = self.get_url(".index")
        return response

    def _progress(self) -> Progress:
        return system.progress(self.runtime.config.inbox.fallback_queue)
