"""Invoices from suppliers: a received document becomes a posting on its supplier, who is registered where nobody is."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import and_, or_, select

from crm_lab.domain.access import Role
from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.customers import Customer
from crm_lab.domain.ids import new_id
from crm_lab.domain.invoices import DocumentKind, DocumentParty, Invoice
from crm_lab.domain.ledger import CONTROL_ACCOUNT, Ledger, Posting, PostingKind
from crm_lab.domain.names import name_key
from crm_lab.domain.supplier_invoices import NotForUs, NothingToPost, SupplierInvoice
from crm_lab.domain.values import ORE, OrgNumber, clean_text, parse_currency
from crm_lab.errors import Forbidden, InvalidInput
from crm_lab.i18n import _, day
from crm_lab.services.actions import Service, writes
from crm_lab.services.customers import RegisteredByColleague, add_customers, shown_name
from crm_lab.services.ledger.links import add_postings
from crm_lab.services.orders.settings import settings_of
from crm_lab.store import tables
from crm_lab.store.merges import is_present

if TYPE_CHECKING:
    from crm_lab.store.records import Row

LONGEST_NUMBER, LONGEST_KID, LONGEST_NAME, LONGEST_PLACE = 40, 40, 250, 100
"""A KID is kept as the supplier wrote it: it is what we are told to pay with."""


class SupplierInvoices(Service):
    """Received invoices and credit notes. Accountants and administrators take them in."""

    @writes()
    def take(self, *, invoice: Invoice, payable: Decimal) -> SupplierInvoice:
        """Post a received document, once: the same number of the same supplier again changes nothing.

        `payable` is the sum that the document itself asks for, in its currency.

        Raises
        ------
        Forbidden, NotForUs, NothingToPost, InvalidInput, RegisteredByColleague
        """
        if not (self.actor.has(Role.ACCOUNTANT) or self.actor.has(Role.ADMIN)):
            raise Forbidden(_("Only accountants and administrators change the ledger."))
        self._check(invoice, payable)
        number = _organisation_number(invoice.seller)
        key = f"ubl:{number or name_key(invoice.seller.name)}:{invoice.kind}:{invoice.number}"
        known = self._known(key)
        if known is not None and not known["is_taken_back"]:
            return self._told(known, invoice, is_known=True)
        supplier, is_new = self._supplier(invoice.seller, number)
        is_credit = invoice.kind is DocumentKind.CREDIT_NOTE
        posting = Posting(
            id=new_id(), customer_id=supplier, ledger=Ledger.PAYABLE, account=CONTROL_ACCOUNT[Ledger.PAYABLE],
            kind=PostingKind.CREDIT_NOTE if is_credit else PostingKind.INVOICE, document_number=invoice.number[:LONGEST_NUMBER], posted_on=invoice.issued_on,
            due_on=invoice.due_on, amount=(payable if is_credit else -payable).quantize(ORE), currency=parse_currency(invoice.currency),
            kid=invoice.kid[:LONGEST_KID], text=_("Credit note {number}", number=invoice.number) if is_credit else _("Invoice {number}", number=invoice.number),
            source_key=key if known is None else f"{key}|{known['number']}",
        )  # fmt: skip
        add_postings(self.work, [posting])
        made = self._known(posting.source_key or key)
        assert made is not None  # noqa: S101 - it was added just now
        return self._told(made, invoice, is_new=is_new)

    def _check(self, invoice: Invoice, payable: Decimal) -> None:
        settings = settings_of(self.work)
        buyer = _organisation_number(invoice.buyer)
        if settings.organisation_number and buyer and buyer != settings.organisation_number:
            raise NotForUs(invoice.buyer.name, buyer)
        if not payable:
            raise NothingToPost(invoice.number)
        if not invoice.number or not invoice.seller.name:
            raise InvalidInput(_("The invoice lacks its number or the name of its seller. It was not posted."), "file")
        if settings.closed_until and invoice.issued_on <= settings.closed_until:
            raise InvalidInput(_("The period until {day} is closed. The invoice of {date} was not posted.", day=day(settings.closed_until), date=day(invoice.issued_on)), "issued_on")

    def _known(self, key: str) -> Row | None:
        """The posting of a document, the newest where it was taken back and came again."""
        p, c, back = tables.posting, tables.customer, tables.posting.alias("back")
        query = select(p.c.number, p.c.amount, p.c.customer_id, c.c.number.label("customer_number"), shown_name().label("supplier"), back.c.id.is_not(None).label("is_taken_back"))
        query = query.join(c, c.c.id == p.c.customer_id).outerjoin(back, back.c.reverses_id == p.c.id)
        same = or_(p.c.source_key == key, p.c.source_key.startswith(f"{key}|", autoescape=True))
        rows = self.work.rows(query.where(same).order_by(p.c.number.desc()))
        return rows[0] if rows else None

    def _supplier(self, seller: DocumentParty, number: str) -> tuple[UUID, bool]:
        """The party with the organisation number, else the name; one that is only a customer becomes a supplier too."""
        c, e = tables.customer, tables.employee
        same = c.c.organisation_number == number if number else c.c.name_key == name_key(seller.name)
        query = select(c.c.id, c.c.version, c.c.is_supplier, self.work.visible_to(c).label("is_seen"), e.c.name.label("owner"))
        rows = self.work.rows(query.outerjoin(e, e.c.id == c.c.owner_id).where(and_(same, is_present(c))).order_by(c.c.is_supplier.desc(), c.c.number))
        seen = next((row for row in rows if row["is_seen"]), None)
        if seen is None and rows and number:
            raise RegisteredByColleague(rows[0]["owner"] or "?")
        if seen is None:
            return self._made(seller, number), True
        if not seen["is_supplier"]:
            self.work.change(c, seen["id"], seen["version"], is_supplier=True)
        return seen["id"], False

    def _made(self, seller: DocumentParty, number: str) -> UUID:
        """Register the supplier. Its bank account is not taken from an invoice: that is how money is stolen."""
        told = {name: clean_text(getattr(seller, name)[:LONGEST_PLACE], name, max_length=LONGEST_PLACE) for name in ("street", "postal_code", "city")}
        address = Address(kind=AddressKind.POSTAL, country=seller.country, **told)
        made = Customer(
            id=new_id(), name=clean_text(seller.name[:LONGEST_NAME], "name", max_length=LONGEST_NAME), organisation_number=number,
            is_customer=False, is_supplier=True, owner_id=self.actor.id, addresses=(address,) if any(told.values()) else (),
        )  # fmt: skip
        return add_customers(self.work, [made])[0].id

    def _told(self, row: Row, invoice: Invoice, *, is_known: bool = False, is_new: bool = False) -> SupplierInvoice:
        return SupplierInvoice(
            posting=row["number"], customer_id=row["customer_id"], customer_number=row["customer_number"], supplier=row["supplier"], number=invoice.number,
            kind=PostingKind.CREDIT_NOTE if invoice.kind is DocumentKind.CREDIT_NOTE else PostingKind.INVOICE, amount=row["amount"],
            currency=invoice.currency, due_on=invoice.due_on, is_known=is_known, is_new_supplier=is_new,
        )  # fmt: skip


def _organisation_number(party: DocumentParty) -> str:
    """A Norwegian organisation number, from the legal entity, the VAT number or the electronic address; "" where there is none."""
    for text in (party.organisation_number, party.vat_number, party.endpoint):
        digits = "".join(c for c in text if c.isdigit())
        try:
            return str(OrgNumber.parse(digits))
        except InvalidInput:
            continue
    return ""
