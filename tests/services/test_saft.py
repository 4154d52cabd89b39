"""SAF-T files brought in: to the øre, nobody left out, once only, and undone as a whole."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from crm_lab.connection import Connection, Local
from crm_lab.domain.saft import SaftHeader, SaftPiece, SaftReport
from crm_lab.errors import Forbidden
from crm_lab.saft import export_saft
from crm_lab.services.check import check
from crm_lab.services.company import create_company
from crm_lab.services.saft import OwnFile
from crm_lab.services.saft.booking import OlderThanOpening
from crm_lab.store.engine import Database

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = Path(__file__).parents[2].parent / "shared/data/1_saft"
FILES = {
    "1.0": SHARED / "skatteetaten/examples/ExampleFile SAF-T Financial_888888888_20180228235959.xml",
    "1.30": SHARED / "derived/SAF-T Financial_888888888_toyen_restructured_1.30.xml",
}
needs_files = pytest.mark.skipif(not FILES["1.0"].exists(), reason="Skatteetaten's examples are not beside the project (../shared/data)")


@pytest.fixture
def crm(login: Callable[[str], Connection]) -> Connection:
    return login("ingrid")


def by_code(crm: Connection, ledger: str, codes: dict[str, str]) -> dict[str, Any]:
    """The postings of each party by the file's code."""
    frame = crm.ledger.all_items(ledger=ledger)
    return {code: frame[frame.customer_name == name] for code, name in codes.items()}


def names_of(path: Path) -> dict[str, dict[str, str]]:
    from crm_lab.exchange.saft import SaftReader

    with path.open("rb") as stream:
        parties = [party for piece in SaftReader(stream).pieces() for party in piece.parties]
    return {ledger: {p.code: p.fields["name"] for p in parties if p.ledger == ledger} for ledger in ("AR", "AP")}


@needs_files
@pytest.mark.parametrize("version", FILES)
def test_the_toyen_file_is_right_to_the_ore(crm: Connection, database: Database, version: str) -> None:
    truth = json.loads((SHARED / "TRUTH_toyen_open_items.json").read_text(encoding="utf-8"))
    job = crm.saft.read(FILES[version])
    foreseen = job.preview()
    assert crm.customers.count() == 0
    report = job.run()
    assert foreseen == report
    assert (report.n_new_parties, report.n_openings, report.n_new, report.n_matches) == (12, 7, 66, 0)
    names = names_of(FILES[version])
    for ledger, group in (("AR", "customers"), ("AP", "suppliers")):
        for code, items in by_code(crm, ledger, names[ledger]).items():
            known = truth[group][code]
            assert int(items[items.kind == "opening"].amount_minor.sum()) == round(known["opening"] * 100)
            assert int(items.amount_minor.sum()) == round(known["closing"] * 100)
            assert open_after_truth(crm, items, known) == round(sum(amount for _what, amount in known["open"]) * 100)
    accounts = {what: c["difference"] for what, c in truth["control_account"].items() if what != "note"}
    told = {d.what.split()[1].strip(","): d.says - d.found for d in report.differences}
    assert told == {account: Decimal(str(difference)) for account, difference in accounts.items()}
    assert check(database) == []


def open_after_truth(crm: Connection, items: Any, known: dict[str, Any]) -> int:
    """What is open once the groups of the truth whose postings are whole are matched, in øre."""
    keys = {row.voucher or "OPENING": row.posting_id for row in items.itertuples()}
    for group in known["groups"]:
        if all(name in keys for name in group):
            crm.ledger.match(posting_ids=[keys[name] for name in group])
    party = UUID(items.customer_id.iloc[0])
    frame = crm.ledger.open_items(ledger=items.ledger.iloc[0], customer_id=party)
    return int(frame.amount_minor.sum())


@needs_files
def test_the_same_file_twice_changes_nothing_and_can_come_again_after_undo(crm: Connection, database: Database) -> None:
    crm.saft.read(FILES["1.0"]).run()
    request = crm.last_request
    had = crm.ledger.all_items()
    again = crm.saft.read(FILES["1.30"]).run()
    assert (again.n_new_parties, again.n_openings, again.n_new, again.n_known, again.n_known_parties) == (0, 0, 0, 66, 12)
    assert had.equals(crm.ledger.all_items())
    crm.history.undo(request_id=request)
    assert (crm.customers.count(), crm.ledger.balances().balance_minor.sum(), check(database)) == (0, 0, [])
    assert len(crm.ledger.all_items()) == 2 * len(had)
    third = crm.saft.read(FILES["1.0"]).run()
    assert (third.n_new, third.n_openings, crm.ledger.balances().balance_minor.sum()) == (66, 7, 13_550_000)


