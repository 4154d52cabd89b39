"""`crm-lab send`."""

from __future__ import annotations

from pathlib import Path

import click

from crm_lab.cli.options import connected, count, data_option, plainly


@click.command(name="send")
@data_option
@plainly
def send(data: Path) -> None:
    """Send the invoices that wait, as the employee CRM_USER: e-mail by CRM_MAIL_SERVER, EHF by CRM_EHF_DELIVERY."""
    from crm_lab.sending import send_queued

    crm = connected(data)
    try:
        sent, failed = send_queued(crm, on_progress=count)
        click.echo(f"{sent} sent, {failed} not sent")
    finally:
        crm.close()
