"""`crm-lab copy`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crm_lab.cli.options import plainly
from crm_lab.i18n import _


@click.command(name="copy")
@click.argument("source")
@click.argument("target")
@plainly
def copy(source: str, target: str) -> None:
    """Copy a company that nobody serves from SOURCE to TARGET, a folder or postgresql://user@host/name each, verified."""
    from crm_lab.store.copying import copy_company
    from crm_lab.store.engine import Database

    here = Database(database_url(source))
    try:
        there = Database(database_url(target))
        try:
            with click.progressbar(length=1, label=target.rpartition("@")[2], file=sys.stderr) as bar:

                def show(done: int, total: int) -> None:
                    bar.length = max(total, 1)
                    bar.update(done - bar.pos)

                found = copy_company(here, there, show)
        finally:
            there.close()
    finally:
        here.close()
    for name, sum_ in found.items():
        click.echo(f"{sum_.n_rows:>12}  {sum_.digest}  {name}")
    click.echo(_("{n} rows in {tables} tables, the same on both sides.", n=sum(one.n_rows for one in found.values()), tables=len(found)))


def database_url(text: str) -> str:
    """A folder, or a URL, as SQLAlchemy takes it."""
    if text.startswith(("postgresql://", "postgres://")):
        return f"postgresql+psycopg://{text.partition('://')[2]}"
    return text if "://" in text else f"duckdb:///{Path(text) / 'crm.duckdb'}"
