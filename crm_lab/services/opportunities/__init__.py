"""Opportunities: made, listed, changed, won, lost, taken up again, taken away."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Unpack
from uuid import UUID

import pyarrow as pa
from sqlalchemy import and_, func, select

from crm_lab.domain.board import Board, BoardPeriod
from crm_lab.domain.ids import new_id
from crm_lab.domain.opportunities import (
    NOK,
    RATE,
    ForecastCategory,
    Opportunity,
    OpportunityContact,
    OpportunityFields,
    OpportunityStatus,
    OpportunityStep,
    ProbabilityFrom,
    SellerShare,
    clean_opportunity,
    nok,
)
from crm_lab.domain.pipelines import ChoiceKind
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, business_day
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.customers import shown_name
from crm_lab.services.opportunities import frames
from crm_lab.services.opportunities.board import board_of
from crm_lab.services.opportunities.chances import learned_chances
from crm_lab.services.pipelines import pipelines_of
from crm_lab.store import tables
from crm_lab.store.merges import all_of
from crm_lab.store.records import NoSuchRecord, Row, as_record, as_row
from crm_lab.store.visibility import owned

if TYPE_CHECKING:
    from datetime import datetime

KEPT = {"id", "version", "created_by", "created_at"}
PARTS = {"contacts": tables.opportunity_contact, "sellers": tables.opportunity_seller}
CHOICES = {"source_id": ChoiceKind.SOURCE, "type_id": ChoiceKind.TYPE, "lost_reason_id": ChoiceKind.LOST_REASON}


class Opportunities(Service):
    """Opportunities. One is as visible as its customer, and as the contact it names."""

    @reads()
    def count(self) -> int:
        """How many open ones the caller may see."""
        o = tables.opportunity
        still = and_(o.c.status == OpportunityStatus.OPEN, self.work.visible_to(o))
        return int(self.work.scalar(select(func.count()).select_from(o).where(still)))

    @reads()
    def learned_chances(self) -> dict[str, int]:
        """What history says of each stage, whole per cent by its id: of those that were in it and are decided, how many were won.

        A stage of fewer than twenty decided ones says nothing, and is not there.
        """
        return learned_chances(self.work)

    @reads()
    def list(self) -> pa.Table:
        """Every opportunity the caller may see, those expected first on top.

        Columns: id, title, customer, customer_number, contact, owner, stage, status, amount_minor, currency, probability (percent),
        weighted_minor (as `Opportunity.weighted`), category, expected_close_on, closed_on, next_step, lost_reason, created_at, closed_at; amounts in øre.
        """
        return self.work.frame(frames.listed(self.work))

    @reads()
    def frame(self) -> pa.Table:
        """Every opportunity of the company, the oldest first: what analysts start from.

        Columns: id, title, customer_id, customer, customer_number, contact, owner_id, owner, pipeline, stage_id, stage, stage_position,
        stage_probability, status (open, won, lost), amount_minor (øre of `currency`), currency, amount_nok_minor, weighted_nok_minor
        (all of what is won, nothing of what is lost), is_recurring, probability (percent), probability_from (stage, manual, learned),
        category (commit, best_case, pipeline, omitted), expected_close_on, first_close_on, n_pushes, source, type, competitor, next_step,
        next_step_on, lost_reason, lost_note, products, created_at, stage_since, touched_at, closed_at (instants in UTC), closed_on
        (business day in Oslo), is_private.

        What is hidden from the caller counts in totals: its row has figures, owner, stage and days, `is_private` is true, and texts and
        names are "". Where the rate of a currency is not known, the amounts in kroner are missing.
        """
        return self.work.frame(frames.everything(self.work))

    @reads()
    def sellers(self) -> pa.Table:
        """Who is credited with what: columns opportunity_id, employee_id, seller, percent; 100 percent of each opportunity of `frame`."""
        return self.work.frame(frames.sellers())

    @reads()
    def changes_frame(self) -> pa.Table:
        """What became of every opportunity of `frame`, the oldest change first.

        Columns: opportunity_id, changed_at (UTC), changed_by (name), field, old, new. Fields: status, stage (`stage_id`), amount (whole øre of
        kroner), probability (percent), expected_close (ISO day), owner (`employee_id`), category; all as text, "" for nothing. Making one
        writes every field it has with an `old` of "", so that replaying the rows until an instant gives the pipeline as it was then.
        """
        return self.work.frame(frames.changes())

    @reads()
    def board(
        self, *, pipeline_id: UUID | None = None, owner_id: UUID | None = None, category: ForecastCategory | None = None, period: BoardPeriod = BoardPeriod.ALL
    ) -> Board:
        """A pipeline's stages with what is open there, and what was won and lost in the last 30 days; the first pipeline unless one is named.

        `owner_id` and `category` leave out others'; `period` is when what is open is expected. Sums are in kroner and count what is hidden
        from the caller, which has no card. Raises `NotFound`.
        """
        return board_of(self.work, pipeline_id, owner_id, category, period)

    @reads()
    def get(self, *, id: UUID) -> Opportunity:  # noqa: A002 - the wire's word
        """One opportunity. Raises `NotFound`, also where it is hidden."""
        o, c, p = tables.opportunity, tables.customer, tables.contact
        query = select(o, func.coalesce(shown_name(), "").label("customer"), c.c.number.label("customer_number"), func.coalesce(frames.person(), "").label("contact"))
        query = query.outerjoin(c, c.c.id == o.c.customer_id).outerjoin(p, p.c.id == o.c.contact_id)
        row = self.work.one(query.where(and_(o.c.id == id, self.work.visible_to(o))))
        if row is None:
            raise NoSuchRecord
        return as_record(Opportunity, row | self._names(row) | {"sellers": self._sellers(id), "contacts": self._contacts(id)})

    @reads()
    def of(self, *, customer_id: UUID) -> list[Opportunity]:  # type: ignore[valid-type]
        """The opportunities of a customer, without sellers and other contacts: open ones first, by when they are expected.

        Raises `NotFound`, also where it is hidden.
        """
        self.work.require(tables.customer, customer_id)
        return self.about(customer_id)

    def about(self, customer_id: UUID) -> list[Opportunity]:  # type: ignore[valid-type]
        """The same for a customer that the caller may see: that has been asked. Without the customer's name, which is known there.

        The few persons named are asked for by key: half the price of a join for a customer without opportunities.
        """
        o, p = tables.opportunity, tables.contact
        rows = self.work.rows(select(o).where(and_(o.c.customer_id == customer_id, owned(o, self.work.caller))))
        named = {row["contact_id"] for row in rows} - {None}
        seen = select(p.c.id, frames.person().label("name")).where(and_(p.c.id.in_(named), self.work.visible_to(p)))
        persons = {None: ""} | ({row["id"]: row["name"] for row in self.work.rows(seen)} if named else {})
        known = [row | {"contact": persons[row["contact_id"]]} | self._names(row) for row in rows if row["contact_id"] in persons]
        return sorted((as_record(Opportunity, row) for row in known), key=_place)

    @reads()
    def steps(self, *, customer_id: UUID) -> list[OpportunityStep]:  # type: ignore[valid-type]
        """What became of a customer's opportunities, the oldest step first. Raises `NotFound`, also where it is hidden."""
        self.work.require(tables.customer, customer_id)
        a, names = tables.audit, self.work.employee_names()
        told = and_(a.c.customer_id.in_(all_of(tables.customer, customer_id)), a.c.entity == tables.opportunity.name, self.work.visible_to(a))
        rows = self.work.rows(select(a.c.done_at, a.c.actor_id, a.c.entity_id, a.c.before, a.c.after).where(told).order_by(a.c.done_at, a.c.step))
        last = {row["entity_id"]: row["after"] or row["before"] for row in rows}
        hidden = {key for key, row in last.items() if row.get("owner_only") and row["owner_id"] != str(self.actor.id)}
        reasons = {str(row["id"]): row["name"] for row in self.work.kept(tables.sales_choice)}
        found = (
            _step(row["done_at"], names.get(row["actor_id"], ""), row["before"], row["after"], reasons) for row in rows if row["entity_id"] not in hidden
        )
        return [step for step in found if (step.before, step.probability_before) != (step.after, step.probability)]

    @writes()
    def create(self, **fields: Unpack[OpportunityFields]) -> Opportunity:
        """Make an opportunity, the caller's unless somebody else is named, in the first stage unless another is. Raises `InvalidFields`, `NotFound`."""
        clean: dict[str, Any] = {"owner_id": self.actor.id} | dict(clean_opportunity(fields))
        clean["stage_id"] = clean.get("stage_id") or self._first_stage()
        self._check(clean)
        now = self.work.now
        made = Opportunity(**clean, id=new_id(), created_by=self.actor.id, created_at=now, stage_since=now, touched_at=now)
        whole = self._derived(made, None, clean)
        self.work.insert(tables.opportunity, as_row(whole, tables.opportunity))
        self._save_people(made.id, clean)
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
    def lose(self, *, id: UUID, version: int, reason: str = "", reason_id: UUID | None = None) -> Opportunity:  # noqa: A002
        """The customer does not buy, and why: a reason to choose, or one in words. Raises `InvalidFields`, `ChangedMeanwhile`."""
        return self._change(id, version, {"status": OpportunityStatus.LOST, "lost_reason": reason, "lost_reason_id": reason_id})

    @writes()
    def move(self, *, id: UUID, version: int, stage_id: UUID) -> Opportunity:  # noqa: A002
        """To another stage, whose probability it takes unless somebody wrote another. Raises `InvalidInput`, `ChangedMeanwhile`."""
        return self._change(id, version, {"stage_id": stage_id})

    @writes()
    def reopen(self, *, id: UUID, version: int) -> Opportunity:  # noqa: A002
        """It is not decided after all. Raises `ChangedMeanwhile`."""
        return self._change(id, version, {"status": OpportunityStatus.OPEN})

    @writes()
    def delete(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Take an opportunity away; orders made of it stay. It can be undone."""
        row = self.work.change(tables.opportunity, id, version)
        for part in PARTS.values():
            self.work.replace(part, {"opportunity_id": id}, [])
        orders = tables.sales_order
        self.work.set_many(orders, self.work.rows_of(orders, "opportunity_id", [id]), opportunity_id=None)
        self.work.remove(tables.opportunity, row)

    def _change(self, key: UUID, version: int, fields: OpportunityFields) -> Opportunity:
        before = self.get(id=key)
        clean: dict[str, Any] = dict(clean_opportunity(fields, {f: getattr(before, f) for f in OpportunityFields.__annotations__}))
        if "stage_id" in clean and clean["stage_id"] is None:
            del clean["stage_id"]
        self._check({name: value for name, value in clean.items() if value != getattr(before, name)} | {"owner_id": clean.get("owner_id", before.owner_id)}, before)
        row = as_row(self._derived(replace(before, **clean), before, clean), tables.opportunity)
        self.work.change(tables.opportunity, key, version, **{name: value for name, value in row.items() if name not in KEPT})
        self._save_people(key, clean)
        return self.get(id=key)

    def _derived(self, after: Opportunity, before: Opportunity | None, said: dict[str, Any]) -> Opportunity:
        """What follows from the fields: rate and kroner, probability, when it was put off, moved and decided."""
        now, stage = self.work.now, self._stage(after.stage_id)
        if after.currency == NOK:
            rate: Decimal | None = Decimal(1).quantize(RATE)
        else:
            rate = None if before and before.currency != after.currency and "rate" not in said else after.rate
        origin, usual = after.probability_from, before.probability if before else stage["probability"]
        if "probability" in said and "probability_from" not in said and said["probability"] != usual:
            origin = ProbabilityFrom.MANUAL
        chance = after.probability
        if after.is_open and origin is not ProbabilityFrom.MANUAL:
            known = learned_chances(self.work) if origin is ProbabilityFrom.LEARNED else {}
            chance = known[key] if (key := str(after.stage_id)) in known else stage["probability"]
        was, on = before.expected_close_on if before else None, after.expected_close_on
        closed_at = None if after.is_open else before.closed_at if before and before.status is after.status else now
        return replace(
            after, rate=rate, amount_nok=nok(after.amount, rate), probability=chance, probability_from=origin,
            first_close_on=after.first_close_on or on, n_pushes=after.n_pushes + bool(was and on and on > was),
            stage_since=after.stage_since if before and before.stage_id == after.stage_id else now, touched_at=now,
            closed_at=closed_at, closed_on=business_day(closed_at) if closed_at else None,
        )  # fmt: skip

    def _check(self, fields: dict[str, Any], before: Opportunity | None = None) -> None:
        """See that those named are there."""
        people = [("contact_id", contact.contact_id) for contact in fields.get("contacts", ())]
        for key, value in (*((key, fields.get(key)) for key in tables.PARENTS), *people):
            if value:
                self.work.require(tables.PARENTS[key], value)
        active = {e["id"] for e in self.work.kept(tables.employee) if e["is_active"]}
        had = {before.owner_id} if before else set()
        if fields["owner_id"] not in active | had:
            raise InvalidInput(_("Choose an active employee."), "owner_id")
        if {share.employee_id for share in fields.get("sellers", ())} - active - {s.employee_id for s in (before.sellers if before else ())}:
            raise InvalidInput(_("Choose an active employee."), "sellers")
        if fields.get("owner_only", before.owner_only if before else False) and fields["owner_id"] != self.actor.id:
            raise InvalidInput(_("Only the owner can hide it from the others."), "owner_only")
        if fields.get("stage_id") and not self._stage(fields["stage_id"])["is_active"]:
            raise InvalidInput(_("There is no such stage. Choose one of the list."), "stage_id")
        choices = {(row["id"], row["kind"]) for row in self.work.kept(tables.sales_choice)}
        for key, kind in CHOICES.items():
            if fields.get(key) and (fields[key], kind) not in choices:
                raise InvalidInput(_("There is no such choice. Choose one of the list."), key)

    def _stage(self, key: UUID) -> Row:
        """A stage by its key. Raises `InvalidInput`."""
        found = next((row for row in self.work.kept(tables.stage) if row["id"] == key), None)
        if found is None:
            raise InvalidInput(_("There is no such stage. Choose one of the list."), "stage_id")
        return found

    def _first_stage(self) -> UUID:
        """Where a new one stands: the first stage in use of the first pipeline in use."""
        return next(s.id for line in pipelines_of(self.work) if line.is_active for s in line.stages if s.is_active)

    def _names(self, row: Row) -> Row:
        """What the keys of a row stand for, from what is kept in memory."""
        stage = self._stage(row["stage_id"])
        line = next(r["name"] for r in self.work.kept(tables.pipeline) if r["id"] == stage["pipeline_id"])
        chosen = {None: ""} | {r["id"]: r["name"] for r in self.work.kept(tables.sales_choice)}
        return {
            "owner": self.work.employee_names().get(row["owner_id"], ""), "stage": stage["name"], "pipeline": line, "source": chosen[row["source_id"]],
            "type": chosen[row["type_id"]], "lost_choice": chosen[row["lost_reason_id"]],
        }  # fmt: skip

    def _sellers(self, key: UUID) -> tuple[SellerShare, ...]:
        names, s = self.work.employee_names(), tables.opportunity_seller
        rows = self.work.rows(select(s).where(s.c.opportunity_id == key).order_by(s.c.percent.desc(), s.c.id))
        return tuple(as_record(SellerShare, row | {"name": names.get(row["employee_id"], "")}) for row in rows)

    def _contacts(self, key: UUID) -> tuple[OpportunityContact, ...]:
        link, p = tables.opportunity_contact, tables.contact
        query = select(link.c.contact_id, link.c.role, frames.person().label("name")).join(p, p.c.id == link.c.contact_id)
        rows = self.work.rows(query.where(and_(link.c.opportunity_id == key, self.work.visible_to(link))).order_by(link.c.id))
        return tuple(as_record(OpportunityContact, row) for row in rows)

    def _save_people(self, key: UUID, fields: dict[str, Any]) -> None:
        """Keep sellers and contacts; contacts hidden from the caller stay."""
        link = tables.opportunity_contact
        hidden = self.work.rows(select(link).where(and_(link.c.opportunity_id == key, ~self.work.visible_to(link)))) if "contacts" in fields else []
        for name, table in PARTS.items():
            if name in fields:
                rows = [as_row(part, table) for part in fields[name]]
                self.work.replace(table, {"opportunity_id": key}, rows + (hidden if table is link else []))


def _step(at: datetime, who: str, before: Row | None, after: Row | None, reasons: dict[str, str]) -> OpportunityStep:
    was, now = ({} if row is None else row for row in (before, after))
    named = now or was
    chosen, written = reasons.get(now.get("lost_reason_id") or "", ""), now.get("lost_reason", "")
    return OpportunityStep(
        at=at, who=who, title=named["title"],
        before=OpportunityStatus(was["status"]) if was else None, after=OpportunityStatus(now["status"]) if now else None,
        probability_before=(was or named)["probability"], probability=named["probability"],
        lost_reason=": ".join(dict.fromkeys(text for text in (chosen, written) if text)),
    )  # fmt: skip


def _place(opportunity: Opportunity) -> tuple[Any, ...]:
    """Open ones by when they are expected, then those decided last."""
    if opportunity.closed_at is None:
        return False, opportunity.expected_close_on or date.max, opportunity.created_at
    return True, -opportunity.closed_at.timestamp()
