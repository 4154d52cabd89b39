"""Proposals: right on the constructed payments, complete against brute force, truthful about rivals."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab.analysis.frames import PROPOSAL_ITEMS, PROPOSALS, WrongFrame, checked
from crm_lab.analysis.matching import DEFAULT_RULES, Proposals, in_words, propose, what_if
from crm_lab.domain.ledger import EVIDENT, MatchRule
from tests.analysis.ledgers import constructed, frame, invoice, minor, payment, table

SHOWN = ["rule", "n_rivals", "residual_minor", "items"]


def told(made: Proposals) -> list[tuple[Any, ...]]:
    """(rule, rivals, residual, posting ids) of each proposal."""
    sets = made.items.groupby("proposal")["posting_id"].agg(lambda ids: " ".join(sorted(ids)))
    return [tuple(row) for row in made.proposals.assign(items=sets)[SHOWN].itertuples(index=False)]


def applied(made: Proposals, items: pd.DataFrame) -> dict[str, int]:
    """What each invoice gets when every proposal without rivals is accepted: money on the claims in turn, oldest first."""
    due = items.set_index("posting_id")["amount_minor"]
    got: dict[str, int] = {}
    for proposal in made.proposals.loc[made.proposals["n_rivals"] == 0, "proposal"]:
        ids = made.items.loc[made.items["proposal"] == proposal, "posting_id"]
        money = -sum(int(due[key]) for key in ids if key.startswith("P"))
        credit = -sum(int(due[key]) for key in ids if not key.startswith("P") and due[key] < 0)
        for key in ids:
            if not key.startswith("P"):
                paid = int(due[key]) if due[key] < 0 else min(int(due[key]), money + credit)
                money -= max(0, paid)
                got[key] = paid
    return got


def test_the_constructed_payments_end_where_they_should() -> None:
    items = constructed()
    got = applied(propose(items), items)
    wanted: dict[str, int] = {}
    for row in table("TRUTH_payments.csv"):
        for part in filter(None, row["applied"].split("|")):
            number, amount = part.split(":")
            wanted[number] = wanted.get(number, 0) + minor(amount)
    assert got == {number: amount for number, amount in wanted.items() if amount}
    due = items.set_index("posting_id")["amount_minor"]
    remaining = {row["invoice_no"]: minor(row["remaining_nok"]) for row in table("TRUTH_remaining.csv")}
    assert {n: (int(due[n]) if n in due.index else 0) - got.get(n, 0) for n in remaining if n in due.index} == {
        n: left for n, left in remaining.items() if n in due.index
    }


def test_no_automatic_match_of_the_constructed_payments_is_wrong() -> None:
    items = constructed()
    made = propose(items)
    sure = made.items[made.items["proposal"].isin(made.sure["proposal"])].groupby("proposal")["posting_id"].agg(set)
    truth = {row["payment_id"]: {part.split(":")[0] for part in row["applied"].split("|") if part} for row in table("TRUTH_payments.csv")}
    for postings in sure:
        money = {key for key in postings if key.startswith("P")}
        if money != {"P23", "P24"}:
            assert postings - money == set().union(*(truth[key] for key in money))
    assert len(sure) == 8


def test_every_kind_of_reason_is_told_as_it_is() -> None:
    by_items = {items: (rule, rivals, residual) for rule, rivals, residual, items in told(propose(constructed()))}
    assert by_items["100231 P01"] == ("kid", 0, 0)
    assert by_items["100233 P03"] == ("kid_other_amount", 0, 100000)
    assert by_items["100234 P04"] == ("kid_other_amount", 0, -40)
    assert by_items["100251 P20 P21"] == ("kid_other_amount", 0, 300000)
    assert by_items["100254 P12"] == ("kid_repair", 0, 0)
    assert by_items["100240 100241 100242 P13"] == ("whole_balance", 0, 0)
    assert by_items["100244 100245 P15"] == ("invoice_number", 0, 0)
    assert by_items["100247 P17"] == ("exact_amount", 1, 0)
    assert by_items["100252 P22"] == ("invoice_number", 0, 0)
    assert by_items["P23 P24"] == ("reversal", 0, 0)
    assert by_items["100256 P26"] == ("kid", 0, 0)
    assert not any("P07" in items or "P10" in items for items in by_items)


def test_frames_are_as_declared() -> None:
    for items in (constructed(), constructed().head(0)):
        made = propose(items)
        checked(made.proposals, PROPOSALS)
        checked(made.items, PROPOSAL_ITEMS)
    with pytest.raises(WrongFrame) as error:
        propose(constructed().drop(columns="kid"))
    assert error.value.field == "kid"
    with pytest.raises(WrongFrame):
        propose(constructed().assign(amount_minor=1.5))


def test_every_reason_has_words() -> None:
    made = propose(constructed(), DEFAULT_RULES | {MatchRule.FIFO})
    for row in made.proposals.to_dict("records"):
        assert in_words(row).endswith(".")


AMOUNTS = st.integers(1, 9).map(lambda n: n * 100)
LEDGERS = st.lists(st.tuples(st.sampled_from(["invoice", "credit_note", "payment"]), AMOUNTS, st.integers(0, 5)), min_size=2, max_size=9)


def as_frame(rows: list[tuple[str, int, int]]) -> pd.DataFrame:
    return frame([(invoice(amount, day) if kind == "invoice" else payment(amount, day) | {"kind": kind}) for kind, amount, day in rows])


def minimal_zero_sums(due: list[int]) -> list[frozenset[int]]:
    """By trying everything."""
    every = chain.from_iterable(combinations(range(len(due)), n) for n in range(2, len(due) + 1))
    zero = [frozenset(some) for some in every if sum(due[at] for at in some) == 0]
    return [one for one in zero if not any(other < one for other in zero)]


@settings(max_examples=300, deadline=None)
@given(LEDGERS)
def test_brute_force_finds_the_same_sets_and_rivals(rows: list[tuple[str, int, int]]) -> None:
    items = as_frame(rows)
    wanted = minimal_zero_sums(items["amount_minor"].tolist())
    made = propose(items, {MatchRule.EXACT_AMOUNT, MatchRule.OLDEST, MatchRule.SUBSET_SUM, MatchRule.WHOLE_BALANCE})
    found = {frozenset(map(int, ids.split())): rivals for _rule, rivals, _residual, ids in told(made)}
    if len(wanted) > 64:
        return
    for some, rivals in found.items():
        if some in wanted:
            assert rivals == sum(1 for other in wanted if other != some and other & some)
        else:  # what is ambiguous in its parts, but not as a whole
            assert rivals == 0
            assert sum(items["amount_minor"].iloc[list(some)]) == 0
    alone = {one for one in wanted if not any(other != one and other & one for other in wanted)}
    assert alone <= set(found)
    left = set(range(len(rows))) - set().union(*found) if found else set(range(len(rows)))
    assert not any(one <= left for one in wanted)


REFERENCED = st.lists(
    st.tuples(st.booleans(), AMOUNTS, st.integers(0, 3), st.sampled_from(["", "100011002316", "100021002322"]), st.sampled_from(["a", "b"]),
              st.sampled_from(["", "faktura 1000", "faktura 1001 og 1002"])),
    max_size=12,
)  # fmt: skip


def referenced(rows: list[tuple[bool, int, int, str, str, str]]) -> pd.DataFrame:
    return frame([
        (invoice(amount, day, document_number=str(1000 + at)) if is_claim else payment(amount, day, text=text)) | {"kid": kid, "customer_id": party}
        for at, (is_claim, amount, day, kid, party, text) in enumerate(rows)
    ])  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(REFERENCED.filter(bool))
def test_proposals_are_disjoint_truthful_and_of_one_party(rows: list[tuple[bool, int, int, str, str, str]]) -> None:
    items = referenced(rows)
    made = propose(items, DEFAULT_RULES | {MatchRule.FIFO})
    assert made.items["posting_id"].is_unique
    known = items.set_index("posting_id")
    for row in made.proposals.itertuples():
        mine = known.loc[made.items.loc[made.items["proposal"] == row.proposal, "posting_id"]]
        assert len(mine) == row.n_items >= 2
        assert mine["customer_id"].unique().tolist() == [row.customer_id]
        assert mine["amount_minor"].sum() == row.residual_minor
        assert (mine["amount_minor"] > 0).any() and (mine["amount_minor"] < 0).any()
        assert not row.is_sure or (row.residual_minor == 0 and row.n_rivals == 0 and MatchRule(row.rule) in EVIDENT)


@settings(max_examples=100, deadline=None)
@given(REFERENCED.filter(bool), st.randoms())
def test_the_order_of_rows_does_not_matter_where_there_are_no_rivals(rows: list[tuple[bool, int, int, str, str, str]], rng: Any) -> None:
    distinct = [(is_claim, amount + at, day, kid, party, text) for at, (is_claim, amount, day, kid, party, text) in enumerate(rows)]
    items = referenced(distinct).assign(posted_on=lambda f: pd.date_range("2026-09-01", periods=len(f)).date)
    order = list(range(len(items)))
    rng.shuffle(order)
    assert sorted(told(propose(items))) == sorted(told(propose(items.iloc[order].reset_index(drop=True))))


def test_of_payments_that_are_as_near_the_first_after_the_claim_is_taken() -> None:
    rows = [payment(101), invoice(102), payment(103), payment(101)]
    items = frame(rows).assign(posted_on=lambda f: pd.date_range("2026-09-01", periods=len(f)).date)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        assert told(propose(items.iloc[order].reset_index(drop=True))) == [("tolerance", 1, -1, "1 2")]


def test_two_kids_that_differ_in_zeros_are_rivals() -> None:
    items = frame([invoice(500, kid="0018"), invoice(500, kid="018"), payment(500, kid="18")])
    ((rule, rivals, residual, _items),) = told(propose(items))
    assert (rule, residual, rivals > 0) == ("kid", 0, True)


def test_what_is_linked_in_part_stands_with_its_residual() -> None:
    items = frame([
        invoice(900, kid="26", match_number=7, residual_minor=600), payment(300, kid="26", match_number=7, residual_minor=600),
        payment(600, kid="26", residual_minor=-600),
    ])  # fmt: skip
    assert told(propose(items)) == [("kid", 0, 0, "0 2")]


def test_money_with_a_kid_of_no_open_claim_is_not_guessed_about() -> None:
    assert told(propose(frame([invoice(500, kid="18"), payment(500, kid="26")]))) == []


def test_what_the_payer_named_binds_the_amount() -> None:
    items = frame([invoice(500, document_number="1001"), invoice(400, document_number="1002"), payment(400, text="faktura 1001")])
    assert told(propose(items)) == [("invoice_number", 0, 100, "0 2")]


def test_large_parties_are_settled_without_a_search() -> None:
    claims = [invoice(1000 + 37 * at, at) for at in range(30)]
    oldest = sum(1000 + 37 * at for at in range(5))
    made = told(propose(frame([*claims, payment(oldest, 40), payment(1000 + 37 * 20, 41)])))
    assert ("exact_amount", 0, 0, "20 31") in made
    assert ("oldest", 0, 0, "0 1 2 3 30 4") in made


def test_fifo_only_on_request() -> None:
    items = frame([invoice(500, 0), invoice(700, 1), invoice(900, 2), payment(800)])
    assert told(propose(items)) == []
    assert told(propose(items, {MatchRule.FIFO})) == [("fifo", 0, 400, "0 1 3")]


@pytest.mark.parametrize(
    ("paid", "difference", "account", "residual"),
    [(100050, "rounding", "7740", -50), (99950, "rounding", "7740", 50), (99600, "currency", "8160", 400), (103500, "fee", "3950", -3500), (97000, "fee", "7770", 3000)],
)
def test_a_small_difference_is_previewed(paid: int, difference: str, account: str, residual: int) -> None:
    made = propose(frame([invoice(100000), payment(paid)]))
    (row,) = made.proposals.to_dict("records")
    assert (row["rule"], row["difference"], row["difference_account"], row["residual_minor"]) == ("tolerance", difference, account, residual)
    assert not row["is_sure"]


def test_the_payable_side_is_the_mirror() -> None:
    items = constructed()
    mirrored = items.assign(ledger="AP", account="2400", amount_minor=-items["amount_minor"], residual_minor=-items["residual_minor"])
    there = [(rule, rivals, -residual, ids) for rule, rivals, residual, ids in told(propose(mirrored))]
    assert sorted(there) == sorted(told(propose(items)))


def test_what_if_counts_hits_and_errors() -> None:
    items = constructed()
    made = propose(items)
    truth = made.items[["posting_id"]].assign(match_number=made.items["proposal"])
    rates = what_if(items, truth).set_index("rule")
    assert (rates["n_wrong"].sum(), rates["hit_rate"].sum()) == (0, pytest.approx(1))
    wrong = truth.assign(match_number=range(len(truth)))
    assert (what_if(items, wrong)["error_rate"] == 1).all()
