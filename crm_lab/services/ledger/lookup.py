"""Postings by the numbers people know them by: invoice, voucher, KID."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from crm_lab.domain.ledger import PostingKind
from crm_lab.domain.search import SHORTEST_PART, Finding, FindingKind
from crm_lab.services.customers import shown_name
from crm_lab.store import tables

if TYPE_CHECKING:
    from crm_lab.store.records import Work

LONGEST_CODE = 40


def postings_numbered(work: Work, text: str, limit: int) -> list[Finding]:
    """Postings with that invoice number, voucher or KID, or with one that begins so; newest first, of parties the caller sees."""
    p, c = tables.posting, tables.customer
    wanted = re.sub(r"\s", "", text)
    if not any(sign.isdigit() for sign in wanted) or len(wanted) > LONGEST_CODE:
        return []
    codes = (p.c.document_number, p.c.kid, p.c.voucher)
    same = [code == wanted for code in codes]
    begun = [code.startswith(wanted, autoescape=True) for code in codes] if len(wanted) >= SHORTEST_PART else []
    query = (
        select(c.c.number, shown_name().label("party"), p.c.kind, p.c.document_number, p.c.voucher, p.c.posted_on, p.c.amount, p.c.currency)
        .join(c, c.c.id == p.c.customer_id)
        .where(and_(or_(*same, *begun), work.visible_to(p)))
        .order_by(or_(*same).desc(), p.c.posted_on.desc(), p.c.number.desc())
        .limit(limit)
    )
    return [
        Finding(
            kind=FindingKind.POSTING, customer_number=row["number"], party=row["party"], text=row["document_number"] or row["voucher"],
            posting=PostingKind(row["kind"]), amount=row["amount"], currency=row["currency"], on=row["posted_on"],
        )
        for row in work.rows(query)
    ]  # fmt: skip
