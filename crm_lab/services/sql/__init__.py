"""Questions in SQL: read-only, over the rows the caller may see."""

from __future__ import annotations

import pyarrow as pa

from crm_lab.services.actions import Service, reads
from crm_lab.services.sql.meanings import meaning_of, tables_meant
from crm_lab.services.sql.views import VIEWS
from crm_lab.store.sql import ask


class Sql(Service):
    """The company as tables with names that stay, for those who know SQL."""

    @reads()
    def frame(self, *, statement: str) -> pa.Table:
        """The answer to one SELECT over the tables of `tables`: `crm.sql("SELECT count(*) FROM customers")`.

        In DuckDB's SQL. What is hidden from the caller is not there. Amounts are whole øre, instants are shown in Oslo's time. 20 seconds,
        200,000 rows and 768 MB at most. Raises `WrongQuestion` where it is no single SELECT, reads anything else, or is too much.
        """
        return ask(statement, VIEWS, lambda name: self.work.frame(VIEWS[name](self.work)))

    @reads()
    def tables(self) -> pa.Table:
        """What can be asked: columns table, column, type (of DuckDB), meaning; a row with the column "" tells what a table is."""
        rows: list[tuple[str, str, str, str]] = []
        for name, query in VIEWS.items():
            rows.append((name, "", "", tables_meant()[name]))
            schema = self.work.frame(query(self.work).limit(0)).schema
            rows += [(name, field.name, _type(field.type), meaning_of(name, field.name)) for field in schema]
        names = ("table", "column", "type", "meaning")
        return pa.table({key: pa.array([row[at] for row in rows], pa.string()) for at, key in enumerate(names)})


def _type(kind: pa.DataType) -> str:
    known = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.int32(): "INTEGER", pa.bool_(): "BOOLEAN", pa.date32(): "DATE"}
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP WITH TIME ZONE"
    return known.get(kind) or f"DECIMAL({kind.precision},{kind.scale})"
