"""Two parties or contacts that turned out to be one: what may be chosen between them, and what the choice makes of the one that stays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.errors import Conflict, InvalidInput
from crm_lab.i18n import _

Row = Mapping[str, Any]


class MergeKind(StrEnum):
    """What is merged."""

    CUSTOMER = "customer"
    CONTACT = "contact"


CHOICES: dict[MergeKind, dict[str, tuple[str, ...]]] = {
    MergeKind.CUSTOMER: {
        "name": ("name", "first_name", "is_person"),
        "organisation_number": (
            "organisation_number", "organisation_form", "is_vat_registered", "register_status", "industry_code", "industry",
            "n_employees", "founded_on",
        ),
        **{name: (name,) for name in ("phone", "mobile", "email", "invoice_email", "website", "language", "bank_account", "gln")},
        "owner_id": ("owner_id",),
        "note": ("note",),
    },
    MergeKind.CONTACT: {
        "name": ("first_name", "last_name"),
        **{name: (name,) for name in ("phone", "mobile", "email", "birth_date", "language")},
        "consent_on": ("consent_on", "consent_note"),
        "owner_id": ("owner_id",),
        "note": ("note",),
    },
}  # fmt: skip
"""What one chooses between, each with the columns that go along with it."""
JOINED = {"is_customer": any, "is_supplier": any, "is_incomplete": all}
"""What both have a say in."""
NESTED = ("terms", "sources")
EMPTY: tuple[Any, ...] = (None, "", False, "unknown")
ADDRESS, TERM, SOURCE = "address.", "terms.", "sources."
MOST_TOGETHER = 50


class SameParty(InvalidInput):
    """A party cannot be merged with itself."""

    def __init__(self, name: str) -> None:
        super().__init__(_("{name} is the same in both places. Choose another to merge with.", name=name), "merged_id")


class NumbersDiffer(Conflict):
    """Two organisation numbers are two companies, unless somebody says so."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(
            _(
                "The organisation numbers differ: {one} and {other}. Confirm that this is one company all the same.",
                one=one,
                other=other,
            )
        )
        self.field = "numbers_may_differ"

    def details(self) -> dict[str, Any]:
        """The argument that confirms it."""
        return {"field": self.field}


class VisibilityDiffers(Conflict):
    """A private record and an open one: merged, either would become what it was not."""

    def __init__(self, private: str, other: str) -> None:
        super().__init__(
            _("{private} is visible to its owner only, {other} is not. Make them alike first, then merge.", private=private, other=other)
        )


class MergedAlready(Conflict):
    """The merge was undone, or is the inner one of another."""

    def __init__(self) -> None:
        super().__init__(_("This merge has been undone already."))


class LinkedAcross(Conflict):
    """Postings of both are linked with each other, and the caller may not take that apart."""

    def __init__(self, numbers: Iterable[int]) -> None:
        super().__init__(
            _(
                "Postings of both are linked with each other ({matches}). An accountant must undo this merge: those links are taken apart.",
                matches=", ".join(map(str, numbers)),
            )
        )


class PersonWithNumber(InvalidInput):
    """The choice would give a private customer an organisation number."""

    def __init__(self) -> None:
        message = _("A private customer has no organisation number. Take the company's name too, or leave its number.")
        super().__init__(message, "take")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSide:
    """One of the two.

    Attributes
    ----------
    number : customer number, None for a contact.
    owner : name of the employee, "" where nobody owns it.
    """

    id: UUID
    version: int
    number: int | None = None
    name: str
    organisation_number: str = ""
    owner: str = ""
    is_archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeField:
    """Something in which the two differ.

    Attributes
    ----------
    name : the choice: of `CHOICES`, "terms.payment_days" for a setting, "address.visiting" for an address.
    kept, other : both values as stored; a name, an address and an owner in words, None or "" where there is none.
    is_taken : whether the other's is taken unless somebody says otherwise: where the one that stays has none.
    """

    name: str
    kept: Any
    other: Any
    is_taken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePreview:
    """What a merge would do.

    Attributes
    ----------
    moves : how many of what goes over, by table; only what the caller may see is counted.
    stays : how many rows of the ledger keep their party and are shown with the other's, by table.
    numbers_differ : whether `numbers_may_differ` is needed.
    """

    kind: MergeKind
    kept: MergeSide
    other: MergeSide
    fields: tuple[MergeField, ...]
    moves: dict[str, int]
    stays: dict[str, int]
    numbers_differ: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """A merge that was made: `merged_name` and `merged_number` are those of the one that went into the other."""

    id: UUID
    kind: MergeKind
    kept_id: UUID
    merged_id: UUID
    merged_name: str
    merged_number: int | None
    made_at: datetime
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeWish:
    """Several to be merged into one, with what the one that stays lacks taken from them."""

    kept_id: UUID
    merged_ids: tuple[UUID, ...]


