"""Opportunities: what a customer may come to buy, for how much, how likely and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict, cast
from uuid import UUID

from crm_lab.domain.values import ORE, clean_text, parse_currency
from crm_lab.errors import Faults, InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TITLE, LONGEST_STEP, LONGEST_REASON = 250, 250, 500
LARGEST_AMOUNT = Decimal(10) ** 13
EVEN, CERTAIN = 50, 100


class OpportunityStatus(StrEnum):
    """Whether it is decided."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class OpportunityFields(TypedDict, total=False):
    """What people write on an opportunity; a customer and an owner it must have."""

    title: str
    customer_id: UUID | None
    contact_id: UUID | None
    owner_id: UUID | None
    status: OpportunityStatus
    amount: Decimal | None
    currency: str
    probability: int
    expected_close_on: date | None
    next_step: str
    lost_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """An opportunity.

    Attributes
    ----------
    customer, contact, owner : names, for lists; `customer_number` leads to the card.
    amount : in `currency`, None while nobody knows.
    probability : in percent, as it was thought while it was open.
    lost_reason : "" unless it is lost.
    closed_at : when it was won or lost.
    """

    id: UUID
    version: int = 1
    title: str
    customer_id: UUID
    customer: str = ""
    customer_number: int | None = None
    contact_id: UUID | None = None
    contact: str = ""
    owner_id: UUID
    owner: str = ""
    status: OpportunityStatus = OpportunityStatus.OPEN
    amount: Decimal | None = None
    currency: str = "NOK"
    probability: int = EVEN
    expected_close_on: date | None = None
    next_step: str = ""
    lost_reason: str = ""
    created_by: UUID
    created_at: datetime
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be decided."""
        return self.status is OpportunityStatus.OPEN

    @property
    def weighted(self) -> Decimal | None:
        """The amount times its probability, to the øre; all of what is won, nothing of what is lost."""
        if self.amount is None:
            return None
        share = {OpportunityStatus.OPEN: self.probability, OpportunityStatus.WON: CERTAIN, OpportunityStatus.LOST: 0}[self.status]
        return (self.amount * share / CERTAIN).quantize(ORE, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityStep:
    """A step of an opportunity: it was made, won, lost, taken up again or removed, or became more or less likely.

    Attributes
    ----------
    title : as it was called then.
    before, after : its status; None before it was made and after it was removed.
    probability_before, probability : in percent.
    lost_reason : "" unless it was lost then.
    """

    at: datetime
    who: str
    title: str
    before: OpportunityStatus | None
    after: OpportunityStatus | None
    probability_before: int
    probability: int
    lost_reason: str = ""


def clean_opportunity(given: OpportunityFields, before: Mapping[str, object] | None = None) -> OpportunityFields:
    """The fields in their stored form, checked together with those that stay. Raises `InvalidFields`."""
    faults, clean = Faults(), dict(given)
    if "title" in given or before is None:
        with faults.at("title"):
            clean["title"] = clean_text(given.get("title", ""), "title", max_length=LONGEST_TITLE)
            if not clean["title"]:
                raise InvalidInput(_("Say what it is about."), "title")
    if (before is None or "customer_id" in given) and not given.get("customer_id"):
        faults.note("customer_id", _("Choose a customer."))
    for name, longest in (("next_step", LONGEST_STEP), ("lost_reason", LONGEST_REASON)):
        if name in given:
            with faults.at(name):
                clean[name] = clean_text(str(clean[name]), name, max_length=longest)
    if "currency" in given:
        with faults.at("currency"):
            clean["currency"] = parse_currency(given["currency"])
    amount = given.get("amount")
    if amount is not None and not (amount.is_finite() and 0 <= amount < LARGEST_AMOUNT and amount == amount.quantize(ORE)):
        faults.note("amount", _("An amount has two decimals at most and is not below zero."))
    if not 0 <= given.get("probability", EVEN) <= CERTAIN:
        faults.note("probability", _("{n} is not a probability. Write a whole number from 0 to 100.", n=given["probability"]))
    _check_end(clean, {**(before or {}), **clean}, faults)
    faults.tell()
    return cast("OpportunityFields", clean)


def _check_end(clean: dict[str, object], whole: Mapping[str, object], faults: Faults) -> None:
    """What is lost has a reason, and nothing else has."""
    status = whole.get("status", OpportunityStatus.OPEN)
    if status not in set(OpportunityStatus):
        faults.note("status", _("{text} is no status. Choose open, won or lost.", text=str(status)[:40]))
    elif status != OpportunityStatus.LOST:
        clean["lost_reason"] = ""
    elif not whole.get("lost_reason"):
        faults.note("lost_reason", _("Say why it was lost."))
