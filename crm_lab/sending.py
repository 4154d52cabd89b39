"""Sending what is queued: e-mails with the PDF, and EHF to the access point.

It runs where somebody waits (a page, the command line), never in the store; what fails stays in the queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crm_lab.domain.invoices import DocumentKind
from crm_lab.domain.terms import Distribution
from crm_lab.errors import InvalidInput, Unavailable
from crm_lab.exchange.delivery import delivery_at
from crm_lab.exchange.mail import MailServer, compose, send_mail
from crm_lab.exchange.ubl import Severity, check_ubl, write_ubl
from crm_lab.i18n import _, business_day, day, number, unit, use_locale
from crm_lab.reports.invoices import document_title, invoice_pdf
from crm_lab.reports.reminders import reminder_pdf, reminder_title
from crm_lab.settings import Settings, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from email.message import EmailMessage
    from uuid import UUID

    from crm_lab.domain.deliveries import Delivery
    from crm_lab.domain.invoices import DocumentParty, Invoice
    from crm_lab.domain.reminders import ReminderLetter

LETTERS = Path(__file__).parent / "letters"
MOST_TOLD = 5


class CannotSend(Exception):
    """A delivery that failed; trying again may help or not."""

    def __init__(self, message: str, *, may_retry: bool = True) -> None:
        super().__init__(message)
        self.message, self.may_retry = message, may_retry


def send_queued(crm: Any, settings: Settings | None = None, on_progress: Callable[[int], object] = lambda _done: None) -> tuple[int, int]:
    """Send all that is due; how many were sent, and how many were not. A failure is noted with its delivery."""
    given, sent, failed = settings or Settings(), 0, 0
    while taken := crm.deliveries.take():
        for delivery in taken:
            try:
                message_id = _send(crm, delivery, given)
            except (CannotSend, Unavailable, InvalidInput) as error:
                crm.deliveries.failed(id=delivery.id, error=error.message, may_retry=getattr(error, "may_retry", isinstance(error, Unavailable)))
                failed += 1
            else:
                crm.deliveries.sent(id=delivery.id, message_id=message_id)
                sent += 1
            on_progress(sent + failed)
    return sent, failed


def work_at_night(crm: Any, on: date | None = None) -> tuple[int, int]:
    """Make the orders that repeat, and make and send the reminders whose turn it is, where the company has switched these on; how many of each."""
    settings, day_ = crm.invoices.settings(), on or business_day(utc_now())
    orders = crm.orders.repeat(on=day_) if settings.repeats_nightly else 0
    reminders = len(crm.reminders.send(on=day_)) if settings.reminds_nightly else 0
    return orders, reminders


def _send(crm: Any, delivery: Delivery, settings: Settings) -> str:
    if delivery.reminder_id:
        return _mail(_addressed(_of_reminder(crm, delivery.reminder_id), delivery, settings), settings)
    document: Invoice = crm.invoices.document(id=delivery.invoice_id) if delivery.invoice_id else crm.orders.document(id=delivery.order_id)
    if delivery.channel is Distribution.EHF:
        return _hand_over(document, settings)
    return _mail(_addressed(_of_document(crm, document), delivery, settings), settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    """What an e-mail says, and the PDF with it."""

    title: str
    text: str
    seller: DocumentParty
    pdf: bytes


def _of_document(crm: Any, document: Invoice) -> _Letter:
    """An invoice, quote or confirmation in the customer's language."""
    name = "invoice" if document.kind in {DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE} else "order"
    with use_locale(document.language):
        title = f"{document_title(document.kind)} {document.number}"
        text = _letters().get_template(f"{name}.{document.language}.txt.j2").render(
            document=document, title=title, amount=f"{number(document.payable, 2)} {unit(document.currency)}", due=day(document.due_on) if document.due_on else "",
        )  # fmt: skip
    return _Letter(title=title, text=text, seller=document.seller, pdf=invoice_pdf(document, crm.letterhead.style()))


def _of_reminder(crm: Any, key: UUID) -> _Letter:
    """A reminder in the customer's language."""
    letter: ReminderLetter = crm.reminders.letter(id=key)
    with use_locale(letter.language):
        title = reminder_title(letter)
        text = _letters().get_template(f"reminder.{letter.language}.txt.j2").render(
            letter=letter, title=title.lower(), amount=f"{number(letter.total, 2)} {unit(letter.currency)}", due=day(letter.due_on),
        )  # fmt: skip
    return _Letter(title=title, text=text, seller=letter.seller, pdf=reminder_pdf(letter, crm.letterhead.style()))


def _addressed(letter: _Letter, delivery: Delivery, settings: Settings) -> EmailMessage:
    """The e-mail from the company to whom the delivery names."""
    seller = letter.seller
    sender = settings.mail_from or seller.email
    if not sender:
        raise CannotSend(_("Nobody is named as the sender. Write the company's e-mail address in the settings of invoicing."), may_retry=False)
    return compose(
        sender=sender, sender_name=seller.name, to=[delivery.recipient], copies=delivery.copies.split(), subject=f"{letter.title} – {seller.name}", text=letter.text,
        files=[(f"{letter.title}.pdf", "application/pdf", letter.pdf)],
    )  # fmt: skip


def _mail(message: EmailMessage, settings: Settings) -> str:
    if not settings.mail_server:
        raise CannotSend(_("No mail server is set up. Set CRM_MAIL_SERVER."))
    send_mail(MailServer.parse(settings.mail_server), message)
    return str(message["Message-ID"])


def _hand_over(document: Invoice, settings: Settings) -> str:
    """Hand an EHF to the access point, unless it breaks a rule that makes receivers refuse it."""
    if not settings.ehf_delivery:
        raise CannotSend(_("EHF is not set up. Set CRM_EHF_DELIVERY to the way your access point takes its files."))
    data = write_ubl(document)
    wrong = [finding for finding in check_ubl(data) if finding.severity is Severity.FATAL]
    if wrong:
        told = " ".join(_("Line {n}: {text}", n=f.line, text=f.message) if f.line else f.message for f in wrong[:MOST_TOLD])
        raise CannotSend(_("The EHF breaks rules and was not sent: {reason}", reason=told), may_retry=False)
    headers = {"Authorization": settings.ehf_key} if settings.ehf_key else {}
    way = delivery_at(settings.ehf_delivery, mail_server=settings.mail_server, sender=settings.mail_from or document.seller.email, headers=headers)
    return way.deliver(f"{document.seller.organisation_number}-{document.kind}-{document.number}", data)


@cache
def _letters() -> Environment:
    """The letters, as plain text."""
    return Environment(loader=FileSystemLoader(LETTERS), autoescape=False, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)  # noqa: S701 - plain text
