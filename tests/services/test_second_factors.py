"""The second factor, and what a token may do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest
from sqlalchemy import String, cast, select

from crm_lab.connection import Connection, Local
from crm_lab.domain.access import covers
from crm_lab.errors import Conflict, Forbidden, InvalidInput, NotFound, SignedOut
from crm_lab.server.limits import Limits, TooManyRequests
from crm_lab.services.actions import BeyondScope, SecondFactorLacking
from crm_lab.services.second_factors import SecondFactorNeeded, WrongCode
from crm_lab.services.sessions import TooManyAttempts
from crm_lab.settings import utc_now
from crm_lab.store import tables
from tests.services.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.store.engine import Database

    Login = Callable[[str], Connection]


def sign_in(database: Database, username: str = "kari", **more: str) -> Connection:
    opened = Local(database).call("sessions", "open", {"username": username, "password": PASSWORD, **more})
    return Connection(Local(database, token=opened.token))


def enrolled(crm: Connection) -> tuple[pyotp.TOTP, list[str]]:
    app = pyotp.TOTP(crm.second_factors.begin().secret)
    return app, crm.second_factors.confirm(code=app.at(utc_now() - timedelta(seconds=30)))


def test_a_password_alone_no_longer_opens_and_a_code_is_good_once(login: Login, database: Database) -> None:
    app, _codes = enrolled(login("kari"))
    with pytest.raises(SecondFactorNeeded):
        sign_in(database)
    code = app.at(utc_now())
    assert sign_in(database, code=code).me.username == "kari"
    with pytest.raises(WrongCode):
        sign_in(database, code=code)


def test_a_recovery_code_opens_once(login: Login, database: Database) -> None:
    kari = login("kari")
    _app, codes = enrolled(kari)
    assert len(set(codes)) == 10
    sign_in(database, code=codes[0].upper())
    assert kari.second_factors.state().n_recovery == 9
    with pytest.raises(WrongCode):
        sign_in(database, code=codes[0])


def test_guessed_codes_are_counted_like_passwords(login: Login, database: Database) -> None:
    enrolled(login("kari"))
    for _n in range(5):
        with pytest.raises(WrongCode):
            sign_in(database, code="x")
    with pytest.raises(TooManyAttempts):
        sign_in(database, code="x")


def test_a_factor_is_on_only_when_its_first_code_was_seen(login: Login, database: Database) -> None:
    kari = login("kari")
    kari.second_factors.begin()
    with pytest.raises(InvalidInput) as caught:
        kari.second_factors.confirm(code="12")
    assert caught.value.field == "code"
    assert sign_in(database).me.username == "kari"


def test_no_secret_and_no_recovery_code_stands_in_clear_where_it_need_not(login: Login, database: Database) -> None:
    made = login("kari").second_factors.begin()
    codes = login("kari").second_factors.confirm(code=pyotp.TOTP(made.secret).at(utc_now()))
    with database.reading() as connection:
        kept = connection.execute(select(cast(tables.second_factor.c.recovery, String))).scalar_one()
        told = "".join(str(row) for row in connection.execute(select(tables.audit)).all() + connection.execute(select(tables.request)).all())
    assert not any(code in kept or code in told for code in codes) and made.secret not in told


def test_who_lacks_the_factor_that_the_company_wants_may_only_set_it_up(login: Login, database: Database) -> None:
    kari, _ola = login("kari"), login("ola")
    with pytest.raises(Conflict):
        kari.second_factors.require(is_required=True)
    app, _codes = enrolled(kari)
    kari.second_factors.require(is_required=True)
    ola = sign_in(database, "ola")
    assert ola.me.lacks_second_factor
    with pytest.raises(SecondFactorLacking):
        ola.customers.list()
    enrolled(ola)
    assert len(ola.customers.list()) == 0
    kari.second_factors.reset(employee_id=ola.me.id)
    with pytest.raises(SignedOut):
        ola.sessions.who()
    kari.second_factors.require(is_required=False)
    kari.second_factors.remove(code=app.at(utc_now()))
    assert not kari.second_factors.state().is_on


def test_sessions_are_listed_and_ended_by_their_owner_and_by_administrators(login: Login, database: Database) -> None:
    login("ola")
    ola, other, kari = sign_in(database, "ola", address="10.0.0.1", agent="Firefox"), sign_in(database, "ola"), sign_in(database)
    assert [(s.agent, s.is_this) for s in ola.sessions.mine() if s.is_this] == [("Firefox", True)]
    with pytest.raises(NotFound):
        ola.sessions.revoke(id=kari.sessions.mine()[0].id)
    with pytest.raises(Forbidden):
        ola.sessions.everybodys()
    ola.sessions.revoke(id=next(s.id for s in ola.sessions.mine() if not s.is_this))
    with pytest.raises(SignedOut):
        other.sessions.who()
    assert {s.name for s in kari.sessions.everybodys()} == {"Ola Hansen", "Kari Nordmann"}
    kari.sessions.revoke(id=next(s.id for s in kari.sessions.everybodys() if s.name == "Ola Hansen"))
    with pytest.raises(SignedOut):
        ola.sessions.who()


def test_a_token_does_what_it_was_made_for(login: Login, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    kari = login("kari")
    made = kari.sessions.create_token(name="nettbutikk", scopes=("customers:write", "orders:read"), days=30)
    script = Connection(Local(database, token=made.token))
    assert script.customers.create(name="Nordlys AS").id and len(script.customers.list()) == 1 and len(script.orders.list()) == 0
    for refused in (script.contacts.list, lambda: script.orders.create(customer_id=made.id, lines=()), lambda: script.sessions.create_token(name="mer")):
        with pytest.raises(BeyondScope):
            refused()
    script.sessions.touch()
    (known,) = kari.sessions.tokens()
    assert known.scopes == ("customers:write", "orders:read") and known.seen_at and known.expires_at
    for wrong in ({"scopes": ("alt",)}, {"scopes": ()}, {"days": 0}):
        with pytest.raises(InvalidInput) as caught:
            kari.sessions.create_token(**({"name": "x"} | wrong))
        assert caught.value.field in wrong
    monkeypatch.setattr("crm_lab.connection.utc_now", lambda: utc_now() + timedelta(days=31))
    with pytest.raises(SignedOut):
        script.customers.list()


@pytest.mark.parametrize(
    ("scopes", "service", "action", "changes", "may"),
    [
        (("read",), "customers", "list", False, True), (("read",), "customers", "create", True, False), (("write",), "customers", "list", False, True),
        (("customers:read",), "contacts", "list", False, False), (("customers:write",), "customers", "create", True, True),
        (("write",), "second_factors", "begin", True, False), ((), "sessions", "who", False, True), ((), "customers", "list", False, False),
    ],
)  # fmt: skip
def test_scopes(scopes: tuple[str, ...], service: str, action: str, changes: bool, may: bool) -> None:
    assert covers(scopes, service, action, changes=changes) is may


def test_a_token_has_so_many_requests_a_minute() -> None:
    limits = Limits(3)
    for _n in range(3):
        limits.count("a", 0.0)
    limits.count("b", 0.0)
    with pytest.raises(TooManyRequests):
        limits.count("a", 1.0)
    limits.count("a", 20.1)
    Limits(0).count("a", 0.0)
