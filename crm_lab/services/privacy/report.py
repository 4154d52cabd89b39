"""What is held on a person: read from every table, part by part, with what it rests on and when it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from crm_lab.domain.privacy import PersonPart, kept_until
from crm_lab.i18n import OSLO, _, business_day, day
from crm_lab.store import tables
from crm_lab.store.messages import readable
from crm_lab.store.privacy import naming
from crm_lab.store.visibility import visible

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Column, ColumnElement, Table

    from crm_lab.store.records import Row, Work

MOST_ROWS = 2000
MENTIONING = (
    tables.note.c.text, tables.task.c.title, tables.task.c.text, tables.call.c.note, tables.project.c.text, tables.opportunity.c.title,
    tables.opportunity.c.next_step, tables.customer.c.note, tables.contact.c.note, tables.sales_order.c.note, tables.sales_order.c.buyer_reference,
)  # fmt: skip
"""Where people write about others."""
AROUND = 60


@dataclass(frozen=True, slots=True)
class Spec:
    """A part of the report: rows of `table` where `column` is the person, of which `names` are told."""

    name: str
    label: str
    basis: str
    column: Column[Any]
    names: tuple[str, ...]
    is_books: bool = False


def specs(party: Table) -> list[Spec]:
    """All parts of what may be held on a customer or a contact."""
    t, key = tables, f"{party.name}_id"
    interest, contract, law, consent = bases()
    basis = interest if party is t.contact else contract
    own = ("first_name", "last_name") if party is t.contact else ("number", "first_name", "name", "organisation_number", "bank_account", "invoice_email")
    parts = [
        Spec("card", _("The card"), basis, party.c.id, (*own, "phone", "mobile", "email", "birth_date", "language", "note", "created_at", "archived_at", "consent_on", "consent_note")),
        Spec("addresses", _("Addresses"), basis, t.address.c[key], ("kind", "name", "street", "postal_code", "city", "country")),
        Spec("former_names", _("Former names"), basis, t.former_name.c[key], ("name", "left_at")),
        Spec("roles", _("Roles at companies"), basis, t.contact_role.c[key], ("title", "phone", "email", "is_decision_maker", "started_on", "ended_on")),
        Spec("consents", _("Consents"), consent, t.consent.c[key], ("said_on", "purpose", "is_given", "how", "text_version")),
        Spec("notes", _("Notes"), interest, t.note.c[key], ("created_at", "text")),
        Spec("tasks", _("Tasks"), interest, t.task.c[key], ("created_at", "title", "text", "status", "due_at")),
        Spec("calls", _("Calls"), interest, t.call.c[key], ("started_at", "direction", "number", "note")),
        Spec("documents", _("Documents"), interest, t.document.c[key], ("created_at", "folder", "name", "size")),
        Spec("opportunities", _("Opportunities"), interest, t.opportunity.c[key], ("created_at", "title", "status", "next_step")),
    ]
    if party is t.customer:
        parts += [
            Spec("projects", _("Projects"), contract, t.project.c[key], ("created_at", "number", "name", "text")),
            Spec("orders", _("Orders"), contract, t.sales_order.c[key], ("ordered_on", "number", "buyer_reference", "note")),
            Spec("invoices", _("Invoices"), law, t.invoice.c[key], ("issued_on", "number", "kind", "gross", "currency"), is_books=True),
            Spec("postings", _("Postings"), law, t.posting.c[key], ("posted_on", "kind", "amount", "currency", "text", "payer_name"), is_books=True),
        ]
    return [*parts, Spec("looks", _("Who has looked"), law, t.look.c[key], ("looked_at", "kind", "reason"))]


def bases() -> tuple[str, str, str, str]:
    """What the law lets such data be kept for."""
    return (
        _("Legitimate interest: following up customers (GDPR article 6 no. 1 f)"),
        _("Agreement with the person (GDPR article 6 no. 1 b)"),
        _("Duty by law: bookkeeping and access (GDPR article 6 no. 1 c)"),
        _("Consent (GDPR article 6 no. 1 a and article 7)"),
    )


def parts_of(work: Work, party: Table, ids: list[UUID], pattern: str, *, sees_all: bool) -> tuple[tuple[PersonPart, ...], int]:
    """The parts that say something, and how many rows were left out because they are a colleague's alone."""
    found, n_hidden = [], 0
    for spec in specs(party):
        table = spec.column.table
        assert table is not None  # noqa: S101 - for mypy
        mine = spec.column.in_(ids)
        seen = mine if sees_all else and_(mine, visible(table, work.caller))
        rows = work.rows(select(table).where(seen).limit(MOST_ROWS))
        if not sees_all:
            n_hidden += int(work.scalar(select(func.count()).select_from(table).where(mine))) - int(work.scalar(select(func.count()).select_from(table).where(seen)))
        if rows:
            found.append(PersonPart(name=spec.name, label=spec.label, basis=spec.basis, until=_until(spec, rows), rows=tuple(_told(spec, rows))))
    mail, n_hidden_mail = _mail(work, party, ids, sees_all=sees_all)
    if mail:
        found.append(PersonPart(name="mail", label=_("E-mail"), basis=bases()[0], until=_("Until the person asks, or a rule takes it"), rows=tuple(mail)))
    n_hidden += n_hidden_mail
    rows = _mentions(work, party, ids, pattern, sees_all=sees_all)
    if rows:
        found.append(PersonPart(name="mentions", label=_("Mentioned elsewhere"), basis=bases()[0], until=_("Until the person asks, or a rule takes it"), rows=tuple(rows)))
    return (*found, *_history(work, party, ids)), n_hidden


