"""Searching one's own customers and contacts: as one types, and as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyarrow as pa
from sqlalchemy import ColumnElement, String, and_, cast, func, literal, null, or_, select, union_all

from crm_lab.domain.search import Hit, HitGroup, Match, SearchAnswer, SearchKind, understand
from crm_lab.services.actions import Service, reads
from crm_lab.services.contacts import current_roles
from crm_lab.services.customers import party_kind, shown_name, visiting_address
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_lab.store.search import Found, PartyIndex

MOST_HITS, MOST_ROWS = 50, 2000
MOST_RECENT = 20


class Search(Service):
    """Finding parties by name, number, phone, e-mail or a name they had."""

    @reads()
    def find(self, *, text: str, limit: int = 8, recent: tuple[str, ...] = ()) -> SearchAnswer:
        """The best hits among customers and contacts that are not archived.

        `recent` are customer numbers and contact ids that the caller opened lately, newest first; equally good hits
        come in that order, then the caller's own, then the shorter name.
        """
        question = understand(text)
        if not question:
            return SearchAnswer()
        numbers = [int(r) for r in recent[:MOST_RECENT] if r.isascii() and r.isdigit()]
        ids = [UUID(r) for r in recent[:MOST_RECENT] if len(r) == 36]  # noqa: PLR2004
        limit = max(1, min(limit, MOST_HITS))
        found = {}
        for kind, opened in ((SearchKind.CUSTOMER, self._ids_of(numbers)), (SearchKind.CONTACT, ids)):
            found[kind] = self._index(kind).find(self.work, question, recent=opened, limit=limit)
        customers, n_customers = found[SearchKind.CUSTOMER]
        contacts, n_contacts = found[SearchKind.CONTACT]
        return SearchAnswer(
            customers=HitGroup(hits=self._customers(customers), total=n_customers),
            contacts=HitGroup(hits=self._contacts(contacts), total=n_contacts),
        )

    def _index(self, kind: SearchKind) -> PartyIndex:
        index: PartyIndex = self.work.connection.get_execution_options()["indexes"][kind]
        return index

    def _ids_of(self, numbers: Sequence[int]) -> list[UUID]:
        c = tables.customer
        if not numbers:
            return []
        known = {row["number"]: row["id"] for row in self.work.rows(select(c.c.id, c.c.number).where(c.c.number.in_(numbers)))}
        return [known[number] for number in numbers if number in known]
