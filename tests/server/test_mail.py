"""Mailboxes read from a real Dovecot: nothing lost and nothing doubled, wherever it ends; new mail at once; what goes wrong is told."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import select, update

from crm_lab.connection import Connection
from crm_lab.domain.mail_accounts import Security
from crm_lab.domain.messages import MailRules
from crm_lab.errors import InvalidInput
from crm_lab.exchange.imap import MailboxRefused, NoSuchFolder, mailbox_of
from crm_lab.server import mail as office
from crm_lab.server.mail import Mail, _due, _job, take_news
from crm_lab.server.mailbox import follow
from crm_lab.services.check import check
from crm_lab.services.messages.sending import send_due, stop_half_sent
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.engine import Database
from crm_lab.store.records import Work
from tests.imap_server import MISSING, PASSWORD, USER, ImapServer, imap_server, letter
from tests.mailbox import mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.domain.mail_accounts import MailAccount

pytestmark = [pytest.mark.fault, pytest.mark.skipif(bool(MISSING), reason=MISSING)]


@pytest.fixture(scope="module")
def dovecot() -> Iterator[ImapServer]:
    with imap_server() as server:
        yield server


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """A mailbox of the test's own."""
    return "".join(c for c in request.node.name.lower() if c.isalnum())[:60]


def given(dovecot: ImapServer, user: str, **more: Any) -> dict[str, Any]:
    return {
        "address": "kari@test.no", "secret": PASSWORD, "imap_host": "127.0.0.1", "imap_port": dovecot.port, "imap_security": Security.PLAIN, "user_name": user,
    } | more  # fmt: skip


def switched_on(kari: Connection, dovecot: ImapServer, user: str, **more: Any) -> MailAccount:
    made = kari.mail_accounts.add(**given(dovecot, user, **more))
    return kari.mail_accounts.switch(id=made.id, version=made.version, is_on=True)


def sync(database: Database, account: MailAccount, *, until: int = 1_000_000, **changed: Any) -> int:
    """One round of reading; it may be cut off after so many pieces of news. How many there were."""
    with database.reading() as connection:
        job = msgspec.structs.replace(_job(Work(connection, None, utc_now()), account), rounds=1, **changed)
    n = 0
    with mailbox_of(job.account, job.secret) as box:
        for news in follow(job, box):
            if n == until:
                return n
            with database.writing() as connection:
                take_news(Work(connection, None, utc_now()), account, news)
            n += 1
    return n


def subjects(kari: Connection) -> list[str]:
    return sorted(kari.messages.list().subject)


def n_copies(database: Database) -> int:
    with database.reading() as connection:
        return len(connection.execute(select(tables.message_copy.c.id)).all())


