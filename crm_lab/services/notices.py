"""Own customers that changed in Enhetsregisteret: our copy is compared with what it said before, and with what we have."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, true

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.customers import Customer, RegisterStatus
from crm_lab.domain.ids import new_id
from crm_lab.domain.notices import (
    ADDRESSES,
    RegisterNotice,
    Said,
    Watched,
    address_of,
    gone,
    is_same,
    line_of,
    line_of_ours,
    said_of,
)
from crm_lab.exchange.register import as_entity
from crm_lab.store import tables
from crm_lab.store.bulk import batched, load
from crm_lab.store.records import NoSuchRecord, Row, Work, as_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from crm_lab.store.engine import Database
    from crm_lab.store.register import RegisterFile

ORDER = list(Watched)
KINDS = {str(field) for field in ADDRESSES}
News = dict[str, tuple[Said | None, Said]]
"""By organisation number, what the register said before (None: it was not asked) and what it says now."""


def compare_with_register(database: Database, copy: RegisterFile, *, now: datetime, is_gentle: bool = False) -> int:
    """Note what has changed in the copy about our customers since it was last compared; how many notices are new.

    `is_gentle` leaves the processor to others half of the time. A copy that was compared already is left alone.
    """
    read_at = copy.facts().get("read_at")
    reading, c = tables.register_reading, tables.customer
    if read_at is None:
        return 0
    with database.reading() as connection:
        work = Work(connection, None, now)
        if work.scalar(select(reading.c.id).where(reading.c.read_at == datetime.fromisoformat(read_at)).limit(1)):
            return 0
        wanted = select(c.c.organisation_number).where(c.c.organisation_number != "", c.c.archived_at.is_(None)).distinct()
        numbers = list(work.connection.execute(wanted).scalars())
    n = 0
    for batch in batched(numbers):
        start = time.monotonic()
        n += _compare(database, copy, batch, now)
        time.sleep(time.monotonic() - start if is_gentle else 0)
    with database.writing() as connection:
        connection.execute(insert(reading).values(id=new_id(), read_at=datetime.fromisoformat(read_at), compared_at=now))
    return n


def _compare(database: Database, copy: RegisterFile, numbers: list[str], now: datetime) -> int:
    """The same for some organisation numbers, in a transaction of its own where there is news."""
    table = tables.register_said
    entities = {number: said_of(as_entity(record)) for number, record in copy.get_many(numbers).items()}
    with database.reading() as connection:
        rows = Work(connection, None, now).rows_of(table, "organisation_number", numbers)
    before: dict[str, Said] = {row["organisation_number"]: row["said"] for row in rows}
    after = {number: gone(said) for number, said in before.items()} | entities
    news: News = {number: (before.get(number), said) for number, said in after.items() if before.get(number) != said}
    if not news:
        return 0
    with database.writing() as connection:
        work = Work(connection, None, now, action="register.compare")
        connection.execute(delete(table).where(table.c.organisation_number.in_(news)))
        load(connection, table, [{"organisation_number": number, "said": said} for number, (_before, said) in news.items()])
        return _tell(work, news)


def _tell(work: Work, news: News) -> int:
    """Raise, renew and settle the notices of the customers with these numbers; how many are new."""
    customers = _customers(work, work.rows_of(tables.customer, "organisation_number", news))
    waiting = {(row["customer_id"], row["field"]): row for row in _waiting(work, [customer.id for customer in customers])}
    fresh: list[Row] = []
    changed: list[tuple[Row, Row]] = []
    for customer in customers:
        before, said = news[customer.organisation_number]
        for field in filter(said.__contains__, Watched):
            notice = waiting.get((customer.id, field))
            settled = is_same(field, line_of_ours(customer, field), line_of(said[field]))
            if notice:
                renewed = {"settled_at": work.now} if settled else {"said": said[field], "noticed_at": work.now}
                changed += [(notice, notice | renewed)] if settled or notice["said"] != said[field] else []
            elif not settled and _has_changed(customer, field, before, said):
                fresh.append(
                    {"id": new_id(), "version": 1, "customer_id": customer.id, "field": str(field), "said": said[field],
                     "noticed_at": work.now, "settled_at": None}
                )  # fmt: skip
    work.insert_many(tables.register_notice, fresh)
    work.change_many(tables.register_notice, changed)
    return len(fresh)


def _has_changed(customer: Customer, field: Watched, before: Said | None, said: Said) -> bool:
    """Whether the register says something new. Where it was not asked before: what we took from it, and its status."""
    if before is None:
        return field is Watched.STATUS or _source(field) in customer.sources
    return field not in before or line_of(before[field]) != line_of(said[field])


def settle_notices(work: Work, customer: Customer) -> None:
    """Settle what a change has brought into line with the register."""
    for notice in _waiting(work, [customer.id]):
        field = Watched(notice["field"])
        if is_same(field, line_of_ours(customer, field), line_of(notice["said"])):
            work.change(tables.register_notice, notice["id"], notice["version"], settled_at=work.now)


def waiting_notices(work: Work, customer_id: UUID | None = None) -> list[RegisterNotice]:
    """What waits for an answer about customers the caller may see: the newest first, of each customer the gravest."""
    c, n = tables.customer, tables.register_notice
    whose = true() if customer_id is None else n.c.customer_id == customer_id
    rows = work.rows(select(n).where(n.c.settled_at.is_(None), whose, work.visible_to(n)))
    present = {row["id"]: row for row in work.rows_of(c, "id", {row["customer_id"] for row in rows}) if row["archived_at"] is None}
    customers = {customer.id: customer for customer in _customers(work, present.values())}
    found = [
        RegisterNotice(
            id=row["id"], customer_id=customer.id, number=customer.number, customer=customer.display_name, field=Watched(row["field"]),
            ours=line_of_ours(customer, Watched(row["field"])), said=line_of(row["said"]), noticed_at=row["noticed_at"],
        )
        for row in rows
        if (customer := customers.get(row["customer_id"]))
    ]  # fmt: skip
    return sorted(found, key=lambda notice: (-notice.noticed_at.timestamp(), notice.number, ORDER.index(notice.field)))


def count_notices(work: Work) -> int:
    """How many those are."""
    n, c = tables.register_notice, tables.customer
    there = n.join(c, c.c.id == n.c.customer_id)
    query = select(func.count()).select_from(there).where(n.c.settled_at.is_(None), c.c.archived_at.is_(None), work.visible_to(n))
    return int(work.scalar(query))


def settle(work: Work, ids: Iterable[UUID]) -> list[Row]:
    """Settle notices, whatever the answer; the rows as they were. Raises `NotFound`, also where one is hidden."""
    table = tables.register_notice
    rows = [row for key in dict.fromkeys(ids) if (row := _one(work, key))["settled_at"] is None]
    for row in rows:
        work.change(table, row["id"], row["version"], settled_at=work.now)
    return rows


def _one(work: Work, notice_id: UUID) -> Row:
    n = tables.register_notice
    row = work.one(select(n).where(n.c.id == notice_id, work.visible_to(n)))
    if row is None:
        raise NoSuchRecord
    return row


def _waiting(work: Work, customers: Sequence[UUID]) -> list[Row]:
    """Open notices of these customers, whoever may see them."""
    return [row for row in work.rows_of(tables.register_notice, "customer_id", customers) if row["settled_at"] is None]


def _customers(work: Work, rows: Iterable[Row]) -> list[Customer]:
    """Rows as customers with the addresses that are compared."""
    present = [as_record(Customer, row) for row in rows if row["archived_at"] is None]
    addresses: dict[UUID, list[Address]] = defaultdict(list)
    for row in work.rows_of(tables.address, "customer_id", [customer.id for customer in present]):
        if row["kind"] in KINDS:
            addresses[row["customer_id"]].append(as_record(Address, row))
    return [replace(customer, addresses=tuple(addresses[customer.id])) for customer in present]


def fields_of(customer: Customer, notices: Iterable[Row]) -> dict[str, Any]:
    """What `Customers.change` takes to have a customer as the register says."""
    fields: dict[str, Any] = {}
    addresses = list(customer.addresses)
    for notice in notices:
        field, said = Watched(notice["field"]), notice["said"]
        if field in ADDRESSES:
            kind = AddressKind(field)
            addresses = [address for address in addresses if address.kind is not kind] + [address_of(said, kind)]
            fields["addresses"] = tuple(addresses)
        else:
            fields[field] = RegisterStatus(said["text"]) if field is Watched.STATUS else said["text"]
    return fields | {"from_register": tuple(_source(Watched(notice["field"])) for notice in notices)}


def _source(field: Watched) -> str:
    """The name under which a customer's `sources` knows the field."""
    return "addresses" if field in ADDRESSES else str(field)
