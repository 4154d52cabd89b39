"""What customers and contacts share: an owner, addresses, categories, former names, archiving."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, delete, select

from crm_lab.domain.addresses import Address
from crm_lab.domain.ids import new_id
from crm_lab.domain.names import name_bits, name_key
from crm_lab.domain.values import clean_text
from crm_lab.errors import Conflict, InvalidInput, NotFound
from crm_lab.i18n import _, business_day
from crm_lab.services.actions import Service
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.records import NoSuchRecord, Row, as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from crm_lab.domain.contacts import Contact
    from crm_lab.domain.customers import Customer
    from crm_lab.store.records import Work

    P = TypeVar("P", Customer, Contact)

LONGEST_REASON = 250
DELETED_WITH = (
    tables.address, tables.category_link, tables.former_name, tables.contact_role, tables.document, tables.note, tables.task,
    tables.register_notice, tables.project_contact, tables.opportunity_contact, tables.followed_card, tables.call,
    tables.consent, tables.look, tables.erasure,
)  # fmt: skip
"""What goes with a party that is deleted, and comes back with it."""


class HasMerged(Conflict):
    """Others were merged into the party."""

    def __init__(self, name: str) -> None:
        super().__init__(_("{name} was merged into this one. Undo the merge first, or archive.", name=name))


class Parties(Service):
    """The base of the services on customers and contacts; `key` is the column that names the party in its parts."""

    table: ClassVar[Table]
    key: ClassVar[str]

    def _present(self) -> ColumnElement[bool]:
        """Which parties are listed: visible and not archived."""
        return and_(self.table.c.archived_at.is_(None), self.work.visible_to(self.table))

    def _read(self, cls: type[P], party_id: UUID) -> P:
        """The party with its addresses and categories. Raises `NotFound`, also where it is hidden."""
        return self._with_parts(self.work.read(cls, self.table, party_id))

    def _with_parts(self, party: P) -> P:
        """With its addresses and categories, which are sorted here: for a few rows that is twice as quick as ORDER BY."""
        a, link = tables.address, tables.category_link
        addresses = sorted(self.work.rows(select(a).where(a.c[self.key] == party.id)), key=itemgetter("position"))
        labels = sorted(self.work.rows(select(link.c.id, link.c.category_id).where(link.c[self.key] == party.id)), key=itemgetter("id"))
        return replace(
            party,
            addresses=tuple(as_record(Address, row) for row in addresses),
            categories=tuple(row["category_id"] for row in labels),
        )

    def _as_saved(self, party: P) -> P:
        """The party as it now is; who gave it to a colleague, for that one's eyes only, sees it for the last time."""
        try:
            saved: P = self.get(id=party.id)  # type: ignore[attr-defined]
        except NotFound:
            return party
        return saved

    def _save_parts(self, party_id: UUID, fields: Any) -> None:
        """Save the given addresses and categories of a party."""
        parent = {self.key: party_id}
        if "addresses" in fields:
            self.work.replace(tables.address, parent, address_rows(fields["addresses"]))
        if "categories" in fields:
            self._check_categories(fields["categories"])
            links: list[Row] = [{"category_id": category} for category in dict.fromkeys(fields["categories"])]
            self.work.replace(tables.category_link, parent, links)

    def _check_categories(self, categories: Iterable[UUID]) -> None:
        c = tables.category
        wanted = set(categories)
        usable = c.c.for_customers if self.key == "customer_id" else c.c.for_contacts
        known = {row["id"] for row in self.work.rows(select(c.c.id).where(and_(c.c.id.in_(wanted), usable)))}
        if wanted - known:
            raise InvalidInput(_("There is no such category. Choose one of the list."), "categories")

    def _check_owner(self, fields: Any) -> None:
        e = tables.employee
        owner = fields.get("owner_id")
        if owner and not self.work.scalar(select(e.c.id).where(and_(e.c.id == owner, e.c.is_active))):
            raise InvalidInput(_("The owner must be an active employee."), "owner_id")
        if fields.get("owner_only") and not fields.get("owner_id", True):
            raise InvalidInput(_("Choose an owner first: without one, nobody would see it."), "owner_only")

    def _keep_former_name(self, party_id: UUID, name: str, now: str) -> None:
        """Remember the name a party leaves, so that search still finds it."""
        if name_key(name) in {"", name_key(now)}:
            return
        left: Row = {"id": new_id(), "customer_id": None, "contact_id": None, self.key: party_id}
        self.work.insert(tables.former_name, left | {"name": name, "left_at": self.work.now} | name_columns(name))

    def _assign(self, ids: tuple[UUID, ...], owner_id: UUID) -> int:
        """Give the parties a new owner; how many there were. Raises `NotFound` where one is hidden."""
        self._check_owner({"owner_id": owner_id})
        t = self.table
        had = self.work.rows(select(t).where(and_(among(t.c.id, set(ids)), self._present())))
        if len(had) != len(set(ids)):
            raise NoSuchRecord
        self.work.change_many(t, [(row, row | {"owner_id": owner_id}) for row in had if row["owner_id"] != owner_id])
        return len(had)

    def _today(self) -> date:
        """The business day."""
        return business_day(self.work.now)

    def _annotate(self, party_id: UUID, version: int, note: str) -> None:
        """Write the note on a party; whether it is complete stays."""
        self.work.change(self.table, party_id, version, note=note)

    def _archive(self, party_id: UUID, version: int) -> None:
        self.work.change(self.table, party_id, version, archived_at=self.work.now)

    def _restore(self, party_id: UUID, version: int) -> None:
        self.work.change(self.table, party_id, version, archived_at=None)

    def _delete(self, party: Customer | Contact, version: int) -> None:
        """Delete a party nothing hangs on, with its parts."""
        self.work.change(self.table, party.id, version)  # told where somebody was faster
        m = tables.merge
        if merged := self.work.scalar(select(m.c.merged_name).where(m.c[self.key] == party.id, m.c.undone_at.is_(None)).limit(1)):
            raise HasMerged(merged)
        self.work.connection.execute(delete(m).where(m.c[self.key] == party.id))  # undone ones, which nothing hangs on
        for part, below in ((tables.note, tables.note_mention), (tables.task, tables.task_member)):
            keys = [row["id"] for row in self.work.rows(select(part.c.id).where(part.c[self.key] == party.id))]
            self.work.remove_many(below, self.work.rows_of(below, f"{part.name}_id", keys))
        o = tables.opportunity
        opportunities = self.work.rows_of(o, self.key, [party.id])
        if self.key == "contact_id":
            self.work.set_many(o, opportunities, contact_id=None)
        else:  # those the caller sees have been refused
            for part in (tables.opportunity_contact, tables.opportunity_seller):
                self.work.remove_many(part, self.work.rows_of(part, "opportunity_id", [row["id"] for row in opportunities]))
            self.work.remove_many(o, opportunities)
        for part in [part for part in DELETED_WITH if self.key in part.c]:
            self.work.replace(part, {self.key: party.id}, [])
        row = self.work.one(select(self.table).where(self.table.c.id == party.id))
        self.work.remove(self.table, row or {"id": party.id})


