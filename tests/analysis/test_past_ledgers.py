"""Ledgers of others, with the truth beside them: what is exact is found, and how often each rule is right."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crm_lab.analysis.matching import propose, what_if
from crm_lab.domain.payments import Payment
from crm_lab.exchange.payments import read_payments
from tests.analysis.ledgers import frame, minor

SHARED = Path(__file__).parents[3] / "shared/data/7_ledgers"
pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the shared test data are not on this machine")


def test_all_exact_payments_of_nsg_catering_are_found() -> None:
    folder = SHARED / "nsg_catering"
    truth = list(csv.DictReader((folder / "TRUTH_20202020_matches_jan_jun.csv").open(encoding="utf-8")))
    told = {}
    for name in {row["statement_file"] for row in truth}:
        payments = [p for p in read_payments((folder / "20202020/bank_statements" / name).read_bytes())[1] if isinstance(p, Payment)]
        told |= {(name, p.posted_on.isoformat(), abs(p.money.minor)): p for p in payments}
    rows: list[dict[str, Any]] = []
    wanted = set()
    for at, row in enumerate(truth):
        amount = minor(row["amount_dkk"])
        payment = told[row["statement_file"], row["booking_date"], amount]
        is_ours = row["cdt_dbt"] == "CRDT"
        place = {"customer_id": row["invoice_party"], "ledger": "AR" if is_ours else "AP", "currency": "DKK"}
        claim = minor(row["invoice_amount"]) if row["invoice_currency"] == "DKK" else amount + 7
        sign = 1 if is_ours else -1
        rows.append(place | {
            "posting_id": f"I{at}", "kind": "invoice", "amount_minor": sign * claim, "document_number": row["ref_invoice_no"],
            "kid": row["ref_payment_id"], "posted_on": date(2019, 1, 1),
        })  # fmt: skip
        rows.append(place | {
            "posting_id": f"P{at}", "kind": "payment", "amount_minor": -sign * amount, "kid": payment.kid, "text": payment.text,
            "posted_on": payment.posted_on,
        })  # fmt: skip
        if row["amount_relation"] == "exact":
            wanted.add(frozenset((f"I{at}", f"P{at}")))
    made = propose(frame(rows))
    found = {frozenset(ids) for ids in made.items[made.items["proposal"].isin(made.sure["proposal"])].groupby("proposal")["posting_id"].agg(list)}
    assert len(wanted) >= 60
    assert wanted - found == set()
    assert found - wanted == set()


def pay_to_inv() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Invoices and payments as open items, and the true matches; a payer is known by name, else by an account used before."""
    folder = SHARED / "pay_to_inv/single_descriptive"
    invoices, payments, matches = (pd.read_csv(folder / f"{n}.csv", dtype=str, keep_default_na=False) for n in ("invoices", "payments", "matches"))
    names = set(invoices["Customer Name"])
    told = payments[payments["Business Partner"].isin(names)].drop_duplicates(["Account Number", "Business Partner"])
    by_account = told.drop_duplicates("Account Number", keep=False).set_index("Account Number")["Business Partner"]
    payer = payments["Business Partner"].where(payments["Business Partner"].isin(names), payments["Account Number"].map(by_account)).fillna("")
    claims = pd.DataFrame({
        "posting_id": "I" + invoices["invoice_id"], "customer_id": invoices["Customer Name"], "kind": "invoice",
        "document_number": invoices["Assignment Number"], "voucher": invoices["Billing Number"], "text": "",
        "posted_on": invoices["Document Date"], "amount": invoices["Amount"], "currency": invoices["Currency Code"],
    })  # fmt: skip
    paid = pd.DataFrame({
        "posting_id": "P" + payments["payment_id"], "customer_id": payer, "kind": "payment", "document_number": "", "voucher": "",
        "text": payments["Memo Line"], "posted_on": payments["Posting Date"], "amount": "-" + payments["Amount"], "currency": payments["Currency"],
    })  # fmt: skip
    items = pd.concat([claims, paid], ignore_index=True).assign(ledger="AR", account="1500", kid="", payer_account="")
    amount = items["amount"].map(lambda text: int((Decimal(text) * 100).to_integral_value())).astype("Int64")
    items = items.assign(
        posted_on=pd.to_datetime(items["posted_on"], format="%Y%m%d").dt.date, amount_minor=amount, residual_minor=amount,
        match_number=pd.array([pd.NA] * len(items), "Int64"),
    )  # fmt: skip
    pairs = [
        (f"{kind}{key}", int(row["match_id"]))
        for row in matches.to_dict("records") for kind, column in (("I", "invoice_ids"), ("P", "payment_ids")) for key in json.loads(row[column])
    ]  # fmt: skip
    return items, pd.DataFrame(pairs, columns=["posting_id", "match_number"])


@pytest.mark.slow
def test_how_often_each_rule_is_right_on_10000_matches() -> None:
    rates = what_if(*pay_to_inv()).set_index("rule")
    print(rates.to_string())
    assert rates["n_sure_wrong"].sum() == 0
    assert rates.loc["invoice_number", "error_rate"] < 0.001
    assert rates.loc["exact_amount", "n_wrong"] == 0
    assert rates["hit_rate"].sum() > 0.9
