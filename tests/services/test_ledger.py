"""The ledger's actions: what they do to the frames, whom they refuse, and that undo leaves no trace."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select

from crm_lab.domain.ids import new_id
from crm_lab.domain.ledger import CannotLink, Linking, MatchRule, TooFewPostings
from crm_lab.errors import CrmError, Forbidden, InvalidFields, NotFound
from crm_lab.services.actions import Dispatcher
from crm_lab.services.catalogue import SERVICES
from crm_lab.services.check import check
from crm_lab.services.customers import HasPostings
from crm_lab.services.history import CannotUndo
from crm_lab.services.ledger.links import ChangedByColleague, NotLinked
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.domain.customers import Customer
    from crm_lab.store.engine import Database


@pytest.fixture
def kari(login: Callable[[str], Connection]) -> Connection:
    return login("kari")


@pytest.fixture
def acme(kari: Connection) -> Customer:
    return kari.customers.create(name="Acme AS")


def post(crm: Connection, party: Customer, *amounts: str, **fields: Any) -> list[UUID]:
    """Postings of these amounts on days in a row."""
    given = {"kind": "manual"} | fields
    return [
        crm.ledger.post(customer_id=party.id, amount=Decimal(a), **({"posted_on": date(2026, 1, 1 + n)} | given)).id
        for n, a in enumerate(amounts)
    ]


def state(crm: Connection, **asked: Any) -> dict[str, tuple[int | None, int, bool]]:
    """Match number, residual and whether it is closed, of each posting."""
    frame = crm.ledger.all_items(**asked)
    return {
        row.posting_id: (None if row.match_number is None else int(row.match_number), int(row.residual_minor), row.closed_on is not None)
        for row in frame.astype(object).where(frame.notna(), None).itertuples()
    }


def links(database: Database) -> set[str]:
    """All that is stored of matches."""
    with database.reading() as connection:
        return {
            repr(sorted(row.items()))
            for table in (tables.match_group, tables.match_item)
            for row in connection.execute(select(table)).mappings()
        }


def test_a_link_of_zero_closes_and_another_stays_open_with_the_rest(kari: Connection, acme: Customer) -> None:
    invoice, payment, other, part = post(kari, acme, "100", "-100", "50", "-20.01")
    assert kari.ledger.match(posting_ids=[invoice, payment]).residual == 0
    made = kari.ledger.match(posting_ids=[other, part])
    assert (made.number, made.residual, made.n_postings) == (2, Decimal("29.99"), 2)
    assert kari.ledger.closed_items().posting_id.tolist() == [str(invoice), str(payment)]
    assert set(kari.ledger.closed_items().closed_on) == {date(2026, 1, 2)}
    assert kari.ledger.open_items().residual_minor.tolist() == [2999, 2999]
    assert kari.ledger.ageing().balance_minor.tolist() == [2999]


def test_linking_linked_ones_merges_and_the_lowest_number_wins(kari: Connection, acme: Customer) -> None:
    a, b, c, d = post(kari, acme, "1", "2", "3", "4")
    kari.ledger.match(posting_ids=[a, b])
    kari.ledger.match(posting_ids=[c, d])
    assert kari.ledger.match(posting_ids=[d, a], merging=[1, 2]).number == 1
    assert {n for n, _residual, _closed in state(kari).values()} == {1}
    kari.history.undo(request_id=kari.last_request)
    assert [n for n, _residual, _closed in state(kari).values()] == [1, 1, 2, 2]


def test_taking_one_out_keeps_the_number_and_a_leftover_is_free(kari: Connection, acme: Customer) -> None:
    a, b, c = post(kari, acme, "1", "2", "3")
    kari.ledger.match(posting_ids=[a, b, c])
    assert kari.ledger.remove_from_match(posting_ids=[a]) == 1
    assert [n for n, _residual, _closed in state(kari).values()] == [None, 1, 1]
    assert kari.ledger.remove_from_match(posting_ids=[b]) == 2
    assert {n for n, _residual, _closed in state(kari).values()} == {None}
    with pytest.raises(ChangedByColleague):
        kari.ledger.unmatch(numbers=[1])


def test_what_is_refused_changes_nothing(kari: Connection, acme: Customer, database: Database) -> None:
    other = kari.customers.create(name="Annen AS")
    a, b = post(kari, acme, "1", "2")
    (euro,) = post(kari, acme, "1", currency="EUR")
    (elsewhere,) = post(kari, other, "1")
    (account,) = post(kari, acme, "1", account="1510")
    (supplier,) = post(kari, acme, "-1", ledger="AP")
    x, y = post(kari, other, "1", "2")
    kari.ledger.match(posting_ids=[x, y])
    before = links(database)
    refused: list[tuple[Any, type[CrmError]]] = [
        (lambda: kari.ledger.match(posting_ids=[a]), TooFewPostings),
        (lambda: kari.ledger.match(posting_ids=[a, a]), TooFewPostings),
        (lambda: kari.ledger.match(posting_ids=[]), NotFound),
        (lambda: kari.ledger.match(posting_ids=[x, y], merging=[1]), CannotLink),
        (lambda: kari.ledger.match(posting_ids=[a, new_id()]), NotFound),
        *((lambda x=x: kari.ledger.match(posting_ids=[a, x]), CannotLink) for x in (euro, elsewhere, account, supplier)),
        (lambda: kari.ledger.match_many(linkings=[Linking(posting_ids=(a, b)), Linking(posting_ids=(b, account))]), CannotLink),
        (lambda: kari.ledger.match_many(linkings=[]), TooFewPostings),
        (lambda: kari.ledger.unmatch(numbers=[77]), NotFound),
        (lambda: kari.ledger.remove_from_match(posting_ids=[a]), NotLinked),
    ]
    for action, error in refused:
        with pytest.raises(error):
            action()
    assert links(database) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "0"), ("amount", "1.005"), ("amount", "NaN"), ("amount", "1e16"), ("currency", "XXQ"), ("kid", "123456"),
        ("text", "x" * 251), ("voucher", "x" * 41),
    ],
)  # fmt: skip
def test_a_bad_posting_is_told_at_its_field(kari: Connection, acme: Customer, field: str, value: str) -> None:
    given = {"amount": "1", "kind": "manual", "posted_on": date(2026, 1, 1)} | {field: value}
    with pytest.raises(InvalidFields) as caught:
        kari.ledger.post(customer_id=acme.id, **given)
    assert caught.value.field == field
    assert kari.ledger.all_items().empty


def test_only_accountants_and_administrators_write(login: Callable[[str], Connection], acme: Customer) -> None:
    kari, ola, ingrid = login("kari"), login("ola"), login("ingrid")
    a, b = post(ingrid, acme, "5", "-5")
    ingrid.ledger.match(posting_ids=[a, b])
    for action in (
        lambda: post(ola, acme, "1"), lambda: ola.ledger.match(posting_ids=[a, b]), lambda: ola.ledger.unmatch(numbers=[1]),
        lambda: ola.ledger.remove_from_match(posting_ids=[a]), lambda: ola.ledger.match_many(linkings=[Linking(posting_ids=(a, b))]),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            action()
    assert len(ola.ledger.closed_items()) == len(kari.ledger.closed_items()) == 2


def test_of_two_clerks_one_wins_and_the_other_is_told_who(login: Callable[[str], Connection], acme: Customer) -> None:
    kari, ingrid = login("kari"), login("ingrid")
    a, b, c = post(kari, acme, "5", "-5", "-5")
    kari.ledger.match(posting_ids=[a, b])
    with pytest.raises(ChangedByColleague, match="Kari Nordmann"):
        ingrid.ledger.match(posting_ids=[a, c])
    with pytest.raises(ChangedByColleague, match="Kari Nordmann"):
        ingrid.ledger.match_many(linkings=[Linking(posting_ids=(a, c))])
    ingrid.ledger.unmatch(numbers=[1])
    with pytest.raises(ChangedByColleague, match="Ingrid Hansen"):
        kari.ledger.unmatch(numbers=[1])
    with pytest.raises(ChangedByColleague, match="Ingrid Hansen"):
        kari.ledger.remove_from_match(posting_ids=[a])
    with pytest.raises(ChangedByColleague, match="Ingrid Hansen"):
        kari.ledger.match(posting_ids=[a, c], merging=[1])
    assert {n for n, _residual, _closed in state(kari).values()} == {None}


def test_a_whole_run_is_undone_at_once_also_later(kari: Connection, acme: Customer, database: Database) -> None:
    a, b, c, d, e, f = post(kari, acme, "1", "-1", "2", "-2", "3", "-3")
    kari.ledger.match(posting_ids=[e, f])
    before = links(database)
    assert kari.ledger.match_many(linkings=[Linking(posting_ids=(a, b), rule=MatchRule.KID, reason="KID"), Linking(posting_ids=(c, d))]) == 2
    run = kari.last_request
    assert kari.ledger.matches().rule.tolist() == ["manual", "kid", "manual"]
    kari.customers.rename(id=acme.id, name="Acme Drift AS", version=1)
    post(kari, acme, "7")
    kari.history.undo(request_id=run)
    assert links(database) == before
    kari.history.undo(request_id=kari.last_request)
    assert [n for n, _residual, _closed in state(kari).values()] == [2, None, 2, 3, 3, 1, 1]


def test_undo_is_refused_where_a_colleague_built_on_it(login: Callable[[str], Connection], acme: Customer, database: Database) -> None:
    kari, ingrid = login("kari"), login("ingrid")
    a, b, c, d = post(kari, acme, "1", "2", "3", "4")
    kari.ledger.match(posting_ids=[a, b, c])
    made = kari.last_request
    kari.ledger.remove_from_match(posting_ids=[a])
    removed = kari.last_request
    ingrid.ledger.match(posting_ids=[a, d])
    before = links(database)
    for request in (made, removed):
        with pytest.raises(CannotUndo):
            kari.history.undo(request_id=request)
    ingrid.ledger.unmatch(numbers=[1, 2])
    with pytest.raises(CannotUndo):
        kari.history.undo(request_id=removed)  # a would be alone in its match
    ingrid.history.undo(request_id=ingrid.last_request)
    assert links(database) == before


def test_taking_a_posting_back_posts_the_opposite(kari: Connection, acme: Customer) -> None:
    (invoice,) = post(kari, acme, "100")
    kari.history.undo(request_id=kari.last_request)
    assert kari.ledger.closed_items().amount_minor.tolist() == [10000, -10000]
    assert kari.ledger.ageing().empty
    assert kari.ledger.matches().rule.tolist() == ["reversal"]
    kari.history.undo(request_id=kari.last_request)
    assert kari.ledger.open_items().posting_id.tolist() == [str(invoice)]
    linked = post(kari, acme, "-100")
    booked = kari.last_request
    kari.ledger.match(posting_ids=[invoice, *linked])
    with pytest.raises(CrmError, match="koblet"):
        kari.history.undo(request_id=booked)


def test_a_party_in_the_ledger_is_not_deleted(kari: Connection, acme: Customer) -> None:
    post(kari, acme, "1")
    with pytest.raises(HasPostings):
        kari.customers.delete(id=acme.id, version=1)


def test_the_state_of_any_day(kari: Connection, acme: Customer, database: Database) -> None:
    """Linked on 5 February, taken apart on 1 March: in between it was closed, whatever is today."""
    days = iter([datetime(2026, 2, 5, 12, tzinfo=UTC), datetime(2026, 2, 28, 23, 30, tzinfo=UTC)])  # half past midnight in Oslo
    a, b = post(kari, acme, "9", "-9", posted_on=date(2026, 2, 1))
    clocked = Dispatcher(database, SERVICES, clock=lambda: next(days))
    for action, arguments in (("match", {"posting_ids": [a, b]}), ("unmatch", {"numbers": [1]})):
        clocked.run("ledger", action, arguments, actor=kari.me, request_id=new_id())
    n_closed = {day: len(kari.ledger.closed_items(as_of=day)) for day in (date(2026, 2, 4), date(2026, 2, 5), date(2026, 2, 28), date(2026, 3, 1))}
    assert list(n_closed.values()) == [0, 2, 2, 0]
    assert len(kari.ledger.all_items(as_of=date(2026, 1, 31))) == 0
    assert len(kari.ledger.closed_items()) == 0


def test_ageing_puts_each_debt_where_it_is_due(kari: Connection, acme: Customer) -> None:
    for n, late in enumerate((0, 1, 30, 31, 60, 61, 90, 91)):
        post(kari, acme, str(2**n), due_on=date.fromordinal(date(2026, 6, 30).toordinal() - late))
    (part,) = post(kari, acme, "-3")
    oldest = UUID(kari.ledger.open_items().posting_id[kari.ledger.open_items().amount_minor == 12800].iloc[0])
    kari.ledger.match(posting_ids=[oldest, part])
    post(kari, acme, "-10")
    post(kari, acme, "5", currency="EUR", due_on=date(2026, 7, 1))
    asked = {"as_of": date(2026, 6, 30)}
    (euro, nok) = kari.ledger.ageing().to_dict("records")
    assert euro["balance_minor"] == 500
    (euro, nok) = kari.ledger.ageing(**asked, customer_id=acme.id).to_dict("records")
    assert [nok[f"{key}_minor"] for key in ("not_due", "d1_30", "d31_60", "d61_90", "d91_on")] == [100, 600, 2400, 9600, 12800]
    assert (nok["unplaced_minor"], nok["balance_minor"]) == (1300, 25500 - 1300)
    today = kari.ledger.balances().set_index("currency").loc["NOK"]
    assert (today.unplaced_minor, today.d91_on_minor + today.not_due_minor + today.d1_30_minor + today.d31_60_minor + today.d61_90_minor) == (1000, 25200)


def test_suppliers_stand_the_other_way_round(kari: Connection, acme: Customer) -> None:
    post(kari, acme, "-80", "30", ledger="AP", due_on=date(2026, 1, 31))
    (row,) = kari.ledger.ageing(ledger="AP", as_of=date(2026, 1, 31)).to_dict("records")
    assert (row["balance_minor"], row["not_due_minor"], row["unplaced_minor"]) == (5000, 8000, 3000)
    assert kari.ledger.all_items().empty


@pytest.mark.parametrize("seed", range(3))
def test_undo_is_identity_and_nothing_changes_the_sum(login: Callable[[str], Connection], acme: Customer, database: Database, seed: int) -> None:
    rng, kari = random.Random(seed), login("kari")
    keys = post(kari, acme, *(str(rng.choice((-3, -2, -1, 1, 2, 3))) for _n in range(10)))
    balance = kari.ledger.all_items().amount_minor.sum()
    for _step in range(12):
        now, before = state(kari), links(database)
        chosen = rng.sample(keys, rng.choice((2, 3)))
        numbers = {now[str(key)][0] for key in chosen} - {None}
        action = rng.choice(
            [
                lambda chosen=chosen, numbers=numbers: kari.ledger.match(posting_ids=chosen, merging=list(numbers)),
                lambda numbers=numbers: kari.ledger.unmatch(numbers=list(numbers)),
                lambda chosen=chosen: kari.ledger.remove_from_match(posting_ids=chosen),
            ]
        )
        try:
            action()
        except CrmError:
            assert links(database) == before
            continue
        assert kari.ledger.all_items().amount_minor.sum() == balance
        after = links(database)
        kari.history.undo(request_id=kari.last_request)
        assert links(database) == before
        kari.history.undo(request_id=kari.last_request)
        assert links(database) == after
        assert check(database) == []


def test_what_stands_open_is_what_the_ageing_says(kari: Connection, acme: Customer) -> None:
    """Two ways to one figure, over links of every kind in both ledgers and two currencies."""
    rng = random.Random(5)
    for ledger in ("AR", "AP"):
        for currency in ("NOK", "EUR"):
            amounts = [f"{rng.choice((1, 1, -1)) * rng.randint(1, 900)}.25" for _n in range(8)]
            ids = post(kari, acme, *amounts, ledger=ledger, currency=currency)
            post(kari, acme, "10", ledger=ledger, currency=currency, due_on=date(2999, 1, 1))
            kari.ledger.match(posting_ids=ids[:2])
            kari.ledger.match(posting_ids=ids[2:5])
            kari.ledger.remove_from_match(posting_ids=ids[4:5])
    post(kari, kari.customers.create(name="Annen AS"), "99")
    told = {(s.ledger, s.balance.currency, s.balance.minor, s.overdue.minor) for s in kari.ledger.standing(customer_id=acme.id)}
    ages = [(ledger, row) for ledger in ("AR", "AP") for row in kari.ledger.ageing(ledger=ledger, customer_id=acme.id).itertuples()]
    assert told == {(ledger, row.currency, int(row.balance_minor), int(row.overdue_minor)) for ledger, row in ages}
    assert len(told) == 4
