"""`crm-lab person`: what is held on a person, erasing it, and how long things are kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from crm_lab.cli.options import connected, data_option, plainly
from crm_lab.errors import InvalidInput, NotFound
from crm_lab.i18n import _

if TYPE_CHECKING:
    from crm_lab.connection import Connection
    from crm_lab.domain.privacy import PersonKind

FORMS = ("pdf", "json", "html", "xlsx")


@click.group()
def person() -> None:
    """What is held on a person, and erasing it."""


@person.command(name="report")
@click.argument("who")
@click.option("--format", "form", type=click.Choice(FORMS), default="pdf", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Else person-ID.FORMAT in this folder.")
@click.option("--reason", default="", help="Why an administrator is to see what is private to colleagues; they are told.")
@data_option
@plainly
def report(who: str, form: str, out: Path | None, reason: str, data: Path) -> None:
    """All that is held on WHO (an id, a customer's number, an e-mail address or a name), as the employee CRM_USER."""
    from crm_lab.i18n import set_locale
    from crm_lab.reports.privacy import person_report

    crm = connected(data)
    try:
        set_locale(crm.me.locale)
        kind, key = find(crm, who)
        made = person_report(crm.privacy.report(kind=kind, id=key, reason=reason), company=crm.company.facts().name, form=form)
    finally:
        crm.close()
    path = out or Path(f"person-{key.hex[-6:]}.{form}")
    path.write_bytes(made)
    click.echo(str(path))


@person.command(name="erase")
@click.argument("who")
@click.option("--reason", default="", help="Why; it is kept in the log.")
@click.option("--keep-documents", is_flag=True, help="Leave the files on the card.")
@click.option("--yes", is_flag=True, help="Do it; else it is only told what would be done.")
@data_option
@plainly
def erase(who: str, reason: str, data: Path, *, keep_documents: bool, yes: bool) -> None:
    """Erase WHO for good, as the administrator CRM_USER; what bookkeeping law keeps stays until its day."""
    crm = connected(data)
    try:
        kind, key = find(crm, who)
        plan = crm.privacy.plan(kind=kind, id=key)
        for name, n in plan.rows.items():
            click.echo(f"  {name}: {n}")
        for name, n in plan.mentions.items():
            click.echo("  " + _("{name}: {n} that name the person", name=name, n=n))
        if plan.shared:
            click.echo(_("Others have these too, so they stay where others are written about: {strings}", strings=", ".join(plan.shared)))
        if plan.kept_until:
            click.echo(_("Bookkeeping law keeps {n} rows until {day}.", n=plan.n_kept, day=f"{plan.kept_until:%d.%m.%Y}"))
        if plan.n_backups:
            click.echo(_("{n} backups still hold the person. They go one by one as new ones are made; a restored one must be erased from again.", n=plan.n_backups))
        if not yes:
            click.echo(_("Nothing is done. Add --yes to erase."))
            return
        click.echo(crm.privacy.erase(kind=kind, id=key, reason=reason, keep_documents=keep_documents).pseudonym)
    finally:
        crm.close()


@person.command(name="retention")
@click.option("--run", is_flag=True, help="Take what is due by the rules that are switched on; else it is only told.")
@data_option
@plainly
def retention(data: Path, *, run: bool) -> None:
    """What is kept how long, and what is due, as the administrator CRM_USER. At night the store takes it by itself."""
    crm = connected(data)
    try:
        rules = crm.privacy.rules()
        for rule in rules:
            said = _("{kind}: kept {months} months, {n} due", kind=rule.kind, months=rule.months, n=rule.n_due)
            click.echo(said if rule.is_on else said + _(" (switched off)"))
        if run:
            for kind, n in crm.privacy.apply_rules(kinds=[rule.kind for rule in rules if rule.is_on]).items():
                click.echo(f"  {kind}: {n}")
    finally:
        crm.close()


def find(crm: Connection, who: str) -> tuple[PersonKind, UUID]:
    """The one card that is meant. Raises `NotFound`, and `InvalidInput` where there are several."""
    from crm_lab.domain.privacy import PersonKind

    if re.fullmatch(r"\d{1,15}", who):
        return PersonKind.CUSTOMER, crm.customers.by_number(number=int(who)).id
    try:
        key = UUID(who)
    except ValueError:
        pass
    else:
        try:
            return PersonKind.CONTACT, crm.contacts.get(id=key).id
        except NotFound:
            return PersonKind.CUSTOMER, crm.customers.get(id=key).id
    found = [(PersonKind.CONTACT, hit) for hit in crm.search.find(text=who).contacts.hits] + [(PersonKind.CUSTOMER, hit) for hit in crm.search.find(text=who).customers.hits]
    if not found:
        raise NotFound(_("Nobody is found by {text}.", text=who[:80]))
    if len(found) > 1:
        raise InvalidInput(_("Several are found by {text}. Name one by its id:", text=who[:80]) + "".join(f"\n  {hit.id} {hit.name} ({kind})" for kind, hit in found), "who")
    return found[0][0], found[0][1].id