@needs_files
def test_what_is_odd_is_told_and_kept(crm: Connection) -> None:
    report = crm.saft.read(FILES["1.0"]).run()
    told = {(w.where, w.field) for w in report.warnings}
    assert {("1000", "organisation_number"), ("2000", "phone"), ("2000", "currency")} <= told
    party = crm.customers.list().set_index("name").loc["Leketøysbutikk Tøyen"]
    assert "987654321" in crm.customers.get(id=UUID(party.id)).note


HEADER = SaftHeader(company_number="923609016", company_name="Vår AS", version="1.30", first_day=date(2025, 1, 1), last_day=date(2025, 12, 31))


def bring(crm: Connection, parties: list[dict[str, Any]], lines: list[dict[str, Any]], header: SaftHeader = HEADER, **choices: bool) -> SaftReport:
    """A file of these parties and lines, as the store gets it."""
    import msgspec

    piece = msgspec.convert({"parties": parties, "lines": lines}, SaftPiece, strict=False)
    key = crm.saft.start(header=header, file_name="f.xml")
    crm.saft.stage(id=key, position=0, piece=piece)
    report: SaftReport = crm.saft.run(id=key, **choices)
    return report


def party(ledger: str = "AR", code: str = "1", opening: str = "0", **fields: str) -> dict[str, Any]:
    balance = {"account": "1500" if ledger == "AR" else "2400", "opening": opening}
    return {"ledger": ledger, "code": code, "fields": {"name": f"Part {code}"} | fields, "balances": [balance]}


def line(amount: str, code: str = "1", ledger: str = "AR", day: str = "2025-03-01", **more: str) -> dict[str, Any]:
    account = "1500" if ledger == "AR" else "2400"
    said = {"journal": "J", "transaction": "T", "record": "1", "kind": "manual", "account": account, "posted_on": day}
    return said | {"ledger": ledger, "code": code, "amount": amount} | more


def test_parties_are_found_by_organisation_number_then_by_the_files_own_id(crm: Connection) -> None:
    had = crm.customers.create(name="Nordlys AS", organisation_number="923609016")
    report = bring(crm, [party(organisation_number="923609016"), party("AP", "9", organisation_number="NO 923 609 016 MVA"), party(code="2")], [])
    assert (report.n_known_parties, report.n_new_parties) == (2, 1)
    now = crm.customers.get(id=had.id)
    assert (now.name, now.is_supplier, now.supplier_number) == ("Nordlys AS", True, 50001)
    assert bring(crm, [party(code="2", name="Et annet navn")], []).n_new_parties == 0
    assert crm.customers.count() == 2


def test_two_lines_that_look_alike_are_two(crm: Connection) -> None:
    assert bring(crm, [party()], [line("10"), line("10")]).n_new == 2
    assert bring(crm, [party()], [line("10"), line("10"), line("10")]).n_new == 1


def test_a_line_of_an_unknown_party_makes_one(crm: Connection) -> None:
    report = bring(crm, [], [line("10", code="77")])
    assert (report.n_new_parties, [w.where for w in report.warnings]) == (1, ["77"])
    assert crm.ledger.open_items().customer_name.tolist() == ["Kunde 77"]


@pytest.mark.parametrize(
    ("lines", "n_matches"),
    [
        ([line("10", reference="F1"), line("-10", reference="F1")], 1),
        ([line("10", reference="F1"), line("10", reference="F1"), line("-20", reference="F1")], 0),
        ([line("10", kid="12344"), line("10", kid="12344"), line("-20", kid="12344")], 1),
        ([line("10", cross_reference="K"), line("-9", cross_reference="K")], 0),
        ([line("10", reference="F1"), line("-10", "2", reference="F1")], 0),
        ([line("10", document="1234"), line("-10", document="1234")], 0),
        ([line("10", reference="F1", cross_reference="K"), line("-10", reference="F1", cross_reference="K")], 1),
    ],
)
def test_references_match_only_where_that_is_sure(crm: Connection, database: Database, lines: list[dict[str, Any]], n_matches: int) -> None:
    assert bring(crm, [party(), party(code="2")], lines).n_matches == n_matches
    assert (len(crm.ledger.matches()), check(database)) == (n_matches, [])


