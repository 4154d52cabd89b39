"""Files brought in: all or nothing, known rows known, undone at once, and private records kept private."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from crm_lab.domain.addresses import AddressKind
from crm_lab.domain.imports import FileRejected, ImportChoices, ImportKind, ImportRow, KnownRows
from crm_lab.errors import InvalidInput, NotFound
from crm_lab.exchange.parties import FileForm, party_file
from crm_lab.imports import Stopped
from crm_lab.services.history import CannotUndo
from crm_lab.services.imports import MOST_ROWS_A_PIECE, AlreadyImported

SHARED = Path(__file__).parents[3] / "shared/data"
UPDATE = ImportChoices(known=KnownRows.UPDATE)
FILE = (
    "Navn;Org.nr;Telefon;E-post;Poststed;Betalingsfrist;Fornavn\r\n"
    "Fjord AS;923609016;22 33 44 55;post@fjord.no;Oslo;30;\r\n"
    "Nordmann;;91234567;kari@eks.no;;;Kari\r\n"
    "Fjell og Vidde;;;;Bergen;;\r\n"
)
MANY = "Navn;Poststed;Telefon\r\n" + "".join(f"Firma {n} AS;Oslo;2233{n:04d}\r\n" for n in range(1200))


@pytest.fixture
def crm(login):
    return login("kari")


def bring(crm, text, kind="customers", choices=None, name="fil.csv"):
    return crm.imports.read(name, kind, text.encode() if isinstance(text, str) else text).run(choices)


def names(crm):
    return set(crm.customers.list().name)


def test_a_file_is_brought_in_and_undone_at_once(crm):
    done = bring(crm, FILE)
    assert (done.n_new, done.n_known, done.n_faulty, done.file_name) == (3, 0, 0, "fil.csv")
    assert names(crm) == {"Fjord AS", "Kari Nordmann", "Fjell og Vidde"}
    fjord = crm.customers.by_number(number=10001)
    assert (fjord.phone, fjord.terms.payment_days, fjord.owner_id) == ("+4722334455", 30, crm.me.id)
    assert fjord.address(AddressKind.POSTAL).city == "Oslo"
    crm.history.undo(request_id=done.request_id)
    assert names(crm) == set()
    (listed,) = crm.imports.list()
    assert listed.undone_at is not None and listed.n_new == 3


@pytest.mark.parametrize("choices", [None, UPDATE])
def test_the_same_file_twice_changes_nothing(crm, choices):
    bring(crm, FILE)
    before = crm.customers.export()
    done = bring(crm, FILE, choices=choices)
    assert (done.n_new, done.n_updated, done.n_known) == (0, 0, 3)
    assert crm.customers.export().equals(before)
    assert crm.customers.by_number(number=10001).version == 1


def test_known_rows_are_left_alone_or_updated_and_the_update_is_undone(crm):
    made = crm.customers.create(name="Fjord", organisation_number="923609016", website="https://fjord.no")
    assert bring(crm, FILE).n_known == 1
    assert crm.customers.get(id=made.id).phone == ""
    done = bring(crm, FILE, choices=UPDATE)
    assert (done.n_new, done.n_updated, done.n_known) == (0, 1, 2)
    after = crm.customers.get(id=made.id)
    assert (after.name, after.phone, after.website, after.version) == ("Fjord AS", "+4722334455", "https://fjord.no", 2)
    crm.history.undo(request_id=done.request_id)
    undone = crm.customers.get(id=made.id)
    assert (undone.name, undone.phone, undone.addresses, undone.version) == ("Fjord", "", (), 3)


def test_a_name_left_by_an_update_stays_searchable(crm):
    bring(crm, FILE)
    bring(crm, "Navn;Org.nr\r\nNordfjord Bygg AS;923609016\r\n", choices=UPDATE)
    party = crm.customers.by_number(number=10001)
    assert (party.name, crm.cards.customer(number=party.number).former_names) == ("Nordfjord Bygg AS", ("Fjord AS",))
    assert crm.customers.duplicates(name="Fjord AS")[0].number == 10001


def test_more_than_one_statement_takes_are_undone(crm):
    done = bring(crm, MANY)
    assert done.n_new == crm.customers.count() == 1200
    one = crm.customers.by_number(number=10007)
    crm.history.undo(request_id=done.request_id)
    assert crm.customers.count() == 0
    assert not crm.search.find(text="Firma").customers.total and not crm.customers.duplicates(name="x", phone=one.phone)
    again = bring(crm, MANY)  # nothing is left behind that the same file would run into
    assert again.n_new == crm.customers.count() == 1200


def test_of_many_rows_one_that_was_changed_since_keeps_them_all(crm):
    done = bring(crm, MANY)
    one = crm.customers.by_number(number=10007)
    crm.customers.rename(id=one.id, name="Fjord AS", version=1)
    with pytest.raises(CannotUndo):
        crm.history.undo(request_id=done.request_id)
    assert crm.customers.count() == 1200


def test_one_fault_stops_the_whole_file_and_each_is_told(crm):
    text = FILE + "Feil AS;123456789;12;@;;x;\r\nRett AS;;;;;;\r\n"
    job = crm.imports.read("fil.csv", "customers", text.encode())
    plan = job.preview()
    assert (plan.n_rows, plan.n_new, plan.n_faulty) == (5, 4, 1)
    with pytest.raises(FileRejected) as refused:
        job.run()
    assert {(r["line"], r["field"]) for r in refused.value.rows} == {
        (5, "organisation_number"), (5, "phone"), (5, "email"), (5, "terms.payment_days"),
    }  # fmt: skip
    assert names(crm) == set() and crm.imports.list() == []
    assert job.run(ImportChoices(skip_faulty=True)).n_faulty == 1
    assert "Rett AS" in names(crm) and "Feil AS" not in names(crm)


def test_strange_and_hostile_rows(crm):
    hostile = ["😀 AS", "שלום בע״מ", "'; DROP TABLE customer; --", "<img src=x onerror=alert(1)>", '=HYPERLINK("http://x")']
    rows = ["Navn;Notat", *(f'"{name.replace(chr(34), chr(34) * 2)}";x' for name in hostile), "a\x00b;x", f"{'n' * 1_000_000};x"]
    done = bring(crm, "\n".join(rows), choices=ImportChoices(skip_faulty=True))
    assert (done.n_new, done.n_faulty) == (5, 2)
    assert names(crm) == set(hostile)


def test_a_row_that_spills_over_is_refused(crm):
    plan = crm.imports.read("x.csv", "customers", b"Navn;Sted\nA;B\nC;D;E\n").preview()
    assert [(f.line, f.field) for f in plan.faults] == [(3, "")]


def test_categories_and_owner_by_name(crm, login):
    login("ola")
    text = "Navn;Kategori;Eier\nA AS;Viktig;Ola Hansen\nB AS;;ola\nC AS;;Ingen\n"
    plan = crm.imports.read("x.csv", "customers", text.encode()).preview()
    assert {(f.line, f.field) for f in plan.faults} == {(2, "categories"), (4, "owner")}
    bring(crm, text, choices=ImportChoices(skip_faulty=True, new_categories=True))
    assert dict(zip(crm.customers.list().name, crm.customers.list().owner, strict=True)) == {"A AS": "Ola Hansen", "B AS": "Ola Hansen"}
    assert [c.name for c in crm.categories.list()] == ["Viktig"]


def test_two_rows_of_one_party_in_a_file_are_one(crm):
    text = "Navn;Org.nr;Telefon\nFjord AS;923609016;\nFjord AS;923 609 016;22334455\n"
    assert bring(crm, text, choices=UPDATE).n_new == 1
    assert crm.customers.by_number(number=10001).phone == "+4722334455"


def test_a_customer_number_of_another_system_is_not_ours(crm):
    crm.customers.create(name="Vår kunde AS")
    assert bring(crm, "Kundenr;Navn\n10001;En helt annen AS\n", choices=UPDATE).n_new == 1
    assert crm.customers.by_number(number=10001).name == "Vår kunde AS"


def test_a_colleagues_private_party_is_neither_shown_nor_changed(crm, login):
    ola = login("ola")
    ola.customers.create(name="Hemmelig AS", organisation_number="923609016", owner_only=True, phone="22222222")
    ola.customers.create(name="Skjult AS", owner_only=True)
    text = "Navn;Org.nr\nNoe AS;923609016\nSkjult AS;\n"
    plan = crm.imports.read("x.csv", "customers", text.encode()).preview(UPDATE)
    (fault,) = plan.faults
    assert "Ola Hansen" in fault.message and "Hemmelig" not in fault.message
    done = bring(crm, text, choices=ImportChoices(skip_faulty=True, known=KnownRows.UPDATE))
    assert (done.n_new, done.n_updated) == (1, 0)
    plan = crm.imports.read("k.csv", "contacts", b"Navn;Firma\nA B;Hemmelig AS\n").preview()
    assert [f.field for f in plan.faults] == ["company"]


CONTACTS = "Fornavn;Etternavn;Firma;Stilling;E-post;Mobil\nKari;Nordmann;{company};Sjef;kari@fjord.no;\nOla;Berg;;;;91234567\n"


@pytest.mark.parametrize("company", ["10001", "923 609 016", "fjord as"])
def test_contacts_find_their_company(crm, company):
    crm.customers.create(name="Fjord AS", organisation_number="923609016")
    done = bring(crm, CONTACTS.format(company=company), "contacts")
    assert done.n_new == 2
    shown = crm.contacts.list().set_index("last_name")
    assert (shown.company["Nordmann"], shown.title["Nordmann"], shown.email["Nordmann"]) == ("Fjord AS", "Sjef", "kari@fjord.no")
    assert bring(crm, CONTACTS.format(company=company), "contacts", UPDATE).n_known == 2
    more = bring(crm, "Navn;Firma;E-post;Stilling\nKari Nordmann;10001;kari@fjord.no;Direktør\n", "contacts", UPDATE)
    assert more.n_updated == 1
    (role,) = next(c for c in crm.contacts.of_customer(customer_id=crm.customers.by_number(number=10001).id)).roles
    assert role.title == "Direktør"
    crm.history.undo(request_id=more.request_id)
    assert crm.contacts.list().set_index("last_name").title["Nordmann"] == "Sjef"


def test_a_company_that_is_not_there_or_not_the_only_one(crm):
    for _n in range(2):
        crm.customers.create(name="Dobbelt AS")
    plan = crm.imports.read("k.csv", "contacts", b"Navn;Firma\nA B;Dobbelt AS\nC D;Ukjent AS\n").preview()
    assert [(f.line, f.field) for f in plan.faults] == [(2, "company"), (3, "company")]
    text = "Navn;Firma;E-post\nC D;Ukjent AS;c@d.no\n"
    assert bring(crm, text, "contacts", ImportChoices(without_company=True)).n_new == 1
    assert crm.contacts.list().email.tolist() == ["c@d.no"]


def test_what_came_later_keeps_an_import_from_being_undone(crm):
    done = bring(crm, FILE)
    party = crm.customers.by_number(number=10001)
    bring(crm, "Navn;Firma\nA B;10001\n", "contacts")
    with pytest.raises(CannotUndo):
        crm.history.undo(request_id=done.request_id)
    assert crm.customers.get(id=party.id) == party


def test_it_can_be_stopped_and_is_brought_in_once(crm):
    job = crm.imports.read("fil.csv", "customers", FILE.encode())
    with pytest.raises(Stopped):
        job.check(lambda done, total: done < total)
    begun = crm.imports.start(kind="customers", file_name="x")
    crm.imports.stage(id=begun.id, position=0, rows=[ImportRow(2, {"name": "A"})])
    crm.imports.stage(id=begun.id, position=0, rows=[ImportRow(2, {"name": "B"})])
    crm.imports.run(id=begun.id)
    with pytest.raises(AlreadyImported):
        crm.imports.run(id=begun.id)
    assert names(crm) == {"B"}


def test_a_started_import_is_ones_own_and_pieces_are_small(crm, login):
    begun = crm.imports.start(kind="customers", file_name="x")
    with pytest.raises(NotFound):
        login("ola").imports.preview(id=begun.id)
    with pytest.raises(InvalidInput):
        crm.imports.stage(id=begun.id, position=0, rows=[ImportRow(n, {"name": "A"}) for n in range(MOST_ROWS_A_PIECE + 1)])
    assert login("ola").imports.list() == []


def records(frame):
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


@pytest.mark.parametrize("form", [FileForm.CSV, FileForm.EXCEL])
@pytest.mark.parametrize("kind", ["customers", "contacts"])
def test_what_goes_out_comes_in_again_unchanged(crm, login, form, kind):
    bring(crm, FILE)
    bring(crm, CONTACTS.format(company="10001"), "contacts")
    frame = getattr(crm, kind).export()
    file = party_file(ImportKind(kind), form, records(frame))
    done = bring(crm, file, kind, UPDATE)
    assert (done.n_new, done.n_updated, done.n_known) == (0, 0, len(frame))


def test_cards_go_out_and_come_in(crm):
    bring(crm, FILE)
    bring(crm, CONTACTS.format(company="10001"), "contacts")
    for kind in ("customers", "contacts"):
        file = party_file(ImportKind(kind), FileForm.VCARD, records(getattr(crm, kind).export()))
        done = bring(crm, file, kind, name="kort.vcf")
        assert done.n_new == 0, kind


def test_another_employees_private_party_is_in_no_export(crm, login):
    ola = login("ola")
    hidden = ola.customers.create(name="Hemmelig AS", owner_only=True)
    secret = ola.contacts.create(last_name="Skjult", owner_only=True)
    crm.customers.create(name="Åpen AS")
    crm.contacts.create(last_name="Synlig")
    assert crm.customers.export().name.tolist() == ["Åpen AS"]
    assert crm.customers.export(ids=[hidden.id]).empty
    assert crm.contacts.export(ids=[secret.id]).empty
    assert crm.contacts.export().last_name.tolist() == ["Synlig"]
    assert set(ola.customers.export().name) == {"Hemmelig AS", "Åpen AS"}


@pytest.mark.skipif(not SHARED.exists(), reason="the shared test data are not on this machine")
def test_the_accounts_of_a_sales_pipeline_are_brought_in(crm):
    file = SHARED / "6_crm/maven_crm_sales_opportunities/accounts.csv"
    with file.open(encoding="utf-8") as lines:
        wanted = {row["account"].strip() for row in csv.DictReader(lines)}
    with pytest.raises(FileRejected) as told:
        crm.imports.read(file, "customers").run()
    assert Counter(fault["field"] for fault in told.value.rows) == {"industry": 11, "postal.country": 2}  # technolgy; Korea, Philipines
    done = crm.imports.read(file, "customers").run(ImportChoices(skip_faulty=True, mend_names=True))
    assert (done.n_new, done.n_faulty) == (len(wanted) - 2, 2)
    assert wanted - names(crm) == {"Bioholding", "Hottechi"}
