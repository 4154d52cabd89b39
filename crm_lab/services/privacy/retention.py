"""How long things are kept: what is due by each rule, and taking it. Nothing goes by itself that is not switched on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dateutil.relativedelta import relativedelta
from sqlalchemy import String, and_, cast, delete, func, literal, or_, select, union_all

from crm_lab.domain.ids import new_id
from crm_lab.domain.privacy import STANDARD_MONTHS, DueItem, RetentionKind, RetentionRule
from crm_lab.i18n import _
from crm_lab.services.customers import shown_name
from crm_lab.services.privacy.erasure import StillOpen, erase, expire
from crm_lab.store import tables
from crm_lab.store.bulk import among, batched
from crm_lab.store.privacy import BOOKS
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from crm_lab.store.engine import Database
    from crm_lab.store.records import Row

MOST_PERSONS, MOST_ROWS = 50, 100_000
"""So many go at a time; for each person everything that is written is looked through."""
PERSONS = {RetentionKind.CONTACT: tables.contact, RetentionKind.PROSPECT: tables.customer}
LASTING = [*sorted(BOOKS), "document"]
"""What the audit tells of these stays: bookkeeping law wants it, and documents have their versions there."""


def rules(work: Work) -> list[RetentionRule]:
    """Every rule, with how much is due now."""
    known = {row["kind"]: row for row in work.rows(select(tables.retention_rule))}
    found = []
    for kind in RetentionKind:
        row = known.get(kind, {"months": STANDARD_MONTHS[kind], "is_on": False})
        n = int(work.scalar(select(func.count()).select_from(_due(work, kind, row["months"]).subquery())))
        found.append(RetentionRule(kind=kind, months=row["months"], is_on=row["is_on"], n_due=n))
    return found


def months_of(work: Work, kind: RetentionKind) -> int:
    """How long a kind is kept."""
    r = tables.retention_rule
    return int(work.scalar(select(r.c.months).where(r.c.kind == kind)) or STANDARD_MONTHS[kind])


def set_rule(work: Work, kind: RetentionKind, months: int, *, is_on: bool) -> RetentionRule:
    """Write a rule."""
    r = tables.retention_rule
    row = work.one(select(r).where(r.c.kind == kind))
    if row:
        work.change(r, row["id"], row["version"], months=months, is_on=is_on)
    else:
        work.insert(r, {"id": new_id(), "version": 1, "kind": kind, "months": months, "is_on": is_on})
    return next(rule for rule in rules(work) if rule.kind is kind)


def due(work: Work, kind: RetentionKind, limit: int) -> list[DueItem]:
    """What a rule would take now, the oldest first."""
    return [
        DueItem(kind=kind, id=UUID(row["key"]) if row["is_seen"] else None, name=row["name"] if row["is_seen"] else _("Private"), since=row["since"])
        for row in _oldest(work, kind, limit)
    ]


def _oldest(work: Work, kind: RetentionKind, limit: int) -> list[Row]:
    found = _due(work, kind, months_of(work, kind)).subquery()
    return work.rows(select(found).order_by(found.c.since, found.c.key).limit(limit))


def apply(work: Work, kinds: tuple[RetentionKind, ...]) -> dict[str, int]:
    """Take what is due of these kinds; how many of each went."""
    done: dict[str, int] = {}
    for kind in dict.fromkeys(kinds):
        keys = [UUID(row["key"]) for row in _oldest(work, kind, MOST_PERSONS if kind in PERSONS else MOST_ROWS)]
        done[kind] = _erase(work, kind, keys) if kind in PERSONS else _remove(work, kind, keys)
    return done


def run_nightly(database: Database, now: datetime) -> dict[str, int]:
    """What is switched on, and what bookkeeping law keeps no longer; how many of each went."""
    with database.reading() as connection:
        r = tables.retention_rule
        kinds = tuple(RetentionKind(row["kind"]) for row in Work(connection, None, now).rows(select(r.c.kind).where(r.c.is_on)))
    with database.writing() as connection:
        work = Work(connection, None, now, action="privacy.nightly")
        return apply(work, kinds) | {"books": expire(work)}


def _erase(work: Work, kind: RetentionKind, keys: list[UUID]) -> int:
    n = 0
    for key in keys:
        try:
            erase(work, PERSONS[kind], key, reason=_("Nothing has happened for {n} months", n=months_of(work, kind)), keep_documents=False)
            n += 1
        except StillOpen:
            continue
    return n


def _remove(work: Work, kind: RetentionKind, keys: list[UUID]) -> int:
    """Delete rows for good, and what the audit says of them."""
    a, m = tables.audit, tables.note_mention
    table = {RetentionKind.NOTE: tables.note, RetentionKind.CALL: tables.call, RetentionKind.LOOK: tables.look, RetentionKind.AUDIT: a}[kind]
    for part in batched(keys):
        if kind is RetentionKind.NOTE:
            work.connection.execute(delete(m).where(among(m.c.note_id, part)))
        work.connection.execute(delete(table).where(among(table.c.id, part)))
        if kind is not RetentionKind.AUDIT:
            work.connection.execute(delete(a).where(and_(a.c.entity == table.name, among(a.c.entity_id, map(str, part)))))
    return len(keys)


def _due(work: Work, kind: RetentionKind, months: int) -> Select[Any]:
    """Key, name, since when nothing happened, and whether the caller may see it."""
    before = work.now - relativedelta(months=months)
    if kind is RetentionKind.CONTACT:
        return _contacts(work, before)
    if kind is RetentionKind.PROSPECT:
        return _prospects(work, before)
    n, k, t, a, d = tables.note, tables.call, tables.look, tables.audit, tables.document
    if kind is RetentionKind.NOTE:
        has_files = select(d.c.id).where(d.c.note_id == n.c.id).exists()
        old = and_(n.c.created_at < before, func.coalesce(n.c.edited_at, n.c.created_at) < before, ~has_files)
        return _told(n.c.id, func.left(n.c.text, 60), n.c.created_at, work.visible_to(n)).where(old)
    if kind is RetentionKind.CALL:
        return _told(k.c.id, k.c.number, k.c.started_at, work.visible_to(k)).where(k.c.started_at < before)
    if kind is RetentionKind.LOOK:
        return _told(t.c.id, t.c.kind, t.c.looked_at, work.visible_to(t)).where(t.c.looked_at < before)
    return _told(a.c.id, a.c.action, a.c.done_at, work.visible_to(a)).where(a.c.done_at < before, a.c.entity.not_in(LASTING))


def _told(key: Any, name: Any, since: Any, is_seen: ColumnElement[bool]) -> Select[Any]:
    return select(cast(key, String).label("key"), name.label("name"), since.label("since"), is_seen.label("is_seen"))


def _contacts(work: Work, before: datetime) -> Select[Any]:
    """Persons about whom nothing was written, nor about a company they work for."""
    p, a, r = tables.contact, tables.audit, tables.contact_role
    recent = a.c.done_at >= before
    own = select(a.c.contact_id).where(recent, a.c.contact_id.is_not(None))
    busy = select(a.c.customer_id).where(recent, a.c.customer_id.is_not(None))
    at_work = select(r.c.contact_id).where(r.c.customer_id.in_(busy), r.c.ended_on.is_(None))
    name = func.trim(p.c.first_name + " " + p.c.last_name)
    return _told(p.c.id, name, p.c.created_at, work.visible_to(p)).where(
        p.c.created_at < before, p.c.merged_into.is_(None), p.c.id.not_in(own), p.c.id.not_in(at_work), p.c.id.not_in(_erased("contact_id"))
    )


def _prospects(work: Work, before: datetime) -> Select[Any]:
    """Private customers and sole traders who never bought anything, and about whom nothing was written."""
    c, a = tables.customer, tables.audit
    own = select(a.c.customer_id).where(a.c.done_at >= before, a.c.customer_id.is_not(None))
    traded = union_all(*(select(t.c.customer_id) for t in (tables.posting, tables.invoice, tables.sales_order)))
    return _told(c.c.id, shown_name(), c.c.created_at, work.visible_to(c)).where(
        or_(c.c.is_person, c.c.organisation_form == literal("ENK")), c.c.created_at < before, c.c.merged_into.is_(None),
        c.c.id.not_in(own), c.c.id.not_in(traded), c.c.id.not_in(_erased("customer_id")),
    )  # fmt: skip


def _erased(key: str) -> Select[Any]:
    e = tables.erasure
    return select(e.c[key]).where(e.c[key].is_not(None))
