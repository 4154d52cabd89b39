"""Reading parties as what they are now: one that was merged into another is that other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, FromClause, Select, func, or_, select

from crm_lab.store import tables

if TYPE_CHECKING:
    from uuid import UUID

PARTIES = (tables.customer, tables.contact)


def now_of(party: FromClause) -> ColumnElement[UUID]:
    """The key of who a row of customers or contacts is now."""
    return func.coalesce(party.c.merged_into, party.c.id)


def is_present(party: FromClause) -> ColumnElement[bool]:
    """Which rows of customers or contacts are in use: those not archived, and those merged into another, as that other."""
    return or_(party.c.archived_at.is_(None), party.c.merged_into.is_not(None))


def all_of(party: FromClause, party_id: UUID) -> Select[tuple[UUID]]:
    """The keys of a party and of those merged into it."""
    other = party.alias()
    return select(other.c.id).where(or_(other.c.id == party_id, other.c.merged_into == party_id))
