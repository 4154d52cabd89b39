"""Booking the staged payments of a file: money that is known already, whose the rest is, postings, reversals."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from crm_lab.domain.ids import new_ids
from crm_lab.domain.ledger import CONTROL_ACCOUNT, Ledger, MatchRule, PostingKind, linked
from crm_lab.domain.payments import PaymentState, PlacedBy
from crm_lab.services.ledger.links import Links
from crm_lab.services.payments.placing import Placed, Placing
from crm_lab.store import tables
from crm_lab.store.bulk import load, settle
from crm_lab.store.merges import now_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal
    from uuid import UUID

    from crm_lab.store.records import Row, Work

COUNTED = {PaymentState.BOOKED: "n_booked", PaymentState.UNPLACED: "n_unplaced", PaymentState.KNOWN: "n_known", PaymentState.FAULTY: "n_faulty"}
KEPT = (PaymentState.BOOKED, PaymentState.UNPLACED)


def book(work: Work, file: Row) -> dict[str, int]:
    """Settle what becomes of every staged line; how many of each, by the columns of `payment_file`."""
    m = tables.payment
    waiting = (PaymentState.STAGED, PaymentState.TOTAL)
    staged = select(m).where(and_(m.c.payment_file_id == file["id"], m.c.state.in_(waiting))).order_by(m.c.line)
    rows: list[Row] = work.frame(staged).to_pylist()
    _mark_known(work, file, rows)
    fresh = [row for row in rows if row["state"] == PaymentState.STAGED]
    _place(work, file["id"], fresh)
    booked = [row for row in fresh if row["state"] == PaymentState.BOOKED]
    post(work, file["id"], booked)
    settle(work.connection, m, rows, ("state", "reason", "posting_id"))
    _link_reversals(work, booked)
    n = select(m.c.state, func.count().label("n")).where(m.c.payment_file_id == file["id"]).group_by(m.c.state)
    counts = {row["state"]: row["n"] for row in work.rows(n)}
    return {column: counts.get(state, 0) for state, column in COUNTED.items()}


def _mark_known(work: Work, file: Row, rows: list[Row]) -> None:
    """Money that another file told of before: the same account, day, amount, KID and payer, as many times.

    The bank's reference decides where files of one format have it on both: another reference is other money.
    """
    told = _told_before(work, file["id"])
    for row in rows:
        before = told.get((row["same_money"], row["state"] == PaymentState.TOTAL), [])
        same = next((b for b in before if b[0] == row["reference"] != ""), None)
        like = next((b for b in before if b[1] != file["format"] or not b[0] or not row["reference"]), None)
        found = same or like
        if found is not None:
            before.remove(found)
            row["state"], row["reason"] = PaymentState.KNOWN, ""


def _told_before(work: Work, file_id: UUID) -> dict[tuple[str, bool], list[tuple[str, str]]]:
    """(reference, format) of every payment kept from other files that says the same as one of this file; lump sums apart."""
    m, f, mine = tables.payment, tables.payment_file, tables.payment.alias("mine")
    wanted = select(mine.c.same_money).where(mine.c.payment_file_id == file_id).distinct().subquery()
    query = select(m.c.same_money, m.c.state, m.c.reference, f.c.format).join(wanted, wanted.c.same_money == m.c.same_money)
    query = query.join(f, f.c.id == m.c.payment_file_id).where(and_(m.c.payment_file_id != file_id, m.c.state.in_((*KEPT, PaymentState.TOTAL))))
    told: dict[tuple[str, bool], list[tuple[str, str]]] = defaultdict(list)
    for row in work.frame(query).to_pylist():
        told[row["same_money"], row["state"] == PaymentState.TOTAL].append((row["reference"], row["format"]))
    return told


def _place(work: Work, file_id: UUID, rows: list[Row]) -> None:
    """Note whose each payment is, and for a reversal which payment it takes back."""
    placing, taken = Placing(work, file_id, rows), _taken_back(work, file_id)
    for row in rows:
        back = _original(row, taken, rows) if row["is_reversal"] else None
        found = placing.of(row) if back is None else Placed(back["customer_id"], PlacedBy.REVERSAL)
        row["reverses"] = back
        row["customer_id"], row["reason"] = found.customer_id, found.by
        row["state"] = PaymentState.UNPLACED if found.customer_id is None else PaymentState.BOOKED


def _taken_back(work: Work, file_id: UUID) -> dict[tuple[Any, ...], list[Row]]:
    """Earlier payments that reversals of this file may mean, not yet taken back, newest first."""
    m, mine, p, r = tables.payment, tables.payment.alias("mine"), tables.posting, tables.posting.alias("reversing")
    c = tables.customer
    wanted = select(mine.c.kid, mine.c.payer_account, mine.c.amount).where(and_(mine.c.payment_file_id == file_id, mine.c.is_reversal)).distinct()
    back = wanted.subquery()
    same = and_(func.ltrim(m.c.kid, "0") == func.ltrim(back.c.kid, "0"), m.c.payer_account == back.c.payer_account, m.c.amount == -back.c.amount)
    query = select(m, now_of(c).label("customer_id"), p.c.id.label("original_id")).join(back, same).join(p, p.c.id == m.c.posting_id)
    query = query.join(c, c.c.id == p.c.customer_id)
    query = query.outerjoin(r, r.c.reverses_id == p.c.id).where(and_(m.c.state == PaymentState.BOOKED, r.c.id.is_(None)))
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in work.rows(query.order_by(m.c.posted_on.desc())):
        found[_said(row, row["amount"])].append(row)
    return found


def _original(row: Row, earlier: dict[tuple[Any, ...], list[Row]], rows: Iterable[Row]) -> Row | None:
    """The payment a reversal takes back: of this file, which was placed before it, or of an earlier one."""
    key = _said(row, -row["amount"])
    here = [r for r in rows if r.get("customer_id") and not r.get("is_taken_back") and _said(r, r["amount"]) == key and r["posted_on"] <= row["posted_on"]]
    before = [r for r in earlier.get(key, []) if not r.get("is_taken_back") and r["posted_on"] <= row["posted_on"]]
    found = next(iter([*here[::-1], *before]), None)
    if found is not None:
        found["is_taken_back"] = True
    return found


def _said(row: Row, amount: Decimal) -> tuple[Any, ...]:
    return row["kid"].lstrip("0"), row["payer_account"], row["account"], row["currency"], amount


def post(work: Work, file_id: UUID, rows: list[Row]) -> None:
    """Post placed payments on their customers; each row gets its `posting_id`."""
    for row, key in zip(rows, new_ids(len(rows)), strict=True):
        row["posting_id"] = key
    first = work.next_number("posting", 1, len(rows)) if rows else 0
    copies: Counter[str] = Counter()
    had = _copies(work, rows)
    made = []
    for number, row in enumerate(rows, first):
        copies[row["same_money"]] += 1
        back = row.get("reverses")
        made.append({
            "id": row["posting_id"], "number": number, "customer_id": row["customer_id"], "ledger": Ledger.RECEIVABLE,
            "account": CONTROL_ACCOUNT[Ledger.RECEIVABLE], "kind": PostingKind.PAYMENT, "document_number": "", "voucher": row["reference"],
            "posted_on": row["posted_on"], "due_on": None, "amount": -row["amount"], "currency": row["currency"], "kid": row["kid"],
            "text": row["text"], "payer_name": row["payer_name"], "payer_account": row["payer_account"], "source_id": file_id,
            "source_key": f"{row['same_money']}|{had[row['same_money']] + copies[row['same_money']]}",
            "reverses_id": back.get("original_id", back["posting_id"]) if back else None,
            "created_by": work.actor.id if work.actor else None, "created_at": work.now,
        })  # fmt: skip
    load(work.connection, tables.posting, made)


def _copies(work: Work, rows: list[Row]) -> Counter[str]:
    """How often the same money was posted before, undone ones included: keys are never used twice."""
    m = tables.payment
    had: Counter[str] = Counter()
    if not rows:
        return had
    mine = m.alias("mine")
    wanted = select(mine.c.same_money).where(mine.c.id.in_([rows[0]["id"]]) if len(rows) == 1 else mine.c.payment_file_id == rows[0]["payment_file_id"])
    query = select(m.c.same_money, func.count().label("n")).where(and_(m.c.same_money.in_(wanted), m.c.posting_id.is_not(None)))
    had.update({row["same_money"]: row["n"] for row in work.frame(query.group_by(m.c.same_money)).to_pylist()})
    return had


def _link_reversals(work: Work, rows: list[Row]) -> None:
    """Link each reversal with what it takes back: into that one's match, whose claims are then open again."""
    for row in rows:
        back = row.get("reverses")
        if back is None:
            continue
        pair = (back.get("original_id", back["posting_id"]), row["posting_id"])
        links = Links.of_postings(work, pair)
        links.save(linked(links.now, pair, 0 if links.now else links.next_number()), rule=MatchRule.REVERSAL)

