"""`crm-lab import customers|contacts|products|budgets|sellers|opportunities`: files of what people keep, through the same checks as the screen."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from crm_lab.cli.options import connected, data_option, plainly

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crm_lab.domain.imports import RowFault

R = TypeVar("R")
A_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
SHOWN_FAULTS, SHOWN_LINES = 20, 5


def import_file(kind: str, file: Path, data: Path, choices: dict[str, object]) -> None:
    """Read a file through `connect()`, so that it also works while the company is served."""
    from crm_lab.domain.imports import FileRejected, ImportChoices, columns_of

    crm = connected(data)
    try:
        job = crm.imports.read(file, kind)
        for header, key in zip(job.header, job.mapping, strict=True):
            click.echo(f"  {header} → {columns_of(job.kind)[key].label if key else '–'}")
        with click.progressbar(length=job.n_rows, label=file.name, file=sys.stderr) as bar:
            job.check(lambda done, _total: bar.update(done - bar.pos))
        chosen = ImportChoices(**choices)  # type: ignore[arg-type]
        plan = job.preview(chosen)
        click.echo(job.run(chosen).sentence)
        _tell(plan.faults, plan.n_faults)
    except FileRejected:
        _tell(plan.faults, plan.n_faults)
        raise
    finally:
        crm.close()


def _options(command: Callable[..., R]) -> Callable[..., R]:
    for option in (
        click.option("--skip-faulty", is_flag=True, help="Bring in the rows that are right; else one fault stops the file."),
        data_option,
    ):
        command = option(command)
    return command


def _party_options(command: Callable[..., R]) -> Callable[..., R]:
    for option in (
        click.argument("file", type=A_FILE),
        click.option("--update", is_flag=True, help="Write over what we have of known ones; else they are left alone."),
        click.option("--new-categories", is_flag=True, help="Make categories that nobody has made yet."),
    ):
        command = option(command)
    return _options(command)


mend_option = click.option("--mend-names", is_flag=True, help="Take a misspelled name that can mean only one we know for that one.")


@click.command(name="customers")
@_party_options
@mend_option
@plainly
def import_customers(file: Path, data: Path, *, skip_faulty: bool, update: bool, new_categories: bool, mend_names: bool) -> None:
    """Read customers and suppliers from a CSV, Excel or vCard file, as the employee CRM_USER."""
    known = "update" if update else "skip"
    import_file("customers", file, data, {"known": known, "skip_faulty": skip_faulty, "new_categories": new_categories, "mend_names": mend_names})


@click.command(name="contacts")
@_party_options
@click.option("--without-company", is_flag=True, help="Also those whose company is not found, without one.")
@plainly
def import_contacts(
    file: Path, data: Path, *, skip_faulty: bool, update: bool, new_categories: bool, without_company: bool
) -> None:
    """Read contacts from a CSV, Excel or vCard file; the company is a number, an organisation number or a name."""
    known = "update" if update else "skip"
    import_file("contacts", file, data, {"known": known, "skip_faulty": skip_faulty, "new_categories": new_categories, "without_company": without_company})


@click.command(name="opportunities")
@click.argument("file", type=A_FILE)
@click.option("--customers", type=A_FILE, help="Customers to bring in first.")
@click.option("--products", type=A_FILE, help="Products to bring in first.")
@click.option("--sellers", type=A_FILE, help="Colleagues to bring in first; they cannot log in until they are given a password.")
@_options
@mend_option
@plainly
def import_opportunities(
    file: Path, data: Path, *, customers: Path | None, products: Path | None, sellers: Path | None, skip_faulty: bool, mend_names: bool
) -> None:
    """Read opportunities from a CSV or Excel file; customers, products, sellers and stages are found by their names."""
    choices: dict[str, object] = {"skip_faulty": skip_faulty, "mend_names": mend_names}
    for kind, first in (("customers", customers), ("products", products), ("sellers", sellers), ("opportunities", file)):
        if first is not None:
            import_file(kind, first, data, choices)


def add_imports(group: click.Group) -> None:
    """Add the commands of this module."""
    for command in (import_customers, import_contacts, import_opportunities, *map(_plain, ("products", "budgets", "sellers"))):
        group.add_command(command)


def _plain(kind: str) -> click.Command:
    """The command of a kind of file that has no choices of its own."""

    @click.command(name=kind, help=f"Read {kind} from a CSV or Excel file, as the employee CRM_USER.")
    @click.argument("file", type=A_FILE)
    @click.option("--update", is_flag=True, help="Write over what we have of known ones; else they are left alone.")
    @_options
    @plainly
    def command(file: Path, data: Path, *, update: bool, skip_faulty: bool) -> None:
        import_file(kind, file, data, {"known": "update" if update else "skip", "skip_faulty": skip_faulty})

    return command


def _tell(faults: Sequence[RowFault], n: int) -> None:
    """Each fault once, with the first lines that have it."""
    told: dict[tuple[str, str], list[int]] = {}
    for fault in faults:
        told.setdefault((fault.field, fault.message), []).append(fault.line)
    for (field, message), lines in list(told.items())[:SHOWN_FAULTS]:
        more = f" … ({len(lines)})" if len(lines) > SHOWN_LINES else ""
        click.echo(f"  {', '.join(map(str, lines[:SHOWN_LINES]))}{more}: {field}: {message}", err=True)
    if n > len(faults) or len(told) > SHOWN_FAULTS:
        click.echo(f"  … {n}", err=True)
