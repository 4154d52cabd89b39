"""Proposals that somebody has looked at and refused."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from crm_lab.domain.ids import new_id
from crm_lab.domain.ledger import TooFewPostings
from crm_lab.errors import NotFound
from crm_lab.i18n import _
from crm_lab.services.ledger.links import visible_to_bookkeeper
from crm_lab.store import tables
from crm_lab.store.bulk import among

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_lab.store.records import Work


def dismiss(work: Work, proposals: Sequence[Sequence[UUID]]) -> None:
    """Keep sets of postings that are not to be proposed. Raises `TooFewPostings`, `NotFound`."""
    p = tables.posting
    wanted = set(chain.from_iterable(proposals))
    parties = {row["id"]: row["customer_id"] for row in work.rows(select(p.c.id, p.c.customer_id).where(among(p.c.id, wanted) & visible_to_bookkeeper(work, p)))}
    if len(parties) != len(wanted):
        raise NotFound(_("There is no such record, or you may not see it."))
    if not all(proposals):
        raise TooFewPostings
    who = work.actor.id if work.actor else None
    work.insert_many(tables.dismissal, [
        {"id": new_id(), "customer_id": parties[ids[0]], "posting_ids": tuple(sorted(map(str, ids))), "dismissed_at": work.now, "employee_id": who}
        for ids in proposals
    ])  # fmt: skip


def dismissed(work: Work) -> list[tuple[UUID, ...]]:
    """The sets that were refused, of the parties whose postings the caller may know of."""
    d = tables.dismissal
    rows = work.rows(select(d.c.posting_ids).where(visible_to_bookkeeper(work, d)))
    return [tuple(UUID(key) for key in row["posting_ids"]) for row in rows]
