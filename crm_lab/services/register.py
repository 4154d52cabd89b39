"""Enhetsregisteret: looked up and searched, copied and kept up to date, and brought in as customers."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from crm_lab.domain.access import Role
from crm_lab.domain.notices import RegisterNotice
from crm_lab.domain.register import RegisterAnswer, RegisterHits, RegisterSource
from crm_lab.domain.values import InvalidOrgNumber, OrgNumber
from crm_lab.errors import CrmError, InvalidInput, NotFound, from_wire
from crm_lab.exchange.register import (
    NUMBER,
    ChangeKind,
    RegisterApi,
    RegisterAway,
    RegisterRefused,
    RowFault,
    as_customer,
    as_entity,
    download,
    is_deleted,
    place,
    read_entities,
)
from crm_lab.i18n import _, ngettext
from crm_lab.services.actions import Service, asks, reads, writes
from crm_lab.services.customers import Customers, add_customers
from crm_lab.services.notices import count_notices, fields_of, settle, waiting_notices
from crm_lab.settings import Settings, utc_now
from crm_lab.store import tables
from crm_lab.store.records import Work
from crm_lab.store.register import CopyDamaged, RegisterFile, RegisterRow, build, change, register_at, register_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection as PipeConnection
    from pathlib import Path

    from crm_lab.domain.register import RegisterEntity
    from crm_lab.exchange.register import Entity
    from crm_lab.store.engine import Database
    from crm_lab.store.records import Row

LONGEST_TEXT = 200
MOST_HITS = 50
BATCH = 2000
KINDS = ("enheter", "underenheter")
BATCH_ASKED = 100
OVERLAP = timedelta(days=2)
"""How much of the update feed before a bulk file's date is read again: the file is made during the night."""
STRANGELY_FEW = 0.5
LARGE = 16 << 20


@cache
def service_at(url: str) -> RegisterApi:
    """The one client of the service at `url` in this process."""
    return RegisterApi(url)


class TooFewEntities(InvalidInput):
    """The file has far fewer entities than the copy in force."""

    def __init__(self, n: int, before: int) -> None:
        super().__init__(
            _("There are {n} entities in the file and {before} in our copy. Nothing was changed; --force takes it anyway.", n=n, before=before),
            "file",
        )  # fmt: skip


class Register(Service):
    """What Enhetsregisteret knows: our own copy answers first, then its service."""

    @asks()
    def look_up(self, *, organisation_number: str) -> RegisterAnswer:
        """What is known of an organisation number; a sub-unit comes with its main unit. Raises `InvalidOrgNumber`."""
        number = str(OrgNumber.parse(organisation_number))
        copy = self._copy()
        if record := copy.get(number):
            return self._answer(as_entity(record), RegisterSource.LOCAL, _read_at(copy))
        try:
            entity = self._asked(number)
        except RegisterAway:
            return RegisterAnswer(source=RegisterSource.LOCAL if copy.exists else RegisterSource.NONE, away=True)
        return self._answer(entity, RegisterSource.API, self.work.now)

    @asks()
    def search(self, *, text: str, limit: int = 20) -> RegisterHits:
        """Entities by name or organisation number, best first."""
        wanted, most = " ".join(text.split())[:LONGEST_TEXT], max(1, min(limit, MOST_HITS))
        if not wanted:
            return RegisterHits()
        copy = self._copy()
        if copy.exists:
            records = copy.search(wanted, most)
            return RegisterHits(entities=tuple(map(as_entity, records)), source=RegisterSource.LOCAL)
        try:
            entities = self._found(wanted, most)
        except RegisterAway:
            return RegisterHits(away=True)
        except RegisterRefused:
            return RegisterHits(source=RegisterSource.API)
        return RegisterHits(entities=entities, source=RegisterSource.API)

    @reads()
    def notices(self, *, customer_id: UUID | None = None) -> list[RegisterNotice]:
        """What has changed in the register about customers the caller may see, or about one of them, and waits for an answer."""
        return waiting_notices(self.work, customer_id)

    @reads()
    def n_notices(self) -> int:
        """How many those are."""
        return count_notices(self.work)

    @writes()
    def accept(self, *, ids: tuple[UUID, ...]) -> None:
        """Write over what we have with what the register says. Raises `NotFound`, also where one is hidden."""
        by_customer: dict[UUID, list[Row]] = {}
        for notice in settle(self.work, ids):
            by_customer.setdefault(notice["customer_id"], []).append(notice)
        customers = Customers(self.work)
        for customer_id, notices in by_customer.items():
            customer = customers.get(id=customer_id)
            customers.change(id=customer_id, version=customer.version, **fields_of(customer, notices))

    @writes(needs=Role.ADMIN)
    def bring_in(self, *, entities: list[dict[str, Any]], owner: str = "") -> int:
        """Add entities of a bulk file as customers, owned by a user name, else by the first administrator. How many were new.

        Raises
        ------
        InvalidOrgNumber, NotFound
        """
        return add_entities(self.work, entities, owner)

    @writes()
    def dismiss(self, *, ids: tuple[UUID, ...]) -> None:
        """Leave what we have as it is; only another change will be told. Raises `NotFound`, also where one is hidden."""
        settle(self.work, ids)

    def _copy(self) -> RegisterFile:
        return register_at(register_path(self.work.connection.engine.url))

    def _asked(self, number: str) -> RegisterEntity | None:
        url = Settings().register_url
        if not url:
            raise RegisterAway
        return service_at(url).find(number)

    def _found(self, text: str, limit: int) -> tuple[RegisterEntity, ...]:
        try:
            entity = self._asked(OrgNumber.parse(text))
        except InvalidOrgNumber:
            url = Settings().register_url
            if not url:
                raise RegisterAway from None
            return service_at(url).search(text, size=limit).entities
        return (entity,) if entity else ()

    def _answer(self, entity: RegisterEntity | None, source: RegisterSource, read_at: datetime | None) -> RegisterAnswer:
        main_unit, away = None, False
        if entity and entity.parent_number:
            record = self._copy().get(entity.parent_number)
            try:
                main_unit = as_entity(record) if record else self._asked(entity.parent_number)
            except RegisterAway:
                away = True
        return RegisterAnswer(entity=entity, main_unit=main_unit, source=source, read_at=read_at, away=away)