def flat(row: Row) -> dict[str, Any]:
    """A row with its settings and sources beside the other columns."""
    own = {name: value for name, value in row.items() if name not in NESTED}
    return own | {f"{name}.{key}": value for name in NESTED for key, value in (row.get(name) or {}).items()}


def unflat(row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The row with changes to flat names made; a setting that becomes None is gone."""
    made = dict(row) | {name: dict(row[name] or {}) for name in NESTED if name in row}
    for name, value in changes.items():
        column, _dot, key = name.partition(".")
        if not key:
            made[name] = value
        elif value is None:
            made[column].pop(key, None)
        else:
            made[column][key] = value
    return made


def differences(kind: MergeKind, kept: Row, other: Row, addresses: tuple[Iterable[Address], Iterable[Address]]) -> Iterator[MergeField]:
    """What the two differ in and one of them has; delivery addresses are many and all go over."""
    mine, theirs = flat(kept), flat(other)
    names = [*CHOICES[kind], *sorted(name for name in {**mine, **theirs} if name.startswith(TERM))]
    for name in names:
        columns = CHOICES[kind].get(name, (name,))
        one, two = ([row.get(column) for column in columns] for row in (mine, theirs))
        head = slice(None) if name == "name" else slice(1)
        if one[head] != two[head] and (name.startswith(TERM) or two[0] not in EMPTY):
            is_taken = two[0] not in EMPTY and (one[0] in EMPTY or name == "note")
            yield MergeField(name=name, kept=one[0], other=two[0], is_taken=is_taken)
    of_kind = [{a.kind: a for a in some if a.kind is not AddressKind.DELIVERY and not a.is_empty} for some in addresses]
    for place in (k for k in AddressKind if k in of_kind[1] and of_kind[0].get(k) != of_kind[1][k]):
        had = of_kind[0].get(place)
        lines = [", ".join(address.lines) if address else "" for address in (had, of_kind[1][place])]
        yield MergeField(name=f"{ADDRESS}{place}", kept=lines[0], other=lines[1], is_taken=had is None)


def defaults(fields: Iterable[MergeField]) -> tuple[str, ...]:
    """What is taken from the other unless somebody chooses."""
    return tuple(field.name for field in fields if field.is_taken)


def columns_of(kind: MergeKind, kept: Row, other: Row, take: Collection[str]) -> list[str]:
    """The flat names that change: those chosen, what follows them, and what fills a gap without anybody being asked."""
    mine, theirs = flat(kept), flat(other)
    found = [name for name in JOINED if name in mine]
    for name, columns in CHOICES[kind].items():
        if name in take:
            found += columns
        elif mine[columns[0]] == theirs[columns[0]]:
            found += [column for column in columns if mine[column] in EMPTY]
    found += [name for name in take if name.startswith((TERM, ADDRESS))]
    follow = {name if not name.startswith(ADDRESS) else "addresses" for name in found}
    return found + [f"{SOURCE}{name}" for name in sorted(follow) if f"{SOURCE}{name}" in {**mine, **theirs}]


def taken(name: str, kept: Row, other: Row) -> Any:
    """What a column of the one that stays becomes."""
    mine, theirs = flat(kept).get(name), flat(other).get(name)
    if name in JOINED:
        return JOINED[name]((mine, theirs))
    if name == "note" and mine and theirs and mine != theirs:
        return f"{mine}\n\n{theirs}"
    return theirs


def check_numbers(kept: Row, other: Row, *, may_differ: bool) -> None:
    """Raise `NumbersDiffer` where both have an organisation number, not the same one, and nobody confirmed it."""
    if numbers_differ(kept, other) and not may_differ:
        raise NumbersDiffer(kept["organisation_number"], other["organisation_number"])


def numbers_differ(kept: Row, other: Row) -> bool:
    """Whether the organisation numbers speak against it."""
    one, two = kept.get("organisation_number", ""), other.get("organisation_number", "")
    return bool(one and two and one != two)


def check_visibility(kept: Row, other: Row, names: tuple[str, str]) -> None:
    """Raise `VisibilityDiffers` where only one is visible to its owner only."""
    if kept["owner_only"] != other["owner_only"]:
        raise VisibilityDiffers(*(names if kept["owner_only"] else names[::-1]))
