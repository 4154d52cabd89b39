"""Money in: booked once, on the right customer, kept where nobody is known, taken back as a whole."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from crm_lab.analysis.matching import propose
from crm_lab.domain.ids import new_id
from crm_lab.domain.ledger import Linking
from crm_lab.errors import Forbidden, NotFound
from crm_lab.exchange.sheets import Unreadable
from crm_lab.services.check import check
from crm_lab.services.ledger.links import StillLinked
from crm_lab.services.payments import AlreadyBooked, NotUnplaced
from tests.analysis.ledgers import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

DATA = Path(__file__).parents[1] / "data/payments"
FILES = ("ocr.txt", "camt.054.001.02.xml", "camt.054.001.08.xml", "camt.053.001.02.xml")


@pytest.fixture
def crm(database: Database, login: Callable[[str], Connection]) -> Connection:
    """The constructed customers and their invoices; those that were settled before are linked."""
    del database
    crm, customers, postings = login("ingrid"), {}, {}
    for row in table("invoices.csv"):
        if row["customer_no"] not in customers:
            customers[row["customer_no"]] = crm.customers.create(name=row["customer_name"], bank_account=row["customer_account"]).id
        postings[row["invoice_no"]] = crm.ledger.post(
            customer_id=customers[row["customer_no"]], kind=row["kind"], amount=Decimal(row["amount_nok"]), posted_on=row["issue_date"],
            document_number=row["invoice_no"], kid=row["kid"],
        ).id  # fmt: skip
    before = crm.ledger.post(customer_id=customers["10001"], kind="payment", amount=Decimal("-2495.35"), posted_on=date(2026, 7, 10))
    crm.ledger.match_many(linkings=[
        Linking(posting_ids=(postings["100237"], before.id)), Linking(posting_ids=(postings["100238"], postings["100239"])),
    ])  # fmt: skip
    return crm


def money(crm: Connection) -> Counter[tuple[str, int]]:
    """(customer, øre) of every payment in the ledger, and of what waits."""
    items = crm.ledger.all_items()
    paid = items[(items["kind"] == "payment") & (items["posted_on"] > date(2026, 8, 1)) & ~items["text"].str.startswith("Tilbakefører")]
    waiting = crm.payments.unplaced()
    return Counter(zip(paid["customer_name"], -paid["amount_minor"], strict=True)) + Counter(("", a) for a in waiting["amount_minor"])


def wanted() -> Counter[tuple[str, int]]:
    """What TRUTH says: each payment once, on the customer whose KID or account it has."""
    invoices = table("invoices.csv")
    by_account, by_kid = ({r[key]: r["customer_name"] for r in invoices} for key in ("customer_account", "kid"))
    return Counter(
        (by_kid.get(r["kid"]) or by_account.get(r["payer_account"], ""), int(Decimal(r["amount"]) * 100)) for r in table("TRUTH_payments.csv")
    )


@pytest.mark.parametrize("files", [*permutations(FILES[:3]), FILES, FILES[::-1]], ids=lambda f: "-".join(n[:8] + n[-6:-4] for n in f))
def test_overlapping_files_in_any_order_book_each_payment_once(crm: Connection, database: Database, files: tuple[str, ...]) -> None:
    read = [crm.payments.read(DATA / name) for name in (*files, files[0])]
    assert money(crm) == wanted()
    assert sum(file.n_booked + (file.n_unplaced or 0) for file in read) == 26
    assert (read[-1].n_booked, read[-1].n_unplaced) == (0, 0)
    assert crm.payments.totals()["rest_minor"].tolist() == [0] * len(crm.payments.totals())
    assert check(database) == []


def test_a_statement_alone_waits_for_its_details(crm: Connection) -> None:
    file = crm.payments.read(DATA / FILES[3])
    assert (file.n_booked, file.n_unplaced) == (0, 0)
    assert crm.payments.totals()[["told_minor", "rest_minor"]].values.tolist() == [[7781537, 7781537], [815788, 815788]]
    assert Counter(crm.payments.lines(id=file.id)["state"]) == {"total": 3, "outgoing": 4}
    crm.payments.read(DATA / FILES[1])
    assert crm.payments.totals()["rest_minor"].tolist() == [0, 0]


def test_every_line_says_what_told_whose_it_is(crm: Connection) -> None:
    file = crm.payments.read(DATA / FILES[1])
    lines = crm.payments.lines(id=file.id)
    assert Counter(lines["reason"]) == {"kid": 14, "invoice_number": 5, "account": 4, "reversal": 1, "nobody": 2}
    waiting = crm.payments.unplaced()
    assert waiting["amount_minor"].tolist() == [93417, 38403]
    assert lines.loc[lines["text"].str.contains("EUR"), "text"].tolist() == ["Faktura 100250 (1000.00 EUR)"]


def test_a_reversal_is_linked_with_what_it_takes_back(crm: Connection) -> None:
    crm.payments.read(DATA / FILES[0])
    closed = crm.ledger.closed_items()
    assert sorted(closed.loc[closed["kid"] == "100161002538", "amount_minor"]) == [-199425, 199425]


def test_a_reversal_of_a_settled_payment_opens_its_invoice_again(crm: Connection) -> None:
    text = (DATA / FILES[0]).read_text("iso-8859-1")
    first = "".join(line for line in text.splitlines(keepends=True) if "NY0918" not in line)
    crm.payments.read("first.txt", first.encode("iso-8859-1"))
    made = propose(crm.ledger.open_items())
    sets = made.items[made.items["proposal"].isin(made.sure["proposal"])].groupby("proposal")["posting_id"].agg(tuple)
    crm.ledger.match_many(linkings=[Linking(posting_ids=tuple(map(UUID, ids))) for ids in sets])
    assert "100253" in set(crm.ledger.closed_items()["document_number"])
    crm.payments.read(DATA / FILES[0])
    items = crm.ledger.open_items()
    group = items[items["kid"] == "100161002538"]
    assert (len(group), set(group["residual_minor"]), group["match_number"].nunique()) == (3, {199425}, 1)


def test_money_of_nobody_is_placed_by_hand(crm: Connection) -> None:
    crm.payments.read(DATA / FILES[0])
    (waiting,) = crm.payments.unplaced().to_dict("records")
    party = crm.customers.create(name="Ukjent Betaler AS")
    with pytest.raises(NotFound):
        crm.payments.place(payment_id=UUID(waiting["payment_id"]), customer_id=new_id())
    crm.payments.place(payment_id=UUID(waiting["payment_id"]), customer_id=party.id)
    assert crm.ledger.open_items(customer_id=party.id)["amount_minor"].tolist() == [-93417]
    assert len(crm.payments.unplaced()) == 0
    with pytest.raises(NotUnplaced):
        crm.payments.place(payment_id=UUID(waiting["payment_id"]), customer_id=party.id)
    assert crm.payments.read(DATA / FILES[0]).n_known == 17


def test_a_file_is_taken_back_and_read_again(crm: Connection, database: Database) -> None:
    before = crm.ledger.ageing()["balance_minor"].tolist()
    file = crm.payments.read(DATA / FILES[1])
    assert crm.payments.undo(id=file.id).undone_at is not None
    assert crm.ledger.ageing()["balance_minor"].tolist() == before
    assert len(crm.payments.unplaced()) == 0
    with pytest.raises(NotFound):
        crm.payments.undo(id=file.id)
    assert crm.payments.read(DATA / FILES[1]).n_booked == 24
    assert check(database) == []


def test_a_file_whose_payments_are_linked_is_not_taken_back(crm: Connection) -> None:
    file = crm.payments.read(DATA / FILES[0])
    items = crm.ledger.open_items()
    pair = items.loc[items["kid"] == "100011002316", "posting_id"]
    crm.ledger.match(posting_ids=[UUID(key) for key in pair])
    with pytest.raises(StillLinked):
        crm.payments.undo(id=file.id)
    assert crm.payments.files()[0].undone_at is None
    assert len(crm.ledger.closed_items()) > 0


def test_an_account_that_pays_for_one_customer_only_is_a_habit(crm: Connection) -> None:
    crm.payments.read(DATA / FILES[0])
    habits = {h.payer_account: h.customer_number for h in crm.payments.habits()}
    items = crm.ledger.all_items()
    paid = items[items["amount_minor"] < 0].groupby("payer_account")["customer_number"].agg(["nunique", "size", "first"]).drop(index="")
    assert habits == paid[(paid["nunique"] == 1) & (paid["size"] > 1)]["first"].to_dict()
    assert len(habits) >= 3


def test_who_does_not_keep_the_books_sees_nothing(crm: Connection, login: Callable[[str], Connection]) -> None:
    file = crm.payments.read(DATA / FILES[0])
    ola = login("ola")
    for ask in (ola.payments.files, ola.payments.unplaced, ola.payments.totals, ola.payments.habits, lambda: ola.payments.lines(id=file.id),
                lambda: ola.payments.read(DATA / FILES[0]), lambda: ola.payments.undo(id=file.id)):  # fmt: skip
        with pytest.raises(Forbidden):
            ask()


def test_what_cannot_be_read_books_nothing(crm: Connection) -> None:
    with pytest.raises(Unreadable):
        crm.payments.read("tull.txt", b"hei")
    assert crm.payments.files() == []
    file = crm.payments.read("avkuttet.txt", b"".join((DATA / FILES[0]).read_bytes().splitlines(keepends=True)[:10]))
    assert (file.n_booked, file.n_faulty) == (4, 1)
    with pytest.raises(AlreadyBooked):
        crm.payments.book(id=file.id)
