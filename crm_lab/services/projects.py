"""Projects: made, listed, changed, taken away; the people in them, and the tasks they hold."""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Unpack
from uuid import UUID

import pyarrow as pa
from sqlalchemy import BigInteger, String, and_, cast, false, func, literal, or_, select

from crm_lab.domain.ids import new_id
from crm_lab.domain.projects import Project, ProjectFields, ProjectStatus, clean_project
from crm_lab.domain.search import LONGEST_TEXT, MOST_WORDS, Finding, FindingKind
from crm_lab.domain.tasks import CLOSED
from crm_lab.errors import InvalidInput, NotFound
from crm_lab.i18n import _, business_day
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.customers import shown_name
from crm_lab.store import tables
from crm_lab.store.records import Row, as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement

FIRST_NUMBER, MOST_FOUND = 1001, 50
OVER = (ProjectStatus.DONE, ProjectStatus.CANCELLED)
PARTS = {"members", "contacts"}


class Projects(Service):
    """Projects. One for a customer is as visible as that customer."""

    @reads()
    def count(self) -> int:
        """How many projects the caller may see that are not over."""
        p = tables.project
        return int(self.work.scalar(select(func.count()).select_from(p).where(and_(p.c.status.not_in(OVER), self.work.visible_to(p)))))

    @reads()
    def list(self) -> pa.Table:
        """Every project the caller may see, the newest first.

        Columns: id, number, name, status, customer, customer_number, leader, starts_on, ends_on, budget_minor (øre), currency,
        n_tasks (to be done, as far as the caller sees them), created_at.
        """
        p, c, e, t = tables.project, tables.customer, tables.employee, tables.task
        still = and_(t.c.project_id.is_not(None), t.c.status.not_in(CLOSED), self.work.visible_to(t))
        tasks = select(t.c.project_id, func.count().label("n")).where(still).group_by(t.c.project_id).subquery()
        query = (
            select(
                cast(p.c.id, String).label("id"), p.c.number, p.c.name, p.c.status, func.coalesce(shown_name(), "").label("customer"),
                c.c.number.label("customer_number"), func.coalesce(e.c.name, "").label("leader"), p.c.starts_on, p.c.ends_on,
                cast(p.c.budget * literal(100), BigInteger).label("budget_minor"), p.c.currency,
                func.coalesce(tasks.c.n, 0).label("n_tasks"), p.c.created_at,
            )
            .outerjoin(c, c.c.id == p.c.customer_id)
            .outerjoin(e, e.c.id == p.c.leader_id)
            .outerjoin(tasks, tasks.c.project_id == p.c.id)
            .where(self.work.visible_to(p))
            .order_by(p.c.number.desc())
        )  # fmt: skip
        return self.work.frame(query)

    @reads()
    def get(self, *, id: UUID) -> Project:  # noqa: A002 - the wire's word
        """One project with its people. Raises `NotFound`, also where it is hidden."""
        return self._whole(self._read(tables.project.c.id == id))

    @reads()
    def by_number(self, *, number: int) -> Project:
        """The same by its number."""
        return self._whole(self._read(tables.project.c.number == number))

    @reads()
    def search(self, *, text: str, limit: int = 8) -> list[Finding]:  # type: ignore[valid-type]
        """The projects with a number, or with all words of a text in the name; the newest first."""
        p, c = tables.project, tables.customer
        words = text[:LONGEST_TEXT].split()[:MOST_WORDS]
        if not words:
            return []
        meant = or_(cast(p.c.number, String) == words[0] if len(words) == 1 else false(), and_(*(p.c.name.icontains(word, autoescape=True) for word in words)))
        query = select(p.c.number, p.c.name, p.c.created_at, shown_name().label("company"), c.c.number.label("customer_number"), p.c.leader_id)
        query = query.outerjoin(c, c.c.id == p.c.customer_id).where(and_(meant, self.work.visible_to(p)))
        names = self.work.employee_names()
        return [
            Finding(
                kind=FindingKind.PROJECT, project_number=row["number"], customer_number=row["customer_number"], party=row["company"] or "",
                text=row["name"], who=names.get(row["leader_id"], ""), on=business_day(row["created_at"]),
            )
            for row in self.work.rows(query.order_by(p.c.number.desc()).limit(max(1, min(limit, MOST_FOUND))))
        ]  # fmt: skip

    @reads()
    def of(self, *, customer_id: UUID | None = None, contact_id: UUID | None = None) -> list[Project]:  # type: ignore[valid-type]
        """The projects of a customer, or those a contact takes part in; open ones first. Raises `NotFound`, also where it is hidden."""
        self.work.require(tables.customer if customer_id else tables.contact, customer_id or contact_id)
        return self.about("customer_id" if customer_id else "contact_id", customer_id or contact_id)

    def about(self, key: str, party_id: UUID | None) -> list[Project]:  # type: ignore[valid-type]
        """The same for a party that the caller may see: that has been asked."""
        p, link = tables.project, tables.project_contact
        if key == "customer_id":
            rows = self.work.rows_about(p, key, party_id)
        else:
            taken = select(link.c.project_id).where(link.c.contact_id == party_id)
            rows = self.work.rows(select(p).where(and_(p.c.id.in_(taken), self.work.visible_to(p))))
        rows.sort(key=itemgetter("number"), reverse=True)
        names = self.work.employee_names()
        found = [as_record(Project, row | {"leader": names.get(row["leader_id"], "")}) for row in rows]
        return sorted(found, key=lambda project: project.is_closed)

    @writes()
    def create(self, **fields: Unpack[ProjectFields]) -> Project:
        """Make a project, led by the caller unless somebody else is named. Raises `InvalidFields`, `NotFound`."""
        clean: dict[str, Any] = dict(clean_project(fields))
        self._check(clean)
        project = Project(
            **({"leader_id": self.actor.id} | clean), id=new_id(), number=self.work.next_number("project", FIRST_NUMBER),
            created_by=self.actor.id, created_at=self.work.now,
        )  # fmt: skip
        self.work.insert(tables.project, as_row(project, tables.project))
        self._save_people(project.id, clean)
        return self.get(id=project.id)

    @writes()
    def change(self, *, id: UUID, version: int, **fields: Unpack[ProjectFields]) -> Project:  # noqa: A002
        """Change the given fields; the others stay. Contacts hidden from the caller stay too. Raises `InvalidFields`, `ChangedMeanwhile`."""
        before = self.get(id=id)
        clean: dict[str, Any] = dict(clean_project(fields, {f: getattr(before, f) for f in ProjectFields.__annotations__}))
        self._check(clean)
        after = replace(before, **clean)
        row = {k: v for k, v in as_row(after, tables.project).items() if k not in {"id", "version", "number", "created_by", "created_at"}}
        self.work.change(tables.project, id, version, **row)
        self._save_people(id, clean)
        if after.customer_id != before.customer_id:
            self._move_tasks(id, before.customer_id, after.customer_id)
        return self.get(id=id)

    @writes()
    def delete(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Take a project away; its tasks stay. It can be undone."""
        row = self.work.change(tables.project, id, version)
        for part in (tables.project_member, tables.project_contact):
            self.work.replace(part, {"project_id": id}, [])
        self.work.set_many(tables.task, self.work.rows_of(tables.task, "project_id", [id]), project_id=None)
        self.work.remove(tables.project, row)

    def _read(self, which: ColumnElement[bool]) -> Row:
        p, c = tables.project, tables.customer
        query = select(p, func.coalesce(shown_name(), "").label("customer"), c.c.number.label("customer_number"))
        row = self.work.one(query.outerjoin(c, c.c.id == p.c.customer_id).where(and_(which, self.work.visible_to(p))))
        if row is None:
            raise NotFound(_("There is no such record, or you may not see it."))
        return row

    def _whole(self, row: Row) -> Project:
        m, link = tables.project_member, tables.project_contact
        members = self.work.rows(select(m.c.id, m.c.employee_id).where(m.c.project_id == row["id"]).order_by(m.c.id))
        seen = and_(link.c.project_id == row["id"], self.work.visible_to(link))
        contacts = self.work.rows(select(link.c.id, link.c.contact_id).where(seen).order_by(link.c.id))
        people = {
            "leader": self.work.employee_names().get(row["leader_id"], ""), "members": tuple(r["employee_id"] for r in members),
            "contacts": tuple(r["contact_id"] for r in contacts),
        }  # fmt: skip
        return replace(as_record(Project, row), **people)  # type: ignore[arg-type]

    def _check(self, fields: dict[str, Any]) -> None:
        if fields.get("customer_id"):
            self.work.require(tables.customer, fields["customer_id"])
        for contact in fields.get("contacts", ()):
            self.work.require(tables.contact, contact)
        active = {e["id"] for e in self.work.kept(tables.employee) if e["is_active"]}
        for name, people in (("leader_id", {fields.get("leader_id")} - {None}), ("members", set(fields.get("members", ())))):
            if people - active:
                raise InvalidInput(_("Choose an active employee."), name)

    def _save_people(self, project_id: UUID, fields: dict[str, Any]) -> None:
        if "members" in fields:
            self.work.replace(tables.project_member, {"project_id": project_id}, _rows("employee_id", fields["members"]))
        if "contacts" in fields:
            link = tables.project_contact
            hidden = and_(link.c.project_id == project_id, ~self.work.visible_to(link))
            rows = [*_rows("contact_id", fields["contacts"]), *self.work.rows(select(link).where(hidden))]
            self.work.replace(link, {"project_id": project_id}, rows)

    def _move_tasks(self, project_id: UUID, before: UUID | None, after: UUID | None) -> None:
        """Tasks about the customer of a project, or about nobody, are about its new customer: as visible as the project itself."""
        t = tables.task
        same = or_(t.c.customer_id.is_(None), t.c.customer_id == before) if before else t.c.customer_id.is_(None)
        self.work.set_many(t, self.work.rows(select(t).where(and_(t.c.project_id == project_id, same))), customer_id=after)


def _rows(column: str, ids: Iterable[UUID]) -> list[Row]:
    return [{column: key} for key in dict.fromkeys(ids)]

