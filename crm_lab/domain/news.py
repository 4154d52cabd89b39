"""News: what was written since when, as open pages are told it; they read again what they show of it, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


def mark(party_id: UUID) -> str:
    """What stands for a party in the news: who knows its id knows it by that, and nobody learns of one that is hidden."""
    return blake2b(party_id.bytes, digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class News:
    """What was written.

    Attributes
    ----------
    last : the number of the newest change.
    tables : where something was written; None is anywhere.
    parties : the marks of the customers and contacts it was about; None is anybody, or nobody at all.
    """

    last: int
    tables: frozenset[str] | None = None
    parties: frozenset[str] | None = None

    def concerns(self, tables: Iterable[str] | None = None, parties: Iterable[UUID] | None = None) -> bool:
        """Whether somebody who shows these tables, of these parties, is to read again; None shows all of them."""
        if self.tables is not None and tables is not None and self.tables.isdisjoint(tables):
            return False
        return self.parties is None or parties is None or not self.parties.isdisjoint(map(mark, parties))

    def and_then(self, later: News) -> News:
        """Both together."""
        return News(later.last, _both(self.tables, later.tables), _both(self.parties, later.parties))


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return None if one is None or other is None else one | other
