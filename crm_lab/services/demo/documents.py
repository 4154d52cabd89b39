"""Invented documents of the demo company: agreements, quotes and minutes with a few of its customers."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crm_lab.domain.documents import Document, clean_name
from crm_lab.domain.ids import new_id
from crm_lab.store import tables
from crm_lab.store.files import files_of
from crm_lab.store.records import as_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from crm_lab.domain.customers import Customer
    from crm_lab.store.records import Row, Work

FOLDERS = ("Avtaler", "Møter", "Tilbud")
WITH_DOCUMENTS, DAYS, WORKDAY = 40, 200, 480
KINDS = (
    ("Rammeavtale.pdf", "Avtaler", "Rammeavtale", "Avtalen gjelder levering til {name} i to år fra i dag. Prisene følger konsumprisindeksen. Oppsigelsestiden er tre måneder."),
    ("Tilbud.pdf", "Tilbud", "Tilbud", "Vi takker for forespørselen fra {name} og tilbyr levering innen fire uker. Tilbudet står ved lag i tretti dager."),
    ("Møtereferat.txt", "Møter", "Referat", "Møte med {name}. Vi gikk gjennom framdriften og ble enige om ny befaring. Neste møte er om to uker."),
)
"""Name, folder, heading and text of each; all of it is made up."""


def add_documents(work: Work, customers: Sequence[Customer]) -> None:
    """A document or more for the first customers, and the folders that all of them have."""
    rng, company = random.Random("documents"), work.one(select(tables.company))  # noqa: S311 - the same company every time
    rows = [row for customer in customers[:WITH_DOCUMENTS] for row in _rows(work, customer, rng)]
    work.insert_many(tables.document, rows)
    if company:
        work.change(tables.company, company["id"], company["version"], folders="\n".join(FOLDERS))


def _rows(work: Work, customer: Customer, rng: random.Random) -> Iterator[Row]:
    files = files_of(work.connection)
    for name, folder, heading, text in rng.sample(KINDS, rng.randint(1, len(KINDS))):
        at = work.now.replace(hour=7, minute=0, second=0, microsecond=0) - timedelta(days=rng.randint(1, DAYS)) + timedelta(minutes=rng.randint(0, WORKDAY))
        owner: UUID | Any = customer.owner_id
        body, upload = text.format(name=customer.name), new_id()
        files.add(owner, upload, 0, _pdf(heading, body, at) if name.endswith(".pdf") else f"{heading}\n\n{body}\n".encode())
        kept = files.finish(owner, upload)
        files.forget(owner, upload)
        made = Document(
            id=new_id(), customer_id=customer.id, name=clean_name(name), folder=folder, size=kept.size, media_type=kept.media_type, sha256=kept.sha256,
            created_by=owner, created_at=at,
        )  # fmt: skip
        yield as_row(made, tables.document)


def _pdf(heading: str, text: str, at: datetime) -> bytes:
    from fpdf import FPDF

    page = FPDF()
    page.set_creation_date(at)
    page.add_page()
    page.set_font("Helvetica", style="B", size=18)
    page.cell(text=heading, new_x="LMARGIN", new_y="NEXT", h=14)
    page.set_font("Helvetica", size=11)
    page.multi_cell(w=0, h=6, text=text.encode("latin-1", "replace").decode("latin-1"))
    return bytes(page.output())
