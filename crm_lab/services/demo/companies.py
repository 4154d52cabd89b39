"""The demo's customers: real companies with invented phones, e-mails and owners; made-up ones beyond those."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.customers import Customer, RegisterStatus
from crm_lab.exchange.register import as_customer, read_entities
from crm_lab.services.demo.people import FIRST_NAMES, SELLERS, SURNAMES, ascii_only
from crm_lab.services.reference import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 2026
REAL_COMPANIES = 1146
PERSONS = 60
PLACES = (("0155", "OSLO"), ("5014", "BERGEN"), ("7013", "TRONDHEIM"), ("9008", "TROMSØ"), ("4006", "STAVANGER"))
FIRST_WORDS = ["Nordlys", "Fjell", "Havn", "Bryggen", "Polar", "Kyst", "Skogen", "Elve", "Myr", "Stein", "Sol", "Vinter", "Sommer", "Furu", "Bjørke"]
TRADES = ["Bygg", "Elektro", "Rør", "Transport", "Regnskap", "Eiendom", "IKT", "Sjømat", "Energi", "Reklame", "Taksering", "Hage", "Service"]


def n_companies(scale: int) -> int:
    """How many parties `companies(scale=scale)` gives."""
    return (REAL_COMPANIES + PERSONS) * scale


def companies(*, scale: int = 1, seed: int = SEED) -> Iterator[tuple[Customer, str]]:
    """Parties with the user name of their owner: real companies first, then made-up ones and private persons."""
    rng = random.Random(seed)  # noqa: S311 - the same seed must give the same company
    for entity in read_entities(shipped("demo", "enheter.csv"), []):
        yield _dress(as_customer(entity), rng)
    for n, number in zip(range(REAL_COMPANIES * (scale - 1)), _synthetic_numbers(), strict=False):
        yield _dress(_made_up(n, number, rng), rng)
    for _person in range(PERSONS * scale):
        yield _dress(_private(rng), rng)


def _dress(customer: Customer, rng: random.Random) -> tuple[Customer, str]:
    """Give a party an invented phone, e-mail, id and owner."""
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_only(customer.display_name.lower())).strip("-")[:40] or "kunde"
    made = replace(
        customer,
        id=UUID(int=rng.getrandbits(128), version=4),
        phone=f"+4799{rng.randrange(10**6):06d}",
        email=f"post@{slug}.example",
        website=customer.website and f"www.{slug}.example",
        is_supplier=rng.random() < 0.12,  # noqa: PLR2004 - about one in eight
        owner_only=rng.random() < 0.02,  # noqa: PLR2004 - about one in fifty
    )
    return made, rng.choice(SELLERS)


def _made_up(n: int, number: str, rng: random.Random) -> Customer:
    """An invented company; its number is from Tenor's synthetic range 3xx xxx xxx, so it is nobody's."""
    postal_code, city = rng.choice(PLACES)
    name = f"{rng.choice(FIRST_WORDS)} {rng.choice(TRADES)} {n + 2} AS"
    street = f"{rng.choice(FIRST_WORDS)}veien {rng.randint(1, 90)}"
    address = Address(kind=AddressKind.VISITING, street=street, postal_code=postal_code, city=city)
    return Customer(
        id=UUID(int=0), name=name, organisation_form="AS", organisation_number=number,
        register_status=RegisterStatus.ACTIVE, addresses=(address,),
    )  # fmt: skip


def _synthetic_numbers() -> Iterator[str]:
    """Organisation numbers 3xx xxx xxx with a check digit (MOD11, weights 3 2 7 6 5 4 3 2)."""
    for base in count(30_000_000):
        rest = sum(w * int(d) for w, d in zip((3, 2, 7, 6, 5, 4, 3, 2), str(base), strict=True)) % 11
        if rest != 1:
            yield f"{base}{(11 - rest) % 11}"


def _private(rng: random.Random) -> Customer:
    postal_code, city = rng.choice(PLACES)
    address = Address(kind=AddressKind.VISITING, street=f"Gata {rng.randint(1, 90)}", postal_code=postal_code, city=city)
    return Customer(
        id=UUID(int=0), name=rng.choice(SURNAMES), first_name=rng.choice(FIRST_NAMES), is_person=True, addresses=(address,)
    )