def test_the_next_year_compares_its_opening_balances(crm: Connection) -> None:
    bring(crm, [party(opening="100")], [line("50")])
    later = SaftHeader(company_number="923609016", company_name="Vår AS", version="1.30", first_day=date(2026, 1, 1), last_day=date(2026, 12, 31))
    report = bring(crm, [party(opening="151"), party(code="2", opening="7")], [line("1", day="2026-02-02")], later)
    assert (report.n_openings, report.n_new) == (1, 1)
    assert [(d.says, d.found) for d in report.differences] == [(151, 150)]
    with pytest.raises(OlderThanOpening):
        bring(crm, [party(opening="100")], [line("50")])


@pytest.mark.parametrize(("choice", "expected"), [(False, [(11_500, "NOK", "Vare (EUR 10.00)")]), (True, [(1_000, "EUR", "Vare")])])
def test_another_currency(crm: Connection, choice: bool, expected: list[tuple[int, str, str]]) -> None:
    bring(crm, [party()], [line("115", own_amount="10.00", own_currency="EUR", text="Vare")], in_own_currency=choice)
    frame = crm.ledger.open_items()
    assert list(zip(frame.amount_minor, frame.currency, frame.text, strict=True)) == expected


def test_sellers_bring_nothing_in(login: Callable[[str], Connection]) -> None:
    with pytest.raises(Forbidden):
        bring(login("ola"), [party()], [line("10")])


def test_undo_leaves_parties_we_had_alone_and_refuses_what_was_built_on(crm: Connection, database: Database) -> None:
    had = crm.customers.create(name="Nordlys AS", organisation_number="923609016")
    bring(crm, [party(organisation_number="923609016"), party(code="2")], [line("10", reference="F"), line("-10", reference="F"), line("5", "2")])
    crm.history.undo(request_id=crm.last_request)
    assert (crm.customers.get(id=had.id).archived_at, crm.customers.count(), crm.ledger.balances().empty) == (None, 1, True)
    assert check(database) == []


def empty_company(folder: Path) -> Connection:
    folder.mkdir()
    opened = Database(f"duckdb:///{folder / 'crm.duckdb'}")
    create_company(opened, name="Tom AS", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
    return Connection(Local(opened, user="kari"))


def test_out_and_into_an_empty_company(crm: Connection, tmp_path: Path) -> None:
    lines = [
        line("1250.50", kid="12344", reference="F1", due_on="2025-03-15", kind="invoice", text="Æ & <ø>"), line("-1250.50", reference="F1", kind="payment"),
        line("-99.99", "5", "AP", kind="invoice"), line("3", day="2025-11-30"), line("-1", day="2025-01-02"),
    ]  # fmt: skip
    bring(crm, [party(opening="17.25"), party("AP", "5", opening="-3")], lines)
    for first in (date(2024, 1, 1), date(2025, 1, 1), date(2025, 6, 1)):
        path = tmp_path / f"{first}.xml"
        export_saft(crm, path, first, date(2025, 12, 31), company_number="923609016")
        other = empty_company(tmp_path / str(first))
        report = other.saft.read(path).run()
        assert report.differences == ()
        for ledger in ("AR", "AP"):
            mine, theirs = (
                c.ledger.balances(ledger=ledger).set_index("customer_name").balance_minor.to_dict() for c in (crm, other)
            )
            assert mine == theirs
            if first < date(2025, 6, 1):
                assert len(crm.ledger.closed_items(ledger=ledger)) == len(other.ledger.closed_items(ledger=ledger))
        other.close()
    with pytest.raises(OwnFile):
        crm.saft.read(path).run()


def test_a_posting_by_hand_may_have_a_kid(crm: Connection) -> None:
    firm = crm.customers.create(name="Firma AS").id
    assert crm.ledger.post(customer_id=firm, kind="invoice", amount=Decimal(1), posted_on=date(2026, 1, 1), kid="1234 4").kid == "12344"
