from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from earful.job_queue import EmbeddedServer, JobQueue, address


@pytest.fixture(scope="session")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of an embedded server that runs for the whole session."""
    folder = tmp_path_factory.mktemp("data")
    with EmbeddedServer(folder):
        yield folder


@pytest.fixture
def url(server_folder: Path) -> str:
    return address("", server_folder)


@pytest.fixture
def jobs(url: str) -> Iterator[JobQueue]:
    queue = JobQueue.connect(url)
    queue._connection.flushall()
    yield queue
    queue.close()
