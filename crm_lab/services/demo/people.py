"""The demo's people, all invented: colleagues, and contacts with their roles at the companies."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.access import Role
from crm_lab.domain.contacts import Contact, ContactRole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crm_lab.domain.customers import Customer

SEED = 2027
FIRST_NAMES = ["Anne", "Bjørn", "Camilla", "David", "Eva", "Frode", "Grete", "Håkon", "Ida", "Jon", "Kristin", "Lars", "Mona", "Nils", "Oda", "Pål", "Randi", "Stian", "Tone"]
SURNAMES = ["Bakken", "Dalseth", "Eikeland", "Fossvik", "Granlund", "Haugli", "Lundvang", "Myrdalen", "Nordskog", "Solstrand", "Tangvik", "Åsheim"]
TITLES = ("Daglig leder", "Økonomiansvarlig", "Innkjøper", "Prosjektleder", "Markedssjef", "Driftsleder")
COLLEAGUES = (
    ("kari", "Kari Nordmann", (Role.SELLER, Role.ACCOUNTANT, Role.ADMIN)),
    ("ola", "Ola Hansen", (Role.SELLER,)),
    ("ingrid", "Ingrid Bakke", (Role.ACCOUNTANT,)),
    ("lars", "Lars Vikstrand", (Role.SELLER,)),
    ("marte", "Marte Solheimsvik", (Role.SELLER,)),
    ("jonas", "Jonas Lierud", (Role.SELLER,)),
    ("siri", "Siri Lundgren", (Role.SELLER, Role.ACCOUNTANT)),
    ("tor", "Tor Eidesmo", (Role.SELLER,)),
)
SELLERS = tuple(username for username, _name, roles in COLLEAGUES if Role.SELLER in roles)
FIRST_DAY = date(2019, 1, 1)
FIRST_EXTENSION = 101


def employees() -> list[dict[str, Any]]:
    """The colleagues; the first is the administrator Kari Nordmann."""
    return [
        {"username": username, "name": name, "roles": roles, "email": f"{username}@demo.example", "extension": str(FIRST_EXTENSION + n)}
        for n, (username, name, roles) in enumerate(COLLEAGUES)
    ]


def contacts(customers: Sequence[Customer]) -> Iterator[Contact]:
    """Nought to three persons at each company, with the company's owner; about one in fifty works at two."""
    companies = [customer for customer in customers if not customer.is_person]
    rng = random.Random(f"{SEED} {companies[0].number}" if companies else SEED)  # noqa: S311 - the same seed, the same people
    for company in companies:
        for title in rng.sample(TITLES, rng.choice((0, 1, 1, 2, 3))):
            yield _contact(company, title, companies, rng)


def _contact(company: Customer, title: str, companies: Sequence[Customer], rng: random.Random) -> Contact:
    first_name, last_name = rng.choice(FIRST_NAMES), rng.choice(SURNAMES)
    address = f"{ascii_only(first_name.lower())}.{ascii_only(last_name.lower())}"
    at = [company, *([rng.choice(companies)] if rng.random() < 0.02 else [])]  # noqa: PLR2004 - about one in fifty
    roles = tuple(
        ContactRole(
            id=UUID(int=rng.getrandbits(128), version=4),
            customer_id=party.id,
            title=title,
            phone=f"+4799{rng.randrange(10**6):06d}",
            email=f"{address}@{party.email.partition('@')[2] or 'firma.example'}",
            is_decision_maker=title == TITLES[0],
            started_on=FIRST_DAY + timedelta(days=rng.randrange(2500)),
        )
        for party in dict.fromkeys(at)
    )
    return Contact(
        id=UUID(int=rng.getrandbits(128), version=4),
        first_name=first_name,
        last_name=last_name,
        mobile=f"+4791{rng.randrange(10**6):06d}" if rng.random() < 0.3 else "",  # noqa: PLR2004 - about a third
        owner_id=company.owner_id,
        owner_only=company.owner_only,
        roles=roles,
    )


def ascii_only(text: str) -> str:
    """Small letters as an e-mail address has them."""
    return text.replace("æ", "ae").translate(str.maketrans("øåöäéü", "oaoaeu"))
