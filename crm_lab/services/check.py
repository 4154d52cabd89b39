"""What `crm-lab check` looks for: references that lead nowhere, numbers beyond their series, stale clues, files gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select

from crm_lab.domain.duplicates import stored_clues
from crm_lab.domain.ledger import SMALLEST_MATCH
from crm_lab.i18n import _, business_day
from crm_lab.services.calls import count_old, rules_of
from crm_lab.services.orders.checking import invoice_faults
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.files import files_of
from crm_lab.store.merges import PARTIES
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.store.engine import Database

SERIES = {
    "customer": tables.customer.c.number, "supplier": tables.customer.c.supplier_number, "posting": tables.posting.c.number,
    "match": tables.match_group.c.number, "project": tables.project.c.number, "order": tables.sales_order.c.number,
}


def check(database: Database) -> list[str]:
    """What is wrong with the company's data, one sentence a fault; an empty list is good news."""
    with database.reading() as connection:
        return faults_of(Work(connection, None, utc_now()))


def faults_of(work: Work) -> list[str]:
    """The same inside an action."""
    return [*_orphans(work), *_ahead(work), *_stale_clues(work), *_broken_links(work), *_broken_merges(work), *invoice_faults(work), *_misplaced_files(work), *_old_calls(work), *_erased(work)]


def _orphans(work: Work) -> Iterator[str]:
    """References that lead nowhere: DuckDB is not asked to keep them (docs/adr/0002)."""
    for table in tables.metadata.sorted_tables:
        for key in table.foreign_keys:
            here, there = key.parent, key.column.table.alias("there")
            rows = select(func.count()).select_from(table.outerjoin(there, here == there.c.id))
            if n := work.scalar(rows.where(here.is_not(None), there.c.id.is_(None))):
                yield _("{column}: {n} rows name a record that is not there. Restore the last backup into a new folder (crm-lab restore) and compare.", column=f"{table.name}.{here.name}", n=n)


def _ahead(work: Work) -> Iterator[str]:
    """Series whose counter is behind a number in use: the next one would be taken."""
    for name, column in SERIES.items():
        counter = tables.counter
        at = work.scalar(select(counter.c.value).where(counter.c.name == name)) or 0
        highest = work.scalar(select(func.max(column))) or 0
        if highest > at:
            yield _("The series {name} stands at {at}, but {highest} is in use. Register nothing more in it, and compare with the last backup: crm-lab restore.", name=name, at=at, highest=highest)


def _stale_clues(work: Work) -> Iterator[str]:
    """Clues by which doubles are found that are not those of the rows: the warning would miss some."""
    kept = {(row["value"], row["source_id"]) for row in work.rows(select(tables.clue))}
    rows = (row for name in sorted(tables.FOUND_BY_CLUES) for row in work.rows(select(tables.metadata.tables[name])))
    if n := len(kept ^ {(value, row["id"]) for row in rows for value in stored_clues(row).values}):
        yield _("{n} clues to doubles are not those of the records: some doubles may be missed, no figure is wrong. A change of a record's names, numbers or addresses makes its own anew.", n=n)


def _broken_links(work: Work) -> Iterator[str]:
    """Postings in two matches at once, and matches of one posting."""
    i = tables.match_item
    for column, wrong in ((i.c.posting_id, func.count() > 1), (i.c.match_id, func.count() < SMALLEST_MATCH)):
        broken = select(column).where(i.c.unlinked_at.is_(None)).group_by(column).having(wrong).subquery()
        if n := work.scalar(select(func.count()).select_from(broken)):
            yield _("{column}: {n} links break the rules of matching. Undo those matches in the ledger and match anew.", column=f"match_item.{column.name}", n=n)


def _broken_merges(work: Work) -> Iterator[str]:
    """Parties merged into one that is not there itself, or without a merge that tells of it."""
    m = tables.merge
    for party in PARTIES:
        target, key = party.alias("target"), m.c[f"{party.name}_id"]
        told = select(m.c.id).where(m.c.merged_id == party.c.id, m.c.undone_at.is_(None), key.is_not(None)).exists()
        wrong = and_(party.c.merged_into.is_not(None), or_(target.c.merged_into.is_not(None), ~told))
        query = select(func.count()).select_from(party.join(target, target.c.id == party.c.merged_into)).where(wrong)
        if n := work.scalar(query):
            yield _("{column}: {n} rows name a record that is not there. Restore the last backup into a new folder (crm-lab restore) and compare.", column=f"{party.name}.merged_into", n=n)


def _misplaced_files(work: Work) -> Iterator[str]:
    """Documents without their content, and contents that no document has, nor one that undoing may bring back."""
    d, a, files = tables.document, tables.audit, files_of(work.connection)
    wanted = {row["sha256"]: row for table in (tables.message_file, d) for row in work.rows(select(table.c.id, table.c.name, table.c.sha256, table.c.size))}
    there = files.all()
    for digest, row in wanted.items():
        if there.get(digest) != row["size"]:
            yield _("The document {name} ({id}) has lost its content. Copy {path} back from a backup.", name=row["name"], id=row["id"], path=f"documents/{digest[:2]}/{digest}")
    earlier = {row["before"]["sha256"]: row["before"] for row in work.rows(select(a.c.before).where(a.c.entity == d.name, a.c.before.is_not(None)))}
    for digest in sorted(earlier.keys() - wanted.keys() - there.keys()):
        yield _("An earlier version of {name} has lost its content. Copy {path} back from a backup.", name=earlier[digest]["name"], path=f"documents/{digest[:2]}/{digest}")
    spare = there.keys() - wanted.keys() - files.awaited() - earlier.keys()
    for digest in sorted(spare):
        yield _("The file {path} belongs to no document. It can be deleted.", path=f"documents/{digest[:2]}/{digest}")


def _old_calls(work: Work) -> Iterator[str]:
    """Calls kept longer than the company says."""
    if n := count_old(work):
        yield _("{n} calls are older than {days} days. Remove them: crm-lab calls forget.", n=n, days=rules_of(work).kept_days)


def _erased(work: Work) -> Iterator[str]:
    """Erased persons about whom something was written again, and books that are kept longer than the law wants."""
    e, today = tables.erasure, business_day(work.now)
    for party in PARTIES:
        filled = [party.c[name] != "" for name in ("phone", "mobile", "email", "note")]
        again = select(func.count()).select_from(e.join(party, party.c.id == e.c[f"{party.name}_id"])).where(or_(*filled))
        if n := work.scalar(again):
            yield _("{n} erased persons have contact details again. Somebody wrote on the card: look at its history, and erase anew.", n=n)
    if n := work.scalar(select(func.count()).where(e.c.kept_until < today, e.c.expired_at.is_(None))):
        yield _("{n} erased persons still stand in the books, which the law keeps no longer. The store takes them out at night: crm-lab serve.", n=n)
