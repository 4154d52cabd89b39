"""The subledgers: postings of customers and suppliers, and the matches between them.

Postings never change. A match links postings of one party, control account and currency; one whose sum is zero is
closed, any other stays open with a residual. What links, dissolves and shrinks matches is here as functions on
`Links`: which posting is in which match, by its number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from crm_lab.domain.values import Money
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

SMALLEST_MATCH = 2


class Ledger(StrEnum):
    """Which subledger: what customers owe, or what we owe suppliers."""

    RECEIVABLE = "AR"
    PAYABLE = "AP"


CONTROL_ACCOUNT = {Ledger.RECEIVABLE: "1500", Ledger.PAYABLE: "2400"}
"""The control account where none is named (NS 4102: 1500 customers, 2400 suppliers)."""


class PostingKind(StrEnum):
    """What a posting is."""

    OPENING = "opening"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    REFUND = "refund"
    FEE = "fee"
    INTEREST = "interest"
    DIFFERENCE = "difference"
    MANUAL = "manual"


class MatchRule(StrEnum):
    """Why postings were linked."""

    MANUAL = "manual"
    REVERSAL = "reversal"
    KID = "kid"
    KID_OTHER_AMOUNT = "kid_other_amount"
    INVOICE_NUMBER = "invoice_number"
    CREDIT_NOTE = "credit_note"
    EXACT_AMOUNT = "exact_amount"
    OLDEST = "oldest"
    SUBSET_SUM = "subset_sum"
    WHOLE_BALANCE = "whole_balance"
    TOLERANCE = "tolerance"
    FIFO = "fifo"
    KID_REPAIR = "kid_repair"
    ALIAS = "alias"


EVIDENT = frozenset({MatchRule.REVERSAL, MatchRule.KID, MatchRule.INVOICE_NUMBER, MatchRule.CREDIT_NOTE})
"""Rules that rest on what somebody wrote, not on amounts alone: only these may ever link by themselves."""


class ItemState(StrEnum):
    """Which postings a list shows."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One line of a subledger.

    Attributes
    ----------
    amount : signed. Receivable: positive is what the customer owes. Payable: negative is what we owe.
    source_key : what makes the money itself known, so that it is booked once; None where nobody else tells of it.
    reverses_id : the posting that this one takes back.
    """

    id: UUID
    number: int = 0
    customer_id: UUID
    ledger: Ledger
    account: str
    kind: PostingKind
    document_number: str = ""
    voucher: str = ""
    posted_on: date
    due_on: date | None = None
    amount: Decimal
    currency: str = "NOK"
    kid: str = ""
    text: str = ""
    payer_name: str = ""
    payer_account: str = ""
    source_id: UUID | None = None
    source_key: str | None = None
    reverses_id: UUID | None = None
    created_by: UUID | None = None
    created_at: datetime | None = None

    @property
    def money(self) -> Money:
        """The amount in its currency."""
        return Money(self.amount, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a party owes us (AR) or we owe it (AP) in one currency, and how much of that is past due; debts are positive."""

    ledger: Ledger
    balance: Money
    overdue: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchGroup:
    """Postings that belong together; `residual` is their sum, zero where the match is closed."""

    number: int
    rule: MatchRule
    reason: str
    n_postings: int
    residual: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """Postings to be linked, by rule and reason: one of a whole run.

    Attributes
    ----------
    merging : the numbers of the open matches that the caller saw some of the postings in.
    difference_account : what is left over is posted away, against this account; "" leaves it open.
    """

    posting_ids: tuple[UUID, ...]
    rule: MatchRule = MatchRule.MANUAL
    reason: str = ""
    merging: tuple[int, ...] = ()
    difference_account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchLink:
    """That a posting was put into a match, and where it was taken out again, when and by whom."""

    posting: int
    voucher: str
    kind: PostingKind
    text: str
    posted_on: date
    amount: Decimal
    linked_at: datetime
    linked_by: str
    unlinked_at: datetime | None
    unlinked_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchDetails:
    """All there is to say of a match; `links` are those that hold first, then those that ended."""

    number: int
    customer_number: int
    currency: str
    rule: MatchRule
    reason: str
    made_at: datetime
    made_by: str
    residual: Decimal
    links: tuple[MatchLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRun:
    """Many matches made at once; `n_standing` of them still are as they were made."""

    id: UUID
    ran_at: datetime
    who: str
    is_automatic: bool
    n_matches: int
    n_standing: int


class NotSwitchedOn(InvalidInput):
    """A rule was to link by itself, and may not."""

    def __init__(self) -> None:
        super().__init__(_("This rule is not switched on to link by itself. Look at the proposals instead."), "linkings")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a posting stands: only postings of the same place can be linked."""

    customer_id: UUID
    ledger: str
    account: str
    currency: str


class TooFewPostings(InvalidInput):
    """One posting alone cannot be linked."""

    def __init__(self) -> None:
        super().__init__(_("Mark at least two postings to link them."), "posting_ids")


class CannotLink(InvalidInput):
    """The postings differ in what they must share."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "posting_ids")


class NoAmount(InvalidInput):
    """A posting of nothing."""

    def __init__(self) -> None:
        super().__init__(_("The amount cannot be 0. Write what is to be posted."), "amount")


Links: TypeAlias = Mapping[UUID, int]


def check_places(places: Iterable[Place]) -> None:
    """Whether postings of these places can be linked. Raises `TooFewPostings`, `CannotLink`."""
    found = list(places)
    if len(found) < SMALLEST_MATCH:
        raise TooFewPostings
    if len({place.customer_id for place in found}) > 1:
        raise CannotLink(_("The postings belong to different parties. Link one party at a time."))
    if len({(place.ledger, place.account) for place in found}) > 1:
        raise CannotLink(_("The postings stand on different control accounts and cannot be linked."))
    if len({place.currency for place in found}) > 1:
        raise CannotLink(_("The postings are in different currencies. Link one currency at a time."))


def linked(links: Links, chosen: Iterable[UUID], fresh: int) -> dict[UUID, int]:
    """The links after `chosen` were linked: matches they are in become one, the lowest number wins; `fresh` where there is none."""
    wanted = set(chosen)
    merging = {links[posting] for posting in wanted if posting in links}
    number = min(merging, default=fresh)
    return {posting: number if at in merging else at for posting, at in links.items()} | dict.fromkeys(wanted, number)


def dissolved(links: Links, numbers: Iterable[int]) -> dict[UUID, int]:
    """The links without whole matches: every posting of theirs is open again."""
    gone = set(numbers)
    return {posting: number for posting, number in links.items() if number not in gone}


def without(links: Links, chosen: Iterable[UUID]) -> dict[UUID, int]:
    """The links without the chosen postings: the rest keeps its number, a single leftover is in no match."""
    gone = set(chosen)
    rest = {posting: number for posting, number in links.items() if posting not in gone}
    members = Counter(rest.values())
    touched = {number for posting, number in links.items() if posting in gone}
    return {p: number for p, number in rest.items() if number not in touched or members[number] >= SMALLEST_MATCH}
