"""Contact screens without a browser: the actions, and what the page then says."""

from __future__ import annotations

import struct
from datetime import timedelta
from uuid import UUID

import pytest

from crm_lab.connection import Connection, Local
from crm_lab.domain.access import Role
from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.ids import new_id
from crm_lab.widgets.contact_form import ContactForm, role_ids
from crm_lab.widgets.contacts import ContactCard, ContactList, today
from crm_lab.widgets.shell import App, Missing


@pytest.fixture
def per(crm, acme):
    """One contact, at acme."""
    role = ContactRole(id=new_id(), customer_id=acme.id, title="Daglig leder", phone="22 22 22 22", is_decision_maker=True)
    return crm.contacts.create(first_name="Per", last_name="Nilsen", mobile="91234567", roles=(role,))


@pytest.fixture
def ola(crm):
    """Another employee's connection to the same company."""
    crm.employees.add(username="ola", name="Ola Hansen", password="hemmelig-nok", roles=(Role.SELLER,))
    return Connection(Local(crm.transport.dispatcher.database, user="ola"))


def show(app, path, kind):
    app.go(path)
    screen = app.main.children[0]
    assert isinstance(screen, kind), screen
    return screen


def page(form, **values):
    """What the page sends of a form: every field it has, and those given."""
    ours = ("customer_id", "owner_id", "municipality")
    return {k: v for k, v in form.values.items() if not k.endswith(ours) and not k.startswith("category.")} | values


def save(form, **values):
    form.act("save", values=page(form, **values))


def undo(app):
    app.router.fire("undo", id=app.said[-1]["id"])


def with_role(form, text="acme", **values):
    """Tie the person of a form to the first company that is suggested; the names of the role's fields."""
    form.act("company_query", value=text)
    form.act("add_role", id=form.data["companies"][0][0])
    return f"roles.{role_ids(form.values)[-1]}"


def test_a_person_is_registered_with_a_role_and_it_is_undone(app, crm, acme):
    form = show(app, "contacts/new", ContactForm)
    at = with_role(form)
    save(form, last_name="Nilsen", **{f"{at}.title": "Innkjøper", f"{at}.started_on": "1.3.2020", f"{at}.is_decision_maker": True})
    card = app.main.children[0]
    assert isinstance(card, ContactCard) and app.router.path == f"contacts/{card.party.id}"
    for text in ("Nilsen", "Innkjøper", "siden 01.03.2020", "Beslutningstaker", f'data-route="customers/{acme.number}"'):
        assert text in card.html
    undo(app)
    assert crm.contacts.count() == 0 and isinstance(app.main.children[0], ContactList)
    assert "Nilsen" not in app.nav.html


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"last_name": " "}, "last_name"),
        ({"phone": "abc"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"birth_date": "5.5.80"}, "birth_date"),
        ({"birth_date": "1.1.1899"}, "birth_date"),
        ({"consent_note": "nyhetsbrev"}, "consent_on"),
        ({"note": "fnr 010154 50068"}, "note"),
        ({"visiting.postal_code": "12"}, "visiting.postal_code"),
        ({"title": "x" * 300}, "role"),
        ({"phone": "1"}, "role"),
        ({"ended_on": "31.2.2020"}, "role"),
        ({"started_on": "2.1.2020", "ended_on": "1.1.2020"}, "role"),
    ],
)
def test_a_fault_is_told_at_its_field_and_nothing_is_lost(app, crm, acme, values, field):
    form = show(app, "contacts/new", ContactForm)
    with_role(form)
    at = with_role(form)
    name = f"{at}.{list(values)[-1]}" if field == "role" else field
    given = {f"{at}.{k}" if field == "role" else k: v for k, v in values.items()}
    save(form, **{"last_name": "Nilsen"} | given)
    assert set(form.errors) == {name} and not form.problem
    assert f'id="f-{name}"' in form.html and f'aria-describedby="d-{name}"' in form.html
    assert all(v in form.html for v in given.values())
    assert crm.contacts.count() == 0


def test_a_field_is_checked_when_somebody_leaves_it(app):
    form = show(app, "contacts/new", ContactForm)
    form.act("typed", name="mobile", left=False, values=page(form, mobile="91"))
    assert not form.errors
    form.act("typed", name="mobile", left=True, values=page(form, mobile="91"))
    assert set(form.errors) == {"mobile"}
    form.act("typed", name="mobile", left=False, values=page(form, mobile="91234567"))
    assert not form.errors


def test_a_company_that_nobody_has_is_told(app, acme):
    form = show(app, "contacts/new", ContactForm)
    form.act("company_query", value="acme")
    assert [name for _id, name, _detail in form.data["companies"]] == ["Acme AS"]
    form.act("company_query", value="zzz")
    assert not form.data["companies"] and "Ingen kunde passer" in form.html


