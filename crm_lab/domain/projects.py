"""Projects: work for a customer, or for ourselves, with people, days and a budget."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict, cast
from uuid import UUID

from crm_lab.domain.values import ORE, clean_text
from crm_lab.errors import Faults, InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_NAME, LONGEST_TEXT = 250, 20_000
LARGEST_BUDGET = Decimal(10) ** 13


class ProjectStatus(StrEnum):
    """How far a project has come."""

    PLANNED = "planned"
    ACTIVE = "active"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class ProjectFields(TypedDict, total=False):
    """What people write on a project."""

    name: str
    status: ProjectStatus
    starts_on: date | None
    ends_on: date | None
    leader_id: UUID | None
    customer_id: UUID | None
    budget: Decimal | None
    text: str
    members: tuple[UUID, ...]
    contacts: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project.

    Attributes
    ----------
    number : of a series of its own.
    leader, customer : names, for lists; `customer_number` leads to the card.
    budget : in `currency`, None where there is none.
    members : employees beside the leader; `contacts` are the persons of the customer who take part, as far as the caller may see them.
    """

    id: UUID
    version: int = 1
    number: int = 0
    name: str
    status: ProjectStatus = ProjectStatus.PLANNED
    starts_on: date | None = None
    ends_on: date | None = None
    leader_id: UUID | None = None
    leader: str = ""
    customer_id: UUID | None = None
    customer: str = ""
    customer_number: int | None = None
    budget: Decimal | None = None
    currency: str = "NOK"
    text: str = ""
    members: tuple[UUID, ...] = ()
    contacts: tuple[UUID, ...] = ()
    created_by: UUID
    created_at: datetime

    @property
    def is_closed(self) -> bool:
        """Whether it is over."""
        return self.status in {ProjectStatus.DONE, ProjectStatus.CANCELLED}


def clean_project(given: ProjectFields, before: Mapping[str, object] | None = None) -> ProjectFields:
    """The fields in their stored form, checked together with those that stay. Raises `InvalidFields`."""
    faults, clean = Faults(), dict(given)
    if "name" in given or before is None:
        with faults.at("name"):
            clean["name"] = clean_text(given.get("name", ""), "name", max_length=LONGEST_NAME)
            if not clean["name"]:
                raise InvalidInput(_("Enter a name."), "name")
    if "text" in given:
        with faults.at("text"):
            clean["text"] = clean_text(given["text"], "text", max_length=LONGEST_TEXT, lines=True)
    whole = {**(before or {}), **clean}
    starts, ends = whole.get("starts_on"), whole.get("ends_on")
    if isinstance(starts, date) and isinstance(ends, date) and ends < starts:
        faults.note("ends_on", _("It cannot end before it starts."))
    budget = given.get("budget")
    if budget is not None and not (budget.is_finite() and 0 <= budget < LARGEST_BUDGET and budget == budget.quantize(ORE)):
        faults.note("budget", _("A budget is an amount in kroner and øre, not below zero."))
    faults.tell()
    return cast("ProjectFields", clean)
