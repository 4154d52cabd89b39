"""Sales documents as PDF: quote, order confirmation, invoice and credit note, in Norwegian and English.

What they must say: bokføringsforskriften §§ 5-1-1 to 5-1-8 (number, date, both parties, kind and amount of what is sold, time and
place of delivery, price and due date, VAT per rate and in kroner, "MVA" after the number), and foretaksregisterloven § 10-2.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any

from fpdf import FPDF

from crm_lab.domain.invoices import DocumentKind, DocumentLine, DocumentParty, Invoice, rounded
from crm_lab.domain.products import UNIT_WORDS, Unit
from crm_lab.domain.vat import VatCategory, vat_reason
from crm_lab.i18n import _, day, number, use_locale
from crm_lab.reports.pdf import BODY, INK, LINE, MARGIN, SMALL, SOFT, TITLE, add_fonts, lines_within, plain

ACCENT = (52, 81, 209)
ADDRESS_TOP, WINDOW, LOGO_HEIGHT, FACTS_SHARE = 44.0, 20.0, 16.0, 0.56
"""The address stands in the window of a C5 envelope."""
ROW, PAD, FOOT, PAYMENT_HEIGHT = 4.4, 1.1, 20.0, 26.0
WEIGHTS = (1.25, 4.5, 1.1, 1.1, 1.7, 1.4, 1.15, 1.9)
LEFT = 2
"""So many columns hold texts."""
LARGEST_LOGO = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a company makes its documents its own by: a logo (PNG or JPEG), a colour, and a line of its own at the foot."""

    logo: bytes = b""
    accent: tuple[int, int, int] = ACCENT
    foot: str = ""


def invoice_pdf(invoice: Invoice, style: Style | None = None) -> bytes:
    """The document on A4 pages, in its own language; heads of the table are repeated, and a row is never cut."""
    with use_locale(invoice.language):
        pdf = _Page(invoice, style or Style())
        pdf.add_page()
        _write_recipient(pdf)
        _write_facts(pdf)
        _write_lines(pdf)
        _write_sums(pdf)
        _write_notes(pdf)
        if invoice.kind is DocumentKind.INVOICE and invoice.payable > 0:
            _write_payment(pdf)
        return bytes(pdf.output())


def document_title(kind: DocumentKind) -> str:
    """What a kind of document is called."""
    return {
        DocumentKind.QUOTE: _("Quote"),
        DocumentKind.CONFIRMATION: _("Order confirmation"),
        DocumentKind.INVOICE: _("Invoice"),
        DocumentKind.CREDIT_NOTE: _("Credit note"),
    }[kind]


class _Page(FPDF):
    """A4 with the seller above and at the foot."""

    def __init__(self, invoice: Invoice, style: Style) -> None:
        super().__init__("portrait", "mm", "A4")
        self.invoice, self.style = invoice, style
        add_fonts(self)
        self.set_margins(MARGIN + 4, MARGIN)
        self.set_auto_page_break(auto=True, margin=FOOT + 6)
        self.set_title(f"{document_title(invoice.kind)} {invoice.number}".strip())
        self.set_author(invoice.seller.name)
        self.set_lang(invoice.language)
        self.alias_nb_pages()

    def header(self) -> None:
        """Logo or name, and what this is; from the second page on in short."""
        title = document_title(self.invoice.kind)
        if self.page_no() > 1:
            write(self, SMALL, SOFT, f"{self.invoice.seller.name}  ·  {title} {self.invoice.number}")
            self.ln(3)
            return
        if self.style.logo:
            self.image(BytesIO(self.style.logo), x=self.l_margin, y=MARGIN, h=LOGO_HEIGHT, w=70, keep_aspect_ratio=True)
        else:
            self.set_xy(self.l_margin, MARGIN + 2)
            write(self, TITLE - 2, self.style.accent, self.invoice.seller.name, style="B", height=8, width=self.epw * FACTS_SHARE)
        self.set_xy(self.l_margin + self.epw * FACTS_SHARE, MARGIN + 2)
        write(self, TITLE + 1, INK, title, style="B", height=8)

    def footer(self) -> None:
        """Who sells, with number and address, and which page this is."""
        self.set_y(-FOOT)
        self.set_draw_color(*LINE)
        self.set_line_width(0.15)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.ln(1.5)
        seller = self.invoice.seller
        for told in (_seller_in_words(seller), "  ·  ".join(filter(None, (seller.phone, seller.email, seller.website))), self.style.foot):
            if told:
                write(self, SMALL - 0.5, SOFT, told, height=3.6, width=self.epw - 26)
        self.set_xy(self.w - self.r_margin - 26, -FOOT + 1.5)
        self.cell(26, 3.6, _("Page {page} of {pages}", page=self.page_no(), pages="{nb}"), align="R")


