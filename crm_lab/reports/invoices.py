"""Sales documents as PDF: quote, order confirmation, invoice and credit note, in Norwegian and English.

What they must say: bokføringsforskriften §§ 5-1-1 to 5-1-8 (number, date, both parties, kind and amount of what is sold, time and
place of delivery, price and due date, VAT per rate and in kroner, "MVA" after the number), and foretaksregisterloven § 10-2.
"""

from __future__ import annotations

from decimal import Decimal

from crm_lab.domain.invoices import DocumentKind, DocumentLine, Invoice, rounded
from crm_lab.domain.products import UNIT_WORDS, Unit
from crm_lab.domain.vat import VatCategory, vat_reason
from crm_lab.i18n import _, day, number, use_locale
from crm_lab.reports.letterhead import Letter, Style, address_of, spaced, write_facts, write_payment, write_recipient
from crm_lab.reports.pdf import BODY, INK, LINE, SMALL, SOFT, lines_within, plain

ROW, PAD = 4.4, 1.1
WEIGHTS = (1.25, 4.5, 1.1, 1.1, 1.7, 1.4, 1.15, 1.9)
LEFT = 2
"""So many columns hold texts."""


def invoice_pdf(invoice: Invoice, style: Style | None = None) -> bytes:
    """The document on A4 pages, in its own language; heads of the table are repeated, and a row is never cut."""
    with use_locale(invoice.language):
        pdf = Page(invoice, style or Style())
        pdf.add_page()
        write_recipient(pdf, invoice.buyer)
        write_facts(pdf, _facts(invoice))
        _write_lines(pdf)
        _write_sums(pdf)
        _write_notes(pdf)
        if invoice.kind is DocumentKind.INVOICE and invoice.payable > 0:
            write_payment(pdf, _payment(invoice))
        return bytes(pdf.output())


class Page(Letter):
    """A sheet with the document it is about."""

    def __init__(self, invoice: Invoice, style: Style) -> None:
        super().__init__(document_title(invoice.kind), invoice.number, invoice.seller, style, invoice.language)
        self.invoice = invoice


def document_title(kind: DocumentKind) -> str:
    """What a kind of document is called."""
    return {
        DocumentKind.QUOTE: _("Quote"),
        DocumentKind.CONFIRMATION: _("Order confirmation"),
        DocumentKind.INVOICE: _("Invoice"),
        DocumentKind.CREDIT_NOTE: _("Credit note"),
    }[kind]


def _facts(doc: Invoice) -> list[tuple[str, str]]:
    names = {
        DocumentKind.QUOTE: (_("Quote no."), _("Quote date")), DocumentKind.CONFIRMATION: (_("Order no."), _("Order date")),
        DocumentKind.INVOICE: (_("Invoice no."), _("Invoice date")), DocumentKind.CREDIT_NOTE: (_("Credit note no."), _("Credit note date")),
    }  # fmt: skip
    number_name, date_name = names[doc.kind]
    place = ", ".join(filter(None, (doc.delivery.name, *address_of(doc.delivery)))) if doc.delivery else ", ".join(address_of(doc.buyer)[-2:])
    return [
        (number_name, doc.number),
        (date_name, day(doc.issued_on)),
        (_("Valid until") if doc.kind is DocumentKind.QUOTE else _("Due date"), day(doc.due_on) if doc.due_on else ""),
        (_("Credits invoice"), f"{doc.credits} ({day(doc.credits_on)})" if doc.credits and doc.credits_on else doc.credits),
        (_("Delivered"), day(doc.delivered_on) if doc.delivered_on else ""),
        (_("Place of delivery"), place),
        (_("Customer no."), doc.buyer.reference_id),
        (_("Your reference"), doc.buyer_reference),
        (_("Order reference"), doc.order_reference),
        (_("Our reference"), doc.seller.contact),
        (_("Payment terms"), doc.payment_terms),
        (_("Currency"), doc.currency if doc.currency != "NOK" else ""),
    ]


def _widths(pdf: Page) -> list[float]:
    return [pdf.epw * weight / sum(WEIGHTS) for weight in WEIGHTS]


def _write_heads(pdf: Page) -> None:
    labels = (_("Item no."), _("Description"), _("Quantity"), _("Unit"), _("Price"), _("Discount"), _("VAT"), _("Amount"))
    pdf.set_font("Inter", "", SMALL)
    pdf.set_text_color(*SOFT)
    for at, (label, width) in enumerate(zip(labels, _widths(pdf), strict=True)):
        pdf.cell(width, 5, label, align="L" if at < LEFT or at == LEFT + 1 else "R")
    pdf.ln(5)
    pdf.set_draw_color(*pdf.style.accent)
    pdf.set_line_width(0.4)
    pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())
    pdf.set_line_width(0.15)


def _write_lines(pdf: Page) -> None:
    _write_heads(pdf)
    for line in pdf.invoice.lines:
        _write_line(pdf, line)


