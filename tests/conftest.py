"""What all tests share: a database of each kind, and the processes that must run for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from earful import store
from earful.store import models

from tools import postgres

_LONGEST_FIRST = {name: at for at, name in enumerate(("test_chaos.py", "test_look.py"))}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first: what begins late would keep one worker busy while others idle."""
    items.sort(key=lambda item: _LONGEST_FIRST.get(item.path.name, len(_LONGEST_FIRST)))


@pytest.fixture
def now(earful_now: datetime) -> datetime:
    return earful_now


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One server for all tests of this process."""
    try:
        running = postgres.running()
        server = running.__enter__()
    except postgres.PostgresUnavailable as error:
        pytest.skip(str(error))
    yield server
    running.__exit__(None, None, None)


@pytest.fixture(scope="session")
def _shared_postgres(postgres_server: postgres.Server) -> Iterator[tuple[str, psycopg.Connection]]:
    dsn = postgres_server.create_database()
    store.open_database(dsn)
    store.migrate()
    store.close()
    with psycopg.connect(dsn, autocommit=True) as connection:
        # Neither the order of foreign keys nor the guard of the audit matters to the cleaning.
        connection.execute("SET session_replication_role = replica")
        yield dsn, connection


@pytest.fixture
def postgres_database(_shared_postgres: tuple[str, psycopg.Connection]) -> Iterator[str]:
    """All tables and no rows. Deleting the rows of a test is faster than copying a database."""
    dsn, cleaner = _shared_postgres
    yield dsn
    store.close()
    # The index of the search is kept by triggers, which do not run for this cleaner.
    tables = ["message_search", *(model._meta.table_name for model in models.ALL_MODELS)]
    cleaner.execute("".join(f'DELETE FROM "{table}";' for table in tables).encode())


@pytest.fixture
def sqlite_database(_earful_empty_database: Path, tmp_path: Path) -> str:
    file = tmp_path / "earful.db"
    file.write_bytes(_earful_empty_database.read_bytes())
    return f"sqlite:///{file}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> str:
    """The address of an empty database; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_database")
    return url


@pytest.fixture
def open_database(database: str) -> Iterator[str]:
    """The same, opened, with a connection for the test."""
    store.open_database(database)
    with store.connection():
        yield database
    store.close()
