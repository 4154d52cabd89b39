"""Customers and contacts as one wide table: everything that is known of each, by column key."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import and_, select

from crm_lab.domain.columns import CONTACT_COLUMNS, CUSTOMER_COLUMNS, kind_of
from crm_lab.services.customers import shown_name
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy import Table

    from crm_lab.domain.columns import Column
    from crm_lab.store.records import Row, Work


def customers_frame(work: Work, ids: Sequence[UUID] | None) -> pa.Table:
    """The parties the caller may see, or those of them that `ids` names, in its order; columns id and `CUSTOMER_COLUMNS`."""
    rows = _parties(work, tables.customer, ids)
    for row in rows:
        row["kind"] = str(kind_of(row["is_customer"], row["is_supplier"], row["is_person"]))
        row |= {f"terms.{name}": _term(name, value) for name, value in row["terms"].items()}
    return _frame(rows, CUSTOMER_COLUMNS)


def contacts_frame(work: Work, ids: Sequence[UUID] | None) -> pa.Table:
    """The contacts the caller may see, with the first role each has now; columns id and `CONTACT_COLUMNS`."""
    rows = _parties(work, tables.contact, ids)
    r, c = tables.contact_role, tables.customer
    now = and_(r.c.ended_on.is_(None), c.c.archived_at.is_(None), work.visible_to(r))
    query = select(r, shown_name().label("company")).join(c, c.c.id == r.c.customer_id).where(now)
    roles: dict[UUID, Row] = {}
    for role in work.rows(query.order_by(r.c.is_decision_maker.desc(), r.c.id)):
        roles.setdefault(role["contact_id"], role)
    for row in rows:
        role = roles.get(row["id"], {})
        row |= {key: role.get(key) for key in ("company", "title", "is_decision_maker", "started_on", "ended_on")}
        row |= {"work_phone": role.get("phone"), "work_email": role.get("email")}
    return _frame(rows, [column for column in CONTACT_COLUMNS if column.key != "full_name"])


def _parties(work: Work, table: Table, ids: Sequence[UUID] | None) -> list[Row]:
    """Parties with the names of owner and categories, and their addresses spread out."""
    key, visible = f"{table.name}_id", work.visible_to(table)
    rows = work.rows(select(table).where(and_(table.c.archived_at.is_(None), visible)))
    if ids is not None:
        place = {party: n for n, party in enumerate(ids)}
        rows = sorted((row for row in rows if row["id"] in place), key=lambda row: place[row["id"]])
    owners = {e["id"]: e["username"] for e in work.rows(select(tables.employee))}
    names = {c["id"]: c["name"] for c in work.rows(select(tables.category))}
    labels: dict[UUID, list[str]] = defaultdict(list)
    link, a = tables.category_link, tables.address
    for row in work.rows(select(link).where(link.c[key].is_not(None)).order_by(link.c.id)):
        labels[row[key]].append(names.get(row["category_id"], ""))
    places: dict[UUID, Row] = defaultdict(dict)
    for at in work.rows(select(a).where(a.c[key].is_not(None)).order_by(a.c.position.desc())):
        parts = ("name", "street", "postal_code", "city", "country")
        places[at[key]] |= {f"{at['kind']}.{part}": at[part] for part in parts}
    return [
        row | places[row["id"]] | {"owner": owners.get(row["owner_id"], ""), "categories": "; ".join(labels[row["id"]])}
        for row in rows
    ]


def _term(name: str, value: Any) -> Any:
    return Decimal(value) if name.endswith("discount") else value


def _frame(rows: list[Row], columns: Iterable[Column]) -> pa.Table:
    named = {"id": pa.array([str(row["id"]) for row in rows], pa.string())}
    for column in columns:
        values = [row.get(column.key) for row in rows]
        named[column.key] = pa.array(values) if any(v is not None for v in values) else pa.array(values, pa.string())
    return pa.table(named)
