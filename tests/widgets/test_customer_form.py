"""The form of a customer without a browser: typing, the register, doubles, settings, and two people at once."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from crm_lab.domain.access import Role
from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.customers import RegisterStatus
from crm_lab.domain.terms import Terms
from crm_lab.i18n import OSLO
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.customer_form import CustomerForm
from tests import register_server


@pytest.fixture
def register(monkeypatch):
    """The register's service, near by."""
    with register_server.running() as server:
        monkeypatch.setenv("CRM_REGISTER_URL", server.url)
        yield server


def begin(app, path="customers/new"):
    app.go(path)
    screen = app.main.children[0]
    assert isinstance(screen, CustomerForm)
    return screen


def type_in(screen, left=False, **values):
    for name, value in values.items():
        screen.act("typed", name=name, values=screen.values | {name: value}, left=left)


def save(screen, **values):
    screen.act("save", values=screen.values | values)


# typing


def test_a_field_is_wrong_only_once_it_is_left_and_right_as_soon_as_it_is(app):
    screen = begin(app)
    type_in(screen, email="kar")
    assert "email" not in screen.errors
    type_in(screen, left=True, email="kar")
    assert "kar" in screen.errors["email"] and 'aria-invalid="true"' in screen.html
    type_in(screen, email="kari@acme.no")
    assert screen.errors == {} and 'aria-invalid="true"' not in screen.html


def test_an_empty_name_is_told_at_the_save_never_before(app, crm):
    screen = begin(app)
    type_in(screen, left=True, name="")
    assert screen.errors == {}
    save(screen)
    assert screen.errors["name"] and crm.customers.count() == 0


def test_every_wrong_field_is_told_at_once_at_its_own_place(app, crm):
    screen = begin(app)
    wrong = {
        "email": "x", "phone": "1", "n_employees": "mange", "terms.discount": "ti", "terms.payment_days": "999",
        "postal.postal_code": "12", "visiting.country": "Atlantis", "gln": "1",
    }  # fmt: skip
    save(screen, **wrong)
    assert set(screen.errors) == {"name", *wrong}
    assert all(f'id="d-{name}"' in screen.html for name in screen.errors)
    assert crm.customers.count() == 0


@pytest.mark.parametrize(
    "message",
    [
        {"do": "typed", "name": "name", "values": {"name": ["x"]}},
        {"do": "typed", "name": "nothing", "values": {"nothing": "x", "version": "9"}},
        {"do": "typed", "name": "name", "values": {"name": True, "is_vat_registered": "yes"}},
        {"do": "owner", "id": "not-a-key"},
        {"do": "category", "id": "new"},
        {"do": "open_address", "at": "moon"},
        {"do": "remove_address", "at": "delivery.7"},
        {"do": "take", "id": "923609016"},
        {"do": "inherit", "name": "owner_id"},
        {"do": "save", "values": {"owner_id": "x", "kind": "king"}},
    ],
)
def test_messages_made_up_change_nothing(app, crm, message):
    screen = begin(app)
    before = dict(screen.values)
    screen._handle_custom_msg(message | {"n": 1}, [])
    assert {k: v for k, v in screen.values.items() if k not in {"owner_id", "kind"}} == {
        k: v for k, v in before.items() if k not in {"owner_id", "kind"}
    }
    assert crm.customers.count() == 0


# the register


def test_a_company_is_registered_from_its_number_alone(app, crm, register):
    screen = begin(app)
    type_in(screen, organisation_number="NO 923 609 016 MVA")
    assert "EQUINOR ASA" in screen.html and "MVA-registrert" in screen.html
    screen.act("take", id="923609016")
    assert f"Fra Enhetsregisteret, {datetime.now(OSLO):%d.%m.%Y}" in screen.html
    save(screen)
    made = crm.customers.by_number(number=10001)
    assert (made.name, made.organisation_number, made.register_status) == ("EQUINOR ASA", "923609016", RegisterStatus.ACTIVE)
    assert made.address(AddressKind.VISITING).city == "STAVANGER" and made.n_employees == 21272
    assert {"name", "organisation_number", "addresses", "register_status", "website"} <= set(made.sources)
    assert isinstance(app.main.children[0], CustomerCard)


