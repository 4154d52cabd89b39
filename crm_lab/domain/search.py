"""Searching one's own customers and contacts: what a typed text asks for, and what the answer looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from crm_lab.domain.ledger import PostingKind
from crm_lab.domain.names import tokens
from crm_lab.domain.values import Phone
from crm_lab.errors import InvalidInput

LONGEST_TEXT, MOST_WORDS = 100, 8
MOST_ROWS = 2000
"""Hits of each kind on the search screen and in a frame."""
SHORTEST_PART = 4
"""Digits of an organisation number or a phone that are enough to look for what begins with them."""
ONE_TYPO, TWO_TYPOS = 4, 8
"""Letters from which a word may have one typing error, and two."""


class Match(StrEnum):
    """What of a party answers to the text, the best first."""

    NUMBER = "number"
    ORGANISATION_NUMBER = "organisation_number"
    PHONE = "phone"
    EMAIL = "email"
    NAME = "name"
    FORMER_NAME = "former_name"
    SPELLING = "spelling"


class SearchKind(StrEnum):
    """The kinds of party that are searched."""

    CUSTOMER = "customer"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One party found.

    Attributes
    ----------
    number : the customer number; None for a contact.
    text : what matched, where that is not the name: a number, an address, the former name.
    place : the place of a customer, the company of a contact.
    """

    id: UUID
    number: int | None = None
    name: str
    match: Match
    text: str = ""
    place: str = ""
    is_person: bool = False
    is_incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HitGroup:
    """The best hits of one kind, and how many there are in all."""

    hits: tuple[Hit, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer:
    """What was found among one's own."""

    customers: HitGroup = HitGroup()
    contacts: HitGroup = HitGroup()


class FindingKind(StrEnum):
    """What is found about a party beside what it is called."""

    NOTE = "note"
    POSTING = "posting"
    PROJECT = "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A note, a posting or a project found, and the customer or contact it belongs to; a project may belong to none.

    Attributes
    ----------
    text : the part of the note that was meant, the number of the posting, or the name of the project.
    project_number : leads to the project.
    who : who wrote the note.
    on : the business day it was written, posted or made.
    """

    kind: FindingKind
    customer_number: int | None = None
    contact_id: UUID | None = None
    project_number: int | None = None
    party: str
    text: str
    who: str = ""
    posting: PostingKind | None = None
    amount: Decimal | None = None
    currency: str = ""
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a text asks for.

    Attributes
    ----------
    words : folded words, each of which begins a word of the name.
    exact : numbers and addresses in their stored form.
    starts : the same, of which only the beginning is typed.
    """

    words: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.words or self.exact)


def understand(text: str) -> Question:
    """The text as a question: a name, a number in any writing, or the beginning of either."""
    text = text[:LONGEST_TEXT]
    words = tokens(text)[:MOST_WORDS]
    if "@" in text:
        address = "".join(text.split()).casefold()
        return Question(exact=(address,), starts=(address,))
    digits = re.sub(r"[\s.()\u00a0-]", "", text.upper()).removeprefix("NO").removesuffix("MVA")
    if not re.fullmatch(r"\+?[0-9]{1,20}", digits):
        return Question(words=words)
    exact = [digits.lstrip("+")]
    try:
        exact.append(Phone.parse(text))
    except InvalidInput:
        pass
    return Question(words=words, exact=tuple(dict.fromkeys(exact)), starts=_starts(digits))


def _starts(digits: str) -> tuple[str, ...]:
    if len(digits) < SHORTEST_PART:
        return ()
    international = re.sub(r"^(00|\+)", "+", digits)
    return (international,) if international.startswith("+") else (digits, f"+47{digits}")


def typos(word: str) -> int:
    """How many typing errors a word of this length may have."""
    return 0 if len(word) < ONE_TYPO or word.isdigit() else 1 if len(word) < TWO_TYPOS else 2
