"""Ledgers as frames of open items, made for tests."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

DATA = Path(__file__).parents[1] / "data/payments"
EMPTY = {
    "ledger": "AR", "account": "1500", "currency": "NOK", "kid": "", "text": "", "payer_account": "", "voucher": "", "document_number": "",
    "customer_id": "c1", "match_number": pd.NA, "posted_on": date(2026, 9, 1),
}  # fmt: skip


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Open items; what is not said is empty."""
    made = pd.DataFrame([EMPTY | {"posting_id": str(at)} | row for at, row in enumerate(rows)])
    if "residual_minor" not in made:
        made["residual_minor"] = made["amount_minor"]
    return made.astype({"amount_minor": "Int64", "residual_minor": "Int64", "match_number": "Int64"})


def invoice(amount: int, day: int = 0, **fields: Any) -> dict[str, Any]:
    return {"kind": "invoice", "amount_minor": amount, "posted_on": date(2026, 9, 1) + timedelta(days=day)} | fields


def payment(amount: int, day: int = 20, **fields: Any) -> dict[str, Any]:
    return {"kind": "payment", "amount_minor": -amount, "posted_on": date(2026, 9, 1) + timedelta(days=day)} | fields


def minor(text: str) -> int:
    return int(Decimal(text) * 100)


def table(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((DATA / name).open(encoding="utf-8"), delimiter=";"))


def constructed() -> pd.DataFrame:
    """The 26 invoices and 26 payments, each payment on the customer that its KID or account tells of."""
    invoices, payments = table("invoices.csv"), table("TRUTH_payments.csv")
    by_account, by_kid = ({r[key]: r["customer_no"] for r in invoices} for key in ("customer_account", "kid"))
    rows = [
        {
            "posting_id": r["invoice_no"], "customer_id": r["customer_no"], "kind": r["kind"], "document_number": r["invoice_no"],
            "posted_on": date.fromisoformat(r["issue_date"]), "amount_minor": minor(r["amount_nok"]), "kid": r["kid"],
        }
        for r in invoices if r["state"] == "open"
    ] + [
        {
            "posting_id": r["payment_id"], "customer_id": by_kid.get(r["kid"]) or by_account.get(r["payer_account"], ""), "kind": "payment",
            "posted_on": date.fromisoformat(r["date"]), "amount_minor": -minor(r["amount"]), "kid": r["kid"], "text": r["text"],
            "payer_account": r["payer_account"],
        }
        for r in payments
    ]  # fmt: skip
    return frame(rows)
