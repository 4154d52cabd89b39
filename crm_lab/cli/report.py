"""`crm-lab report`: reports as files, also by mail; run from cron or a timer, they come by themselves."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from crm_lab.cli.options import connected, data_option, plainly
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

FORMS = {"pdf": "application/pdf", "html": "text/html", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "parquet": "application/vnd.apache.parquet"}


@click.group()
def report() -> None:
    """Make a report as a file."""


@report.command(name="pipeline")
@click.option("--month", "text", default="", help="Such as 2026-11; else the present one.")
@click.option("--format", "form", type=click.Choice(list(FORMS)), default="pdf", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Else pipeline-MONTH.FORMAT in this folder.")
@click.option("--email", multiple=True, help="Send it there instead, through CRM_MAIL_SERVER; may be given several times.")
@data_option
@plainly
def pipeline(text: str, form: str, out: Path | None, email: tuple[str, ...], data: Path) -> None:
    """The pipeline of a month: forecast against budget, what came and went, stages, sellers, reasons; as the employee CRM_USER sees it."""
    from crm_lab.i18n import business_day, set_locale
    from crm_lab.reports.pipeline import pipeline_frames, pipeline_report
    from crm_lab.settings import utc_now

    of = _month(text) if text else business_day(utc_now())
    crm = connected(data)
    try:
        set_locale(crm.me.locale)
        company = crm.invoices.settings()
        made = pipeline_report(pipeline_frames(crm), company=crm.company.facts().name, of=of, now=utc_now(), form=form)
    finally:
        crm.close()
    name = f"pipeline-{of:%Y-%m}.{form}"
    if email:
        send_report(made, name, email, FORMS[form], company.email)
        click.echo(_("{name} is sent to {people}.", name=name, people=", ".join(email)))
        return
    path = out or Path(name)
    path.write_bytes(made)
    click.echo(str(path))


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InvalidInput(_("{text} is not a month. Write 2026-11.", text=text[:40]), "month") from None


def send_report(made: bytes, name: str, people: tuple[str, ...], kind: str, company: str) -> None:
    """Send a file to people, from CRM_MAIL_FROM or the company. Raises `InvalidInput`."""
    from crm_lab.exchange.mail import MailServer, compose, send_mail
    from crm_lab.settings import Settings, utc_now

    settings = Settings()
    sender = settings.mail_from or company
    if not sender:
        raise InvalidInput(_("Nobody is named as the sender. Write the company's e-mail address in the settings of invoicing, or CRM_MAIL_FROM."), "mail_from")
    message = compose(sender=sender, to=people, subject=name, text=_("The report is attached."), files=[(name, kind, made)], at=utc_now())
    send_mail(MailServer.parse(settings.mail_server), message)
