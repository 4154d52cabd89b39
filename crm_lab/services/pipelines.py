"""Pipelines, their stages, and the reasons, sources and types to choose from: read by all, changed by administrators."""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Unpack
from uuid import UUID

import pyarrow as pa
from sqlalchemy import String, and_, cast, func, select

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.opportunities import OpportunityStatus
from crm_lab.domain.pipelines import ChoiceKind, Pipeline, SalesChoice, Stage, StageFields, clean_name, clean_stage
from crm_lab.errors import Conflict, InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.store import tables
from crm_lab.store.records import as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Table

    from crm_lab.store.records import Work


class InUse(Conflict):
    """Open opportunities stand there."""

    def __init__(self, name: str, n: int) -> None:
        super().__init__(_("{n} open opportunities stand in {name}. Move them first.", n=n, name=name))


def pipelines_of(work: Work) -> list[Pipeline]:
    """Every pipeline in order, each with its stages in order."""
    stages = sorted((as_record(Stage, row) for row in work.kept(tables.stage)), key=attrgetter("position"))
    rows = sorted(work.kept(tables.pipeline), key=itemgetter("position"))
    return [as_record(Pipeline, row | {"stages": tuple(s for s in stages if s.pipeline_id == row["id"])}) for row in rows]


def choices_of(work: Work, kind: ChoiceKind | None = None) -> list[SalesChoice]:
    """Every choice in order, or those of one kind."""
    found = (as_record(SalesChoice, row) for row in work.kept(tables.sales_choice) if kind in {None, row["kind"]})
    return sorted(found, key=attrgetter("kind", "position"))


def stages_of(work: Work, pipeline_id: UUID) -> tuple[Stage, ...]:
    """The stages of a pipeline in order."""
    return next((line.stages for line in pipelines_of(work) if line.id == pipeline_id), ())


