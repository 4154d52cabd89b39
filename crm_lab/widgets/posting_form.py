"""PostingForm: a posting by hand on one party, for those who keep the books."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm_lab.domain.columns import parse_decimal
from crm_lab.domain.ledger import CONTROL_ACCOUNT, Ledger, PostingKind
from crm_lab.domain.values import KID, ORE, parse_currency, parse_day
from crm_lab.errors import CrmError, Faults, InvalidFields, InvalidInput
from crm_lab.i18n import _, business_day, day
from crm_lab.settings import utc_now
from crm_lab.widgets.forms import Form
from crm_lab.widgets.ledger import kind_text

if TYPE_CHECKING:
    from crm_lab.domain.customers import Customer
    from crm_lab.widgets.shell import App

BY_HAND = tuple(kind for kind in PostingKind if kind is not PostingKind.OPENING)
OWED = {PostingKind.INVOICE, PostingKind.REFUND, PostingKind.FEE, PostingKind.INTEREST}
"""What raises a debt; the rest brings it down, as long as nobody says otherwise."""
TEXTS = ("account", "document_number", "voucher", "text")
DEBIT, CREDIT = "debit", "credit"


class PostingForm(Form):
    """One posting. What is saved never changes; undo and "Reverse posting" post the opposite."""

    def __init__(self, app: App, customer_number: int) -> None:
        self.party: Customer = app.crm.customers.by_number(number=customer_number)
        self.title = f"{_('New posting')}, {self.party.display_name}"
        self._back = f"customers/{customer_number}/ledger"
        ledger = Ledger.PAYABLE if self.party.is_supplier and not self.party.is_customer else Ledger.RECEIVABLE
        values = dict.fromkeys((*TEXTS, "due_on", "amount", "kid"), "") | {
            "ledger": str(ledger), "kind": str(PostingKind.MANUAL), "side": DEBIT, "posted_on": day(business_day(utc_now())), "currency": "NOK",
        }  # fmt: skip
        ledgers = [(Ledger.RECEIVABLE, _("Customer")), (Ledger.PAYABLE, _("Supplier"))]
        super().__init__(
            "posting_form.html", app, values, party=self.party, back=self._back, ledgers=ledgers, kinds=[(str(k), kind_text(k)) for k in BY_HAND],
            sides=[(DEBIT, _("Debit")), (CREDIT, _("Credit"))],
        )  # fmt: skip

    def shown(self) -> dict[str, Any]:
        """The control account where none is written, and what the sides mean in this ledger."""
        is_payable = self.values["ledger"] == Ledger.PAYABLE
        more, less = (_("We owe less."), _("We owe more.")) if is_payable else (_("The customer owes more."), _("The customer owes less."))
        return {"usual_account": CONTROL_ACCOUNT[self._ledger()], "side_hint": more if self.values["side"] == DEBIT else less}

    def noticed(self, name: str) -> None:
        """The kind tells the side that it usually is on."""
        if name in {"kind", "ledger"} and self.values["kind"] != PostingKind.MANUAL:
            raises = self.values["kind"] in OWED
            self.values["side"] = DEBIT if raises is (self._ledger() is Ledger.RECEIVABLE) else CREDIT

    def faults(self) -> dict[str, str]:
        """What the rules say."""
        faults = Faults()
        self._posting(faults)
        return faults.found

    def store(self) -> None:
        """Post, and go back to the ledger."""
        faults = Faults()
        posting = self._posting(faults)
        faults.tell()
        try:
            self.app.crm.ledger.post(customer_id=self.party.id, **posting)
        except InvalidFields:
            raise
        except InvalidInput as error:
            raise InvalidFields({error.field: error.message}) from None
        self.start = dict(self.values)
        self.app.go(self._back)
        self.app.toast(_("The posting is made."), undo=True)

    def _ledger(self) -> Ledger:
        return Ledger(str(self.values["ledger"])) if self.values["ledger"] in set(Ledger) else Ledger.RECEIVABLE

    def _posting(self, faults: Faults) -> dict[str, Any]:
        """The arguments of `ledger.post`, as far as they are right."""
        values = {name: str(value).strip() for name, value in self.values.items()}
        made: dict[str, Any] = {name: values[name] for name in TEXTS} | {"ledger": self._ledger()}
        with faults.at("kind"):
            made["kind"] = _kind(values["kind"])
        with faults.at("posted_on"):
            made["posted_on"] = parse_day(values["posted_on"], "posted_on")
        with faults.at("due_on"):
            made["due_on"] = parse_day(values["due_on"], "due_on") if values["due_on"] else None
        with faults.at("amount"):
            made["amount"] = _amount(values["amount"]) * (1 if values["side"] == DEBIT else -1)
        with faults.at("currency"):
            made["currency"] = parse_currency(values["currency"])
        with faults.at("kid"):
            made["kid"] = str(KID.parse(values["kid"])) if values["kid"] else ""
        _check_days(made, faults)
        return made


def _kind(text: str) -> PostingKind:
    if text not in set(BY_HAND):
        raise InvalidInput(_("Choose what the posting is."), "kind")
    return PostingKind(text)


def _amount(text: str) -> Decimal:
    """A positive amount of kroner and øre. Raises `InvalidInput`."""
    try:
        amount = parse_decimal(text)
    except (CrmError, ValueError):
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0 or amount != amount.quantize(ORE):
        raise InvalidInput(_("Write an amount above 0, as 1 250,50."), "amount")
    return amount


def _check_days(made: dict[str, Any], faults: Faults) -> None:
    posted: date | None = made.get("posted_on")
    with faults.at("due_on"):
        if posted and made.get("due_on") and made["due_on"] < posted:
            raise InvalidInput(_("The due date is before the date of the posting."), "due_on")
