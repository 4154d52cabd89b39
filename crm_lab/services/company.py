"""The company itself: made once, described on every page; its settings are inherited by every customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.terms import STANDARD, Terms, clean_terms
from crm_lab.errors import Conflict, Faults
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.check import faults_of
from crm_lab.services.employees import Employees
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.backup import backup_folder, export
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from crm_lab.store.engine import Database


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What every page says of the company."""

    name: str
    is_demo: bool


class AlreadyMade(Conflict):
    """`init` runs once."""

    def __init__(self) -> None:
        super().__init__(_("The company exists already. Use another folder, or start it with serve."))


class Company(Service):
    """The company whose data this is."""

    @reads()
    def facts(self) -> CompanyFacts:
        """Name, and whether its data are made up."""
        row = next(iter(self.work.kept(tables.company)), None)
        return CompanyFacts(row["name"] if row else "crm_lab", bool(row and row["is_demo"]))

    @reads()
    def terms(self) -> Terms:
        """The settings every customer inherits; all have a value."""
        row = next(iter(self.work.kept(tables.company)), None)
        return STANDARD if row is None else msgspec.convert(msgspec.to_builtins(STANDARD) | row["terms"], Terms, strict=False)

    @writes(needs=Role.ADMIN)
    def set_terms(self, *, terms: Terms) -> Terms:
        """Change what customers inherit; None leaves a setting as it is. Raises `InvalidFields`."""
        faults = Faults()
        given = {k: v for k, v in msgspec.to_builtins(clean_terms(terms, faults)).items() if v is not None}
        faults.tell()
        row = self.work.one(select(tables.company))
        assert row is not None  # noqa: S101 - an administrator belongs to a company
        self.work.change(tables.company, row["id"], row["version"], terms=row["terms"] | given)
        return self.terms()

    @reads(needs=Role.ADMIN)
    def check(self) -> list[str]:
        """What is wrong with the company's data, one sentence a fault."""
        return faults_of(self.work)

    @reads(needs=Role.ADMIN)
    def backup(self, *, keep: int | None = None) -> str:
        """Write a consistent copy while people work; the folder it is in. `keep` leaves so many of all."""
        return str(export(self.work.connection, backup_folder(self.work.connection), keep=keep))


def create_company(
    database: Database, *, name: str, username: str, admin_name: str, password: str, is_demo: bool = False
) -> None:
    """Make the company and its first administrator. Raises `AlreadyMade`."""
    with database.writing() as connection:
        work = Work(connection, None, utc_now(), action="company.create")
        if work.one(select(tables.company)):
            raise AlreadyMade
        made = {"id": new_id(), "name": name, "is_demo": is_demo, "version": 1, "terms": {}, "created_at": work.now}
        work.insert(tables.company, made)
        Employees(work).add(
            username=username, name=admin_name, password=password, roles=(Role.SELLER, Role.ACCOUNTANT, Role.ADMIN)
        )
