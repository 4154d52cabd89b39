"""Routes, messages, undo and disposal."""

from __future__ import annotations

import logging
import threading

import ipywidgets
import pytest
from ipywidgets.widgets import widget as models

import crm_lab
from crm_lab.domain.access import Role
from crm_lab.errors import Unavailable
from crm_lab.widgets.base import View, guarded
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.customer_form import CustomerForm
from crm_lab.widgets.customers import CustomerList
from crm_lab.widgets.dashboard import DashboardScreen
from crm_lab.widgets.employees import EmployeeAdministration
from crm_lab.widgets.pipeline import PipelineScreen
from crm_lab.widgets.profile import Profile
from crm_lab.widgets.shell import App, Missing, start_path


@pytest.mark.parametrize(
    ("path", "screen"),
    [
        ("", DashboardScreen),
        ("pipeline", PipelineScreen),
        ("customers", CustomerList),
        ("customers/new", CustomerForm),
        ("employees", EmployeeAdministration),
        ("profile", Profile),
        ("customers/999999", Missing),
        ("customers/" + "9" * 40, Missing),
        ("customers/²", Missing),
        ("nowhere/at/all", Missing),
        ("../etc/passwd", Missing),
    ],
)
def test_a_path_shows_its_screen(app, path, screen):
    app.go(path)
    assert isinstance(app.main.children[0], screen)


def test_a_card_is_remembered_in_the_menu(app, acme):
    app.go(f"customers/{acme.number}")
    assert isinstance(app.main.children[0], CustomerCard)
    assert "Acme AS" in app.nav.html and "Acme AS" in app.router.title


def test_a_seller_does_not_administer(crm, tmp_path):
    crm.employees.add(username="ola", name="Ola", password="hemmelig-nok", roles=(Role.SELLER,))
    crm.close()
    ola = crm_lab.connect("ola", url=f"duckdb:///{tmp_path / 'crm.duckdb'}")
    app = App(ola)
    app.go("employees")
    assert isinstance(app.main.children[0], Missing) and 'data-route="employees"' not in app.nav.html
    ola.close()


@pytest.mark.parametrize(
    ("script_name", "path"),
    [("/crm/customers/10001", "customers/10001"), ("/x/crm/profile/", "profile"), ("/crm", ""), ("/other", "")],
)
def test_the_first_screen_is_the_one_asked_for(monkeypatch, script_name, path):
    monkeypatch.setenv("SCRIPT_NAME", script_name)
    assert start_path("/crm") == path


def test_no_model_is_left_behind(app, acme):
    paths = (f"customers/{acme.number}", "customers", "customers/new", "employees", "profile")
    for path in paths:
        app.go(path)
    before = len(models._instances)
    for _round in range(2):
        for path in paths:
            app.go(path)
    assert len(models._instances) == before


def test_undo_takes_back_the_change_that_offered_it(app, crm, acme):
    app.go(f"customers/{acme.number}")
    app.main.children[0].act("rename", values={"name": "Wrong AS"})
    offer = app.said[-1]
    app.prefer(theme="dark")
    app.router.fire("undo", id=offer["id"])
    assert crm.customers.get(id=acme.id).name == "Acme AS"
    assert crm.me.theme == "dark"


@pytest.mark.parametrize("made_up", ["", "x", 7, None, "00000000-0000-0000-0000-000000000000"])
def test_undo_of_what_was_never_offered_does_nothing(app, crm, acme, made_up):
    app.router.fire("undo", id=made_up)
    assert crm.customers.count() == 1 and not app.said


def test_what_the_browser_makes_up_has_no_effect(app, crm, acme, caplog):
    app.go(f"customers/{acme.number}")
    card = app.main.children[0]
    messages = [
        {"do": "__init__"}, {"do": "refresh"}, {"do": "_archive"}, {"do": ["archive"]}, {"do": None}, {},
        {"do": "archive", "customer": "x"}, {"do": "rename"}, {"do": "rename", "values": "x"},
        {"do": "rename", "values": {"name": {"a": 1}}}, {"do": "rename", "self": 1, "values": {}}, [], "x", None,
    ]  # fmt: skip
    with caplog.at_level(logging.DEBUG):
        for message in messages:
            card._handle_custom_msg(message, [])
    assert [c.name for c in [crm.customers.get(id=acme.id)]] == ["Acme AS"] and crm.customers.count() == 1
    assert not [r for r in caplog.records if r.exc_info], "no traceback for what somebody made up"


def test_a_bug_is_a_reference_for_the_user_and_a_traceback_for_the_log(app, caplog):
    def broken() -> None:
        raise TypeError("secret detail")

    guarded(app, broken)()
    said = app.said[-1]["toast"]
    assert "secret" not in said
    reference = said.rstrip(".").split()[-1]
    assert len(reference) == 8 and reference in caplog.text and "secret detail" in caplog.text


def test_a_store_that_is_away_is_told_above_the_page(app):
    def away() -> None:
        raise Unavailable("away")

    guarded(app, away)()
    assert "…" in app.router.notice and not app.said


def test_a_change_by_others_leaves_a_form_alone(app, crm):
    app.go("customers/new")
    before = app.main.children[0].html
    crm.customers.create(name="Theirs AS")
    app.changed()
    assert app.main.children[0].html == before
    assert 'class="count">1<' in app.nav.html
    app.go("customers")
    crm.customers.create(name="More AS")
    app.changed()
    assert app.main.children[0].grid.n_rows == 2


def test_closing_stops_the_listener(app):
    app.close()
    assert app._stop.is_set()


def test_a_view_may_not_hide_what_ipywidgets_needs():
    with pytest.raises(TypeError, match="open"):
        type("Bad", (View,), {"open": lambda self: None})


def test_without_a_running_loop_no_thread_is_started(app):
    assert not [t for t in threading.enumerate() if getattr(t, "_target", None) == app._listen]
    assert isinstance(app, ipywidgets.Box)
