"""Personal data: what is held on a person, when it may go, and what the law keeps.

Sources: GDPR (Regulation (EU) 2016/679) articles 15, 17, 20 and 30, in force in Norway by personopplysningsloven § 1;
bokføringsloven § 13, first paragraph no. 1–4 and second paragraph: five years after the end of the accounting year.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from crm_lab.domain.values import clean_text
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

BOOKS_KEPT_YEARS = 5
"""Bokføringsloven § 13 second paragraph; the accounting year is taken to be the calendar year (regnskapsloven § 1-7)."""
GONE = "[…]"
"""What stands where a person was named."""
LETTERS = "0-9A-Za-zÆØÅæøå"
SHORTEST_STREET, DIGITS_OF_PHONE = 6, 6
LONGEST_REASON, LONGEST_PURPOSE, LONGEST_HOW = 400, 120, 200


class PersonKind(StrEnum):
    """What card a person has."""

    CONTACT = "contact"
    CUSTOMER = "customer"


class LookKind(StrEnum):
    """Why somebody looked at what is held on a person."""

    REPORT = "report"
    BREAK_GLASS = "break_glass"


class RetentionKind(StrEnum):
    """What goes when it is old."""

    CONTACT = "contact"
    PROSPECT = "prospect"
    NOTE = "note"
    CALL = "call"
    LOOK = "look"
    AUDIT = "audit"


STANDARD_MONTHS = {
    RetentionKind.CONTACT: 36, RetentionKind.PROSPECT: 24, RetentionKind.NOTE: 60, RetentionKind.CALL: 24,
    RetentionKind.LOOK: 24, RetentionKind.AUDIT: 60,
}  # fmt: skip
FEWEST_MONTHS, MOST_MONTHS = 1, 240


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPart:
    """One kind of what is held: `rows` by column; `basis` is the article of GDPR it rests on, `until` when it goes."""

    name: str
    label: str
    basis: str
    until: str
    rows: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherCard:
    """Another card that seems to be the same person's."""

    kind: PersonKind
    id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReport:
    """All that is held on a person (GDPR article 15).

    Attributes
    ----------
    n_hidden : rows that are private to colleagues and left out; an administrator who states a reason gets them.
    others : other cards with the same number, address or name, which have reports of their own.
    """

    kind: PersonKind
    id: UUID
    name: str
    made_at: datetime
    made_by: str
    parts: tuple[PersonPart, ...]
    n_hidden: int = 0
    others: tuple[OtherCard, ...] = ()
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan:
    """What erasing a person would do.

    Attributes
    ----------
    rows : how many rows of the person's own would lose what they say, by table.
    mentions : how many rows elsewhere name the person and would no more, by table.
    shared : names, numbers and addresses that others have too; they are left where others are written about.
    kept_until : the last day bookkeeping law keeps some of it, None where it keeps nothing.
    n_kept : how many rows that is.
    n_documents : files on the card.
    backups_until : about when the last backup that holds the person is gone, None where there are none.
    """

    rows: dict[str, int]
    mentions: dict[str, int]
    shared: tuple[str, ...]
    kept_until: date | None
    n_kept: int
    n_documents: int
    n_backups: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A person whose data were erased; `kept_until` is the last day bookkeeping law keeps some of it."""

    id: UUID
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    pseudonym: str
    erased_at: datetime
    erased_by: str = ""
    reason: str
    documents_kept: bool
    kept_until: date | None = None
    expired_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One line of the consent log (GDPR article 7 no. 1): what for, given or withdrawn, how, and which text was agreed to."""

    id: UUID
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    purpose: str
    is_given: bool
    how: str
    text_version: str = ""
    said_on: date
    noted_at: datetime
    noted_by: UUID | None = None
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody looked at what is held on a person, or at what is private to a colleague."""

    id: UUID
    kind: LookKind
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    looked_at: datetime
    who: str = ""
    name: str = ""
    owner: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """How many months something is kept; done every night only where `is_on`."""

    kind: RetentionKind
    months: int
    is_on: bool = False
    n_due: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DueItem:
    """One thing a rule would take, and since when nothing has happened to it; without its id where it is hidden."""

    kind: RetentionKind
    id: UUID | None
    name: str
    since: datetime


def kept_until(last: date) -> date:
    """The last day that bookkeeping law keeps what was booked on `last` (bokføringsloven § 13 second paragraph)."""
    return date(last.year + BOOKS_KEPT_YEARS, 12, 31)


def pseudonym_of(party_id: UUID) -> str:
    """What an erased person is called from then on: nothing of it comes from the person."""
    return _("Erased person {code}", code=party_id.hex[-6:].upper())


def is_distinctive_name(name: str) -> bool:
    """Whether a name tells who somebody is: two words or more."""
    return len(name.split()) > 1


def spellings(name: str) -> set[str]:
    """How a person's name is written: as it is, and with the surname first."""
    words = name.split()
    turned = [(words[at:], words[:at]) for at in range(1, len(words))]
    return {" ".join(words)} | {f"{' '.join(last)}{comma} {' '.join(first)}" for last, first in turned for comma in ("", ",")}


def pattern_of(strings: Iterable[str]) -> str:
    """A regular expression, for RE2 and PostgreSQL alike, that finds any of the strings as whole words, also inside JSON.

    Telephone numbers are found however they are grouped. Groups 1 and 2 are what stands around.
    """
    found = sorted({form for text in strings for form in _forms(text)}, key=lambda form: (-len(form), form))
    return rf"(^|[^{LETTERS}]|\\[nrtbf])(?:{'|'.join(found)})($|[^{LETTERS}])" if found else ""


def _forms(text: str) -> set[str]:
    digits = re.sub(r"\D", "", text)
    if text.startswith("+") and len(digits) >= DIGITS_OF_PHONE:
        national = digits.removeprefix("47") if text.startswith("+47") else digits
        spaced = r"[ .\-]?".join(national)
        country = r"(?:(?:\+|00)?47[ .\-]?)?" if text.startswith("+47") else r"(?:\+|00)?"
        return {country + spaced}
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    return {r"\s+".join(re.escape(word) for word in form.split()) for form in {text, escaped} if form.strip()}


def clean_reason(text: str) -> str:
    """Why somebody does something that is logged. Raises `InvalidInput` where it says nothing."""
    reason = clean_text(text, "reason", max_length=LONGEST_REASON)
    if not reason:
        raise InvalidInput(_("Write the reason: it is kept in the log."), "reason")
    return reason


def clean_months(months: int) -> int:
    """How long something is kept. Raises `InvalidInput`."""
    if not FEWEST_MONTHS <= months <= MOST_MONTHS:
        raise InvalidInput(_("Enter from {least} to {most} months.", least=FEWEST_MONTHS, most=MOST_MONTHS), "months")
    return months
