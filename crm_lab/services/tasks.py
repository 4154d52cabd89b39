"""Tasks: one object in many places. Made, changed, done, put off, handed over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack
from uuid import UUID

import pyarrow as pa
from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select, true

from crm_lab.domain.ids import new_id
from crm_lab.domain.recurrence import INSTANT, next_occurrence
from crm_lab.domain.tasks import (
    CLOSED,
    DONE,
    Task,
    TaskFields,
    TaskKind,
    TaskStatus,
    TaskView,
    between,
    clean_task,
    may_hand_over,
    moved,
    start_of,
)
from crm_lab.errors import Forbidden, InvalidInput, NotFound
from crm_lab.i18n import OSLO, _, business_day
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.customers import shown_name
from crm_lab.store import tables
from crm_lab.store.records import Row, as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_DAYS = 3_660


class Tasks(Service):
    """What is to be done. A task about a party is as visible as that party, a private one is its owner's alone."""

    @reads()
    def list(self, *, view: TaskView = TaskView.MINE, since: date | None = None) -> pa.Table:
        """Tasks as a frame, the most urgent first; of done ones those finished on or after the day `since`.

        Columns: id, title, kind, priority, status, percent, starts_at, due_at, is_all_day, minutes, owner, owner_only, party,
        party_number (of a customer), contact_id, done_at, version.
        """
        t, e, c, p = tables.task, tables.employee, tables.customer, tables.contact
        person = func.trim(p.c.first_name + " " + p.c.last_name)
        query = (
            select(
                cast(t.c.id, String).label("id"), t.c.title, t.c.kind, t.c.priority, t.c.status, t.c.percent, t.c.starts_at,
                t.c.due_at, t.c.is_all_day, t.c.minutes, e.c.name.label("owner"), t.c.owner_only,
                func.coalesce(shown_name(), person, "").label("party"), c.c.number.label("party_number"),
                func.coalesce(cast(t.c.contact_id, String), "").label("contact_id"), t.c.done_at, t.c.version,
            )
            .join(e, e.c.id == t.c.owner_id)
            .outerjoin(c, c.c.id == t.c.customer_id)
            .outerjoin(p, p.c.id == t.c.contact_id)
            .where(and_(self._in_view(view), self._finished_since(since), self.work.visible_to(t)))
            .order_by(t.c.status.in_(CLOSED), t.c.due_at.asc().nulls_last(), t.c.created_at)
        )  # fmt: skip
        return self.work.frame(query)

    @reads()
    def count(self) -> int:
        """How many of the caller's own tasks have begun and are not done."""
        mine = and_(self._in_view(TaskView.MINE), self._in_view(TaskView.ACTIVE), self.work.visible_to(tables.task))
        return int(self.work.scalar(select(func.count()).select_from(tables.task).where(mine)))

    @reads()
    def of(self, *, customer_id: UUID | None = None, contact_id: UUID | None = None, project_id: UUID | None = None) -> list[Task]:  # type: ignore[valid-type]
        """The tasks about one party or project: what is to be done first, then what was done last.

        Raises
        ------
        NotFound : also where it is hidden.
        """
        key, table = ("customer_id", tables.customer) if customer_id else ("contact_id", tables.contact)
        if project_id:
            key, table = "project_id", tables.project
        self.work.require(table, project_id or customer_id or contact_id)
        return self.about(key, project_id or customer_id or contact_id)

    def about(self, key: str, party_id: UUID | None) -> list[Task]:  # type: ignore[valid-type]
        """The tasks of a party that the caller may see, private ones of colleagues left out."""
        rows = self.work.rows_about(tables.task, key, party_id)
        names = self.work.employee_names()
        found = [as_record(Task, row | {"owner": names.get(row["owner_id"], "")}) for row in rows]
        never = datetime.max.replace(tzinfo=self.work.now.tzinfo)
        still = sorted((task for task in found if not task.is_closed), key=lambda task: (task.due_at or never, task.id))
        return still + sorted((task for task in found if task.is_closed), key=lambda task: task.done_at or task.created_at, reverse=True)

    @reads()
    def get(self, *, id: UUID) -> Task:  # noqa: A002 - the wire's word
        """One task with those who take part. Raises `NotFound`, also where it is hidden."""
        m = tables.task_member
        task = self.work.read(Task, tables.task, id)
        members = self.work.rows(select(m.c.id, m.c.employee_id).where(m.c.task_id == id))
        names = self.work.employee_names()
        return replace(task, members=tuple(row["employee_id"] for row in members), owner=names.get(task.owner_id, ""))

    @reads()
    def meetings_on(self, *, day: date) -> list[Task]:  # type: ignore[valid-type]
        """The caller's appointments of one day, earliest first: meetings owned or taken part in."""
        t = tables.task
        within = and_(t.c.starts_at >= start_of(day), t.c.starts_at < start_of(day + timedelta(days=1)))
        mine = or_(self._in_view(TaskView.MINE), self._in_view(TaskView.COLLABORATING))
        query = select(t).where(and_(within, mine, t.c.kind == TaskKind.MEETING, self.work.visible_to(t))).order_by(t.c.starts_at)
        return [as_record(Task, row) for row in self.work.rows(query)]

    @writes()
    def create(self, **fields: Unpack[TaskFields]) -> Task:
        """Make a task, one's own unless another owner is named. Raises `InvalidFields`, `NotFound`."""
        clean: dict[str, Any] = dict(clean_task(fields))
        self._check_links(clean)
        self._check_people([clean.get("owner_id", self.actor.id), *clean.get("members", ())])
        begins = clean.get("starts_at") or clean.get("due_at")
        task = Task(
            **({"owner_id": self.actor.id} | clean), id=new_id(), created_by=self.actor.id, created_at=self.work.now,
            recurs_from=begins if clean.get("rrule") else None,
        )  # fmt: skip
        self.work.insert(tables.task, as_row(task, tables.task))
        self._save_members(task.id, task.members)
        return self._as_saved(task)

    @writes()
    def change(self, *, id: UUID, version: int, **fields: Unpack[TaskFields]) -> Task:  # noqa: A002
        """Change the given fields; a done task that is changed otherwise stays done. Raises `InvalidFields`, `ChangedMeanwhile`."""
        before = self.get(id=id)
        clean: dict[str, Any] = dict(clean_task(fields, {f: getattr(before, f) for f in TaskFields.__annotations__}))
        self._check_links(clean, before)
        self._check_people([clean.get("owner_id", before.owner_id), *clean.get("members", ())])
        if clean.get("owner_id", before.owner_id) != before.owner_id:
            self._require_owner(before)
        after = _as_series(before, replace(before, **clean))
        self._save(before, after, version)
        if "members" in clean:
            self._save_members(id, after.members)
        return self._as_saved(after)

    @writes()
    def complete(self, *, id: UUID, version: int) -> Task | None:  # noqa: A002
        """Mark a task as done; one that recurs leaves its next occurrence, which is the answer."""
        before = self.get(id=id)
        done = replace(before, status=TaskStatus.DONE, percent=DONE, done_at=self.work.now, rrule="", recurs_from=None, skips="")
        upcoming = self._next(before)
        self._save(before, replace(done, uid=f"{id}-done@crm_lab") if upcoming else done, version)  # the name in other calendars goes with the series
        if upcoming is not None:
            self.work.insert(tables.task, as_row(upcoming, tables.task))
            self._save_members(upcoming.id, upcoming.members)
        return upcoming

    @writes()
    def complete_many(self, *, ids: tuple[UUID, ...]) -> int:
        """Mark tasks as done, closed ones left as they are; how many were open."""
        still = [task for task in (self.get(id=key) for key in ids) if not task.is_closed]
        for task in still:
            self.complete(id=task.id, version=task.version)
        return len(still)

    @writes()
    def reopen(self, *, id: UUID, version: int) -> Task:  # noqa: A002
        """Take a task up again."""
        before = self.get(id=id)
        self._save(before, replace(before, status=TaskStatus.OPEN, percent=0, done_at=None), version)
        return self.get(id=id)

    @writes()
    def postpone(self, *, ids: tuple[UUID, ...], days: int) -> int:
        """Put tasks off by days, those without a day until `days` from today; how many there were."""
        if not 0 < days <= MOST_DAYS:
            raise InvalidInput(_("Put it off by at least one day, and by ten years at most."), "days")
        for key in ids:
            before = self.get(id=key)
            later = start_of(business_day(self.work.now)).astimezone(OSLO) + timedelta(days=days)
            self._save(before, replace(before, **(moved(before, timedelta(days=days)) or {"due_at": later})), before.version)
        return len(ids)

    @writes()
    def postpone_to(self, *, ids: tuple[UUID, ...], day: date) -> int:
        """Put tasks off until a day, at the same time of that day; how many there were."""
        today = business_day(self.work.now)
        if not today <= day <= today + timedelta(days=MOST_DAYS):
            raise InvalidInput(_("Put it off until today or later, and by ten years at most."), "day")
        for key in ids:
            before = self.get(id=key)
            at = before.begins_at
            later = moved(before, day - business_day(at)) if at else {"due_at": start_of(day)}
            self._save(before, replace(before, **later), before.version)
        return len(ids)

    @writes()
    def assign(self, *, ids: tuple[UUID, ...], owner_id: UUID) -> int:
        """Hand tasks over; one's own, or as a task administrator anybody's. How many there were. Raises `Forbidden`."""
        self._check_people([owner_id])
        for key in ids:
            before = self.get(id=key)
            self._require_owner(before)
            self._save(before, replace(before, owner_id=owner_id), before.version)
        return len(ids)

    @writes()
    def delete(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Take a task away. It can be undone. Raises `Forbidden` where it is a colleague's."""
        self._require_owner(self.get(id=id))
        row = self.work.change(tables.task, id, version)
        self._save_members(id, ())
        self.work.remove(tables.task, row)

    @writes()
    def single_out(self, *, id: UUID, version: int, at: datetime, **fields: Unpack[TaskFields]) -> Task:  # noqa: A002
        """Make the time `at` of a series a task of its own, with the given fields changed; the others stay as they are.

        Raises `NotFound` where the series does not come then.
        """
        series = self.get(id=id)
        begins = self._time_of(series, at)
        if not self._leave_out(series, version, at):
            return self.change(id=id, version=version, **(fields | {"rrule": ""}))  # type: ignore[misc]
        alone = replace(series, id=new_id(), version=1, rrule="", recurs_from=None, zone="", skips="", uid="", created_at=self.work.now)
        single = replace(alone, **moved(series, between(begins, at)))
        self.work.insert(tables.task, as_row(single, tables.task))
        self._save_members(single.id, single.members)
        return self.change(id=single.id, version=1, **fields)

    @writes()
    def skip(self, *, id: UUID, version: int, at: datetime) -> None:  # noqa: A002
        """Leave out the time `at` of a series, and with its last time the series. Raises `NotFound`, `Forbidden` where it is a colleague's."""
        series = self.get(id=id)
        self._require_owner(series)
        self._time_of(series, at)
        if not self._leave_out(series, version, at):
            self.delete(id=id, version=version)

    def _time_of(self, series: Task, at: datetime) -> datetime:
        """The first time of a series that comes at `at`. Raises `NotFound`."""
        begins, before = series.begins_at, at - timedelta(seconds=1)
        if begins is None or not series.rrule:
            raise NotFound(_("This does not come again."))
        first = series.recurs_from or begins
        if at != begins and (at < begins or next_occurrence(series.rrule, first, before, series.clock, series.skipped) != at):
            raise NotFound(_("It does not come at that time. Open it from the calendar again."))
        return begins

    def _leave_out(self, series: Task, version: int, at: datetime) -> bool:
        """Keep a series without the time `at`; False where no other is left, and then it stays as it is."""
        if at != series.begins_at:
            self._save(series, replace(series, skips=series.skipping(at)), version)
            return True
        upcoming = self._next(series)
        if upcoming:
            self._save(series, replace(series, starts_at=upcoming.starts_at, due_at=upcoming.due_at, remind_at=upcoming.remind_at), version)
        return upcoming is not None

    def _in_view(self, view: TaskView) -> ColumnElement[bool]:
        t, m = tables.task, tables.task_member
        begins = func.coalesce(t.c.starts_at, t.c.created_at)
        tomorrow = start_of(business_day(self.work.now) + timedelta(days=1))
        return {
            TaskView.MINE: t.c.owner_id == self.actor.id,
            TaskView.COLLABORATING: t.c.id.in_(select(m.c.task_id).where(m.c.employee_id == self.actor.id)),
            TaskView.ACTIVE: and_(t.c.status.not_in(CLOSED), begins < tomorrow),
            TaskView.FUTURE: and_(t.c.status.not_in(CLOSED), begins >= tomorrow),
            TaskView.DONE: t.c.status.in_(CLOSED),
            TaskView.ALL: true(),
        }[view]

    def _finished_since(self, day: date | None) -> ColumnElement[bool]:
        t = tables.task
        return true() if day is None else or_(t.c.done_at.is_(None), t.c.done_at >= start_of(day))

    def _next(self, task: Task) -> Task | None:
        """The occurrence after this one, with its days moved alike."""
        at = task.begins_at
        first = task.recurs_from or at
        begins = next_occurrence(task.rrule, first, at, task.clock, task.skipped) if task.rrule and at and first else None
        if begins is None or at is None:
            return None
        fresh = replace(task, id=new_id(), version=1, uid=task.name_elsewhere, status=TaskStatus.OPEN, percent=0, done_at=None, created_at=self.work.now)
        return replace(fresh, **moved(task, between(at, begins)))

    def _save(self, before: Task, after: Task, version: int) -> None:
        if after.status is TaskStatus.DONE and not before.is_closed:
            after = replace(after, percent=DONE, done_at=after.done_at or self.work.now)
        row = {k: v for k, v in as_row(after, tables.task).items() if k not in {"id", "version"}}
        self.work.change(tables.task, before.id, version, **row)

    def _as_saved(self, task: Task) -> Task:
        """The task as it now is, also for who handed over a private one and sees it for the last time."""
        t = tables.task
        seen = self.work.scalar(select(t.c.id).where(and_(t.c.id == task.id, self.work.visible_to(t))))
        return self.get(id=task.id) if seen else task

    def _save_members(self, task_id: UUID, members: Iterable[UUID]) -> None:
        rows: list[Row] = [{"employee_id": employee} for employee in dict.fromkeys(members)]  # type: ignore[valid-type]
        self.work.replace(tables.task_member, {"task_id": task_id}, rows)

    def _check_links(self, fields: dict[str, Any], before: Task | None = None) -> None:
        """See that what the task is about is there. One of a project is about its customer, if about none: no more visible than that."""
        for key, table in (*tables.PARENTS.items(), ("project_id", tables.project)):
            if fields.get(key):
                self.work.require(table, fields[key])
        project = fields.get("project_id", before.project_id if before else None)
        if project and not fields.get("customer_id", before.customer_id if before else None):
            p = tables.project
            fields["customer_id"] = self.work.scalar(select(p.c.customer_id).where(p.c.id == project))

    def _check_people(self, people: Iterable[UUID]) -> None:
        active = {e["id"] for e in self.work.kept(tables.employee) if e["is_active"]}
        if set(people) - active:
            raise InvalidInput(_("Choose an active employee."), "owner_id")

    def _require_owner(self, task: Task) -> None:
        if not may_hand_over(self.actor, task):
            raise Forbidden(_("Only its owner or a task administrator can do this with a task."))


def _as_series(before: Task, after: Task) -> Task:
    """A changed task with what its repetition counts from: a new rule begins now, one that is moved keeps its count and what is left out."""
    begins, began = after.begins_at, before.begins_at
    if not after.rrule or begins is None:
        return replace(after, rrule="", recurs_from=None, zone="", skips="")
    if after.rrule != before.rrule or began is None:
        return replace(after, recurs_from=begins, zone="" if after.rrule != before.rrule else after.zone, skips="")
    by = between(began, begins)
    skips = ",".join((at.astimezone(OSLO) + by).astimezone(UTC).strftime(INSTANT) for at in before.skipped)
    return replace(after, recurs_from=(before.recurs_from or began).astimezone(OSLO) + by, skips=skips)