def test_a_new_contact_begins_at_the_customer_it_came_from(app, crm, acme):
    form = show(app, f"contacts/new/{acme.number}", ContactForm)
    assert f'data-route="customers/{acme.number}"' in form.html
    save(form, last_name="Nilsen")
    assert [role.customer_id for role in app.main.children[0].party.roles] == [acme.id]
    show(app, "contacts/new/99999", Missing)


def test_a_role_is_ended_and_another_removed_by_the_form(app, crm, acme, per):
    form = show(app, f"contacts/{per.id}/edit", ContactForm)
    assert "22 22 22 22" in form.html and 'name="roles.' in form.html
    added = with_role(form).removeprefix("roles.")
    (stored,) = set(role_ids(form.values)) - {added}
    form.act("drop_role", id=added)
    form.act("end_role", id=stored)
    save(form)
    (role,) = crm.contacts.get(id=per.id).roles
    assert (str(role.id), role.ended_on) == (stored, today())
    assert "Avsluttet" in app.main.children[0].html
    assert f"Daglig leder · til {today():%d.%m.%Y}" in app.main.children[0].html
    undo(app)
    assert crm.contacts.get(id=per.id).roles == per.roles


def test_a_hidden_customer_is_not_shown_and_its_role_is_kept(app, crm, ola, per):
    secret = ola.customers.create(name="Hemmelig AS", owner_only=True)
    role = ContactRole(id=new_id(), customer_id=secret.id, title="Sjef")
    ola.contacts.change(id=per.id, version=1, roles=(*ola.contacts.get(id=per.id).roles, role))
    assert "Hemmelig" not in show(app, f"contacts/{per.id}", ContactCard).html
    form = show(app, f"contacts/{per.id}/edit", ContactForm)
    form.act("company_query", value="hemmelig")
    assert "Hemmelig" not in form.html
    form.act("drop_role", id=role_ids(form.values)[0])
    save(form, note="ny")
    assert [r.title for r in ola.contacts.get(id=per.id).roles] == ["Sjef"]


def test_what_two_people_changed_is_asked_and_the_rest_is_kept(app, crm, ola, per):
    form = show(app, f"contacts/{per.id}/edit", ContactForm)
    at = f"roles.{role_ids(form.values)[0]}"
    theirs = ola.contacts.get(id=per.id)
    changed = ContactRole(id=theirs.roles[0].id, customer_id=theirs.roles[0].customer_id, title="Styreleder")
    ola.contacts.change(id=per.id, version=1, email="per@nilsen.no", roles=(changed,))
    save(form, note="min", **{f"{at}.title": "Innkjøper"})
    (clash,) = form.clashes
    assert clash["label"] == "Acme AS" and clash["mine"].startswith("Innkjøper") and clash["theirs"].startswith("Styreleder")
    assert crm.contacts.get(id=per.id).note == ""
    save(form)
    assert form.clashes and form.errors, "nothing is saved before somebody chooses"
    save(form, **{f"choose:{at}": "theirs"})
    now = crm.contacts.get(id=per.id)
    assert (now.note, now.email, now.roles) == ("min", "per@nilsen.no", (changed,))


def test_the_page_cannot_say_which_company_or_owner(app, crm, ola, per):
    secret = ola.customers.create(name="Hemmelig AS", owner_only=True)
    form = show(app, f"contacts/{per.id}/edit", ContactForm)
    at = f"roles.{role_ids(form.values)[0]}"
    save(form, **{f"{at}.customer_id": str(secret.id), "owner_id": str(ola.me.id), "roles.x.title": "x", "is_admin": "x"})
    now = crm.contacts.get(id=per.id)
    assert (now.owner_id, now.roles) == (per.owner_id, per.roles)
    for made_up in ("", "x", str(secret.id), str(new_id())):
        for action in ("add_role", "end_role", "drop_role"):
            show(app, f"contacts/{per.id}/edit", ContactForm).act(action, id=made_up)
    assert crm.contacts.get(id=per.id).roles == per.roles


def test_owner_and_visibility(app, crm, ola, per):
    form = show(app, f"contacts/{per.id}/edit", ContactForm)
    form.act("owner", id="")
    save(form, owner_only=True)
    assert set(form.errors) == {"owner_only"}
    form.act("owner", id=str(ola.me.id))
    save(form, owner_only=True)
    assert ola.contacts.get(id=per.id).owner_id == ola.me.id
    assert isinstance(app.main.children[0], Missing), "it is the new owner's alone"


