"""Cards without a browser: tabs, roles, categories, the note, the wall, projects, following and density."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

import crm_lab
from crm_lab.domain.access import Role
from crm_lab.domain.projects import ProjectStatus
from crm_lab.widgets.contacts import ContactCard
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.ledger import LedgerScreen
from crm_lab.widgets.projects import ProjectForm, ProjectList, ProjectPage, read_amount
from crm_lab.widgets.shell import App, Missing


def show(app, path, screen=None):
    app.go(path)
    shown = app.main.children[0]
    assert screen is None or isinstance(shown, screen)
    return shown


def undo(app):
    app.router.fire("undo", id=app.said[-1]["id"])


@pytest.fixture
def per(crm):
    return crm.contacts.create(first_name="Per", last_name="Nilsen", mobile="91234567")


def test_a_tab_has_an_address_and_the_card_stays(app, crm, acme):
    card = show(app, f"customers/{acme.number}", CustomerCard)
    for tab in ("contacts", "projects", "history"):
        assert show(app, f"customers/{acme.number}/{tab}") is card
        assert f'id="tab-{tab}"' in card.html and card.data["tab"] == tab
    ledger = show(app, f"customers/{acme.number}/ledger", LedgerScreen)
    assert ledger.card.data["tab"] == "ledger" and 'aria-selected="true"' in ledger.card.html
    assert show(app, f"customers/{acme.number}/history", CustomerCard) is not card, "opened anew beside the ledger"
    assert "Registrert" in app.main.children[0].html
    for path in ("customers/10001/nothing", "customers/10001/contacts/x", "customers/99999/contacts", "customers/10001/"):
        show(app, path, Missing)
    person = crm.contacts.create(last_name="Berg")
    assert show(app, f"contacts/{person.id}/companies", ContactCard).data["tab"] == "companies"
    show(app, f"contacts/{person.id}/ledger", Missing)


def test_keys_of_tabs_are_their_places(app, acme):
    card = show(app, f"customers/{acme.number}")
    assert [card.html.index(f'aria-keyshortcuts="{n}"') for n in range(1, 6)] == sorted(card.html.index(f'aria-keyshortcuts="{n}"') for n in range(1, 6))


def test_a_person_is_found_linked_changed_and_unlinked_on_the_customer(app, crm, acme, per):
    card = show(app, f"customers/{acme.number}/contacts")
    card.act("role_start")
    card.act("role_query", value="nils")
    assert card.data["role_options"][0][:2] == (str(per.id), "Per Nilsen")
    card.act("role_choose", id="made up")
    assert not card.data["role_chosen"]
    card.act("role_choose", id=str(per.id))
    card.act("role_add", values={"title": "Innkjøper", "started_on": "2024-02-01", "is_decision_maker": True})
    (role,) = crm.contacts.get(id=per.id).roles
    assert (role.title, role.started_on, role.is_decision_maker) == ("Innkjøper", date(2024, 2, 1), True)
    assert card.data["n_roles"] == 1 and "siden 01.02.2024" in card.html
    card.act("role_edit", id=str(role.id))
    card.act("role_save", id=str(role.id), values={"title": "Innkjøpssjef", "phone": "22 22 22 22", "started_on": "", "is_decision_maker": False})
    (role,) = crm.contacts.get(id=per.id).roles
    assert (role.title, role.phone, role.started_on, role.is_decision_maker) == ("Innkjøpssjef", "+4722222222", None, False)
    card.act("role_end", id=str(role.id))
    assert crm.contacts.count() == 1, "only the tie is gone"
    assert card.data["n_roles"] == 0 and "Avsluttet" in card.html and app.said[-1]["undo"]
    undo(app)
    assert card.data["n_roles"] == 1


def test_a_company_is_linked_and_unlinked_on_the_contact(app, crm, acme, per):
    card = show(app, f"contacts/{per.id}")
    card.act("role_start")
    card.act("role_query", value="acme")
    card.act("role_choose", id=str(acme.id))
    card.act("role_add", values={"title": "", "started_on": "i går"})
    assert "ikke en dato" in app.said[-1]["toast"] and not crm.contacts.get(id=per.id).roles
    card.act("role_add", values={"title": "Selger"})
    assert card.data["current"]["name"] == "Acme AS"
    card.act("role_end", id=card.data["roles"][0]["id"])
    assert card.data["current"] is None and crm.customers.count() == 1


def test_categories_are_put_on_made_and_taken_off(app, crm, acme, per):
    gold = crm.categories.create(name="Gull")
    card = show(app, f"customers/{acme.number}")
    card.act("label_start")
    card.act("label_choose", id=str(gold.id))
    assert [label.name for label in card.data["categories"]] == ["Gull"]
    card.act("label_start")
    assert str(gold.id) not in [key for key, *_rest in card.data["label_options"]]
    card.act("label_query", value="Sølv")
    card.act("label_choose", id="new")
    card.act("label_make", values={"colour": "blue"})
    assert [(label.name, label.colour) for label in card.data["categories"]] == [("Gull", "grey"), ("Sølv", "blue")]
    card.act("label_drop", id=str(gold.id))
    assert [label.name for label in card.data["categories"]] == ["Sølv"]
    undo(app)
    assert len(card.data["categories"]) == 2
    person = show(app, f"contacts/{per.id}")
    person.act("label_start")
    assert person.data["label_options"] == [], "those are for customers"


def test_categories_are_merged_in_the_settings(app, crm, acme):
    gold, best = crm.categories.create(name="Gull"), crm.categories.create(name="Best")
    crm.categories.put(id=best.id, customer_id=acme.id)
    screen = show(app, "settings/categories")
    screen.act("merge_start", id=str(best.id))
    assert "Flett Best inn i" in screen.html
    screen.act("merge", values={"into": "nothing"})
    screen.act("merge", values={"into": str(gold.id)})
    assert [row["name"] for row in screen.data["rows"]] == ["Gull"] and "1 kunde eller kontakt" in app.said[-1]["toast"]
    undo(app)
    assert len(screen.data["rows"]) == 2


@pytest.mark.parametrize("noun", ["customers", "contacts"])
def test_the_note_is_written_in_place_and_an_incomplete_one_stays_so(app, crm, noun):
    made = getattr(crm, noun).create_by_name(name="Bare Navn")
    card = show(app, f"{noun}/{made.number if noun == 'customers' else made.id}")
    card.act("annotate_start")
    app.changed()
    assert card.data["noting"], "what others do does not take it away"
    card.act("annotate", values={"note": "Ring\nførst"})
    found = getattr(crm, noun).get(id=made.id)
    assert (found.note, found.is_incomplete) == ("Ring\nførst", True)
    undo(app)
    assert getattr(crm, noun).get(id=made.id).note == ""


def test_the_wall_shows_what_is_chosen_and_earlier_notes(app, crm, acme):
    for n in range(65):
        crm.notes.create(text=f"notat {n}", customer_id=acme.id)
    task = crm.tasks.create(title="Ringt dem", customer_id=acme.id)
    crm.tasks.complete(id=task.id, version=task.version)
    crm.ledger.post(customer_id=acme.id, kind="payment", amount=Decimal(-125), posted_on=date(2026, 1, 2), text="Innbetaling")
    kran = crm.opportunities.create(title="Kran", customer_id=acme.id)
    crm.opportunities.lose(id=kran.id, version=kran.version, reason="Pris")
    card = show(app, f"customers/{acme.number}")
    assert (len(card.data["entries"]), card.data["has_more"]) == (60, True)
    card.act("wall_more")
    assert (len(card.data["entries"]), card.data["has_more"]) == (65, False)
    card.act("wall_kind", kind="notes")
    assert card.data["entries"] == [] and not card.data["has_more"]
    for kind in ("tasks", "payments", "owners", "made up"):
        card.act("wall_kind", kind=kind)
    assert [(entry["kind"], entry["text"]) for entry in card.data["entries"]] == [("tasks", "Ringt dem"), ("payments", "125,00 NOK, Innbetaling")]
    card.act("wall_kind", kind="opportunities")
    told = [(entry["kind"], entry["text"]) for entry in card.data["entries"]]
    assert told[:2] == [("opportunities", "Kran er tapt: Pris"), ("opportunities", "Kran er ny, 10 %")]


def send_file(card, to, name, data, *, step=4):
    for at in range(0, len(data) or 1, step):
        card._receive(card, {"event": "slice", "to": to, "name": name, "size": len(data), "at": at}, [data[at : at + step]])


def test_files_are_put_on_a_note_and_taken_off(app, crm, acme):
    card = show(app, f"customers/{acme.number}")
    send_file(card, "new", "<img src=x>.txt", b"hei p\xc3\xa5 deg")
    send_file(card, "new", "feil.txt", b"feil")
    send_file(card, "new", "tom.txt", b"")
    assert [(f["name"], f["size"]) for f in card.data["chosen"]] == [("<img src=x>.txt", "11 B"), ("feil.txt", "4 B"), ("tom.txt", "0 B")]
    assert "<img" not in card.html
    card.act("file_drop", id=card.data["chosen"][1]["id"])
    card.act("note_add", values={"text": ""})
    assert card.data["chosen"] == []
    (note,) = crm.notes.of(customer_id=acme.id)
    assert [(d.name, crm.documents.read(id=d.id)) for d in note.documents] == [("<img src=x>.txt", "hei på deg".encode()), ("tom.txt", b"")]
    card.act("note_edit", id=str(note.id))
    send_file(card, str(note.id), "ny.txt", b"ny")
    card.act("file_drop", id=str(note.documents[0].id))
    card.act("note_cancel")
    assert crm.notes.of(customer_id=acme.id) == [note], "who cancels changes nothing"
    card.act("note_edit", id=str(note.id))
    assert len(card.data["entries"][0]["files"]) == 2
    send_file(card, str(note.id), "ny.txt", b"ny")
    card.act("file_drop", id=str(note.documents[0].id))
    card.act("note_save", id=str(note.id), values={"text": "Nå"})
    assert [d.name for d in crm.notes.of(customer_id=acme.id)[0].documents] == ["tom.txt", "ny.txt"]
    assert crm.customers.card(acme.number).notes.n_documents.tolist() == [2]
    undo(app)
    assert crm.notes.of(customer_id=acme.id)[0].documents == note.documents


def test_slices_that_nobody_s_page_sends_are_dropped(app, crm, acme, monkeypatch, handed):
    card = show(app, f"customers/{acme.number}")
    sound = {"event": "slice", "to": "new", "name": "a.txt", "size": 4, "at": 0}
    for wrong in ({"at": 2}, {"size": "4"}, {"name": None}, {"to": 1}, {"at": True}, {"size": 1}, {"at": -4}):
        card._receive(card, sound | wrong, [b"abcd"])
    card._receive(card, sound, [])
    assert card.data["chosen"] == []
    said = len(app.said)
    card._receive(card, sound | {"size": 10**12}, [b"abcd"])
    assert "for stor" in app.said[said]["toast"]
    secret = crm.contacts.create(last_name="Aas")
    send_file(card, "new", "a.txt", b"abcd")
    key = card.data["chosen"][0]["id"]
    note = crm.notes.create(text="x", contact_id=secret.id, attach=[{"id": key, "name": "a.txt"}])
    card.act("file_get", id=str(note.documents[0].id))
    card.act("file_get", id="../../etc/passwd")
    card.act("file_drop", id="../../etc/passwd")
    assert handed == {}, "a document of another card is not handed over here"
    card.act("note_add", values={"text": "her"})
    (mine,) = crm.notes.of(customer_id=acme.id)[0].documents
    card.act("file_get", id=str(mine.id))
    assert handed == {"a.txt": b"abcd"}


def test_earlier_versions_of_a_note_are_shown(app, crm, acme):
    note = crm.notes.create(text="Først", customer_id=acme.id)
    crm.notes.change(id=note.id, version=note.version, text="Så")
    card = show(app, f"customers/{acme.number}")
    assert "Først" not in card.html
    card.act("note_past", id=str(note.id))
    assert "Først" in card.html
    card.act("note_past", id=str(note.id))
    assert "Først" not in card.html


def test_what_is_owed_stands_in_the_first_box(app, crm, acme):
    card = show(app, f"customers/{acme.number}")
    assert [(s["balance"], s["is_late"]) for s in card.data["standing"]] == [("0,00", False)]
    crm.ledger.post(customer_id=acme.id, kind="invoice", amount=Decimal("1234.5"), posted_on=date(2026, 1, 2), due_on=date(2026, 1, 16))
    app.changed()
    assert "1\u00a0234,50 kr" in card.html and card.data["standing"][0]["is_late"]


def test_a_followed_card_stands_in_the_menu(app, crm, acme, per):
    card = show(app, f"customers/{acme.number}")
    card.act("follow")
    show(app, f"contacts/{per.id}").act("follow")
    assert "Kort jeg følger" in app.nav.html and list(app.followed.values()) == ["Per Nilsen", "Acme AS"]
    assert list(App(crm).followed) == list(app.followed), "also tomorrow"
    app.main.children[0].act("follow")
    assert list(app.followed.values()) == ["Acme AS"] and not app.main.children[0].data["follows"]


def test_klassisk_and_crm_are_a_setting_of_ones_own(app, crm):
    app.nav.act("density", density="compact")
    assert (app.router.density, crm.me.density) == ("compact", "compact")
    app.nav.act("density", density="made up")
    assert app.router.density == "compact"
    profile = show(app, "profile")
    profile.act("density", value="full")
    assert app.router.density == crm.me.density == "full"


def test_a_project_is_made_on_a_card_changed_and_deleted(app, crm, acme, per):
    ola = crm.employees.add(username="ola", name="Ola Hansen", password="hemmelig-nok")
    form = show(app, f"projects/new/{acme.number}", ProjectForm)
    form.act("save", values={"name": ""})
    assert "name" in form.data["errors"] and not len(crm.projects.list())
    form.act("member", id=str(ola.id))
    form.act("person_query", value="nilsen")
    form.act("person", id=str(per.id))
    form.act("leader", id="made up")
    form.act("save", values=form.data["values"] | {"name": "Nybygg", "budget": "1 250 000,50", "ends_on": "2026-01-01", "starts_on": "2026-02-01"})
    assert "ends_on" in form.data["errors"]
    form.act("save", values=form.data["values"] | {"ends_on": "2026-12-01", "status": "active"})
    page = app.main.children[0]
    assert isinstance(page, ProjectPage) and app.router.path == "projects/1001"
    assert page.project.budget == Decimal("1250000.50") and page.project.status is ProjectStatus.ACTIVE
    for text in ("Nybygg", "Acme AS", "Ola Hansen", "Per Nilsen", "1\u00a0250\u00a0000,50 kr", "01.12.2026"):
        assert text in page.html, text
    page.act("task_add", values={"title": "Grav"})
    assert [task.title for task in crm.tasks.of(project_id=page.project.id)] == ["Grav"]
    card = show(app, f"customers/{acme.number}")
    assert card.data["n_projects"] == 1 and "Nybygg" in card.html and card.data["n_tasks"] == 1
    assert "Nybygg" in show(app, f"contacts/{per.id}/projects").html
    screen = show(app, "projects", ProjectList)
    screen.grid.fire("open", row=0)
    page = app.main.children[0]
    page.act("delete")
    page.act("delete_surely")
    assert app.router.path == "projects" and len(crm.projects.list()) == 0
    undo(app)
    assert crm.projects.list().n_tasks.tolist() == [1]


@pytest.mark.parametrize(
    ("text", "amount"), [("", None), ("1 250 000,50", Decimal("1250000.50")), ("1\u00a0000", Decimal(1000)), ("12.5", Decimal("12.5")), ("500,-", Decimal(500))]
)
def test_an_amount_as_people_write_it(text, amount):
    assert read_amount(text) == amount


def test_a_hidden_project_is_not_there(app, crm, tmp_path):
    crm.employees.add(username="ola", name="Ola", password="hemmelig-nok", roles=(Role.SELLER,))
    secret = crm.customers.create(name="Hemmelig AS", owner_only=True)
    made = crm.projects.create(name="Nybygg", customer_id=secret.id)
    crm.close()
    ola = crm_lab.connect("ola", url=f"duckdb:///{tmp_path / 'crm.duckdb'}")
    theirs = App(ola)
    for path in (f"projects/{made.number}", f"projects/{made.number}/edit", f"projects/new/{secret.number}"):
        show(theirs, path, Missing)
    assert show(theirs, "projects", ProjectList).grid.n_rows == 0
    ola.close()