def test_cut_off_anywhere_nothing_is_lost_or_doubled(kari: Connection, database: Database, dovecot: ImapServer, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_lab.exchange.imap.AT_A_TIME", 2)
    dovecot.put(*(letter(n) for n in range(5)), user=user)
    dovecot.put(letter(9, "Sendt"), folder="Sent", user=user)
    account = switched_on(kari, dovecot, user, folders=("INBOX", "Sent"))
    for until in range(9):
        sync(database, account, until=until)
    assert subjects(kari) == [*(f"Brev {n}" for n in range(5)), "Sendt"]
    assert n_copies(database) == 6
    dovecot.remove("Brev 3", user=user)
    dovecot.put(letter(7, "Ny"), user=user)
    for until in range(4):
        sync(database, account, until=until)
    assert subjects(kari) == ["Brev 0", "Brev 1", "Brev 2", "Brev 4", "Ny", "Sendt"]
    assert n_copies(database) == 6
    assert check(database) == []


def test_new_numbers_of_a_folder_lose_and_double_nothing(kari: Connection, database: Database, dovecot: ImapServer, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_lab.exchange.imap.AT_A_TIME", 2)
    dovecot.put(*(letter(n) for n in range(4)), folder="Arkiv", user=user)
    account = switched_on(kari, dovecot, user, folders=("Arkiv",))
    sync(database, account)
    before = set(kari.messages.list().id)
    client = dovecot.client(user)
    client.delete("Arkiv")
    client.logout()
    time.sleep(1.1)  # UIDVALIDITY is the second a folder was made
    dovecot.put(*(letter(n) for n in range(1, 5)), folder="Arkiv", user=user)
    for until in (1, 2, 3, 9):
        sync(database, account, until=until)
        assert {"Brev 1", "Brev 2", "Brev 3"} <= set(subjects(kari))
    assert subjects(kari) == ["Brev 1", "Brev 2", "Brev 3", "Brev 4"]
    assert (len(set(kari.messages.list().id) & before), n_copies(database)) == (3, 4)


def test_private_mail_is_left_out_by_folder_and_by_label_also_later(kari: Connection, database: Database, dovecot: ImapServer, user: str) -> None:
    dovecot.put(letter(1), letter(2), user=user)
    dovecot.put(letter(3), user=user, flags="(Privat)")
    dovecot.put(letter(4), folder="Privat", user=user)
    account = switched_on(kari, dovecot, user, folders=("INBOX", "Privat"))
    sync(database, account)
    assert subjects(kari) == ["Brev 1", "Brev 2"]
    client = dovecot.client(user)
    client.select("INBOX")
    client.store("1", "+FLAGS", "Privat")
    client.store("3", "-FLAGS", "Privat")
    client.logout()
    sync(database, account)
    assert subjects(kari) == ["Brev 2", "Brev 3"]


def test_what_is_too_large_is_kept_by_its_head(kari: Connection, database: Database, dovecot: ImapServer, user: str) -> None:
    dovecot.put(letter(1, body="x" * 5000), letter(2), user=user)
    account = switched_on(kari, dovecot, user)
    sync(database, account, largest=3000)
    cut = {m.subject: m.is_cut for t in kari.messages.mine().threads for m in kari.messages.thread(id=t.id)}
    assert cut == {"Brev 1": True, "Brev 2": False}


def test_deleted_mail_stays_where_the_company_says_so_and_comes_back_once(kari: Connection, database: Database, dovecot: ImapServer, user: str) -> None:
    kari.messages.set_rules(rules=MailRules(keep_deleted_days=30))
    dovecot.put(letter(1), user=user)
    account = switched_on(kari, dovecot, user)
    sync(database, account)
    dovecot.remove("Brev 1", user=user)
    sync(database, account)
    sync(database, account)
    assert (subjects(kari), n_copies(database)) == (["Brev 1"], 1)


def test_switched_off_meanwhile_nothing_more_is_taken(kari: Connection, database: Database, dovecot: ImapServer, user: str) -> None:
    dovecot.put(letter(1), user=user)
    account = switched_on(kari, dovecot, user)
    kari.mail_accounts.switch(id=account.id, version=account.version, is_on=False)
    sync(database, account)
    assert subjects(kari) == []


def test_who_is_not_let_in_is_told_so(kari: Connection, dovecot: ImapServer, user: str) -> None:
    asked = {name: value for name, value in given(dovecot, user).items() if name != "secret"}
    assert kari.mail_accounts.try_out(secret=PASSWORD, **asked) == ["Sent", "INBOX"]
    with pytest.raises(InvalidInput, match=r"127\.0\.0\.1 .*Authentication failed") as caught:
        kari.mail_accounts.try_out(secret="galt", **asked)
    assert caught.value.field == "secret"


def test_a_folder_that_is_not_there_is_named(kari: Connection, database: Database, dovecot: ImapServer, user: str) -> None:
    dovecot.put(letter(1), user=user)
    account = switched_on(kari, dovecot, user, folders=("Fins ikke",))
    with pytest.raises(NoSuchFolder, match="Fins ikke"):
        sync(database, account)


def until(true: Any, seconds: float = 20.0) -> float:
    """Wait until something holds; how long that took."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < seconds
        time.sleep(0.05)
    return time.monotonic() - begun


def test_new_mail_comes_at_once_and_a_killed_reader_comes_back(kari: Connection, database: Database, dovecot: ImapServer, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "wait_after", lambda _tries: timedelta(seconds=0.1))
    dovecot.put(letter(1), user=user)
    started: list[Any] = []
    spawn = asyncio.create_subprocess_exec

    async def watched(*arguments: Any, **options: Any) -> Any:
        started.append(await spawn(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watched)

    async def scenario() -> None:
        keeping = asyncio.create_task(Mail(database).keep())
        account = await asyncio.to_thread(switched_on, kari, dovecot, user)
        await asyncio.to_thread(until, lambda: subjects(kari) == ["Brev 1"] and kari.mail_accounts.list()[0].synced_at)
        dovecot.put(letter(2), user=user)
        await asyncio.to_thread(until, lambda: len(subjects(kari)) == 2)
        os.kill(started[-1].pid, signal.SIGKILL)
        await asyncio.to_thread(until, lambda: kari.mail_accounts.list()[0].error != "" or len(started) > 1)
        dovecot.put(letter(3), user=user)
        await asyncio.to_thread(until, lambda: len(subjects(kari)) == 3 and kari.mail_accounts.list()[0].error == "")
        assert await asyncio.to_thread(n_copies, database) == 3
        kari.mail_accounts.switch(id=account.id, version=account.version, is_on=False)
        await asyncio.to_thread(until, lambda: started[-1].returncode is not None)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping

    before = database.changes.last
    asyncio.run(scenario())
    assert "message" in database.changes.since(before).tables


def test_a_wrong_password_is_told_on_the_account_and_left_for_an_hour(kari: Connection, database: Database, dovecot: ImapServer, user: str) -> None:
    async def scenario() -> None:
        keeping = asyncio.create_task(Mail(database).keep())
        account = await asyncio.to_thread(switched_on, kari, dovecot, user, secret="galt")
        await asyncio.to_thread(until, lambda: kari.mail_accounts.list()[0].error)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        with database.reading() as connection:
            assert _due(Work(connection, None, utc_now()))[1] == {}
            assert _due(Work(connection, None, utc_now() + timedelta(hours=2)))[1].keys() == {(account.id, account.version)}

    asyncio.run(scenario())
    assert "127.0.0.1" in kari.mail_accounts.list()[0].error


def test_a_message_is_sent_put_on_the_card_and_found_again_in_the_mailbox(kari: Connection, database: Database, dovecot: ImapServer, user: str) -> None:
    acme = kari.customers.create(name="Acme AS", email="post@acme.no")
    dovecot.put(letter(1), user=user)
    with mailbox(user, PASSWORD) as post:
        port = int(post.url.rpartition(":")[2].partition("?")[0])
        account = switched_on(kari, dovecot, user, folders=("INBOX", "Sent"), smtp_host="127.0.0.1", smtp_port=port, smtp_security=Security.PLAIN)
        sync(database, account)
        (asked,) = kari.messages.thread(id=kari.messages.of(customer_id=acme.id).threads[0].id)
        upload = kari.documents.start(name="pris.txt", size=3)
        kari.documents.add(id=upload.id, at=0, part=b"100")
        kari.documents.finish(id=upload.id)
        kari.messages.write(account_id=account.id, to="post@acme.no", subject="Sv: Brev 1", text="Takk æøå", answers=asked.id, customer_id=acme.id, uploads=(upload,))
        assert [one.state for one in kari.messages.outgoing()] == ["queued"]
        assert send_due(database) == 1
        assert kari.messages.outgoing() == []
        (sent,) = post.messages
        assert (sent["In-Reply-To"], sent["From"], post.recipients) == ("<1@acme.no>", "Kari Nordmann <kari@test.no>", [["post@acme.no"]])
        assert [part.get_filename() for part in sent.iter_attachments()] == ["pris.txt"]
        (thread,) = kari.messages.of(customer_id=acme.id).threads
        assert (thread.n, thread.is_outgoing) == (2, True)
        sync(database, account)
        assert (kari.messages.of(customer_id=acme.id).threads[0].n, n_copies(database)) == (2, 2)
    assert check(database) == []


def test_what_cannot_be_sent_is_told_and_waits(kari: Connection, database: Database, dovecot: ImapServer, user: str) -> None:
    with mailbox(user, PASSWORD) as post:
        port = int(post.url.rpartition(":")[2].partition("?")[0])
        post.refused.add("nei@acme.no")
        post.busy.add("senere@acme.no")
        account = switched_on(kari, dovecot, user, smtp_host="127.0.0.1", smtp_port=port, smtp_security=Security.PLAIN)
        for to in ("nei@acme.no", "senere@acme.no"):
            kari.messages.write(account_id=account.id, to=to, subject="Hei", text="Hei")
        send_due(database)
        assert sorted((one.recipients, one.state, "550" in one.error or "No such" in one.error) for one in kari.messages.outgoing()) == [("nei@acme.no", "failed", True), ("senere@acme.no", "queued", False)]
        for one in kari.messages.outgoing():
            kari.messages.discard(id=one.id)
        kari.messages.write(account_id=account.id, to="ja@acme.no", subject="Hei", text="Hei")
        with database.writing() as connection:
            connection.execute(update(tables.outgoing_message).values(state="under_way"))
            stop_half_sent(Work(connection, None, utc_now()))
        assert (send_due(database), post.messages) == (0, [])
        (one,) = kari.messages.outgoing()
        kari.messages.send_again(id=one.id)
        assert (send_due(database), len(post.messages)) == (1, 1)
    for field, wrong in (("to", {"to": "ikke en adresse"}), ("to", {"to": ""}), ("text", {"text": " "}), ("subject", {"subject": "x" * 600})):
        with pytest.raises(InvalidInput) as caught:
            kari.messages.write(**{"account_id": account.id, "to": "a@b.no", "subject": "x", "text": "x"} | wrong)
        assert caught.value.field == field


def test_a_server_that_goes_away_is_told(kari: Connection, database: Database) -> None:
    with imap_server() as server:
        account = switched_on(kari, server, USER)
        sync(database, account)
        port = server.port
    with pytest.raises(office.CrmError, match=r"127\.0\.0\.1"):
        sync(database, account)
    assert port
    assert MailboxRefused("x", "y").field == "secret"