def write(pdf: FPDF, size: float, color: tuple[int, int, int], text: str, *, style: str = "", height: float = 5, width: float = 0, align: str = "L") -> None:
    """One line of text, and the pen below it."""
    pdf.set_font("Inter", style, size)
    pdf.set_text_color(*color)
    pdf.cell(width, height, plain(text), align=align, new_x="LEFT", new_y="NEXT")


def _seller_in_words(seller: DocumentParty) -> str:
    number_ = seller.vat_number or seller.organisation_number
    if seller.country == "NO" and seller.organisation_number:
        digits = seller.organisation_number
        number_ = f"NO {digits[:3]} {digits[3:6]} {digits[6:]}{' MVA' if seller.vat_number else ''}"
    registered = "Foretaksregisteret" if seller.is_registered else ""
    return "  ·  ".join(filter(None, (seller.name, *_address(seller), _("Org. no. {number}", number=number_) if number_ else "", registered)))


def _address(party: DocumentParty) -> list[str]:
    place = " ".join(filter(None, (party.postal_code, party.city)))
    return list(filter(None, (party.street, party.street_more, place, _country(party.country))))


def _country(code: str) -> str:
    """The name of another country than Norway."""
    if code == "NO":
        return ""
    from babel import Locale

    from crm_lab.i18n import current_locale

    return str(Locale(current_locale()).territories.get(code, code))


def _write_recipient(pdf: _Page) -> None:
    buyer = pdf.invoice.buyer
    pdf.set_y(ADDRESS_TOP)
    pdf.set_font("Inter", "", BODY + 1)
    for text in (buyer.name, _("Att. {name}", name=buyer.contact) if buyer.contact else "", *_address(buyer)):
        for line in lines_within(pdf, plain(text), pdf.epw * 0.5) if text else ():
            pdf.set_x(WINDOW)
            write(pdf, BODY + 1, INK, line, width=pdf.epw * 0.5)
    if buyer.organisation_number:
        pdf.set_x(WINDOW)
        write(pdf, SMALL, SOFT, _("Org. no. {number}", number=buyer.organisation_number))


def _write_facts(pdf: _Page) -> None:
    """What the document is known by, beside the address."""
    bottom = pdf.get_y()
    left = pdf.l_margin + pdf.epw * FACTS_SHARE
    width = pdf.epw * (1 - FACTS_SHARE)
    pdf.set_y(MARGIN + 14)
    for label, text in _facts(pdf.invoice):
        if text:
            pdf.set_x(left)
            pdf.set_font("Inter", "", SMALL + 0.5)
            pdf.set_text_color(*SOFT)
            pdf.cell(width * 0.42, 4.6, label)
            pdf.set_text_color(*INK)
            for at, line in enumerate(lines_within(pdf, plain(text), width * 0.58)):
                pdf.set_x(left + width * 0.42)
                pdf.cell(width * 0.58, 4.6 if at == 0 else 4, line, align="R", new_x="LMARGIN", new_y="NEXT")
    pdf.set_y(max(bottom, pdf.get_y(), ADDRESS_TOP + 34) + 6)


