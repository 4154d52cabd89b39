"""Reads invoices and credit notes in UBL 2.x, anybody's: Peppol BIS Billing 3.0, EHF 2 and 3, and others of EN 16931.

What is received is taken as it stands: a wrong KID is no reason to refuse an invoice, and one below zero is no credit note.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from crm_lab.domain.invoices import ONE, ZERO, Adjustment, DocumentKind, DocumentLine, DocumentParty, Invoice
from crm_lab.domain.vat import VatCategory
from crm_lab.errors import InvalidInput
from crm_lab.exchange.ubl.names import CAC, CBC, CREDIT_NOTE, INVOICE
from crm_lab.i18n import _

LARGEST = 50_000_000
"""Bytes of a file: attachments stand in it too."""
KINDS = {f"{{{INVOICE}}}Invoice": DocumentKind.INVOICE, f"{{{CREDIT_NOTE}}}CreditNote": DocumentKind.CREDIT_NOTE}
NAMESPACES = {"a": CAC, "b": CBC}
OLD_CATEGORIES = {"H": VatCategory.STANDARD, "R": VatCategory.STANDARD, "AA": VatCategory.STANDARD, "AB": VatCategory.STANDARD, "AC": VatCategory.STANDARD}
"""Reduced rates had codes of their own in EHF 2."""


class NotUbl(InvalidInput):
    """The file is no invoice or credit note in UBL."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadInvoice:
    """A received document, and what it says its sums are; `customization` names the rules it was made by.

    `differences` are sums that do not follow from its lines: (what, said, reckoned).
    """

    invoice: Invoice
    customization: str
    payable: Decimal
    vat: Decimal
    differences: tuple[tuple[str, Decimal, Decimal], ...] = ()


def read_ubl(data: bytes) -> ReadInvoice:
    """One file. Raises `NotUbl`; DTDs and entities are refused, and nothing is fetched."""
    root = parse_ubl(data)
    kind = KINDS[root.tag]
    invoice = _invoice(root, kind)
    payable, vat = _amount(root, "a:LegalMonetaryTotal/b:PayableAmount"), _vat(root, invoice.currency)
    reckoned = (("PayableAmount", payable, invoice.payable), ("TaxAmount", vat, invoice.totals.vat))
    different = tuple((name, said, found) for name, said, found in reckoned if said != found)
    return ReadInvoice(invoice=invoice, customization=_say(root, "b:CustomizationID"), payable=payable, vat=vat, differences=different)


