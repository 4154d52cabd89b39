"""What bringing a checked file in would do, worked out in one pass: new, known, to update, or wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Table, select

from crm_lab.domain.columns import header_key, in_columns, written
from crm_lab.domain.imports import (
    MOST_FAULTS,
    CheckedContact,
    CheckedCustomer,
    CheckedProduct,
    FaultList,
    ImportChoices,
    ImportPlan,
    KnownRows,
    PlannedRow,
    RowFault,
)
from crm_lab.domain.sales_imports import CheckedBudget, CheckedOpportunity, CheckedSeller
from crm_lab.i18n import _
from crm_lab.services.categories import Categories
from crm_lab.store import tables
from crm_lab.store.records import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crm_lab.domain.access import Actor
    from crm_lab.store.records import Work

SHOWN_FIRST = 20
C = TypeVar("C", CheckedCustomer, CheckedContact, CheckedProduct, CheckedBudget, CheckedSeller, CheckedOpportunity)
Identity = tuple[Any, ...]


class Planned(Generic[C]):
    """One row and what becomes of it: `twin` is the stored party it means, `later` are further rows of the same party."""

    def __init__(self, row: C, twin: Row | None, fields: dict[str, Any]) -> None:
        self.row: C = row
        self.twin, self.fields = twin, fields
        self.later: list[Planned[C]] = []


class Plan(Generic[C]):
    """The plan of one file. `made` are the rows to register or to compare with what is stored."""

    table: ClassVar[Table]
    usable: ClassVar[str]

    def __init__(self, work: Work, actor: Actor, choices: ImportChoices) -> None:
        self.work, self.actor, self.choices = work, actor, choices
        self.faults = FaultList()
        self.made: list[Planned[C]] = []
        self.n_rows = self.n_misread = self.n_known = 0
        self.missing_categories: dict[str, str] = {}
        self._states: list[tuple[int, str, C]] = []
        self._known: dict[Identity, Row | Planned[C]] = {}
        self._employees = self._people()
        self._categories = self._labels()
        for row in self._stored():
            for identity in self._identities_of(row):
                self._known.setdefault(identity, row)

    # what a kind of party says of itself

    def _stored(self) -> Iterator[Row]:
        """The parties we have, those of others included: a number must not be given twice."""
        raise NotImplementedError

    def _identities_of(self, row: Row) -> Iterator[Identity]:
        raise NotImplementedError

    def _identities(self, row: C) -> tuple[list[Identity], list[Identity]]:
        """What to look a row up by, the surest first; and what later rows of the file may mean it by."""
        raise NotImplementedError

    def _resolve(self, row: C, twin: Row | Planned[C] | None, told: dict[str, str]) -> dict[str, Any]:
        """The row's fields with names turned into keys; what is wrong goes into `told`."""
        raise NotImplementedError

    def changes(self) -> list[tuple[Any, Any]]:
        """The stored parties that rows would change, as (before, after)."""
        raise NotImplementedError

    def carry_out(self) -> None:
        """Register what is new and change what is to change."""
        raise NotImplementedError

    # the pass over the rows

    def add(self, rows: Iterable[C], faults: Iterable[RowFault]) -> None:
        """Go on with the next rows of the file."""
        faults = list(faults)
        for fault in faults:
            self.faults.add(fault.line, {fault.field: fault.message})
        self.n_misread += len({fault.line for fault in faults})
        for row in rows:
            self.n_rows += 1
            self._add(row)

    def _add(self, row: C) -> None:
        told: dict[str, str] = {}
        lookups, own = self._identities(row)
        twin = next((self._known[i] for i in lookups if i in self._known), None)
        fields = self._resolve(row, twin, told)
        if told:
            self.faults.add(row.line, told)
            self._note(row, "fault")
            return
        planned = Planned(row, twin if isinstance(twin, dict) else None, fields)
        if twin is None or (isinstance(twin, dict) and self.choices.known is KnownRows.UPDATE):
            self.made.append(planned)
            for identity in own:
                self._known[identity] = planned
        elif isinstance(twin, Planned):
            twin.later.append(planned)
            self.n_known += 1
        else:
            self.n_known += 1
        self._note(row, "new" if twin is None else "known")

    def _note(self, row: C, state: str) -> None:
        if len(self._states) < SHOWN_FIRST:
            self._states.append((row.line, state, row))

    def _fields(self, row: CheckedCustomer | CheckedContact | CheckedBudget, told: dict[str, str]) -> dict[str, Any]:
        """The row's fields with owner and categories as keys."""
        fields: dict[str, Any] = dict(row.fields)
        if row.owner:
            owner = self._employees.get(header_key(row.owner))
            if owner is None:
                told["owner"] = _("There is no active employee {name}. Write a user name or a full name.", name=row.owner[:60])
            fields["owner_id"] = owner
        labels = []
        for name in row.categories:
            label = self._categories.get(header_key(name))
            if label is None and self.choices.new_categories:
                self.missing_categories.setdefault(header_key(name), name)
            elif label is None:
                told["categories"] = _("There is no category {name}. Make it first, or let the import make it.", name=name[:60])
            labels.append(label or header_key(name))
        if labels:
            fields["categories"] = tuple(dict.fromkeys(labels))
        return fields

    def _make_categories(self) -> None:
        """Make what the rows need, and put the keys where the names are."""
        for key, name in self.missing_categories.items():
            self._categories[key] = Categories(self.work).create(
                name=name, for_customers=self.usable == "for_customers", for_contacts=self.usable == "for_contacts"
            ).id
        for planned in [*self.made, *(later for made in self.made for later in made.later)]:
            if "categories" in planned.fields:
                labels = (self._categories.get(c, c) for c in planned.fields["categories"])
                planned.fields["categories"] = tuple(dict.fromkeys(labels))

    def _people(self) -> dict[str, UUID]:
        e = tables.employee
        people = self.work.rows(select(e.c.id, e.c.username, e.c.name).where(e.c.is_active))
        return {header_key(p[by]): p["id"] for by in ("name", "username") for p in people}

    def _labels(self) -> dict[str, UUID | str]:
        c = tables.category
        rows = self.work.rows(select(c.c.id, c.c.name).where(c.c[self.usable]))
        return {header_key(row["name"]): row["id"] for row in rows}

    # what people are shown

    def told(self) -> ImportPlan:
        """The plan in counts and examples."""
        faults = sorted(self.faults.found, key=lambda fault: fault.line)
        n_updated, n_new = len(self.changes()), sum(p.twin is None for p in self.made)
        return ImportPlan(
            n_rows=self.n_rows + self.n_misread,
            n_new=n_new,
            n_updated=n_updated,
            n_known=self.n_known + len(self.made) - n_new - n_updated,
            n_faulty=len(self.faults.lines),
            n_faults=len(faults),
            faults=tuple(faults[:MOST_FAULTS]),
            categories=tuple(self.missing_categories.values()),
            first=tuple(PlannedRow(line, state, self._shown(row)) for line, state, row in self._states),
        )

    def _shown(self, row: C) -> dict[str, str]:
        """A row as it would be stored, by column."""
        raise NotImplementedError


def shown_party(row: CheckedCustomer | CheckedContact) -> dict[str, str]:
    """A row of parties as it would be stored, by column."""
    return shown_values(in_columns(row.fields) | {"owner": row.owner, "categories": row.categories})


def shown_values(values: dict[str, Any]) -> dict[str, str]:
    """Values as people read them, without what is empty."""
    return {key: written(value) for key, value in values.items() if value not in (None, "", ())}