def _facts(doc: Invoice) -> list[tuple[str, str]]:
    names = {
        DocumentKind.QUOTE: (_("Quote no."), _("Quote date")), DocumentKind.CONFIRMATION: (_("Order no."), _("Order date")),
        DocumentKind.INVOICE: (_("Invoice no."), _("Invoice date")), DocumentKind.CREDIT_NOTE: (_("Credit note no."), _("Credit note date")),
    }  # fmt: skip
    number_name, date_name = names[doc.kind]
    place = ", ".join(filter(None, (doc.delivery.name, *_address(doc.delivery)))) if doc.delivery else ", ".join(_address(doc.buyer)[-2:])
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


def _widths(pdf: _Page) -> list[float]:
    return [pdf.epw * weight / sum(WEIGHTS) for weight in WEIGHTS]


def _write_heads(pdf: _Page) -> None:
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


def _write_lines(pdf: _Page) -> None:
    _write_heads(pdf)
    for line in pdf.invoice.lines:
        _write_line(pdf, line)


def _write_line(pdf: _Page, line: DocumentLine) -> None:
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


def _write_sums(pdf: _Page) -> None:
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


def _write_sum(pdf: _Page, label: str, amount: str, *, is_last: bool) -> None:
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


def _write_notes(pdf: _Page) -> None:
    """Why there is no VAT, where there is none, and what the seller has to say."""
    untaxed = {one.category for one in pdf.invoice.totals.rates}
    told = [vat_reason(category) for category in VatCategory if category in untaxed and vat_reason(category)]
    for text in (*told, pdf.invoice.note):
        if text:
            pdf.ln(2)
            pdf.set_font("Inter", "", SMALL + 0.5)
            pdf.set_text_color(*SOFT)
            pdf.multi_cell(0, 4.2, plain(text), new_x="LMARGIN", new_y="NEXT")


def _write_payment(pdf: _Page) -> None:
    """Where and with what KID it is paid, in a frame at the foot of the last page."""
    doc = pdf.invoice
    facts: list[tuple[str, Any]] = [
        (_("Account"), _spaced(doc.account)), ("IBAN", doc.iban), ("BIC", doc.bic), ("KID", doc.kid), (_("Due date"), day(doc.due_on) if doc.due_on else ""),
        (_("To pay"), f"{doc.currency} {number(doc.payable, 2)}"),
    ]  # fmt: skip
    shown = [(label, text) for label, text in facts if text]
    top = pdf.h - FOOT - PAYMENT_HEIGHT - 4
    if pdf.get_y() > top - 4:
        pdf.add_page()
    pdf.set_fill_color(246, 247, 252)
    pdf.set_draw_color(*pdf.style.accent)
    pdf.rect(pdf.l_margin, top, pdf.epw, PAYMENT_HEIGHT, style="DF", round_corners=True, corner_radius=2)
    pdf.set_xy(pdf.l_margin + 5, top + 3.5)
    write(pdf, BODY, pdf.style.accent, _("Payment"), style="B", height=5)
    wide = [max(16.0, _wider(pdf, label, str(text)) + 4) for label, text in shown]
    stretch = (pdf.epw - 10) / sum(wide)
    x = pdf.l_margin + 5
    for (label, text), width in zip(shown, wide, strict=True):
        pdf.set_xy(x, top + 11)
        write(pdf, SMALL, SOFT, label, width=width * stretch, height=5)
        pdf.set_x(x)
        write(pdf, BODY + 0.5, INK, text, style="B", width=width * stretch, height=6)
        x += width * stretch


def _wider(pdf: _Page, label: str, text: str) -> float:
    pdf.set_font("Inter", "B", BODY + 0.5)
    return max(float(pdf.get_string_width(plain(label))), float(pdf.get_string_width(plain(text))))


def _spaced(account: str) -> str:
    """A Norwegian account number as it is written: 1234 56 78901."""
    return f"{account[:4]} {account[4:6]} {account[6:]}" if len(account) == 11 else account  # noqa: PLR2004 - eleven digits
