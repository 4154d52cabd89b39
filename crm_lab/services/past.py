"""Lists as they were at the end of a day.

What nobody touched since is as it was. Of what somebody did, the first change after that day says how it was before.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyarrow as pa
from sqlalchemy import Label, String, and_, cast, func, literal, null, select, true

from crm_lab.domain.past import PastList
from crm_lab.domain.tasks import start_of
from crm_lab.services.actions import Service, reads
from crm_lab.services.customers import shown_name
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.records import typed_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, FromClause, Select, Table

    from crm_lab.store.records import Row

LISTS: dict[PastList, tuple[Table, tuple[str, ...]]] = {
    PastList.CUSTOMERS: (tables.customer, ("number", "name", "organisation_number", "phone", "mobile", "email", "website", "industry", "owner")),
    PastList.CONTACTS: (tables.contact, ("name", "phone", "mobile", "email", "owner")),
    PastList.OPPORTUNITIES: (tables.opportunity, ("title", "party", "status", "stage", "amount", "currency", "probability", "expected_close_on", "owner")),
    PastList.TASKS: (tables.task, ("title", "party", "kind", "priority", "status", "starts_at", "due_at", "owner")),
    PastList.PROJECTS: (tables.project, ("number", "name", "party", "status", "starts_on", "ends_on", "budget", "leader")),
    PastList.ORDERS: (tables.sales_order, ("number", "party", "status", "ordered_on", "gross", "currency", "owner")),
    PastList.PRODUCTS: (tables.product, ("number", "name", "unit", "price", "vat_code")),
}
"""The columns of each list; those that no table has are names of what a row refers to."""
REFERENCES = {
    "owner": ("owner_id", tables.employee.alias("owner")), "leader": ("leader_id", tables.employee.alias("leader")), "stage": ("stage_id", tables.stage.alias("at_stage")),
}  # fmt: skip
PERSON = func.trim(tables.contact.c.first_name + " " + tables.contact.c.last_name)


class Past(Service):
    """Any list as it was."""

    @reads()
    def list(self, *, what: PastList, day: date) -> pa.Table:
        """A list as it was at the end of a day: what the caller may see now and might have seen then.

        Columns: id, those of the list (amounts as decimals; party, owner, leader and stage by the names they have now), changed: whether it is
        otherwise by now, gone: whether it is no longer there.
        """
        table, columns = LISTS[what]
        end = start_of(day + timedelta(days=1))
        touched = self._touched(table, end)
        now = self.work.frame(self._as_it_is(table, columns, end, touched))
        there = self._among(table, touched, true())
        shown = self._shown(table, touched, there)
        names = {name: self._names(other, (row[key] for row in shown.values())) for name, (key, other) in REFERENCES.items() if name in columns}
        parties = self._parties(table, shown.values()) if "party" in columns else {}
        lines = [
            {"id": str(key), "changed": True, "gone": key not in there}
            | {name: names[name].get(row[REFERENCES[name][0]], "") if name in names else _told(table, name, row, parties) for name in columns}
            for key, row in shown.items()
        ]
        return pa.concat_tables([now, pa.Table.from_pylist(lines, schema=now.schema)])

    @reads()
    def since(self) -> datetime | None:
        """How far back the history goes; before that nothing is known."""
        found: datetime | None = self.work.scalar(select(func.min(tables.audit.c.done_at)))
        return found

    def _touched(self, table: Table, end: datetime) -> dict[UUID, Row | None]:
        """What was done something to since `end`, as it was then; None where it was not there yet."""
        a = tables.audit
        nth = func.row_number().over(partition_by=a.c.entity_id, order_by=(a.c.done_at, a.c.step)).label("nth")
        steps = select(a.c.entity_id, a.c.before, nth).where(and_(a.c.entity == table.name, a.c.done_at >= end)).subquery()
        rows = self.work.rows(select(steps.c.entity_id, steps.c.before).where(steps.c.nth == 1))
        return {UUID(row["entity_id"]): typed_row(table, row["before"]) for row in rows if row["entity_id"]}

    def _shown(self, table: Table, touched: dict[UUID, Row | None], there: set[UUID]) -> dict[UUID, Row]:
        """Those that the caller might have seen then and may see still; what is no longer there, or merged, by what it was."""
        blank = dict.fromkeys(table.c.keys())
        rows = {key: blank | row for key, row in touched.items() if row is not None and not row.get("archived_at")}
        visible = self._among(table, rows, self.work.visible_to(table))
        merged = self._among(table, rows, table.c.merged_into.is_not(None)) if "merged_into" in table.c else set()
        hidden = there - visible - merged
        parents = [(name, self._among(parent, {row[name] for row in rows.values() if row[name]}, self.work.visible_to(parent))) for name, parent in tables.PARENTS.items() if name in table.c]
        return {
            key: row for key, row in rows.items()
            if key not in hidden and (not row.get("owner_only") or row["owner_id"] == self.actor.id) and all(row[name] is None or row[name] in seen for name, seen in parents)
        }  # fmt: skip

    def _as_it_is(self, table: Table, columns: tuple[str, ...], end: datetime, touched: Iterable[UUID]) -> Select[Any]:
        """What nobody touched since."""
        rules = [self.work.visible_to(table), table.c.created_at < end, ~among(table.c.id, touched)]
        if "archived_at" in table.c:
            rules.append(table.c.archived_at.is_(None))
        marks = (literal(value=False).label("changed"), literal(value=False).label("gone"))
        query = select(cast(table.c.id, String).label("id"), *marks, *(_column(table, name) for name in columns))
        for key, other in (REFERENCES[name] for name in columns if name in REFERENCES):
            query = query.outerjoin(other, other.c.id == table.c[key])
        for key, parent in tables.PARENTS.items() if "party" in columns else ():
            if key in table.c:
                query = query.outerjoin(parent, parent.c.id == table.c[key])
        return query.where(and_(*rules)).order_by(table.c.created_at, table.c.id)

    def _among(self, table: FromClause, keys: Iterable[Any], rule: ColumnElement[bool]) -> set[UUID]:
        wanted = set(keys)
        return {row["id"] for row in self.work.rows(select(table.c.id).where(and_(among(table.c.id, wanted), rule)))} if wanted else set()

    def _names(self, table: FromClause, keys: Iterable[UUID]) -> dict[UUID | None, str]:
        wanted = set(keys) - {None}
        return {row["id"]: row["name"] for row in self.work.rows(select(table.c.id, table.c.name).where(among(table.c.id, wanted)))} if wanted else {}

    def _parties(self, table: Table, rows: Iterable[Row]) -> dict[UUID, str]:
        """The names of the customers and contacts that rows are about."""
        found: dict[UUID, str] = {}
        lines = [*rows]
        for (key, parent), name in zip(tables.PARENTS.items(), (shown_name(), PERSON), strict=True):
            wanted = {row[key] for row in lines} - {None} if key in table.c else set()
            if wanted:
                found |= {row["id"]: row["name"] for row in self.work.rows(select(parent.c.id, name.label("name")).where(among(parent.c.id, wanted)))}
        return found


def _told(table: Table, name: str, row: Row, parties: dict[UUID, str]) -> Any:
    """One value of a row of the past as the list has it."""
    if name == "party":
        return parties.get(row["customer_id"]) or parties.get(row.get("contact_id")) or ""  # type: ignore[arg-type]
    if name == "name" and table is tables.customer:
        return f"{row['first_name']} {row['name']}" if row["is_person"] and row["first_name"] else row["name"]
    if name == "name" and table is tables.contact:
        return f"{row['first_name']} {row['last_name']}".strip()
    return row[name]


def _column(table: Table, name: str) -> Label[Any]:
    """A column of the list, from the table as it is."""
    if name == "party":
        return func.coalesce(shown_name(), PERSON if "contact_id" in table.c else null(), "").label(name)
    if name in REFERENCES:
        return func.coalesce(REFERENCES[name][1].c.name, "").label(name)
    if name == "name" and table in tables.PARENTS.values():
        return (shown_name() if table is tables.customer else PERSON).label(name)
    return table.c[name].label(name)
