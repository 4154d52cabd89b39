"""Who looks like somebody we have: candidates found by the store, judged by `crm_lab.domain.duplicates`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, false, func, or_, select

from crm_lab.domain.duplicates import (
    SHOWN,
    SURE,
    Clues,
    Duplicate,
    domains_of,
    errors_allowed,
    is_strong,
    judge,
)
from crm_lab.i18n import _
from crm_lab.store import tables

if TYPE_CHECKING:
    from crm_lab.store.records import Row, Work

MOST, MOST_JUDGED = 10, 100
KEYS = {tables.customer.name: "customer_id", tables.contact.name: "contact_id"}
PHONES, EMAILS = ("phone", "mobile"), ("email", "invoice_email")


def find_duplicates(work: Work, table: Table, clues: Clues, exclude: UUID | None) -> list[Duplicate]:
    """The parties of `table` that `clues` may mean, surest first, ten at most; archived ones are left out."""
    if not clues.has_any:
        return []
    search = _Search(work, table, clues)
    ids = search.by_value_or_name() | search.by_role() | search.by_former_name()
    shown, hidden = [], {}
    for row in search.parties(ids - {exclude}):
        if not row["is_visible"]:
            if is_strong(clues, _clues(row, {})):
                hidden[row["owner"]] = _hidden(row["owner"])
            continue
        score, reasons = judge(clues, _clues(row, search.role_values), search.former[row["id"]])
        if score >= SHOWN:
            shown.append(Duplicate(row.get("number"), None if "number" in row else row["id"], row["shown"], row["owner"], reasons, score))
    return sorted([*hidden.values(), *shown], key=lambda found: (-found.score, found.name))[:MOST]


def _hidden(owner: str) -> Duplicate:
    return Duplicate(None, None, "", owner, (_("There is one already, owned by {owner}.", owner=owner or "?"),), SURE, is_hidden=True)


def _clues(row: Row, role_values: dict[UUID, set[str]]) -> Clues:
    """What a stored party is compared by; `role_values` are phones and e-mails its visible roles share with the form."""
    own = {kind: {row[name] for name in names if row.get(name)} for kind, names in (("phones", PHONES), ("emails", EMAILS))}
    roles = role_values.get(row["id"], set())
    is_person = bool(row.get("is_person", True))
    return Clues(
        name_key=row["name_key"],
        is_person=is_person,
        organisation_number=row.get("organisation_number", ""),
        phones=frozenset(own["phones"] | roles),
        emails=frozenset({email.lower() for email in own["emails"]} | roles),
        domains=frozenset() if is_person else domains_of(own["emails"], [row["website"]]),
        bank_account=row.get("bank_account", ""),
    )


class _Search:
    """The queries of one search. Each asks only what the clues can answer."""

    def __init__(self, work: Work, table: Table, clues: Clues) -> None:
        self.work, self.table, self.clues = work, table, clues
        self.present = table.c.archived_at.is_(None)
        self.visible = work.visible_to(table)
        self.former: defaultdict[UUID, list[str]] = defaultdict(list)
        self.role_values: defaultdict[UUID, set[str]] = defaultdict(set)

    def by_value_or_name(self) -> set[UUID]:
        """Those with an equal number, account, phone, e-mail address or name; visible ones also with the domain or nearly the name."""
        t, key = self.table, self.clues.name_key
        strong = or_(false(), *self._equal(), *([t.c.name_key == key] if key else []))
        weak = or_(false(), *self._domains(), *([self.work.spelled_like(t, key, errors_allowed(key))] if key else []))
        query = select(t.c.id).where(and_(self.present, or_(strong, and_(self.visible, weak)))).order_by(strong.desc())
        return {row["id"] for row in self.work.rows(query.limit(MOST_JUDGED))}

    def by_role(self) -> set[UUID]:
        """Those whose visible roles have the phone or e-mail address."""
        r, customer, contact = tables.contact_role, tables.customer, tables.contact
        wanted = [*_among(r, ("phone",), self.clues.phones), *_among(r, ("email",), self.clues.emails, lower=True)]
        if not wanted:
            return set()
        query = (
            select(r.c[KEYS[self.table.name]].label("id"), r.c.phone, r.c.email)
            .join(customer, customer.c.id == r.c.customer_id)
            .join(contact, contact.c.id == r.c.contact_id)
            .where(and_(or_(*wanted), self.work.visible_to(customer), self.work.visible_to(contact)))
        )
        for row in self.work.rows(query.limit(MOST_JUDGED)):
            self.role_values[row["id"]] |= {row["phone"], row["email"].lower()} & (self.clues.phones | self.clues.emails)
        return set(self.role_values)

    def by_former_name(self) -> set[UUID]:
        """Visible ones that had such a name."""
        t, f, key = self.table, tables.former_name, self.clues.name_key
        if not key:
            return set()
        query = (
            select(t.c.id, f.c.name)
            .join(f, f.c[KEYS[t.name]] == t.c.id)
            .where(and_(self.work.spelled_like(f, key, errors_allowed(key)), self.visible))
        )
        for row in self.work.rows(query.limit(MOST_JUDGED)):
            self.former[row["id"]].append(row["name"])
        return set(self.former)

    def parties(self, ids: set[Any]) -> list[Row]:
        """What is compared of those parties, whose they are, and whether the caller may see them."""
        if not ids:
            return []
        t, e = self.table, tables.employee
        names = {"name_key", "organisation_number", "bank_account", "website", "is_person", "number", *PHONES, *EMAILS}
        query = (
            select(
                t.c.id,
                *[column for column in t.c if column.name in names],
                _shown(t).label("shown"),
                func.coalesce(e.c.name, "").label("owner"),
                self.visible.label("is_visible"),
            )
            .outerjoin(e, e.c.id == t.c.owner_id)
            .where(and_(t.c.id.in_(ids), self.present))
        )
        return self.work.rows(query)

    def _equal(self) -> list[ColumnElement[bool]]:
        t, clues = self.table, self.clues
        return [
            *_among(t, ("organisation_number",), frozenset({clues.organisation_number} - {""})),
            *_among(t, ("bank_account",), frozenset({clues.bank_account} - {""})),
            *_among(t, PHONES, clues.phones),
            *_among(t, EMAILS, clues.emails, lower=True),
        ]

    def _domains(self) -> list[ColumnElement[bool]]:
        t = self.table.c
        if "website" not in t:
            return []
        return [
            rule
            for domain in self.clues.domains
            for rule in (
                *(t[name].endswith(f"@{domain}", autoescape=True) for name in EMAILS),
                t.website.contains(f"//{domain}", autoescape=True),
                t.website.contains(f"//www.{domain}", autoescape=True),
            )
        ]


def _among(table: Table, names: tuple[str, ...], values: frozenset[str], *, lower: bool = False) -> list[ColumnElement[bool]]:
    """That one of the columns `names` the table has holds one of `values`."""
    columns = [table.c[name] for name in names if name in table.c] if values else []
    return [(func.lower(column) if lower else column).in_(sorted(values)) for column in columns]


def _shown(table: Table) -> ColumnElement[str]:
    """The name people read, of a party or a contact."""
    c = table.c
    if "last_name" in c:
        return func.trim(c.first_name + " " + c.last_name)
    return func.trim(c.first_name + " " + c.name)
