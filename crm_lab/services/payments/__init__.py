"""Money that comes in: files are staged in pieces, booked at once, and taken back as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyarrow as pa
from sqlalchemy import BigInteger, Integer, String, and_, case, delete, func, insert, literal, or_, select, update
from sqlalchemy import cast as sql_cast

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id, new_ids
from crm_lab.domain.ledger import dissolved
from crm_lab.domain.payments import (
    PayerHabit,
    Payment,
    PaymentFault,
    PaymentFile,
    PaymentFormat,
    PaymentState,
    PlacedBy,
    bare_account,
)
from crm_lab.domain.values import clean_text
from crm_lab.errors import Conflict, Forbidden, InvalidInput, NotFound
from crm_lab.i18n import _, number
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.customers import shown_name
from crm_lab.services.ledger.links import Links, take_back
from crm_lab.services.payments.booking import book, post
from crm_lab.services.payments.placing import habits
from crm_lab.store import tables
from crm_lab.store.bulk import load, settle
from crm_lab.store.merges import now_of
from crm_lab.store.records import as_record

if TYPE_CHECKING:
    from crm_lab.store.records import Row

MOST_A_PIECE, LONGEST_NAME, LONGEST_REFERENCE = 5000, 250, 140
STALE = timedelta(days=1)


class AlreadyBooked(Conflict):
    """A file is booked once; reading it again makes a new one."""

    def __init__(self) -> None:
        super().__init__(_("This file has been booked already. Choose the file again to read it anew."))


class NotUnplaced(Conflict):
    """The payment has been placed or taken back by somebody."""

    def __init__(self) -> None:
        super().__init__(_("This payment is not waiting for a customer any longer. Look at the list again."))


class Payments(Service):
    """Payments as banks tell of them. Accountants and administrators only; private parties stay a number."""

    @reads()
    def files(self) -> list[PaymentFile]:
        """The files that were booked, newest first."""
        self._check_role()
        f = tables.payment_file
        return [as_record(PaymentFile, row) for row in self.work.rows(select(f).where(f.c.booked_at.is_not(None)).order_by(f.c.booked_at.desc()))]

    @reads()
    def lines(self, *, id: UUID) -> pa.Table:  # noqa: A002 - the wire's word
        """What became of every line of a file, and why; columns of `unplaced`."""
        self._check_role()
        return self._lines(tables.payment.c.payment_file_id == id)

    @reads()
    def unplaced(self) -> pa.Table:
        """Money that came in and belongs to nobody yet, oldest first.

        Returns
        -------
        payment_id, file, line, state, reason, posted_on, amount_minor (øre), currency, kid, text, payer_name, payer_account,
        reference, customer_number, customer_name.
        """
        self._check_role()
        return self._lines(tables.payment.c.state == PaymentState.UNPLACED)

    @reads()
    def totals(self) -> pa.Table:
        """Lump sums that came in by statements beside the payments other files told of, for each account and day; amounts in øre.

        Returns
        -------
        account, posted_on, currency, told_minor, detailed_minor, rest_minor: a rest above 0 is money whose details are
        still to come.
        """
        self._check_role()
        m = tables.payment
        minor = sql_cast(m.c.amount * literal(100, Integer), BigInteger)
        told, detailed = (
            sql_cast(func.coalesce(func.sum(case((m.c.state.in_(states), minor), else_=0)), 0), BigInteger)
            for states in ((PaymentState.TOTAL,), (PaymentState.BOOKED, PaymentState.UNPLACED))
        )
        place = (m.c.account, m.c.posted_on, m.c.currency)
        sums = (told.label("told_minor"), detailed.label("detailed_minor"), (told - detailed).label("rest_minor"))
        query = select(*place, *sums).where(m.c.amount > 0).group_by(*place).having(told != 0).order_by(m.c.posted_on, m.c.account)
        return self.work.frame(query)

    @reads()
    def habits(self) -> list[PayerHabit]:
        """The rules learned from the past: accounts that pay for one customer only."""
        self._check_role()
        c = tables.customer
        every = habits(tables.payment.c.state == PaymentState.BOOKED).subquery()
        query = select(every, c.c.number.label("customer_number")).join(c, and_(c.c.id == every.c.customer_id, self.work.visible_to(c)))
        rows = self.work.rows(query.order_by(every.c.n_payments.desc(), every.c.key))
        return [as_record(PayerHabit, row | {"payer_account": row["key"]}) for row in rows]

    @writes()
    def start(self, *, name: str, format: PaymentFormat, sha256: str = "") -> PaymentFile:  # noqa: A002 - the column's name
        """Begin with a file; what was begun and left lying for a day is thrown away."""
        self._check_role()
        f, m = tables.payment_file, tables.payment
        stale = select(f.c.id).where(and_(f.c.booked_at.is_(None), f.c.read_at < self.work.now - STALE))
        old = [row["id"] for row in self.work.rows(stale)]
        self.work.connection.execute(delete(m).where(m.c.payment_file_id.in_(old)))
        self.work.connection.execute(delete(f).where(f.c.id.in_(old)))
        made = PaymentFile(id=new_id(), name=clean_text(name, "name", max_length=LONGEST_NAME), format=format, read_at=self.work.now)
        row = {"id": made.id, "name": made.name, "format": format, "read_at": made.read_at, "employee_id": self.actor.id}
        self.work.connection.execute(insert(f), [row | {"sha256": clean_text(sha256, "sha256", max_length=64)}])
        return made

    @writes()
    def stage(self, *, id: UUID, payments: list[Payment], faults: list[PaymentFault] = []) -> int:  # noqa: A002, B006 - not changed
        """Keep a piece of the file until it is booked; how many lines it had. Lump sums come with their details left out."""
        self._open(id)
        if len(payments) + len(faults) > MOST_A_PIECE:
            raise InvalidInput(_("Send at most {n} rows at a time.", n=number(MOST_A_PIECE)), "payments")
        rows = [_row(id, key, payment) for key, payment in zip(new_ids(len(payments)), payments, strict=True)]
        rows += [_fault_row(id, fault) for fault in faults]
        load(self.work.connection, tables.payment, rows)
        return len(rows)

    @writes()
    def book(self, *, id: UUID) -> PaymentFile:  # noqa: A002 - the wire's word
        """Book all of a file that nobody told of before. Money of an unknown payer waits in `unplaced`.

        Raises
        ------
        Forbidden, NotFound, AlreadyBooked
        """
        file, f = self._open(id), tables.payment_file
        counts = book(self.work, file)
        done = counts | {"booked_at": self.work.now, "request_id": self.work.request_id}
        self.work.connection.execute(update(f).where(f.c.id == id).values(**done))
        self.work.note(f, file, None, file | done)
        return as_record(PaymentFile, file | done)

    @writes()
    def discard(self, *, id: UUID) -> None:  # noqa: A002 - the wire's word
        """Throw away a file that is not to be booked after all."""
        f, m = tables.payment_file, tables.payment
        self._open(id)
        self.work.connection.execute(delete(m).where(m.c.payment_file_id == id))
        self.work.connection.execute(delete(f).where(f.c.id == id))

    @writes()
    def place(self, *, payment_id: UUID, customer_id: UUID) -> None:
        """Say whose a waiting payment is: it is posted there. Raises `NotUnplaced`, `NotFound`."""
        self._check_role()
        m, c = tables.payment, tables.customer
        row = self.work.one(select(m).where(m.c.id == payment_id))
        if row is None or not self.work.scalar(select(c.c.id).where(and_(c.c.id == customer_id, self.work.visible_to(c)))):
            raise NotFound(_("There is no such record, or you may not see it."))
        if row["state"] != PaymentState.UNPLACED:
            raise NotUnplaced
        placed = row | {"customer_id": customer_id, "state": PaymentState.BOOKED, "reason": PlacedBy.PERSON}
        post(self.work, row["payment_file_id"], [placed])
        settle(self.work.connection, m, [placed], ("state", "reason", "posting_id"))
        self.work.note(m, row, row, {name: placed[name] for name in row})

    @writes()
    def undo(self, *, id: UUID) -> PaymentFile:  # noqa: A002 - the wire's word
        """Take a whole file back: each posting gets its opposite, and the file can be read again.

        Raises
        ------
        Forbidden, NotFound, StillLinked
        """
        self._check_role()
        m, f = tables.payment, tables.payment_file
        file = self.work.one(select(f).where(and_(f.c.id == id, f.c.booked_at.is_not(None), f.c.undone_at.is_(None))))
        if file is None:
            raise NotFound(_("There is no such file, or it has been taken back already."))
        own = self._made_by_machine(file)
        if own:
            links = Links.of_matches(self.work, own)
            links.save(dissolved(links.now, own))
        take_back(self.work, [row["posting_id"] for row in self.work.rows(select(m.c.posting_id).where(and_(m.c.payment_file_id == id, m.c.posting_id.is_not(None))))])
        self.work.connection.execute(update(m).where(m.c.payment_file_id == id).values(state=PaymentState.UNDONE))
        self.work.connection.execute(update(f).where(f.c.id == id).values(undone_at=self.work.now))
        self.work.note(f, file, file, file | {"undone_at": self.work.now})
        return replace(as_record(PaymentFile, file), undone_at=self.work.now)

    def _made_by_machine(self, file: Row) -> list[int]:
        """The matches of a file's postings that nobody made by hand: those of its booking, and of rules that ran by themselves."""
        m, g, i, r = tables.payment, tables.match_group, tables.match_item, tables.match_run
        automatic = select(r.c.id).where(r.c.is_automatic)
        of_file = select(m.c.posting_id).where(and_(m.c.payment_file_id == file["id"], m.c.posting_id.is_not(None)))
        mine = and_(i.c.unlinked_at.is_(None), i.c.posting_id.in_(of_file), or_(g.c.request_id == file["request_id"], g.c.request_id.in_(automatic)))
        return [row["number"] for row in self.work.rows(select(g.c.number).distinct().join(i, i.c.match_id == g.c.id).where(mine))]

    def _check_role(self) -> None:
        if not (self.actor.has(Role.ACCOUNTANT) or self.actor.has(Role.ADMIN)):
            raise Forbidden(_("Only accountants and administrators see and book payments."))

    def _open(self, file_id: UUID) -> Row:
        self._check_role()
        f = tables.payment_file
        row = self.work.one(select(f).where(and_(f.c.id == file_id, f.c.employee_id == self.actor.id)))
        if row is None:
            raise NotFound(_("There is no such file of yours. Choose the file again."))
        if row["booked_at"] is not None:
            raise AlreadyBooked
        return row

    def _lines(self, which: Any) -> pa.Table:
        m, f, p, c, e = tables.payment, tables.payment_file, tables.posting, tables.customer, tables.employee
        own = c.alias("own")
        seen = or_(p.c.id.is_(None), self.work.visible_to(c))
        before, after = _("Private (owned by {owner})", owner="\0").split("\0")
        private = literal(before) + func.coalesce(e.c.name, "?") + literal(after)
        query = (
            select(
                sql_cast(m.c.id, String).label("payment_id"), f.c.name.label("file"), m.c.line, m.c.state, m.c.reason, m.c.posted_on,
                sql_cast(m.c.amount * literal(100, Integer), BigInteger).label("amount_minor"), m.c.currency, m.c.kid,
                *(case((seen, m.c[name]), else_="").label(name) for name in ("text", "payer_name", "payer_account", "reference")),
                c.c.number.label("customer_number"), case((p.c.id.is_(None), None), (seen, shown_name()), else_=private).label("customer_name"),
            )
            .join(f, f.c.id == m.c.payment_file_id).outerjoin(p, p.c.id == m.c.posting_id).outerjoin(own, own.c.id == p.c.customer_id)
            .outerjoin(c, c.c.id == now_of(own))
            .outerjoin(e, e.c.id == c.c.owner_id).where(and_(which, f.c.booked_at.is_not(None))).order_by(m.c.posted_on, f.c.read_at, m.c.line)
        )  # fmt: skip
        return self.work.frame(query)


