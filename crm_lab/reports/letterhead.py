"""The sheet that letters and documents of sale are written on: logo or name above, whom it is for, what it is known by, how it is paid."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from fpdf import FPDF

from crm_lab.i18n import _
from crm_lab.reports.pdf import BODY, INK, LINE, MARGIN, SMALL, SOFT, TITLE, add_fonts, lines_within, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_lab.domain.invoices import DocumentParty

ACCENT = (52, 81, 209)
ADDRESS_TOP, WINDOW, LOGO_HEIGHT, LOGO_WIDTH, FACTS_SHARE = 44.0, 20.0, 16.0, 70.0, 0.56
"""The address stands in the window of a C5 envelope."""
FOOT, PAYMENT_HEIGHT = 20.0, 26.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a company makes its documents its own by: a logo (PNG, JPEG or SVG), a colour, and a line of its own at the foot."""

    logo: bytes = b""
    accent: tuple[int, int, int] = ACCENT
    foot: str = ""


class Letter(FPDF):
    """A4 with the seller above and at the foot."""

    def __init__(self, title: str, number: str, seller: DocumentParty, style: Style, language: str) -> None:
        super().__init__("portrait", "mm", "A4")
        self.heading, self.number, self.seller, self.style = title, number, seller, style
        add_fonts(self)
        self.set_margins(MARGIN + 4, MARGIN)
        self.set_auto_page_break(auto=True, margin=FOOT + 6)
        self.set_title(f"{title} {number}".strip())
        self.set_author(seller.name)
        self.set_lang(language)
        self.alias_nb_pages()

    def header(self) -> None:
        """Logo or name, and what this is; from the second page on in short."""
        if self.page_no() > 1:
            write(self, SMALL, SOFT, f"{self.seller.name}  ·  {self.heading} {self.number}")
            self.ln(3)
            return
        if self.style.logo:
            self.image(BytesIO(self.style.logo), x=self.l_margin, y=MARGIN, h=LOGO_HEIGHT, w=LOGO_WIDTH, keep_aspect_ratio=True)
        else:
            self.set_xy(self.l_margin, MARGIN + 2)
            write(self, TITLE - 2, self.style.accent, self.seller.name, style="B", height=8, width=self.epw * FACTS_SHARE)
        self.set_xy(self.l_margin + self.epw * FACTS_SHARE, MARGIN + 2)
        write(self, TITLE + 1, INK, self.heading, style="B", height=8)

    def footer(self) -> None:
        """Who sells, with number and address, and which page this is."""
        self.set_y(-FOOT)
        self.set_draw_color(*LINE)
        self.set_line_width(0.15)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.ln(1.5)
        seller = self.seller
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
    return "  ·  ".join(filter(None, (seller.name, *address_of(seller), _("Org. no. {number}", number=number_) if number_ else "", registered)))


def address_of(party: DocumentParty) -> list[str]:
    """Street, place and country, line by line."""
    place = " ".join(filter(None, (party.postal_code, party.city)))
    return list(filter(None, (party.street, party.street_more, place, _country(party.country))))


def _country(code: str) -> str:
    """The name of another country than Norway."""
    if code == "NO":
        return ""
    from babel import Locale

    from crm_lab.i18n import current_locale

    return str(Locale(current_locale()).territories.get(code, code))


def write_recipient(pdf: Letter, buyer: DocumentParty) -> None:
    """Whom it is for, in the window of the envelope."""
    pdf.set_y(ADDRESS_TOP)
    pdf.set_font("Inter", "", BODY + 1)
    for text in (buyer.name, _("Att. {name}", name=buyer.contact) if buyer.contact else "", *address_of(buyer)):
        for line in lines_within(pdf, plain(text), pdf.epw * 0.5) if text else ():
            pdf.set_x(WINDOW)
            write(pdf, BODY + 1, INK, line, width=pdf.epw * 0.5)
    if buyer.organisation_number:
        pdf.set_x(WINDOW)
        write(pdf, SMALL, SOFT, _("Org. no. {number}", number=buyer.organisation_number))


def write_facts(pdf: Letter, told: Sequence[tuple[str, str]]) -> None:
    """What the document is known by, beside the address."""
    bottom = pdf.get_y()
    left = pdf.l_margin + pdf.epw * FACTS_SHARE
    width = pdf.epw * (1 - FACTS_SHARE)
    pdf.set_y(MARGIN + 14)
    for label, text in told:
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


def write_payment(pdf: Letter, told: Sequence[tuple[str, str]]) -> None:
    """Where and with what KID it is paid, in a frame at the foot of the last page."""
    shown = [(label, text) for label, text in told if text]
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


def _wider(pdf: Letter, label: str, text: str) -> float:
    pdf.set_font("Inter", "B", BODY + 0.5)
    return max(float(pdf.get_string_width(plain(label))), float(pdf.get_string_width(plain(text))))


def spaced(account: str) -> str:
    """A Norwegian account number as it is written: 1234 56 78901."""
    return f"{account[:4]} {account[4:6]} {account[6:]}" if len(account) == 11 else account  # noqa: PLR2004 - eleven digits
