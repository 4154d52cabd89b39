"""Categories: labels that people put on customers and contacts, and that settings are inherited from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from crm_lab.domain.terms import INHERITED, Terms


class Colour(StrEnum):
    """The colours a label may have; the theme decides how each looks."""

    GREY = "grey"
    BLUE = "blue"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    VIOLET = "violet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One label. `terms` are inherited by customers that carry it; of several the first by name decides."""

    id: UUID
    version: int = 1
    name: str
    colour: Colour = Colour.GREY
    for_customers: bool = True
    for_contacts: bool = False
    terms: Terms = INHERITED
