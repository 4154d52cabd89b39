"""The tables that SQL may ask: each a query over what the caller may see, with names that stay when the store's change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import String, and_, case, cast, func, null, select

from crm_lab.domain.opportunities import OpportunityStatus
from crm_lab.services.customers import shown_name
from crm_lab.services.opportunities.frames import minor, person, shares, weighted
from crm_lab.store import tables
from crm_lab.store.merges import now_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, FromClause, Select, Table

    from crm_lab.store.records import Work


def key(column: ColumnElement[Any], name: str = "") -> ColumnElement[str]:
    """A key as text."""
    return cast(column, String).label(name or column.key)


def money(column: ColumnElement[Any], name: str) -> ColumnElement[int]:
    """An amount in whole øre."""
    return minor(column).label(f"{name}_minor")


def of(table: FromClause, *names: str) -> list[ColumnElement[Any]]:
    """Columns as they are stored."""
    return [table.c[name] for name in names]


def seen(work: Work, table: Table) -> Any:
    """The keys of a table's rows that the caller may know of."""
    return select(table.c.id).where(work.visible_to(table))


def customers(work: Work) -> Select[Any]:
    """Customers and suppliers, archived ones too; the place is that of the visiting address, else of the postal one."""
    c, e, a = tables.customer, tables.employee, tables.address
    rank = func.row_number().over(partition_by=a.c.customer_id, order_by=(case((a.c.kind == "visiting", 0), else_=1), a.c.position))
    wanted = and_(a.c.customer_id.is_not(None), a.c.kind.in_(("visiting", "postal")))
    ranked = select(a.c.customer_id, *of(a, "postal_code", "city", "municipality", "country"), rank.label("nth")).where(wanted).subquery()
    return (
        select(
            key(c.c.id), *of(c, "number", "supplier_number"), shown_name().label("name"),
            *of(c, "is_customer", "is_supplier", "is_person", "organisation_number", "organisation_form", "industry_code", "industry"),
            *of(c, "n_employees", "founded_on", "register_status", "phone", "mobile", "email", "website"),
            *(func.coalesce(ranked.c[name], "").label(name) for name in ("postal_code", "city", "municipality", "country")),
            key(c.c.owner_id), func.coalesce(e.c.name, "").label("owner"), *of(c, "created_at", "archived_at"),
        )
        .outerjoin(e, e.c.id == c.c.owner_id)
        .outerjoin(ranked, and_(ranked.c.customer_id == c.c.id, ranked.c.nth == 1))
        .where(work.visible_to(c))
    )  # fmt: skip


def contacts(work: Work) -> Select[Any]:
    """Persons."""
    p, e = tables.contact, tables.employee
    return (
        select(
            key(p.c.id), *of(p, "first_name", "last_name", "phone", "mobile", "email", "consent_on"), key(p.c.owner_id),
            func.coalesce(e.c.name, "").label("owner"), *of(p, "created_at", "archived_at"),
        )
        .outerjoin(e, e.c.id == p.c.owner_id)
        .where(work.visible_to(p))
    )  # fmt: skip


def contact_roles(work: Work) -> Select[Any]:
    """Who works where."""
    r = tables.contact_role
    return select(key(r.c.contact_id), key(r.c.customer_id), *of(r, "title", "phone", "email", "is_decision_maker", "started_on", "ended_on")).where(work.visible_to(r))


def addresses(work: Work) -> Select[Any]:
    """Addresses of customers and contacts."""
    a = tables.address
    return select(key(a.c.customer_id), key(a.c.contact_id), *of(a, "kind", "name", "street", "postal_code", "city", "municipality", "country")).where(work.visible_to(a))


def categories(work: Work) -> Select[Any]:
    """Which party is in which category."""
    k, c = tables.category_link, tables.category
    return select(c.c.name.label("category"), key(k.c.customer_id), key(k.c.contact_id)).join(c, c.c.id == k.c.category_id).where(work.visible_to(k))


