"""Contacts: persons, registered, listed, changed, and linked to the companies they work for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Unpack
from uuid import UUID

import pyarrow as pa
from sqlalchemy import ColumnElement, String, Table, and_, cast, func, or_, select

from crm_lab.domain.contacts import (
    Contact,
    ContactFields,
    ContactRole,
    RoleFields,
    clean_contact,
    refuse_national_number,
)
from crm_lab.domain.duplicates import Duplicate, typed_clues
from crm_lab.domain.ids import new_id
from crm_lab.domain.names import name_key
from crm_lab.errors import InvalidInput, NotFound
from crm_lab.i18n import _
from crm_lab.services.actions import reads, writes
from crm_lab.services.customers import shown_name
from crm_lab.services.duplicates import find_duplicates
from crm_lab.services.parties import Parties, address_rows, clean_reason, name_columns, part_rows
from crm_lab.store import tables
from crm_lab.store.records import Row, as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_lab.store.records import Work

PARTS = {"roles", "addresses", "categories"}


class Contacts(Parties):
    """The persons a company deals with."""

    table: ClassVar[Table] = tables.contact
    key: ClassVar[str] = "contact_id"

    @reads()
    def count(self) -> int:
        """How many contacts the caller may see, archived ones left out."""
        return int(self.work.scalar(select(func.count()).select_from(tables.contact).where(self._present())))

    @reads()
    def list(self) -> pa.Table:
        """Every contact the caller may see, by surname; with one of the companies where the person works now."""
        c, e, r, party = tables.contact, tables.employee, tables.contact_role, tables.customer
        rank = func.row_number().over(partition_by=r.c.contact_id, order_by=(r.c.is_decision_maker.desc(), r.c.id))
        roles = (
            select(r.c.contact_id, r.c.title, r.c.phone, r.c.email, shown_name().label("company"), rank.label("rank"))
            .join(party, party.c.id == r.c.customer_id)
            .where(and_(self._lasting(), party.c.archived_at.is_(None), self.work.visible_to(party)))
            .subquery()
        )
        role = select(roles).where(roles.c.rank == 1).subquery()
        query = (
            select(
                cast(c.c.id, String).label("id"),
                c.c.last_name,
                c.c.first_name,
                func.coalesce(role.c.company, "").label("company"),
                func.coalesce(role.c.title, "").label("title"),
                func.coalesce(func.nullif(role.c.phone, ""), func.nullif(c.c.mobile, ""), c.c.phone).label("phone"),
                func.coalesce(func.nullif(role.c.email, ""), c.c.email).label("email"),
                func.coalesce(e.c.name, "").label("owner"),
                c.c.owner_only,
                c.c.is_incomplete,
                c.c.created_at,
            )
            .outerjoin(role, role.c.contact_id == c.c.id)
            .outerjoin(e, e.c.id == c.c.owner_id)
            .where(self._present())
            .order_by(self.work.alphabetical(c.c.last_name), self.work.alphabetical(c.c.first_name), c.c.id)
        )
        return self.work.frame(query)

    @reads()
    def export(self, *, ids: tuple[UUID, ...] | None = None) -> pa.Table:
        """Everything known of the contacts the caller may see, or of those that `ids` names; one row each."""
        from crm_lab.services.exports import contacts_frame

        return contacts_frame(self.work, ids)

    @reads()
    def get(self, *, id: UUID) -> Contact:  # noqa: A002 - the wire's word
        """One contact with its roles and addresses. Raises `NotFound`, also where it is hidden."""
        r = tables.contact_role
        query = select(r).where(and_(r.c.contact_id == id, self.work.visible_to(r))).order_by(r.c.id)
        roles = tuple(as_record(ContactRole, row) for row in self.work.rows(query))
        return replace(self._read(Contact, id), roles=roles)

    @reads()
    def of_customer(self, *, customer_id: UUID) -> list[Contact]:  # type: ignore[valid-type]
        """The persons with a role at a party, also ended ones, by name."""
        r = tables.contact_role
        wanted = and_(r.c.customer_id == customer_id, self.work.visible_to(r))
        ids = {row["contact_id"] for row in self.work.rows(select(r.c.contact_id).where(wanted))}
        found = [self.get(id=contact_id) for contact_id in ids]
        return sorted(found, key=lambda contact: name_key(contact.display_name))

    @reads()
    def duplicates(
        self, *, first_name: str = "", last_name: str = "", phone: str = "", mobile: str = "", email: str = "",
        work_phones: tuple[str, ...] = (), work_emails: tuple[str, ...] = (), exclude: UUID | None = None,
    ) -> list[Duplicate]:  # type: ignore[valid-type]
        """Contacts that what is typed so far may be, surest first; `work_phones` and `work_emails` are those of roles.

        Of a colleague's private contact only that it exists, and only where a number, an address or the whole name is equal.
        """
        clues = typed_clues(
            name=f"{first_name} {last_name}", is_person=True,
            phones=(phone, mobile, *work_phones), emails=(email, *work_emails),
        )  # fmt: skip
        return find_duplicates(self.work, tables.contact, clues, exclude)

    @writes()
    def create(self, *, duplicate_reason: str = "", **fields: Unpack[ContactFields]) -> Contact:
        """Register a person, owned by the caller unless another owner is named. Raises `InvalidFields`."""
        refuse_national_number(duplicate_reason, "duplicate_reason")
        given: ContactFields = {"last_name": ""}
        clean = clean_contact(given | fields, self._today())
        made = {k: v for k, v in clean.items() if k not in PARTS}
        contact = Contact(
            **({"owner_id": self.actor.id} | made),  # type: ignore[arg-type]
            id=new_id(),
            created_at=self.work.now,
            duplicate_reason=clean_reason(duplicate_reason),
        )
        self._check_owner({"owner_id": contact.owner_id, "owner_only": contact.owner_only})
        self.work.insert(tables.contact, contact_row(contact))
        self._save_roles(contact.id, clean)
        self._save_parts(contact.id, clean)
        return self._as_saved(contact)

    @writes()
    def create_by_name(self, *, name: str) -> Contact:
        """Register a person by name alone, the last word as surname; incomplete until `change`. Raises `InvalidFields`."""
        first_name, _space, last_name = name.strip().rpartition(" ")
        clean = clean_contact({"first_name": first_name, "last_name": last_name}, self._today())
        made = Contact(
            id=new_id(), first_name=clean["first_name"], last_name=clean["last_name"], owner_id=self.actor.id,
            is_incomplete=True, created_at=self.work.now,
        )  # fmt: skip
        self.work.insert(tables.contact, contact_row(made))
        return self.get(id=made.id)

    @writes()
    def change(self, *, id: UUID, version: int, **fields: Unpack[ContactFields]) -> Contact:  # noqa: A002
        """Change the given fields of a contact; the others stay. Roles at parties hidden from the caller stay too.

        Raises
        ------
        InvalidFields, NotFound, ChangedMeanwhile
        """
        before = self.get(id=id)
        kept: ContactFields = {"consent_on": before.consent_on, "consent_note": before.consent_note}
        clean = clean_contact(kept | fields, self._today())
        after = replace(before, **clean, is_incomplete=False)
        self._check_owner({"owner_id": after.owner_id, "owner_only": after.owner_only})
        self._save(before, after, version)
        self._save_roles(id, clean)
        self._save_parts(id, clean)
        return self._as_saved(replace(after, version=version + 1))

    @writes()
    def rename(self, *, id: UUID, version: int, first_name: str, last_name: str) -> Contact:  # noqa: A002
        """Correct a person's name; the old one stays searchable."""
        before = self.get(id=id)
        clean = clean_contact({"first_name": first_name, "last_name": last_name}, self._today())
        self._save(before, replace(before, **clean), version)
        return self.get(id=id)

    @writes()
    def annotate(self, *, id: UUID, version: int, note: str) -> None:  # noqa: A002
        """Write the note on a contact, and nothing else. Raises `InvalidFields`, `ChangedMeanwhile`."""
        self._annotate(id, version, clean_contact({"note": note}, self._today())["note"])

    @writes()
    def assign(self, *, ids: tuple[UUID, ...], owner_id: UUID) -> int:
        """Give many contacts a new owner; how many there were."""
        return self._assign(ids, owner_id)

    @writes()
    def archive(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Take a contact out of the lists; nothing is deleted."""
        self._archive(id, version)

    @writes()
    def restore(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Bring an archived contact back."""
        self._restore(id, version)

    @writes()
    def delete(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Delete a contact with its roles and addresses. It can be undone."""
        self._delete(self.get(id=id), version)

    @writes()
    def add_role(self, *, id: UUID, customer_id: UUID, **fields: Unpack[RoleFields]) -> ContactRole:  # noqa: A002
        """Tie a person to a party. Raises `InvalidFields`, `NotFound`."""
        self.work.require(tables.customer, customer_id)
        contact = self.get(id=id)
        made = ContactRole(id=new_id(), customer_id=customer_id, **fields)
        role = clean_contact({"roles": (*contact.roles, made)}, self._today())["roles"][-1]
        self.work.insert(tables.contact_role, as_row(role, tables.contact_role) | {"contact_id": id})
        self.work.change(tables.contact, id, contact.version)  # so that a form opened before is told
        return role

    @writes()
    def change_role(self, *, role_id: UUID, **fields: Unpack[RoleFields]) -> ContactRole:
        """Change what a person is at a party. Raises `InvalidFields`, `NotFound`."""
        contact = self.get(id=self._role_row(role_id)["contact_id"])
        changed = tuple(replace(role, **fields) if role.id == role_id else role for role in contact.roles)
        clean = clean_contact({"roles": changed}, self._today())
        self._save_roles(contact.id, clean)
        self.work.change(tables.contact, contact.id, contact.version)
        return next(role for role in clean["roles"] if role.id == role_id)

    @writes()
    def end_role(self, *, role_id: UUID, on: date | None = None) -> ContactRole:
        """Untie a person from a party: the role ends, today unless `on` is given, and stays in the history. Raises `NotFound`."""
        started = self._role_row(role_id)["started_on"]
        return self.change_role(role_id=role_id, ended_on=on or max(self._today(), started or self._today()))

    def _role_row(self, role_id: UUID) -> Row:
        r = tables.contact_role
        row = self.work.one(select(r).where(and_(r.c.id == role_id, self.work.visible_to(r))))
        if row is None:
            raise NotFound(_("There is no such record, or you may not see it."))
        return row

    def _save(self, before: Contact, after: Contact, version: int) -> None:
        row = {k: v for k, v in contact_row(after).items() if k not in {"id", "version"}}
        self.work.change(tables.contact, before.id, version, **row)
        self._keep_former_name(before.id, before.display_name, after.display_name)

    def _save_roles(self, contact_id: UUID, fields: ContactFields) -> None:
        if "roles" not in fields:
            return
        r, c = tables.contact_role, tables.customer
        mine: list[Row] = [as_row(role, r) for role in fields["roles"]]  # type: ignore[valid-type]
        wanted = {row["customer_id"] for row in mine}
        query = select(c.c.id).where(and_(c.c.id.in_(wanted), self.work.visible_to(c)))
        if wanted - {row["id"] for row in self.work.rows(query)}:
            raise InvalidInput(_("There is no such customer, or you may not see it."), "roles")
        hidden = and_(r.c.contact_id == contact_id, ~self.work.visible_to(r))
        self.work.replace(r, {"contact_id": contact_id}, [*mine, *self.work.rows(select(r).where(hidden))])

    def _lasting(self) -> ColumnElement[bool]:
        """Which roles last today."""
        ended = tables.contact_role.c.ended_on
        return or_(ended.is_(None), ended > self._today())


def add_contacts(work: Work, contacts: Sequence[Contact]) -> None:
    """Add many contacts at once, with their roles, addresses and categories."""
    dated = [replace(contact, created_at=contact.created_at or work.now) for contact in contacts]
    work.insert_many(tables.contact, [contact_row(contact) for contact in dated])
    roles = ((c.id, [as_row(role, tables.contact_role) for role in c.roles]) for c in dated)
    work.insert_many(*part_rows(tables.contact_role, "contact_id", roles))
    work.insert_many(*part_rows(tables.address, "contact_id", ((c.id, address_rows(c.addresses)) for c in dated)))
    links = ((c.id, [{"category_id": category} for category in c.categories]) for c in dated)
    work.insert_many(*part_rows(tables.category_link, "contact_id", links))


def contact_row(contact: Contact) -> Row:
    """A contact as a row of its table."""
    return as_row(contact, tables.contact) | name_columns(contact.display_name)