def _write_line(pdf: Page, line: DocumentLine) -> None:
    widths, cells = _widths(pdf), _cells(line)
    pdf.set_font("Inter", "", SMALL + 0.5)
    texts = [lines_within(pdf, plain(part), widths[1]) for part in (line.text, *line.description.split("\n"), line.note) if part]
    described = [text for part in texts for text in part] or [""]
    number_lines = lines_within(pdf, plain(cells[0]), widths[0]) if cells[0] else [""]
    deep = max(len(described), len(number_lines))
    if pdf.will_page_break(deep * ROW + 2 * PAD):
        pdf.add_page()
        _write_heads(pdf)
    pdf.set_font("Inter", "", SMALL + 0.5)
    pdf.set_text_color(*INK)
    x, y = pdf.l_margin, pdf.get_y() + PAD
    for at, width in enumerate(widths):
        shown = number_lines if at == 0 else described if at == 1 else [plain(cells[at])]
        for down, text in enumerate(shown):
            pdf.set_xy(x, y + down * ROW)
            pdf.cell(width, ROW, text, align="L" if at < LEFT or at == LEFT + 1 else "R")
        x += width
    pdf.set_xy(pdf.l_margin, y + deep * ROW + PAD)
    pdf.set_draw_color(*LINE)
    pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())


def _cells(line: DocumentLine) -> list[str]:
    """The line as it is read; a mere text has no figures."""
    if not line.quantity:
        return [line.number, "", "", "", "", "", "", ""]
    percent = next((one.percent for one in line.adjustments if one.percent is not None), None)
    vat = f"{_bare(line.rate)} %" if line.category is VatCategory.STANDARD else "0 %"
    unit = _(UNIT_WORDS[Unit(line.unit)]) if line.unit in set(Unit) else line.unit
    return [
        line.number, "", _bare(line.quantity), unit, _price(line.price), f"{_bare(percent)} %" if percent else "", vat, number(line.net, 2),
    ]  # fmt: skip


def _bare(value: Decimal) -> str:
    """A number with the decimals it has."""
    exponent = value.normalize().as_tuple().exponent
    return number(value, max(0, -exponent if isinstance(exponent, int) else 0))


def _price(value: Decimal) -> str:
    return number(value, 2) if value == rounded(value) else _bare(value)


def _write_sums(pdf: Page) -> None:
    """What it all comes to: without VAT, VAT per rate, and the sum."""
    doc, totals = pdf.invoice, pdf.invoice.totals
    rows = [(one.reason or (_("Charge") if one.is_charge else _("Discount")), number(one.net, 2), False) for one in doc.adjustments]
    rows.append((_("Sum without VAT"), number(totals.net, 2), False))
    rows += [(_("{rate} % VAT of {base}", rate=_bare(one.rate), base=number(one.base, 2)), number(one.vat, 2), False) for one in totals.rates]
    if doc.vat_in_kroner is not None:
        rows.append((_("VAT in kroner, at the rate {rate}", rate=number(doc.rate or 0, 4)), f"NOK {number(doc.vat_in_kroner, 2)}", False))
    if doc.paid:
        rows.append((_("Paid in advance"), number(-doc.paid, 2), False))
    rows.append((_sum_name(doc.kind), f"{doc.currency} {number(doc.payable, 2)}", True))
    if pdf.will_page_break(len(rows) * 5.2 + 8):
        pdf.add_page()
    pdf.ln(3)
    for label, amount, is_last in rows:
        _write_sum(pdf, label, amount, is_last=is_last)


def _sum_name(kind: DocumentKind) -> str:
    return {DocumentKind.INVOICE: _("To pay"), DocumentKind.CREDIT_NOTE: _("Credited")}.get(kind, _("Sum with VAT"))


def _write_sum(pdf: Page, label: str, amount: str, *, is_last: bool) -> None:
    width = pdf.epw * 0.5
    pdf.set_x(pdf.l_margin + pdf.epw - width)
    if is_last:
        pdf.set_draw_color(*INK)
        pdf.line(pdf.get_x(), pdf.get_y() + 0.6, pdf.w - pdf.r_margin, pdf.get_y() + 0.6)
        pdf.set_y(pdf.get_y() + 1.4)
    pdf.set_font("Inter", "B" if is_last else "", BODY + 2 if is_last else BODY)
    pdf.set_text_color(*(INK if is_last else SOFT))
    pdf.set_x(pdf.l_margin + pdf.epw - width)
    pdf.cell(width * 0.62, 5.2 if not is_last else 7, plain(label))
    pdf.set_text_color(*INK)
    pdf.cell(width * 0.38, 5.2 if not is_last else 7, plain(amount), align="R", new_x="LMARGIN", new_y="NEXT")


def _write_notes(pdf: Page) -> None:
    """Why there is no VAT, where there is none, and what the seller has to say."""
    untaxed = {one.category for one in pdf.invoice.totals.rates}
    told = [vat_reason(category) for category in VatCategory if category in untaxed and vat_reason(category)]
    for text in (*told, pdf.invoice.note):
        if text:
            pdf.ln(2)
            pdf.set_font("Inter", "", SMALL + 0.5)
            pdf.set_text_color(*SOFT)
            pdf.multi_cell(0, 4.2, plain(text), new_x="LMARGIN", new_y="NEXT")


def _payment(doc: Invoice) -> list[tuple[str, str]]:
    return [
        (_("Account"), spaced(doc.account)), ("IBAN", doc.iban), ("BIC", doc.bic), ("KID", doc.kid), (_("Due date"), day(doc.due_on) if doc.due_on else ""),
        (_("To pay"), f"{doc.currency} {number(doc.payable, 2)}"),
    ]  # fmt: skip
