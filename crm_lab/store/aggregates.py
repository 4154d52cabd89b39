"""Aggregates that databases call by different names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import ReturnTypeFromArgs

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler


class any_of(ReturnTypeFromArgs[Any]):  # noqa: N801 - a function of SQL
    """Any of the values that is not NULL; a group has but one that differs."""

    name = "any_value"
    inherit_cache = True


@compiles(any_of, "postgresql")
def _in_postgresql(element: any_of, compiler: SQLCompiler, **options: Any) -> str:
    """PostgreSQL has `any_value` from 16 on."""
    (column,) = element.clauses
    told = compiler.process(column, **options)
    return f"(array_agg({told}) FILTER (WHERE {told} IS NOT NULL))[1]"


class newest_of(ReturnTypeFromArgs[Any]):  # noqa: N801 - a function of SQL
    """The value where another one is largest: `newest_of(subject, sent_at)`."""

    name = "arg_max"
    inherit_cache = True


@compiles(newest_of, "postgresql")
def _newest_in_postgresql(element: newest_of, compiler: SQLCompiler, **options: Any) -> str:
    told, by = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(array_agg({told} ORDER BY {by} DESC NULLS LAST))[1]"