def _until(spec: Spec, rows: list[Row]) -> str:
    if not spec.is_books:
        return _("Until the person asks, or a rule takes it")
    last = max(row.get("issued_on") or row["posted_on"] for row in rows)
    return _("Until {day}, by bokføringsloven § 13", day=day(kept_until(last)))


def _told(spec: Spec, rows: list[Row]) -> list[dict[str, str]]:
    ordered = sorted(rows, key=lambda row: str(row.get(spec.names[0]) or ""))
    return [{name: text for name in spec.names if (text := plain(row.get(name)))} for row in ordered]


def plain(value: Any) -> str:
    """A value as text that a program reads too: ISO dates, yes and no as true and false."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(OSLO).isoformat(timespec="minutes")
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def _mail(work: Work, party: Table, ids: list[UUID], *, sees_all: bool) -> tuple[list[dict[str, str]], int]:
    """The e-mails on the person's card, and how many of them are a colleague's alone."""
    m, k = tables.message, tables.message_link
    on_card = m.c.id.in_(select(k.c.message_id).where(k.c[f"{party.name}_id"].in_(ids)))
    seen = on_card if sees_all else and_(on_card, readable(work.caller))
    names = ("sent_at", "sender", "subject", "preview")
    rows = work.rows(select(*(m.c[name] for name in names)).where(seen).order_by(m.c.sent_at).limit(MOST_ROWS))
    n_all, n_seen = (int(work.scalar(select(func.count()).select_from(m).where(rule))) for rule in (on_card, seen))
    return [{name: plain(row[name]) for name in names} for row in rows], n_all - n_seen


def _mentions(work: Work, party: Table, ids: list[UUID], pattern: str, *, sees_all: bool) -> list[dict[str, str]]:
    """Where others' notes, tasks and so on name the person, with the words around."""
    import re

    found = []
    for column in MENTIONING if pattern else ():
        table = column.table
        rule: ColumnElement[bool] = naming(column, pattern)
        for key, kind in tables.PARENTS.items():
            own = "id" if table is kind else key
            if kind is party and own in table.c:
                rule = and_(rule, or_(table.c[own].is_(None), table.c[own].not_in(ids)))
        if not sees_all:
            rule = and_(rule, visible(table, work.caller))
        for row in work.rows(select(table).where(rule).limit(MOST_ROWS)):
            at = re.search(pattern, row[column.name], re.IGNORECASE)
            start, end = (max(0, at.start() - AROUND), at.end() + AROUND) if at else (0, AROUND)
            found.append({"where": f"{table.name}.{column.name}", "created_at": plain(row.get("created_at")), "text": row[column.name][start:end].strip()})
    return found


def _history(work: Work, party: Table, ids: list[UUID]) -> list[PersonPart]:
    """Who changed something about the person, and when."""
    a, names = tables.audit, work.employee_names()
    told = and_(a.c[f"{party.name}_id"].in_(ids), a.c.entity.not_in(["opportunity", "look"]), visible(a, work.caller))
    rows = work.rows(select(a.c.done_at, a.c.actor_id, a.c.action, a.c.entity).where(told).order_by(a.c.done_at).limit(MOST_ROWS))
    if not rows:
        return []
    seen = tuple({"done_at": plain(row["done_at"]), "who": names.get(row["actor_id"], ""), "action": row["action"], "entity": row["entity"]} for row in rows)
    return [PersonPart(name="history", label=_("History of changes"), basis=bases()[0], until=_("Until the person asks, or a rule takes it"), rows=seen)]


def last_booked(work: Work, party: Table, ids: list[UUID], pattern: str) -> tuple[date | None, int]:
    """The newest day on which something was booked that names the person, or is on it; and how many rows of the books that is."""
    days: list[date] = []
    n = 0
    for table, dated in ((tables.posting, tables.posting.c.posted_on), (tables.invoice, tables.invoice.c.issued_on), (tables.payment, tables.payment.c.posted_on)):
        rules = [naming(column, pattern) for column in table.c if column.name in {"text", "payer_name", "payer_account", "content", "reference"}]
        if "customer_id" in table.c and party is tables.customer:
            rules.append(table.c.customer_id.in_(ids))
        found = select(dated.label("day")).where(or_(*rules))
        rows = work.rows(found)
        days += [row["day"] or business_day(work.now) for row in rows]
        n += len(rows)
    return (max(days) if days else None), n
