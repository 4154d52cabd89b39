"""Erasing a person (GDPR article 17): what the CRM says goes, what bookkeeping law keeps stays until its day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, or_, select, update

from crm_lab.domain.ids import new_id
from crm_lab.domain.privacy import Erasure, ErasurePlan, kept_until, pattern_of, pseudonym_of, spellings
from crm_lab.errors import Conflict
from crm_lab.i18n import _, business_day
from crm_lab.services.parties import name_columns
from crm_lab.services.privacy.report import last_booked
from crm_lab.services.privacy.strings import distinctive, seen_strings
from crm_lab.store import tables
from crm_lab.store.backup import backup_folder, backups
from crm_lab.store.files import files_of
from crm_lab.store.merges import all_of
from crm_lab.store.privacy import (
    blank,
    blank_audit,
    books,
    count_mentions,
    forget_clues,
    own_rows,
    scrub,
    texts,
)
from crm_lab.store.records import as_record

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Table

    from crm_lab.store.records import Row, Work


class AlreadyErased(Conflict):
    """There is nothing left to erase."""

    def __init__(self, pseudonym: str) -> None:
        super().__init__(_("{name} is erased already.", name=pseudonym))


class StillOpen(Conflict):
    """Somebody who owes us, or whom we owe, is not erased."""

    def __init__(self, n: int) -> None:
        super().__init__(_("{n} items of the ledger are open. Close them first: a claim that is alive needs its debtor (GDPR article 17 no. 3 e).", n=n))


def keys_of(work: Work, party: Table, party_id: UUID) -> list[UUID]:
    """The person and those merged into it."""
    return [row["id"] for row in work.rows(all_of(party, party_id))]


def erasure_of(work: Work, party: Table, party_id: UUID) -> Row | None:
    """The erasure of a person, if there was one."""
    e = tables.erasure
    return work.one(select(e).where(e.c[f"{party.name}_id"] == party_id))


def plan(work: Work, party: Table, party_id: UUID) -> ErasurePlan:
    """What `erase` would do, without doing it."""
    ids = keys_of(work, party, party_id)
    strings = distinctive(work, party, ids)
    last, n_kept = last_booked(work, party, ids, strings.pattern)
    d = tables.document
    folder = backup_folder(work.connection)
    return ErasurePlan(
        rows={table.name: len(rows) for table, rows in own_rows(work, party, ids)},
        mentions=count_mentions(work, strings.pattern, texts(), party=party, ids=ids), shared=tuple(sorted(strings.shared & seen_strings(work, party, ids))),
        kept_until=kept_until(last) if last else None, n_kept=n_kept,
        n_documents=int(work.scalar(select(func.count()).select_from(d).where(d.c[f"{party.name}_id"].in_(ids)))),
        n_backups=len(backups(folder)),
    )  # fmt: skip


def erase(work: Work, party: Table, party_id: UUID, *, reason: str, keep_documents: bool) -> Erasure:
    """Erase a person for good. Raises `AlreadyErased`, `StillOpen`."""
    had = erasure_of(work, party, party_id)
    if had is not None:
        raise AlreadyErased(had["pseudonym"])
    ids = keys_of(work, party, party_id)
    _refuse_open(work, party, ids)
    strings = distinctive(work, party, ids)
    last, _n = last_booked(work, party, ids, strings.pattern)
    name = pseudonym_of(party_id)
    kept = _kept(work, party, party_id, strings.own) if last else None
    if not keep_documents:
        _remove_documents(work, party, ids)
    fixed = _called(party, name)
    roles = work.rows_of(tables.contact_role, f"{party.name}_id", ids)
    for table, rows in own_rows(work, party, ids):
        own = fixed | {"archived_at": work.now, "is_incomplete": False} if table is party else {}
        blank(work, table, rows, {"merged_name": name} if table is tables.merge else own)
    forget_clues(work, [*ids, *(row["id"] for row in roles)])
    _forget_merges(work, party, ids)
    blank_audit(work, party, ids, fixed)
    scrub(work, strings.pattern, texts())
    made: Row = {
        "id": new_id(), f"{party.name}_id": party_id, "pseudonym": name, "reason": reason, "documents_kept": keep_documents, "erased_at": work.now,
        "erased_by": work.caller, "kept": kept, "kept_until": kept_until(last) if last else None,
    }  # fmt: skip
    work.connection.execute(insert(tables.erasure), [made])
    (row,) = work.rows_of(party, "id", [party_id])
    work.connection.execute(update(party).where(party.c.id == party_id).values(version=row["version"] + 1))
    work.note(party, row, row, row | {"version": row["version"] + 1})
    return as_record(Erasure, made | {"erased_by": work.actor.name if work.actor else ""})


def _called(party: Table, name: str) -> Row:
    said = {"last_name": name} if party is tables.contact else {"name": name}
    return said | {"first_name": ""} | name_columns(name)


def _refuse_open(work: Work, party: Table, ids: list[UUID]) -> None:
    """Who has open items is not erased."""
    if party is not tables.customer:
        return
    p, i = tables.posting, tables.match_item
    linked = select(i.c.posting_id).where(i.c.unlinked_at.is_(None))
    if n := int(work.scalar(select(func.count()).select_from(p).where(p.c.customer_id.in_(ids), p.c.id.not_in(linked), p.c.amount != 0))):
        raise StillOpen(n)


def _kept(work: Work, party: Table, party_id: UUID, strings: frozenset[str]) -> dict[str, Any]:
    """What the specification of customers needs (bokføringsforskriften § 3-1 no. 3), and what goes out of the books later."""
    (row,) = work.rows_of(party, "id", [party_id])
    name = f"{row['first_name']} {row.get('last_name', row.get('name', ''))}".strip()
    return {"name": name, "strings": sorted(strings)}


def _forget_merges(work: Work, party: Table, ids: list[UUID]) -> None:
    """Who was merged into the person cannot be taken apart again: the copies of what went over go."""
    m, r = tables.merge, tables.merge_row
    theirs = select(m.c.id).where(or_(m.c[f"{party.name}_id"].in_(ids), m.c.merged_id.in_(ids)))
    work.connection.execute(delete(r).where(r.c.merge_id.in_(theirs)))


def _remove_documents(work: Work, party: Table, ids: list[UUID]) -> None:
    """Take the documents with every version, from the folder of contents too unless another document is the same file."""
    d, a, key = tables.document, tables.audit, f"{party.name}_id"
    rows = work.rows_of(d, key, ids)
    told = work.rows(select(a.c.before, a.c.after).where(a.c.entity == d.name, a.c[key].in_(ids)))
    digests = {row["sha256"] for row in rows} | {side["sha256"] for row in told for side in (row["before"], row["after"]) if side and side.get("sha256")}
    work.connection.execute(delete(d).where(d.c[key].in_(ids)))
    work.connection.execute(delete(a).where(a.c.entity == d.name, a.c[key].in_(ids)))
    others = set(work.connection.execute(select(d.c.sha256).where(d.c.sha256.in_(digests))).scalars())
    earlier = work.rows(select(a.c.before, a.c.after).where(a.c.entity == d.name))
    others |= {side["sha256"] for row in earlier for side in (row["before"], row["after"]) if side and side.get("sha256")}
    written = tables.document_text
    work.connection.execute(delete(written).where(written.c.sha256.in_(digests - others)))
    files_of(work.connection).remove(digests - others)


def expire(work: Work) -> int:
    """Take out of the books what the law no longer keeps of those who were erased; how many persons that was."""
    e = tables.erasure
    rows = work.rows(select(e).where(e.c.kept_until < business_day(work.now), e.c.expired_at.is_(None)))
    for row in rows:
        strings = (row["kept"] or {}).get("strings", [])
        scrub(work, pattern_of(form for text in strings for form in (spellings(text) if " " in text else {text})), books())
        work.connection.execute(update(e).where(e.c.id == row["id"]).values(kept=None, expired_at=work.now))
    return len(rows)