def test_rename_archive_restore_and_delete(app, crm, per):
    path = f"contacts/{per.id}"
    card = show(app, path, ContactCard)
    card.act("rename_start")
    card.act("rename", values={"first_name": "Per Olav", "last_name": "Nilsen"})
    assert "Per Olav Nilsen" in card.html and "Per Nilsen" in card.html.partition("Tidligere navn")[2]
    assert "Per Olav Nilsen" in app.nav.html or app.recent[path] == "Per Olav Nilsen"
    card.act("archive")
    assert app.router.path == "contacts" and crm.contacts.count() == 0
    card = show(app, path, ContactCard)
    assert "Arkivert" in card.html
    card.act("restore")
    assert crm.contacts.count() == 1 and "Arkivert" not in card.html
    card.act("delete")
    assert crm.contacts.count() == 1 and "Slette Per Olav Nilsen" in card.html
    card.act("delete_surely")
    assert crm.contacts.count() == 0 and path not in app.recent
    undo(app)
    assert crm.contacts.get(id=per.id).roles == per.roles


def test_a_contact_without_a_surname_is_not_renamed(app, crm, per):
    card = show(app, f"contacts/{per.id}", ContactCard)
    card.act("rename", values={"first_name": "Per", "last_name": ""})
    assert "etternavn" in app.said[-1]["toast"] and crm.contacts.get(id=per.id) == per


def select(grid, *rows):
    grid.selected = memoryview(struct.pack(f"{len(rows)}i", *rows))


def test_chosen_rows_get_another_owner(app, crm, ola, per):
    crm.contacts.create(last_name="Dahl")
    screen = show(app, "contacts", ContactList)
    screen.grid.fire("menu", id="assign")
    assert not screen.head.data["question"], "nobody is chosen"
    select(screen.grid, 0, 1, 7, -1)
    screen.grid.fire("menu", id="assign")
    assert "Ny eier for 2 kontakter" in screen.head.html
    screen.head.act("assign", id="x")
    screen.head.act("assign", id=str(ola.me.id))
    assert set(crm.contacts.list().owner) == {"Ola Hansen"} and not screen.head.data["question"]
    undo(app)
    assert set(crm.contacts.list().owner) == {"Kari Nordmann"}


def test_the_list_opens_the_row_of_the_browser_and_no_other(app, per):
    screen = show(app, "contacts", ContactList)
    for row in (-1, 1, 10**9, "x", None, [0]):
        screen.grid.fire("open", row=row)
        assert app.router.path == "contacts"
    screen.grid.fire("open", row=0)
    assert app.router.path == f"contacts/{per.id}"


def test_what_others_do_is_shown_but_not_in_a_form(app, ola, per):
    card = show(app, f"contacts/{per.id}", ContactCard)
    ola.contacts.change(id=per.id, version=1, note="ring i morgen")
    app.changed()
    assert "ring i morgen" in card.html
    form = show(app, f"contacts/{per.id}/edit", ContactForm)
    before = form.html
    ola.contacts.change(id=per.id, version=2, note="ring nå")
    app.changed()
    assert form.html == before
    screen = show(app, "contacts", ContactList)
    ola.contacts.create(last_name="Dahl")
    app.changed()
    assert screen.grid.n_rows == 2 and 'class="count">2<' in app.nav.html


def test_names_are_text_never_markup(app, crm, acme):
    evil = '<img src=x onerror=alert(1)>"\'{{ 1234*4321 }}'
    role = ContactRole(id=new_id(), customer_id=acme.id, title=evil, ended_on=today() - timedelta(days=1))
    made = crm.contacts.create(first_name=evil, last_name=evil, note=evil, consent_on=today(), consent_note=evil, roles=(role,))
    for path in (f"contacts/{made.id}", f"contacts/{made.id}/edit"):
        app.go(path)
        for html in (app.main.children[0].html, app.nav.html):
            assert "<img" not in html and "&lt;img" in html and "5332114" not in html


@pytest.mark.parametrize("path", ["contacts/x", "contacts/new/x", "contacts/{private}", "contacts/{private}/edit", "contacts/{key}", "contacts/{key}/x"])
def test_what_is_not_there_and_what_is_hidden_look_the_same(app, ola, path):
    private = ola.contacts.create(last_name="Hemmelig", owner_only=True).id
    screen = show(app, path.format(private=private, key=new_id()), Missing)
    assert "Hemmelig" not in screen.html


def test_hidden_contacts_are_not_counted(crm, app, ola):
    ola.contacts.create(last_name="Hemmelig", owner_only=True)
    app.changed()
    assert 'class="count">0<' in app.nav.html
    assert 'class="count">1<' in App(ola).nav.html


def test_a_like_person_is_registered_with_a_reason(app, crm):
    crm.contacts.create(first_name="Ida", last_name="Berg", email="ida@berg.no")
    app.go("contacts/new")
    form = app.main.children[0]
    form.act("typed", values={"email": "ida@berg.no"}, name="email", left=False)
    assert "Ida Berg" in form.html and 'name="duplicate_reason"' in form.html
    save(form, last_name="Berg", email="ida@berg.no", duplicate_reason="Mor og datter deler adresse")
    assert "Mor og datter deler adresse" in {crm.contacts.get(id=UUID(key)).duplicate_reason for key in crm.contacts.list().id}