def test_a_field_written_over_is_no_longer_the_registers(app, crm, register):
    screen = begin(app)
    type_in(screen, organisation_number="923609016")
    screen.act("take", id="923609016")
    type_in(screen, name="Equinor")
    type_in(screen, **{"visiting.street": "Sandsliveien 90"})
    save(screen)
    sources = crm.customers.by_number(number=10001).sources
    assert "name" not in sources and "addresses" not in sources and "organisation_number" in sources


@pytest.mark.parametrize(("number", "words"), [("889640782", "Konkurs"), ("974760673", "Slettet"), ("987654325", "har ikke dette nummeret")])
def test_what_the_register_says_of_the_number_is_shown(app, register, number, words):
    screen = begin(app)
    type_in(screen, organisation_number=number)
    assert words in screen.html


def test_a_branch_offers_its_main_unit_first(app, register):
    screen = begin(app)
    type_in(screen, organisation_number="973152351")
    assert "Dette er en underenhet av" in screen.html
    screen.act("take", id="923609016")
    assert screen.values["organisation_number"] == "923 609 016"


def test_without_the_register_the_form_says_so_and_works(app, crm):
    screen = begin(app)
    type_in(screen, organisation_number="923609016")
    assert "Enhetsregisteret svarer ikke" in screen.html
    save(screen, name="Acme AS")
    assert crm.customers.by_number(number=10001).organisation_number == "923609016"


def test_an_answer_on_a_number_that_is_gone_is_dropped(app, register):
    screen = begin(app)
    type_in(screen, organisation_number="923609016")
    late = screen._own, screen._answer
    type_in(screen, organisation_number="889640782")
    screen._answered("923609016", *late)
    assert "FALLITT" in screen.html and "EQUINOR" not in screen.html


# doubles


def test_our_own_party_is_shown_and_saved_again_only_with_a_reason(app, crm, acme):
    screen = begin(app)
    type_in(screen, organisation_number="923609016")
    assert "Acme AS" in screen.html and f'data-route="customers/{acme.number}"' in screen.html
    save(screen, name="Acme avdeling Nord")
    assert crm.customers.count() == 1 and 'name="duplicate_reason"' in screen.html
    save(screen, duplicate_reason="Egen faktura")
    assert crm.customers.count() == 2


def test_a_change_that_makes_a_double_is_saved_only_with_a_reason(app, crm, acme):
    other = crm.customers.create(name="Nordlys AS")
    screen = begin(app, f"customers/{other.number}/edit")
    type_in(screen, organisation_number="923609016")
    save(screen)
    type_in(screen, left=True, organisation_number="923609016")  # the field is left as the reason is asked for
    assert crm.customers.get(id=other.id).organisation_number == ""
    assert 'name="duplicate_reason"' in screen.html and f'data-route="customers/{acme.number}"' in screen.html
    save(screen, duplicate_reason="Egen avdeling")
    saved = crm.customers.get(id=other.id)
    assert (saved.organisation_number, saved.duplicate_reason) == ("923609016", "Egen avdeling")
    renamed = crm.customers.change(id=other.id, version=saved.version, name="Sørlys AS")
    assert renamed.duplicate_reason == "Egen avdeling"


def test_a_like_name_is_warned_of_while_typing(app, acme):
    screen = begin(app)
    type_in(screen, name="ACME")
    assert "Er denne registrert fra før?" in screen.html and "Acme AS" in screen.html
    type_in(screen, name="Noe helt annet")
    assert "Er denne registrert fra før?" not in screen.html


def test_why_it_is_saved_all_the_same_is_kept_and_told_in_its_history(app, crm, acme):
    screen = begin(app)
    type_in(screen, name="ACME")
    assert screen.html.count('name="duplicate_reason"') == 1
    save(screen, name="ACME", duplicate_reason="Egen avdeling")
    made = crm.customers.by_number(number=acme.number + 1)
    assert made.duplicate_reason == "Egen avdeling"
    assert ("duplicate_reason", "Egen avdeling") in [(c.field, c.after) for c in crm.history.of(entity="customer", id=made.id)]


