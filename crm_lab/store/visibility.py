"""Who may know of a row: the one rule for every read."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, and_, bindparam, or_, select, true

from crm_lab.store import tables

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import BindParameter, ColumnElement, FromClause, Select, Table


def visible(table: FromClause, caller: UUID | BindParameter[Any] | None) -> ColumnElement[bool]:
    """Which rows of `table` somebody may know of.

    A row that belongs to a customer or a contact is as visible as those are. Who was merged into another is no more.
    """
    rules = [owned(table, caller)]
    if "merged_into" in table.c:
        rules.append(table.c.merged_into.is_(None))
    for key, parent in tables.PARENTS.items():
        if key in table.c:
            seen = select(parent.c.id).where(visible(parent, caller))
            rule = or_(table.c[key].is_(None), table.c[key].in_(seen))
            if getattr(table, "name", "") in tables.STAYING:
                merged = parent.alias()
                rule = or_(rule, table.c[key].in_(select(merged.c.id).where(merged.c.merged_into.in_(seen))))
            rules.append(rule)
    return and_(true(), *rules)


def owned(table: FromClause, caller: UUID | BindParameter[Any] | None) -> ColumnElement[bool]:
    """Which rows of `table` are not a colleague's alone."""
    return or_(table.c.owner_only.is_(False), table.c.owner_id == caller) if "owner_only" in table.c else true()


@cache
def about(table: Table, key: str, is_limited: bool) -> Select[Any]:  # noqa: FBT001
    """The rows of `party` in the column `key`, the `newest` where limited, that are not a colleague's alone; built once, for building it costs as much as asking."""
    query = select(table).where(and_(table.c[key] == bindparam("party"), owned(table, bindparam("caller"))))
    if not is_limited:
        return query
    return query.order_by(table.c.pinned_at.desc().nulls_last(), table.c.created_at.desc(), table.c.id.desc()).limit(bindparam("newest", type_=Integer))
