"""`crm-lab backup` and `crm-lab restore`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crm_lab.cli.options import data_option, in_company, plainly
from crm_lab.i18n import _


@click.command()
@click.option("--keep", type=click.IntRange(min=1), help="Leave so many backups afterwards; the oldest go. Else all stay.")
@data_option
@plainly
def backup(data: Path, keep: int | None) -> None:
    """Write a consistent copy to DATA/backup, also while it is served (the store makes one nightly)."""
    from crm_lab.store.backup import backup as back_up

    click.echo(in_company(data, lambda database: str(back_up(database, data / "backup", keep=keep)), lambda crm: str(crm.company.backup(keep=keep))))


@click.command()
@click.argument("backup", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("target", type=click.Path(path_type=Path))
@plainly
def restore(backup: Path, target: Path) -> None:
    """Make a company in the new folder TARGET from a BACKUP, checked file by file and row by row."""
    from crm_lab.services.check import check
    from crm_lab.store.engine import Database
    from crm_lab.store.restore import restore as make_anew

    with click.progressbar(length=1, label=backup.name, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        manifest = make_anew(backup, target, show)
    database = Database(f"duckdb:///{target / 'crm.duckdb'}")
    try:
        faults = check(database)
    finally:
        database.close()
    for fault in faults:
        click.echo(fault)
    n_rows = sum(manifest.tables.values())
    click.echo(_("{rows} rows and {documents} documents as of {at} UTC are in {path}.", rows=n_rows, documents=len(manifest.documents), at=f"{manifest.made_at:%Y-%m-%d %H:%M}", path=target))
