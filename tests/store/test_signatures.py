"""The signatures in memory are those of the database, whatever was changed meanwhile."""

from __future__ import annotations

import random

from sqlalchemy import select

from crm_lab.connection import Connection, Local
from crm_lab.domain.names import name_bits
from crm_lab.domain.search import SearchKind
from crm_lab.store import tables
from crm_lab.store.engine import Database

WORDS = ["nord", "sør", "fjell", "bygg", "rør", "hav", "lys", "dal"]


def by_scan(database: Database, key: str, bits: int) -> set[str]:
    c, wanted = tables.customer.c, name_bits(key) & (1 << 64) - 1
    with database.reading() as connection:
        rows = connection.execute(select(c.name_key, c.name_bits)).all()
    return {name for name, known in rows if ((known & (1 << 64) - 1) ^ wanted).bit_count() <= bits}


def test_they_follow_every_change(company_url: str) -> None:
    database = Database(company_url)
    crm, rng = Connection(Local(database, user="kari")), random.Random(4)
    numbers: list[int] = []
    for step in range(60):
        name = f"{rng.choice(WORDS)}{rng.choice(WORDS)} {rng.choice(WORDS)} {step}"
        if step % 3 and numbers:
            customer = crm.customers.by_number(number=rng.choice(numbers))
            if step % 7:
                crm.customers.rename(id=customer.id, version=customer.version, name=name)
            else:
                crm.customers.delete(id=customer.id, version=customer.version)
                numbers.remove(customer.number)
        else:
            numbers.append(crm.customers.create(name=name).number)
        bits = rng.choice((0, 4, 10, 20))
        found = database.signatures[SearchKind.CUSTOMER].near(database.engine, name, bits=bits, limit=99)
        assert {key for _id, key in found} == by_scan(database, name, bits)
    distance = [((name_bits(key) ^ name_bits(name)) & (1 << 64) - 1).bit_count() for _id, key in found]
    assert distance == sorted(distance) and len(numbers) > 5
    database.close()
