"""Opportunities: what a customer may come to buy, for how much, how likely and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypedDict, cast
from uuid import UUID

from crm_lab.domain.values import ORE, clean_text, parse_currency
from crm_lab.errors import Faults, InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXTS = {"next_step": 250, "lost_reason": 500, "competitor": 250, "products": 500}
"""Texts that may be empty, by how long they may be."""
LONGEST_TITLE, LONGEST_ROLE = 250, 60
LARGEST_AMOUNT, LARGEST_RATE = Decimal(10) ** 13, Decimal(10) ** 5
RATE = Decimal("0.000001")
EVEN, CERTAIN, NOK = 50, 100, "NOK"


class OpportunityStatus(StrEnum):
    """Whether it is decided."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class ProbabilityFrom(StrEnum):
    """Where a probability comes from: the stage, a person, or what became of earlier ones."""

    STAGE = "stage"
    MANUAL = "manual"
    LEARNED = "learned"


class ForecastCategory(StrEnum):
    """How much its owner promises: said apart from the stage and from the probability."""

    COMMIT = "commit"
    BEST_CASE = "best_case"
    PIPELINE = "pipeline"
    OMITTED = "omitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityContact:
    """Somebody else at the customer who has a say; `name` is for reading."""

    contact_id: UUID
    role: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerShare:
    """How many percent of a sale a seller is credited with; `name` is for reading."""

    employee_id: UUID
    percent: int
    name: str = ""


