"""Imports: a file's rows come in pieces, are checked as they come, are looked through, and are brought in all at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import and_, delete, insert, select, update

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.imports import (
    ADMINS,
    CheckedContact,
    CheckedCustomer,
    CheckedProduct,
    FaultList,
    FileRejected,
    Import,
    ImportChoices,
    ImportKind,
    ImportPlan,
    ImportRow,
    RowFault,
    check_contact,
    check_customer,
    check_product,
)
from crm_lab.domain.sales_imports import (
    CheckedBudget,
    CheckedOpportunity,
    CheckedSeller,
    check_budget,
    check_opportunity,
    check_seller,
)
from crm_lab.domain.values import clean_text
from crm_lab.errors import Conflict, Forbidden, InvalidFields, InvalidInput, NotFound
from crm_lab.i18n import _, business_day, number
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.imports.budgets import BudgetPlan
from crm_lab.services.imports.contacts import ContactPlan
from crm_lab.services.imports.customers import CustomerPlan
from crm_lab.services.imports.opportunities import OpportunityPlan
from crm_lab.services.imports.products import ProductPlan
from crm_lab.services.imports.sellers import SellerPlan
from crm_lab.services.vat import codes_of_sales
from crm_lab.store import tables
from crm_lab.store.bulk import load
from crm_lab.store.records import as_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.services.imports.plan import Plan

MOST_ROWS_A_PIECE, MOST_PIECES, LONGEST_FILE_NAME = 2000, 1000, 250
KEPT = timedelta(days=1)
PLANS: dict[ImportKind, type[Plan[Any]]] = {
    ImportKind.CUSTOMERS: CustomerPlan, ImportKind.CONTACTS: ContactPlan, ImportKind.PRODUCTS: ProductPlan, ImportKind.BUDGETS: BudgetPlan,
    ImportKind.SELLERS: SellerPlan, ImportKind.OPPORTUNITIES: OpportunityPlan,
}  # fmt: skip


class AlreadyImported(Conflict):
    """A file is brought in once; reading it again makes a new import."""

    def __init__(self) -> None:
        super().__init__(_("This file has been brought in already. Choose the file again to read it anew."))


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """One piece of a file as the store keeps it until it is brought in."""

    customers: tuple[CheckedCustomer, ...] = ()
    contacts: tuple[CheckedContact, ...] = ()
    products: tuple[CheckedProduct, ...] = ()
    budgets: tuple[CheckedBudget, ...] = ()
    sellers: tuple[CheckedSeller, ...] = ()
    opportunities: tuple[CheckedOpportunity, ...] = ()
    faults: tuple[RowFault, ...] = ()


class Imports(Service):
    """Files that were, or are to be, brought in; everybody has their own."""

    @reads()
    def list(self) -> list[Import]:  # type: ignore[valid-type]
        """The caller's imports, newest first."""
        f = tables.import_file
        mine = and_(f.c.employee_id == self.actor.id, f.c.done_at.is_not(None))
        return [as_record(Import, row) for row in self.work.rows(select(f).where(mine).order_by(f.c.done_at.desc()))]

    @writes()
    def start(self, *, kind: ImportKind, file_name: str = "") -> Import:
        """Begin with a file; what was begun and left lying for a day is thrown away. Budgets and sellers are an administrator's to bring in."""
        if kind in ADMINS and not self.actor.has(Role.ADMIN):
            raise Forbidden(_("You do not have permission to do this."))
        f, p = tables.import_file, tables.import_part
        stale = select(f.c.id).where(and_(f.c.done_at.is_(None), f.c.started_at < self.work.now - KEPT))
        old = [row["id"] for row in self.work.rows(stale)]
        self.work.connection.execute(delete(p).where(p.c.import_file_id.in_(old)))
        self.work.connection.execute(delete(f).where(f.c.id.in_(old)))
        name = clean_text(file_name, "file_name", max_length=LONGEST_FILE_NAME)
        made = Import(id=new_id(), kind=kind, file_name=name, started_at=self.work.now)
        row = {n: getattr(made, n) for n in made.__slots__ if n in f.c}
        self.work.connection.execute(insert(f), [row | {"employee_id": self.actor.id}])
        return made

    @writes()
    def stage(self, *, id: UUID, position: int, rows: list[ImportRow]) -> int:  # type: ignore[valid-type] # noqa: A002
        """Check a piece of the file and keep it; how many of its rows have faults. The same position again replaces it."""
        opened, p = self._open(id), tables.import_part
        if len(rows) > MOST_ROWS_A_PIECE or not 0 <= position < MOST_PIECES:
            raise InvalidInput(_("Send at most {n} rows at a time.", n=number(MOST_ROWS_A_PIECE)), "rows")
        checked = self._checked(opened.kind, rows)
        self.work.connection.execute(delete(p).where(and_(p.c.import_file_id == id, p.c.position == position)))
        text = msgspec.json.encode(checked).decode()
        load(self.work.connection, p, [{"id": new_id(), "import_file_id": id, "position": position, "checked": text}])
        return len({fault.line for fault in checked.faults})

    @reads()
    def preview(self, *, id: UUID, choices: ImportChoices = ImportChoices()) -> ImportPlan:  # noqa: A002, B008 - frozen
        """What bringing the file in would do, with its first rows and its faults. Nothing is changed."""
        return self._plan(self._open(id), choices).told()

    @writes()
    def run(self, *, id: UUID, choices: ImportChoices = ImportChoices()) -> Import:  # noqa: A002, B008 - frozen
        """Bring the whole file in, in one transaction that `history.undo` takes back.

        Raises
        ------
        FileRejected, AlreadyImported, NotFound
        """
        opened, f, p = self._open(id), tables.import_file, tables.import_part
        plan = self._plan(opened, choices)
        told = plan.told()
        if told.n_faulty and not choices.skip_faulty:
            raise FileRejected(told.faults, told.n_faulty)
        plan.carry_out()
        counts = {n: getattr(told, n) for n in ("n_new", "n_updated", "n_known", "n_faulty")}
        done = counts | {"done_at": self.work.now, "request_id": self.work.request_id}
        self.work.connection.execute(update(f).where(f.c.id == id).values(**done))
        self.work.connection.execute(delete(p).where(p.c.import_file_id == id))
        row = self.work.one(select(f).where(f.c.id == id))
        return as_record(Import, row or {})

    @writes()
    def discard(self, *, id: UUID) -> None:  # noqa: A002 - the wire's word
        """Throw away a file that is not to be brought in after all."""
        f, p = tables.import_file, tables.import_part
        self._open(id)
        self.work.connection.execute(delete(p).where(p.c.import_file_id == id))
        self.work.connection.execute(delete(f).where(f.c.id == id))

    def _open(self, import_id: UUID) -> Import:
        f = tables.import_file
        row = self.work.one(select(f).where(and_(f.c.id == import_id, f.c.employee_id == self.actor.id)))
        if row is None:
            raise NotFound(_("There is no such import of yours. Choose the file again."))
        if row["done_at"] is not None:
            raise AlreadyImported
        return as_record(Import, row)

    def _checked(self, kind: ImportKind, rows: list[ImportRow]) -> CheckedRows:  # type: ignore[valid-type]
        faults, good = FaultList(), []
        today = business_day(self.work.now)
        checks: dict[ImportKind, Callable[[ImportRow], Any]] = {
            ImportKind.CUSTOMERS: check_customer, ImportKind.CONTACTS: lambda row: check_contact(row, today),
            ImportKind.PRODUCTS: lambda row: check_product(row, codes_of_sales()),
            ImportKind.BUDGETS: check_budget, ImportKind.SELLERS: check_seller, ImportKind.OPPORTUNITIES: lambda row: check_opportunity(row, today),
        }  # fmt: skip
        for row in rows:  # type: ignore[attr-defined]
            try:
                good.append(checks[kind](row))
            except InvalidFields as error:
                faults.add(row.line, error.fields)
        return CheckedRows(**{str(kind): tuple(good)}, faults=tuple(faults.found))  # type: ignore[arg-type]

    def _plan(self, opened: Import, choices: ImportChoices) -> Plan[Any]:
        p = tables.import_part
        plan = PLANS[opened.kind](self.work, self.actor, choices)
        query = select(p.c.checked).where(p.c.import_file_id == opened.id).order_by(p.c.position)
        for row in self.work.rows(query):
            checked = msgspec.json.decode(row["checked"], type=CheckedRows)
            plan.add(getattr(checked, opened.kind), checked.faults)
        return plan