def _read_at(copy: RegisterFile) -> datetime | None:
    noted = copy.facts().get("read_at")
    return datetime.fromisoformat(noted) if noted else None


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


def read_file(path: Path) -> tuple[list[Entity], Report]:
    """The entities of a bulk file, each once, and what could not be read: before anything is done with them."""
    report = Report()
    entities = {entity[NUMBER]: entity for entity in read_entities(path, report.faults)}
    return list(entities.values()), report


def add_entities(work: Work, entities: list[Entity], owner: str = "") -> int:
    """Add entities as customers, owned by a user name or the first administrator; those we have are left alone. How many were added."""
    c, e = tables.customer, tables.employee
    known = set(work.connection.execute(select(c.c.organisation_number).where(c.c.organisation_number != "")).scalars())
    people = work.rows(select(e.c.id, e.c.username, e.c.roles).where(e.c.is_active).order_by(e.c.created_at))
    wanted = [p["id"] for p in people if (p["username"] == owner if owner else Role.ADMIN in p["roles"])]
    if not wanted:
        raise NotFound(_("There is no active employee {name}. Name one with CRM_USER or connect(user=…).", name=owner))
    fresh = [party for party in map(as_customer, entities) if party.organisation_number not in known]
    if fresh:
        add_customers(work, [replace(party, owner_id=wanted[0]) for party in fresh])
    return len(fresh)


def import_customers(database: Database, path: Path, *, owner: str = "") -> Report:
    """Add the file's entities as customers, where nobody serves the company; a broken file changes nothing."""
    entities, report = read_file(path)
    with database.writing() as connection:
        report.n_read = add_entities(Work(connection, None, utc_now(), action="customers.import"), entities, owner)
    report.n_known = len(entities) - report.n_read
    return report


def load_register(
    path: Path, files: Sequence[Path], *, made_at: datetime, is_forced: bool = False, on_progress: Callable[[int], None] = lambda _n: None
) -> Report:
    """Make the copy of the register at `path` from bulk files; it takes the former one's place when all is well.

    `made_at` is when the files were made: the update feed is read from there on.

    Raises
    ------
    NotARegisterFile, TruncatedFile, DamagedFile, TooFewEntities
    """
    report = Report()
    try:
        former = register_at(path).count()
    except CopyDamaged:
        former = 0

    def check(n: int) -> None:
        if not n or (n < STRANGELY_FEW * former and not is_forced):
            raise TooFewEntities(n, former)

    facts = {"read_at": made_at.isoformat(), "since": (made_at - OVERLAP).isoformat()}
    report.n_read = build(path, _counted(_rows(files, report.faults), on_progress), facts, check=check)
    return report


