"""Brings the schema to what this code expects, one numbered step at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playhouse.migrations import Runner

from earful.errors import ConfigError
from earful.store.database import available, connection
from earful.store.models import database

__all__ = ["SchemaState", "migrate", "require_current_schema", "schema_state"]

STEPS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Which steps the database still lacks, and which it has that this code does not know."""

    missing: tuple[str, ...]
    unknown: tuple[str, ...]


def _runner() -> Runner:
    return Runner(database, str(STEPS))


def schema_state() -> SchemaState:
    """How the open database compares with this code."""
    with connection():
        steps = _runner().status()
    return SchemaState(
        missing=tuple(step.name for step in steps if step.path and not step.applied),
        unknown=tuple(step.name for step in steps if not step.path),
    )


def migrate(progress: Callable[[str], None] = lambda _name: None) -> list[str]:
    """Apply the missing steps in order; each is one transaction. Returns their names.

    Raises `ConfigError` when the database is newer than this code, `DatabaseUnavailable` when
    there is none.
    """
    with available():
        state = schema_state()
    _refuse_newer(state)
    done = []
    with connection():
        for name in state.missing:
            progress(name)
            done += _runner().up(name)
    return done


def require_current_schema() -> None:
    """Raise `ConfigError` with the command that helps, unless the schema is this code's.

    `DatabaseUnavailable` where there is no database to look at.
    """
    with available():
        state = schema_state()
    _refuse_newer(state)
    if state.missing:
        raise ConfigError("The database is older than this version. Run: earful migrate")


def _refuse_newer(state: SchemaState) -> None:
    if state.unknown:
        steps = ", ".join(state.unknown)
        message = (
            f"The database is newer than this version of Earful (it has {steps}). "
            "Upgrade Earful: pip install --upgrade earful"
        )
        raise ConfigError(message)
