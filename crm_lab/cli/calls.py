"""`crm-lab import calls` and `crm-lab calls forget`."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import click

from crm_lab.cli.options import connected, data_option, plainly
from crm_lab.i18n import _, ngettext

AT_A_TIME = 2000
SHOWN = 20


@click.command(name="calls")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--columns", default="", help="The file's columns in order, by commas, where they are not the usual ones.")
@click.option("--zone", default="Europe/Oslo", show_default=True, help="Time zone of the exchange's clock.")
@data_option
@plainly
def import_calls(file: Path, columns: str, zone: str, data: Path) -> None:
    """Read call records of Asterisk (Master.csv) or 3CX (cdr.log), as the administrator CRM_USER; calls that are known stay."""
    from crm_lab.domain.calls import CallReport
    from crm_lab.exchange.telephony import CallFault, read_cdr

    source, rows = read_cdr(file.read_bytes(), columns=columns, zone=zone)
    crm, faults, done = connected(data), [], [0, 0, 0, 0]
    try:
        while part := list(islice(rows, AT_A_TIME)):
            faults += [row for row in part if isinstance(row, CallFault)]
            read = crm.calls.record(reports=[row for row in part if isinstance(row, CallReport)], source=source)
            for n, many in enumerate((read.n_new, read.n_changed, read.n_known, read.n_internal)):
                done[n] += many
    finally:
        crm.close()
    for fault in faults[:SHOWN]:
        click.echo(f"  {fault.line}: {fault.reason}", err=True)
    click.echo(_("{new} new calls, {changed} changed, {known} known, {internal} not logged, {faults} lines not read.", new=done[0], changed=done[1], known=done[2], internal=done[3], faults=len(faults)))


@click.group(name="calls")
def calls() -> None:
    """Look after the call log."""


@calls.command()
@data_option
@plainly
def forget(data: Path) -> None:
    """Remove calls older than CRM_CALLS_KEPT_DAYS for good, as the administrator CRM_USER."""
    crm = connected(data)
    try:
        n = crm.calls.forget()
    finally:
        crm.close()
    click.echo(ngettext("{n} call is removed.", "{n} calls are removed.", n))