def postings(work: Work) -> Select[Any]:
    """The subledger, as it stands today."""
    p, i, g, own = tables.posting, tables.match_item, tables.match_group, tables.customer.alias("own")
    return (
        select(
            key(p.c.id), p.c.number, key(now_of(own), "customer_id"), *of(p, "ledger", "account", "kind", "document_number", "voucher", "posted_on", "due_on"),
            money(p.c.amount, "amount"), *of(p, "currency", "kid", "text"), g.c.number.label("match_number"), p.c.created_at,
        )
        .join(own, own.c.id == p.c.customer_id)
        .outerjoin(i, and_(i.c.posting_id == p.c.id, i.c.unlinked_at.is_(None)))
        .outerjoin(g, g.c.id == i.c.match_id)
        .where(work.visible_to(p))
    )  # fmt: skip


def matches(work: Work) -> Select[Any]:
    """Matches that hold, with what is left of them."""
    g, i, p, own, e = tables.match_group, tables.match_item, tables.posting, tables.customer.alias("own"), tables.employee
    told = (g.c.number, key(now_of(own), "customer_id"), *of(g, "ledger", "account", "currency", "rule", "reason", "made_at"))
    query = select(*told, func.coalesce(e.c.name, "").label("made_by"), func.count().label("n_items"), money(func.sum(p.c.amount), "residual"))
    query = query.join(own, own.c.id == g.c.customer_id).join(i, and_(i.c.match_id == g.c.id, i.c.unlinked_at.is_(None))).join(p, p.c.id == i.c.posting_id)
    return query.outerjoin(e, e.c.id == g.c.made_by).where(work.visible_to(g)).group_by(*told, e.c.name)


def tasks(work: Work) -> Select[Any]:
    """Tasks and meetings; one that recurs is one row."""
    t, e, p = tables.task, tables.employee, tables.project
    project = case((t.c.project_id.in_(seen(work, p)), cast(t.c.project_id, String)), else_=null())
    return (
        select(
            key(t.c.id), *of(t, "title", "text", "kind", "priority", "status", "percent", "starts_at", "due_at", "is_all_day", "minutes", "rrule"),
            key(t.c.owner_id), func.coalesce(e.c.name, "").label("owner"), key(t.c.customer_id), key(t.c.contact_id), project.label("project_id"),
            *of(t, "created_at", "done_at"),
        )
        .outerjoin(e, e.c.id == t.c.owner_id)
        .where(work.visible_to(t))
    )  # fmt: skip


def notes(work: Work) -> Select[Any]:
    """Notes on cards."""
    n, e = tables.note, tables.employee
    told = (key(n.c.id), key(n.c.customer_id), key(n.c.contact_id), n.c.text, key(n.c.author_id), func.coalesce(e.c.name, "").label("author"))
    return select(*told, *of(n, "created_at", "edited_at", "pinned_at")).outerjoin(e, e.c.id == n.c.author_id).where(work.visible_to(n))


def projects(work: Work) -> Select[Any]:
    """Projects."""
    p, e = tables.project, tables.employee
    told = (key(p.c.id), *of(p, "number", "name", "status", "starts_on", "ends_on"), key(p.c.leader_id), func.coalesce(e.c.name, "").label("leader"))
    return (
        select(*told, key(p.c.customer_id), money(p.c.budget, "budget"), *of(p, "currency", "text", "created_at"))
        .outerjoin(e, e.c.id == p.c.leader_id)
        .where(work.visible_to(p))
    )


def opportunities(work: Work) -> Select[Any]:
    """Opportunities; those hidden from the caller count in `crm.opportunities.frame()`, not here."""
    o, e, p, s, line = tables.opportunity, tables.employee, tables.contact, tables.stage, tables.pipeline
    source, kind, reason = (tables.sales_choice.alias(name) for name in ("source", "kind", "reason"))
    return (
        select(
            key(o.c.id), o.c.title, key(o.c.customer_id), key(o.c.contact_id), func.coalesce(person(), "").label("contact"), key(o.c.owner_id),
            func.coalesce(e.c.name, "").label("owner"), line.c.name.label("pipeline"), s.c.name.label("stage"), s.c.position.label("stage_position"),
            o.c.status, money(o.c.amount, "amount"), o.c.currency, money(o.c.amount_nok, "amount_nok"), weighted(o.c.amount_nok, o).label("weighted_nok_minor"),
            *of(o, "is_recurring", "probability", "category", "expected_close_on", "first_close_on", "n_pushes"),
            func.coalesce(source.c.name, "").label("source"), func.coalesce(kind.c.name, "").label("type"), *of(o, "competitor", "next_step", "next_step_on"),
            func.coalesce(reason.c.name, "").label("lost_reason"), o.c.lost_reason.label("lost_note"), *of(o, "products", "created_at", "stage_since", "closed_on"),
            (o.c.status == OpportunityStatus.OPEN).label("is_open"),
        )
        .join(s, s.c.id == o.c.stage_id)
        .join(line, line.c.id == s.c.pipeline_id)
        .outerjoin(e, e.c.id == o.c.owner_id)
        .outerjoin(p, p.c.id == o.c.contact_id)
        .outerjoin(source, source.c.id == o.c.source_id)
        .outerjoin(kind, kind.c.id == o.c.type_id)
        .outerjoin(reason, reason.c.id == o.c.lost_reason_id)
        .where(work.visible_to(o))
    )  # fmt: skip


