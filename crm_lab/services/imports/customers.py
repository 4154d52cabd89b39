"""A file of customers and suppliers: known by organisation number, else by name with what the row says beside it."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Table, select

from crm_lab.domain.customers import Customer
from crm_lab.domain.ids import new_id
from crm_lab.domain.imports import CheckedCustomer, KnownRows
from crm_lab.domain.names import name_key
from crm_lab.domain.sales_imports import misspelled, sector_meant
from crm_lab.i18n import _
from crm_lab.services.customers import FIRST_SUPPLIER_NUMBER, RegisteredByColleague, add_customers, customer_row
from crm_lab.services.imports.plan import Identity, Plan, Planned, shown_party
from crm_lab.services.parties import merged_addresses, read_many, save_parts
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.store.records import Row

KIND_FIELDS = {"is_person", "is_customer", "is_supplier"}


class CustomerPlan(Plan[CheckedCustomer]):
    """What a file of customers would do."""

    table: ClassVar[Table] = tables.customer
    usable: ClassVar[str] = "for_customers"

    def _stored(self) -> Iterator[Row]:
        c, e = tables.customer, tables.employee
        query = (
            select(
                c.c.id, c.c.number, c.c.name_key, c.c.organisation_number, c.c.email, c.c.phone, c.c.mobile, c.c.is_person,
                c.c.owner_id, c.c.owner_only, e.c.name.label("owner"),
            )
            .outerjoin(e, e.c.id == c.c.owner_id)
            .where(c.c.archived_at.is_(None))
            .order_by(c.c.number)
        )  # fmt: skip
        yield from self.work.rows(query)

    def _is_hidden(self, row: Row) -> bool:
        return bool(row["owner_only"]) and row["owner_id"] != self.actor.id

    def _identities_of(self, row: Row) -> Iterator[Identity]:
        """By what a stored party is known; of a colleague's private one only that its organisation number is taken."""
        if row["organisation_number"]:
            yield "organisation", row["organisation_number"]
        if self._is_hidden(row):
            return
        yield "number", row["number"], row["name_key"]
        yield from ((by, row["name_key"], row[by]) for by in ("email", "phone", "mobile") if row[by])
        yield "name", row["name_key"], bool(row["is_person"])

    def _identities(self, row: CheckedCustomer) -> tuple[list[Identity], list[Identity]]:
        fields: Any = row.fields
        is_person = bool(fields["is_person"])
        key = name_key(f"{fields.get('first_name', '')} {fields['name']}".strip() if is_person else fields["name"])
        number: list[Identity] = [("number", row.number, key)] if row.number else []
        organisation: list[Identity] = [("organisation", n)] if (n := fields.get("organisation_number")) else []
        beside: list[Identity] = [(by, key, fields[by]) for by in ("email", "phone", "mobile") if fields.get(by)]
        plain: list[Identity] = [("name", key, is_person)]
        own = [*organisation, *number, *beside, *plain]
        if organisation:
            return organisation + number, own
        return (number + beside[:1] if is_person and beside else number + beside[:1] + plain), own

    def _resolve(self, row: CheckedCustomer, twin: Row | Planned[CheckedCustomer] | None, told: dict[str, str]) -> dict[str, Any]:
        if isinstance(twin, dict) and self._is_hidden(twin):
            told["organisation_number"] = RegisteredByColleague(twin["owner"] or "?").message
        elif isinstance(twin, dict) and twin["is_person"] and row.fields.get("organisation_number"):
            told["organisation_number"] = _("A private customer has no organisation number.")
        fields = self._fields(row, told)
        if name := sector_meant(fields.get("industry", "")):
            if not self.choices.mend_names:
                told["industry"] = misspelled(fields["industry"], name)
            fields["industry"] = name
        return fields

    def _shown(self, row: CheckedCustomer) -> dict[str, str]:
        return shown_party(row)

    def changes(self) -> list[tuple[Customer, Customer]]:
        """The stored parties that rows would change, as (before, after)."""
        meant = {p.twin["id"]: p for p in self.made if p.twin is not None}
        stored: dict[Any, Customer] = read_many(self.work, Customer, tables.customer, meant)
        pairs = [(stored[key], merged(stored[key], planned)) for key, planned in meant.items()]
        return [(before, after) for before, after in pairs if before != after]

    def carry_out(self) -> None:
        """Register what is new and change what is to change."""
        self._make_categories()
        update = self.choices.known is KnownRows.UPDATE
        mine = self.actor.id
        fresh = [merged(Customer(id=new_id(), name="", owner_id=mine), p, later=update) for p in self.made if p.twin is None]
        if fresh:
            add_customers(self.work, fresh)
        self._save([(before, replace(after, is_incomplete=False)) for before, after in self.changes()])

    def _save(self, pairs: list[tuple[Customer, Customer]]) -> None:
        lacking = [after for _before, after in pairs if after.is_supplier and after.supplier_number is None]
        number = count(self.work.next_number("supplier", FIRST_SUPPLIER_NUMBER, len(lacking))) if lacking else count()
        numbers = {after.id: next(number) for after in lacking}
        pairs = [
            (before, replace(after, supplier_number=numbers.get(after.id, after.supplier_number), sources=kept_sources(before, after)))
            for before, after in pairs
        ]
        stored = {row["id"]: row for row in self.work.rows_of(tables.customer, "id", (before.id for before, _after in pairs))}
        told_apart = {"version", "duplicate_reason", "created_at"}
        rows = [{k: v for k, v in customer_row(after).items() if k not in told_apart} for _before, after in pairs]
        self.work.change_many(tables.customer, [(stored[row["id"]], stored[row["id"]] | row) for row in rows])
        save_parts(self.work, "customer_id", pairs)


def merged(party: Customer, planned: Planned[CheckedCustomer], *, later: bool = True) -> Customer:
    """A party with what the rows say written over it; what they leave open stays."""
    for row in (planned, *(planned.later if later else ())):
        given = dict(row.fields)
        if party.number and "is_customer" not in given:  # a kind nobody wrote changes none
            given = {k: v for k, v in given.items() if k not in KIND_FIELDS}
        if "addresses" in given:
            given["addresses"] = merged_addresses(party.addresses, given["addresses"])
        if "categories" in given:
            given["categories"] = tuple(dict.fromkeys((*party.categories, *given["categories"])))
        if "terms" in given:
            own = given["terms"]
            given["terms"] = replace(party.terms, **{n: v for n in own.__slots__ if (v := getattr(own, n)) is not None})
        party = replace(party, **{k: v for k, v in given.items() if v != ""})
    return party


def kept_sources(before: Customer, after: Customer) -> dict[str, Any]:
    """The days of the fields that still say what the register said."""
    return {k: day for k, day in before.sources.items() if getattr(after, k, None) == getattr(before, k, None)}
