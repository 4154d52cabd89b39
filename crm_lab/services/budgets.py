"""Budgets per seller and month: read by all, written by administrators."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
from sqlalchemy import String, and_, cast, extract, select

from crm_lab.domain.access import Role
from crm_lab.domain.budgets import Budget, clean_amount
from crm_lab.domain.ids import new_id
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.opportunities.frames import minor
from crm_lab.store import tables
from crm_lab.store.records import as_record, as_row


class Budgets(Service):
    """What sellers are to sell."""

    @reads()
    def of(self, *, year: int) -> list[Budget]:
        """The budgets of a year, by month."""
        b = tables.budget
        return [as_record(Budget, row) for row in self.work.rows(select(b).where(extract("year", b.c.month) == year).order_by(b.c.month, b.c.id))]

    @reads()
    def frame(self) -> pa.Table:
        """Every budget: columns employee_id, seller, month (its first day), amount_minor (øre of kroner)."""
        b, e = tables.budget, tables.employee
        query = select(cast(b.c.employee_id, String).label("employee_id"), e.c.name.label("seller"), b.c.month, minor(b.c.amount).label("amount_minor"))
        return self.work.frame(query.join(e, e.c.id == b.c.employee_id).order_by(b.c.month, e.c.name))

    @writes(needs=Role.ADMIN)
    def put(self, *, employee_id: UUID, month: date, amount: Decimal | None) -> None:
        """Say what a seller is to sell in the month of a day; None takes the budget away. Raises `InvalidInput`."""
        b, first = tables.budget, month.replace(day=1)
        if employee_id not in self.work.employee_names():
            raise InvalidInput(_("Choose an active employee."), "employee_id")
        before = self.work.one(select(b).where(and_(b.c.employee_id == employee_id, b.c.month == first)))
        if amount is None:
            if before:
                self.work.remove(b, before)
        elif before:
            self.work.change(b, before["id"], before["version"], amount=clean_amount(amount))
        else:
            self.work.insert(b, as_row(Budget(id=new_id(), employee_id=employee_id, month=first, amount=clean_amount(amount)), b))
