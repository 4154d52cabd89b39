"""A file of contacts: known by name with an e-mail address, else with a phone number or the company."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Table, and_, select

from crm_lab.domain.contacts import Contact, ContactRole
from crm_lab.domain.ids import new_id
from crm_lab.domain.imports import CheckedContact, KnownRows
from crm_lab.domain.names import name_key
from crm_lab.services.contacts import add_contacts, contact_row
from crm_lab.services.imports.companies import Companies, nobody, several
from crm_lab.services.imports.plan import Identity, Plan, Planned, shown_party
from crm_lab.services.parties import merged_addresses, read_many, save_parts
from crm_lab.store import tables
from crm_lab.store.records import as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from crm_lab.domain.access import Actor
    from crm_lab.domain.imports import ImportChoices
    from crm_lab.store.records import Row, Work


class ContactPlan(Plan[CheckedContact]):
    """What a file of contacts would do."""

    table: ClassVar[Table] = tables.contact
    usable: ClassVar[str] = "for_contacts"

    def __init__(self, work: Work, actor: Actor, choices: ImportChoices) -> None:
        self._companies = Companies(work)
        super().__init__(work, actor, choices)

    def _stored(self) -> Iterator[Row]:
        c, r = tables.contact, tables.contact_role
        roles: dict[UUID, list[Row]] = defaultdict(list)
        for row in self.work.rows(select(r.c.contact_id, r.c.customer_id, r.c.email, r.c.phone).where(self.work.visible_to(r))):
            roles[row["contact_id"]].append(row)
        query = select(c.c.id, c.c.name_key, c.c.email, c.c.phone, c.c.mobile).order_by(c.c.id)
        for row in self.work.rows(query.where(and_(c.c.archived_at.is_(None), self.work.visible_to(c)))):
            yield row | {"roles": roles[row["id"]]}

    def _identities_of(self, row: Row) -> Iterator[Identity]:
        key = row["name_key"]
        yield from (("email", key, e) for e in (row["email"], *(r["email"] for r in row["roles"])) if e)
        yield from (("phone", key, p) for p in (row["mobile"], row["phone"], *(r["phone"] for r in row["roles"])) if p)
        yield from (("company", key, r["customer_id"]) for r in row["roles"])
        yield "name", key

    def _identities(self, row: CheckedContact) -> tuple[list[Identity], list[Identity]]:
        fields: Any = row.fields
        key = name_key(f"{fields.get('first_name', '')} {fields['last_name']}".strip())
        emails = [e for e in (row.role.email if row.role else "", fields.get("email")) if e]
        phones = [p for p in (fields.get("mobile"), row.role.phone if row.role else "", fields.get("phone")) if p]
        found = self._companies.called(row.company) if row.company else []
        by_sureness: list[list[Identity]] = [
            [("email", key, e) for e in emails], [("phone", key, p) for p in phones], [("company", key, c) for c in found[:1]], [("name", key)],
        ]  # fmt: skip
        return next(filter(None, by_sureness)), [identity for some in by_sureness for identity in some]

    def _resolve(self, row: CheckedContact, twin: Row | Planned[CheckedContact] | None, told: dict[str, str]) -> dict[str, Any]:
        del twin
        fields = self._fields(row, told)
        if not row.company or row.role is None:
            return fields
        found = self._companies.called(row.company)
        if len(found) > 1:
            told["company"] = several(row.company)
        elif found:
            fields["roles"] = (replace(row.role, id=new_id(), customer_id=found[0]),)
        elif self.choices.without_company:
            fields = {"phone": row.role.phone, "email": row.role.email} | {k: v for k, v in fields.items() if v}
        else:
            told["company"] = nobody(row.company)
        return fields

    def _shown(self, row: CheckedContact) -> dict[str, str]:
        return shown_party(row)

    def changes(self) -> list[tuple[Contact, Contact]]:
        """The stored contacts that rows would change, as (before, after)."""
        meant = {p.twin["id"]: p for p in self.made if p.twin is not None}
        stored: dict[Any, Contact] = read_many(self.work, Contact, tables.contact, meant)
        roles: dict[Any, list[ContactRole]] = defaultdict(list)
        for row in self.work.rows_of(tables.contact_role, "contact_id", meant):
            roles[row["contact_id"]].append(as_record(ContactRole, row))
        stored = {key: replace(contact, roles=tuple(roles[key])) for key, contact in stored.items()}
        pairs = [(stored[key], merged(stored[key], planned)) for key, planned in meant.items()]
        return [(before, after) for before, after in pairs if before != after]

    def carry_out(self) -> None:
        """Register what is new and change what is to change."""
        self._make_categories()
        update = self.choices.known is KnownRows.UPDATE
        mine = self.actor.id
        fresh = [merged(Contact(id=new_id(), last_name="", owner_id=mine), p, later=update) for p in self.made if p.twin is None]
        if fresh:
            add_contacts(self.work, fresh)
        self._save([(before, replace(after, is_incomplete=False)) for before, after in self.changes()])

    def _save(self, pairs: list[tuple[Contact, Contact]]) -> None:
        stored = {row["id"]: row for row in self.work.rows_of(tables.contact, "id", (before.id for before, _after in pairs))}
        told_apart = {"version", "duplicate_reason", "created_at"}
        rows = [{k: v for k, v in contact_row(after).items() if k not in told_apart} for _before, after in pairs]
        self.work.change_many(tables.contact, [(stored[row["id"]], stored[row["id"]] | row) for row in rows])
        r = tables.contact_role
        had = {role.id: (role, before.id) for before, _after in pairs for role in before.roles}
        roles = [(role, after.id) for _before, after in pairs for role in after.roles]
        self.work.insert_many(r, [as_row(role, r) | {"contact_id": key} for role, key in roles if role.id not in had])
        kept = [(as_row(had[role.id][0], r) | {"contact_id": key}, as_row(role, r) | {"contact_id": key}) for role, key in roles if role.id in had]
        self.work.change_many(r, [(before, after) for before, after in kept if before != after])
        save_parts(self.work, "contact_id", pairs)



def merged(person: Contact, planned: Planned[CheckedContact], *, later: bool = True) -> Contact:
    """A person with what the rows say written over them; what they leave open stays."""
    for row in (planned, *(planned.later if later else ())):
        given = dict(row.fields)
        if "addresses" in given:
            given["addresses"] = merged_addresses(person.addresses, given["addresses"])
        if "categories" in given:
            given["categories"] = tuple(dict.fromkeys((*person.categories, *given["categories"])))
        if "roles" in given:
            given["roles"] = _merged_roles(person.roles, given["roles"][0])
        person = replace(person, **{k: v for k, v in given.items() if v != ""})
    return person


def _merged_roles(roles: tuple[ContactRole, ...], given: ContactRole) -> tuple[ContactRole, ...]:
    """The roles with one more, or with what is new of one that lasts."""
    at = next((n for n, role in enumerate(roles) if role.customer_id == given.customer_id and role.ended_on is None), None)
    if at is None:
        known = any(replace(given, id=role.id) == role for role in roles)
        return roles if known else (*roles, given)
    said = {n: v for n in given.__slots__ if n not in {"id", "customer_id"} and (v := getattr(given, n))}
    return (*roles[:at], replace(roles[at], **said), *roles[at + 1 :])
