"""The screen of changes in the register: what it shows, what its buttons do, and what somebody makes up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from crm_lab.services.notices import compare_with_register
from crm_lab.services.register import load_register
from crm_lab.store.register import register_at
from crm_lab.widgets.notices import NoticeList
from tests.register_server import EQUINOR

if TYPE_CHECKING:
    from pathlib import Path

    from crm_lab.connection import Connection
    from crm_lab.domain.customers import Customer
    from crm_lab.widgets.shell import App


@pytest.fixture
def screen(app: App, crm: Connection, acme: Customer, tmp_path: Path) -> NoticeList:
    """Acme has another name and is winding up, says the register."""
    assert acme.organisation_number == EQUINOR["organisasjonsnummer"]
    bulk, copy = tmp_path / "bulk.json", tmp_path / "register.sqlite"
    for day, entity in ((1, {**EQUINOR, "navn": "ACME AS"}), (2, {**EQUINOR, "underAvvikling": True})):
        now = datetime(2026, 11, day, tzinfo=UTC)
        bulk.write_text(json.dumps([entity]), encoding="utf-8")
        load_register(copy, [bulk], made_at=now)
        compare_with_register(crm.transport.dispatcher.database, register_at(copy), now=now)
    app.changed()
    app.go("register")
    (shown,) = app.main.children
    assert isinstance(shown, NoticeList)
    return shown


def ids(screen: NoticeList) -> list[str]:
    return [str(notice.id) for notice, *_words in screen.data["rows"]]


def test_it_shows_both_sides_and_the_menu_counts(app: App, screen: NoticeList) -> None:
    for words in ("Acme AS", "EQUINOR ASA", "Under avvikling", "Registeret sier"):
        assert words in screen.html
    assert [item["count"] for item in app.nav.data["items"] if item["path"] == "register"] == [2]


def test_taken_over_dismissed_and_undone(app: App, crm: Connection, acme: Customer, screen: NoticeList) -> None:
    status, name = ids(screen)
    screen.act("accept", id=name)
    assert crm.customers.get(id=acme.id).name == "EQUINOR ASA"
    assert ids(screen) == [status]
    app.router.fire("undo", id=app.said[-1]["id"])
    (screen,) = app.main.children
    assert (crm.customers.get(id=acme.id).name, set(ids(screen))) == ("Acme AS", {status, name})
    for notice in ids(screen):
        screen.act("dismiss", id=notice)
    assert "Ingen endringer" in screen.html
    assert crm.customers.get(id=acme.id).name == "Acme AS"


@pytest.mark.parametrize("arguments", [{"id": "x"}, {"id": True}, {}, {"id": "x", "more": "y"}])
def test_what_the_browser_makes_up_has_no_effect(crm: Connection, screen: NoticeList, arguments: dict[str, object]) -> None:
    for action in ("accept", "dismiss"):
        screen.act(action, **arguments)
    assert crm.register.n_notices() == 2
