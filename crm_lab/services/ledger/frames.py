"""The subledgers as frames: postings open and closed, balances by age, the matches there are. All amounts in øre."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Integer, String, and_, bindparam, case, func, literal, null, or_, select, true
from sqlalchemy import cast as sql_cast

from crm_lab.domain.ledger import ItemState, Ledger, Standing
from crm_lab.domain.values import Money
from crm_lab.i18n import OSLO, _, business_day
from crm_lab.services.customers import shown_name
from crm_lab.services.ledger.links import visible_to_bookkeeper
from crm_lab.store import tables
from crm_lab.store.merges import all_of, now_of

if TYPE_CHECKING:
    from uuid import UUID

    import pyarrow as pa
    from sqlalchemy import ColumnElement, Select, Subquery

    from crm_lab.store.records import Work

AGES = (("not_due", None, 0), ("d1_30", 1, 30), ("d31_60", 31, 60), ("d61_90", 61, 90), ("d91_on", 91, None))
"""The columns of an ageing, with the first and the last day past due of each."""


def items(work: Work, state: ItemState, ledger: Ledger, customer_id: UUID | None, as_of: date | None) -> pa.Table:
    """Postings as the caller may see them, oldest first.

    Returns
    -------
    posting_id, number, customer_id, customer_number, customer_name, posted_number (of the party it was posted on, which
    may have been merged into that customer since), ledger, account, kind, document_number, voucher,
    posted_on, due_on, amount_minor, currency, kid, text, payer_name, payer_account, match_number, residual_minor (of the
    match, else the amount), closed_on. Of a private party an accountant gets the number in place of the id, and no names.
    """
    p, c, e, own = tables.posting, tables.customer, tables.employee, tables.customer.alias("own")
    link, total = _links(ledger, customer_id, as_of), _totals(ledger, customer_id, as_of)
    residual = func.coalesce(total.c.residual, p.c.amount)
    is_closed = and_(total.c.residual.is_not(None), total.c.residual == 0)
    wanted = {ItemState.OPEN: ~func.coalesce(is_closed, False), ItemState.CLOSED: is_closed, ItemState.ALL: true()}[state]
    seen = work.visible_to(c)
    query = (
        select(
            sql_cast(p.c.id, String).label("posting_id"),
            p.c.number,
            *_party(work),
            own.c.number.label("posted_number"),
            *(p.c[name] for name in ("ledger", "account", "kind", "document_number", "voucher", "posted_on", "due_on")),
            _minor(p.c.amount).label("amount_minor"),
            p.c.currency,
            p.c.kid,
            *(case((seen, p.c[name]), else_="").label(name) for name in ("text", "payer_name", "payer_account")),
            total.c.number.label("match_number"),
            _minor(residual).label("residual_minor"),
            case((is_closed, total.c.closed_on), else_=null()).label("closed_on"),
        )
        .join(own, own.c.id == p.c.customer_id)
        .join(c, c.c.id == now_of(own))
        .outerjoin(e, e.c.id == c.c.owner_id)
        .outerjoin(link, link.c.posting_id == p.c.id)
        .outerjoin(total, total.c.match_id == link.c.match_id)
        .where(and_(_postings(ledger, customer_id, as_of), wanted, visible_to_bookkeeper(work, p)))
        .order_by(p.c.posted_on, p.c.number)
    )
    return work.frame(query)


def ageing(work: Work, ledger: Ledger, customer_id: UUID | None, as_of: date | None, *, by_party: bool) -> pa.Table:
    """What is owed by days past due, per party and currency or per currency.

    A match with a residual is one debt, as old as its oldest unpaid posting; what stands on the other side is `unplaced`.

    Returns
    -------
    With `by_party` customer_id, customer_number, customer_name; then currency, n_open, balance_minor, overdue_minor,
    not_due_minor, d1_30_minor … d91_on_minor, unplaced_minor. Debts are positive in both ledgers.
    """
    unit, c, e = _units(ledger, customer_id, as_of), tables.customer, tables.employee
    day = as_of or business_day(work.now)
    late = literal(day) - unit.c.due_on
    query = select(unit.c.currency, sql_cast(func.sum(unit.c.n), BigInteger).label("n_open"), _sum(unit.c.debt, true()).label("balance_minor"))
    owed = unit.c.debt > 0
    query = query.add_columns(_sum(unit.c.debt, and_(owed, late > 0)).label("overdue_minor"))
    for name, first, last in AGES:
        between = and_(owed, true() if first is None else late >= first, true() if last is None else late <= last)
        query = query.add_columns(_sum(unit.c.debt, between).label(f"{name}_minor"))
    query = query.add_columns(_sum(-unit.c.debt, unit.c.debt < 0).label("unplaced_minor"))
    if not by_party:
        return work.frame(query.group_by(unit.c.currency).order_by(unit.c.currency))
    party = _party(work)
    query = query.join(c, c.c.id == unit.c.customer_id).outerjoin(e, e.c.id == c.c.owner_id)
    query = query.add_columns(*party).where(visible_to_bookkeeper(work, unit))
    return work.frame(query.group_by(*party, unit.c.currency).order_by(c.c.number, unit.c.currency))


def standing(work: Work, customer_id: UUID, *, has_merged: bool = True) -> list[Standing]:
    """What stands open today in both ledgers at a party and those merged into it: the figures of `ageing` at a quarter of its cost.

    Whether any were merged into it need not be asked where `has_merged` says that none was.
    """
    parties = [row["id"] for row in work.rows(all_of(tables.customer, customer_id))] if has_merged else [customer_id]
    rows = work.rows(_standing(), {"parties": parties, "today": business_day(work.now)})
    found = [
        Standing(
            ledger=Ledger(row["ledger"]), balance=Money.from_minor(row["balance"], row["currency"]),
            overdue=Money.from_minor(row["overdue"], row["currency"]),
        )
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda s: (s.ledger != Ledger.RECEIVABLE, s.balance.currency != "NOK", s.balance.currency))


@cache
def _standing() -> Select[Any]:
    """ledger, currency, balance and overdue at `parties` on the day `today`; built once, for building it costs as much as asking."""
    p, i = tables.posting, tables.match_item
    debt = p.c.amount * case((p.c.ledger == Ledger.RECEIVABLE, 1), else_=-1)
    due = func.min(case((debt > 0, func.coalesce(p.c.due_on, p.c.posted_on)), else_=null()))
    units = select(p.c.ledger, p.c.currency, func.sum(debt).label("debt"), due.label("due_on"))
    units = units.outerjoin(i, and_(i.c.posting_id == p.c.id, i.c.unlinked_at.is_(None)))
    units = units.where(p.c.customer_id.in_(bindparam("parties", expanding=True)))
    unit = units.group_by(p.c.ledger, p.c.currency, func.coalesce(i.c.match_id, p.c.id)).subquery()
    is_late = and_(unit.c.debt > 0, unit.c.due_on < bindparam("today"))
    sums = [_minor(func.sum(unit.c.debt)).label("balance"), _sum(unit.c.debt, is_late).label("overdue")]
    return select(unit.c.ledger, unit.c.currency, *sums).group_by(unit.c.ledger, unit.c.currency)


def matches(work: Work, customer_id: UUID | None) -> pa.Table:
    """The matches that hold postings, newest first.

    Returns
    -------
    number, customer_number, ledger, currency, rule, reason, made_at, who, request_id, n_postings, residual_minor.
    """
    g, i, p, c, e = tables.match_group, tables.match_item, tables.posting, tables.customer, tables.employee
    own = c.alias("own")
    told = [g.c.number, c.c.number.label("customer_number"), g.c.ledger, g.c.currency, g.c.rule, g.c.reason, g.c.made_at]
    told += [func.coalesce(e.c.name, "").label("who"), sql_cast(g.c.request_id, String).label("request_id")]
    query = (
        select(*told, func.count().label("n_postings"), _minor(func.sum(p.c.amount)).label("residual_minor"))
        .join(i, and_(i.c.match_id == g.c.id, i.c.unlinked_at.is_(None)))
        .join(p, p.c.id == i.c.posting_id)
        .join(own, own.c.id == g.c.customer_id)
        .join(c, c.c.id == now_of(own))
        .outerjoin(e, e.c.id == g.c.made_by)
        .where(and_(visible_to_bookkeeper(work, g), c.c.id == customer_id if customer_id else true()))
        .group_by(*told)
        .order_by(g.c.number.desc())
    )
    return work.frame(query)


def _party(work: Work) -> tuple[ColumnElement[Any], ...]:
    """customer_id, customer_number, customer_name as the caller may know them; wants `employee` joined as the owner."""
    c, e = tables.customer, tables.employee
    seen = work.visible_to(c)
    before, after = _("Private (owned by {owner})", owner="\0").split("\0")
    name = case((seen, shown_name()), else_=literal(before) + func.coalesce(e.c.name, "?") + literal(after))
    key = case((seen, sql_cast(c.c.id, String)), else_=sql_cast(c.c.number, String))
    return key.label("customer_id"), c.c.number.label("customer_number"), name.label("customer_name")


def _postings(ledger: Ledger, customer_id: UUID | None, as_of: date | None) -> ColumnElement[bool]:
    p = tables.posting
    rules = [p.c.ledger == ledger, *([p.c.customer_id.in_(all_of(tables.customer, customer_id))] if customer_id else []), *([p.c.posted_on <= as_of] if as_of else [])]
    return and_(*rules)


def _links(ledger: Ledger, customer_id: UUID | None, as_of: date | None) -> Subquery:
    """posting_id, match_id of the links there are, or there were when the day `as_of` ended in Oslo."""
    i, p = tables.match_item, tables.posting
    there: ColumnElement[bool] = i.c.unlinked_at.is_(None)
    if as_of:
        midnight = datetime.combine(as_of + timedelta(days=1), time(), OSLO)
        there = and_(i.c.linked_at < midnight, or_(i.c.unlinked_at.is_(None), i.c.unlinked_at >= midnight))
    query = select(i.c.posting_id, i.c.match_id, p.c.amount, p.c.posted_on).join(p, p.c.id == i.c.posting_id)
    return query.where(and_(there, _postings(ledger, customer_id, as_of))).subquery()


def _totals(ledger: Ledger, customer_id: UUID | None, as_of: date | None) -> Subquery:
    """match_id, number, residual, closed_on (the day of its last posting) of each match."""
    link, g = _links(ledger, customer_id, as_of), tables.match_group
    total = select(link.c.match_id, func.sum(link.c.amount).label("residual"), func.max(link.c.posted_on).label("closed_on"))
    summed = total.group_by(link.c.match_id).subquery()
    return select(summed, g.c.number).join(g, g.c.id == summed.c.match_id).subquery()


def _units(ledger: Ledger, customer_id: UUID | None, as_of: date | None) -> Subquery:
    """customer_id, currency, debt, due_on, n of everything open: single postings, and matches as one."""
    p, link = tables.posting, _links(ledger, customer_id, as_of)
    side = 1 if ledger is Ledger.RECEIVABLE else -1
    debt = p.c.amount * side
    key = func.coalesce(link.c.match_id, p.c.id)
    due = func.min(case((debt > 0, func.coalesce(p.c.due_on, p.c.posted_on)), else_=null()))
    own = tables.customer.alias("own")
    whose = now_of(own).label("customer_id")
    query = select(whose, p.c.currency, func.sum(debt).label("debt"), due.label("due_on"), func.count().label("n"))
    query = query.join(own, own.c.id == p.c.customer_id).outerjoin(link, link.c.posting_id == p.c.id).where(_postings(ledger, customer_id, as_of))
    return query.group_by(whose, p.c.currency, key).having(func.sum(debt) != 0).subquery()


def _minor(amount: ColumnElement[Any]) -> ColumnElement[int]:
    """Kroner as whole øre."""
    return sql_cast(amount * literal(100, Integer), BigInteger)


def _sum(amount: ColumnElement[Any], which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(_minor(func.sum(case((which, amount), else_=null()))), 0)
