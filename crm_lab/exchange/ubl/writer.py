"""Writes invoices and credit notes as Peppol BIS Billing 3.0 (EHF Billing 3.0) in UBL 2.1.

Source: Peppol BIS Billing 3.0, and for Norway's parts anskaffelser.dev, EHF Billing 3.0. The order of elements is the schema's.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lxml import etree

from crm_lab.domain.invoices import ONE, ZERO, Adjustment, DocumentKind, DocumentLine, DocumentParty, Invoice, rounded
from crm_lab.domain.vat import VatCategory, vat_reason
from crm_lab.exchange.ubl.names import (
    CAC,
    CBC,
    CREDIT_NOTE,
    CREDIT_NOTE_TYPE,
    CUSTOMIZATION,
    INVOICE,
    INVOICE_TYPE,
    ORGANISATION,
    PROFILE,
    REGISTERED,
)

if TYPE_CHECKING:
    from datetime import date

NEEDS_NO_REASON = {VatCategory.STANDARD, VatCategory.ZERO}


def write_ubl(invoice: Invoice) -> bytes:
    """The document as UTF-8 XML. Quotes and order confirmations are no invoices: `ValueError`."""
    if invoice.kind not in {DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE}:
        raise ValueError(invoice.kind)
    is_credit = invoice.kind is DocumentKind.CREDIT_NOTE
    namespace, name = (CREDIT_NOTE, "CreditNote") if is_credit else (INVOICE, "Invoice")
    prefixes: Any = {None: namespace, "cac": CAC, "cbc": CBC}
    root = etree.Element(f"{{{namespace}}}{name}", nsmap=prefixes)
    _Writer(invoice, is_credit=is_credit).write(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


class _Writer:
    """One document; `write` fills its root element from above."""

    def __init__(self, invoice: Invoice, *, is_credit: bool) -> None:
        self.invoice, self.is_credit, self.totals = invoice, is_credit, invoice.totals

    def write(self, root: Any) -> None:
        self._head(root)
        self._references(root)
        _party(_add(root, "AccountingSupplierParty"), self.invoice.seller)
        _party(_add(root, "AccountingCustomerParty"), self.invoice.buyer)
        self._delivery(root)
        self._payment(root)
        for one in self.invoice.adjustments:
            self._adjustment(root, one, is_taxed=True)
        self._taxes(root)
        self._sums(root)
        for number, line in enumerate(self.invoice.lines, 1):
            self._line(root, number, line)

    def _head(self, root: Any) -> None:
        doc = self.invoice
        _text(root, "CustomizationID", CUSTOMIZATION)
        _text(root, "ProfileID", PROFILE)
        _text(root, "ID", doc.number)
        _text(root, "IssueDate", _day(doc.issued_on))
        if not self.is_credit:
            _text(root, "DueDate", _day(doc.due_on))
        _text(root, "CreditNoteTypeCode" if self.is_credit else "InvoiceTypeCode", CREDIT_NOTE_TYPE if self.is_credit else INVOICE_TYPE)
        _text(root, "Note", doc.note)
        _text(root, "DocumentCurrencyCode", doc.currency)
        _text(root, "TaxCurrencyCode", "NOK" if doc.vat_in_kroner is not None else "")
        _text(root, "AccountingCost", doc.cost_account)
        _text(root, "BuyerReference", doc.buyer_reference)
        if doc.period and any(doc.period):
            period = _add(root, "InvoicePeriod")
            _text(period, "StartDate", _day(doc.period[0]))
            _text(period, "EndDate", _day(doc.period[1]))

    def _references(self, root: Any) -> None:
        doc = self.invoice
        if doc.order_reference:
            _text(_add(root, "OrderReference"), "ID", doc.order_reference)
        if doc.credits:
            told = _add(_add(root, "BillingReference"), "InvoiceDocumentReference")
            _text(told, "ID", doc.credits)
            _text(told, "IssueDate", _day(doc.credits_on))
        if doc.contract_reference:
            _text(_add(root, "ContractDocumentReference"), "ID", doc.contract_reference)

    def _delivery(self, root: Any) -> None:
        doc = self.invoice
        if doc.delivered_on is None and doc.delivery is None:
            return
        delivery = _add(root, "Delivery")
        _text(delivery, "ActualDeliveryDate", _day(doc.delivered_on))
        if doc.delivery:
            _address(_add(_add(delivery, "DeliveryLocation"), "Address"), doc.delivery)
            if doc.delivery.name:
                _text(_add(_add(delivery, "DeliveryParty"), "PartyName"), "Name", doc.delivery.name)

    def _payment(self, root: Any) -> None:
        doc = self.invoice
        account = doc.iban or doc.account
        if account or doc.kid:
            means = _add(root, "PaymentMeans")
            _text(means, "PaymentMeansCode", doc.payment_means)
            _text(means, "PaymentID", doc.kid)
        if account:
            payee = _add(means, "PayeeFinancialAccount")
            _text(payee, "ID", account)
            if doc.bic:
                _text(_add(payee, "FinancialInstitutionBranch"), "ID", doc.bic)
        if doc.payment_terms:
            _text(_add(root, "PaymentTerms"), "Note", doc.payment_terms)

    def _adjustment(self, parent: Any, one: Adjustment, *, is_taxed: bool) -> None:
        told = _add(parent, "AllowanceCharge")
        _text(told, "ChargeIndicator", "true" if one.is_charge else "false")
        _text(told, "AllowanceChargeReasonCode", one.reason_code)
        _text(told, "AllowanceChargeReason", one.reason)
        _text(told, "MultiplierFactorNumeric", _number(one.percent))
        self._amount(told, "Amount", one.amount)
        self._amount(told, "BaseAmount", one.base)
        if is_taxed:
            _tax_category(_add(told, "TaxCategory"), one.category, one.rate)

    def _taxes(self, root: Any) -> None:
        total = _add(root, "TaxTotal")
        self._amount(total, "TaxAmount", self.totals.vat)
        for one in self.totals.rates:
            told = _add(total, "TaxSubtotal")
            self._amount(told, "TaxableAmount", one.base)
            self._amount(told, "TaxAmount", one.vat)
            reason = "" if one.category in NEEDS_NO_REASON else vat_reason(one.category)
            _tax_category(_add(told, "TaxCategory"), one.category, one.rate, reason)
        if self.invoice.vat_in_kroner is not None:
            self._amount(_add(root, "TaxTotal"), "TaxAmount", self.invoice.vat_in_kroner, "NOK")

    def _sums(self, root: Any) -> None:
        sums, doc = _add(root, "LegalMonetaryTotal"), self.invoice
        for name, amount in (
            ("LineExtensionAmount", self.totals.lines),
            ("TaxExclusiveAmount", self.totals.net),
            ("TaxInclusiveAmount", self.totals.gross),
            ("AllowanceTotalAmount", self.totals.allowances or None),
            ("ChargeTotalAmount", self.totals.charges or None),
            ("PrepaidAmount", doc.paid or None),
            ("PayableRoundingAmount", doc.rounding or None),
            ("PayableAmount", doc.payable),
        ):
            self._amount(sums, name, amount)

    def _line(self, root: Any, number: int, line: DocumentLine) -> None:
        told = _add(root, "CreditNoteLine" if self.is_credit else "InvoiceLine")
        _text(told, "ID", str(number))
        _text(told, "Note", line.note)
        quantity = "CreditedQuantity" if self.is_credit else "InvoicedQuantity"
        _text(told, quantity, _number(line.quantity), unitCode=line.unit)
        self._amount(told, "LineExtensionAmount", line.net)
        if line.order_line:
            _text(_add(told, "OrderLineReference"), "LineID", line.order_line)
        for one in line.adjustments:
            self._adjustment(told, one, is_taxed=False)
        item = _add(told, "Item")
        _text(item, "Description", line.description)
        _text(item, "Name", line.text)
        if line.number:
            _text(_add(item, "SellersItemIdentification"), "ID", line.number)
        _tax_category(_add(item, "ClassifiedTaxCategory"), line.category, line.rate)
        price = _add(told, "Price")
        _text(price, "PriceAmount", _number(line.price), currencyID=self.invoice.currency)
        if line.per != ONE:
            _text(price, "BaseQuantity", _number(line.per), unitCode=line.unit)

    def _amount(self, parent: Any, name: str, amount: Decimal | None, currency: str = "") -> None:
        _text(parent, name, "" if amount is None else str(rounded(amount)), currencyID=currency or self.invoice.currency)


def _party(parent: Any, party: DocumentParty) -> None:
    """A seller or buyer; a Norwegian one without an electronic address of its own is found by its organisation number."""
    told = _add(parent, "Party")
    endpoint, scheme = party.endpoint, party.endpoint_scheme
    if not endpoint and party.country == "NO":
        endpoint, scheme = party.organisation_number, ORGANISATION
    _text(told, "EndpointID", endpoint, schemeID=scheme)
    if party.reference_id:
        _text(_add(told, "PartyIdentification"), "ID", party.reference_id, schemeID=party.reference_scheme)
    _text(_add(told, "PartyName"), "Name", party.name)
    _address(_add(told, "PostalAddress"), party)
    if party.vat_number:
        _tax_scheme(told, party.vat_number, "VAT")
    if party.is_registered:
        _tax_scheme(told, REGISTERED, "TAX")
    entity = _add(told, "PartyLegalEntity")
    _text(entity, "RegistrationName", party.name)
    _text(entity, "CompanyID", party.organisation_number, schemeID=ORGANISATION if party.country == "NO" else "")
    if party.contact or party.phone or party.email:
        contact = _add(told, "Contact")
        _text(contact, "Name", party.contact)
        _text(contact, "Telephone", party.phone)
        _text(contact, "ElectronicMail", party.email)


def _tax_scheme(parent: Any, number: str, scheme: str) -> None:
    told = _add(parent, "PartyTaxScheme")
    _text(told, "CompanyID", number)
    _text(_add(told, "TaxScheme"), "ID", scheme)


def _address(parent: Any, party: DocumentParty) -> None:
    for name, value in (
        ("StreetName", party.street),
        ("AdditionalStreetName", party.street_more),
        ("CityName", party.city),
        ("PostalZone", party.postal_code),
        ("CountrySubentity", party.region),
    ):
        _text(parent, name, value)
    _text(_add(parent, "Country"), "IdentificationCode", party.country)


def _tax_category(parent: Any, category: VatCategory, rate: Decimal, reason: str = "") -> None:
    _text(parent, "ID", category)
    _text(parent, "Percent", "" if category is VatCategory.OUTSIDE else _number(rate or ZERO))
    _text(parent, "TaxExemptionReason", reason)
    _text(_add(parent, "TaxScheme"), "ID", "VAT")


def _add(parent: Any, name: str) -> Any:
    return etree.SubElement(parent, f"{{{CAC}}}{name}")


def _text(parent: Any, name: str, value: str, **attributes: str) -> None:
    """A leaf; nothing where there is nothing to say, for empty elements are forbidden."""
    if value:
        leaf = etree.SubElement(parent, f"{{{CBC}}}{name}", {key: said for key, said in attributes.items() if said})
        leaf.text = value


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _number(value: Decimal | None) -> str:
    """A number without zeros at its end and without an exponent."""
    return "" if value is None else f"{value.normalize():f}"
