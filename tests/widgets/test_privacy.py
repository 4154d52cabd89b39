"""Personal data on screen."""

from __future__ import annotations

import json


def test_a_person_is_shown_handed_over_and_erased(app, crm, handed):
    person = crm.contacts.create(first_name="Solveig", last_name="Tangenmyr", mobile="41234567")
    crm.notes.create(text="Liker fjellet", contact_id=person.id)
    app.go(f"privacy/contact/{person.id}")
    screen = app.main.children[0]
    assert "Liker fjellet" in screen.html and "41234567" in screen.html
    for form in ("pdf", "json", "exe"):
        screen.act("file", form=form)
    (pdf, name), (told, _json) = ((handed[n], n) for n in sorted(handed, reverse=True))
    assert pdf.startswith(b"%PDF") and name.endswith(".pdf")
    assert json.loads(told)["name"] == "Solveig Tangenmyr"
    screen.act("consent", values={"purpose": "Nyhetsbrev", "how": "", "given": "yes"})
    assert screen.data["errors"]["how"] and screen.data["values"]["purpose"] == "Nyhetsbrev"
    screen.act("consent", values={"purpose": "Nyhetsbrev", "how": "E-post", "given": "no"})
    assert "Trukket" in screen.html
    screen.act("plan")
    screen.act("erase", values={"erase_reason": ""})
    assert screen.data["errors"]["erase_reason"]
    screen.act("erase", values={"erase_reason": "Ba om det", "keep_documents": False})
    assert "Slettet person" in screen.html and "Tangenmyr" not in screen.html


def test_a_private_card_is_opened_with_a_reason(app, crm):
    crm.employees.add(username="ola", name="Ola Hansen", password="hemmelig-nok", roles=("seller",))
    ola = next(e for e in crm.employees.list() if e.username == "ola")
    hidden = crm.contacts.create(first_name="Liv", last_name="Hemmelig", owner_id=ola.id, owner_only=True)
    app.go(f"privacy/contact/{hidden.id}")
    screen = app.main.children[0]
    assert "Hemmelig" not in screen.html
    screen.act("open_private", values={"reason": " "})
    assert screen.data["errors"]["reason"]
    screen.act("open_private", values={"reason": "Ola er sluttet"})
    assert "Hemmelig" in screen.html


def test_rules_are_looked_at_before_anything_goes(app, crm):
    app.go("settings/privacy")
    screen = app.main.children[0]
    screen.act("rule", kind="contact", value="12")
    screen.act("rule", kind="contact", value=True)
    rule = next(one for one in crm.privacy.rules() if one.kind == "contact")
    assert (rule.months, rule.is_on) == (12, True)
    screen.act("rule", kind="contact", value="mange")
    assert "måneder" in app.said[-1]["toast"]
    screen.act("apply", kind="contact")
    assert screen.data["due_kind"] == ""
    screen.act("dry_run", kind="contact")
    assert "Ingenting er klart for sletting." in screen.html
