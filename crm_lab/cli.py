"""The command `crm-lab`: everything an administrator does from a shell."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crm_lab import __version__
from crm_lab.errors import CrmError
from crm_lab.i18n import ngettext

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.services.register import Report
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


def open_company(data: Path) -> Database:
    """The company's database in this process. Raises `StoreHeld` while it is served."""
    from crm_lab.settings import Settings
    from crm_lab.store.engine import Database

    return Database(Settings(data=data).database_url)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Customer relations for Norwegian businesses that live in notebooks."""


@main.command()
@data_option
@click.option("--name", prompt="Company name")
@click.option("--admin", prompt="User name of the first administrator")
@click.option("--admin-name", prompt="Full name")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
@plainly
def init(data: Path, name: str, admin: str, admin_name: str, password: str) -> None:
    """Make an empty company with its first administrator."""
    from crm_lab.services.company import create_company

    database = open_company(data)
    try:
        create_company(database, name=name, username=admin, admin_name=admin_name, password=password)
    finally:
        database.close()
    click.echo(f"{name}: {data}. Start it: crm-lab serve --data {data}")


@main.command()
@data_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8866, show_default=True)
@click.option("--base-url", default="/", show_default=True, help="Path prefix behind a proxy, such as /app/.")
@click.option("--trust-proxy", default="", help="Addresses whose X-Forwarded-* headers are believed.")
@plainly
def serve(data: Path, host: str, port: int, base_url: str, trust_proxy: str) -> None:
    """Start the store and the web server; both are started again if they stop."""
    from crm_lab.server.supervisor import Supervisor

    sys.exit(Supervisor(data, host=host, port=port, base_url=base_url, trust_proxy=trust_proxy).run())


@main.command()
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), default=Path("var/demo"), show_default=True)
@click.option("--scale", default=1, show_default=True, help="How many times the 1,146 real companies.")
@click.option("--port", default=8866, show_default=True)
@click.option("--only-make", is_flag=True, help="Make the company and stop.")
@plainly
def demo(data: Path, scale: int, port: int, *, only_make: bool) -> None:
    """Make the demo company the first time, then serve it."""
    from crm_lab.server.supervisor import Supervisor
    from crm_lab.services.demo import DEMO_PASSWORD

    if not (data / "ready").exists():
        _make_demo(data, scale)
    if only_make:
        return
    supervisor = Supervisor(data, port=port, demo=True)
    click.echo(f"\n  http://127.0.0.1:{port}\n  Kari Nordmann: kari / {DEMO_PASSWORD}\n  Ctrl+C stops.\n")
    sys.exit(supervisor.run())


def _make_demo(data: Path, scale: int) -> None:
    from crm_lab.services.demo import create_demo

    for leftover in data.glob("crm.duckdb*"):
        leftover.unlink()
    database = open_company(data)
    try:
        with click.progressbar(length=100, label="Demo company", file=sys.stderr) as bar:
            create_demo(database, scale=scale, on_progress=lambda done, total: bar.update(100 * done // total - bar.pos))
    finally:
        database.close()
    (data / "ready").touch()


@main.group(name="import")
def import_() -> None:
    """Read a file into the company."""


@import_.command(name="register")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--as", "target", type=click.Choice(["lookup", "customers"]), default="lookup", show_default=True)
@click.option("--owner", default="", help="User name that owns the customers; else the first administrator.")
@force_option
@data_option
@plainly
def import_register(file: Path, target: str, owner: str, data: Path, *, force: bool) -> None:
    """Read Enhetsregisteret's bulk CSV or JSON (also gz) as the look-up register or as customers."""
    from crm_lab.services.register import import_customers

    if target == "lookup":
        _load_copy(data, [file], is_forced=force)
        return
    database = open_company(data)
    try:
        report = import_customers(database, file, owner=owner)
    finally:
        database.close()
    _tell(report)


def _tell(report: Report) -> None:
    click.echo(report.sentence())
    for fault in report.faults[:20]:
        click.echo(f"  {fault.line}: {fault.field}: {fault.message}", err=True)


@main.group()
def register() -> None:
    """Keep our own copy of Enhetsregisteret."""


@register.command(name="update")
@click.option(
    "--file", "files", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Bulk file fetched before, JSON or CSV, also gz; may be given twice (units, sub-units).",
)  # fmt: skip
@click.option("--url", default="", help="The register's service, else CRM_REGISTER_URL.")
@click.option("--full", is_flag=True, help="Fetch the bulk files even where there is a copy.")
@force_option
@data_option
@plainly
def update_register(files: tuple[Path, ...], url: str, data: Path, *, full: bool, force: bool) -> None:
    """Fetch Enhetsregisteret the first time, and what has changed there ever after, while people work."""
    from crm_lab.exchange.register import RegisterApi
    from crm_lab.services.register import follow_register
    from crm_lab.settings import Settings, utc_now

    url = url or Settings().register_url
    copy = copy_path(data)
    if files:
        _load_copy(data, list(files), is_forced=force)
    elif full or not copy.exists():
        _fetch_copy(data, url, is_forced=force)
    if not url:
        return
    api = RegisterApi(url, patience=120.0)
    n = follow_register(copy, api, now=utc_now(), on_progress=_count)
    click.echo(ngettext("{n} change since then.", "{n} changes since then.", n))


