"""The schema: steps, versions, and that fresh tables equal the models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from earful import store
from earful.errors import ConfigError
from earful.store.migrate import migrate, require_current_schema, schema_state
from earful.store.models import ALL_MODELS, database

from tools import postgres


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """An open database without any tables."""
    url = f"sqlite:///{tmp_path}/bare.db"
    if request.param == "postgres":
        server: postgres.Server = request.getfixturevalue("postgres_server")
        url = server.create_database()
    store.open_database(url)
    yield url
    store.close()


def test_an_empty_database_lacks_every_step(bare: str) -> None:
    assert schema_state().missing[0].startswith("0001")
    with pytest.raises(ConfigError, match="earful migrate"):
        require_current_schema()


def test_migrating_twice_does_nothing_the_second_time(bare: str) -> None:
    told: list[str] = []

    done = migrate(told.append)

    assert done == told
    assert done
    assert migrate() == []
    require_current_schema()


def test_a_newer_database_is_refused_with_the_command_that_helps(bare: str) -> None:
    migrate()
    with store.connection():
        (table,) = [name for name in database.get_tables() if "migration" in name]
        columns = [column.name for column in database.get_columns(table)]
        row = dict(
            zip(columns, database.execute_sql(f"SELECT * FROM {table}").fetchone(), strict=True)
        )
        row |= {"id": 99, "name": "9999_from_the_future"}
        row = {name: row[name] for name in columns}
        holders = ", ".join(["%s" if store.is_postgres() else "?"] * len(row))
        database.execute_sql(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({holders})", tuple(row.values())
        )

    for refuse in (require_current_schema, migrate):
        with pytest.raises(ConfigError, match=r"9999_from_the_future.*pip install --upgrade"):
            refuse()


def test_a_migrated_database_equals_the_models(bare: str) -> None:
    migrate()

    with store.connection():
        for model in ALL_MODELS:
            table = model._meta.table_name
            columns = {column.name: column.null for column in database.get_columns(table)}
            fields = {field.column_name: field.null for field in model._meta.sorted_fields}
            assert columns == fields, table
            indexes = {tuple(index.columns) for index in database.get_indexes(table)}
            for index in model._meta.fields_to_index():
                names = tuple(
                    each.column_name for each in index._expressions if hasattr(each, "column_name")
                )
                assert names in indexes, (table, names)
            keys = {key.column: key.dest_table for key in database.get_foreign_keys(table)}
            assert keys == {
                field.column_name: field.rel_model._meta.table_name for field in model._meta.refs
            }