def follow_register(path: Path, api: RegisterApi, *, now: datetime, on_progress: Callable[[int], None] = lambda _n: None) -> int:
    """Bring the copy up to date from the update feed, from where it was left; how many entities changed.

    Raises
    ------
    RegisterAway
    """
    copy = register_at(path)
    facts = copy.facts()
    rows: dict[str, RegisterRow] = {}
    gone: set[str] = set()
    for kind in KINDS:
        after = int(facts.get(f"{kind}.after") or 0)
        since = datetime.fromisoformat(facts["since"])
        while changes := api.changes(kind, after=after, since=since):
            latest = {change.organisation_number: change.kind for change in changes}
            removed = {number for number, what in latest.items() if what is ChangeKind.REMOVED}
            found, missing = _fetched(api, kind, [number for number in latest if number not in removed])
            gone |= removed | missing
            rows |= {number: _row(_completed(flat, copy)) for number, flat in found.items()}
            after = changes[-1].number
            on_progress(len(rows) + len(gone))
        facts[f"{kind}.after"] = str(after or "")
    gone -= rows.keys()
    change(path, rows.values(), gone, facts | {"read_at": now.isoformat()})
    return len(rows) + len(gone)


def _fetched(api: RegisterApi, kind: str, numbers: list[str]) -> tuple[dict[str, Entity], set[str]]:
    """The entities by number, and the numbers of those that were removed; deleted ones are not in the list, so asked for."""
    found: dict[str, Entity] = {}
    for at in range(0, len(numbers), BATCH_ASKED):
        for flat in api.fetch_many(kind, numbers[at : at + BATCH_ASKED]):
            found[str(flat.get(NUMBER))] = flat
    removed = set()
    for number in set(numbers) - found.keys():
        flat = api.fetch(f"/{kind}/{number}") or {}
        if flat.get("navn"):
            found[number] = flat
        elif flat:
            removed.add(number)
    return found, removed


def _completed(flat: Entity, copy: RegisterFile) -> Entity:
    """The service tells little of what is deleted: the rest stays as our copy had it."""
    return (copy.get(flat[NUMBER]) or {}) | flat if is_deleted(flat) else flat


def _row(flat: Entity) -> RegisterRow:
    return RegisterRow.of(flat[NUMBER], str(flat.get("navn") or ""), place(flat), flat)


def _rows(files: Sequence[Path], faults: list[RowFault]) -> Iterator[RegisterRow]:
    """The files' entities; large files are read in a process of their own, so that two processors share the work."""
    if sum(file.stat().st_size for file in files) < LARGE:
        for file in files:
            yield from (_row(flat) for flat in read_entities(file, faults))
        return
    here, there = get_context("spawn").Pipe(duplex=False)
    reader = get_context("spawn").Process(target=_read_aside, args=(files, there), daemon=True)
    reader.start()
    there.close()
    try:
        while batch := here.recv():
            if isinstance(batch, dict):
                raise from_wire(batch)
            rows, found = batch
            faults += found
            yield from rows
    finally:
        reader.kill()
        reader.join()


def _read_aside(files: Sequence[Path], out: PipeConnection[Any, Any]) -> None:
    """Send the rows in batches with the faults found, then None; or an error as it travels the wire."""
    try:
        gc.disable()  # nothing here refers to itself, and there is a lot of it
        faults: list[RowFault] = []
        flats = (flat for file in files for flat in read_entities(file, faults))
        while batch := [_row(flat) for flat in islice(flats, BATCH)]:
            out.send((batch, faults[:]))
            faults.clear()
        out.send(([], faults))
        out.send(None)
    except CrmError as error:
        out.send(error.to_wire())


def _counted(rows: Iterable[RegisterRow], on_progress: Callable[[int], None]) -> Iterator[RegisterRow]:
    for n, row in enumerate(rows, 1):
        yield row
        if n % BATCH == 0:
            on_progress(n)


def download_register(url: str, folder: Path, on_progress: Callable[[int, int], None]) -> tuple[list[Path], datetime]:
    """Fetch both bulk files into `folder`; the files, and when the older one was made. Raises `RegisterAway`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{kind}.json.gz" for kind in KINDS]
    made_at = [
        download(f"{url.rstrip('/')}/{kind}/lastned", file, on_progress) or utc_now()
        for kind, file in zip(KINDS, files, strict=True)
    ]
    return files, min(made_at)
