"""The set-up checklist: six steps from an empty installation to the first answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from earful import actions
from earful.store.queries import manage, system
from earful.store.queries.manage import Progress
from earful.store.states import Role
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
        Step(title="Create the first admin", done=found.admins > 0, text=_admins(found)),
        _processes(ticker, jobs, now),
        _channel(found),
        _team(found),
        _target(found),
        _reply(found),
    ]


def _admins(found: Progress) -> str:
    if found.admins == 1:
        return "There is one admin. A second one helps when somebody is away."
    return f"There are {found.admins} admins."


def _processes(ticker: bool, jobs: JobQueueState, now: Any) -> Step:  # noqa: FBT001
    workers = [each for each in jobs.workers if is_alive(each.heartbeat_at, now)]
    missing = [] if ticker else ["the ticker, which decides when"]
    missing += [] if workers else ["a worker, which does the work"]
    if jobs.away:
        missing = ["the job queue's server", *missing[: 0 if ticker else 1]]
    if not missing:
        text = f"Ticker and {len(workers)} worker{'' if len(workers) == 1 else 's'} are alive."
        return Step(title="Start the processes", done=True, text=text)
    return Step(
        title="Start the processes",
        done=False,
        text=f"Missing: {' and '.join(missing)}. This starts all of them:",
        code="earful up",
        endpoint="system.index",
        button="Look at the system",
    )


def _channel(found: Progress) -> Step:
    done = found.healthy_channels > 0
    if done:
        count = found.healthy_channels
        text = f"{count} channel{' is' if count == 1 else 's are'} live and healthy."
    elif found.channels:
        text = "A channel is configured, but none has been read with success yet. Test it."
    else:
        text = "Add a table such as [channels.our-forum] to the configuration and restart."
    return Step(
        title="Connect a channel", done=done, text=text, endpoint="channels.index",
        button="Look at the channels",
    )  # fmt: skip


def _team(found: Progress) -> Step:
    done = found.own_queues > 0 and found.agents > 1
    queues = f"{found.queues} queue{'' if found.queues == 1 else 's'}"
    people = f"{found.agents} {'person' if found.agents == 1 else 'people'}"
    text = f"There are {queues} and {people}."
    if not done:
        text += " Add a queue beside the fallback queue, and a colleague."
    missing_queue = not found.own_queues
    return Step(
        title="Make queues, add people",
        done=done,
        text=text,
        endpoint="queues.index_view" if missing_queue else "people.index_view",
        button="Make a queue" if missing_queue else "Add a person",
    )


def _target(found: Progress) -> Step:
    count = found.queues_with_target
    text = "Promise an answer within an hour, say; clocks then show what is due first."
    if count:
        text = f"{count} queue{' has' if count == 1 else 's have'} a first-response target."
    return Step(
        title="Set a response target", done=count > 0, text=text, endpoint="queues.index_view",
        button="Choose a target",
    )  # fmt: skip


def _reply(found: Progress) -> Step:
    text = "Open a conversation, answer it, and see it arrive."
    if found.replies_sent:
        text = "The first reply has reached its platform."
    return Step(
        title="Send the first reply", done=found.replies_sent > 0, text=text,
        endpoint="inbox.index", button="Open the inbox",
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
            g.setup_over = manage.setting(SETTING) is not None
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
        say("The checklist is put away. It stays at /setup/.")
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
        return manage.progress(self.runtime.config.inbox.fallback_queue)
