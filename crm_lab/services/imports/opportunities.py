"""A file of opportunities: known by their number elsewhere, else by customer, title, days and amount. What has ended keeps its days."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID, uuid5

from sqlalchemy import Table, select

from crm_lab.domain.columns import header_key
from crm_lab.domain.ids import new_id
from crm_lab.domain.opportunities import NOK, RATE, Opportunity, OpportunityStatus, ProbabilityFrom, nok
from crm_lab.domain.pipelines import ChoiceKind
from crm_lab.domain.sales_imports import CheckedOpportunity, meant, misspelled
from crm_lab.i18n import OSLO, _
from crm_lab.services.imports.companies import Companies, nobody, several
from crm_lab.services.imports.plan import Identity, Plan, Planned, shown_values
from crm_lab.services.opportunities.past import add_past
from crm_lab.services.pipelines import pipelines_of
from crm_lab.store import tables
from crm_lab.store.records import as_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from crm_lab.domain.access import Actor
    from crm_lab.domain.imports import ImportChoices
    from crm_lab.store.records import Row, Work

SPACE = UUID("5f1d7b0e-6f0c-4f6e-9d58-0a4c6c1f2b3a")
"""What the keys of opportunities with a number elsewhere are made in (UUID version 5, RFC 9562): the same number is the same opportunity."""
NOON, ONE = time(12), Decimal(1).quantize(RATE)


class OpportunityPlan(Plan[CheckedOpportunity]):
    """What a file of opportunities would do; known ones stay as they are."""

    table: ClassVar[Table] = tables.opportunity
    usable: ClassVar[str] = ""

    def __init__(self, work: Work, actor: Actor, choices: ImportChoices) -> None:
        self._companies = Companies(work)
        stages = [stage for line in pipelines_of(work) if line.is_active for stage in line.stages if stage.is_active]
        self._stages = {header_key(stage.name): stage for stage in reversed(stages)}
        self._first = stages[0]
        self._choices = {kind: {header_key(r["name"]): r["id"] for r in work.kept(tables.sales_choice) if r["kind"] == kind} for kind in ChoiceKind}
        p = tables.product
        self._products = [row["name"] for row in work.rows(select(p.c.name).where(p.c.archived_at.is_(None)))]
        self._nearest: dict[tuple[str, str], str] = {}
        super().__init__(work, actor, choices)

    def _labels(self) -> dict[str, UUID | str]:
        return {}

    def _stored(self) -> Iterator[Row]:
        o = tables.opportunity
        yield from self.work.rows(select(o.c.id, o.c.customer_id, o.c.title, o.c.amount, o.c.created_at, o.c.closed_on).where(self.work.visible_to(o)))

    def _identities_of(self, row: Row) -> Iterator[Identity]:
        yield "key", row["id"]
        yield "sight", row["customer_id"], header_key(row["title"]), row["amount"], row["created_at"].astimezone(OSLO).date(), row["closed_on"]

    def _identities(self, row: CheckedOpportunity) -> tuple[list[Identity], list[Identity]]:
        if row.names["reference"]:
            own: list[Identity] = [("key", uuid5(SPACE, row.names["reference"]))]
            return own, own
        found = self._companies.called(row.names["customer"])
        made_on = row.made_on or self.work.now.astimezone(OSLO).date()
        own = [("sight", found[0], header_key(row.fields["title"]), row.fields.get("amount"), made_on, row.closed_on)] if len(found) == 1 else []
        return own, own

    def _resolve(self, row: CheckedOpportunity, twin: Row | Planned[CheckedOpportunity] | None, told: dict[str, str]) -> dict[str, Any]:
        del twin
        fields: dict[str, Any] = dict(row.fields)
        customers = self._companies.called(self._mended("customer", row.names["customer"], self._companies.names, told))
        if "customer" not in told and len(customers) != 1:
            told["customer"] = several(row.names["customer"]) if customers else nobody(row.names["customer"])
        fields["customer_id"] = customers[0] if len(customers) == 1 else None
        fields["owner_id"] = self._person(row.names["owner"], told)
        stage = self._stages.get(header_key(row.names["stage"])) if row.names["stage"] else self._first
        if stage is None:
            names = ", ".join(s.name for s in reversed(self._stages.values()))
            told["stage"] = _("There is no stage {name}. Make it in the settings first, or write one of: {words}.", name=row.names["stage"][:60], words=names)
        fields["stage"] = stage
        for key, kind in (("source", ChoiceKind.SOURCE), ("type", ChoiceKind.TYPE)):
            name = row.names[key]
            fields[f"{key}_id"] = self._choices[kind].get(header_key(name)) if name else None
            if name and fields[f"{key}_id"] is None:
                told[key] = _("There is no choice {name}. Make it in the settings first.", name=name[:60])
        if fields.get("products"):
            fields["products"] = self._mended("products", fields["products"], self._products, told)
            if row.fields["title"] == row.fields["products"]:
                fields["title"] = fields["products"]
        if "lost_reason" in fields and (reason := self._choices[ChoiceKind.LOST_REASON].get(header_key(fields["lost_reason"]))):
            fields |= {"lost_reason_id": reason, "lost_reason": ""}
        return fields

    def _mended(self, key: str, text: str, known: list[str], told: dict[str, str]) -> str:
        """A name as we spell it, where the choice is to mend; else a fault is noted."""
        if (key, text) not in self._nearest:
            is_ours = key == "customer" and bool(self._companies.called(text))
            self._nearest[key, text] = "" if is_ours else meant(text, known)
        name = self._nearest[key, text]
        if name and not self.choices.mend_names:
            told[key] = misspelled(text, name)
        return name or text

    def _person(self, name: str, told: dict[str, str]) -> UUID:
        found = self._employees.get(header_key(name)) if name else self.actor.id
        if found is None:
            told["owner"] = _("There is no active employee {name}. Write a user name or a full name.", name=name[:60])
        return found or self.actor.id

    def changes(self) -> list[tuple[Row, Row]]:
        """None: what is known stays as people have left it."""
        return []

    def carry_out(self) -> None:
        """Make what is new, with its history: made, and closed, on the days of the file."""
        add_past(self.work, [self._made(planned) for planned in self.made if planned.twin is None])

    def _made(self, planned: Planned[CheckedOpportunity]) -> Row:
        row, fields = planned.row, dict(planned.fields)
        stage, is_open = fields.pop("stage"), fields["status"] is OpportunityStatus.OPEN
        closed_on = None if is_open else row.closed_on or self.work.now.astimezone(OSLO).date()
        made_at = self._at(row.made_on or closed_on)
        closed_at = max(self._at(closed_on), made_at) if closed_on else None
        is_ours = fields.get("currency", NOK) == NOK
        rate = ONE if is_ours else fields.get("rate")
        told = {"probability": stage.probability} | {name: value for name, value in fields.items() if name != "rate"}
        one = Opportunity(
            id=uuid5(SPACE, row.names["reference"]) if row.names["reference"] else new_id(), created_by=self.actor.id, created_at=made_at, stage_since=made_at,
            touched_at=closed_at or made_at, closed_at=closed_at, closed_on=closed_on, stage_id=stage.id, rate=rate, amount_nok=nok(fields.get("amount"), rate),
            first_close_on=fields.get("expected_close_on"),
            probability_from=ProbabilityFrom.MANUAL if fields.get("probability", stage.probability) != stage.probability else ProbabilityFrom.STAGE, **told,
        )  # fmt: skip
        return as_row(one, tables.opportunity)

    def _at(self, day: date | None) -> datetime:
        """Noon of a day in Oslo, which is the same day in all of Europe; now where no day is told or it is not noon yet."""
        return min(datetime.combine(day, NOON, OSLO), self.work.now) if day else self.work.now

    def _shown(self, row: CheckedOpportunity) -> dict[str, str]:
        values: dict[str, Any] = {**row.names, **row.fields, "made_on": row.made_on, "closed_on": row.closed_on}
        return shown_values(values)
