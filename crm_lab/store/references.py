"""Foreign keys, where the database keeps them well: PostgreSQL looks at them when a transaction ends (docs/adr/0002)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, ForeignKeyConstraint, MetaData, Table, inspect
from sqlalchemy.schema import AddConstraint, DropConstraint

from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


def references() -> Iterator[tuple[str, ForeignKeyConstraint]]:
    """Every reference of the tables with the name that its constraint has."""
    for table in tables.metadata.sorted_tables:
        for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.column_keys)):
            yield f"fk_{table.name}_{key.column_keys[0]}"[:63], key


def add_references(connection: Connection) -> int:
    """Make those that are missing; how many. The database refuses where a row names one that is not there."""
    if connection.dialect.name == "duckdb":
        return 0
    there = _names(connection)
    missing = [(name, key) for name, key in references() if name not in there]
    for name, key in missing:
        connection.execute(AddConstraint(_named(name, key)))
    return len(missing)


def drop_references(connection: Connection) -> None:
    """Take them away, while rows come in the order of tables and not of what they name."""
    there = _names(connection) if connection.dialect.name != "duckdb" else set()
    for name, key in references():
        if name in there:
            connection.execute(DropConstraint(_named(name, key)))


def _names(connection: Connection) -> set[str]:
    found = inspect(connection)
    return {str(key["name"]) for name in tables.metadata.tables for key in found.get_foreign_keys(name)}


def _named(name: str, key: ForeignKeyConstraint) -> ForeignKeyConstraint:
    """The constraint under a name of its own, on a bare copy of the table: the tables' own stay as DuckDB is given them."""
    (column,) = key.columns
    (target,) = key.elements
    made = ForeignKeyConstraint([column.name], [target.target_fullname], name=name, deferrable=True, initially="DEFERRED")
    bare = MetaData()
    Table(target.column.table.name, bare, Column(target.column.name, target.column.type, primary_key=True))
    table = Table(key.parent.name, bare, Column(column.name, column.type), extend_existing=True)
    table.append_constraint(made)
    return made
