"""Sales documents as PDF: what the law wants on them, in both languages, on as many pages as it takes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import pypdfium2
import pytest
from PIL import Image

from crm_lab.domain.invoices import DocumentKind, DocumentLine, Invoice
from crm_lab.i18n import number, use_locale
from crm_lab.reports.invoices import invoice_pdf
from crm_lab.reports.letterhead import Style
from tests.invoices import ABROAD, BUYER, SELLER, invoice


def pages(data: bytes) -> list[str]:
    """The text of each page, blanks made plain."""
    document = pypdfium2.PdfDocument(data)
    return [" ".join(page.get_textpage().get_text_range().replace("\xa0", " ").split()) for page in document]


def first(kind: DocumentKind = DocumentKind.INVOICE, buyer: object = BUYER) -> Invoice:
    """The first made-up document of the kind."""
    return next(one for one in map(invoice, range(1, 300)) if one.kind is kind and one.buyer is buyer)


def test_an_invoice_says_what_the_law_wants() -> None:
    made = replace(first(), currency="NOK", rate=None)
    text = " ".join(pages(invoice_pdf(made)))
    said = [
        "Faktura", made.number, made.issued_on.strftime("%d.%m.%Y"), made.due_on and made.due_on.strftime("%d.%m.%Y"), "NO 999 999 999 MVA", "Foretaksregisteret",
        SELLER.name, SELLER.street, BUYER.name, BUYER.street, "Org.nr. 888888888", "Levert", "Leveringssted", made.kid, "8601 11 17947", "Å betale",
    ]  # fmt: skip
    assert [one for one in said if one and one not in text] == []
    with use_locale("nb"):
        figures = [made.payable, made.totals.net, *(one.vat for one in made.totals.rates), *(line.net for line in made.lines)]
        assert [one for one in figures if number(one, 2).replace("\xa0", " ") not in text] == []


def test_vat_of_another_currency_is_told_in_kroner_and_in_english() -> None:
    made = replace(first(buyer=ABROAD), currency="EUR", rate=Decimal("11.7345"), language="en", account="", iban="NO9386011117947")
    (text,) = pages(invoice_pdf(made))
    for said in ("Invoice no.", "VAT in kroner, at the rate 11.7345", "NOK", "Germany", "NO9386011117947", "Export outside the VAT area"):
        assert said in text
    assert "Forfallsdato" not in text


def test_a_credit_note_names_its_invoice_and_asks_for_no_money() -> None:
    made = first(DocumentKind.CREDIT_NOTE)
    text = " ".join(pages(invoice_pdf(made)))
    assert "Kreditnota" in text
    assert f"{made.credits} ({made.credits_on:%d.%m.%Y})" in text
    assert "KID" not in text


@pytest.mark.parametrize(("kind", "word"), [(DocumentKind.QUOTE, "Tilbud"), (DocumentKind.CONFIRMATION, "Ordrebekreftelse")])
def test_quotes_and_confirmations_are_of_the_same_cut(kind: DocumentKind, word: str) -> None:
    (text,) = pages(invoice_pdf(replace(first(), kind=kind)))
    assert word in text
    assert "KID" not in text


def test_many_lines_take_many_pages_and_none_is_lost() -> None:
    lines = tuple(DocumentLine(text=f"Vare nummer {n} med en lang beskrivelse som går over flere linjer på arket", number=f"V{n}", price=Decimal(n), rate=Decimal(25)) for n in range(1, 121))
    told = pages(invoice_pdf(replace(first(), lines=lines, adjustments=())))
    assert len(told) > 3
    assert all("Beskrivelse" in page for page in told[:-1])
    whole = " ".join(told)
    assert [n for n in range(1, 121) if f"V{n} " not in whole] == []
    assert f"Side {len(told)} av {len(told)}" in told[-1]


def test_a_company_has_its_logo_and_its_colour() -> None:
    logo = BytesIO()
    Image.new("RGB", (300, 80), (0, 120, 60)).save(logo, "PNG")
    plain, own = invoice_pdf(first()), invoice_pdf(first(), Style(logo=logo.getvalue(), accent=(0, 120, 60), foot="Medlem av Byggmesterforeningen"))
    assert "Medlem av Byggmesterforeningen" in pages(own)[0]
    shot = pypdfium2.PdfDocument(own)[0].render(scale=1).to_pil().convert("RGB")
    assert (0, 120, 60) in set(shot.crop((50, 40, 250, 100)).get_flattened_data())
    assert (0, 120, 60) not in set(pypdfium2.PdfDocument(plain)[0].render(scale=1).to_pil().convert("RGB").get_flattened_data())
