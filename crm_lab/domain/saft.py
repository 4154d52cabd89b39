"""SAF-T Financial: what a company's audit file says of its customers, suppliers and their postings.

Source: Skatteetaten, Norwegian SAF-T Financial data, schema versions 1.10 to 1.30.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from crm_lab.domain.ledger import Ledger, PostingKind
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, ngettext, number

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_WARNINGS = 1000
BANK, VAT, RESULT = "19", "27", ("3", "4", "5", "6", "7", "8")
"""How the numbers of bank, VAT and result accounts begin (NS 4102)."""
CREDIT_WORDS = ("kredit", "credit")
ZERO = Decimal(0)


class NotSaft(InvalidInput):
    """The file is no Norwegian SAF-T Financial file."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class SaftHeader:
    """Whose file it is and what it covers; dates are the first and the last day of the selection."""

    company_number: str
    company_name: str
    version: str
    currency: str = "NOK"
    first_day: date
    last_day: date
    software: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaftBalance:
    """What stood on one control account of a party when the period began and ended, debit positive."""

    account: str
    opening: Decimal = ZERO
    closing: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class SaftParty:
    """A customer or supplier as the file has it; `fields` are texts by the name of our column, `code` the file's own id.

    `persons` are its contact persons: first_name, last_name, phone, email.
    """

    ledger: Ledger
    code: str
    fields: dict[str, str]
    addresses: tuple[dict[str, str], ...] = ()
    balances: tuple[SaftBalance, ...] = ()
    persons: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SaftLine:
    """One posting on a party, debit positive. `journal`, `transaction` and `record` are the file's names of it.

    Attributes
    ----------
    reference, document : the file's ReferenceNumber and SourceDocumentID; neither is a key, the second means anything.
    own_amount, own_currency : the amount in another currency than the file's, where the line names one.
    """

    ledger: Ledger
    code: str
    account: str
    amount: Decimal
    posted_on: date
    journal: str
    transaction: str
    record: str
    kind: PostingKind
    text: str = ""
    reference: str = ""
    document: str = ""
    voucher: str = ""
    cross_reference: str = ""
    kid: str = ""
    due_on: date | None = None
    own_amount: Decimal = ZERO
    own_currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaftPiece:
    """A part of a file on its way to the store, in the file's order."""

    parties: tuple[SaftParty, ...] = ()
    lines: tuple[SaftLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SaftControl:
    """A control account: what the general ledger says, and the sum of the parties on it."""

    account: str
    opening: Decimal
    closing: Decimal
    parties_opening: Decimal = ZERO
    parties_closing: Decimal = ZERO
    without_party: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class SaftDifference:
    """Two sums that ought to be equal and are not; shown, never repaired."""

    what: str
    says: Decimal
    found: Decimal

    @property
    def sentence(self) -> str:
        """In words."""
        return _("{what}: {says} in the file, {found} as added up.", what=self.what, says=number(self.says, 2), found=number(self.found, 2))


@dataclass(frozen=True, slots=True)
class SaftWarning:
    """What could not be taken as it stands: where, which field, why."""

    where: str
    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaftReport:
    """What bringing a file in did, or would do; `warnings` are the first `MOST_WARNINGS` of `n_warnings`."""

    header: SaftHeader
    n_new_parties: int = 0
    n_known_parties: int = 0
    n_contacts: int = 0
    n_openings: int = 0
    n_new: int = 0
    n_known: int = 0
    n_matches: int = 0
    n_warnings: int = 0
    warnings: tuple[SaftWarning, ...] = ()
    differences: tuple[SaftDifference, ...] = ()

    @property
    def sentence(self) -> str:
        """The counts in words."""
        parts = [
            f"{self.header.company_name}, {self.header.first_day:%d.%m.%Y}–{self.header.last_day:%d.%m.%Y}:",
            ngettext("{n} new party.", "{n} new parties.", self.n_new_parties),
            ngettext("{n} party was here already.", "{n} parties were here already.", self.n_known_parties) if self.n_known_parties else "",
            ngettext("{n} contact.", "{n} contacts.", self.n_contacts) if self.n_contacts else "",
            ngettext("{n} opening balance.", "{n} opening balances.", self.n_openings),
            ngettext("{n} posting.", "{n} postings.", self.n_new),
            ngettext("{n} was here already.", "{n} were here already.", self.n_known) if self.n_known else "",
            ngettext("{n} match.", "{n} matches.", self.n_matches) if self.n_matches else "",
        ]
        return " ".join(filter(None, parts))


@dataclass(slots=True)
class SaftSums:
    """Adds a file up while it is read, to compare what must be equal.

    Attributes
    ----------
    accounts : opening and closing of every account of the general ledger.
    """

    accounts: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    opened: dict[tuple[Ledger, str, str], tuple[Decimal, Decimal]] = field(default_factory=dict)
    moved: dict[tuple[Ledger, str, str], Decimal] = field(default_factory=dict)
    without_party: dict[str, Decimal] = field(default_factory=dict)
    told: dict[str, Decimal] = field(default_factory=dict)
    n_transactions: int = 0
    debit: Decimal = ZERO
    credit: Decimal = ZERO

    def add_party(self, party: SaftParty) -> None:
        """Note a party's balances."""
        for b in party.balances:
            at = party.ledger, party.code, b.account
            opening, closing = self.opened.get(at, (ZERO, ZERO))
            self.opened[at] = opening + b.opening, closing + b.closing

    def add_line(self, line: SaftLine) -> None:
        """Note a posting on a party."""
        at = line.ledger, line.code, line.account
        self.moved[at] = self.moved.get(at, ZERO) + line.amount

    def add_other(self, account: str, amount: Decimal) -> None:
        """Note a posting without a party."""
        self.without_party[account] = self.without_party.get(account, ZERO) + amount

    def controls(self) -> tuple[SaftControl, ...]:
        """The control accounts: those that parties stand on."""
        used = dict.fromkeys([account for _ledger, _code, account in [*self.opened, *self.moved]])
        return tuple(self._control(account) for account in sorted(used))

    def _control(self, account: str) -> SaftControl:
        opening, closing = self.accounts.get(account, (ZERO, ZERO))
        of_parties = [sums for (_ledger, _code, at), sums in self.opened.items() if at == account]
        return SaftControl(
            account=account, opening=opening, closing=closing, without_party=self.without_party.get(account, ZERO),
            parties_opening=sum((o for o, _c in of_parties), ZERO), parties_closing=sum((c for _o, c in of_parties), ZERO),
        )  # fmt: skip

    def differences(self) -> tuple[SaftDifference, ...]:
        """What does not add up."""
        pairs: list[tuple[str, Decimal, Decimal]] = []
        for c in self.controls():
            if c.account in self.accounts:
                pairs.append((_("Account {account}, opening balance, and its parties", account=c.account), c.opening, c.parties_opening))
                pairs.append((_("Account {account}, closing balance, and its parties", account=c.account), c.closing, c.parties_closing))
            pairs.append((_("Account {account}, postings without a party", account=c.account), ZERO, c.without_party))
        for (ledger, code, account), (opening, closing) in self.opened.items():
            found = opening + self.moved.get((ledger, code, account), ZERO)
            pairs.append((_("Closing balance of {party} on account {account}", party=code, account=account), closing, found))
        counted = {"NumberOfEntries": Decimal(self.n_transactions), "TotalDebit": self.debit, "TotalCredit": self.credit}
        pairs += [(name, says, counted[name]) for name, says in self.told.items()]
        return tuple(SaftDifference(what=what, says=says, found=found) for what, says, found in pairs if says != found)


def kind_of(amount: Decimal, ledger: Ledger, text: str, accounts: Iterable[str]) -> PostingKind:
    """What a posting is, by its side and by the other accounts of its transaction.

    Money on a bank account makes it a payment or a refund; income, cost or VAT an invoice or a credit note.
    """
    raises_debt = amount > 0 if ledger is Ledger.RECEIVABLE else amount < 0
    others = tuple(accounts)
    if any(a.startswith(BANK) for a in others):
        return PostingKind.REFUND if raises_debt else PostingKind.PAYMENT
    if any(word in text.lower() for word in CREDIT_WORDS) and not raises_debt:
        return PostingKind.CREDIT_NOTE
    if any(a.startswith((VAT, *RESULT)) for a in others):
        return PostingKind.INVOICE if raises_debt else PostingKind.CREDIT_NOTE
    return PostingKind.MANUAL

