"""Merging: two customers or contacts that are one, found, compared, merged, and taken apart again."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyarrow as pa
from sqlalchemy import Table, and_, func, or_, select, union_all

from crm_lab.domain.addresses import Address
from crm_lab.domain.duplicates import Duplicate, stored_clues
from crm_lab.domain.ids import new_id
from crm_lab.domain.merges import (
    MOST_TOGETHER,
    Merge,
    MergeField,
    MergeKind,
    MergePreview,
    MergeSide,
    MergeWish,
    SameParty,
    check_numbers,
    check_visibility,
    defaults,
    differences,
    numbers_differ,
)
from crm_lab.errors import ChangedMeanwhile, InvalidInput, NotFound
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.duplicates import find_duplicates
from crm_lab.services.merges import making, moves, proposals
from crm_lab.services.merges.making import shown
from crm_lab.store import tables
from crm_lab.store.merges import PARTIES
from crm_lab.store.records import Row, as_record

if TYPE_CHECKING:
    from collections.abc import Sequence

Pair = tuple[Row, Row]


class Merges(Service):
    """Customers and contacts that are one and the same.

    The one that stays keeps its number and gets all that hangs on the other; postings keep their party and are shown with
    the other's. The number and the names of the other lead to the one that stays, until the merge is undone.
    """

    @reads()
    def duplicates(self, *, kind: MergeKind, id: UUID) -> list[Duplicate]:  # noqa: A002 - the wire's word
        """Who a customer or contact may be the same as, surest first; pairs said to be two are left out. Raises `NotFound`."""
        table = _table(kind)
        row = self._row(table, id)
        found = find_duplicates(self.work, table, stored_clues(row), id)
        two = self._two(id)
        return [d for d in found if not d.is_hidden and not (d.contact_id in two or (d.number and self._numbered(d.number) in two))]

    @reads()
    def preview(self, *, kind: MergeKind, kept_id: UUID, merged_id: UUID) -> MergePreview:
        """What merging would do: where the two differ, and what goes over. Raises `NotFound`, `SameParty`, `VisibilityDiffers`."""
        table = _table(kind)
        kept, other = self._pair(table, kept_id, merged_id)
        names = self.work.employee_names()
        return MergePreview(
            kind=kind,
            kept=_side(kept, names),
            other=_side(other, names),
            fields=tuple(self._in_words(field, kept, other) for field in self._differences(kind, kept, other)),
            moves=moves.count_going(self.work, table, kept_id, merged_id),
            stays=self._staying(merged_id) if kind is MergeKind.CUSTOMER else {},
            numbers_differ=numbers_differ(kept, other),
        )

    @reads()
    def of(self, *, kind: MergeKind, id: UUID) -> list[Merge]:  # noqa: A002
        """What was merged into a customer or contact and still is, newest first. Raises `NotFound`."""
        self.work.require(_table(kind), id)
        return self.about(kind, id)

    def about(self, kind: MergeKind, party_id: UUID) -> list[Merge]:
        """The same of a party that is known to be visible."""
        names = self.work.employee_names()
        return [_merge(kind, row, names) for row in reversed(making.live(self.work, f"{kind}_id", party_id))]

    @reads()
    def clues(self, *, kind: MergeKind = MergeKind.CUSTOMER) -> pa.Table:
        """What tells customers or contacts apart, one row each, oldest first: see `proposals.clues`; archived ones are left out."""
        return proposals.clues(self.work, _table(kind))

    @reads()
    def distinct(self) -> list[tuple[UUID, UUID]]:
        """The pairs that somebody said are two, the smaller key first; only of those the caller may see."""
        d = tables.distinct_pair
        seen = union_all(*(select(party.c.id).where(self.work.visible_to(party)) for party in PARTIES)).subquery()
        both = and_(*(key.in_(select(seen.c.id)) for key in (d.c.one_id, d.c.other_id)))
        return [(row["one_id"], row["other_id"]) for row in self.work.rows(select(d.c.one_id, d.c.other_id).where(both))]

    @writes()
    def merge(
        self, *, kind: MergeKind, kept_id: UUID, merged_id: UUID, kept_version: int | None = None, merged_version: int | None = None,
        take: tuple[str, ...] | None = None, numbers_may_differ: bool = False,
    ) -> Merge:  # fmt: skip
        """Merge one into another. `take` names the fields of the preview that are the other's; None is what the preview proposes.

        Raises
        ------
        NotFound, SameParty, ChangedMeanwhile, VisibilityDiffers, NumbersDiffer, PersonWithNumber
        """
        kept, other = self._pair(_table(kind), kept_id, merged_id)
        for row, version in ((kept, kept_version), (other, merged_version)):
            if version is not None and row["version"] != version:
                raise ChangedMeanwhile
        check_numbers(kept, other, may_differ=numbers_may_differ)
        return self._made(kind, kept, other, take)

    @writes()
    def merge_many(self, *, kind: MergeKind, wishes: tuple[MergeWish, ...]) -> int:
        """Merge whole clusters in one request that `history.undo` takes back; how many went into another.

        Raises
        ------
        NotFound, SameParty, VisibilityDiffers, NumbersDiffer, PersonWithNumber
        """
        n = 0
        for wish in wishes:
            for merged_id in dict.fromkeys(wish.merged_ids):
                kept, other = self._pair(_table(kind), wish.kept_id, merged_id)
                check_numbers(kept, other, may_differ=False)
                self._made(kind, kept, other, None)
                n += 1
        return n

    @writes()
    def unmerge(self, *, id: UUID) -> None:  # noqa: A002
        """Take a merge apart: both are as they were, but for what was written since.

        A field written since stays with the one that kept it. What went over goes back as it now is: a note changed since is
        changed. What was added since stays. Addresses, roles and categories taken away since come back. Links between
        postings of both are dissolved.

        Raises
        ------
        NotFound, MergedAlready, LinkedAcross
        """
        m = tables.merge
        row = self.work.one(select(m).where(and_(m.c.id == id, self.work.visible_to(m))))
        if row is None:
            raise NotFound(_("There is no such record, or you may not see it."))
        making.take_back(self.work, row)

    @writes()
    def dismiss(self, *, kind: MergeKind, ids: tuple[UUID, ...]) -> int:
        """Say that these are all different, so that they are not proposed again; how many pairs that is news of. Raises `NotFound`."""
        if len(ids) > MOST_TOGETHER:
            raise InvalidInput(_("Choose at most {n} at a time.", n=MOST_TOGETHER), "ids")
        for party_id in ids:
            self.work.require(_table(kind), party_id)
        known = set(self.distinct())
        pairs = {(min(pair), max(pair)) for pair in combinations(ids, 2) if pair[0] != pair[1]} - known
        said = {"said_at": self.work.now, "said_by": self.actor.id}
        self.work.insert_many(tables.distinct_pair, [{"id": new_id(), "one_id": a, "other_id": b} | said for a, b in sorted(pairs)])
        return len(pairs)

    def _made(self, kind: MergeKind, kept: Row, other: Row, take: Sequence[str] | None) -> Merge:
        chosen = defaults(self._differences(kind, kept, other)) if take is None else take
        return _merge(kind, making.make(self.work, kind, kept, other, chosen), self.work.employee_names())

    def _pair(self, table: Table, kept_id: UUID, merged_id: UUID) -> Pair:
        """Both rows. Raises `NotFound`, `SameParty`, `VisibilityDiffers`."""
        kept, other = self._row(table, kept_id), self._row(table, merged_id)
        if kept_id == merged_id:
            raise SameParty(shown(kept))
        check_visibility(kept, other, (shown(kept), shown(other)))
        return kept, other

    def _row(self, table: Table, party_id: UUID) -> Row:
        row = self.work.one(select(table).where(and_(table.c.id == party_id, self.work.visible_to(table))))
        if row is None:
            raise NotFound(_("There is no such record, or you may not see it."))
        return row

    def _differences(self, kind: MergeKind, kept: Row, other: Row) -> list[MergeField]:
        a = tables.address
        rows = self.work.rows_of(a, f"{kind}_id", (kept["id"], other["id"]))
        mine, theirs = ([as_record(Address, row) for row in rows if row[f"{kind}_id"] == party["id"]] for party in (kept, other))
        return list(differences(kind, kept, other, (mine, theirs)))

    def _in_words(self, field: MergeField, kept: Row, other: Row) -> MergeField:
        if field.name == "name":
            return replace(field, kept=shown(kept), other=shown(other))
        if field.name == "owner_id":
            names = self.work.employee_names()
            return replace(field, kept=names.get(field.kept, ""), other=names.get(field.other, ""))
        return field

    def _staying(self, merged_id: UUID) -> dict[str, int]:
        """The postings and matches that keep their party."""
        counts = {}
        for table in (tables.posting, tables.match_group):
            mine = and_(table.c.customer_id == merged_id, self.work.visible_to(table))
            counts[table.name] = int(self.work.scalar(select(func.count()).select_from(table).where(mine)))
        return {name: n for name, n in counts.items() if n}

    def _two(self, party_id: UUID) -> set[UUID]:
        """Who a party was said not to be."""
        d = tables.distinct_pair
        rows = self.work.rows(select(d.c.one_id, d.c.other_id).where(or_(d.c.one_id == party_id, d.c.other_id == party_id)))
        return {key for row in rows for key in row.values()} - {party_id}

    def _numbered(self, number: int) -> Any:
        c = tables.customer
        return self.work.scalar(select(c.c.id).where(c.c.number == number))


def _table(kind: MergeKind) -> Table:
    return tables.metadata.tables[kind]


def _side(row: Row, names: dict[UUID | None, str]) -> MergeSide:
    return MergeSide(
        id=row["id"], version=row["version"], number=row.get("number"), name=shown(row), owner=names.get(row["owner_id"], ""),
        organisation_number=row.get("organisation_number", ""), is_archived=row["archived_at"] is not None,
    )  # fmt: skip


def _merge(kind: MergeKind, row: Row, names: dict[UUID | None, str]) -> Merge:
    return as_record(Merge, row | {"kind": kind, "kept_id": row[f"{kind}_id"], "who": names.get(row["made_by"], "")})
