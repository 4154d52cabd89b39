"""Invoices from suppliers, as they are posted on the suppliers' ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from crm_lab.domain.ledger import PostingKind
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, number, unit


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierInvoice:
    """What became of one received document.

    Attributes
    ----------
    posting : the number of its posting, which stands on the supplier `customer_id`.
    amount : as posted, below zero for what we owe.
    is_known : it was here before, and nothing was posted now; `is_new_supplier`: the supplier was not.
    """

    posting: int
    customer_id: UUID
    customer_number: int
    supplier: str
    number: str
    kind: PostingKind
    amount: Decimal
    currency: str
    due_on: date | None
    is_known: bool = False
    is_new_supplier: bool = False

    @property
    def sentence(self) -> str:
        """In words."""
        told = {"number": self.number, "supplier": self.supplier, "amount": f"{number(abs(self.amount), 2)} {unit(self.currency)}"}
        if self.is_known:
            return _("{number} from {supplier} was here already.", **told)
        if self.kind is PostingKind.CREDIT_NOTE:
            return _("Credit note {number} from {supplier} is posted: {amount}.", **told)
        return _("Invoice {number} from {supplier} is posted: {amount}.", **told)


class NotForUs(InvalidInput):
    """The document is addressed to somebody else."""

    def __init__(self, buyer: str, number: str) -> None:
        super().__init__(_("The invoice is to {name} ({number}), not to this company. It was not posted.", name=buyer[:80] or "?", number=number[:40] or "–"), "file")


class NothingToPost(InvalidInput):
    """There is no amount to pay."""

    def __init__(self, number: str) -> None:
        super().__init__(_("Nothing is to be paid of invoice {number}, so nothing was posted.", number=number[:40]), "file")