def parse_ubl(data: bytes) -> Any:
    """The root element. Raises `NotUbl`."""
    if len(data) > LARGEST:
        raise NotUbl(_("The file is too large for an invoice: at most {n} MB.", n=LARGEST // 1_000_000))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root: Any = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise NotUbl(_("This is not an invoice in UBL, which is XML.")) from None
    if root.getroottree().docinfo.doctype:
        raise NotUbl(_("The file has a document type declaration, which invoices do not. It is not read."))
    if root.tag not in KINDS:
        raise NotUbl(_("This is neither an invoice nor a credit note in UBL: it begins with {name}.", name=etree.QName(root).localname[:40]))
    return root


def _invoice(root: Any, kind: DocumentKind) -> Invoice:
    means = root.find("a:PaymentMeans", NAMESPACES)
    account = _say(means, "a:PayeeFinancialAccount/b:ID")
    is_iban = account[:2].isalpha()
    credited = root.find("a:BillingReference/a:InvoiceDocumentReference", NAMESPACES)
    period, delivery = root.find("a:InvoicePeriod", NAMESPACES), root.find("a:Delivery", NAMESPACES)
    lines = root.findall("a:InvoiceLine" if kind is DocumentKind.INVOICE else "a:CreditNoteLine", NAMESPACES)
    return Invoice(
        kind=kind, number=_say(root, "b:ID"), issued_on=_day(root, "b:IssueDate") or _missing("IssueDate"),
        due_on=_day(root, "b:DueDate") or _day(means, "b:PaymentDueDate"), delivered_on=_day(delivery, "b:ActualDeliveryDate"),
        period=None if period is None else (_day(period, "b:StartDate"), _day(period, "b:EndDate")),
        seller=_party(root, "AccountingSupplierParty"), buyer=_party(root, "AccountingCustomerParty"),
        delivery=_delivery(delivery), lines=tuple(_line(line) for line in lines), adjustments=_adjustments(root),
        currency=_say(root, "b:DocumentCurrencyCode") or "NOK", rate=_rate(root), kid=_say(means, "b:PaymentID"),
        account="" if is_iban else account, iban=account if is_iban else "", bic=_say(means, "a:PayeeFinancialAccount/a:FinancialInstitutionBranch/b:ID"),
        payment_means=_say(means, "b:PaymentMeansCode") or "30", payment_terms=_say(root, "a:PaymentTerms/b:Note"),
        buyer_reference=_say(root, "b:BuyerReference") or _say(root, "a:AccountingCustomerParty/a:Party/a:Contact/b:ID"),
        order_reference=_say(root, "a:OrderReference/b:ID"), contract_reference=_say(root, "a:ContractDocumentReference/b:ID"),
        credits=_say(credited, "b:ID"), credits_on=_day(credited, "b:IssueDate"), cost_account=_say(root, "b:AccountingCost"), note=_say(root, "b:Note"),
        paid=_amount(root, "a:LegalMonetaryTotal/b:PrepaidAmount"), rounding=_amount(root, "a:LegalMonetaryTotal/b:PayableRoundingAmount"),
    )  # fmt: skip


def _party(root: Any, name: str) -> DocumentParty:
    element = root.find(f"a:{name}/a:Party", NAMESPACES)
    if element is None:
        raise _lacks(name)
    schemes = element.findall("a:PartyTaxScheme", NAMESPACES)
    vat = next((_say(one, "b:CompanyID") for one in schemes if _say(one, "a:TaxScheme/b:ID") == "VAT"), "")
    endpoint = element.find("b:EndpointID", NAMESPACES)
    named = element.find("a:PartyIdentification/b:ID", NAMESPACES)
    return DocumentParty(
        name=_say(element, "a:PartyLegalEntity/b:RegistrationName") or _say(element, "a:PartyName/b:Name"),
        organisation_number=_say(element, "a:PartyLegalEntity/b:CompanyID"), vat_number=vat,
        is_registered=any(_say(one, "a:TaxScheme/b:ID") == "TAX" for one in schemes), **_place(element.find("a:PostalAddress", NAMESPACES)),
        endpoint=_say(element, "b:EndpointID"), endpoint_scheme="" if endpoint is None else endpoint.get("schemeID", ""),
        reference_id=_say(element, "a:PartyIdentification/b:ID"), reference_scheme="" if named is None else named.get("schemeID", ""),
        contact=_say(element, "a:Contact/b:Name"), phone=_say(element, "a:Contact/b:Telephone"), email=_say(element, "a:Contact/b:ElectronicMail"),
    )  # fmt: skip


def _place(element: Any) -> dict[str, Any]:
    return {
        "street": _say(element, "b:StreetName"), "street_more": _say(element, "b:AdditionalStreetName"), "city": _say(element, "b:CityName"),
        "postal_code": _say(element, "b:PostalZone"), "region": _say(element, "b:CountrySubentity"),
        "country": _say(element, "a:Country/b:IdentificationCode") or "NO",
    }  # fmt: skip


def _delivery(element: Any) -> DocumentParty | None:
    address = None if element is None else element.find("a:DeliveryLocation/a:Address", NAMESPACES)
    return None if address is None else DocumentParty(name=_say(element, "a:DeliveryParty/a:PartyName/b:Name"), **_place(address))


def _line(element: Any) -> DocumentLine:
    quantity = element.find("b:InvoicedQuantity", NAMESPACES)
    quantity = element.find("b:CreditedQuantity", NAMESPACES) if quantity is None else quantity
    category, rate = _category(element.find("a:Item/a:ClassifiedTaxCategory", NAMESPACES))
    return DocumentLine(
        text=_say(element, "a:Item/b:Name"), description=_say(element, "a:Item/b:Description"), note=_say(element, "b:Note"),
        number=_say(element, "a:Item/a:SellersItemIdentification/b:ID"), quantity=ONE if quantity is None else _decimal(quantity),
        unit="C62" if quantity is None else quantity.get("unitCode", "C62"), price=_amount(element, "a:Price/b:PriceAmount"),
        per=_amount(element, "a:Price/b:BaseQuantity") or ONE, adjustments=_adjustments(element), category=category, rate=rate,
        order_line=_say(element, "a:OrderLineReference/b:LineID"),
    )  # fmt: skip


def _adjustments(element: Any) -> tuple[Adjustment, ...]:
    return tuple(_adjustment(one) for one in element.findall("a:AllowanceCharge", NAMESPACES))


def _adjustment(element: Any) -> Adjustment:
    category, rate = _category(element.find("a:TaxCategory", NAMESPACES))
    percent, base = element.find("b:MultiplierFactorNumeric", NAMESPACES), element.find("b:BaseAmount", NAMESPACES)
    return Adjustment(
        amount=_amount(element, "b:Amount"), is_charge=_say(element, "b:ChargeIndicator") == "true",
        reason=_say(element, "b:AllowanceChargeReason"), reason_code=_say(element, "b:AllowanceChargeReasonCode"),
        percent=None if percent is None else _decimal(percent), base=None if base is None else _decimal(base), category=category, rate=rate,
    )  # fmt: skip


def _category(element: Any) -> tuple[VatCategory, Decimal]:
    code = _say(element, "b:ID") or "S"
    if code in OLD_CATEGORIES:
        category = OLD_CATEGORIES[code]
    else:
        try:
            category = VatCategory(code)
        except ValueError:
            raise NotUbl(_("{code} is no category of VAT.", code=code[:20])) from None
    return category, _amount(element, "b:Percent")


def _vat(root: Any, currency: str) -> Decimal:
    """The VAT as it is told in a currency."""
    told = root.findall("a:TaxTotal/b:TaxAmount", NAMESPACES)
    return next((_decimal(one) for one in told if one.get("currencyID") == currency), ZERO)


def _rate(root: Any) -> Decimal | None:
    """Kroner for one unit of a foreign currency, from the VAT that is told in both."""
    currency, told = _say(root, "b:DocumentCurrencyCode"), _say(root, "b:TaxCurrencyCode")
    if told != "NOK" or currency == "NOK":
        return None
    vat = _vat(root, currency)
    return _vat(root, "NOK") / vat if vat else None


def _say(element: Any, path: str) -> str:
    """The text at a path, "" where there is none."""
    return "" if element is None else (element.findtext(path, namespaces=NAMESPACES) or "").strip()


def _amount(element: Any, path: str) -> Decimal:
    found = None if element is None else element.find(path, NAMESPACES)
    return ZERO if found is None else _decimal(found)


def _decimal(element: Any) -> Decimal:
    text = (element.text or "").strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise NotUbl(_("Line {line}: {text} is not an amount. Nothing was saved.", line=element.sourceline, text=text[:40]))
    return number


def _day(element: Any, path: str) -> date | None:
    text = _say(element, path)
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        raise NotUbl(_("{text} is not a date. Write day, month and year: 31.12.2026.", text=text[:40])) from None


def _missing(name: str) -> date:
    raise _lacks(name)


def _lacks(name: str) -> NotUbl:
    return NotUbl(_("The invoice lacks {name}, without which it cannot be read.", name=name))
