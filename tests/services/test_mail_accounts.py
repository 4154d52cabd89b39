"""Mail accounts: one's own, off at first, with a password that is kept encrypted and told to nobody."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from crm_lab.domain.mail_accounts import Security, wait_after
from crm_lab.errors import CrmError, InvalidInput, NotFound
from crm_lab.exchange.imap import MailboxAway
from crm_lab.services.mail_accounts import AccountTaken
from crm_lab.store import tables
from crm_lab.store.secrets import SecretLost, decrypt, encrypt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

    Login = Callable[[str], Connection]
PASSWORD = "app-passord-æøå"
GIVEN: dict[str, Any] = {"address": "Kari@Test.no", "imap_host": "imap.test.no", "smtp_host": "smtp.test.no"}


@pytest.mark.one_file
def test_an_account_is_off_and_its_password_is_told_to_nobody(login: Login, database: Database, tmp_path: Path) -> None:
    kari, ola = login("kari"), login("ola")
    made = kari.mail_accounts.add(secret=PASSWORD, folders=("INBOX", "Sendt, gammelt"), **GIVEN)
    (account,) = kari.mail_accounts.list()
    assert (account.is_on, account.has_secret, account.address, account.user_name, account.folders) == (False, True, "kari@test.no", "Kari@Test.no", ("INBOX", "Sendt, gammelt"))
    assert ola.mail_accounts.list() == []
    with database.reading() as connection:
        kept = connection.execute(select(tables.mail_secret.c.secret)).scalar_one()
        assert decrypt(connection, kept) == PASSWORD
        said = "".join(str(row) for table in (tables.audit, tables.request, tables.mail_account) for row in connection.execute(select(table)))
    assert PASSWORD not in said + kept
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0
    for ask in (lambda: ola.mail_accounts.switch(id=made.id, version=1, is_on=True), lambda: ola.mail_accounts.remove(id=made.id, version=1)):
        with pytest.raises(NotFound):
            ask()
    assert kari.mail_accounts.switch(id=made.id, version=1, is_on=True).is_on
    kari.history.undo(request_id=kari.last_request)
    assert not kari.mail_accounts.list()[0].is_on


def test_a_password_goes_to_no_other_server(login: Login) -> None:
    kari = login("kari")
    made = kari.mail_accounts.add(secret=PASSWORD, **GIVEN)
    for other in ({"imap_host": "imap.annen.no"}, {"imap_security": Security.PLAIN}, {"smtp_host": "smtp.annen.no"}):
        with pytest.raises(InvalidInput) as caught:
            kari.mail_accounts.change(id=made.id, version=1, **GIVEN | other)
        assert caught.value.field == "secret"
    assert kari.mail_accounts.change(id=made.id, version=1, folders=("INBOX", "Sent"), **GIVEN).folders == ("INBOX", "Sent")


@pytest.mark.parametrize(("field", "value"), [("imap_host", "imap test"), ("imap_host", ""), ("imap_port", 0), ("smtp_port", 70000), ("address", "kari"), ("folders", ()), ("folders", ("x" * 300,)), ("secret", "")])
def test_bad_input_names_the_field(login: Login, field: str, value: Any) -> None:
    kari = login("kari")
    with pytest.raises(CrmError) as caught:
        kari.mail_accounts.add(**{"secret": PASSWORD, **GIVEN, field: value})
    assert caught.value.to_wire()["field"] == ("email" if field == "address" else field)
    assert kari.mail_accounts.list() == []


def test_one_mailbox_is_one_account_and_removing_it_forgets_the_password(login: Login, database: Database) -> None:
    kari = login("kari")
    made = kari.mail_accounts.add(secret=PASSWORD, **GIVEN)
    with pytest.raises(AccountTaken):
        kari.mail_accounts.add(secret=PASSWORD, **GIVEN)
    kari.mail_accounts.remove(id=made.id, version=1)
    assert kari.mail_accounts.list() == []
    kari.history.undo(request_id=kari.last_request)
    assert [one.has_secret for one in kari.mail_accounts.list()] == [False]
    with database.reading() as connection:
        assert connection.execute(select(tables.mail_secret)).first() is None


def test_a_server_that_is_not_there_is_told(login: Login) -> None:
    with pytest.raises(MailboxAway, match=r"127\.0\.0\.1 .*ingenting svarer"):
        login("kari").mail_accounts.try_out(address="a@b.no", secret="x", imap_host="127.0.0.1", imap_port=9)


def test_the_key_may_be_a_setting(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.reading() as connection:
        by_file = encrypt(connection, "a")
        monkeypatch.setenv("CRM_SECRET_KEY", "en-lang-hemmelighet-paa-mer-enn-24")
        by_setting = encrypt(connection, "b")
        assert decrypt(connection, by_setting) == "b"
        with pytest.raises(SecretLost):
            decrypt(connection, by_file)
        monkeypatch.setenv("CRM_SECRET_KEY", "kort")
        with pytest.raises(InvalidInput):
            encrypt(connection, "c")
    assert "CRM_SECRET_KEY" in os.environ


def test_failures_are_tried_again_ever_more_seldom() -> None:
    assert [int(wait_after(n).total_seconds()) for n in (1, 2, 3, 8, 50)] == [30, 60, 120, 3600, 3600]
