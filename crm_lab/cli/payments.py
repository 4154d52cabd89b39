"""`crm-lab import payments`."""

from __future__ import annotations

from pathlib import Path

import click

from crm_lab.cli.options import connected, count, data_option, plainly


@click.command(name="payments")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@data_option
@plainly
def import_payments(file: Path, data: Path) -> None:
    """Book an OCR giro, camt.053 or camt.054 file, as the employee CRM_USER; money that is known is left alone."""
    crm = connected(data)
    try:
        booked = crm.payments.read(file, on_progress=count)
        for row in crm.payments.lines(id=booked.id).to_dict("records"):
            if row["state"] in {"unplaced", "faulty"}:
                click.echo(f"  {row['line']}: {row['reason']} {row['amount_minor'] / 100:.2f} {row['payer_name']} {row['text']}", err=True)
        click.echo(booked.sentence)
    finally:
        crm.close()
