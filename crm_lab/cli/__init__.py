"""The command `crm-lab`: everything an administrator does from a shell."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_lab import __version__
from crm_lab.cli.backup import backup, restore
from crm_lab.cli.calls import calls, import_calls
from crm_lab.cli.copying import copy
from crm_lab.cli.imports import add_imports
from crm_lab.cli.invoices import import_bounces, nightly, remind, repeat, send
from crm_lab.cli.mail import import_mail
from crm_lab.cli.notebook import notebook
from crm_lab.cli.options import count, data_option, force_option, in_company, open_company, plainly
from crm_lab.cli.payments import import_payments
from crm_lab.cli.person import person
from crm_lab.cli.report import report
from crm_lab.cli.saft import export_saft, import_saft
from crm_lab.cli.supplier_invoices import import_invoices
from crm_lab.i18n import ngettext

if TYPE_CHECKING:
    from crm_lab.connection import Connection
    from crm_lab.services.register import Report


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
    from crm_lab.services.register import import_customers, read_file

    if target == "lookup":
        _load_copy(data, [file], is_forced=force)
        _compare(data)
        return

    def served(crm: Connection) -> Report:
        entities, report = read_file(file)
        report.n_read = crm.register.bring_in(entities=entities, owner=owner)
        report.n_known = len(entities) - report.n_read
        return report

    _tell(in_company(data, lambda database: import_customers(database, file, owner=owner), served))


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
    if url:
        api = RegisterApi(url, patience=120.0)
        n = follow_register(copy, api, now=utc_now(), on_progress=count)
        click.echo(ngettext("{n} change since then.", "{n} changes since then.", n))
    _compare(data)


def _compare(data: Path) -> None:
    """Tell what has changed about our customers; where the company is served, its store does so within a minute."""
    from crm_lab.services.notices import compare_with_register
    from crm_lab.settings import Settings, utc_now
    from crm_lab.store.engine import StoreHeld
    from crm_lab.store.register import register_at

    if not (Settings(data=data).url or (data / "crm.duckdb").exists()):
        return
    try:
        database = open_company(data)
    except StoreHeld:
        return
    try:
        n = compare_with_register(database, register_at(copy_path(data)), now=utc_now())
    finally:
        database.close()
    click.echo(ngettext("{n} notice about our customers.", "{n} notices about our customers.", n))


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
    report = load_register(copy_path(data), files, made_at=made, is_forced=is_forced, on_progress=count)
    _tell(report)


@main.command()
@data_option
@plainly
def check(data: Path) -> None:
    """Look for broken references and numbers, also while it is served; exits with 1 where there are any."""
    from crm_lab.services.check import check as check_company

    faults: list[str] = in_company(data, check_company, lambda crm: list(crm.company.check()))
    for fault in faults:
        click.echo(fault)
    click.echo("OK" if not faults else ngettext("{n} fault", "{n} faults", len(faults)))
    sys.exit(1 if faults else 0)


@main.group()
def export() -> None:
    """Write the company's data to a file."""


add_imports(import_)
import_.add_command(import_calls)
import_.add_command(import_mail)
import_.add_command(import_payments)
main.add_command(notebook)
main.add_command(report)
import_.add_command(import_invoices)
import_.add_command(import_saft)
export.add_command(export_saft)
main.add_command(backup)
main.add_command(restore)
main.add_command(copy)
main.add_command(calls)
main.add_command(person)
main.add_command(send)
main.add_command(remind)
main.add_command(repeat)
main.add_command(nightly)
import_.add_command(import_bounces)