# settings, owner, categories, addresses


def test_a_text_or_an_approver_that_is_inherited_can_be_left_empty(app, crm):
    crm.company.set_terms(terms=Terms(price_list="Proff", approver="kari"))
    screen = begin(app)
    assert "Proff – firmaets standard. Skriv – for ingen." in screen.html
    type_in(screen, kind="supplier")
    assert '<option value="–">Ingen</option>' in screen.html
    save(screen, name="Acme", **{"terms.price_list": "-", "terms.approver": "–"})
    made = crm.customers.by_number(number=10001)
    assert (made.terms.price_list, made.terms.approver, made.terms.bic) == ("", "", None)
    found = crm.customers.terms(id=made.id)["price_list"]
    assert (found.value, found.source) == ("", "own")
    again = begin(app, "customers/10001/edit")
    assert (again.values["terms.price_list"], again.values["terms.bic"]) == ("–", "")
    assert '<option value="–" selected>Ingen</option>' in again.html
    again.act("inherit", name="terms.price_list")
    save(again)
    assert crm.customers.by_number(number=10001).terms.price_list is None


def test_a_setting_says_what_it_inherits_and_goes_back_to_it(app, crm):
    category = crm.categories.create(name="Grossist")
    crm.categories.change(id=category.id, version=1, terms=type(category.terms)(payment_days=45))
    screen = begin(app)
    assert "14 dager – firmaets standard" in screen.html
    screen.act("category", id=str(category.id))
    assert "45 dager – fra kategorien Grossist" in screen.html
    type_in(screen, **{"terms.payment_days": "10"})
    assert "Egen verdi. Ellers: 45 dager" in screen.html
    screen.act("inherit", name="terms.payment_days")
    assert screen.values["terms.payment_days"] == ""
    save(screen, name="Acme", **{"terms.discount": "12,5", "terms.sends_reminders": "no"})
    made = crm.customers.by_number(number=10001)
    assert (str(made.terms.discount), made.terms.sends_reminders, made.terms.payment_days) == ("12.50", False, None)
    assert "12,5 %" in app.main.children[0].html and "fra kategorien Grossist" in app.main.children[0].html


def test_a_category_is_made_on_the_spot(app, crm):
    screen = begin(app)
    screen.act("category_query", value="Bygg")
    assert "Opprett «Bygg»" in screen.html
    screen.act("category", id="new")
    save(screen, name="Acme")
    assert [c.name for c in crm.categories.list()] == ["Bygg"]
    assert len(crm.customers.by_number(number=10001).categories) == 1


def test_the_owner_is_me_until_somebody_else_is_chosen(app, crm):
    ola = crm.employees.add(username="ola", name="Ola Hansen", password="hemmelig-nok", roles=(Role.SELLER,))
    screen = begin(app)
    assert screen.values["owner_id"] == str(crm.me.id)
    screen.act("owner", id="")
    screen.act("owner", id=str(ola.id))
    save(screen, name="Acme")
    assert crm.customers.by_number(number=10001).owner_id == ola.id


def test_fallbacks_follow_what_is_typed(app):
    screen = begin(app)
    assert "Ikke oppgitt" in screen.html
    type_in(screen, **{"visiting.street": "Gate 1"})
    assert "Brukes: besøksadressen" in screen.html
    screen.act("open_address", at="postal")
    type_in(screen, **{"postal.street": "Postboks 1"})
    assert "Brukes: postadressen" in screen.html


def test_several_delivery_addresses_close_up_when_one_is_removed(app, crm):
    screen = begin(app)
    screen.act("open_address", at="delivery")
    type_in(screen, **{"delivery.street": "Lager 1"})
    screen.act("add_delivery")
    type_in(screen, **{"delivery.2.street": "Lager 2"})
    screen.act("add_delivery")
    save(screen, name="Acme", **{"delivery.3.street": "Lager 3", "delivery.3.postal_code": "9"})
    assert set(screen.errors) == {"delivery.3.postal_code"}
    screen.act("remove_address", at="delivery.2")
    save(screen, **{"delivery.2.postal_code": "7014"})
    made = crm.customers.by_number(number=10001)
    assert [a.street for a in made.addresses] == ["Lager 1", "Lager 3"]


