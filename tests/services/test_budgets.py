"""Budgets: written, brought in from a file, undone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crm_lab.domain.budgets import parse_month
from crm_lab.domain.imports import FileRejected, ImportChoices, KnownRows
from crm_lab.errors import Forbidden, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection

    Login = Callable[[str], Connection]

FILE = "Selger;Måned;Beløp\r\nKari Nordmann;2026-11;100 000\r\nola;des 2026;50000,50\r\n"


@pytest.mark.parametrize("text", ["2026-11", "2026-11-30", "11.2026", "1.11.2026", "november 2026", "Nov 2026", "nov. 2026", "2026-11-01 00:00:00"])
def test_a_month_however_it_is_written(text: str) -> None:
    assert parse_month(text) == date(2026, 11, 1)


@pytest.mark.parametrize("text", ["", "13.2026", "2026", "smarch 2026", "2026-00", "0001-11"])
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_month(text)


def test_a_budget_is_written_changed_and_undone(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    kari.budgets.put(employee_id=ola.me.id, month=date(2026, 11, 17), amount=Decimal(1000))
    kari.budgets.put(employee_id=ola.me.id, month=date(2026, 11, 1), amount=Decimal("2000.5"))
    assert ola.budgets.frame()[["seller", "amount_minor"]].to_dict("records") == [{"seller": "Ola Hansen", "amount_minor": 200_050}]
    kari.history.undo(request_id=kari.last_request)
    assert [(b.month, b.amount) for b in ola.budgets.of(year=2026)] == [(date(2026, 11, 1), Decimal(1000))]
    for wrong in (Decimal(-1), Decimal("0.001")):
        with pytest.raises(InvalidInput):
            kari.budgets.put(employee_id=ola.me.id, month=date(2026, 12, 1), amount=wrong)
    with pytest.raises(Forbidden):
        ola.budgets.put(employee_id=ola.me.id, month=date(2026, 12, 1), amount=Decimal(1))
    kari.budgets.put(employee_id=ola.me.id, month=date(2026, 11, 1), amount=None)
    assert len(ola.budgets.frame()) == 0


def test_a_file_of_budgets_comes_in_and_goes(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    assert kari.imports.read("b.csv", "budgets", FILE.encode()).run().n_new == 2
    assert kari.budgets.frame().amount_minor.tolist() == [10_000_000, 5_000_050]
    again = kari.imports.read("b.csv", "budgets", FILE.encode()).run()
    assert (again.n_new, again.n_known) == (0, 2)
    more = kari.imports.read("b.csv", "budgets", FILE.replace("100 000", "120 000").encode()).run(ImportChoices(known=KnownRows.UPDATE))
    assert (more.n_updated, kari.budgets.frame().amount_minor.tolist()) == (1, [12_000_000, 5_000_050])
    kari.history.undo(request_id=kari.last_request)
    assert kari.budgets.frame().amount_minor.tolist() == [10_000_000, 5_000_050]
    with pytest.raises(Forbidden):
        ola.imports.read("b.csv", "budgets", FILE.encode()).run()


def test_rows_with_faults_are_told_and_nothing_is_saved(login: Login) -> None:
    kari = login("kari")
    job = kari.imports.read("b.csv", "budgets", b"Selger;Periode;Budsjett\r\nHvem;2026-11;1\r\nkari;trettende;1\r\nkari;2026-11;-5\r\nkari;2026-12;1\r\nkari;;1\r\n")
    with pytest.raises(FileRejected) as caught:
        job.run()
    assert [(row["line"], row["field"]) for row in caught.value.rows] == [(2, "owner"), (3, "month"), (4, "amount"), (6, "month")]
    assert len(kari.budgets.frame()) == 0
