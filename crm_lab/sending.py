"""Sending what is queued: e-mails with the PDF, and EHF to the access point.

It runs where somebody waits (a page, the command line), never in the store; what fails stays in the queue.
"""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import formataddr, make_msgid
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crm_lab.domain.terms import Distribution
from crm_lab.errors import InvalidInput, Unavailable
from crm_lab.exchange.delivery import delivery_at
from crm_lab.exchange.mail import MailServer, send_mail
from crm_lab.exchange.ubl import Severity, check_ubl, write_ubl
from crm_lab.i18n import _, day, number, unit, use_locale
from crm_lab.reports.invoices import document_title, invoice_pdf
from crm_lab.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.domain.deliveries import Delivery
    from crm_lab.domain.invoices import Invoice

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


def _send(crm: Any, delivery: Delivery, settings: Settings) -> str:
    document: Invoice = crm.invoices.document(id=delivery.invoice_id)
    if delivery.channel is Distribution.EHF:
        return _hand_over(document, settings)
    return _mail(letter(document, delivery, settings), settings)


def letter(document: Invoice, delivery: Delivery, settings: Settings) -> EmailMessage:
    """The e-mail of an invoice in the customer's language, with the PDF."""
    seller = document.seller
    with use_locale(document.language):
        title = f"{document_title(document.kind)} {document.number}"
        text = _letters().get_template(f"invoice.{document.language}.txt.j2").render(
            document=document, title=title, amount=f"{number(document.payable, 2)} {unit(document.currency)}", due=day(document.due_on) if document.due_on else "",
        )  # fmt: skip
    sender = settings.mail_from or seller.email
    if not sender:
        raise CannotSend(_("Nobody is named as the sender. Write the company's e-mail address in the settings of invoicing."), may_retry=False)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = formataddr((seller.name, sender)), delivery.recipient, f"{title} – {seller.name}"
    if delivery.copies:
        message["Cc"] = ", ".join(delivery.copies.split())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message.set_content(text)
    message.add_attachment(invoice_pdf(document), maintype="application", subtype="pdf", filename=f"{title}.pdf")
    return message


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
