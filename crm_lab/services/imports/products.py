"""A file of products: known by product number, else by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Table, select

from crm_lab.domain.ids import new_id
from crm_lab.domain.imports import CheckedProduct, KnownRows
from crm_lab.domain.names import name_key
from crm_lab.domain.products import Product
from crm_lab.services.imports.plan import Identity, Plan, Planned, shown_values
from crm_lab.services.products import add_products
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from crm_lab.store.records import Row


class ProductPlan(Plan[CheckedProduct]):
    """What a file of products would do."""

    table: ClassVar[Table] = tables.product
    usable: ClassVar[str] = ""

    def _labels(self) -> dict[str, UUID | str]:
        return {}

    def _stored(self) -> Iterator[Row]:
        p = tables.product
        yield from self.work.rows(select(p).where(p.c.archived_at.is_(None)).order_by(p.c.number))

    def _identities_of(self, row: Row) -> Iterator[Identity]:
        yield "number", row["number"].lower()
        yield "name", name_key(row["name"])

    def _identities(self, row: CheckedProduct) -> tuple[list[Identity], list[Identity]]:
        number = row.fields.get("number", "").lower()
        own: list[Identity] = [("number", number)] if number else [("name", name_key(row.fields["name"]))]
        return own, own

    def _resolve(self, row: CheckedProduct, twin: Row | Planned[CheckedProduct] | None, told: dict[str, str]) -> dict[str, Any]:
        del twin, told
        return dict(row.fields)

    def _shown(self, row: CheckedProduct) -> dict[str, str]:
        return shown_values(dict(row.fields))

    def changes(self) -> list[tuple[Row, Row]]:
        """The stored products that rows would change, as (before, after)."""
        pairs = []
        for planned in self.made:
            if planned.twin is not None:
                given = {k: v for step in (planned, *planned.later) for k, v in step.fields.items() if v != ""}
                pairs.append((planned.twin, planned.twin | given))
        return [(before, after) for before, after in pairs if before != after]

    def carry_out(self) -> None:
        """Make what is new and change what is to change."""
        later = self.choices.known is KnownRows.UPDATE
        fresh = []
        for planned in self.made:
            if planned.twin is None:
                given = {k: v for step in (planned, *(planned.later if later else ())) for k, v in step.fields.items() if v != ""}
                fresh.append(Product(**given, id=new_id(), created_at=self.work.now))
        if fresh:
            add_products(self.work, fresh)
        self.work.change_many(tables.product, self.changes())
