"""Opens the database, and runs transactions. The same code serves SQLite and PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit

import peewee

from earful.errors import ConfigError, EarfulError
from earful.store.models import database

__all__ = [
    "DatabaseUnavailable",
    "TooSlow",
    "available",
    "close",
    "connection",
    "execute",
    "hold",
    "is_passing",
    "is_postgres",
    "keep_open",
    "locked",
    "open_database",
    "rows",
    "time_limit",
    "transaction",
]


class DatabaseUnavailable(EarfulError):
    """The database cannot be used; the message says which setting names it, and why."""


@contextmanager
def available() -> Iterator[None]:
    """Raise `DatabaseUnavailable`, in words for the operator, where the database fails."""
    try:
        yield
    except (peewee.DatabaseError, peewee.InterfaceError) as error:
        why = " ".join(str(error.args[0] if error.args else error).split())
        message = f"store.url: the database cannot be used: {why}"
        raise DatabaseUnavailable(message) from error


def open_database(url: str) -> None:
    """Bind all models to the database at `url`; connections open when they are needed.

    `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user@host/name`.
    Raises `ConfigError` for any other address, `DatabaseUnavailable` where no file can be.
    """
    close()
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        database.initialize(_sqlite(Path(unquote(parts.path.removeprefix("/")))))
    elif parts.scheme in {"postgresql", "postgres"}:
        database.initialize(_postgres(url))
    else:
        message = f"store.url: expected sqlite:///FILE or postgresql://…, not {parts.scheme}://"
        raise ConfigError(message)


def _sqlite(path: Path) -> peewee.Database:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"store.url: the folder {path.parent} cannot be made: {error.strerror}"
        raise DatabaseUnavailable(message) from error
    _make_private(path)
    # With deferred transactions a reader that turns writer fails at once under load; IMMEDIATE
    # takes the lock first and waits for it instead.
    return peewee.SqliteDatabase(
        str(path),
        lock_type="IMMEDIATE",
        timeout=15,
        pragmas={
            "journal_mode": "wal",
            "busy_timeout": 15_000,
            "synchronous": "normal",
            "foreign_keys": 1,
            "cache_size": -16_000,
            "temp_store": "memory",
        },
    )


def _make_private(path: Path) -> None:
    """Let nobody else read a new file. What SQLite puts beside it is as the file is."""
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _postgres(url: str) -> peewee.Database:
    return peewee.PostgresqlDatabase(url, prefer_psycopg3=True)


def is_postgres() -> bool:
    """Whether the open database is PostgreSQL."""
    return isinstance(database.obj, peewee.PostgresqlDatabase)


def close() -> None:
    """Close this thread's connection, if it has one."""
    if database.obj is not None and not database.is_closed():
        database.close()


def keep_open() -> None:
    """Open this thread's connection unless it is open; it stays so until `close`."""
    database.connect(reuse_if_open=True)


@contextmanager
def connection() -> Iterator[None]:
    """Hold a connection for the block; nested blocks share it."""
    opened = database.connect(reuse_if_open=True)
    try:
        yield
    finally:
        if opened:
            database.close()


@contextmanager
def transaction() -> Iterator[None]:
    """All or nothing; opens a connection where there is none yet."""
    with connection(), database.atomic():
        yield


def is_passing(error: Exception) -> bool:
    """Whether the database was away, locked or full: the same may be possible later.

    Told by name, because what runs outside peewee raises the driver's own errors.
    """
    names = {each.__name__ for each in type(error).__mro__}
    return not names.isdisjoint({"OperationalError", "InterfaceError"})


def locked(query: Any) -> Any:
    """The same rows, held until the transaction ends. SQLite's writer holds everything anyway.

    Held against change, not against being linked to: a plain `FOR UPDATE` would make every insert
    that links to such a row wait, and two that link to each other's rows wait for ever.
    """
    return query.for_update("FOR NO KEY UPDATE") if is_postgres() else query


def hold(query: Any) -> None:
    """Hold the rows until the transaction ends without reading them, as `locked` does."""
    if is_postgres():
        locked(query).execute()


class TooSlow(Exception):
    """A read did not end within its time."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Reads in the block raise `TooSlow` once `seconds` are over; not for writing.

    For questions that people make up themselves: nobody's filter may hold a thread for long.
    """
    limit = _postgres_limit if is_postgres() else _sqlite_limit
    with connection(), limit(seconds):
        yield


@contextmanager
def _sqlite_limit(seconds: float) -> Iterator[None]:
    handle = database.connection()
    ends = monotonic() + seconds
    handle.set_progress_handler(lambda: monotonic() > ends, 10_000)
    try:
        yield
    except peewee.OperationalError as error:
        if "interrupted" in str(error):
            raise TooSlow from error
        raise
    finally:
        handle.set_progress_handler(None, 0)


@contextmanager
def _postgres_limit(seconds: float) -> Iterator[None]:
    # Within a transaction, so that the limit ends with it whatever happens.
    try:
        with database.atomic():
            database.execute_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
            yield
    except peewee.OperationalError as error:
        if "statement timeout" in str(error):
            raise TooSlow from error
        raise


def execute(sql: str, parameters: Sequence[object] = ()) -> Any:
    """One statement in the database's own words; returns its cursor."""
    return database.execute_sql(sql, tuple(parameters))


def rows(sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """The rows of one statement in the database's own words."""
    return list(execute(sql, parameters).fetchall())
