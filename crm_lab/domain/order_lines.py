"""The lines of an order that two people changed at once: what only one of them changed is kept, and where both did is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_lab.errors import Conflict
from crm_lab.i18n import ngettext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from crm_lab.domain.orders import OrderLine


class LinesChanged(Conflict):
    """Two people changed the same lines."""

    def __init__(self, n: int) -> None:
        super().__init__(ngettext(
            "A colleague meanwhile changed {n} line that you changed too: theirs stands under it. Save again to keep yours.",
            "A colleague meanwhile changed {n} lines that you changed too: theirs stand under them. Save again to keep yours.", n,
        ))  # fmt: skip


def merge_lines(
    base: Sequence[OrderLine], mine: Sequence[OrderLine], theirs: Sequence[OrderLine]
) -> tuple[tuple[OrderLine, ...], dict[UUID, OrderLine | None]]:
    """The lines with both people's changes, mine where both changed one; and of those lines theirs, None where they removed it.

    A line that I removed and they changed stays. The order is mine, unless only they moved lines.
    """
    was, own, other = ({line.id: line for line in lines} for lines in (base, mine, theirs))
    kept: dict[UUID, OrderLine] = {}
    clashes: dict[UUID, OrderLine | None] = {}
    for key in {**own, **other, **was}:
        now = _merged(was.get(key), own.get(key), other.get(key))
        if own.get(key) != was.get(key) and other.get(key) != was.get(key) and own.get(key) != other.get(key):
            clashes[key] = other.get(key)
        if now is not None:
            kept[key] = now
    first, then = (other, own) if _has_moved(other, was) and not _has_moved(own, was) else (own, other)
    keys: list[UUID] = list(first)
    before: UUID | None = None
    for key in then:
        if key not in first:
            keys.insert(keys.index(before) + 1 if before else 0, key)
        before = key
    return tuple(kept[key] for key in keys if key in kept), clashes


def _has_moved(lines: Mapping[UUID, OrderLine], was: Mapping[UUID, OrderLine]) -> bool:
    return [key for key in lines if key in was] != [key for key in was if key in lines]


def _merged(was: OrderLine | None, mine: OrderLine | None, theirs: OrderLine | None) -> OrderLine | None:
    if mine == was:
        return theirs
    return theirs if mine is None and theirs is not None and theirs != was else mine
