"""The fixtures that pytest finds in every environment where Earful is installed.

    @pytest.fixture
    def earful_config() -> str:
        return '''
            [channels.guestbook]
            type = "guestbook"
        '''

    def test_a_greeting_arrives(earful_inbox):
        (message,) = earful_inbox.receive("guestbook", b'{"text": "Hello!"}')
        assert message.text == "Hello!"

Override `earful_config` to configure the installation, `earful_now` to choose its time, and
`earful_plugins` to replace the installed plugins. Nothing is loaded before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from earful.job_queue import JobQueue
    from earful.plugins import PluginHost
    from earful.runtime import Runtime
    from earful.testing.inbox import Inbox

__all__: list[str] = []

# So that a broken promise is told with the values that broke it.
pytest.register_assert_rewrite("earful.testing.contract")


@pytest.fixture
def earful_now() -> datetime:
    """The time at which a test begins: a Friday, at noon."""
    return datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def earful_config() -> str:
    """The configuration, as a file would say it; by default nothing is configured."""
    return ""


@pytest.fixture
def earful_plugins() -> PluginHost:
    """The installed plugins. One that fails to load fails the test."""
    from earful.plugins import PluginHost

    return PluginHost.load(strict=True)


@pytest.fixture
def earful_jobs() -> JobQueue:
    """Where jobs wait: in memory, until the test runs them."""
    from earful.testing.job_queue import MemoryJobQueue

    return MemoryJobQueue()


@pytest.fixture
def earful_embedded_jobs(_earful_job_server: str) -> Iterator[JobQueue]:
    """A real and empty job queue on the embedded server; return it from your `earful_jobs`."""
    from earful.job_queue import JobQueue

    jobs = JobQueue.connect(_earful_job_server)
    jobs.empty()
    yield jobs
    jobs.close()


@pytest.fixture(scope="session")
def _earful_job_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from earful.job_queue import EmbeddedServer, address

    folder = tmp_path_factory.mktemp("earful-jobs")
    with EmbeddedServer(folder):
        yield address("", folder)


@pytest.fixture
def earful_database(_earful_empty_database: Path, tmp_path: Path) -> str:
    """The address of a database of this test's own, with all tables and no rows."""
    file = tmp_path / "earful.db"
    file.write_bytes(_earful_empty_database.read_bytes())
    return f"sqlite:///{quote(str(file))}"


@pytest.fixture(scope="session")
def _earful_empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: copying it is a hundred times faster than making the tables."""
    from earful import store

    file = tmp_path_factory.mktemp("earful-empty") / "earful.db"
    store.open_database(f"sqlite:///{quote(str(file))}")
    store.migrate()
    store.close()
    return file


@pytest.fixture
def earful_runtime(
    earful_config: str,
    earful_database: str,
    earful_jobs: JobQueue,
    earful_plugins: PluginHost,
    earful_now: datetime,
    tmp_path: Path,
) -> Iterator[Runtime]:
    """The installation that `earful_config` describes, with a real database."""
    import os

    from earful import actions, config, store
    from earful.runtime import Runtime

    file = tmp_path / "config.toml"
    file.write_text(earful_config, encoding="utf-8")
    loaded = config.load(file, os.environ)
    address = loaded.store.model_copy(update={"url": earful_database})
    loaded = loaded.model_copy(update={"store": address})
    runtime = Runtime.open(loaded, jobs=earful_jobs, plugins=earful_plugins)
    actions.sync_channels(runtime, now=earful_now)
    yield runtime
    store.close()


@pytest.fixture
def earful_inbox(earful_runtime: Runtime, earful_now: datetime) -> Inbox:
    """The same installation with hands: feed it payloads, let time pass, read its messages."""
    from earful.testing.inbox import Inbox

    return Inbox(earful_runtime, earful_now)
