"""The text of documents, read behind everybody's back a few at a time, and what a search for words finds in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import String, and_, cast, delete, func, insert, or_, select

from crm_lab.domain.document_words import (
    AROUND,
    BEFORE,
    KINDS,
    DocumentKind,
    DocumentsFound,
    FoundDocument,
    as_words,
    asked_words,
    whole_words,
)
from crm_lab.domain.documents import Document
from crm_lab.exchange.documents import MOST_READ, Readable, Reading, text_of
from crm_lab.services.customers import shown_name
from crm_lab.store import tables
from crm_lab.store.files import ContentMissing, files_of
from crm_lab.store.records import as_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import pyarrow as pa
    from sqlalchemy import ColumnElement

    from crm_lab.store.engine import Database
    from crm_lab.store.files import Files
    from crm_lab.store.records import Row, Work

AT_A_TIME = 20


def read_waiting(database: Database, *, now: datetime, most: int = AT_A_TIME) -> int:
    """Read the text of `most` contents that nobody has read yet, and forget those that no document has any more; how many were read."""
    d, t = tables.document, tables.document_text
    wanted = select(d.c.sha256, func.min(d.c.media_type).label("media_type"), func.max(d.c.size).label("size"))
    wanted = wanted.outerjoin(t, t.c.sha256 == d.c.sha256).where(t.c.sha256.is_(None)).group_by(d.c.sha256).order_by(d.c.sha256).limit(most)
    spare = t.c.sha256.not_in(select(d.c.sha256))
    with database.reading() as connection:
        waiting = [dict(row) for row in connection.execute(wanted).mappings()]
        n_spare, files = connection.execute(select(func.count()).where(spare)).scalar(), files_of(connection)
    if not waiting and not n_spare:
        return 0
    read = [(row["sha256"], _read(files, row)) for row in waiting]
    with database.writing() as connection:
        connection.execute(delete(t).where(spare))
        there = set(connection.execute(select(t.c.sha256).where(t.c.sha256.in_([key for key, _reading in read]))).scalars())
        rows = [_row(key, reading, now) for key, reading in read if key not in there]
        if rows:
            connection.execute(insert(t), rows)
    return len(read)


def _row(sha256: str, reading: Reading, now: datetime) -> Row:
    return {"sha256": sha256, "state": str(reading.state), "text": reading.text, "words": as_words(reading.text), "read_at": now}


def _read(files: Files, row: Row) -> Reading:
    if row["size"] > MOST_READ:
        return Reading(Readable.LARGE)
    try:
        with files.at_hand(row["sha256"]) as path:
            return text_of(path, row["media_type"])
    except ContentMissing:
        return Reading(Readable.FAULTY)


def found(work: Work, *, text: str, asked: Sequence[ColumnElement[bool]], start: int, limit: int) -> DocumentsFound:
    """The documents the caller may see that have all words of a text, as beginnings of words in them or parts of their names; the last changed first."""
    d, t, c, p, words = tables.document, tables.document_text, tables.customer, tables.contact, asked_words(text)
    if text.strip() and not words:
        return DocumentsFound()
    rule = and_(work.visible_to(d), *asked, *(_has(word) for word in words))
    source = d.outerjoin(t, t.c.sha256 == d.c.sha256) if words else d
    latest = (_changed().desc(), d.c.id.desc())
    chosen: Any = select(d.c.id, func.count().over().label("n")).select_from(source).where(rule).order_by(*latest).offset(max(0, start)).limit(limit)
    rows = work.rows(chosen)
    at = func.strpos(func.lower(func.coalesce(t.c.text, "")), words[0] if words else " ")
    part = func.substr(func.coalesce(t.c.text, ""), func.greatest(1, at - BEFORE), AROUND)
    query: Any = (
        select(d, c.c.number, func.coalesce(shown_name(), "").label("company"), func.coalesce(_person(), "").label("person"), at.label("at"), part.label("part"))
        .select_from(d.outerjoin(t, t.c.sha256 == d.c.sha256).outerjoin(c, c.c.id == d.c.customer_id).outerjoin(p, p.c.id == d.c.contact_id))
        .where(d.c.id.in_([row["id"] for row in rows])).order_by(*latest)
    )  # fmt: skip
    names = work.employee_names()
    return DocumentsFound(documents=tuple(_found(row, names, is_asked=bool(words)) for row in work.rows(query)), n=rows[0]["n"] if rows else 0)


def of_kind(kind: DocumentKind) -> ColumnElement[bool]:
    """Which documents people call so."""
    media = tables.document.c.media_type
    if kind is DocumentKind.OTHER:
        return and_(*(~media.startswith(start) for starts in KINDS.values() for start in starts))
    return or_(*(media.startswith(start) for start in KINDS[kind]))


def frame(work: Work) -> pa.Table:
    """All documents the caller may see, as `Documents.frame` describes them."""
    d, t, c, p = tables.document, tables.document_text, tables.customer, tables.contact
    made, changed = tables.employee.alias(), tables.employee.alias()
    query: Any = (
        select(
            cast(d.c.id, String).label("id"), d.c.name, func.coalesce(d.c.folder, "").label("folder"), d.c.size, d.c.media_type, c.c.number.label("customer_number"),
            func.coalesce(shown_name(), "").label("customer"), cast(d.c.contact_id, String).label("contact_id"), func.coalesce(_person(), "").label("contact"),
            d.c.note_id.is_not(None).label("is_on_note"), d.c.created_at, func.coalesce(made.c.name, "").label("created_by"), _changed().label("changed_at"),
            func.coalesce(changed.c.name, made.c.name, "").label("changed_by"), d.c.sha256, func.coalesce(t.c.state, "").label("text_state"),
            func.coalesce(func.length(t.c.text), 0).label("n_characters"),
        )
        .select_from(d).outerjoin(t, t.c.sha256 == d.c.sha256).outerjoin(c, c.c.id == d.c.customer_id).outerjoin(p, p.c.id == d.c.contact_id)
        .outerjoin(made, made.c.id == d.c.created_by).outerjoin(changed, changed.c.id == d.c.changed_by)
        .where(work.visible_to(d)).order_by(_changed().desc(), d.c.id.desc())
    )  # fmt: skip
    return work.frame(query)


def _has(word: str) -> ColumnElement[bool]:
    """A name, a folder or a text with this word, or one that begins so."""
    d, t = tables.document, tables.document_text
    named = or_(d.c.name.icontains(word, autoescape=True), func.coalesce(d.c.folder, "").icontains(word, autoescape=True))
    return or_(named, func.strpos(func.coalesce(t.c.words, ""), f" {word}") > 0)


def _found(row: Row, names: dict[UUID | None, str], *, is_asked: bool) -> FoundDocument:
    part = whole_words(row["part"], is_cut=row["at"] > BEFORE + 1) if is_asked and row["at"] > 0 else ""
    return FoundDocument(
        document=as_record(Document, row), customer_number=row["number"], contact_id=row["contact_id"], party=row["company"] or row["person"],
        who=names.get(row["changed_by"] or row["created_by"], ""), excerpt=part,
    )  # fmt: skip


def _changed() -> ColumnElement[Any]:
    d = tables.document
    return func.coalesce(d.c.changed_at, d.c.created_at)


def _person() -> ColumnElement[str]:
    p = tables.contact
    return func.trim(p.c.first_name + " " + p.c.last_name)
