"""Reminders as PDF, in Norwegian and English: what is overdue, since when, what it costs by now, until when and where it is paid.

What a reminder must say: inkassoloven § 9 and inkassoforskriften § 1-2 (the claim, its amount, fee and interest apart, and at least
14 days to pay).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_lab.i18n import _, day, number, use_locale
from crm_lab.reports.letterhead import Letter, Style, spaced, write, write_facts, write_payment, write_recipient
from crm_lab.reports.pdf import BODY, INK, LINE, SMALL, SOFT, plain

if TYPE_CHECKING:
    from crm_lab.domain.reminders import ReminderLetter

WEIGHTS, LEFT, ROW = (2.0, 2.2, 1.5, 1.1, 1.7, 1.5), 2, 6.2
FIRST = 1


def reminder_pdf(letter: ReminderLetter, style: Style | None = None) -> bytes:
    """The letter on A4 pages, in the customer's language."""
    with use_locale(letter.language):
        pdf = Letter(reminder_title(letter), "", letter.seller, style or Style(), letter.language)
        pdf.add_page()
        write_recipient(pdf, letter.buyer)
        write_facts(pdf, _facts(letter))
        _write_body(pdf, letter)
        _write_items(pdf, letter)
        _write_sums(pdf, letter)
        write_payment(pdf, _payment(letter))
        return bytes(pdf.output())


def reminder_title(letter: ReminderLetter) -> str:
    """What the letter is called."""
    return _("Payment reminder") if letter.level == FIRST else _("Payment reminder no. {n}", n=letter.level)


def _facts(letter: ReminderLetter) -> list[tuple[str, str]]:
    return [
        (_("Date"), day(letter.reminded_on)), (_("To be paid by"), day(letter.due_on)), (_("Customer no."), letter.buyer.reference_id),
        (_("Currency"), letter.currency if letter.currency != "NOK" else ""),
    ]  # fmt: skip


def _write_body(pdf: Letter, letter: ReminderLetter) -> None:
    pdf.set_font("Inter", "", BODY + 0.5)
    pdf.set_text_color(*INK)
    said = (
        _("We cannot see that these invoices are paid. Please pay {amount} by {day}. If you paid in the last days, you need do nothing.", amount=f"{letter.currency} {number(letter.total, 2)}", day=day(letter.due_on))
        if letter.level == FIRST else
        _("These invoices are still not paid, though we have reminded you before. Pay {amount} by {day}, else the claim may be sent to debt collection, which costs more.", amount=f"{letter.currency} {number(letter.total, 2)}", day=day(letter.due_on))
    )  # fmt: skip
    pdf.multi_cell(0, 5, plain(said), align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)


def _write_items(pdf: Letter, letter: ReminderLetter) -> None:
    widths = [pdf.epw * weight / sum(WEIGHTS) for weight in WEIGHTS]
    _write_row(pdf, widths, (_("Invoice"), "KID", _("Due"), _("Days late"), _("Open"), _("Interest")), SOFT)
    pdf.set_draw_color(*pdf.style.accent)
    pdf.set_line_width(0.4)
    pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())
    pdf.set_line_width(0.15)
    pdf.set_draw_color(*LINE)
    for item in letter.items:
        cells = (item.document_number or "–", item.kid, day(item.due_on), str(item.days_late), number(item.open_amount, 2), number(item.interest, 2) if item.interest else "")
        _write_row(pdf, widths, cells, INK)
        pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())


def _write_row(pdf: Letter, widths: list[float], cells: tuple[str, ...], color: tuple[int, int, int]) -> None:
    if pdf.will_page_break(ROW):
        pdf.add_page()
    pdf.set_font("Inter", "", SMALL + 0.5)
    pdf.set_text_color(*color)
    for at, (text, width) in enumerate(zip(cells, widths, strict=True)):
        pdf.cell(width, ROW, plain(text), align="L" if at < LEFT else "R")
    pdf.ln(ROW)


def _write_sums(pdf: Letter, letter: ReminderLetter) -> None:
    rows = [(_("Invoices"), letter.open_amount), (_("Interest to {day}", day=day(letter.reminded_on)), letter.interest), (_("Reminder fee"), letter.fee)]
    told = [(label, number(amount, 2), False) for label, amount in rows if amount]
    told.append((_("To pay"), f"{letter.currency} {number(letter.total, 2)}", True))
    pdf.ln(3)
    for label, amount, is_last in told:
        left, width = pdf.l_margin + pdf.epw * 0.5, pdf.epw * 0.5
        style, size = ("B", BODY + 2) if is_last else ("", BODY)
        y = pdf.get_y() + (1 if is_last else 0)
        pdf.set_xy(left, y)
        write(pdf, size, INK if is_last else SOFT, label, style=style, height=6, width=width * 0.6)
        pdf.set_xy(left + width * 0.6, y)
        write(pdf, size, INK, amount, style=style, height=6, width=width * 0.4, align="R")
    if letter.interest:
        pdf.set_x(pdf.l_margin)
        pdf.ln(2)
        write(pdf, SMALL + 0.5, SOFT, _("Late interest is reckoned by the Act relating to interest on overdue payments, day by day until it is paid."))


def _payment(letter: ReminderLetter) -> list[tuple[str, str]]:
    return [
        (_("Account"), spaced(letter.account)), ("IBAN", letter.iban), ("BIC", letter.bic), ("KID", letter.kid), (_("To be paid by"), day(letter.due_on)),
        (_("To pay"), f"{letter.currency} {number(letter.total, 2)}"),
    ]  # fmt: skip