class OpportunityFields(TypedDict, total=False):
    """What people write on an opportunity; a customer and an owner it must have."""

    title: str
    customer_id: UUID | None
    contact_id: UUID | None
    contacts: tuple[OpportunityContact, ...]
    owner_id: UUID | None
    owner_only: bool
    sellers: tuple[SellerShare, ...]
    stage_id: UUID | None
    status: OpportunityStatus
    amount: Decimal | None
    currency: str
    rate: Decimal | None
    is_recurring: bool
    probability: int
    probability_from: ProbabilityFrom
    category: ForecastCategory
    expected_close_on: date | None
    source_id: UUID | None
    type_id: UUID | None
    competitor: str
    next_step: str
    next_step_on: date | None
    lost_reason_id: UUID | None
    lost_reason: str
    products: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """An opportunity.

    Attributes
    ----------
    customer, contact, owner, stage, pipeline, source, type, lost_choice : names, for lists; `customer_number` leads to the card.
    contacts : others at the customer beside `contact_id`, each with a role.
    sellers : who is credited with it, 100 percent together; none means the owner alone.
    owner_only : whether only its owner knows of it. Its amounts count in totals all the same.
    amount : in `currency`, None while nobody knows.
    rate : kroner for one unit of `currency`, None while nobody knows.
    amount_nok : the amount in kroner, to the øre; what totals are made of.
    is_recurring : whether the amount comes again every year.
    probability : in percent, as it was thought while it was open.
    first_close_on : when it was first expected; `n_pushes` says how often that was put off.
    lost_reason_id, lost_reason : what was chosen and what was written; nothing unless it is lost.
    products : what it is about to be sold, in words.
    stage_since, touched_at : when it came to its stage, and when it was changed last.
    closed_at, closed_on : when it was won or lost, and on which business day in Oslo.
    """

    id: UUID
    version: int = 1
    title: str
    customer_id: UUID
    customer: str = ""
    customer_number: int | None = None
    contact_id: UUID | None = None
    contact: str = ""
    contacts: tuple[OpportunityContact, ...] = ()
    owner_id: UUID
    owner: str = ""
    owner_only: bool = False
    sellers: tuple[SellerShare, ...] = ()
    stage_id: UUID
    stage: str = ""
    pipeline: str = ""
    status: OpportunityStatus = OpportunityStatus.OPEN
    amount: Decimal | None = None
    currency: str = "NOK"
    rate: Decimal | None = None
    amount_nok: Decimal | None = None
    is_recurring: bool = False
    probability: int = EVEN
    probability_from: ProbabilityFrom = ProbabilityFrom.STAGE
    category: ForecastCategory = ForecastCategory.PIPELINE
    expected_close_on: date | None = None
    first_close_on: date | None = None
    n_pushes: int = 0
    source_id: UUID | None = None
    source: str = ""
    type_id: UUID | None = None
    type: str = ""
    competitor: str = ""
    next_step: str = ""
    next_step_on: date | None = None
    lost_reason_id: UUID | None = None
    lost_choice: str = ""
    lost_reason: str = ""
    products: str = ""
    created_by: UUID
    created_at: datetime
    stage_since: datetime
    touched_at: datetime
    closed_at: datetime | None = None
    closed_on: date | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be decided."""
        return self.status is OpportunityStatus.OPEN

    @property
    def why_lost(self) -> str:
        """What was chosen and what was written of why it was lost."""
        return ": ".join(dict.fromkeys(text for text in (self.lost_choice, self.lost_reason) if text))

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
    for name in given.keys() & TEXTS:
        with faults.at(name):
            clean[name] = clean_text(str(clean[name]), name, max_length=TEXTS[name])
    _clean_money(clean, faults)
    if not 0 <= given.get("probability", EVEN) <= CERTAIN:
        faults.note("probability", _("{n} is not a probability. Write a whole number from 0 to 100.", n=given["probability"]))
    if "sellers" in given:
        _check_sellers(given["sellers"], faults)
    if "contacts" in given:
        with faults.at("contacts"):
            clean["contacts"] = tuple(replace(c, role=clean_text(c.role, "contacts", max_length=LONGEST_ROLE)) for c in given["contacts"])
    _check_end(clean, {**(before or {}), **clean}, faults)
    faults.tell()
    return cast("OpportunityFields", clean)


def nok(amount: Decimal | None, rate: Decimal | None) -> Decimal | None:
    """An amount in kroner, to the øre, half of one rounded up; None where the amount or the rate is not known."""
    return None if amount is None or rate is None else (amount * rate).quantize(ORE, ROUND_HALF_UP)


def _clean_money(clean: dict[str, Any], faults: Faults) -> None:
    if "currency" in clean:
        with faults.at("currency"):
            clean["currency"] = parse_currency(clean["currency"])
    amount, rate = clean.get("amount"), clean.get("rate")
    if amount is not None and not (amount.is_finite() and 0 <= amount < LARGEST_AMOUNT and amount == amount.quantize(ORE)):
        faults.note("amount", _("An amount has two decimals at most and is not below zero."))
    if rate is not None and not (rate.is_finite() and 0 < rate < LARGEST_RATE and rate == rate.quantize(RATE)):
        faults.note("rate", _("A rate is above zero and has six decimals at most."))
    for name, step in (("amount", ORE), ("rate", RATE)):
        if clean.get(name) is not None and name not in faults.found:
            clean[name] = clean[name].quantize(step)


def _check_sellers(sellers: tuple[SellerShare, ...], faults: Faults) -> None:
    """Shares are of one each, and of the whole."""
    total = sum(share.percent for share in sellers)
    if len({share.employee_id for share in sellers}) != len(sellers):
        faults.note("sellers", _("A seller stands there twice. Give each one share."))
    elif any(share.percent <= 0 for share in sellers):
        faults.note("sellers", _("Every seller has a share above zero."))
    elif sellers and total != CERTAIN:
        faults.note("sellers", _("The sellers have {n} % together. Their shares must make 100 %.", n=total))


def _check_end(clean: dict[str, object], whole: Mapping[str, object], faults: Faults) -> None:
    """What is lost has a reason, and nothing else has."""
    status = whole.get("status", OpportunityStatus.OPEN)
    if status not in set(OpportunityStatus):
        faults.note("status", _("{text} is no status. Choose open, won or lost.", text=str(status)[:40]))
    elif status != OpportunityStatus.LOST:
        clean |= {"lost_reason": "", "lost_reason_id": None}
    elif not (whole.get("lost_reason") or whole.get("lost_reason_id")):
        faults.note("lost_reason", _("Say why it was lost."))