def _row(file_id: UUID, key: UUID, payment: Payment) -> Row:
    """A payment as it waits: what is no customer's money is settled at once."""
    comes_in = payment.money.amount > 0 or payment.is_reversal
    is_zero = not payment.money.amount
    state = (
        PaymentState.FAULTY if is_zero
        else PaymentState.TOTAL if payment.is_lump_sum and comes_in
        else PaymentState.OUTGOING if not comes_in
        else PaymentState.STAGED
    )  # fmt: skip
    sent = f" ({payment.instructed.amount} {payment.instructed.currency})" if payment.instructed else ""
    return {
        "id": key, "payment_file_id": file_id, "line": payment.line, "state": state, "reason": _("The amount is 0.") if is_zero else "",
        "account": bare_account(payment.account), "posted_on": payment.posted_on, "value_on": payment.value_on, "amount": payment.money.amount,
        "currency": payment.money.currency, "kid": payment.kid[:LONGEST_REFERENCE], "text": f"{payment.text}{sent}".strip(),
        "payer_name": payment.payer_name, "payer_account": bare_account(payment.payer_account), "reference": payment.reference,
        "is_reversal": payment.is_reversal, "same_money": payment.same_money, "posting_id": None,
    }  # fmt: skip


def _fault_row(file_id: UUID, fault: PaymentFault) -> Row:
    empty = {c.name: "" for c in tables.payment.c if c.type.python_type is str}
    row = empty | {"id": new_id(), "payment_file_id": file_id, "line": fault.line, "state": PaymentState.FAULTY, "reason": fault.reason[:500]}
    return row | {"amount": 0, "is_reversal": False}
