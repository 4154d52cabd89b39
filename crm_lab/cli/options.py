"""What the commands share."""

from __future__ import annotations

import os
import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crm_lab.errors import CrmError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

R = TypeVar("R")


def plainly(command: Callable[..., R]) -> Callable[..., R]:
    """Show our own errors as one sentence and exit with 2; anything else is a bug and stays loud."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> R:
        try:
            return command(*args, **kwargs)
        except CrmError as error:
            click.echo(error.message, err=True)
            sys.exit(2)

    return run


data_option = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), default=Path("var/company"), show_default=True,
    envvar="CRM_DATA", help="Folder of the company.",
)  # fmt: skip

force_option = click.option("--force", is_flag=True, help="Take a file with far fewer entities than our copy.")


def count(n: int) -> None:
    """A line that counts, where somebody watches."""
    if sys.stderr.isatty():
        click.echo(f"\r{n:,}".replace(",", " "), nl=False, err=True)


def connected(data: Path) -> Connection:
    """The company through its store where it is served, else from its file."""
    from crm_lab.connection import Connection

    os.environ["CRM_DATA"] = str(data)
    return Connection.find()


def open_company(data: Path) -> Database:
    """The company's database in this process. Raises `StoreHeld` while it is served."""
    from crm_lab.settings import Settings
    from crm_lab.store.engine import Database

    os.environ["CRM_DATA"] = str(data)  # what is beside a database that has no folder is found by it
    return Database(Settings(data=data).database_url)


def in_company(data: Path, here: Callable[[Database], R], served: Callable[[Connection], R]) -> R:
    """Run in this process, or in the store where one holds the company; there as the administrator CRM_USER."""
    from crm_lab.store.engine import StoreHeld

    try:
        database = open_company(data)
    except StoreHeld:
        crm = connected(data)
        try:
            return served(crm)
        finally:
            crm.close()
    try:
        return here(database)
    finally:
        database.close()
