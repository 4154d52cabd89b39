"""Whose number it is: calls belong to the party that their number stands on, also when it is written there later."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, select

from crm_lab.store import tables
from crm_lab.store.bulk import among

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm_lab.store.records import Row, Work

PHONE = "phone "
Pair = tuple[UUID | None, UUID | None]
"""A customer and a contact, either of which may be nobody."""


def owners_of(work: Work, numbers: Iterable[str]) -> dict[str, Pair]:
    """Customer and contact of each number; numbers of nobody are left out, as are those on several open cards.

    Who is visible to an owner only comes before everybody else: a call that may be private is shown to nobody more.
    """
    clues = work.rows_of(tables.clue, "value", {f"{PHONE}{number}" for number in numbers if number})
    pairs = _pairs(work, {row["source_id"] for row in clues})
    found: dict[str, list[tuple[bool, Pair]]] = defaultdict(list)
    for row in clues:
        found[row["value"].removeprefix(PHONE)] += pairs.get(row["source_id"], [])
    chosen = {number: _chosen(candidates) for number, candidates in found.items()}
    return {number: pair for number, pair in chosen.items() if pair != (None, None)}


def follow_numbers(work: Work, clues: Iterable[str]) -> None:
    """Give calls of nobody to those whose numbers these now are."""
    c = tables.call
    numbers = {clue.removeprefix(PHONE) for clue in clues if clue.startswith(PHONE)}
    if not numbers:
        return
    rows = work.rows(select(c).where(and_(among(c.c.number, numbers), c.c.customer_id.is_(None), c.c.contact_id.is_(None))))
    owners = owners_of(work, {row["number"] for row in rows}) if rows else {}
    linked = [(row, row | dict(zip(("customer_id", "contact_id"), owners[row["number"]], strict=True))) for row in rows if row["number"] in owners]
    work.change_many(c, linked)


def _pairs(work: Work, sources: set[UUID]) -> dict[UUID, list[tuple[bool, Pair]]]:
    """By the row a number stands on: whether it is private, and the customer and contact it names."""
    c, p, r = tables.customer, tables.contact, tables.contact_role
    customers: dict[UUID, Row] = {row["id"]: row for row in work.rows_of(c, "id", sources)}
    people: dict[UUID, Row] = {row["id"]: row for row in work.rows_of(p, "id", sources)}
    roles = work.rows(select(r).where(and_(r.c.ended_on.is_(None), among(r.c.id, sources) | among(r.c.contact_id, people))))
    customers |= {row["id"]: row for row in work.rows_of(c, "id", {role["customer_id"] for role in roles} - customers.keys())}
    people |= {row["id"]: row for row in work.rows_of(p, "id", {role["contact_id"] for role in roles} - people.keys())}
    at: dict[UUID, set[UUID]] = defaultdict(set)
    for role in roles:
        at[role["contact_id"]].add(role["customer_id"])
    found: dict[UUID, list[tuple[bool, Pair]]] = {}
    for key in sources:
        if key in people:
            firms = at[key]
            found[key] = [_pair(customers.get(next(iter(firms))) if len(firms) == 1 else None, people[key])]
        elif key in customers:
            found[key] = [_pair(customers[key], None)]
    for role in roles:
        if role["id"] in sources:
            found[role["id"]] = [_pair(customers.get(role["customer_id"]), people.get(role["contact_id"]))]
    return found


def _pair(customer: Row | None, contact: Row | None) -> tuple[bool, Pair]:
    """The keys of who they are now, and whether either is a colleague's alone."""
    rows = [row for row in (customer, contact) if row is not None]
    return any(row["owner_only"] for row in rows), (_now(customer), _now(contact))


def _now(row: Row | None) -> Any:
    return None if row is None else row["merged_into"] or row["id"]


def _chosen(candidates: list[tuple[bool, Pair]]) -> Pair:
    """The one customer and the one contact that all agree on; of private ones the first, where there are several."""
    private = sorted({pair for is_private, pair in candidates if is_private}, key=str)
    pairs = private or [pair for _is_private, pair in candidates]
    customers, contacts = ({pair[n] for pair in pairs} - {None} for n in (0, 1))
    one = (customers.pop() if len(customers) == 1 else None, contacts.pop() if len(contacts) == 1 else None)
    return private[0] if private and one == (None, None) else one
