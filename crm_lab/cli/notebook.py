"""`crm-lab notebook`: notebooks run with parameters and written as files, also by mail; from cron or a timer they come by themselves."""

from __future__ import annotations

import os
from pathlib import Path

import click

from crm_lab.cli.options import connected, data_option, plainly
from crm_lab.cli.report import send_report
from crm_lab.i18n import _
from crm_lab.reports.notebooks import FORMS, export_notebook, parameter


@click.group()
def notebook() -> None:
    """Make a file of a notebook."""


@notebook.command(name="export")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--format", "form", type=click.Choice(list(FORMS)), default="html", show_default=True)
@click.option("--param", multiple=True, help="name=value, set below the cell that is tagged parameters; may be given several times.")
@click.option("--code", is_flag=True, help="Show the code too.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Else NAME.FORMAT in this folder.")
@click.option("--email", multiple=True, help="Send it there instead, through CRM_MAIL_SERVER; may be given several times.")
@data_option
@plainly
def export(file: Path, form: str, param: tuple[str, ...], out: Path | None, email: tuple[str, ...], data: Path, *, code: bool) -> None:
    """Run a notebook as the employee CRM_USER and write what it shows as one file."""
    told = dict(map(parameter, param))
    crm = connected(data)
    try:
        company = crm.invoices.settings().email
    finally:
        crm.close()
    os.environ["CRM_DATA"] = str(data.resolve())
    made = export_notebook(file, form, told, shows_code=code)
    name = f"{file.stem}.{'md' if form == 'markdown' else form}"
    if email:
        send_report(made, name, email, FORMS[form], company)
        click.echo(_("{name} is sent to {people}.", name=name, people=", ".join(email)))
        return
    path = out or Path(name)
    path.write_bytes(made)
    click.echo(str(path))
