"""Two people changed the same record: what each of them changed, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Clash(Generic[V]):
    """One field that both changed, each to another value; None is a field that one of them does not have."""

    base: V | None
    mine: V | None
    theirs: V | None


@dataclass(frozen=True, slots=True)
class Merged(Generic[V]):
    """Both changes in one: `values` hold mine where the two clash, until somebody chooses."""

    values: dict[str, V]
    clashes: dict[str, Clash[V]]


def merge(base: Mapping[str, V], mine: Mapping[str, V], theirs: Mapping[str, V]) -> Merged[V]:
    """The three-way rule: a field that one side left alone takes the other's value, one that both changed clashes.

    `base` is what both began with. A field taken out by one side and left alone by the other is out.
    """
    values: dict[str, V] = {}
    clashes: dict[str, Clash[V]] = {}
    for name in dict.fromkeys((*mine, *theirs, *base)):
        was, my, their = base.get(name), mine.get(name), theirs.get(name)
        taken = their if my == was else my
        if taken is not None:
            values[name] = taken
        if was != my != their != was:
            clashes[name] = Clash(was, my, their)
    return Merged(values, clashes)
