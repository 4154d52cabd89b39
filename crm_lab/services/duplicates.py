"""Who looks like somebody we have: candidates found by the store, judged by `crm_lab.domain.duplicates`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Table, and_, func, null, select

from crm_lab.domain.duplicates import (
    EMAILS,
    PHONES,
    SHOWN,
    SURE,
    Clues,
    Duplicate,
    errors_allowed,
    errors_between,
    judge,
    stored_clues,
)
from crm_lab.i18n import _
from crm_lab.store import tables
from crm_lab.store.merges import now_of

if TYPE_CHECKING:
    from crm_lab.store.records import Row, Work
    from crm_lab.store.signatures import Signatures

MOST, MOST_ALIKE, MOST_FOUND, MOST_JUDGED = 10, 150, 300, 12
BITS_PER_ERROR, SPARE_BITS, MOST_BITS = 4, 2, 10
KEYS = {tables.customer.name: "customer_id", tables.contact.name: "contact_id"}
COMPARED = {"name_key", "is_person", "number", "organisation_number", "bank_account", "website", *PHONES, *EMAILS}


def find_duplicates(work: Work, table: Table, clues: Clues, exclude: UUID | None) -> list[Duplicate]:
    """The parties of `table` that `clues` may mean, surest first, ten at most; archived ones are left out."""
    search = _Search(work, table, clues)
    ids = search.by_value() | search.by_name() | search.by_former_name()
    shown: dict[UUID | None, Duplicate] = {}
    hidden = {}
    for row in search.parties({party_id for party_id in ids if party_id != exclude}):
        known = stored_clues(row)
        if not row["is_visible"]:
            if clues.strong & known.strong:
                hidden[row["owner"]] = _hidden(row["owner"])
            continue
        at_work = search.at_work[row["id"]]
        known = replace(known, phones=known.phones | at_work, emails=known.emails | at_work)
        score, reasons = judge(clues, known, search.former[row["id"]])
        if score >= SHOWN:
            found = Duplicate(row["now_number"], None if "number" in row else row["now_id"], row["shown"], row["owner"], reasons, score)
            shown[row["now_id"]] = max(found, shown.get(row["now_id"], found), key=lambda one: one.score)
    shown.pop(exclude, None)
    return sorted([*hidden.values(), *shown.values()], key=lambda found: (-found.score, found.name))[:MOST]


def _hidden(owner: str) -> Duplicate:
    return Duplicate(None, None, "", owner, (_("There is one already, owned by {owner}.", owner=owner or "?"),), SURE, is_hidden=True)


class _Search:
    """The queries of one search. What they find may be hidden: `parties` tells which."""

    def __init__(self, work: Work, table: Table, clues: Clues) -> None:
        self.work, self.table, self.clues = work, table, clues
        self.former: defaultdict[UUID, list[str]] = defaultdict(list)
        self.at_work: defaultdict[UUID, frozenset[str]] = defaultdict(frozenset)

    def by_value(self) -> set[UUID]:
        """Rows with an equal number, account, phone, e-mail address or domain, and parties by the roles among them."""
        c = tables.clue.c
        if not self.clues.values:
            return set()
        query = select(c.source_id, c.value).where(c.value.in_(sorted(self.clues.values))).limit(MOST_FOUND)
        found = sorted(self.work.rows(query), key=lambda row: row["value"].startswith("domain "))
        ids = {row["source_id"] for row in found[:MOST_JUDGED]}
        if ids and (self.clues.phones or self.clues.emails):
            self._note_roles(ids)
        return ids | set(self.at_work)

    def _note_roles(self, ids: set[UUID]) -> None:
        """Note phone and e-mail address of the roles among them whose other end is visible; `parties` asks for this one."""
        r, key = tables.contact_role, KEYS[self.table.name]
        other = tables.contact if self.table is tables.customer else tables.customer
        far = KEYS[other.name]
        rows = self.work.rows(select(r.c[key], r.c[far], r.c.phone, r.c.email).where(r.c.id.in_(ids)))
        if not rows:
            return
        seen = select(other.c.id).where(and_(other.c.id.in_({row[far] for row in rows}), self.work.visible_to(other)))
        visible = {row["id"] for row in self.work.rows(seen)}
        for row in rows:
            if row[far] in visible:
                self.at_work[row[key]] |= {row["phone"], row["email"].lower()} - {""}

    def by_name(self) -> set[UUID]:
        """Those whose name is spelled nearly so, the likest."""
        key, connection = self.clues.name_key, self.work.connection
        if not key:
            return set()
        signatures: Signatures = connection.get_execution_options()["signatures"][self.table.name]
        near = signatures.near(connection.engine, key, bits=self._bits, limit=MOST_ALIKE)
        found = [(errors_between(key, name), party_id) for party_id, name in near]
        return {party_id for _n, party_id in sorted((n, party_id) for n, party_id in found if n is not None)[:MOST_JUDGED]}

    def by_former_name(self) -> set[UUID]:
        """Those that had such a name."""
        f, key = tables.former_name, self.clues.name_key
        party_id = f.c[KEYS[self.table.name]]
        if not key:
            return set()
        unlike = self.work.unlike(f, key)
        query = select(party_id.label("id"), f.c.name, f.c.name_key).where(unlike <= self._bits, party_id.is_not(None))
        for row in self.work.rows(query.order_by(unlike).limit(MOST_ALIKE)):
            if errors_between(key, row["name_key"]) is not None:
                self.former[row["id"]].append(row["name"])
        return set(self.former)

    @property
    def _bits(self) -> int:
        """In how many bits a name may differ; one too short for typing errors in none."""
        errors = errors_allowed(self.clues.name_key)
        return min(BITS_PER_ERROR * errors + SPARE_BITS, MOST_BITS) if errors else 0

    def parties(self, ids: set[UUID]) -> list[Row]:
        """What is compared of those parties, who they are now, whose, and whether the caller may see them."""
        if not ids:
            return []
        t, e, now = self.table, tables.employee, self.table.alias("now")
        query = (
            select(
                t.c.id,
                *[column for column in t.c if column.name in COMPARED],
                now.c.id.label("now_id"),
                (now.c.number if "number" in now.c else null()).label("now_number"),
                _shown(now).label("shown"),
                func.coalesce(e.c.name, "").label("owner"),
                self.work.visible_to(now).label("is_visible"),
            )
            .join(now, now.c.id == now_of(t))
            .outerjoin(e, e.c.id == now.c.owner_id)
            .where(and_(t.c.id.in_(ids), now.c.archived_at.is_(None)))
        )
        return self.work.rows(query)


def _shown(table: FromClause) -> ColumnElement[str]:
    """The name people read, of a party or a contact."""
    return func.trim(table.c.first_name + " " + table.c["last_name" if "last_name" in table.c else "name"])
