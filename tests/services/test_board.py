"""The board: its sums against a plain count of the rows, its filters, and what is private."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crm_lab.connection import Connection, Local
from crm_lab.domain.board import BoardPeriod
from crm_lab.domain.periods import months_between, quarter_of, year_before
from crm_lab.errors import CrmError, NotFound
from crm_lab.i18n import OSLO, business_day
from crm_lab.settings import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.domain.board import Board
    from crm_lab.store.engine import Database

    Login = Callable[[str], Connection]

TODAY = business_day(utc_now())


def sums(board: Board) -> dict[str, tuple[int, int, int, int]]:
    return {c.name: (c.n, c.sum_minor, c.weighted_minor, len(c.cards)) for c in board.columns if c.n}


@pytest.fixture
def filled(login: Login) -> Connection:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS")
    offer = kari.pipelines.list()[0].stages[2].id
    for n, fields in enumerate([
        {"amount": Decimal(1000), "expected_close_on": TODAY - timedelta(1)}, {"amount": Decimal("0.33"), "stage_id": offer, "category": "commit"},
        {"amount": Decimal(10), "currency": "EUR"}, {"amount": Decimal(10), "currency": "EUR", "rate": Decimal("11.5"), "stage_id": offer}, {},
    ]):  # fmt: skip
        kari.opportunities.create(title=f"Kran {n}", customer_id=acme.id, **fields)
    ola.opportunities.create(title="Olas hemmelighet", customer_id=acme.id, amount=Decimal(500), owner_only=True)
    won = ola.opportunities.create(title="Solgt", customer_id=acme.id, amount=Decimal(70), owner_id=kari.me.id)
    ola.opportunities.win(id=won.id, version=won.version)
    return kari


def test_sums_are_those_of_the_rows_and_of_what_is_private(filled: Connection) -> None:
    board = filled.opportunities.board()
    assert [c.name for c in board.columns] == ["Første møte", "Behov", "Tilbud", "Forhandling", "Avtale", "Vunnet", "Tapt"]
    assert sums(board) == {"Første møte": (4, 150_000, 15_000, 3), "Tilbud": (2, 11_533, 5_767, 2), "Vunnet": (1, 7_000, 7_000, 1)}
    assert (board.columns[0].n_private, board.n_unrated) == (1, 1)
    frame = filled.opportunities.frame()
    still = frame[frame.status == "open"].groupby("stage").amount_nok_minor.sum().to_dict()
    assert still == {"Første møte": 150_000, "Tilbud": 11_533}


def test_filters(filled: Connection, database: Database) -> None:
    ola = Connection(Local(database, user="ola"))
    assert sums(filled.opportunities.board(owner_id=ola.me.id)) == {"Første møte": (1, 50_000, 5_000, 0)}
    assert sums(filled.opportunities.board(category="commit")) == {"Tilbud": (1, 33, 17, 1)}
    late = filled.opportunities.board(period=BoardPeriod.LATE)
    assert [card.is_late for column in late.columns for card in column.cards if column.key != "won"] == [True]
    with pytest.raises(NotFound):
        filled.opportunities.board(pipeline_id=ola.me.id)
    with pytest.raises(CrmError):
        filled.opportunities.board(period="whenever")


def test_what_lies_still_is_marked(filled: Connection) -> None:
    transport = filled.transport
    transport.dispatcher.clock = lambda: utc_now() + timedelta(days=25)
    cards = {card.title: card for column in filled.opportunities.board().columns for card in column.cards}
    assert (cards["Kran 1"].is_rotting, cards["Kran 1"].n_days) == (True, 25), "an offer may lie 21 days"
    assert (cards["Kran 0"].is_rotting, cards["Solgt"].is_rotting) == (False, False)


def test_quarters_and_years_end_where_they_should() -> None:
    day = datetime(2028, 2, 29, tzinfo=OSLO).date()
    assert [d.isoformat() for d in (*quarter_of(day), year_before(day))] == ["2028-01-01", "2028-03-31", "2027-02-28"]
    assert [d.isoformat() for d in months_between(day.replace(month=11, day=30), day.replace(year=2029, month=1, day=1))] == ["2028-11-01", "2028-12-01", "2029-01-01"]
