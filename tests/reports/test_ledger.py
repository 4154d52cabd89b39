"""Reports: the same figures in PDF, HTML and Excel, in both languages, with every letter right."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pandas as pd
import pypdfium2
import pytest
from python_calamine import load_workbook

from crm_lab.i18n import use_locale
from crm_lab.reports import Form, ageing_report, open_items_report, reminders_report, statement

ON = date(2026, 3, 1)
NAME = "Blåbær & <b>Sønn</b> AS"


def items(n: int = 1) -> pd.DataFrame:
    rows = [
        {
            "customer_number": 10001, "posted_on": date(2026, 1, 2), "due_on": date(2026, 1, 16), "document_number": f"F{i}", "text": f"Ære {NAME}",
            "kid": "12344", "amount_minor": 123_456, "residual_minor": 123_456, "currency": "NOK",
        }
        for i in range(n)
    ]  # fmt: skip
    paid = rows[0] | {"posted_on": date(2026, 2, 1), "due_on": None, "amount_minor": -23_456, "residual_minor": -23_456, "text": "=1+1", "kid": ""}
    return pd.DataFrame([*rows, paid])


def balances() -> pd.DataFrame:
    ages = {"not_due_minor": 100, "d1_30_minor": 0, "d31_60_minor": 123_456, "d61_90_minor": 0, "d91_on_minor": 0, "unplaced_minor": 50}
    return pd.DataFrame([{"customer_number": 10001, "customer_name": NAME, "currency": "NOK", "n_open": 2, "balance_minor": 123_506} | ages])


def reminders() -> pd.DataFrame:
    amounts = {"open_minor": 123_456, "fee_minor": 3500, "compensation_minor": 46_000, "interest_minor": 99, "total_minor": 127_055}
    said = {"customer_number": 10001, "customer_name": NAME, "document_number": "F1", "due_on": date(2026, 1, 16), "days_late": 44}
    return pd.DataFrame([said | amounts | {"is_rate_known": False}])


REPORTS = {
    "statement": lambda form: statement(items(), company="Vår AS", recipient=(NAME, "Gata 1"), on=ON, form=form),
    "ageing": lambda form: ageing_report(balances(), company="Vår AS", on=ON, form=form),
    "open": lambda form: open_items_report(items().assign(customer_name=NAME), company="Vår AS", on=ON, form=form),
    "reminders": lambda form: reminders_report(reminders(), company="Vår AS", on=ON, form=form),
}
SAID = {"nb": ("1\xa0234,56", {"statement": "Kontoutskrift", "ageing": "Aldersfordelt", "open": "Åpne poster", "reminders": "Purringer"}),
        "en": ("1,234.56", {"statement": "Statement of account", "ageing": "Ageing", "open": "Open items", "reminders": "Reminders"})}  # fmt: skip


def pdf_text(data: bytes) -> str:
    with pypdfium2.PdfDocument(data) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("locale", SAID)
def test_pdf(name: str, locale: str) -> None:
    with use_locale(locale):
        text = pdf_text(REPORTS[name](Form.PDF))
    amount, titles = SAID[locale]
    assert titles[name] in text
    assert NAME in text
    assert amount.replace("\xa0", " ") in text.replace("\xa0", " ")


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("locale", SAID)
def test_html_is_one_safe_file(name: str, locale: str) -> None:
    with use_locale(locale):
        text = REPORTS[name](Form.HTML).decode()
    amount, titles = SAID[locale]
    assert f"<h1>{titles[name]}" in text
    assert "Blåbær &amp; &lt;b&gt;Sønn&lt;/b&gt; AS" in text
    assert amount in text
    assert "http" not in text
    assert f'lang="{locale}"' in text


def cells(data: bytes) -> list[Any]:
    return [cell for row in load_workbook(io.BytesIO(data)).get_sheet_by_index(0).to_python() for cell in row if cell != ""]


@pytest.mark.parametrize("name", REPORTS)
def test_excel_has_numbers(name: str) -> None:
    found = cells(REPORTS[name](Form.EXCEL))
    assert 1234.56 in found
    assert any(NAME in str(cell) for cell in found)


def test_what_looks_like_a_formula_stays_text() -> None:
    assert "=1+1" in cells(REPORTS["statement"](Form.EXCEL))


def test_letters_of_other_alphabets_are_in_the_pdf() -> None:
    name = "Ánneš Čáhppe Đorđe Łódź"
    assert name in pdf_text(statement(items(), company="Vår AS", recipient=(name,), on=ON))


def test_the_heads_stand_on_every_page_and_words_too_long_are_broken() -> None:
    text = pdf_text(statement(items(120).assign(text="x" * 300), company="Vår AS", recipient=(NAME,), on=ON))
    assert text.count("Beløp") >= text.count("Side ") > 3


def test_nothing_to_tell() -> None:
    for form in Form:
        assert statement(items().head(0), company="Vår AS", recipient=(NAME,), on=ON, form=form)
        assert ageing_report(balances().head(0), company="Vår AS", on=ON, form=form)
        assert reminders_report(reminders().head(0), company="Vår AS", on=ON, form=form)


def test_a_balance_brought_forward() -> None:
    with use_locale("en"):
        text = pdf_text(statement(items(), company="Vår AS", recipient=(NAME,), on=ON, since=date(2026, 2, 1)))
    assert "Balance brought forward" in text
    assert "1,000.00" in text
