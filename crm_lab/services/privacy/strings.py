"""What tells a person from others: the names, numbers and addresses that only that person has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from crm_lab.domain.privacy import SHORTEST_STREET, is_distinctive_name, pattern_of, spellings
from crm_lab.store import tables
from crm_lab.store.bulk import among

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy import Column, Table

    from crm_lab.store.records import Row, Work

CODES = ("phone", "mobile", "email", "invoice_email", "bank_account")
"""Columns whose values are numbers and addresses of a person or a role."""


@dataclass(frozen=True, slots=True)
class Distinctive:
    """Strings that only the person has, and those that others have too."""

    own: frozenset[str]
    shared: frozenset[str]

    @property
    def pattern(self) -> str:
        """What finds the person in a text."""
        return pattern_of(form for text in self.own for form in (spellings(text) if " " in text else {text}))


def distinctive(work: Work, party: Table, ids: list[UUID]) -> Distinctive:
    """What tells the person, also from what the card has said before."""
    names: set[str] = set()
    codes: set[str] = set()
    a = tables.audit
    past = work.rows(select(a.c.entity, a.c.before, a.c.after).where(a.c[f"{party.name}_id"].in_(ids), a.c.entity.in_([party.name, "address", "contact_role"])))
    rows = [(row["entity"], side) for row in past for side in (row["before"], row["after"]) if side]
    rows += [(party.name, row) for row in work.rows_of(party, "id", ids)]
    rows += [("address", row) for row in work.rows_of(tables.address, f"{party.name}_id", ids)]
    if party is tables.contact:
        rows += [("contact_role", row) for row in work.rows_of(tables.contact_role, "contact_id", ids)]
    for entity, row in rows:
        if entity == "contact_role" and party is tables.customer:
            continue
        names |= {_name(row)} if entity == party.name else set()
        codes |= _codes(row, entity)
    names |= {row["name"] for row in work.rows_of(tables.former_name, f"{party.name}_id", ids)}
    found = {name for name in names if is_distinctive_name(name)} | codes
    shared = {text for text in found if _is_shared(work, party, ids, text)}
    return Distinctive(frozenset(found - shared), frozenset(shared))


def seen_strings(work: Work, party: Table, ids: list[UUID]) -> set[str]:
    """What the caller may be told of the person's names, numbers and addresses: not those of a role at a hidden company."""
    r, a, key = tables.contact_role, tables.address, f"{party.name}_id"
    rows = [(party.name, row) for row in work.rows_of(party, "id", ids)]
    rows += [(t.name, row) for t in (r, a) for row in work.rows(select(t).where(t.c[key].in_(ids), work.visible_to(t)))]
    return {_name(row) for name, row in rows if name == party.name} | {code for name, row in rows for code in _codes(row, name)}


def _name(row: Row) -> str:
    last = row["last_name"] if "last_name" in row else row.get("name", "")
    return f"{row.get('first_name') or ''} {last}".strip()


def _codes(row: Row, entity: str) -> set[str]:
    found = {row[name] for name in CODES if row.get(name)}
    street = row.get("street") if entity == "address" else ""
    if street and len(street) >= SHORTEST_STREET and " " in street and any(c.isdigit() for c in street):
        found.add(street)
    if entity == "customer" and row.get("organisation_form") == "ENK" and row.get("organisation_number"):
        found.add(row["organisation_number"])
    return found


def _is_shared(work: Work, party: Table, ids: list[UUID], text: str) -> bool:
    """Whether another card, or a colleague, has it too, or has it as a part of a name."""
    c, p, r, e, a = tables.customer, tables.contact, tables.contact_role, tables.employee, tables.address
    wanted = text.casefold()
    if " " in text and not any(char.isdigit() for char in text):
        named: list[tuple[Table, Any]] = [
            (c, func.trim(c.c.first_name + " " + c.c.name).icontains(text, autoescape=True)),
            (p, func.trim(p.c.first_name + " " + p.c.last_name).icontains(text, autoescape=True)), (e, e.c.name.icontains(text, autoescape=True)),
        ]  # fmt: skip
    else:
        named = [(t, or_(*(func.lower(column) == wanted for column in _columns(t)))) for t in (c, p, r, e, a)]
    return any(work.scalar(select(t.c.id).where(and_(rule, _not_mine(t, party, ids))).limit(1)) is not None for t, rule in named)


def _columns(table: Table) -> list[Column[Any]]:
    return [table.c[name] for name in (*CODES, "street", "organisation_number") if name in table.c]


def _not_mine(table: Table, party: Table, ids: Iterable[UUID]) -> Any:
    column = table.c.id if table is party else table.c.get(f"{party.name}_id")
    return True if column is None else or_(column.is_(None), ~among(column, ids))


def other_cards(work: Work, party: Table, ids: list[UUID]) -> list[tuple[Table, UUID, str]]:
    """Other cards that have the person's e-mail address, mobile or whole name: perhaps the same person's."""
    c, p = tables.customer, tables.contact
    mine = work.rows_of(party, "id", ids)
    emails = {row["email"].lower() for row in mine if row["email"]}
    mobiles = {row["mobile"] for row in mine if row["mobile"]}
    names = {_name(row).casefold() for row in mine if is_distinctive_name(_name(row))}
    found = []
    for table, name in ((c, func.trim(c.c.first_name + " " + c.c.name)), (p, func.trim(p.c.first_name + " " + p.c.last_name))):
        alike = or_(func.lower(table.c.email).in_(emails), table.c.mobile.in_(mobiles), func.lower(name).in_(names))
        rule = and_(alike, table.c.merged_into.is_(None), _not_mine(table, party, ids), work.visible_to(table))
        if table is c:
            rule = and_(rule, or_(c.c.is_person, c.c.organisation_form == "ENK"))
        found += [(table, row["id"], row["name"]) for row in work.rows(select(table.c.id, name.label("name")).where(rule).limit(20))]
    return found