def opportunity_sellers(work: Work) -> Select[Any]:
    """Who is credited with how much of an opportunity."""
    part, e = shares(), tables.employee
    query = select(key(part.c.opportunity_id), key(part.c.employee_id), e.c.name.label("seller"), part.c.percent).join(e, e.c.id == part.c.employee_id)
    return query.where(part.c.opportunity_id.in_(seen(work, tables.opportunity)))


def opportunity_changes(work: Work) -> Select[Any]:
    """What became of opportunities."""
    h, e = tables.opportunity_change, tables.employee
    query = select(key(h.c.opportunity_id), h.c.changed_at, func.coalesce(e.c.name, "").label("changed_by"), *of(h, "field", "old", "new"))
    return query.outerjoin(e, e.c.id == h.c.changed_by).where(h.c.opportunity_id.in_(seen(work, tables.opportunity)))


def budgets(work: Work) -> Select[Any]:
    """What sellers are to sell."""
    b, e = tables.budget, tables.employee
    return select(key(b.c.employee_id), e.c.name.label("seller"), b.c.month, money(b.c.amount, "amount")).join(e, e.c.id == b.c.employee_id).where(work.visible_to(b))


def orders(work: Work) -> Select[Any]:
    """Quotes and orders."""
    o, e = tables.sales_order, tables.employee
    told = (key(o.c.id), o.c.number, key(o.c.customer_id), key(o.c.opportunity_id), key(o.c.owner_id), func.coalesce(e.c.name, "").label("owner"))
    amounts = (money(o.c[name], name) for name in ("net", "vat", "gross"))
    return (
        select(*told, *of(o, "status", "ordered_on", "delivered_on", "currency"), *amounts, o.c.created_at)
        .outerjoin(e, e.c.id == o.c.owner_id)
        .where(work.visible_to(o))
    )


def order_lines(work: Work) -> Select[Any]:
    """Lines of quotes and orders."""
    i = tables.order_line
    told = (key(i.c.order_id), key(i.c.customer_id), i.c.position, key(i.c.product_id), i.c.number.label("product_number"))
    return select(*told, *of(i, "text", "quantity", "unit", "price", "discount", "vat_code"), money(i.c.net, "net")).where(work.visible_to(i))


def invoices(work: Work) -> Select[Any]:
    """Invoices and credit notes."""
    i, own = tables.invoice, tables.customer.alias("own")
    told = (key(i.c.id), *of(i, "number", "series", "kind"), key(i.c.order_id), key(now_of(own), "customer_id"), key(i.c.credits_id))
    amounts = (money(i.c[name], name) for name in ("net", "vat", "gross"))
    return select(*told, *of(i, "issued_on", "due_on", "kid", "currency"), *amounts, i.c.created_at).join(own, own.c.id == i.c.customer_id).where(work.visible_to(i))


def products(work: Work) -> Select[Any]:
    """What is sold."""
    p = tables.product
    return select(key(p.c.id), *of(p, "number", "name", "unit", "vat_code", "price", "archived_at")).where(work.visible_to(p))


def employees(work: Work) -> Select[Any]:
    """The company's people."""
    e = tables.employee
    return select(key(e.c.id), *of(e, "username", "name", "email", "is_active")).where(work.visible_to(e))


VIEWS: dict[str, Callable[[Work], Select[Any]]] = {
    view.__name__: view
    for view in (
        customers, contacts, contact_roles, addresses, categories, postings, matches, tasks, notes, projects, opportunities, opportunity_sellers,
        opportunity_changes, budgets, orders, order_lines, invoices, products, employees,
    )
}  # fmt: skip
