"""Inserting very many rows: the same statement as `insert_new`, without its cost a row.

SQLAlchemy binds parameters row by row, which for the journal costs more than SQLite's insert itself. Here
each column is bound once, by the column type's own rules, and the driver gets plain tuples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table

from memory.crm.statements import insert_new, is_postgres

_CACHE_KIBIBYTES = 65_536
"""Page cache of an importing SQLite connection: index pages of a large journal are hit at random."""


def insert_new_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows that break no uniqueness and return how many those are; all have the same columns."""
    if not rows:
        return 0
    if is_postgres(connection):
        return insert_new(connection, table, rows)
    connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")
    names = list(rows[0])
    preparer = connection.dialect.identifier_preparer
    columns = ", ".join(preparer.format_column(table.c[name]) for name in names)
    marks = ", ".join("?" * len(names))
    into = f"{preparer.format_table(table)} ({columns})"  # names of our own tables, quoted by the dialect
    statement = f"INSERT INTO {into} VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    bound = zip(
        *(_bound(connection, table, name, [row[name] for row in rows]) for name in names), strict=True
    )
    return max(0, connection.exec_driver_sql(statement, list(bound)).rowcount)


def _bound(connection: Connection, table: Table, name: str, values: list[Any]) -> list[Any]:
    bind = table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    if bind is None:
        return values
    first = values[0]
    if all(value is first for value in values):
        return [bind(first)] * len(values)
    return [bind(value) for value in values]
