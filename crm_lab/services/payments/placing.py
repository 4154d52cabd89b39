"""Whose money it is: asked of the ledger and the customers for a whole file at once.

By falling certainty: KID, a KID or invoice number in the text, the account on the customer's card, an account's habit,
the name. Where one of them tells of several customers, nobody is chosen.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import String, and_, func, select
from sqlalchemy import cast as sql_cast

from crm_lab.domain.ledger import Ledger, PostingKind
from crm_lab.domain.names import name_key
from crm_lab.domain.payments import PaymentState, PlacedBy
from crm_lab.store import tables
from crm_lab.store.bulk import batched
from crm_lab.store.merges import is_present, now_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Select

    from crm_lab.store.records import Row, Work

MONEY = (PostingKind.PAYMENT, PostingKind.REFUND)
SHORTEST_NUMBER = 4
LEAST_HABIT = 2
"""So many payments for one customer make a habit."""
WHOSE = now_of(tables.customer).label("customer_id")
"""Whom a customer's money is for: one that was merged into another is that other."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Whose a payment is (None where nobody can be named), and what told."""

    customer_id: UUID | None
    by: PlacedBy


class Placing:
    """Reads all that may tell whose the payments of one file are, then tells it row by row."""

    def __init__(self, work: Work, file_id: UUID, rows: list[Row]) -> None:
        self.work, self.file_id = work, file_id
        self._kids = _gathered(work, self._by_kid())
        silent = [row for row in rows if not self._kids.get(row["kid"].lstrip("0"))]
        self._accounts = _gathered(work, self._by_account())
        self._habits = {h["key"]: {h["customer_id"]} for h in work.rows(habits(tables.payment.c.payment_file_id == file_id))}
        self._numbers = _by_number(work, silent)
        self._names = _by_name(work, {name_key(row["payer_name"]) for row in silent} - {""})

    def of(self, row: Row) -> Placed:
        """Whose one payment is."""
        kid = row["kid"].lstrip("0")
        by_kid = self._kids.get(kid) if kid else None
        if by_kid and len(by_kid) == 1:
            return Placed(next(iter(by_kid)), PlacedBy.KID)
        told = (
            (PlacedBy.KID, by_kid),
            (PlacedBy.INVOICE_NUMBER, self._in_text(row)),
            (PlacedBy.ACCOUNT, self._accounts.get(row["payer_account"])),
            (PlacedBy.HABIT, self._habits.get(row["payer_account"])),
            (PlacedBy.NAME, self._names.get(name_key(row["payer_name"])) if row["payer_name"] else None),
        )
        for by, found in told:
            if found and len(found) == 1:
                return Placed(next(iter(found)), by)
        return Placed(None, PlacedBy.SEVERAL if any(found for _by, found in told) else PlacedBy.NOBODY)

    def _in_text(self, row: Row) -> set[UUID]:
        found = [self._numbers[number] for number in numbers_in(row["text"]) if number in self._numbers]
        return set().union(*found)

    def _by_kid(self) -> Select[Any]:
        p, m = tables.posting, tables.payment
        kid = func.ltrim(m.c.kid, "0")
        same = and_(func.ltrim(p.c.kid, "0") == kid, p.c.ledger == Ledger.RECEIVABLE, p.c.kind.not_in(MONEY))
        claims = m.join(p, same).join(tables.customer, tables.customer.c.id == p.c.customer_id)
        return select(kid.label("key"), WHOSE).distinct().select_from(claims).where(and_(self._mine(), m.c.kid != ""))

    def _by_account(self) -> Select[Any]:
        c, m = tables.customer, tables.payment
        known = and_(c.c.bank_account == m.c.payer_account, is_present(c))
        return select(c.c.bank_account.label("key"), WHOSE).distinct().select_from(m.join(c, known)).where(
            and_(self._mine(), m.c.payer_account != "")
        )

    def _mine(self) -> Any:
        m = tables.payment
        return and_(m.c.payment_file_id == self.file_id, m.c.state == PaymentState.STAGED)


def habits(which: Any) -> Select[Any]:
    """Accounts among the payments `which` that have paid for one customer, often enough, and for nobody else."""
    p, m = tables.posting, tables.payment
    accounts = select(m.c.payer_account).where(and_(which, m.c.payer_account != ""))
    one, last = (pick(sql_cast(WHOSE, String)) for pick in (func.min, func.max))
    query = select(p.c.payer_account.label("key"), func.max(p.c.payer_name).label("payer_name"), func.count().label("n_payments"))
    query = query.add_columns(sql_cast(one, p.c.customer_id.type).label("customer_id"))
    query = query.select_from(p.join(tables.customer, tables.customer.c.id == p.c.customer_id))
    paid = and_(p.c.kind == PostingKind.PAYMENT, p.c.ledger == Ledger.RECEIVABLE, p.c.amount < 0, p.c.payer_account.in_(accounts))
    alone = and_(func.count() >= LEAST_HABIT, one == last)
    return query.where(paid).group_by(p.c.payer_account).having(alone)


def numbers_in(text: str) -> Iterator[str]:
    """The numbers in a text, as written and with blanks, dots and dashes taken out, without zeros in front."""
    for said in (text, re.sub(r"(?<=\d)[ .\-/]+(?=\d)", "", text)):
        yield from (found.lstrip("0") for found in re.findall(r"\d+", said) if len(found.lstrip("0")) >= SHORTEST_NUMBER)


def _gathered(work: Work, query: Select[Any]) -> dict[str, set[UUID]]:
    found: dict[str, set[UUID]] = defaultdict(set)
    keys, customers = (column.to_pylist() for column in work.frame(query).select(["key", "customer_id"]).columns)
    known = {key: UUID(str(key)) for key in set(customers)}
    for key, customer in zip(keys, customers, strict=True):
        found[key].add(known[customer])
    return dict(found)


def _by_number(work: Work, rows: Iterable[Row]) -> dict[str, set[UUID]]:
    """Customers by the number or KID of a claim that a payment's text names."""
    p = tables.posting
    wanted = {number for row in rows for number in numbers_in(row["text"])}
    found: dict[str, set[UUID]] = defaultdict(set)
    for column in (p.c.document_number, p.c.kid):
        bare = func.ltrim(column, "0")
        claims = and_(p.c.ledger == Ledger.RECEIVABLE, p.c.kind.not_in(MONEY))
        for part in batched(wanted):
            query = select(bare.label("key"), WHOSE).distinct().join(tables.customer, tables.customer.c.id == p.c.customer_id)
            for row in work.rows(query.where(and_(claims, bare.in_(part)))):
                found[row["key"]].add(row["customer_id"])
    return dict(found)


def _by_name(work: Work, keys: Iterable[str]) -> dict[str, set[UUID]]:
    c = tables.customer
    found: dict[str, set[UUID]] = defaultdict(set)
    for part in batched(keys):
        for row in work.rows(select(WHOSE, c.c.name_key).where(and_(c.c.name_key.in_(part), is_present(c)))):
            found[row["name_key"]].add(row["customer_id"])
    return dict(found)
