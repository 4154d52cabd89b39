"""The ledger close up: one match with its past, whether anything changed at all, and which postings were made by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import String, and_, func, select
from sqlalchemy import cast as sql_cast

from crm_lab.domain.ledger import MatchDetails, MatchLink, MatchRule
from crm_lab.errors import InvalidInput, NotFound
from crm_lab.i18n import _
from crm_lab.services.ledger.links import visible_to_bookkeeper
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.records import as_record

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from crm_lab.store.records import Row, Work


class NotByHand(InvalidInput):
    """A posting that a file or an invoice made is not taken back by itself."""

    def __init__(self, posting: int) -> None:
        super().__init__(_("Posting {posting} was not made by hand. Take back the file or the invoice it came with.", posting=posting), "posting_ids")


def of_match(work: Work, number: int) -> MatchDetails:
    """A match and every link it had. Raises `NotFound`."""
    g, c, names = tables.match_group, tables.customer, work.employee_names()
    query = select(g, c.c.number.label("customer_number")).join(c, c.c.id == g.c.customer_id)
    row = work.one(query.where(and_(g.c.number == number, visible_to_bookkeeper(work, g))))
    if row is None:
        raise NotFound(_("There is no such record, or you may not see it."))
    links = [as_record(MatchLink, link | {end: names.get(link[end], "") for end in ("linked_by", "unlinked_by")}) for link in _links(work, row)]
    residual = sum((link.amount for link in links if link.unlinked_at is None), Decimal(0))
    told = row | {"made_by": names.get(row["made_by"], ""), "rule": MatchRule(row["rule"]), "residual": residual, "links": tuple(links)}
    return MatchDetails(**{name: told[name] for name in MatchDetails.__dataclass_fields__})


def _links(work: Work, match: Row) -> list[Row]:
    """Those that hold first. Texts only of parties whose cards the caller may see."""
    i, p, c = tables.match_item, tables.posting, tables.customer
    shown = (p.c.number.label("posting"), p.c.voucher, p.c.kind, p.c.text, p.c.posted_on, p.c.amount)
    query = select(*shown, i.c.linked_at, i.c.linked_by, i.c.unlinked_at, i.c.unlinked_by).join(p, p.c.id == i.c.posting_id)
    rows = work.rows(query.where(i.c.match_id == match["id"]).order_by(p.c.posted_on, p.c.number, i.c.linked_at))
    is_seen = work.one(select(c.c.id).where(and_(c.c.id == match["customer_id"], work.visible_to(c))))
    told = rows if is_seen else [row | {"text": ""} for row in rows]
    return sorted(told, key=lambda row: row["unlinked_at"] is not None)


def stamp(work: Work) -> str:
    """What the newest posting, link, end of a link and dismissal are."""
    p, i, d = tables.posting, tables.match_item, tables.dismissal
    newest = (
        select(func.max(p.c.number)).scalar_subquery(), select(func.count()).select_from(i).scalar_subquery(),
        select(func.max(i.c.linked_at)).scalar_subquery(), select(func.max(i.c.unlinked_at)).scalar_subquery(),
        select(func.count(i.c.unlinked_at)).scalar_subquery(), select(func.count()).select_from(d).scalar_subquery(),
    )  # fmt: skip
    first, *rest = (sql_cast(value, String).label(f"n{at}") for at, value in enumerate(newest))
    row = work.one(select(first).add_columns(*rest)) or {}
    return " ".join(str(value) for value in row.values())


def check_by_hand(work: Work, posting_ids: Collection[UUID]) -> None:
    """Raise `NotFound`, or `NotByHand` where a posting came some other way than by `ledger.post`."""
    p, a = tables.posting, tables.audit
    rows = work.rows(select(p.c.id, p.c.number).where(and_(among(p.c.id, posting_ids), visible_to_bookkeeper(work, p))))
    if len(rows) != len(set(posting_ids)) or not rows:
        raise NotFound(_("There is no such record, or you may not see it."))
    by_hand = and_(a.c.entity == "posting", a.c.action == "ledger.post", among(a.c.entity_id, [str(key) for key in posting_ids]))
    made = {row["entity_id"] for row in work.rows(select(a.c.entity_id).where(by_hand))}
    for row in rows:
        if str(row["id"]) not in made:
            raise NotByHand(row["number"])
