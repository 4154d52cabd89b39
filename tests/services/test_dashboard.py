"""The first page's figures against a plain calculation over the rows; whose they are, what they compare with, what is private."""

from __future__ import annotations

import random
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pytest

from crm_lab.connection import Connection, Local
from crm_lab.domain.dashboard import DashboardBox
from crm_lab.domain.opportunities import SellerShare
from crm_lab.i18n import OSLO

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.store.engine import Database

    Login = Callable[[str], Connection]

NOW = datetime(2026, 11, 17, 9, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def filled(login: Login) -> tuple[Connection, list[dict[str, Any]]]:
    """Eighty opportunities of two sellers, made and decided at odd moments, and what they are in plain words."""
    kari, ola = login("kari"), login("ola")
    rng = random.Random(7)
    acme = kari.customers.create(name="Acme AS")
    told: list[dict[str, Any]] = []
    days = [date(2025, 1, 1), date(2025, 10, 1), date(2025, 11, 17), date(2025, 11, 18), date(2025, 12, 31), date(2026, 1, 1), date(2026, 9, 30), date(2026, 10, 1),
            date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 17), date(2026, 11, 30), date(2026, 12, 31)]  # fmt: skip
    for _n in range(80):
        crm, amount, on = rng.choice((kari, ola)), Decimal(rng.randrange(1, 10**7)).scaleb(-2), rng.choice(days)
        split = rng.choice((100, 33, 50))
        is_won = on <= TODAY and rng.random() < 0.6
        at = datetime.combine(on, datetime.min.time(), OSLO) + timedelta(minutes=rng.choice((0, 1439)))
        crm.transport.dispatcher.clock = lambda at=at: at
        shares = (SellerShare(employee_id=kari.me.id, percent=split), SellerShare(employee_id=ola.me.id, percent=100 - split)) if split < 100 else ()
        one = crm.opportunities.create(title="Kran", customer_id=acme.id, amount=amount, expected_close_on=on, sellers=shares, owner_only=rng.random() < 0.2)
        if is_won:
            crm.opportunities.win(id=one.id, version=one.version)
        mine = split if shares else (100 if crm is kari else 0)
        told.append({"amount": amount, "on": on, "won": is_won, "kari": mine, "ola": 100 - mine})
    for crm in (kari, ola):
        crm.transport.dispatcher.clock = lambda: NOW
    return kari, told


def ore(amount: Decimal, percent: int = 100) -> int:
    return int((amount * percent).quantize(Decimal(1), ROUND_HALF_UP))


def total(told: list[dict[str, Any]], first: date, last: date, who: str = "", *, won: bool = True) -> int:
    return sum(ore(one["amount"], one[who] if who else 100) for one in told if one["won"] is won and first <= one["on"] <= last)


def test_every_figure_is_that_of_the_rows(filled: tuple[Connection, list[dict[str, Any]]], database: Database) -> None:
    kari, told = filled
    for who, name in ((kari.me.id, "kari"), (Connection(Local(database, user="ola")).me.id, "ola")):
        del name
        for month, amount in ((date(2026, 10, 1), 1000), (date(2026, 11, 1), 3000), (date(2026, 12, 1), 500), (date(2025, 11, 1), 77)):
            kari.budgets.put(employee_id=who, month=month, amount=Decimal(amount))
    for name in ("kari", "ola"):
        crm = Connection(Local(database, user=name))
        crm.transport.dispatcher.clock = lambda: NOW
        found = crm.dashboard.boxes()
        assert found.sales_month.sold_minor == total(told, date(2026, 11, 1), TODAY)
        assert found.sales_month.before_minor == total(told, date(2025, 11, 1), date(2025, 11, 17))
        assert (found.sales_month.budget_minor, found.sales_month.so_far_minor) == (600_000, 600_000 * 17 // 30)
        assert found.sales_month.days == () or found.sales_month.days[-1][1] == found.sales_month.sold_minor
        sellers = {one.name.split()[0].lower(): (one.sold_minor, one.before_minor, one.budget_minor) for one in found.sellers}
        gone = 100_000 + 300_000 * 17 // monthrange(2026, 11)[1]
        assert sellers == {
            who: (total(told, date(2026, 1, 1), TODAY, who), total(told, date(2025, 1, 1), date(2025, 11, 17), who), gone) for who in ("kari", "ola")
        }
        for box, first, last, before, budget in (
            (found.my_month, date(2026, 11, 1), date(2026, 11, 30), (date(2025, 11, 1), date(2025, 11, 30)), 300_000),
            (found.my_quarter, date(2026, 10, 1), date(2026, 12, 31), (date(2025, 10, 1), date(2025, 12, 31)), 450_000),
        ):
            assert box.sum_minor == total(told, first, last, name, won=False) == sum(one.sum_minor for one in box.stages)
            assert box.won_minor == total(told, first, TODAY, name)
            assert (box.before_minor, box.budget_minor) == (total(told, *before, name), budget)
            assert sum(m.won_minor for m in box.months) == box.won_minor


def test_boxes_are_ones_own_to_arrange(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    assert kari.dashboard.boxes().boxes == tuple(DashboardBox)
    kari.dashboard.arrange(boxes=("sales_month", "meetings", "sales_month"))
    kari.dashboard.arrange(boxes=("sales_month", "meetings", "sales_month"))
    assert kari.dashboard.boxes().boxes == (DashboardBox.SALES_MONTH, DashboardBox.MEETINGS)
    assert ola.dashboard.boxes().boxes == tuple(DashboardBox)


def test_an_empty_company_has_a_first_page(login: Login) -> None:
    found = login("kari").dashboard.boxes()
    assert (found.sellers, found.companies, found.meetings, found.sales_month.sold_minor, found.my_month.n) == ((), (), (), 0, 0)


def test_names_of_what_is_hidden_are_not_told(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    secret = kari.customers.create(name="Hemmelig AS", owner_only=True)
    one = kari.opportunities.create(title="Hemmelig", customer_id=secret.id, amount=Decimal(100))
    kari.opportunities.win(id=one.id, version=one.version)
    found = ola.dashboard.boxes()
    assert (found.companies, found.sales_month.sold_minor, [(s.name, s.sold_minor) for s in found.sellers]) == ((), 10_000, [("Kari Nordmann", 10_000)])
