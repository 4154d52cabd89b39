"""Proposals carried out: runs, what rules do by themselves, what was refused, and what a match tells of itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from crm_lab.domain.ledger import Linking, MatchRule, NotSwitchedOn, TooFewPostings
from crm_lab.errors import Forbidden, NotFound
from crm_lab.proposals import linkings_of
from crm_lab.services.check import check
from crm_lab.services.ledger.details import NotByHand
from crm_lab.services.ledger.links import ChangedByColleague, StillLinked
from tests.services.test_ledger import post, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.domain.customers import Customer
    from crm_lab.store.engine import Database

KID = "1000124"


@pytest.fixture
def kari(login: Callable[[str], Connection]) -> Connection:
    return login("kari")


@pytest.fixture
def acme(kari: Connection) -> Customer:
    return kari.customers.create(name="Acme AS")


def invoice(crm: Connection, party: Customer, amount: str, **fields: object) -> object:
    (made,) = post(crm, party, amount, **({"kind": "invoice"} | fields))
    return made


def pay(crm: Connection, party: Customer, amount: str, **fields: object) -> object:
    (made,) = post(crm, party, amount, **({"kind": "payment", "posted_on": date(2026, 2, 1)} | fields))
    return made


def test_rules_run_by_themselves_only_where_an_administrator_switched_them_on(login: Callable[[str], Connection], kari: Connection, acme: Customer) -> None:
    invoice(kari, acme, "100", kid=KID)
    pay(kari, acme, "-100", kid=KID)
    invoice(kari, acme, "7")
    pay(kari, acme, "-7")
    ingrid = login("ingrid")
    assert ingrid.ledger.automatic_rules() == ()
    assert ingrid.ledger.run_rules() == 0
    with pytest.raises(Forbidden):
        ingrid.ledger.set_automatic_rules(rules=[MatchRule.KID])
    with pytest.raises(NotSwitchedOn):
        kari.ledger.set_automatic_rules(rules=[MatchRule.EXACT_AMOUNT])
    a, b = ingrid.ledger.open_items().posting_id[:2]
    with pytest.raises(NotSwitchedOn):
        ingrid.ledger.match_many(linkings=[Linking(posting_ids=(a, b), rule=MatchRule.KID)], is_automatic=True)
    kari.ledger.set_automatic_rules(rules=[MatchRule.KID])
    assert ingrid.ledger.run_rules() == 1
    assert ingrid.ledger.closed_items().kid.tolist() == [KID, KID]
    assert ingrid.ledger.runs()[0].is_automatic
    kari.history.undo(request_id=kari.last_request)
    assert kari.ledger.automatic_rules() == ()


def test_a_run_is_undone_later_by_another_and_leaves_what_people_changed(login: Callable[[str], Connection], kari: Connection, acme: Customer) -> None:
    a, b, c, d, e = post(kari, acme, "1", "-1", "2", "-2", "5")
    kari.ledger.match_many(linkings=[Linking(posting_ids=(a, b)), Linking(posting_ids=(c, d))])
    ingrid = login("ingrid")
    ingrid.ledger.match(posting_ids=[c, e], merging=[2])
    (run,) = ingrid.ledger.runs()
    assert (run.who, run.n_matches, run.n_standing) == ("Kari Nordmann", 2, 1)
    assert ingrid.ledger.undo_run(id=run.id) == 1
    assert [n for n, _residual, _closed in state(kari).values()] == [None, None, 2, 2, 2]
    assert ingrid.ledger.runs()[0].n_standing == 0
    with pytest.raises(NotFound):
        ingrid.ledger.undo_run(id=run.id)


def test_a_small_difference_is_posted_away_and_comes_back_with_the_run(kari: Connection, acme: Customer, database: Database) -> None:
    invoice(kari, acme, "100.40", kid=KID)
    pay(kari, acme, "-100", kid=KID)
    made = kari.ledger.propose()
    assert made.proposals[["rule", "difference", "difference_account"]].to_numpy().tolist() == [["kid_other_amount", "rounding", "7740"]]
    kari.ledger.match_many(linkings=linkings_of(made, [0], posts_differences=True))
    run = kari.last_request
    assert kari.ledger.closed_items().amount_minor.tolist() == [10040, -10000, -40]
    assert kari.ledger.closed_items().kind.tolist()[2] == "difference"
    assert kari.ledger.undo_run(id=run) == 1
    assert kari.ledger.open_items().amount_minor.tolist() == [10040, -10000]
    assert check(database) == []


def test_a_proposal_that_goes_on_from_an_open_link_closes_it(kari: Connection, acme: Customer) -> None:
    whole, part = invoice(kari, acme, "100", kid=KID), pay(kari, acme, "-40", kid=KID)
    kari.ledger.match(posting_ids=[whole, part])
    pay(kari, acme, "-60.30", kid=KID, posted_on=date(2026, 3, 1))
    made = kari.ledger.propose()
    kari.ledger.match_many(linkings=linkings_of(made, [0], posts_differences=True))
    assert {(n, residual) for n, residual, _closed in state(kari).values()} == {(1, 0)}
    assert kari.ledger.all_items().amount_minor.tolist()[-1] == 30


def test_what_was_dismissed_is_not_proposed_again_and_frees_its_postings_for_other_rules(kari: Connection, acme: Customer) -> None:
    first = invoice(kari, acme, "50")
    second, paid = invoice(kari, acme, "50", posted_on=date(2026, 1, 5)), pay(kari, acme, "-50")
    made = kari.ledger.propose()
    assert made.proposals.n_rivals.tolist() == [1]
    assert set(made.items.posting_id) == {str(first), str(paid)}
    kari.ledger.dismiss(proposals=[[first, paid]])
    assert set(kari.ledger.propose().items.posting_id) == {str(second), str(paid)}
    kari.ledger.dismiss(proposals=[[paid, second]])
    assert len(kari.ledger.propose()) == 0
    kari.history.undo(request_id=kari.last_request)
    assert len(kari.ledger.propose()) == 1
    with pytest.raises(TooFewPostings):
        kari.ledger.dismiss(proposals=[[]])


def test_what_if_runs_the_rules_over_what_people_closed(kari: Connection, acme: Customer) -> None:
    a, b, c, d = invoice(kari, acme, "5", kid=KID), pay(kari, acme, "-5", kid=KID), invoice(kari, acme, "9"), pay(kari, acme, "-9")
    kari.ledger.match_many(linkings=[Linking(posting_ids=(a, b)), Linking(posting_ids=(c, d))])
    rates = kari.ledger.what_if().set_index("rule")
    assert rates.n_right.to_dict() == {"kid": 1, "exact_amount": 1}
    assert rates.hit_rate.to_dict() == {"kid": 0.5, "exact_amount": 0.5}
    assert rates.error_rate.sum() == 0


def test_a_match_tells_who_made_it_when_by_which_rule_and_what_became_of_it(login: Callable[[str], Connection], kari: Connection, acme: Customer) -> None:
    a, b, c = post(kari, acme, "10", "-4", "-3")
    kari.ledger.match(posting_ids=[a, b, c], rule=MatchRule.KID, reason="Samme KID.")
    login("ingrid").ledger.remove_from_match(posting_ids=[b])
    told = kari.ledger.match_details(number=1)
    assert (told.made_by, told.rule, told.reason, told.residual) == ("Kari Nordmann", MatchRule.KID, "Samme KID.", Decimal(7))
    assert [(link.posting, link.amount, link.unlinked_by) for link in told.links] == [(1, Decimal(10), ""), (3, Decimal(-3), ""), (2, Decimal(-4), "Ingrid Hansen")]
    with pytest.raises(NotFound):
        kari.ledger.match_details(number=2)


def test_a_posting_by_hand_is_reversed_and_others_are_not(kari: Connection, acme: Customer, database: Database) -> None:
    a, b, c = post(kari, acme, "10", "20", "-20")
    assert kari.ledger.reverse(posting_ids=[a]) == 1
    assert kari.ledger.closed_items().amount_minor.tolist() == [1000, -1000]
    opposite = kari.ledger.closed_items().posting_id.tolist()[1]
    kari.ledger.match(posting_ids=[b, c])
    with pytest.raises(StillLinked):
        kari.ledger.reverse(posting_ids=[b])
    kari.ledger.unmatch(numbers=[1])
    with pytest.raises(NotByHand):
        kari.ledger.reverse(posting_ids=[opposite])


def test_the_stamp_changes_with_the_ledger_and_with_nothing_else(kari: Connection, acme: Customer) -> None:
    seen = [kari.ledger.stamp()]
    a, b = post(kari, acme, "1", "-1")
    for change in (
        lambda: kari.ledger.match(posting_ids=[a, b]), lambda: kari.ledger.unmatch(numbers=[1]),
        lambda: kari.history.undo(request_id=kari.last_request), lambda: kari.history.undo(request_id=kari.last_request),
        lambda: kari.ledger.dismiss(proposals=[[a, b]]),
    ):  # fmt: skip
        seen.append(kari.ledger.stamp())
        change()
    seen.append(kari.ledger.stamp())
    assert all(before != after for before, after in pairwise(seen))
    kari.customers.create(name="Ingen post AS")
    assert kari.ledger.stamp() == seen[-1]


def test_of_two_clerks_at_one_worklist_the_slower_is_told(login: Callable[[str], Connection], kari: Connection, acme: Customer) -> None:
    invoice(kari, acme, "100", kid=KID)
    pay(kari, acme, "-100", kid=KID)
    ingrid = login("ingrid")
    seen = ingrid.ledger.propose()
    kari.ledger.match_many(linkings=linkings_of(kari.ledger.propose(), [0]))
    with pytest.raises(ChangedByColleague, match="Kari Nordmann"):
        ingrid.ledger.match_many(linkings=linkings_of(seen, [0]))
    assert len(ingrid.ledger.runs()) == 1
