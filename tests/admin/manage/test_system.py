"""The system page and the set-up checklist: what they say of a machinery that works or does not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from earful import actions, store
from earful.actions import SYSTEM
from earful.job_queue import FailedJob, WorkerInfo
from earful.store.models import Agent, Channel, Notification, Queue, Setting
from earful.store.queries.system import Progress
from earful.store.states import Health, NotificationState, Role
from earful.testing.inbox import Inbox
from earful_admin.manage.setup import steps
from earful_admin.manage.system import JobQueueState, size_in_words
from flask import Flask
from flask.testing import FlaskClient

from tests.admin.conftest import PASSWORD
from tests.admin.manage.conftest import ADMIN, AGENT

SignIn = Callable[[Role], FlaskClient]
NOTHING = Progress(
    admins=1, agents=1, channels=0, healthy_channels=0, queues=0, own_queues=0,
    queues_with_target=0, conversations=0, replies_sent=0,
)  # fmt: skip
EVERYTHING = Progress(
    admins=2, agents=4, channels=1, healthy_channels=1, queues=3, own_queues=2,
    queues_with_target=1, conversations=100, replies_sent=1,
)  # fmt: skip


def worker(now: datetime, job: str = "") -> WorkerInfo:
    return WorkerInfo(
        name="w", queues=("fetch", "triage"), state="idle", pid=7, started_at=now,
        heartbeat_at=now, current_job=job,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 KB"),
        (2_500_000, "2.5 MB"),
        (9e12, "9000.0 GB"),
    ],
)
def test_sizes_read_well(count: float, said: str) -> None:
    assert size_in_words(count) == said


def test_the_page_tells_of_processes_jobs_and_the_database(
    shop: Inbox, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    failed = FailedJob(
        id="j1", job="triage", ids=(1, 2), on="triage", error="ValueError: <b>", at=now
    )
    monkeypatch.setattr(shop.jobs, "workers", lambda: [worker(now, "triage(1)")])
    monkeypatch.setattr(shop.jobs, "failed", lambda _limit: [failed])
    monkeypatch.setattr(shop.jobs, "oldest_job_age", lambda: 90.0)
    page = sign_in(ADMIN).get("/system/").text
    for words in (
        "ticker@here:1", "Silent", "runs <code>triage(1)</code>", "waits for 1 m", "triage(1, 2)",
        "ValueError: &lt;b&gt;", "SQLite", "Current", "the chat answers 503",
    ):  # fmt: skip
        assert words in page, words


def test_the_page_works_while_the_job_queue_is_away(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    shop.jobs.away = True
    answer = client.get("/system/")
    assert answer.status_code == 200
    assert "The job queue does not answer" in answer.text
    assert "SQLite" in answer.text
    assert client.post("/system/jobs/x/retry").status_code == 303
    assert "try again when it is back" in client.get("/system/").text


def test_a_failed_job_runs_again(
    shop: Inbox, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(ADMIN)
    client.post("/system/jobs/gone/retry", headers={"Referer": "http://localhost/system/"})
    assert "This job is not there any more." in client.get("/system/").text
    monkeypatch.setattr(shop.jobs, "retry", lambda job_id: job_id == "j1")
    client.post("/system/jobs/j1/retry")
    assert "The job runs again." in client.get("/system/").text


def test_a_failed_notification_is_told_once_more(shop: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        failed = Notification.get(Notification.state == NotificationState.FAILED)
    client = sign_in(ADMIN)
    client.post(f"/system/notifications/{failed.id}/retry")
    with store.connection():
        assert Notification.get_by_id(failed.id).state is NotificationState.PENDING
    assert "Every notification was told." in client.get("/system/").text


def test_the_steps_follow_what_is_really_there(now: datetime) -> None:
    alive = JobQueueState(workers=[worker(now)])
    old = JobQueueState(workers=[worker(now - timedelta(hours=1))])
    away = JobQueueState(away="no answer")

    def done(found: Progress, jobs: JobQueueState, *, ticker: bool) -> list[bool]:
        return [step.done for step in steps(found, ticker=ticker, jobs=jobs, now=now)]

    assert done(NOTHING, alive, ticker=False) == [True, False, False, False, False, False]
    assert done(EVERYTHING, alive, ticker=True) == [True] * 6
    for jobs, ticker in ((old, True), (away, True), (alive, False)):
        found = steps(EVERYTHING, ticker=ticker, jobs=jobs, now=now)
        assert [step.done for step in found].index(False) == 1
        assert found[1].code == "earful up"


def test_an_empty_installation_is_led_step_by_step(earful_inbox: Inbox, sign_in: SignIn) -> None:
    page = sign_in(ADMIN).get("/setup/").text
    assert "1 of 6" in page
    assert page.count('aria-current="step"') == 1


def sign_in_as(app: Flask, role: Role, query: str = "") -> str:
    sent = {"email": f"{role.word}@example.com", "password": PASSWORD}
    return app.test_client().post(f"/sign-in{query}", data=sent).location


def test_an_admin_of_an_empty_inbox_begins_at_the_checklist(
    app: Flask, earful_inbox: Inbox, people: object
) -> None:
    assert sign_in_as(app, ADMIN) == "/setup/"
    assert sign_in_as(app, ADMIN, "?next=/people/") == "/people/"
    assert sign_in_as(app, AGENT) == "/"


def test_an_admin_of_a_busy_inbox_begins_there(app: Flask, shop: Inbox, people: object) -> None:
    assert sign_in_as(app, ADMIN) == "/"


def test_a_list_put_away_leaves_the_navigation_but_stays(
    app: Flask, earful_inbox: Inbox, sign_in: SignIn
) -> None:
    client = sign_in(ADMIN)
    assert 'href="/setup/"' in client.get("/system/").text
    assert client.post("/setup/dismiss").status_code == 303
    assert 'href="/setup/"' not in client.get("/system/").text
    assert "no longer in the navigation" in client.get("/setup/").text
    assert sign_in_as(app, ADMIN) == "/"
    with store.connection():
        assert Setting.get_by_id("setup").value == "dismissed"


def test_a_finished_list_puts_itself_away(
    shop: Inbox, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    monkeypatch.setattr(shop.jobs, "workers", lambda: [worker(now)])
    with store.connection():
        Channel.update(health=Health.OK).where(Channel.name == "wall").execute()
        assert Queue.select().count() == 4
        assert Agent.select().count() == 4
    client = sign_in(ADMIN)
    assert "5 of 6" in client.get("/setup/").text
    shop.now = now
    shop.reply(shop.messages()[0], "On its way!")
    assert "6 of 6" in client.get("/setup/").text
    assert 'href="/setup/"' not in client.get("/system/").text


def test_the_fallback_queue_is_nobodys_own(earful_inbox: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        actions.save_queue(earful_inbox.runtime, SYSTEM, None, name="General", now=earful_inbox.now)
    assert "Make a queue" in sign_in(ADMIN).get("/setup/").text
