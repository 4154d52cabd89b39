"""The demo's dealings: invoices, payments, credit notes and the matches between them, all made up."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm_lab.domain.ids import new_id
from crm_lab.domain.ledger import CONTROL_ACCOUNT, Ledger, MatchRule, PostingKind
from crm_lab.domain.values import mod10
from crm_lab.store import tables
from crm_lab.store.bulk import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_lab.domain.customers import Customer
    from crm_lab.store.records import Row, Work

SEED = 2028
HISTORY = 420
TERMS = (14, 14, 14, 30)
WORK = ("Serviceavtale", "Montering", "Prosjekttimer", "Varer", "Befaring", "Frakt", "Lisens")
ENDINGS = {
    "paid": 60, "part": 5, "over": 3, "no_kid": 5, "new": 6, "lump": 6, "credited": 3, "credit": 2, "unpaid": 10,
}  # fmt: skip
"""How dealings end, in about a hundred: paid and matched, in part, too much; money not yet matched; credit notes; nothing."""


class Dealings:
    """Makes the postings of one batch of parties after another."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._rng = random.Random(SEED)  # noqa: S311 - the same seed must give the same company
        self._document, self._voucher = 20_000, 110_000
        self._postings: list[Row] = []
        self._matches: list[tuple[list[Row], MatchRule]] = []

    def add(self, work: Work, customers: Sequence[Customer]) -> None:
        """Post what the parties bought, sold and paid."""
        self._postings, self._matches = [], []
        for customer in customers:
            if self._rng.random() < 0.33:  # noqa: PLR2004 - a third have dealings
                self._deal(customer, Ledger.RECEIVABLE)
            if customer.is_supplier:
                self._deal(customer, Ledger.PAYABLE)
        self._store(work)

    def _deal(self, party: Customer, ledger: Ledger) -> None:
        """Some invoices of one party, and what became of them."""
        rng, lump = self._rng, []
        currency = "EUR" if rng.random() < 0.03 else "NOK"  # noqa: PLR2004 - a few deal in euro
        account = f"{rng.randrange(10**11):011d}"
        for _invoice in range(*rng.choices((1, 2, 3, 6, 30), (40, 30, 15, 13, 2))):
            day = self._today - timedelta(days=rng.randrange(2, HISTORY))
            invoice = self._invoice(party, ledger, day, currency)
            (ending,) = rng.choices(tuple(ENDINGS), tuple(ENDINGS.values()))
            if ending == "lump":
                lump.append(invoice)
            elif ending in {"credited", "credit"}:
                self._credit(invoice, is_matched=ending == "credited")
            elif ending != "unpaid":
                self._pay(invoice, ending, account, party)
        if lump:
            paid = sum((row["amount"] for row in lump), Decimal(0))
            self._payment(lump[-1], max(row["posted_on"] for row in lump), -paid, "", account, party)

    def _invoice(self, party: Customer, ledger: Ledger, day: date, currency: str) -> Row:
        self._document += 1
        ore = self._rng.randrange(40_000, 6_000_000)
        amount = Decimal(ore if ledger is Ledger.RECEIVABLE else -ore).scaleb(-2)
        body = f"{party.number:06d}{self._document:07d}"
        kid = f"{body}{mod10(body)}" if ledger is Ledger.RECEIVABLE else ""
        return self._post(
            customer_id=party.id, ledger=ledger, account=CONTROL_ACCOUNT[ledger], kind=PostingKind.INVOICE, amount=amount,
            document_number=str(self._document), voucher=str(self._document), posted_on=day, currency=currency, kid=kid,
            due_on=day + timedelta(days=self._rng.choice(TERMS)), text=f"{self._rng.choice(WORK)}, faktura {self._document}",
        )  # fmt: skip

    def _credit(self, invoice: Row, *, is_matched: bool) -> None:
        self._document += 1
        day = min(self._today, invoice["posted_on"] + timedelta(days=self._rng.randrange(1, 20)))
        credit = self._post(
            **_shared(invoice), kind=PostingKind.CREDIT_NOTE, amount=-invoice["amount"], posted_on=day,
            document_number=str(self._document), voucher=str(self._document), text=f"Kreditnota for faktura {invoice['document_number']}",
        )  # fmt: skip
        if is_matched:
            self._matches.append(([invoice, credit], MatchRule.CREDIT_NOTE))

    def _pay(self, invoice: Row, ending: str, account: str, party: Customer) -> None:
        """One payment of one invoice; matched unless it came without KID or just now."""
        late = self._rng.choice((-2, -1, 0, 0, 0, 1, 3, 9, 25))
        day = max(invoice["posted_on"], invoice["due_on"] + timedelta(days=late))
        if day > self._today:
            return  # not yet due: unpaid
        share = {"part": Decimal("0.5"), "over": Decimal("1.1")}.get(ending, Decimal(1))
        paid = -(invoice["amount"] * share).quantize(Decimal("0.01"))
        payment = self._payment(invoice, day, paid, "" if ending == "no_kid" else invoice["kid"], account, party)
        if ending in {"paid", "part", "over"}:
            self._matches.append(([invoice, payment], MatchRule.KID if share == 1 else MatchRule.KID_OTHER_AMOUNT))

    def _payment(self, invoice: Row, day: date, amount: Decimal, kid: str, account: str, party: Customer) -> Row:
        self._voucher += 1
        names = {"payer_name": party.display_name, "payer_account": account} if invoice["ledger"] is Ledger.RECEIVABLE else {}
        text = "Innbetaling" if invoice["ledger"] is Ledger.RECEIVABLE else "Utbetaling"
        text = text if kid or not names else self._rng.choice((f"Faktura {invoice['document_number']}", party.display_name, "Betaling"))
        return self._post(
            **_shared(invoice), **names, kind=PostingKind.PAYMENT, amount=amount, posted_on=day, voucher=str(self._voucher), kid=kid, text=text
        )

    def _post(self, **fields: Any) -> Row:
        self._postings.append({"id": new_id(), **fields})
        return self._postings[-1]

    def _store(self, work: Work) -> None:
        """Number and load all of the batch."""
        number = work.next_number("posting", 1, len(self._postings))
        empty = {c.name: "" for c in tables.posting.c if c.type.python_type is str and not c.nullable}
        in_order = enumerate(sorted(self._postings, key=lambda row: row["posted_on"]))
        load(work.connection, tables.posting, [empty | {"number": number + n, "created_at": work.now} | row for n, row in in_order])
        number = work.next_number("match", 1, len(self._matches))
        groups: list[Row] = []
        links: list[Row] = []
        for n, (members, rule) in enumerate(self._matches):
            made_at = datetime.combine(max(row["posted_on"] for row in members), time(9), UTC)
            made = {"rule": rule, "reason": "", "made_at": made_at, "request_id": work.request_id}
            place = {key: members[0][key] for key in ("customer_id", "ledger", "account", "currency")}
            groups.append({"id": new_id(), "number": number + n} | made | place)
            links += [{"id": new_id(), "match_id": groups[-1]["id"], "posting_id": row["id"], "linked_at": made_at} for row in members]
        load(work.connection, tables.match_group, groups)
        load(work.connection, tables.match_item, links)


def _shared(invoice: Row) -> Row:
    return {key: invoice[key] for key in ("customer_id", "ledger", "account", "currency")}