def test_a_postcode_brings_its_place_but_not_over_what_somebody_wrote(app):
    screen = begin(app)
    type_in(screen, **{"visiting.postal_code": "7014"})
    assert screen.values["visiting.city"] == "TRONDHEIM"
    type_in(screen, **{"visiting.city": "Trondhjem"})
    type_in(screen, **{"visiting.postal_code": "0150"})
    assert screen.values["visiting.city"] == "Trondhjem"


def test_a_country_is_written_by_name(app, crm):
    screen = begin(app)
    save(screen, name="Acme", **{"visiting.street": "Storgatan 1", "visiting.country": "Sverige", "visiting.postal_code": "111 22"})
    assert crm.customers.by_number(number=10001).address(AddressKind.VISITING).country == "SE"


# changing, and two people


def test_changing_writes_only_what_changed(app, crm, acme):
    screen = begin(app, f"customers/{acme.number}/edit")
    save(screen, phone="22 22 22 22")
    after = crm.customers.get(id=acme.id)
    assert (after.phone, after.name, after.version) == ("+4722222222", "Acme AS", acme.version + 1)
    assert app.said[-1]["undo"]


def test_what_only_one_of_two_changed_is_merged(app, crm, acme):
    screen = begin(app, f"customers/{acme.number}/edit")
    crm.customers.change(id=acme.id, version=acme.version, website="acme.no")
    save(screen, phone="22 22 22 22")
    after = crm.customers.get(id=acme.id)
    assert (after.phone, after.website) == ("+4722222222", "https://acme.no")


@pytest.mark.parametrize(("choice", "email"), [("mine", "min@acme.no"), ("theirs", "deres@acme.no")])
def test_what_both_changed_is_chosen_and_the_rest_is_kept(app, crm, acme, choice, email):
    screen = begin(app, f"customers/{acme.number}/edit")
    place = Address(kind=AddressKind.VISITING, street="Deres vei 1")
    crm.customers.change(id=acme.id, version=acme.version, email="deres@acme.no", addresses=(place,), website="acme.no")
    save(screen, email="min@acme.no", phone="22222222", **{"visiting.street": "Min vei 2"})
    assert all(text in screen.html for text in ("deres@acme.no", "min@acme.no", "Deres vei 1", "Min vei 2"))
    assert crm.customers.get(id=acme.id).email == "deres@acme.no"
    save(screen)
    assert "Velg en av de to." in screen.html
    screen.act("save", values=screen.values | {"choose:email": choice, "choose:visiting": "theirs"})
    after = crm.customers.get(id=acme.id)
    assert (after.email, after.phone, after.website) == (email, "+4722222222", "https://acme.no")
    assert after.address(AddressKind.VISITING).street == "Deres vei 1"


def test_bad_input_ends_in_a_sentence_or_in_plain_text(app, crm):
    long = begin(app)
    save(long, name="x" * 1_000_000)
    assert "250" in long.errors["name"]
    nul = begin(app)
    save(nul, name="A\0B")
    assert nul.errors["name"]
    for name in ("🦊 Rev AS", "شركة النور", "'; DROP TABLE customer; --", '<img src=x onerror="alert(1)">', "{{ 7*7 }}"):
        save(begin(app), name=name)
        card = app.main.children[0]
        assert isinstance(card, CustomerCard) and card.party.name == name
        assert "<img src=x" not in card.html
    assert crm.customers.count() == 5


@pytest.mark.parametrize("kind", ["customer", "both", "person"])
def test_every_id_of_the_form_is_its_own(app, acme, kind):
    screen = begin(app)
    screen.act("add_delivery")
    type_in(screen, kind=kind, name="Acme", organisation_number="923609016")
    ids = re.findall(r'\sid="([^"]+)"', screen.html)
    assert len(ids) > 80
    assert sorted(ids) == sorted(set(ids))
