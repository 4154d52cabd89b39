"""Employees and one's own profile."""

from __future__ import annotations

from uuid import uuid4

from crm_lab.domain.access import Role

OLA = {"name": "Ola Hansen", "username": "ola", "email": "", "password": "hemmelig-nok", "role_seller": True}


def administration(app):
    app.go("employees")
    return app.main.children[0]


def find(crm, username):
    return next(e for e in crm.employees.list() if e.username == username)


def test_a_colleague_is_added_changed_and_shut_out(app, crm):
    screen = administration(app)
    screen.act("save", values=OLA)
    ola = find(crm, "ola")
    assert ola.roles == (Role.SELLER,) and app.said[-1]["undo"]
    screen.act("edit", id=str(ola.id))
    screen.act("save", values={"name": "Ola B. Hansen", "role_accountant": True})
    assert find(crm, "ola").name == "Ola B. Hansen" and find(crm, "ola").roles == (Role.ACCOUNTANT,)
    screen.act("deactivate", id=str(ola.id))
    assert not find(crm, "ola").is_active
    screen.act("activate", id=str(ola.id))
    assert find(crm, "ola").is_active


def test_faults_stand_at_their_field_and_passwords_are_never_shown_again(app, crm):
    screen = administration(app)
    for field, wrong in (("name", ""), ("username", "Å l"), ("password", "kort")):
        screen.act("save", values=OLA | {field: wrong})
        assert screen.data["errors"][field], field
        assert "hemmelig-nok" not in screen.html and "kort" not in screen.html.replace("korte", "")
    assert len(crm.employees.list()) == 1


def test_a_password_refused_changes_nothing_else(app, crm):
    screen = administration(app)
    screen.act("save", values=OLA)
    screen.act("edit", id=str(find(crm, "ola").id))
    screen.act("save", values={"name": "Other", "password": "kort", "role_seller": True})
    assert find(crm, "ola").name == "Ola Hansen" and screen.data["errors"]["password"]


def test_the_last_administrator_stays(app, crm):
    screen = administration(app)
    screen.act("deactivate", id=str(find(crm, "kari").id))
    assert find(crm, "kari").is_active and app.said[-1]["toast"]


def test_an_employee_who_is_not_there_is_told(app, caplog):
    screen = administration(app)
    for wrong in (str(uuid4()), "x", ""):
        screen.act("deactivate", id=wrong)
    assert not [r for r in caplog.records if r.exc_info]


def test_theme_and_password_of_ones_own(app, crm):
    app.go("profile")
    screen = app.main.children[0]
    screen.act("theme", value="dark")
    assert app.router.theme == "dark" and crm.me.theme == "dark"
    screen.act("theme", value="pink")
    assert crm.me.theme == "dark"
    screen.act("password", values={"old": "wrong", "new": "noe-helt-annet"})
    assert screen.data["errors"]["old"]
    screen.act("password", values={"old": "hemmelig-nok", "new": "kort"})
    assert screen.data["errors"]["new"] and 'value="kort"' not in screen.html
    screen.act("password", values={"old": "hemmelig-nok", "new": "noe-helt-annet"})
    assert screen.data["errors"] == {"old": "", "new": ""}