def name_columns(name: str) -> Row:
    """What a name is found by."""
    key = name_key(name)
    return {"name_key": key, "name_bits": name_bits(key)}


def address_rows(addresses: Iterable[Address]) -> list[Row]:
    """Addresses as rows, in the order given."""
    return [as_row(address, tables.address) | {"position": n} for n, address in enumerate(addresses)]


def part_rows(table: Table, key: str, parts: Iterable[tuple[UUID, list[Row]]]) -> tuple[Table, list[Row]]:
    """The parts of many parties as rows of one table, each with a key of its own."""
    return table, [row | {"id": new_id(), key: party_id} for party_id, rows in parts for row in rows]


def clean_reason(reason: str) -> str:
    """Why something is registered although it looks like a double, on one line."""
    return clean_text(reason, "duplicate_reason", max_length=LONGEST_REASON)




def read_many(work: Work, cls: type[P], table: Table, ids: Iterable[UUID]) -> dict[UUID, P]:
    """Many parties with their addresses and categories, by key; that the caller may see them has been asked."""
    key, wanted = f"{table.name}_id", list(ids)
    addresses: dict[UUID, list[Address]] = defaultdict(list)
    for row in sorted(work.rows_of(tables.address, key, wanted), key=lambda row: row["position"]):
        addresses[row[key]].append(as_record(Address, row))
    labels: dict[UUID, list[UUID]] = defaultdict(list)
    for row in sorted(work.rows_of(tables.category_link, key, wanted), key=lambda row: row["id"]):
        labels[row[key]].append(row["category_id"])
    return {
        row["id"]: replace(as_record(cls, row), addresses=tuple(addresses[row["id"]]), categories=tuple(labels[row["id"]]))
        for row in work.rows_of(table, "id", wanted)
    }


def save_parts(work: Work, key: str, pairs: list[tuple[P, P]]) -> None:
    """Save what changed of the addresses and categories of many parties, and the names they leave."""
    moved = [after for before, after in pairs if after.addresses != before.addresses]
    work.remove_many(tables.address, work.rows_of(tables.address, key, (party.id for party in moved)))
    work.insert_many(*part_rows(tables.address, key, ((party.id, address_rows(party.addresses)) for party in moved)))
    added = ((a.id, [{"category_id": c} for c in a.categories if c not in b.categories]) for b, a in pairs)
    work.insert_many(*part_rows(tables.category_link, key, added))
    left = ((a.id, b.display_name) for b, a in pairs if name_key(b.display_name) not in {"", name_key(a.display_name)})
    names = ((party, [{"name": name, "left_at": work.now} | name_columns(name)]) for party, name in left)
    work.insert_many(*part_rows(tables.former_name, key, names))


def merged_addresses(had: tuple[Address, ...], given: tuple[Address, ...]) -> tuple[Address, ...]:
    """The addresses with the given ones in place of the first of their kind; one that says the same stays as it is."""
    result = list(had)
    for address in given:
        at = next((n for n, a in enumerate(result) if a.kind is address.kind), None)
        if at is None:
            result.append(address)
        elif replace(result[at], municipality="") != replace(address, municipality=""):
            result[at] = address
    return tuple(result)
