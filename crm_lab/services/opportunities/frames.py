"""Opportunities as frames: what analysts, lists and totals are made of.

Totals count what is hidden from the caller too: such a row has its figures, its owner and its stage, and no word of what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, String, case, cast, func, literal, select

from crm_lab.domain.opportunities import CERTAIN, OpportunityStatus
from crm_lab.services.customers import shown_name
from crm_lab.store import tables

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause, Select, Subquery

    from crm_lab.store.records import Work


def minor(column: ColumnElement[Any]) -> ColumnElement[int]:
    """A column of money in whole øre."""
    return cast(column * literal(100), BigInteger)


def share(o: FromClause) -> ColumnElement[int]:
    """How many percent of an amount counts: all of what is won, nothing of what is lost."""
    return case((o.c.status == OpportunityStatus.WON, CERTAIN), (o.c.status == OpportunityStatus.LOST, 0), else_=o.c.probability)


def weighted(amount: ColumnElement[Any], o: FromClause) -> ColumnElement[int]:
    """An amount times its probability in whole øre, as `Opportunity.weighted`."""
    return cast(func.round(amount * share(o)), BigInteger)


def person() -> ColumnElement[str]:
    """A contact's name."""
    p = tables.contact
    return func.trim(p.c.first_name + " " + p.c.last_name)


def marked(work: Work) -> Subquery:
    """Every opportunity there is, with `seen`: whether the caller may know what it is; and its customer and contact where that is so."""
    o = tables.opportunity
    asked = select(o, case((work.visible_to(o), True), else_=False).label("seen")).subquery("asked")
    known = (case((asked.c.seen, asked.c[f"{party}_id"])).label(f"seen_{party}_id") for party in ("customer", "contact"))
    return select(asked, *known).subquery("marked")


def everything(work: Work) -> Select[Any]:
    """One row an opportunity, those created first on top."""
    o, c, p = marked(work), tables.customer, tables.contact
    e, s, line = tables.employee, tables.stage, tables.pipeline
    source, kind, reason = (tables.sales_choice.alias(name) for name in ("source", "kind", "reason"))

    def told(column: ColumnElement[Any], name: str = "") -> ColumnElement[Any]:
        return func.coalesce(case((o.c.seen, column)), "").label(name or column.key)

    return (
        select(
            cast(o.c.id, String).label("id"), told(o.c.title), cast(o.c.seen_customer_id, String).label("customer_id"),
            func.coalesce(shown_name(), "").label("customer"), c.c.number.label("customer_number"), func.coalesce(person(), "").label("contact"),
            cast(o.c.owner_id, String).label("owner_id"), func.coalesce(e.c.name, "").label("owner"),
            line.c.name.label("pipeline"), cast(o.c.stage_id, String).label("stage_id"), s.c.name.label("stage"), s.c.position.label("stage_position"),
            s.c.probability.label("stage_probability"), o.c.status, minor(o.c.amount).label("amount_minor"), o.c.currency,
            minor(o.c.amount_nok).label("amount_nok_minor"), weighted(o.c.amount_nok, o).label("weighted_nok_minor"), o.c.is_recurring,
            o.c.probability, o.c.probability_from, o.c.category, o.c.expected_close_on, o.c.first_close_on, o.c.n_pushes,
            func.coalesce(source.c.name, "").label("source"), func.coalesce(kind.c.name, "").label("type"), told(o.c.competitor), told(o.c.next_step),
            case((o.c.seen, o.c.next_step_on)).label("next_step_on"), func.coalesce(reason.c.name, "").label("lost_reason"),
            told(o.c.lost_reason, "lost_note"), told(o.c.products), o.c.created_at, o.c.stage_since, o.c.touched_at, o.c.closed_at, o.c.closed_on,
            case((o.c.seen, False), else_=True).label("is_private"),
        )
        .join(s, s.c.id == o.c.stage_id)
        .join(line, line.c.id == s.c.pipeline_id)
        .outerjoin(c, c.c.id == o.c.seen_customer_id)
        .outerjoin(p, p.c.id == o.c.seen_contact_id)
        .outerjoin(e, e.c.id == o.c.owner_id)
        .outerjoin(source, source.c.id == o.c.source_id)
        .outerjoin(kind, kind.c.id == o.c.type_id)
        .outerjoin(reason, reason.c.id == o.c.lost_reason_id)
        .order_by(o.c.created_at, o.c.id)
    )  # fmt: skip


def listed(work: Work) -> Select[Any]:
    """What the caller may see, those expected first on top."""
    o, c, p, e = tables.opportunity, tables.customer, tables.contact, tables.employee
    s, reason = tables.stage, tables.sales_choice
    return (
        select(
            cast(o.c.id, String).label("id"), o.c.title, func.coalesce(shown_name(), "").label("customer"), c.c.number.label("customer_number"),
            func.coalesce(person(), "").label("contact"), func.coalesce(e.c.name, "").label("owner"), s.c.name.label("stage"), o.c.status,
            minor(o.c.amount).label("amount_minor"), o.c.currency, o.c.probability, weighted(o.c.amount, o).label("weighted_minor"), o.c.category,
            o.c.expected_close_on, o.c.closed_on, o.c.next_step, func.coalesce(reason.c.name, o.c.lost_reason).label("lost_reason"), o.c.created_at, o.c.closed_at,
        )
        .join(s, s.c.id == o.c.stage_id)
        .outerjoin(c, c.c.id == o.c.customer_id)
        .outerjoin(p, p.c.id == o.c.contact_id)
        .outerjoin(e, e.c.id == o.c.owner_id)
        .outerjoin(reason, reason.c.id == o.c.lost_reason_id)
        .where(work.visible_to(o))
        .order_by(o.c.expected_close_on.asc().nulls_last(), o.c.created_at.desc(), o.c.id)
    )  # fmt: skip


def shares() -> Subquery:
    """Who is credited with how many percent of each opportunity: the owner with all of one that names no sellers."""
    o, s = tables.opportunity, tables.opportunity_seller
    alone = select(o.c.id, o.c.owner_id, literal(CERTAIN)).outerjoin(s, s.c.opportunity_id == o.c.id).where(s.c.id.is_(None))
    return select(s.c.opportunity_id, s.c.employee_id, s.c.percent).union_all(alone).subquery("shares")


def sellers() -> Select[Any]:
    """One row an opportunity and seller."""
    part, e = shares(), tables.employee
    query = select(
        cast(part.c.opportunity_id, String).label("opportunity_id"), cast(part.c.employee_id, String).label("employee_id"),
        e.c.name.label("seller"), part.c.percent,
    ).join(e, e.c.id == part.c.employee_id)  # fmt: skip
    return query.order_by(part.c.opportunity_id, part.c.percent.desc(), e.c.name)


def changes() -> Select[Any]:
    """What became of every opportunity that there is, the oldest change first."""
    h, o, e = tables.opportunity_change, tables.opportunity, tables.employee
    query = select(
        cast(h.c.opportunity_id, String).label("opportunity_id"), h.c.changed_at, func.coalesce(e.c.name, "").label("changed_by"), h.c.field, h.c.old, h.c.new,
    )  # fmt: skip
    return query.join(o, o.c.id == h.c.opportunity_id).outerjoin(e, e.c.id == h.c.changed_by).order_by(h.c.changed_at, h.c.opportunity_id, h.c.field)
