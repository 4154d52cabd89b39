"""Searching one's own: `python -m benchmarks.search`, 100,000 customers and 160,000 contacts with names of a long tail.

DuckDB's scans of `name_key` against the index in memory (crm_lab/store/search.py). Milliseconds of processor time.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from sqlalchemy import func, or_, select

from benchmarks.timing import report, size
from crm_lab.connection import Connection, Local
from crm_lab.domain.contacts import Contact, ContactRole
from crm_lab.domain.customers import Customer
from crm_lab.domain.ids import new_id
from crm_lab.domain.names import tokens
from crm_lab.services.company import create_company
from crm_lab.services.contacts import add_contacts
from crm_lab.services.customers import add_customers
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.engine import Database
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

N_CUSTOMERS, N_CONTACTS, BATCH, N_QUESTIONS = 100_000, 160_000, 5_000, 200
HEADS = "Ask Bakk Berg Birk Bjør Brekk Dal Eik Eng Fager Fjell Foss Furu Grøn Haug Hav Hell Hjell Holm Hov Hval Kirk Kjær Klev Kors Kvern Lang Lin Lund Lyng Løv Mark Mid Mor Myr Nord Ny Os Ram Rog Ros Rød Sand Sel Skar Skog Sol Stav Stein Stor Strøm Sund Svart Sør Tang Tor Ulv Vang Vest Vik Vind Våg Øst Øvre Ål Ås".split()
TAILS = "berg bø bråten by dal eid eng fjell fjord foss gård haug heim holm hus kleiv land li lien lund løkken mark mo moen myr nes rud rønning sand seter sjø skog stad strand sund tad torp tun tveit um vang vatn vik vold våg åker ås åsen øy øya".split()
TRADES = "Bygg Eiendom Invest Holding Consulting Transport Elektro Regnskap Rør Maskin Frisør Bil Data Design Fisk Taxi Maler Tak Anlegg Rådgivning Service Handel Media Foto Trening Kafé Hotell Drift Helse Barnehage Kraft Energi Havbruk Rederi Teknikk Interiør Hage Snekker Murer Renhold Vakt".split()
FIRST = "Anne Inger Kari Marit Ingrid Liv Eva Berit Astrid Hilde Anna Solveig Randi Ida Nina Maria Kristin Åse Turid Silje Hanne Mette Jan Per Bjørn Ole Lars Kjell Knut Arne Svein Thomas Hans Geir Tor Morten Terje Odd Erik Martin Anders Rune Trond Jon Magnus Stian Øyvind Håkon Sondre Emma Nora Aksel Henrik".split()
SOUNDS = ["".join(c + v for c in pair) for pair in ("bd", "fk", "gl", "mn", "pr", "st", "vr") for v in "aeiouyæøå"]


def word(rng: random.Random) -> str:
    """A place-like word, or a coined one."""
    return rng.choice(HEADS) + rng.choice(TAILS) if rng.random() < 0.7 else "".join(rng.sample(SOUNDS, 2)).capitalize()


def company_name(rng: random.Random) -> str:
    """A company, in the proportions of the register."""
    name = rng.choice((f"{word(rng)} {rng.choice(TRADES)}", word(rng), f"{word(rng)} & {word(rng)}", f"{rng.choice(FIRST)} {word(rng)} {rng.choice(TRADES)}"))
    return f"{name} {rng.choice(('AS', 'AS', 'AS', 'ENK', 'ANS'))}"


def fill(database: Database) -> list[str]:
    """The company; the names of its customers."""
    rng, customers = random.Random(9), list[Customer]()
    create_company(database, name="Måling AS", username="kari", admin_name="Kari", password="hemmelig-nok")
    for start in range(0, N_CUSTOMERS, BATCH):
        made = [
            Customer(id=new_id(), name=company_name(rng), phone=f"+479{start + n:07d}", email=f"post@firma{start + n}.example")
            for n in range(BATCH)
        ]  # fmt: skip
        with database.writing() as connection:
            customers += add_customers(Work(connection, None, utc_now()), made)
    for _start in range(0, N_CONTACTS, BATCH):
        with database.writing() as connection:
            add_contacts(Work(connection, None, utc_now()), [person(rng, customers) for _n in range(BATCH)])
    return [customer.name for customer in customers]


def person(rng: random.Random, customers: Sequence[Customer]) -> Contact:
    """Somebody who works somewhere."""
    key = new_id()
    role = ContactRole(id=new_id(), customer_id=rng.choice(customers).id, phone=f"+474{rng.randrange(10**7):07d}", email=f"{key.hex[-8:]}@firma.example")
    return Contact(id=key, first_name=rng.choice(FIRST), last_name=word(rng), roles=(role,))


def slip(text: str, rng: random.Random) -> str:
    """The text with one letter of its longest word left out."""
    longest = max(text.split(), key=len)
    at = rng.randrange(1, len(longest))
    return text.replace(longest, longest[:at] + longest[at + 1 :], 1)


def measure(name: str, asked: Sequence[str], ask: Callable[[str], object], limit: str = "") -> None:
    """Ask everything once and report."""
    took = []
    for text in asked:
        start = time.process_time()
        ask(text)
        took.append(1000 * (time.process_time() - start))
    report(name, took, limit)


def main() -> None:
    """Fill, index, ask."""
    with tempfile.TemporaryDirectory() as folder:
        size(f"{N_CUSTOMERS:,} customers")
        database = Database(f"duckdb:///{Path(folder) / 'crm.duckdb'}")
        names = fill(database)
        crm = Connection(Local(database, user="kari"))
        rng, process = random.Random(1), psutil.Process()
        crm.search.frame(type="none")
        memory, start = process.memory_info().rss, time.process_time()
        crm.search.find(text="x")
        print(f"index: {time.process_time() - start:.1f} s of processor, {(process.memory_info().rss - memory) / 1e6:.0f} MB")
        meant = rng.sample(names, N_QUESTIONS)
        measure("call that asks nothing", [""] * 50, lambda text: crm.search.find(text=text))
        questions = {
            "2 letters": [name[:2] for name in meant], "3 letters": [name[:3] for name in meant], "5 letters": [name[:5] for name in meant],
            "3 letters of each word": [" ".join(w[:3] for w in tokens(name)) for name in meant], "whole name": meant,
            "phone, 8 digits": [f"9{rng.randrange(N_CUSTOMERS):07d}" for _n in meant],
            "e-mail, its beginning": [f"post@firma{rng.randrange(N_CUSTOMERS)}" for _n in meant],
            "one letter left out": [slip(name, rng) for name in meant],
        }  # fmt: skip
        for kind, asked in questions.items():
            measure(f"find: {kind}", asked, lambda text: crm.search.find(text=text), "p95 at most 10" if kind != "one letter left out" else "at most 50")
        measure("DuckDB scan: 5 letters", [name[:5] for name in meant[:50]], lambda text: scan(database, text))

        def change_and_find(text: str) -> None:
            crm.customers.create_by_name(name=text)
            crm.search.find(text=text)

        measure("create, then find", meant[:50], change_and_find)
        measure("frame: whole name", meant[:50], lambda text: crm.search(text=text))
        database.close()


def scan(database: Database, text: str) -> None:
    """What the index replaces: the eight best of both kinds by a scan of the tables."""
    key = " ".join(tokens(text))
    with database.reading() as connection:
        for table in (tables.customer, tables.contact):
            found = or_(table.c.name_key.startswith(key), table.c.name_key.contains(f" {key}"))
            connection.execute(select(table.c.id, func.count().over()).where(found).order_by(func.length(table.c.name_key)).limit(8)).fetchall()


if __name__ == "__main__":
    main()
