"""Places: where a postcode is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What belongs to a postcode; names in capitals, as the post writes them ("TRONDHEIM")."""

    postal_code: str
    city: str
    municipality: str
