"""Many postings and matches at once, as a whole file brings them.

They write no audit rows: a posting never changes and tells itself who made it, when and from which file; so does a match.
The file is one audit row, and is taken back by it.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select, update

from crm_lab.domain.ids import new_id, new_ids
from crm_lab.domain.ledger import MatchRule
from crm_lab.i18n import _, business_day
from crm_lab.services.ledger.links import PLACE, StillLinked
from crm_lab.store import tables
from crm_lab.store.bulk import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from crm_lab.store.records import Row, Work

BATCH = 5000
EMPTY = {c.name: "" for c in tables.posting.c if c.type.python_type is str and not c.nullable}


def load_postings(work: Work, rows: Sequence[Row]) -> None:
    """Add postings with consecutive numbers; a row names what is not empty."""
    numbers = count(work.next_number("posting", 1, len(rows)))
    made = {"created_by": _who(work), "created_at": work.now}
    load(work.connection, tables.posting, [EMPTY | made | row | {"number": next(numbers)} for row in rows])


def load_matches(work: Work, matches: Sequence[tuple[Sequence[Row], MatchRule, str]]) -> None:
    """Match postings of this request, each with its rule and reason; that they may be matched the caller has seen to."""
    if not matches:
        return
    numbers, who = count(work.next_number("match", 1, len(matches))), _who(work)
    groups, items = [], []
    keys = iter(new_ids(sum(1 + len(members) for members, _rule, _reason in matches)))
    for members, rule, reason in matches:
        place = {name: members[0][name] for name in PLACE}
        made = {"made_at": work.now, "made_by": who, "request_id": work.request_id, "rule": rule, "reason": reason}
        groups.append({"id": next(keys), "number": next(numbers)} | place | made)
        items += [
            {"id": next(keys), "match_id": groups[-1]["id"], "posting_id": row["id"], "linked_at": work.now, "linked_by": who}
            for row in members
        ]
    load(work.connection, tables.match_group, groups)
    load(work.connection, tables.match_item, items)


def parties_of_source(work: Work, source_ids: Iterable[UUID]) -> set[UUID]:
    """The parties that have postings of these files."""
    p = tables.posting
    return {row["customer_id"] for row in work.rows(select(p.c.customer_id).where(p.c.source_id.in_(list(source_ids))).distinct())}


def take_back_source(work: Work, source_id: UUID, request_id: UUID) -> None:
    """Dissolve the matches a file brought and post the opposite of its postings. Raises `StillLinked` where somebody matched one since."""
    p, i, g = tables.posting, tables.match_item, tables.match_group
    of_file = select(g.c.id).where(g.c.request_id == request_id)
    mine, live = select(p.c.id).where(p.c.source_id == source_id), i.c.unlinked_at.is_(None)
    work.connection.execute(
        update(i)
        .where(and_(live, i.c.match_id.in_(of_file), i.c.posting_id.in_(mine)))
        .values(unlinked_at=work.now, unlinked_by=_who(work))
    )
    rest = select(func.min(p.c.number)).join(i, i.c.posting_id == p.c.id)
    left = work.scalar(rest.where(and_(live, (p.c.source_id == source_id) | i.c.match_id.in_(of_file))))
    if left is not None:
        raise StillLinked(left)
    keys = [row["id"] for row in work.rows(mine.order_by(p.c.number))]
    for at in range(0, len(keys), BATCH):
        had = work.rows_of(tables.posting, "id", keys[at : at + BATCH])
        made = [_opposite(work, row) for row in had]
        load_postings(work, made)
        load_matches(work, [(pair, MatchRule.REVERSAL, "") for pair in zip(had, made, strict=True)])


def _opposite(work: Work, row: Row) -> dict[str, Any]:
    today, text = business_day(work.now), _("Takes back posting {posting}", posting=row["number"])
    new = {"id": new_id(), "amount": -row["amount"], "posted_on": today, "due_on": None, "reverses_id": row["id"], "text": text}
    return row | new | {"source_id": None, "source_key": None, "created_by": _who(work), "created_at": work.now}


def _who(work: Work) -> UUID | None:
    return work.actor.id if work.actor else None
