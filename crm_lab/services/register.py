"""Bringing Enhetsregisteret in: as the look-up register, or as customers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from crm_lab.domain.access import Role
from crm_lab.errors import NotFound
from crm_lab.exchange.register import RowFault, as_customer, read_entities
from crm_lab.i18n import _, ngettext
from crm_lab.services.customers import add_customers
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from pathlib import Path

    from crm_lab.store.engine import Database


@dataclass(slots=True)
class Report:
    """What an import did: entities read in, those we had already, and rows left out."""

    n_read: int = 0
    n_known: int = 0
    faults: list[RowFault] = field(default_factory=list)

    def sentence(self) -> str:
        """The report in words."""
        read = ngettext("{n} entity read in.", "{n} entities read in.", self.n_read)
        known = ngettext("{n} was here already.", "{n} were here already.", self.n_known)
        left = ngettext("{n} row left out.", "{n} rows left out.", len(self.faults))
        return f"{read} {known} {left}"


def import_customers(database: Database, path: Path, *, owner: str = "") -> Report:
    """Add the file's entities as customers; those we have are left alone, so the same file twice adds nothing.

    The whole file is read before the first one is added: a broken file changes nothing.
    """
    report = Report()
    entities = {e["organisasjonsnummer"]: e for e in read_entities(path, report.faults)}
    c, e = tables.customer, tables.employee
    with database.reading() as connection:
        work = Work(connection, None, utc_now())
        numbers = select(c.c.organisation_number).where(c.c.organisation_number != "")
        known = {row["organisation_number"] for row in work.rows(numbers)}
        people = work.rows(select(e.c.id, e.c.username, e.c.roles).where(e.c.is_active).order_by(e.c.created_at))
    wanted = [p["id"] for p in people if (p["username"] == owner if owner else Role.ADMIN in p["roles"])]
    if not wanted:
        raise NotFound(_("There is no active employee {name}. Name one with CRM_USER or connect(user=…).", name=owner))
    fresh = [replace(as_customer(entity), owner_id=wanted[0]) for number, entity in entities.items() if number not in known]
    with database.writing() as connection:
        add_customers(Work(connection, None, utc_now(), action="customers.import"), fresh)
    report.n_read, report.n_known = len(fresh), len(entities) - len(fresh)
    return report
