"""Budgets on screen: a year of them, a row a seller, written in place by administrators."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.access import Role
from crm_lab.domain.budgets import FIRST_YEAR, LAST_YEAR, parse_month
from crm_lab.i18n import _, business_day, month_name, number
from crm_lab.settings import utc_now
from crm_lab.widgets.live import Live
from crm_lab.widgets.projects import read_amount

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

MONTHS = range(1, 13)


class BudgetScreen(Live):
    """What each seller is to sell in the months of a year."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Budgets")
        self._year = business_day(utc_now()).year
        actions = {"put": self._put, "year": self._turn}
        super().__init__("budgets.html", app, actions=actions, base=app.base, may_change=app.me.has(Role.ADMIN), **self._shown())

    def reload(self) -> None:
        """Read the year again."""
        self.refresh(**self._shown())

    def _shown(self) -> dict[str, Any]:
        found = {(one.employee_id, one.month.month): one.amount for one in self.app.crm.budgets.of(year=self._year)}
        people = [e for e in self.app.crm.employees.list() if e.is_active or any(key == e.id for key, _month in found)]
        rows = []
        for person in people:
            amounts = [found.get((person.id, n)) for n in MONTHS]
            cells = [(f"{self._year}-{n:02d}", _typed(amount)) for n, amount in zip(MONTHS, amounts, strict=True)]
            rows.append({"id": str(person.id), "name": person.name, "cells": cells, "total": _whole(amounts)})
        columns = [[found.get((person.id, n)) for person in people] for n in MONTHS]
        return {
            "year": self._year, "rows": rows, "months": [month_name(date(self._year, n, 1)) for n in MONTHS],
            "totals": [_whole(column) for column in columns], "total": _whole(list(found.values())),
        }  # fmt: skip

    def _put(self, employee: str, month: str, value: str) -> None:
        try:
            self.app.crm.budgets.put(employee_id=UUID(employee), month=parse_month(month), amount=read_amount(value))
        finally:
            self.reload()
        self.app.toast(_("The budget is saved."), undo=True)

    def _turn(self, by: str) -> None:
        if by in {"-1", "1"}:
            self._year = min(max(self._year + int(by), FIRST_YEAR), LAST_YEAR)
            self.reload()


def _typed(amount: Decimal | None) -> str:
    return "" if amount is None else number(amount, 0 if amount == int(amount) else 2)


def _whole(amounts: list[Decimal | None]) -> str:
    return number(sum((amount for amount in amounts if amount is not None), Decimal(0)))
