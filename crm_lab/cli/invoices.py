"""`crm-lab send`, `remind`, `repeat`, `nightly` and `import bounces`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from crm_lab.cli.options import connected, count, data_option, plainly
from crm_lab.errors import CrmError

day_option = click.option("--on", "on", type=click.DateTime(["%Y-%m-%d"]), help="The day it is done as of; else today.")


@click.command(name="send")
@data_option
@plainly
def send(data: Path) -> None:
    """Send what waits – invoices, reminders, quotes – as the employee CRM_USER: e-mail by CRM_MAIL_SERVER, EHF by CRM_EHF_DELIVERY."""
    from crm_lab.sending import send_queued

    crm = connected(data)
    try:
        sent, failed = send_queued(crm, on_progress=count)
        click.echo(f"{sent} sent, {failed} not sent")
    finally:
        crm.close()


@click.command(name="remind")
@day_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="A folder to write the letters to as PDF.")
@click.option("--dry-run", is_flag=True, help="Tell whose turn it is, and make nothing.")
@data_option
@plainly
def remind(on: datetime | None, out: Path | None, data: Path, *, dry_run: bool) -> None:
    """Make and send the reminders whose turn it is by the company's rules, as the accountant CRM_USER."""
    from crm_lab.i18n import business_day
    from crm_lab.settings import utc_now

    crm, day = connected(data), on.date() if on else business_day(utc_now())
    try:
        if dry_run:
            frame = crm.ledger.reminders(on=day)
            click.echo(frame[frame.is_due][["customer_number", "customer_name", "document_number", "days_late", "n_reminders"]].to_string(index=False))
            return
        made = crm.reminders.send(on=day)
        for one in made if out else ():
            out.mkdir(parents=True, exist_ok=True)  # type: ignore[union-attr]
            (out / f"{one.reminded_on}-{one.id}.pdf").write_bytes(crm.reminders.pdf(id=one.id))  # type: ignore[operator]
        click.echo(f"{len(made)} reminders")
    finally:
        crm.close()


@click.command(name="repeat")
@day_option
@data_option
@plainly
def repeat(on: datetime | None, data: Path) -> None:
    """Make the orders that repeat and are due, as drafts of the employee CRM_USER."""
    from crm_lab.i18n import business_day
    from crm_lab.settings import utc_now

    crm = connected(data)
    try:
        click.echo(f"{crm.orders.repeat(on=on.date() if on else business_day(utc_now()))} orders")
    finally:
        crm.close()


@click.command(name="nightly")
@data_option
@plainly
def nightly(data: Path) -> None:
    """Do now what the company has switched on for the night: orders that repeat, and reminders. The store does it by itself while it is served."""
    from crm_lab.sending import work_at_night

    crm = connected(data)
    try:
        orders, reminders = work_at_night(crm)
        click.echo(f"{orders} orders, {reminders} reminders")
    finally:
        crm.close()


@click.command(name="bounces")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@data_option
@plainly
def import_bounces(files: tuple[Path, ...], data: Path) -> None:
    """Tell the log of what was sent that e-mails came back, from notifications (.eml), as the accountant CRM_USER."""
    crm, refused = connected(data), 0
    try:
        for file in files:
            try:
                click.echo(f"{file.name}: {crm.deliveries.read_bounce(file.read_bytes()).error}")
            except CrmError as error:
                refused += 1
                click.echo(f"{file.name}: {error.message}", err=True)
    finally:
        crm.close()
    sys.exit(1 if refused else 0)
