"""Whoever may no longer be here is out within a minute: sockets, kernels and pages."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from tornado.web import create_signed_value

from crm_lab.connection import Connection, Local, Remote
from crm_lab.domain.access import Role
from crm_lab.services.sessions import ABSOLUTE
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.engine import Database
from tests.company import PASSWORD, Served, make_company, serve
from tests.server.sockets import attach, closing_code, cookies, page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("utlopt", "tilbakekalt", "sluttet")
LEFT = 30


def sign_in(transport: Local | Remote, username: str) -> str:
    credentials = {"username": username, "password": PASSWORD, "address": ""}
    token: str = transport.call("sessions", "open", credentials).token
    return token


@pytest.fixture
def company(tmp_path: Path) -> Iterator[tuple[Served, str]]:
    """A served company and the token of a session with half a minute left of its twelve hours."""
    make_company(tmp_path)
    database = Database(f"duckdb:///{tmp_path / 'crm.duckdb'}")
    local = Local(database, user="kari")
    for name in NAMES:
        Connection(local).employees.add(username=name, name=name.title(), password=PASSWORD, roles=(Role.SELLER,))
    token = sign_in(local, "utlopt")
    with database.writing() as connection:
        connection.execute(update(tables.session).values(opened_at=utc_now() - ABSOLUTE + timedelta(seconds=LEFT)))
    database.close()
    with serve(tmp_path) as served:
        yield served, token


def test_expired_revoked_and_deactivated_sessions_end_within_a_minute(company: tuple[Served, str]) -> None:
    served, old = company
    browsers = {name: served.login(name) for name in NAMES}
    secret = (served.data / "web" / "cookie-secret").read_bytes()
    browsers["utlopt"].cookies.set("crm_session", create_signed_value(secret, "crm_session", old).decode(), domain="127.0.0.1")
    sockets = {}
    for name, browser in browsers.items():
        _html, kernel = page(served, browser)
        sockets[name] = attach(served, kernel, cookies(browser))
        assert not isinstance(sockets[name], int), name
    start = time.monotonic()
    admin = Connection(Remote(served.socket, user="kari"))
    gone = next(e for e in admin.employees.list() if e.username == "sluttet")
    admin.employees.deactivate(id=gone.id, version=gone.version)
    elsewhere = sign_in(Remote(served.socket), "tilbakekalt")
    Connection(Remote(served.socket, token=elsewhere)).sessions.change_password(old=PASSWORD, new=f"{PASSWORD}-ny")
    deadline = start + LEFT + 60
    assert {name: closing_code(socket, deadline) for name, socket in sockets.items()} == dict.fromkeys(NAMES, 4401)
    for name, browser in browsers.items():
        assert browser.get(f"{served.url}/crm", allow_redirects=False, timeout=10).status_code == 302, name
