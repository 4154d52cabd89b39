"""Opportunities: made, listed, changed, won, lost, taken up again, taken away."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Unpack
from uuid import UUID

import pyarrow as pa
from sqlalchemy import BigInteger, String, and_, case, cast, func, literal, select

from crm_lab.domain.ids import new_id
from crm_lab.domain.opportunities import (
    CERTAIN,
    Opportunity,
    OpportunityFields,
    OpportunityStatus,
    OpportunityStep,
    clean_opportunity,
)
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.customers import shown_name
from crm_lab.store import tables
from crm_lab.store.merges import all_of
from crm_lab.store.records import NoSuchRecord, Row, as_record, as_row

if TYPE_CHECKING:
    from datetime import datetime

KEPT = {"id", "version", "created_by", "created_at"}


class Opportunities(Service):
    """Opportunities. One is as visible as its customer, and as the contact it names."""

    @reads()
    def count(self) -> int:
        """How many open ones the caller may see."""
        o = tables.opportunity
        still = and_(o.c.status == OpportunityStatus.OPEN, self.work.visible_to(o))
        return int(self.work.scalar(select(func.count()).select_from(o).where(still)))

    @reads()
    def list(self) -> pa.Table:
        """Every opportunity the caller may see, those expected first on top.

        Columns: id, title, customer, customer_number, contact, owner, status, amount_minor, currency, probability (percent),
        weighted_minor (as `Opportunity.weighted`), expected_close_on, next_step, lost_reason, created_at, closed_at; amounts in øre.
        """
        o, c, p, e = tables.opportunity, tables.customer, tables.contact, tables.employee
        share = case((o.c.status == OpportunityStatus.WON, CERTAIN), (o.c.status == OpportunityStatus.LOST, 0), else_=o.c.probability)
        query = (
            select(
                cast(o.c.id, String).label("id"), o.c.title, func.coalesce(shown_name(), "").label("customer"), c.c.number.label("customer_number"),
                func.coalesce(_person(), "").label("contact"), func.coalesce(e.c.name, "").label("owner"), o.c.status,
                cast(o.c.amount * literal(100), BigInteger).label("amount_minor"), o.c.currency, o.c.probability,
                cast(func.round(o.c.amount * share), BigInteger).label("weighted_minor"), o.c.expected_close_on, o.c.next_step,
                o.c.lost_reason, o.c.created_at, o.c.closed_at,
            )
            .outerjoin(c, c.c.id == o.c.customer_id)
            .outerjoin(p, p.c.id == o.c.contact_id)
            .outerjoin(e, e.c.id == o.c.owner_id)
            .where(self.work.visible_to(o))
            .order_by(o.c.expected_close_on.asc().nulls_last(), o.c.created_at.desc(), o.c.id)
        )  # fmt: skip
        return self.work.frame(query)

    @reads()
    def get(self, *, id: UUID) -> Opportunity:  # noqa: A002 - the wire's word
        """One opportunity. Raises `NotFound`, also where it is hidden."""
        o, c, p = tables.opportunity, tables.customer, tables.contact
        query = select(o, func.coalesce(shown_name(), "").label("customer"), c.c.number.label("customer_number"), func.coalesce(_person(), "").label("contact"))
        query = query.outerjoin(c, c.c.id == o.c.customer_id).outerjoin(p, p.c.id == o.c.contact_id)
        row = self.work.one(query.where(and_(o.c.id == id, self.work.visible_to(o))))
        if row is None:
            raise NoSuchRecord
        return as_record(Opportunity, row | {"owner": self.work.employee_names().get(row["owner_id"], "")})

    @reads()
    def of(self, *, customer_id: UUID) -> list[Opportunity]:  # type: ignore[valid-type]
        """The opportunities of a customer: open ones first, by when they are expected. Raises `NotFound`, also where it is hidden."""
        self.work.require(tables.customer, customer_id)
        return self.about(customer_id)

    def about(self, customer_id: UUID) -> list[Opportunity]:  # type: ignore[valid-type]
        """The same for a customer that the caller may see: that has been asked. Without the customer's name, which is known there.

        The few persons named are asked for by key: half the price of a join for a customer without opportunities.
        """
        o, p = tables.opportunity, tables.contact
        rows = self.work.rows(select(o).where(o.c.customer_id == customer_id))
        named = {row["contact_id"] for row in rows} - {None}
        seen = select(p.c.id, _person().label("name")).where(and_(p.c.id.in_(named), self.work.visible_to(p)))
        persons = {None: ""} | ({row["id"]: row["name"] for row in self.work.rows(seen)} if named else {})
        owners = self.work.employee_names()
        known = [row | {"contact": persons[row["contact_id"]], "owner": owners.get(row["owner_id"], "")} for row in rows if row["contact_id"] in persons]
        return sorted((as_record(Opportunity, row) for row in known), key=_place)

    @reads()
    def steps(self, *, customer_id: UUID) -> list[OpportunityStep]:  # type: ignore[valid-type]
        """What became of a customer's opportunities, the oldest step first. Raises `NotFound`, also where it is hidden."""
        self.work.require(tables.customer, customer_id)
        a, names = tables.audit, self.work.employee_names()
        told = and_(a.c.customer_id.in_(all_of(tables.customer, customer_id)), a.c.entity == tables.opportunity.name, self.work.visible_to(a))
        rows = self.work.rows(select(a.c.done_at, a.c.actor_id, a.c.before, a.c.after).where(told).order_by(a.c.done_at, a.c.step))
        found = (_step(row["done_at"], names.get(row["actor_id"], ""), row["before"], row["after"]) for row in rows)
        return [step for step in found if (step.before, step.probability_before) != (step.after, step.probability)]

    @writes()
    def create(self, **fields: Unpack[OpportunityFields]) -> Opportunity:
        """Make an opportunity, the caller's unless somebody else is named. Raises `InvalidFields`, `NotFound`."""
        clean: dict[str, Any] = {"owner_id": self.actor.id} | dict(clean_opportunity(fields))
        self._check(clean)
        made = Opportunity(**clean, id=new_id(), created_by=self.actor.id, created_at=self.work.now)
        self.work.insert(tables.opportunity, as_row(replace(made, closed_at=self._closed(made, None)), tables.opportunity))
        return self.get(id=made.id)

    @writes()
    def change(self, *, id: UUID, version: int, **fields: Unpack[OpportunityFields]) -> Opportunity:  # noqa: A002
        """Change the given fields; the others stay. Raises `InvalidFields`, `NotFound`, `ChangedMeanwhile`."""
        return self._change(id, version, fields)

    @writes()
    def win(self, *, id: UUID, version: int) -> Opportunity:  # noqa: A002
        """The customer buys. Raises `ChangedMeanwhile`."""
        return self._change(id, version, {"status": OpportunityStatus.WON})

    @writes()
    def lose(self, *, id: UUID, version: int, reason: str) -> Opportunity:  # noqa: A002
        """The customer does not buy, and why. Raises `InvalidFields`, `ChangedMeanwhile`."""
        return self._change(id, version, {"status": OpportunityStatus.LOST, "lost_reason": reason})

    @writes()
    def reopen(self, *, id: UUID, version: int) -> Opportunity:  # noqa: A002
        """It is not decided after all. Raises `ChangedMeanwhile`."""
        return self._change(id, version, {"status": OpportunityStatus.OPEN})

    @writes()
    def delete(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Take an opportunity away. It can be undone."""
        self.work.remove(tables.opportunity, self.work.change(tables.opportunity, id, version))

    def _change(self, key: UUID, version: int, fields: OpportunityFields) -> Opportunity:
        before = self.get(id=key)
        clean: dict[str, Any] = dict(clean_opportunity(fields, {f: getattr(before, f) for f in OpportunityFields.__annotations__}))
        self._check({name: value for name, value in clean.items() if value != getattr(before, name)})
        after = replace(before, **clean)
        row = as_row(replace(after, closed_at=self._closed(after, before)), tables.opportunity)
        self.work.change(tables.opportunity, key, version, **{name: value for name, value in row.items() if name not in KEPT})
        return self.get(id=key)

    def _closed(self, after: Opportunity, before: Opportunity | None) -> datetime | None:
        """When it was decided: now, unless it was so already."""
        if after.is_open:
            return None
        return before.closed_at if before and before.status is after.status else self.work.now

    def _check(self, fields: dict[str, Any]) -> None:
        """See that those named are there."""
        for key, table in tables.PARENTS.items():
            if fields.get(key):
                self.work.require(table, fields[key])
        active = {e["id"] for e in self.work.kept(tables.employee) if e["is_active"]}
        if "owner_id" in fields and fields["owner_id"] not in active:
            raise InvalidInput(_("Choose an active employee."), "owner_id")


def _person() -> Any:
    p = tables.contact
    return func.trim(p.c.first_name + " " + p.c.last_name)


def _step(at: datetime, who: str, before: Row | None, after: Row | None) -> OpportunityStep:
    was, now = ({} if row is None else row for row in (before, after))
    named = now or was
    return OpportunityStep(
        at=at, who=who, title=named["title"],
        before=OpportunityStatus(was["status"]) if was else None, after=OpportunityStatus(now["status"]) if now else None,
        probability_before=(was or named)["probability"], probability=named["probability"], lost_reason=now.get("lost_reason", ""),
    )  # fmt: skip


def _place(opportunity: Opportunity) -> tuple[Any, ...]:
    """Open ones by when they are expected, then those decided last."""
    if opportunity.closed_at is None:
        return False, opportunity.expected_close_on or date.max, opportunity.created_at
    return True, -opportunity.closed_at.timestamp()
