"""A file of budgets: a row is known by its seller and month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Table, select

from crm_lab.domain.budgets import Budget
from crm_lab.domain.columns import header_key, written
from crm_lab.domain.ids import new_id
from crm_lab.domain.imports import KnownRows
from crm_lab.domain.sales_imports import CheckedBudget
from crm_lab.services.imports.plan import Identity, Plan, Planned
from crm_lab.store import tables
from crm_lab.store.records import as_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from crm_lab.store.records import Row


class BudgetPlan(Plan[CheckedBudget]):
    """What a file of budgets would do."""

    table: ClassVar[Table] = tables.budget
    usable: ClassVar[str] = ""

    def _labels(self) -> dict[str, UUID | str]:
        return {}

    def _stored(self) -> Iterator[Row]:
        yield from self.work.rows(select(tables.budget))

    def _identities_of(self, row: Row) -> Iterator[Identity]:
        yield row["employee_id"], row["month"]

    def _identities(self, row: CheckedBudget) -> tuple[list[Identity], list[Identity]]:
        own: list[Identity] = [(self._employees.get(header_key(row.owner)), row.fields["month"])]
        return own, own

    def _resolve(self, row: CheckedBudget, twin: Row | Planned[CheckedBudget] | None, told: dict[str, str]) -> dict[str, Any]:
        del twin
        fields = self._fields(row, told)
        return {"employee_id": fields.pop("owner_id", None), **fields}

    def changes(self) -> list[tuple[Row, Row]]:
        """The stored budgets that rows would change, as (before, after)."""
        pairs = [(p.twin, p.twin | (p.later or [p])[-1].fields) for p in self.made if p.twin is not None]
        return [(before, after) for before, after in pairs if before != after]

    def carry_out(self) -> None:
        """Make what is new and change what is to change; of rows that say the same month twice the last counts if known ones are updated."""
        later = self.choices.known is KnownRows.UPDATE
        fresh = [Budget(id=new_id(), **((p.later if later else []) or [p])[-1].fields) for p in self.made if p.twin is None]
        self.work.insert_many(tables.budget, [as_row(one, tables.budget) for one in fresh])
        self.work.change_many(tables.budget, self.changes())

    def _shown(self, row: CheckedBudget) -> dict[str, str]:
        return {"owner": row.owner} | {key: written(value) for key, value in row.fields.items()}
