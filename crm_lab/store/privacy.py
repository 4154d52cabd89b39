"""Where personal data stand, and taking them out: the person's own rows lose what they say, others' the words that name the person.

A row of a person's own keeps its key, its day and its kind, so that counts over time stay what they were.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ColumnElement, String, and_, cast, delete, false, func, or_, select, true, update

from crm_lab.domain.privacy import GONE
from crm_lab.store import tables
from crm_lab.store.bulk import among, batched, settle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from sqlalchemy import Column, Table

    from crm_lab.store.records import Row, Work

BOOKS = {"invoice", "match_group", "match_item", "payment", "payment_file", "posting"}
"""The tables that bookkeeping law keeps (bokføringsloven § 13 first paragraph no. 1–4), in the audit too."""
TITLES = {"note.text", "task.title", "opportunity.title", "project.name"}
"""Columns that must say something."""
PERSONAL: dict[str, tuple[str, ...]] = {
    "contact": ("first_name", "last_name", "name_key", "name_bits", "phone", "mobile", "email", "birth_date", "language", "note", "consent_on", "consent_note", "duplicate_reason"),
    "customer": (
        "name", "name_key", "name_bits", "first_name", "organisation_number", "phone", "mobile", "email", "invoice_email", "website", "bank_account", "gln",
        "note", "duplicate_reason", "sources", "industry", "n_employees", "founded_on", "language",
    ),
    "contact_role": ("title", "phone", "email"),
    "consent": ("how",),
    "note": ("text",),
    "task": ("title", "text"),
    "call": ("number", "note"),
    "document": (),
    "opportunity": ("title", "competitor", "next_step", "lost_reason", "products"),
    "project": ("name", "text"),
    "sales_order": ("buyer", "delivery_place", "buyer_reference", "order_reference", "note"),
    "order_line": (),
    "delivery": ("recipient", "copies", "error", "message_id"),
    "reminder": ("content",),
    "reminder_item": (),
    "merge": ("merged_name", "chosen"),
}  # fmt: skip
"""What is blanked in the rows of a person's own. Tables of a party that are not named here lose those rows."""
STAY = BOOKS | {"audit", "category_link", "clue", "dismissal", "document", "erasure", "followed_card", "look", "opportunity_contact", "party_code", "project_contact"}
"""Tables whose rows of a party hold keys alone, or are seen to by themselves."""
OF_OTHERS = {"opportunity.contact_id", "project_contact.contact_id", "opportunity_contact.contact_id"}
"""Columns that name a contact in what belongs to somebody else."""


@cache
def own_columns(party: Table) -> tuple[Column[Any], ...]:
    """The columns that make a row one of a party's own, the party's table first."""
    key = f"{party.name}_id"
    named = (t.c[key] for t in tables.metadata.sorted_tables if key in t.c and t is not party and t.name not in STAY)
    return (party.c.id, *(column for column in named if f"{column.table.name}.{key}" not in OF_OTHERS))


def own_rows(work: Work, party: Table, ids: list[UUID]) -> Iterator[tuple[Table, list[Row]]]:
    """A person's own rows, table by table."""
    for column in own_columns(party):
        if rows := work.rows_of(column.table, column.name, ids):
            yield column.table, rows


def blank(work: Work, table: Table, rows: list[Row], fixed: Row) -> None:
    """Take out what rows say of a person; `fixed` are values to write instead. Nothing of it is left in the audit."""
    work.touch(table, rows)
    if table.name not in PERSONAL:
        work.connection.execute(delete(table).where(among(table.c.id, [row["id"] for row in rows])))
        return
    names = [*dict.fromkeys((*PERSONAL[table.name], *fixed))]
    if not names:
        return
    settle(work.connection, table, [row | blanks(table.name) | fixed for row in rows], names)


@cache
def blanks(name: str) -> Row:
    """What the personal columns of a table hold afterwards."""
    table = tables.metadata.tables[name]
    return {column: _blank(table, column) for column in PERSONAL.get(name, ())}


def _blank(table: Table, name: str) -> Any:
    column = table.c[name]
    if f"{table.name}.{name}" in TITLES:
        return GONE
    if column.nullable:
        return None
    if isinstance(column.type, JSON):
        return {"name": GONE} if name == "buyer" else {}
    return 0 if name == "name_bits" else ""


