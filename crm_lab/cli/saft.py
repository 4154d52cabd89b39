"""`crm-lab import saft` and `crm-lab export saft`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from crm_lab.cli.options import connected, data_option, plainly
from crm_lab.i18n import ngettext


@click.command(name="saft")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--own-currency", is_flag=True, help="Post lines in the currency they name, else all in the file's.")
@data_option
@plainly
def import_saft(file: Path, data: Path, *, dry_run: bool, own_currency: bool) -> None:
    """Read customers, suppliers and their postings from a SAF-T Financial file, as the employee CRM_USER."""
    crm = connected(data)
    try:
        job = crm.saft.read(file)
        with click.progressbar(length=job.size, label=file.name, file=sys.stderr) as bar:
            for done in job.pieces():
                bar.update(done - bar.pos)
        report = job.preview(in_own_currency=own_currency) if dry_run else job.run(in_own_currency=own_currency)
        job.discard()
    finally:
        crm.close()
    click.echo(report.sentence)
    for difference in report.differences[:20]:
        click.echo(f"  ≠ {difference.sentence}")
    for warning in report.warnings[:20]:
        click.echo(f"  {warning.where}: {warning.field}: {warning.message}", err=True)
    if report.n_warnings > len(report.warnings[:20]):
        click.echo(f"  … {report.n_warnings} in all", err=True)


@click.command(name="saft")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day, 2026-01-01.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Last day, 2026-12-31.")
@click.option("--company-number", required=True, help="Our organisation number.")
@click.option("--contact", default="", help="Who answers for the file.")
@click.option("--phone", default="", help="Their phone.")
@click.option("--rate", "rates", multiple=True, help="Kroner for one of another currency: EUR=11.50.")
@data_option
@plainly
def export_saft(file: Path, first: datetime, last: datetime, company_number: str, contact: str, phone: str, rates: tuple[str, ...], data: Path) -> None:
    """Write the customers' and suppliers' ledgers as SAF-T Financial 1.30."""
    from crm_lab.saft import export_saft as export_ledgers
    from crm_lab.saft import parse_rates

    crm = connected(data)
    try:
        who = {"company_number": company_number, "contact": contact, "phone": phone}
        n = export_ledgers(crm, file, first.date(), last.date(), **who, rates=parse_rates(rates))
    finally:
        crm.close()
    click.echo(ngettext("{n} posting.", "{n} postings.", n))
