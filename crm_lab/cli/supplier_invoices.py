"""`crm-lab import invoices`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crm_lab.cli.options import connected, data_option, plainly
from crm_lab.errors import CrmError


@click.command(name="invoices")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@data_option
@plainly
def import_invoices(files: tuple[Path, ...], data: Path) -> None:
    """Post received EHF invoices and credit notes on their suppliers, as the employee CRM_USER; those that are known are left alone."""
    crm = connected(data)
    refused = 0
    try:
        for file in files:
            try:
                click.echo(f"{file.name}: {crm.supplier_invoices.read(file).sentence}")
            except CrmError as error:
                refused += 1
                click.echo(f"{file.name}: {error.message}", err=True)
    finally:
        crm.close()
    sys.exit(1 if refused else 0)
