"""What the company says on its invoices, how it numbers them, and who makes them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from crm_lab.domain.columns import parse_decimal
from crm_lab.domain.invoicing import InvoicingSettings, KidParts, clean_settings
from crm_lab.errors import Faults, InvalidFields, InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.forms import Form, Values
from crm_lab.widgets.products import decimal_words
from crm_lab.widgets.task_box import read_day

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

TEXTS = ("organisation_number", "street", "postal_code", "city", "country", "email", "phone", "website", "bank_account", "bic", "kid_rule", "kid_parts")
TICKS = ("is_vat_registered", "is_registered", "own_credit_series", "is_limited", "repeats_nightly", "reminds_nightly", "charges_reminder_fee")
WHOLE = ("kid_customer_digits", "kid_invoice_digits", "first_invoice", "remind_after", "remind_again", "most_reminders", "reminder_days")


class InvoicingForm(Form):
    """What the company says on its invoices and how it numbers them."""

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Invoicing")
        super().__init__("invoicing.html", app, self.stored(), title=self.title)

    def stored(self) -> Values:
        """The settings as they are saved now."""
        self._settings: InvoicingSettings = self.app.crm.invoices.settings()
        s = self._settings
        return {name: str(getattr(s, name)) for name in (*TEXTS, *WHOLE)} | {name: bool(getattr(s, name)) for name in TICKS} | {
            "closed_until": s.closed_until.isoformat() if s.closed_until else "", "invoice_fee": decimal_words(s.invoice_fee),
        }  # fmt: skip

    def shown(self) -> dict[str, Any]:
        """What may be chosen."""
        return {
            "labels": setting_words(), "rules": [("mod10", "MOD10"), ("mod11", "MOD11")],
            "parts": [(str(KidParts.INVOICE), _("Invoice number")), (str(KidParts.CUSTOMER_INVOICE), _("Customer number and invoice number"))],
        }  # fmt: skip

    def label_of(self, part: str) -> str:
        """A field in words."""
        return setting_words()[part]

    def faults(self) -> dict[str, str]:
        """What the rules say."""
        faults = Faults()
        try:
            clean_settings(self._given(faults))
        except InvalidFields as error:
            faults.found |= error.fields
        return faults.found

    def _given(self, faults: Faults) -> InvoicingSettings:
        v, given = self.values, dict[str, Any]()
        given |= {name: str(v[name]) for name in TEXTS if name != "kid_parts"} | {name: bool(v[name]) for name in TICKS}
        given["kid_parts"] = KidParts(str(v["kid_parts"])) if v["kid_parts"] in set(KidParts) else KidParts.INVOICE
        for name in WHOLE:
            with faults.at(name):
                if not str(v[name]).isdecimal():
                    raise InvalidInput(_("Write a whole number."), name)
                given[name] = int(str(v[name]))
        with faults.at("invoice_fee"):
            given["invoice_fee"] = parse_decimal(str(v["invoice_fee"]) or "0")
        with faults.at("closed_until"):
            given["closed_until"] = read_day(str(v["closed_until"]), "closed_until")
        known = {f.name for f in fields(InvoicingSettings)}
        return replace(self._settings, **{name: value for name, value in given.items() if name in known})

    def store(self) -> None:
        """Save."""
        faults = Faults()
        given = self._given(faults)
        faults.tell()
        self.app.crm.invoices.set_settings(settings=given)
        self.start = dict(self.values)
        self.app.go("settings")
        self.app.toast(_("The settings are saved."), undo=True)


def setting_words() -> dict[str, str]:
    """The settings in words."""
    return {
        "organisation_number": _("Our organisation number"), "is_vat_registered": _("Registered for VAT"), "is_registered": _("In Foretaksregisteret"),
        "street": _("Street"), "postal_code": _("Postcode"), "city": _("Place"), "country": _("Country"), "email": _("E-mail"), "phone": _("Phone"),
        "website": _("Website"), "bank_account": _("Bank account"), "bic": _("BIC"), "kid_rule": _("Check digit of the KID"), "kid_parts": _("The KID is made of"),
        "kid_customer_digits": _("Digits of the customer number"), "kid_invoice_digits": _("Digits of the invoice number"),
        "own_credit_series": _("Credit notes have a series of their own"), "first_invoice": _("First invoice number"),
        "closed_until": _("Closed until"),
        "invoice_fee": _("Invoice fee, kr"), "repeats_nightly": _("Make orders that repeat every night"), "reminds_nightly": _("Send reminders every night"),
        "charges_reminder_fee": _("Charge the reminder fee"), "remind_after": _("First reminder, days after the due date"), "remind_again": _("Days between reminders"),
        "most_reminders": _("Reminders of one invoice at most"), "reminder_days": _("Days to pay after a reminder"),
        "is_limited": _("Only accountants and administrators invoice and credit"),
    }  # fmt: skip
