"""KIDs that were copied wrongly: which one may have been meant. `values.KID` makes and checks them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from crm_lab.domain.values import KID
from crm_lab.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

CHARACTERS = "0123456789-"


class KidSlip(StrEnum):
    """How a KID may have been copied wrongly."""

    ZEROS = "zeros"
    TRANSPOSED = "transposed"
    DIGIT = "digit"


def is_kid(text: str, *, rule: str = "") -> bool:
    """Whether `KID.parse` would take it."""
    try:
        KID.parse(text, rule=rule)
    except InvalidInput:
        return False
    return True


def bare_kid(text: str) -> str:
    """A KID to compare by: no blanks, and no zeros in front, with which some banks fill the field."""
    return "".join(text.split()).lstrip("0")


def repairs(text: str, *, rule: str = "") -> dict[str, KidSlip]:
    """The KIDs that `text` becomes by one slip taken back, each with the slip; the likelier slip where two lead to it.

    Slips: zeros in front, two neighbours swapped, one wrong character. A KID that is right as it stands has none.
    """
    compact = "".join(text.split())
    if not compact or any(c not in CHARACTERS for c in compact) or is_kid(compact, rule=rule):
        return {}
    found: dict[str, KidSlip] = {}
    for made, slip in _near(compact):
        if is_kid(made, rule=rule):
            found.setdefault(made, slip)
    return found


def _near(kid: str) -> Iterator[tuple[str, KidSlip]]:
    """Every text one slip away, likelier slips first."""
    bare = kid.lstrip("0")
    if bare != kid:
        yield bare, KidSlip.ZEROS
    for at in range(len(kid) - 1):
        if kid[at] != kid[at + 1]:
            yield kid[:at] + kid[at + 1] + kid[at] + kid[at + 2 :], KidSlip.TRANSPOSED
    for at, was in enumerate(kid):
        last = at == len(kid) - 1
        yield from ((kid[:at] + c + kid[at + 1 :], KidSlip.DIGIT) for c in (CHARACTERS if last else CHARACTERS[:10]) if c != was)


def slip_between(written: str, meant: str) -> KidSlip | None:
    """Which one slip turns `meant` into `written`, or None: what `repairs` finds, for two KIDs at hand."""
    one, other = "".join(written.split()), "".join(meant.split())
    if one.lstrip("0") == other.lstrip("0"):
        return KidSlip.ZEROS if one != other else None
    one, other = one.lstrip("0"), other.lstrip("0")
    if len(one) != len(other):
        return None
    apart = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(apart) == 1:
        return KidSlip.DIGIT
    if len(apart) == 2 and apart[1] == apart[0] + 1 and one[apart[0]] == other[apart[1]] and one[apart[1]] == other[apart[0]]:  # noqa: PLR2004 - two neighbours
        return KidSlip.TRANSPOSED
    return None
