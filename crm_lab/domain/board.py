"""The board: opportunities in columns, as they stand in a pipeline and as they were decided lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from crm_lab.domain.opportunities import ForecastCategory, OpportunityStatus

MOST_CARDS, DECIDED_DAYS = 60, 30


class BoardPeriod(StrEnum):
    """When what is shown is expected."""

    ALL = "all"
    LATE = "late"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCard:
    """An opportunity on the board.

    Attributes
    ----------
    amount_minor : in øre of `currency`, None while nobody knows.
    n_days : so many days nobody has changed it.
    is_rotting : whether those are more than its stage allows.
    is_late : whether it was expected before today.
    """

    id: UUID
    version: int
    title: str
    customer: str
    customer_number: int
    owner: str
    status: OpportunityStatus
    amount_minor: int | None
    currency: str
    probability: int
    category: ForecastCategory
    expected_close_on: date | None
    closed_on: date | None
    n_pushes: int
    next_step: str
    n_days: int
    is_rotting: bool
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardColumn:
    """A stage with what is open there, or what was won or lost lately.

    Attributes
    ----------
    key : the stage's id, "won" or "lost".
    n, sum_minor, weighted_minor : of all of them, in øre of kroner, those hidden from the caller included.
    n_private : how many of them are hidden from the caller.
    cards : the first `MOST_CARDS` that are not, those expected first on top.
    """

    key: str
    name: str
    probability: int
    n: int = 0
    sum_minor: int = 0
    weighted_minor: int = 0
    n_private: int = 0
    cards: tuple[BoardCard, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A pipeline's columns from left to right.

    Attributes
    ----------
    n_unrated : how many opportunities are in no sum, because the rate of their currency is not known.
    """

    pipeline_id: UUID
    name: str
    columns: tuple[BoardColumn, ...]
    n_unrated: int = 0
