"""Merging: the one that stays has it all, the other leads to it, and taking apart leaves everything as it was."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.ids import new_id
from crm_lab.domain.merges import (
    LinkedAcross,
    MergedAlready,
    MergeWish,
    NumbersDiffer,
    PersonWithNumber,
    SameParty,
    VisibilityDiffers,
)
from crm_lab.domain.payments import Payment
from crm_lab.domain.terms import Terms
from crm_lab.domain.values import Money
from crm_lab.errors import ChangedMeanwhile, NotFound
from crm_lab.services.check import check
from crm_lab.services.parties import HasMerged
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.domain.customers import Customer
    from crm_lab.store.engine import Database

ITS_OWN = {"audit", "request", "session", "login_attempt", "counter", "merge"}
"""What tells that something was done. Counters too: a number once given is never given again."""
NUMBER, OTHER_NUMBER = "923609016", "974760673"


def content(database: Database) -> dict[str, set[str]]:
    """Every row of every table but for its version; in what order a JSON object has its names is all one."""
    def plain(value: Any) -> Any:
        return sorted(value.items()) if isinstance(value, dict) else value

    with database.reading() as connection:
        return {
            name: {repr(sorted((k, plain(v)) for k, v in row.items() if k != "version")) for row in connection.execute(select(table)).mappings()}
            for name, table in tables.metadata.tables.items()
            if name not in ITS_OWN
        }


def post(crm: Connection, party: Customer, amount: str, **fields: Any) -> UUID:
    made = crm.ledger.post(customer_id=party.id, kind="manual", amount=Decimal(amount), posted_on=date(2026, 1, 2), **fields)
    return UUID(str(made.id))


def test_the_one_that_stays_gets_it_all(login: Callable[[str], Connection], database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    gold, blue = (kari.categories.create(name=name, for_contacts=True) for name in ("Gull", "Blå"))
    visiting = Address(kind=AddressKind.VISITING, street="Storgata 1", city="OSLO")
    delivery = Address(kind=AddressKind.DELIVERY, street="Rampa 2", city="OSLO")
    kept = kari.customers.create(name="Nordlys Bygg AS", phone="22334455", categories=(gold.id,), terms=Terms(payment_days=30))
    other = kari.customers.create(
        name="Nordlys Bygg Oslo", email="post@nordlys.no", is_supplier=True, organisation_number=NUMBER, note="Ring før ti.",
        categories=(gold.id, blue.id), addresses=(visiting, delivery), terms=Terms(payment_days=10, discount=Decimal(5)),
    )  # fmt: skip
    role = ContactRole(id=new_id(), customer_id=other.id, title="Daglig leder")
    person = kari.contacts.create(last_name="Berg", roles=(role,))
    kari.notes.create(text="Fra den andre", customer_id=other.id)
    kari.tasks.create(title="Ring", customer_id=other.id)
    seen = ola.merges.preview(kind="customer", kept_id=kept.id, merged_id=other.id)
    assert {field.name: field.is_taken for field in seen.fields} == {
        "name": False, "organisation_number": True, "email": True, "note": True, "terms.discount": True, "terms.payment_days": False,
        "address.visiting": True,
    }  # fmt: skip
    assert seen.moves == {"address": 2, "category_link": 1, "contact_role": 1, "note": 1, "task": 1}
    ola.merges.merge(kind="customer", kept_id=kept.id, merged_id=other.id)

    card = ola.cards.customer(number=kept.number)
    c = card.customer
    assert (c.name, c.phone, c.email, c.organisation_number) == ("Nordlys Bygg AS", "+4722334455", "post@nordlys.no", NUMBER)
    assert (c.is_customer, c.is_supplier, c.supplier_number is not None) == (True, True, True)
    assert (c.terms.payment_days, c.terms.discount) == (30, 5)
    assert {category.name for category in card.categories} == {"Gull", "Blå"}
    assert {a.street for a in c.addresses} == {"Storgata 1", "Rampa 2"}
    assert [n.text for n in card.notes] == ["Fra den andre"]
    assert [t.title for t in card.tasks] == ["Ring"]
    assert [p.id for p in card.contacts] == [person.id]
    assert [role.customer_id for role in ola.contacts.get(id=person.id).roles] == [kept.id]
    assert ola.customers.count() == len(ola.customers.list()) == 1
    assert check(database) == []


def test_number_and_name_of_the_other_lead_to_the_one_that_stays(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    kept = kari.customers.create(name="Nordlys Bygg AS")
    other = kari.customers.create(name="Sørlandet Entreprenør", phone="91234567", email="post@sorland.no", is_supplier=True)
    kari.customers.rename(id=other.id, version=1, name="Sørlandet Anlegg")
    assert kari.search.find(text="sørlandet").customers.total == 1
    merge = kari.merges.merge(kind="customer", kept_id=kept.id, merged_id=other.id, take=())
    assert kari.customers.by_number(number=other.number).id == kept.id
    assert kari.cards.customer(number=other.number).customer.number == kept.number
    for text in ("sørlandet anlegg", "entreprenør", str(other.number), str(other.supplier_number), "91234567", "post@sorland.no"):
        assert [hit.id for hit in kari.search.find(text=text).customers.hits] == [kept.id], text
    assert [d.number for d in kari.customers.duplicates(name="Sørlandet Anlegg AS")] == [kept.number]
    assert kari.customers.duplicates(name="Sørlandet Anlegg AS", exclude=kept.id) == []
    kari.merges.unmerge(id=merge.id)
    assert [hit.id for hit in kari.search.find(text="sørlandet anlegg").customers.hits] == [other.id]
    assert kari.search.find(text="91234567").customers.hits[0].id == other.id
    assert kari.customers.by_number(number=other.number).id == other.id


def test_contacts_merge_alike(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    party = kari.customers.create(name="Fjord AS")
    same = {"customer_id": party.id, "title": "Styreleder"}
    kept = kari.contacts.create(first_name="Ida", last_name="Berg", mobile="91234567", roles=(ContactRole(id=new_id(), **same),))
    other = kari.contacts.create(
        first_name="Ida K.", last_name="Berg", birth_date=date(1980, 5, 1), consent_on=date(2026, 1, 1), consent_note="Nyhetsbrev",
        roles=(ContactRole(id=new_id(), **same), ContactRole(id=new_id(), customer_id=party.id, title="Innkjøper")),
    )  # fmt: skip
    kari.notes.create(text="Liker kaffe", contact_id=other.id)
    merge = kari.merges.merge(kind="contact", kept_id=kept.id, merged_id=other.id)
    card = kari.cards.contact(id=other.id)
    assert card.contact.id == kept.id
    assert (card.contact.birth_date, card.contact.consent_note) == (date(1980, 5, 1), "Nyhetsbrev")
    assert sorted(role.title for role in card.contact.roles) == ["Innkjøper", "Styreleder"]
    assert [note.text for note in card.notes] == ["Liker kaffe"]
    assert [hit.id for hit in kari.search.find(text="ida k").contacts.hits] == [kept.id]
    assert [m.merged_name for m in kari.merges.of(kind="contact", id=kept.id)] == ["Ida K. Berg"]
    kari.merges.unmerge(id=merge.id)
    assert kari.cards.contact(id=other.id).contact.id == other.id
    assert sorted(role.title for role in kari.contacts.get(id=other.id).roles) == ["Innkjøper", "Styreleder"]


def test_postings_keep_their_party_and_are_shown_together(login: Callable[[str], Connection]) -> None:
    kari, ola, ingrid = login("kari"), login("ola"), login("ingrid")
    kept, other = kari.customers.create(name="Nordlys AS"), kari.customers.create(name="Nordlys Bygg AS")
    invoice, payment = post(kari, other, "100.00", document_number="1001"), post(kari, kept, "-100.00")
    rest = post(kari, other, "40.00")
    before = {row.posting_id: row.customer_id for row in kari.ledger.all_items().itertuples()}
    merge = ola.merges.merge(kind="customer", kept_id=kept.id, merged_id=other.id)
    for crm in (ola, ingrid):
        items = crm.ledger.all_items(customer_id=kept.id)
        assert set(items.customer_number) == {kept.number}
        assert set(items.customer_name) == {"Nordlys AS"}
        assert sorted(items.posted_number) == sorted([other.number, kept.number, other.number])
    assert ola.ledger.balances().balance_minor.tolist() == [4000]
    made = ingrid.ledger.match(posting_ids=(invoice, payment))
    assert ola.ledger.ageing(customer_id=kept.id).balance_minor.tolist() == [4000]
    assert [s.balance.minor for s in ola.ledger.standing(customer_id=kept.id)] == [4000]
    assert [s.balance.minor for s in ola.cards.customer(number=kept.number).standing] == [4000]
    assert ola.ledger.matches(customer_id=kept.id).number.tolist() == [made.number]
    with pytest.raises(LinkedAcross, match=str(made.number)):
        ola.merges.unmerge(id=merge.id)
    own = ingrid.ledger.match(posting_ids=(rest, post(kari, kept, "-40.00")))
    ingrid.merges.unmerge(id=merge.id)
    assert ola.ledger.matches().empty, "both were across"
    after = {row.posting_id: row.customer_id for row in ola.ledger.all_items().itertuples()}
    assert before.items() <= after.items()
    ingrid.history.undo(request_id=ingrid.last_request)
    assert sorted(ola.ledger.matches().number) == sorted([made.number, own.number])
    assert ola.customers.count() == 1


def test_a_match_of_one_side_goes_with_it(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    kept, other = kari.customers.create(name="Nordlys AS"), kari.customers.create(name="Nordlys Bygg AS")
    pair = post(kari, other, "50.00"), post(kari, other, "-50.00")
    merge = kari.merges.merge(kind="customer", kept_id=kept.id, merged_id=other.id)
    kari.ledger.match(posting_ids=pair)
    kari.merges.unmerge(id=merge.id)
    assert kari.ledger.matches().customer_number.tolist() == [other.number]
    assert len(kari.ledger.closed_items(customer_id=other.id)) == 2


def test_money_from_the_others_account_is_the_one_thats(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    kept, other = kari.customers.create(name="Nordlys AS"), kari.customers.create(name="Sørlys AS", bank_account="86011117947")
    post(kari, other, "100.00", kid="12345674")
    kari.merges.merge(kind="customer", kept_id=kept.id, merged_id=other.id, take=())
    file = kari.payments.start(name="ocr.txt", format="ocr")
    day = {"posted_on": date(2026, 1, 3), "value_on": date(2026, 1, 3)}
    paid = [
        Payment(line=1, money=Money(Decimal(100)), kid="12345674", **day),  # type: ignore[arg-type]
        Payment(line=2, money=Money(Decimal(7)), payer_account="86011117947", **day),  # type: ignore[arg-type]
        Payment(line=3, money=Money(Decimal(8)), payer_name="Sørlys AS", **day),  # type: ignore[arg-type]
    ]
    kari.payments.stage(id=file.id, payments=paid)
    assert kari.payments.book(id=file.id).n_booked == 3
    lines = kari.payments.lines(id=file.id)
    assert set(lines.customer_name) == {"Nordlys AS"}
    assert set(kari.ledger.all_items().query("kind == 'payment'").posted_number) == {kept.number}


def test_organisation_numbers_that_differ_must_be_confirmed(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    kept = kari.customers.create(name="Nordlys AS", organisation_number=NUMBER)
    other = kari.customers.create(name="Nordlys AS", organisation_number=OTHER_NUMBER)
    asked = {"kind": "customer", "kept_id": kept.id, "merged_id": other.id}
    assert kari.merges.preview(**asked).numbers_differ
    with pytest.raises(NumbersDiffer) as told:
        kari.merges.merge(**asked)
    assert told.value.details() == {"field": "numbers_may_differ"}
    with pytest.raises(NumbersDiffer):
        kari.merges.merge_many(kind="customer", wishes=(MergeWish(kept_id=kept.id, merged_ids=(other.id,)),))
    assert kari.customers.count() == 2
    kari.merges.merge(**asked, numbers_may_differ=True)
    assert kari.customers.count() == 1


def test_what_cannot_be_merged(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    one, two = kari.customers.create(name="En AS"), kari.customers.create(name="To AS", organisation_number=NUMBER)
    person = kari.customers.create(name="Berg", first_name="Ida", is_person=True)
    secret = kari.customers.create(name="Hemmelig AS", owner_only=True)
    with pytest.raises(SameParty):
        kari.merges.merge(kind="customer", kept_id=one.id, merged_id=one.id)
    with pytest.raises(VisibilityDiffers, match="Hemmelig AS"):
        kari.merges.preview(kind="customer", kept_id=one.id, merged_id=secret.id)
    for kept, other in ((one.id, secret.id), (secret.id, one.id), (one.id, new_id())):
        with pytest.raises(NotFound):
            ola.merges.merge(kind="customer", kept_id=kept, merged_id=other)
    with pytest.raises(PersonWithNumber):
        kari.merges.merge(kind="customer", kept_id=person.id, merged_id=two.id, take=("organisation_number",))
    with pytest.raises(ChangedMeanwhile):
        kari.merges.merge(kind="customer", kept_id=one.id, merged_id=two.id, kept_version=7)
    done = kari.merges.merge(kind="customer", kept_id=one.id, merged_id=two.id)
    with pytest.raises(NotFound):
        kari.merges.merge(kind="customer", kept_id=one.id, merged_id=two.id)
    with pytest.raises(HasMerged, match="To AS"):
        kari.customers.delete(id=one.id, version=2)
    kari.merges.unmerge(id=done.id)
    with pytest.raises(MergedAlready):
        kari.merges.unmerge(id=done.id)
    assert kari.customers.count() == 4


def test_private_ones_of_one_owner_merge_unseen(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    kept, other = (kari.customers.create(name=name, owner_only=True) for name in ("Kanari AS", "Kanari Fugl AS"))
    merge = kari.merges.merge(kind="customer", kept_id=kept.id, merged_id=other.id)
    for ask in (
        lambda: ola.customers.by_number(number=other.number), lambda: ola.cards.customer(number=other.number),
        lambda: ola.merges.of(kind="customer", id=kept.id), lambda: ola.merges.unmerge(id=merge.id),
        lambda: ola.merges.duplicates(kind="customer", id=other.id),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            ask()
    assert ola.search.find(text="kanari").customers.total == 0


def test_a_merge_hides_what_only_its_owner_sees(login: Callable[[str], Connection]) -> None:
    kari, ola = login("kari"), login("ola")
    kept, other = kari.customers.create(name="En AS"), kari.customers.create(name="To AS")
    kari.tasks.create(title="Alene", customer_id=other.id, owner_only=True)
    kari.contacts.create(last_name="Skjult", roles=(ContactRole(id=new_id(), customer_id=other.id),), owner_only=True)
    assert ola.merges.preview(kind="customer", kept_id=kept.id, merged_id=other.id).moves == {}
    assert kari.merges.preview(kind="customer", kept_id=kept.id, merged_id=other.id).moves == {"contact_role": 1, "task": 1}
    ola.merges.merge(kind="customer", kept_id=kept.id, merged_id=other.id)
    assert ola.cards.customer(number=kept.number).tasks == ()
    assert len(kari.cards.customer(number=kept.number).tasks) == len(kari.cards.customer(number=kept.number).contacts) == 1


def test_taking_apart_keeps_what_was_done_since(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    label = kari.categories.create(name="Gull")
    kept = kari.customers.create(name="En AS", phone="22334455")
    street = Address(kind=AddressKind.VISITING, street="Gamle vei 1")
    other = kari.customers.create(name="To AS", email="to@to.no", website="to.no", categories=(label.id,), addresses=(street,))
    moved, removed = (kari.notes.create(text=text, customer_id=other.id) for text in ("Flyttet", "Slettes"))
    merge = kari.merges.merge(kind="customer", kept_id=kept.id, merged_id=other.id)
    one = kari.customers.by_number(number=kept.number)
    new = Address(kind=AddressKind.VISITING, street="Nye vei 2")
    kari.customers.change(id=kept.id, version=one.version, email="ny@to.no", categories=(), addresses=(new,))
    kari.notes.change(id=moved.id, version=moved.version, text="Endret")
    kari.notes.delete(id=removed.id, version=removed.version)
    kari.notes.create(text="Kom til", customer_id=kept.id)
    kari.merges.unmerge(id=merge.id)
    one, two = (kari.cards.customer(number=party.number) for party in (kept, other))
    assert (one.customer.phone, one.customer.email, one.customer.website) == ("+4722334455", "ny@to.no", "")
    assert (two.customer.email, [c.name for c in two.categories]) == ("to@to.no", ["Gull"])
    assert ([a.street for a in one.customer.addresses], [a.street for a in two.customer.addresses]) == (["Nye vei 2"], ["Gamle vei 1"])
    assert ([n.text for n in one.notes], [n.text for n in two.notes]) == (["Kom til"], ["Endret"])


def test_a_whole_run_is_one_undo(login: Callable[[str], Connection], database: Database) -> None:
    kari = login("kari")
    parties = [kari.customers.create(name=f"Nordlys {n} AS", phone="22334455" if n == 2 else "") for n in range(6)]
    before = content(database)
    wishes = tuple(MergeWish(kept_id=parties[n].id, merged_ids=(parties[n + 1].id, parties[n + 2].id)) for n in (0, 3))
    assert kari.merges.merge_many(kind="customer", wishes=wishes) == 4
    assert kari.customers.count() == 2
    assert kari.customers.get(id=parties[0].id).phone == "+4722334455"
    kari.history.undo(request_id=kari.last_request)
    assert content(database) == before


def test_what_is_said_to_be_two_is_not_proposed(login: Callable[[str], Connection], database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    one, two = kari.customers.create(name="Nordlys AS"), kari.customers.create(name="Nordlys AS")
    secret = kari.customers.create(name="Nordlys AS", owner_only=True)
    assert [d.number for d in ola.merges.duplicates(kind="customer", id=one.id)] == [two.number]
    before = content(database)
    assert ola.merges.dismiss(kind="customer", ids=(one.id, two.id)) == 1
    assert ola.merges.dismiss(kind="customer", ids=(two.id, one.id)) == 0
    assert ola.merges.duplicates(kind="customer", id=one.id) == []
    with pytest.raises(NotFound):
        ola.merges.dismiss(kind="customer", ids=(one.id, secret.id))
    kari.history.of(entity="customer", id=one.id)
    ola.merges.dismiss(kind="customer", ids=(two.id, one.id))
    assert content(database) != before


def test_history_tells_of_both(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    kept, other = kari.customers.create(name="En AS"), kari.customers.create(name="To AS", phone="22334455")
    kari.merges.merge(kind="customer", kept_id=kept.id, merged_id=other.id)
    told = {(c.action, c.field, c.after) for c in kari.history.of(entity="customer", id=kept.id)}
    assert ("customers.create", "", "To AS") in told
    assert ("merges.merge", "phone", "+4722334455") in told


class Company:
    """A company that the drawn examples share: each makes parties of its own."""

    def __init__(self, crm: Connection, database: Database) -> None:
        self.crm, self.database = crm, database
        self.labels = tuple(crm.categories.create(name=f"Merke {n}", for_contacts=True).id for n in range(3))

    def parties(self, kind: str, rng: random.Random) -> list[Any]:
        make = self.customer if kind == "customer" else self.contact
        return [make(rng) for _ in range(3)]

    def customer(self, rng: random.Random) -> Any:
        kind = rng.choice([{"is_supplier": True}, {"is_supplier": True, "is_customer": False}, {}])
        texts = {
            "phone": rng.choice(["", "22334455", "22334456"]), "email": rng.choice(["", "a@a.no", "b@b.no"]), "note": rng.choice(["", "x", "y"]),
            "website": rng.choice(["", "www.a.no"]), "language": rng.choice(["", "nb", "en"]),
        }  # fmt: skip
        terms = Terms(payment_days=rng.choice([None, 10, 20]), discount=rng.choice([None, Decimal(5)]), bic=rng.choice([None, "DNBANOKK"]))
        made = self.crm.customers.create(
            name=rng.choice(["Nordlys AS", "Nordlys Bygg", "Sørlys"]), terms=terms, **kind, **texts, **self._parts(rng)
        )  # fmt: skip
        for _ in range(rng.randrange(3)):
            self.crm.contacts.create(last_name="Berg", roles=(ContactRole(id=new_id(), customer_id=made.id, title=rng.choice("ab")),))
            self.crm.ledger.post(customer_id=made.id, kind="manual", amount=Decimal(rng.choice([10, -10])), posted_on=date(2026, 1, 2))
        with self.database.writing() as connection:
            said = {"id": new_id(), "version": 1, "customer_id": made.id, "field": "name", "said": {}, "noticed_at": utc_now(), "settled_at": None}
            Work(connection, None, utc_now()).insert(tables.register_notice, said)
        return self._lived(made, "customer", rng)

    def contact(self, rng: random.Random) -> Any:
        party = self.crm.customers.create(name="Arbeid AS")
        roles = [ContactRole(id=new_id(), customer_id=party.id, title=rng.choice("ab")) for _ in range(rng.randrange(3))]
        born = rng.choice([None, date(1980, 1, 1)])
        consent = rng.choice([{}, {"consent_on": date(2026, 1, 1), "consent_note": "Ja"}])
        made = self.crm.contacts.create(
            first_name=rng.choice(["", "Ida"]), last_name=rng.choice(["Berg", "Dal"]), birth_date=born, roles=tuple(roles),
            mobile=rng.choice(["", "91234567"]), **consent, **self._parts(rng),
        )  # fmt: skip
        return self._lived(made, "contact", rng)

    def _parts(self, rng: random.Random) -> dict[str, Any]:
        kinds = [*rng.sample([k for k in AddressKind if k is not AddressKind.DELIVERY], rng.randrange(4)), *[AddressKind.DELIVERY] * rng.randrange(3)]
        addresses = tuple(Address(kind=kind, street=f"Vei {rng.randrange(3)}") for kind in kinds)
        return {"addresses": addresses, "categories": tuple(rng.sample(self.labels, rng.randrange(4)))}

    def _lived(self, made: Any, kind: str, rng: random.Random) -> Any:
        for n in range(rng.randrange(3)):
            self.crm.notes.create(text=f"Notat {n} @kari", **{f"{kind}_id": made.id})
            self.crm.tasks.create(title=f"Oppgave {n}", **{f"{kind}_id": made.id})
        service = getattr(self.crm, f"{kind}s")
        if rng.random() < 0.4:
            names = {"name": "Het noe annet"} if kind == "customer" else {"first_name": "", "last_name": "Annet"}
            service.rename(id=made.id, version=made.version, **names)
        if rng.random() < 0.2:
            service.archive(id=made.id, version=service.get(id=made.id).version)
        return made


@pytest.fixture
def shared(login: Callable[[str], Connection], database: Database) -> Company:
    return Company(login("kari"), database)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["customer", "contact"]), seed=st.integers(0, 10**9), as_undo=st.booleans())
def test_merge_then_unmerge_is_identity(shared: Company, kind: str, seed: int, *, as_undo: bool) -> None:
    """In any order: merges into one, merges of merged ones, taken apart by `unmerge` or by undo."""
    rng, crm = random.Random(seed), shared.crm
    left = shared.parties(kind, rng)
    before, merges = content(shared.database), []
    while len(left) > 1 and rng.random() < 0.85:
        kept, other = rng.sample(left, 2)
        fields = crm.merges.preview(kind=kind, kept_id=kept.id, merged_id=other.id).fields
        take = None if rng.random() < 0.3 else tuple(f.name for f in fields if rng.random() < 0.5)
        made = crm.merges.merge(kind=kind, kept_id=kept.id, merged_id=other.id, take=take)
        merges.append((made, crm.last_request, content(shared.database)))
        left.remove(other)
    assert check(shared.database) == []
    n_made = len(merges)
    while merges:
        standing = [m for m in merges if m[0].kept_id in {party.id for party in left}]
        made, request, after = rng.choice(standing)
        is_first = made is merges[-1][0] and len(merges) == n_made
        merges = [m for m in merges if m[0] is not made]
        if as_undo and rng.random() < 0.5:
            crm.history.undo(request_id=request)
        else:
            crm.merges.unmerge(id=made.id)
            if is_first:
                crm.history.undo(request_id=crm.last_request)
                assert without_moves(content(shared.database)) == without_moves(after), "undoing the undoing"
                crm.merges.unmerge(id=made.id)
        left.append(type("Party", (), {"id": made.merged_id}))
        assert check(shared.database) == []
    assert content(shared.database) == before


def without_moves(tables_: dict[str, set[str]]) -> dict[str, set[str]]:
    """All but what is only there to take a merge back, and the instants and keys that are of the second time."""
    return {name: rows for name, rows in tables_.items() if name not in {"merge_row", "customer", "contact", "former_name"}}
