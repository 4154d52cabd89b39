"""E-mail: a first reading of a mailbox of 50,000 from a real Dovecot, a new one after that, linking of 100,000, and the tab of a card with 5,000.

Run as `python -m benchmarks.mail [messages of the mailbox]`; needs dovecot-imapd.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from benchmarks.timing import note, report, timed
from crm_lab.connection import Connection, Local
from crm_lab.domain.ids import new_id
from crm_lab.domain.mail_accounts import Security
from crm_lab.server.mail import Mail
from crm_lab.services.company import create_company
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.bulk import load
from crm_lab.store.engine import Database
from crm_lab.store.messages import link
from crm_lab.store.records import Work
from tests.imap_server import MISSING, PASSWORD, USER, ImapServer, imap_server, letter

LINKED, ADDRESSES, ON_CARD, NEW = 100_000, 300_000, 5_000, 5
WORDS = "tilbud faktura levering møte kontrakt pris bestilling avtale rapport prosjekt".split()


def fill_mailbox(server: ImapServer, n: int) -> None:
    """Messages of some kilobytes, one in ten of HTML with a file."""
    rolls = random.Random(7)
    client = server.client()
    for number in range(n):
        body = " ".join(rolls.choices(WORDS, k=400))
        message = letter(number, f"{rolls.choice(WORDS)} {number % (n // 3 or 1)}", f"post{number % 5000}@firma{number % 5000}.no", body=body)
        if number % 10 == 0:
            message = message.replace(b"\r\n\r\n", b"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>", 1)
            message += b"</p>\r\n--x\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF-1.4 " + rolls.randbytes(8000).hex().encode() + b"\r\n--x--\r\n"
        client.append("INBOX", "", "", message)
    client.logout()


def read_mailbox(database: Database, crm: Connection, server: ImapServer, n: int) -> None:
    """The first reading, and then new messages one by one."""
    made = crm.mail_accounts.add(
        address="kari@test.no", secret=PASSWORD, imap_host="127.0.0.1", imap_port=server.port, imap_security=Security.PLAIN, user_name=USER, folders=("INBOX",)
    )
    loop = asyncio.new_event_loop()
    keeping = loop.create_task(Mail(database, lambda: None).keep())

    async def keep() -> None:
        await asyncio.gather(keeping, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(keep(),))
    thread.start()
    begun = time.perf_counter()
    crm.mail_accounts.switch(id=made.id, version=made.version, is_on=True)
    while not crm.mail_accounts.list()[0].synced_at:
        time.sleep(1)
    took = time.perf_counter() - begun
    note(f"first reading of {n:,} messages", f"{took:,.0f} s ({n / took:,.0f} a second)", "at most 10 min")
    waits = []
    for number in range(NEW):
        server.put(letter(n + number, f"ny-{number}"))
        begun = time.perf_counter()
        while not crm.messages.mine(text=f"ny-{number}").n:
            time.sleep(0.02)
        waits.append(1000 * (time.perf_counter() - begun))
        time.sleep(0.5)
    report("a new message is there", waits, "at most 2 s")
    loop.call_soon_threadsafe(keeping.cancel)
    thread.join()


def fill_cards(database: Database, crm: Connection) -> list[Any]:
    """Messages and addresses of cards, as rows; `ON_CARD` of the messages are with one customer."""
    template = crm.customers.create(name="Mal AS")
    with database.writing() as connection:
        work = Work(connection, None, utc_now())
        row = work.rows_of(tables.customer, "id", [template.id])[0]
        keys = [new_id() for _n in range(ADDRESSES)]
        load(connection, tables.customer, [row | {"id": key, "number": 50_000 + n, "name": f"Firma {n} AS", "email": f"a{n}@sted{n}.no"} for n, key in enumerate(keys)])
        load(connection, tables.clue, [{"value": f"email a{n}@sted{n}.no", "source_id": key} for n, key in enumerate(keys)])
        ids = [new_id() for _n in range(LINKED)]
        now = utc_now()
        load(connection, tables.message, [
            {"id": key, "message_id": f"{n}@x", "digest": "", "thread_id": ids[n - n % 3], "subject": f"Emne {n}", "sender": f"a{n}@sted{n}.no", "sender_name": "", "preview": "Hei",
             "sent_at": now - timedelta(minutes=n), "size": 1, "n_files": 0, "has_html": False, "is_cut": False, "is_outgoing": False, "created_at": now}
            for n, key in enumerate(ids)
        ])  # fmt: skip
        load(connection, tables.message_body, [{"message_id": key, "text": "Hei", "html": ""} for key in ids])
        address = [1 if n < ON_CARD else n for n in range(LINKED)]
        load(connection, tables.message_address, [
            {"message_id": key, "position": p, "role": role, "address": whose, "name": ""}
            for key, a in zip(ids, address, strict=True) for p, (role, whose) in enumerate((("from", f"a{a}@sted{a}.no"), ("to", "kari@test.no"), ("cc", f"b{a}@ingen.no")))
        ])  # fmt: skip
        load(connection, tables.message_copy, [{"id": new_id(), "message_id": key, "employee_id": crm.me.id, "account_id": None, "folder_id": None, "uid": None, "gone_at": None} for key in ids])
    database.checkpoint()
    return [ids, keys[1]]


def measure_cards(database: Database, crm: Connection) -> None:
    """Linking, and the tab."""
    ids, customer = fill_cards(database, crm)
    took = []
    for _n in range(3):
        with database.writing() as connection:
            connection.execute(delete(tables.message_link))
            begun = time.perf_counter()
            n = link(Work(connection, None, utc_now()), ids)
            took.append(1000 * (time.perf_counter() - begun))
    assert n == LINKED
    report(f"linking {LINKED:,} messages against {ADDRESSES:,} addresses", took, "at most 5 s")
    assert crm.messages.of(customer_id=customer).n >= ON_CARD // 3
    timed(f"a tab of {ON_CARD:,} messages", lambda: crm.messages.of(customer_id=customer), 20, "at most 120 ms")
    timed("the same, searched", lambda: crm.messages.of(customer_id=customer, text="emne 49"), 10)
    timed("one's own mail", crm.messages.mine, 10)


def main(n: int) -> None:
    """All figures."""
    if MISSING:
        sys.exit(MISSING)
    folder = Path(tempfile.mkdtemp())
    try:
        for part in ("read", "cards"):
            database = Database(f"duckdb:///{folder / part / 'crm.duckdb'}")
            create_company(database, name="Måling AS", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
            crm = Connection(Local(database, user="kari"))
            if part == "cards":
                measure_cards(database, crm)
            else:
                with imap_server(store="sdbox") as server:
                    fill_mailbox(server, n)
                    read_mailbox(database, crm, server, n)
            database.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