def forget_clues(work: Work, ids: Iterable[UUID]) -> None:
    """A person is no longer found by number or address."""
    work.connection.execute(delete(tables.clue).where(among(tables.clue.c.source_id, ids)))


def blank_audit(work: Work, party: Table, ids: list[UUID], names: Row) -> None:
    """Take what the audit tells of a person's own rows; `names` is what the person is called from now on."""
    a, key = tables.audit, f"{party.name}_id"
    told = and_(a.c[key].in_(ids), a.c.entity.not_in([*BOOKS, *_others(party)]))
    for part in batched(work.rows(select(a.c.id, a.c.entity, a.c.before, a.c.after).where(told))):
        done = []
        for row in part:
            fixed = names if row["entity"] == party.name else {}
            sides = {side: _without(row["entity"], row[side], fixed) for side in ("before", "after")}
            done.append({"id": row["id"]} | sides)
        settle(work.connection, a, done, ["before", "after"])


def _others(party: Table) -> list[str]:
    """The tables of which a row may name a contact and belong to a customer."""
    return [name.partition(".")[0] for name in OF_OTHERS] if party is tables.contact else []


def _without(entity: str, said: Row | None, fixed: Row) -> Row | None:
    """An audit row's side without what is personal; of what is not described, only its keys."""
    if said is None:
        return None
    if entity in PERSONAL:
        return {name: (blanks(entity) | fixed).get(name, value) for name, value in said.items()}
    return {name: value if name == "id" or name.endswith("_id") else None for name, value in said.items()}


# words elsewhere


def texts() -> Iterator[Column[Any]]:
    """Every column of every table that may hold words, but those of the books and of erasures."""
    for table in tables.metadata.sorted_tables:
        if table.name in BOOKS | {"clue", "employee", "erasure", "company", "schema_version", "second_factor"}:
            continue
        yield from (c for c in table.c if type(c.type) in {String, JSON} and not c.foreign_keys)


def books() -> Iterator[Column[Any]]:
    """The columns of the books that may hold words."""
    for name in sorted(BOOKS):
        yield from (c for c in tables.metadata.tables[name].c if type(c.type) in {String, JSON})


def naming(column: Column[Any], pattern: str) -> ColumnElement[bool]:
    """Which rows say something that the pattern finds."""
    if not pattern:
        return false()
    return func.regexp_replace(cast(column, String), pattern, "", "gi") != cast(column, String)


def count_mentions(work: Work, pattern: str, columns: Iterable[Column[Any]], *, party: Table, ids: list[UUID]) -> dict[str, int]:
    """How many rows that are not the person's own name it, by table."""
    found: dict[str, list[ColumnElement[bool]]] = {}
    for column in columns:
        found.setdefault(column.table.name, []).append(naming(column, pattern))
    counted = {name: int(work.scalar(select(func.count()).select_from(tables.metadata.tables[name]).where(or_(*rules), foreign(tables.metadata.tables[name], party, ids)))) for name, rules in found.items()}
    return {name: n for name, n in counted.items() if n}


def foreign(table: Table, party: Table, ids: list[UUID]) -> ColumnElement[bool]:
    """Which rows of a table are not a person's own."""
    column = table.c.id if table is party else table.c.get(f"{party.name}_id")
    return true() if column is None else or_(column.is_(None), column.not_in(ids))


def scrub(work: Work, pattern: str, columns: Iterable[Column[Any]]) -> None:
    """Write `GONE` where the pattern finds the person; twice, for one word may end where the next begins."""
    by_table: dict[str, list[Column[Any]]] = {}
    for column in columns if pattern else ():
        by_table.setdefault(column.table.name, []).append(column)
    for name, its in by_table.items():
        table = tables.metadata.tables[name]
        rule = and_(or_(*(naming(column, pattern) for column in its)), table.c.entity.not_in(BOOKS) if table is tables.audit else true())
        found = work.rows(select(table).where(rule))
        if not found:
            continue
        if table is tables.request:
            work.connection.execute(delete(table).where(among(table.c.id, [row["id"] for row in found])))
            continue
        work.connection.execute(update(table).where(rule).values({column.name: _scrubbed(column, pattern) for column in its}))
        work.touch(table, found)


def _scrubbed(column: Column[Any], pattern: str) -> ColumnElement[Any]:
    once = func.regexp_replace(cast(column, String), pattern, rf"\1{GONE}\2", "gi")
    return cast(func.regexp_replace(once, pattern, rf"\1{GONE}\2", "gi"), column.type)
