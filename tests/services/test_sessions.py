"""Signing in, sessions, tokens, roles."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crm_lab.connection import Connection, Local
from crm_lab.domain.access import Role
from crm_lab.errors import Forbidden, InvalidInput, NotFound, SignedOut
from crm_lab.services.employees import LastAdministrator, UsernameTaken
from crm_lab.services.sessions import TooManyAttempts, WrongPassword
from crm_lab.settings import utc_now
from tests.services.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.store.engine import Database


def sign_in(database: Database, username: str = "kari", password: str = PASSWORD, address: str = "") -> Connection:
    opened = Local(database).call("sessions", "open", {"username": username, "password": password, "address": address})
    return Connection(Local(database, token=opened.token))


def test_a_session_acts_as_its_employee_until_closed(database: Database) -> None:
    crm = sign_in(database, "KARI ")
    assert crm.me.name == "Kari Nordmann"
    crm.sessions.close()
    with pytest.raises(SignedOut):
        crm.sessions.who()


def test_wrong_passwords_are_counted(database: Database) -> None:
    for _ in range(5):
        with pytest.raises(WrongPassword):
            sign_in(database, password="gjetning")
    with pytest.raises(TooManyAttempts):
        sign_in(database)


def test_a_thousand_guesses_over_many_names_stop_at_twenty(database: Database) -> None:
    tried = 0
    for i in range(1000):
        try:
            sign_in(database, username=f"navn{i}", password="x", address="10.0.0.9")
        except TooManyAttempts:
            break
        except WrongPassword:
            tried += 1
    assert tried == 20


def test_an_expired_session_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    crm = sign_in(database)
    monkeypatch.setattr("crm_lab.connection.utc_now", lambda: utc_now() + timedelta(hours=9))
    with pytest.raises(SignedOut):
        crm.sessions.who()


def test_a_deactivated_employee_is_out_at_once(login: Callable[[str], Connection], database: Database) -> None:
    login("ola")
    kari, ola = login("kari"), sign_in(database, "ola")
    token = ola.sessions.create_token(name="skript").token
    script = Connection(Local(database, token=token))
    assert script.me.username == "ola"
    employee = next(e for e in kari.employees.list() if e.username == "ola")
    kari.employees.deactivate(id=employee.id, version=employee.version)
    for crm in (ola, script):
        with pytest.raises(SignedOut):
            crm.sessions.who()
    with pytest.raises(NotFound):
        login("ola").sessions.who()
    kari.history.undo(request_id=kari.last_request)
    assert script.me.username == "ola"


def test_a_revoked_token_is_refused(login: Callable[[str], Connection], database: Database) -> None:
    kari = login("kari")
    made = kari.sessions.create_token(name="skript")
    assert [t.name for t in kari.sessions.tokens()] == ["skript"]
    kari.sessions.revoke_token(id=made.id)
    with pytest.raises(SignedOut):
        Connection(Local(database, token=made.token)).sessions.who()


def test_changing_the_password_ends_other_sessions(database: Database) -> None:
    here, elsewhere = sign_in(database), sign_in(database)
    with pytest.raises(InvalidInput) as wrong:
        here.sessions.change_password(old="feil", new="noe ganske annet")
    assert wrong.value.field == "old"
    with pytest.raises(InvalidInput) as short:
        here.sessions.change_password(old=PASSWORD, new="kort")
    assert short.value.field == "new"
    here.sessions.change_password(old=PASSWORD, new="noe ganske annet")
    assert here.me.username == "kari"
    with pytest.raises(SignedOut):
        elsewhere.sessions.who()
    assert sign_in(database, password="noe ganske annet").me.username == "kari"


@pytest.mark.parametrize("username", ["ola", "ingrid"])
def test_only_administrators_manage_employees(login: Callable[[str], Connection], username: str) -> None:
    crm = login(username)
    me = crm.me
    attempts = [
        lambda: crm.employees.add(username="ny", name="Ny", password=PASSWORD),
        lambda: crm.employees.change(id=me.id, version=1, name=me.name, roles=(Role.ADMIN,)),
        lambda: crm.employees.deactivate(id=me.id, version=1),
        lambda: crm.employees.set_password(id=me.id, password=PASSWORD),
    ]
    for attempt in attempts:
        with pytest.raises(Forbidden):
            attempt()
    assert Role.ADMIN not in crm.me.roles


def test_there_is_always_an_administrator(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    me = kari.employees.list()[0]
    with pytest.raises(LastAdministrator):
        kari.employees.deactivate(id=me.id, version=me.version)
    with pytest.raises(LastAdministrator):
        kari.employees.change(id=me.id, version=me.version, name=me.name, roles=(Role.SELLER,))
    with pytest.raises(UsernameTaken):
        kari.employees.add(username="Kari", name="En til", password=PASSWORD)


def test_language_and_theme_are_kept(login: Callable[[str], Connection]) -> None:
    kari = login("kari")
    assert kari.sessions.prefer(locale="en", theme="dark").theme == "dark"
    assert kari.me.locale == "en"
    with pytest.raises(InvalidInput):
        kari.sessions.prefer(locale="tlh")
    kari.sessions.prefer(locale="nb")
    assert kari.me.locale == "nb"


def test_internal_methods_cannot_be_called(login: Callable[[str], Connection]) -> None:
    crm = login("kari")
    for service, action in (("customers", "_add"), ("customers", "__init__"), ("sessions", "begin"), ("os", "system")):
        with pytest.raises(NotFound):
            crm.transport.call(service, action, {})