def copy_path(data: Path) -> Path:
    """Where the company in `data` keeps its copy of the register."""
    from sqlalchemy import make_url

    from crm_lab.settings import Settings
    from crm_lab.store.register import register_path

    return register_path(make_url(Settings(data=data).database_url))


def _fetch_copy(data: Path, url: str, *, is_forced: bool) -> None:
    from crm_lab.exchange.register import RegisterAway
    from crm_lab.services.register import download_register

    if not url:
        raise RegisterAway
    folder = data / "register"
    with click.progressbar(length=1, label="Enhetsregisteret", file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        files, made_at = download_register(url, folder, show)
    _load_copy(data, files, is_forced=is_forced, made_at=made_at)
    shutil.rmtree(folder)


def _load_copy(data: Path, files: list[Path], *, is_forced: bool, made_at: datetime | None = None) -> None:
    """Load bulk files; a file without a known date is as old as its last change."""
    from crm_lab.services.register import load_register

    made = made_at or datetime.fromtimestamp(min(file.stat().st_mtime for file in files), UTC)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    report = load_register(copy_path(data), files, made_at=made, is_forced=is_forced, on_progress=_count)
    _tell(report)


def _count(n: int) -> None:
    """A line that counts, where somebody watches."""
    if sys.stderr.isatty():
        click.echo(f"\r{n:,}".replace(",", " "), nl=False, err=True)


def _import_file(kind: str, file: Path, data: Path, choices: dict[str, object]) -> None:
    """Read a file through `connect()`, so that it also works while the company is served."""
    from crm_lab.domain.imports import FileRejected, ImportChoices, columns_of

    crm = _connected(data)
    try:
        job = crm.imports.read(file, kind)
        for header, key in zip(job.header, job.mapping, strict=True):
            click.echo(f"  {header} → {columns_of(job.kind)[key].label if key else '–'}")
        with click.progressbar(length=job.n_rows, label=file.name, file=sys.stderr) as bar:
            job.check(lambda done, _total: bar.update(done - bar.pos))
        click.echo(job.run(ImportChoices(**choices)).sentence)  # type: ignore[arg-type]
    except FileRejected as error:
        for row in error.rows[:20]:
            click.echo(f"  {row['line']}: {row['field']}: {row['message']}", err=True)
        raise
    finally:
        crm.close()


def _import_options(command: Callable[..., R]) -> Callable[..., R]:
    for option in (
        click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False)),
        click.option("--skip-faulty", is_flag=True, help="Bring in the rows that are right; else one fault stops the file."),
        click.option("--update", is_flag=True, help="Write over what we have of known ones; else they are left alone."),
        click.option("--new-categories", is_flag=True, help="Make categories that nobody has made yet."),
        data_option,
    ):
        command = option(command)
    return command


@import_.command(name="customers")
@_import_options
@plainly
def import_customers(file: Path, data: Path, *, skip_faulty: bool, update: bool, new_categories: bool) -> None:
    """Read customers and suppliers from a CSV, Excel or vCard file, as the employee CRM_USER."""
    known = "update" if update else "skip"
    _import_file("customers", file, data, {"known": known, "skip_faulty": skip_faulty, "new_categories": new_categories})


@import_.command(name="contacts")
@_import_options
@click.option("--without-company", is_flag=True, help="Also those whose company is not found, without one.")
@plainly
def import_contacts(
    file: Path, data: Path, *, skip_faulty: bool, update: bool, new_categories: bool, without_company: bool
) -> None:
    """Read contacts from a CSV, Excel or vCard file; the company is a number, an organisation number or a name."""
    known = "update" if update else "skip"
    choices = {"known": known, "skip_faulty": skip_faulty, "new_categories": new_categories, "without_company": without_company}
    _import_file("contacts", file, data, choices)


@import_.command(name="saft")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--own-currency", is_flag=True, help="Post lines in the currency they name, else all in the file's.")
@data_option
@plainly
def import_saft(file: Path, data: Path, *, dry_run: bool, own_currency: bool) -> None:
    """Read customers, suppliers and their postings from a SAF-T Financial file, as the employee CRM_USER."""
    crm = _connected(data)
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


@main.group()
def export() -> None:
    """Write the company's data to a file."""


@export.command(name="saft")
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

    crm = _connected(data)
    try:
        who = {"company_number": company_number, "contact": contact, "phone": phone}
        n = export_ledgers(crm, file, first.date(), last.date(), **who, rates=parse_rates(rates))
    finally:
        crm.close()
    click.echo(ngettext("{n} posting.", "{n} postings.", n))


def _connected(data: Path) -> Connection:
    """The company through its store where it is served, else from its file."""
    import os

    from crm_lab.connection import Connection

    os.environ["CRM_DATA"] = str(data)
    return Connection.find()


@main.command()
@data_option
@plainly
def backup(data: Path) -> None:
    """Write a consistent copy to DATA/backup (while it is served, the store makes one nightly)."""
    from crm_lab.store.backup import backup as back_up

    database = open_company(data)
    try:
        click.echo(back_up(database, data / "backup"))
    finally:
        database.close()


@main.command()
@data_option
@plainly
def check(data: Path) -> None:
    """Look for broken references and numbers; exits with 1 where there are any."""
    from crm_lab.services.check import check as check_company

    database = open_company(data)
    try:
        faults = check_company(database)
    finally:
        database.close()
    for fault in faults:
        click.echo(fault)
    click.echo("OK" if not faults else f"{len(faults)} faults")
    sys.exit(1 if faults else 0)