class Pipelines(Service):
    """How the company sells."""

    @reads()
    def list(self) -> list[Pipeline]:  # type: ignore[valid-type]
        """Every pipeline in order, each with its stages in order; those out of use too."""
        return pipelines_of(self.work)

    @reads()
    def choices(self) -> list[SalesChoice]:  # type: ignore[valid-type]
        """Every reason for losing, source and type, in order; those out of use too."""
        return choices_of(self.work)

    @reads()
    def frame(self) -> pa.Table:
        """The stages: columns stage_id, stage, pipeline, position, probability (percent), rotting_days, is_active."""
        s, line = tables.stage, tables.pipeline
        query = select(
            cast(s.c.id, String).label("stage_id"), s.c.name.label("stage"), line.c.name.label("pipeline"), s.c.position, s.c.probability,
            s.c.rotting_days, s.c.is_active,
        ).join(line, line.c.id == s.c.pipeline_id)  # fmt: skip
        return self.work.frame(query.order_by(line.c.position, s.c.position))

    @writes(needs=Role.ADMIN)
    def create(self, *, name: str) -> Pipeline:
        """Make a pipeline with one stage. Raises `InvalidInput`, `NameTaken`."""
        lines = pipelines_of(self.work)
        made = Pipeline(id=new_id(), name=clean_name(name, (line.name for line in lines)), position=1 + max((line.position for line in lines), default=0))
        self.work.insert(tables.pipeline, as_row(made, tables.pipeline))
        self.add_stage(pipeline_id=made.id, name=_("First meeting"), probability=10)
        return self._pipeline(made.id)

    @writes(needs=Role.ADMIN)
    def change(self, *, id: UUID, version: int, name: str, is_active: bool = True) -> Pipeline:  # noqa: A002
        """Rename a pipeline, or take it out of use. Raises `InvalidInput`, `NameTaken`, `InUse`, `ChangedMeanwhile`."""
        lines = pipelines_of(self.work)
        clean = clean_name(name, (line.name for line in lines if line.id != id))
        if not is_active:
            self._refuse_last(len([line for line in lines if line.is_active and line.id != id]))
            self._refuse_in_use([s.id for line in lines if line.id == id for s in line.stages], clean)
        self.work.change(tables.pipeline, id, version, name=clean, is_active=is_active)
        return self._pipeline(id)

    @writes(needs=Role.ADMIN)
    def add_stage(self, *, pipeline_id: UUID, **fields: Unpack[StageFields]) -> Stage:
        """Put a stage last in a pipeline. Raises `InvalidFields`, `NameTaken`, `NotFound`."""
        self.work.require(tables.pipeline, pipeline_id)
        there = stages_of(self.work, pipeline_id)
        given: StageFields = {"name": "", "probability": 0, **fields}
        made = Stage(**clean_stage(given, (s.name for s in there)), id=new_id(), pipeline_id=pipeline_id, position=1 + max((s.position for s in there), default=0))
        self.work.insert(tables.stage, as_row(made, tables.stage))
        return made

    @writes(needs=Role.ADMIN)
    def change_stage(self, *, id: UUID, version: int, **fields: Unpack[StageFields]) -> Stage:  # noqa: A002
        """Change a stage, or take it out of use; open opportunities keep their probability until they are moved.

        Raises `InvalidFields`, `NameTaken`, `InUse`, `ChangedMeanwhile`.
        """
        before = self.work.read(Stage, tables.stage, id)
        there = [s for s in stages_of(self.work, before.pipeline_id) if s.id != id]
        clean = clean_stage(fields, (s.name for s in there))
        if clean.get("is_active") is False:
            self._refuse_last(len([s for s in there if s.is_active]))
            self._refuse_in_use([id], before.name)
        return as_record(Stage, self.work.change(tables.stage, id, version, **clean))

    @writes(needs=Role.ADMIN)
    def move_stage(self, *, id: UUID, version: int, earlier: bool) -> None:  # noqa: A002
        """Let a stage change places with the one before or after it. Raises `ChangedMeanwhile`."""
        self._swap(tables.stage, stages_of(self.work, self.work.read(Stage, tables.stage, id).pipeline_id), id, version, earlier=earlier)

    @writes(needs=Role.ADMIN)
    def add_choice(self, *, kind: ChoiceKind, name: str) -> SalesChoice:
        """Put a reason, a source or a type last. Raises `InvalidInput`, `NameTaken`."""
        there = choices_of(self.work, kind)
        clean = clean_name(name, (one.name for one in there))
        made = SalesChoice(id=new_id(), kind=kind, name=clean, position=1 + max((one.position for one in there), default=0))
        self.work.insert(tables.sales_choice, as_row(made, tables.sales_choice))
        return made

    @writes(needs=Role.ADMIN)
    def change_choice(self, *, id: UUID, version: int, name: str, is_active: bool = True) -> SalesChoice:  # noqa: A002
        """Rename a choice, or take it out of use; who has it keeps it. Raises `InvalidInput`, `NameTaken`, `ChangedMeanwhile`."""
        before = self.work.read(SalesChoice, tables.sales_choice, id)
        clean = clean_name(name, (one.name for one in choices_of(self.work, before.kind) if one.id != id))
        return as_record(SalesChoice, self.work.change(tables.sales_choice, id, version, name=clean, is_active=is_active))

    @writes(needs=Role.ADMIN)
    def move_choice(self, *, id: UUID, version: int, earlier: bool) -> None:  # noqa: A002
        """Let a choice change places with the one before or after it. Raises `ChangedMeanwhile`."""
        kind = self.work.read(SalesChoice, tables.sales_choice, id).kind
        self._swap(tables.sales_choice, choices_of(self.work, kind), id, version, earlier=earlier)

    def _swap(self, table: Table, there: Sequence[Stage | SalesChoice], key: UUID, version: int, *, earlier: bool) -> None:
        at = next(n for n, one in enumerate(there) if one.id == key)
        to = at - 1 if earlier else at + 1
        if 0 <= to < len(there):
            self.work.change(table, key, version, position=there[to].position)
            self.work.change(table, there[to].id, there[to].version, position=there[at].position)

    def _pipeline(self, key: UUID) -> Pipeline:
        return next(line for line in pipelines_of(self.work) if line.id == key)

    def _refuse_last(self, n_left: int) -> None:
        if not n_left:
            raise InvalidInput(_("One must stay in use."), "is_active")

    def _refuse_in_use(self, stages: Sequence[UUID], name: str) -> None:
        """What is hidden from the caller counts too, or it would be out of sight of its owner."""
        o = tables.opportunity
        there = and_(o.c.stage_id.in_(stages), o.c.status == OpportunityStatus.OPEN)
        if n := int(self.work.scalar(select(func.count()).select_from(o).where(there))):
            raise InUse(name, n)
