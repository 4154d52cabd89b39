"""Enhetsregisteret: looked up and searched, and brought in as the look-up register or as customers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from crm_lab.domain.access import Role
from crm_lab.domain.register import RegisterAnswer, RegisterHits, RegisterSource
from crm_lab.domain.values import OrgNumber
from crm_lab.errors import InvalidInput, NotFound
from crm_lab.exchange.register import RegisterApi, RegisterAway, RegisterRefused, RowFault, as_customer, read_entities
from crm_lab.i18n import _, ngettext
from crm_lab.services.actions import Service, asks
from crm_lab.services.customers import add_customers
from crm_lab.settings import Settings, utc_now
from crm_lab.store import tables
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from pathlib import Path

    from crm_lab.domain.register import RegisterEntity
    from crm_lab.store.engine import Database

MOST_HITS = 50


@cache
def service_at(url: str) -> RegisterApi:
    """The one client of the service at `url` in this process."""
    return RegisterApi(url)


class Register(Service):
    """What Enhetsregisteret knows: our own copy answers first, then its service."""

    @asks()
    def look_up(self, *, organisation_number: str) -> RegisterAnswer:
        """What is known of an organisation number; a sub-unit comes with its main unit. Raises `InvalidOrgNumber`."""
        number = str(OrgNumber.parse(organisation_number))
        try:
            entity = self._asked(number)
        except RegisterAway:
            return RegisterAnswer(away=True)
        return self._answer(entity, RegisterSource.API, self.work.now)

    @asks()
    def search(self, *, text: str, limit: int = 20) -> RegisterHits:
        """Entities by name or organisation number, best first."""
        wanted = " ".join(text.split())
        if not wanted:
            return RegisterHits()
        try:
            entities = self._found(wanted, max(1, min(limit, MOST_HITS)))
        except RegisterAway:
            return RegisterHits(away=True)
        except RegisterRefused:
            return RegisterHits(source=RegisterSource.API)
        return RegisterHits(entities=entities, source=RegisterSource.API)

    def _asked(self, number: str) -> RegisterEntity | None:
        url = Settings().register_url
        if not url:
            raise RegisterAway
        return service_at(url).find(number)

    def _found(self, text: str, limit: int) -> tuple[RegisterEntity, ...]:
        try:
            entity = self._asked(OrgNumber.parse(text))
        except InvalidInput:
            url = Settings().register_url
            if not url:
                raise RegisterAway from None
            return service_at(url).search(text, size=limit).entities
        return (entity,) if entity else ()

    def _answer(self, entity: RegisterEntity | None, source: RegisterSource, read_at: datetime) -> RegisterAnswer:
        if not entity or not entity.parent_number:
            return RegisterAnswer(entity=entity, source=source, read_at=read_at)
        try:
            main_unit, away = self._asked(entity.parent_number), False
        except RegisterAway:
            main_unit, away = None, True
        return RegisterAnswer(entity=entity, main_unit=main_unit, source=source, read_at=read_at, away=away)


BATCH = 2000


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


def import_lookup(database: Database, path: Path) -> Report:
    """Replace the look-up register by the file's entities, in one transaction: a broken file changes nothing."""
    report = Report()
    r = tables.register_entity
    with database.writing() as connection:
        work = Work(connection, None, utc_now(), action="register.import")
        connection.execute(delete(r))
        entities = read_entities(path, report.faults)
        seen: set[str] = set()
        while batch := list(islice(entities, BATCH)):
            rows = [
                {"organisation_number": e["organisasjonsnummer"], "name": e.get("navn") or "", "entity": e, "read_at": work.now}
                for e in batch
                if e["organisasjonsnummer"] not in seen
            ]
            seen.update(row["organisation_number"] for row in rows)
            work.insert_many(r, rows)
        report.n_read = len(seen)
    return report
