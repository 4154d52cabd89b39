"""Pipelines: the stages that opportunities go through, and what else administrators let people choose from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict, cast
from uuid import UUID

from crm_lab.domain.names import fold
from crm_lab.domain.values import clean_text
from crm_lab.errors import Conflict, Faults, InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_NAME, LONGEST_WAIT, CERTAIN = 60, 3650, 100


class ChoiceKind(StrEnum):
    """What a choice is about."""

    LOST_REASON = "lost_reason"
    SOURCE = "source"
    TYPE = "type"


class StageFields(TypedDict, total=False):
    """What administrators write on a stage."""

    name: str
    probability: int
    rotting_days: int | None
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A step on the way to a sale.

    Attributes
    ----------
    probability : in percent, that what stands here is won.
    rotting_days : after so many days without a change an opportunity here is marked; None means never.
    is_active : whether opportunities may be moved here.
    """

    id: UUID
    version: int = 1
    pipeline_id: UUID
    name: str
    position: int
    probability: int
    rotting_days: int | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A way of selling, with its stages in order."""

    id: UUID
    version: int = 1
    name: str
    position: int
    is_active: bool = True
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesChoice:
    """A reason, a source or a type that people may choose."""

    id: UUID
    version: int = 1
    kind: ChoiceKind
    name: str
    position: int
    is_active: bool = True


class NameTaken(Conflict):
    """Of the same kind there is one of that name, however it is written."""

    def __init__(self, name: str) -> None:
        super().__init__(_("There is one called {name} already.", name=name))


def clean_name(name: str, others: Iterable[str]) -> str:
    """A name that is not empty and not one of the others'. Raises `InvalidInput`, `NameTaken`."""
    clean = clean_text(name, "name", max_length=LONGEST_NAME)
    if not clean:
        raise InvalidInput(_("Enter a name."), "name")
    if fold(clean) in map(fold, others):
        raise NameTaken(clean)
    return clean


def clean_stage(given: StageFields, others: Iterable[str]) -> StageFields:
    """The fields in their stored form. Raises `InvalidFields`, `NameTaken`."""
    faults, clean = Faults(), dict(given)
    if "name" in given:
        with faults.at("name"):
            clean["name"] = clean_name(given["name"], others)
    if not 0 <= given.get("probability", 0) <= CERTAIN:
        faults.note("probability", _("{n} is not a probability. Write a whole number from 0 to 100.", n=given["probability"]))
    days = given.get("rotting_days")
    if days is not None and not 1 <= days <= LONGEST_WAIT:
        faults.note("rotting_days", _("{n} is no number of days. Write a whole number from 1 to 3650, or nothing.", n=days))
    faults.tell()
    return cast("StageFields", clean)
