"""The command line: files brought in from a shell, checks and copies of a company, served or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.connection import Connection, Local
from crm_lab.store.engine import Database
from tests.company import make_company

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.company import Served

CUSTOMERS = "Navn;Org.nr;Telefon\r\nFjord AS;889640782;22334455\r\nFjell og Vidde;;\r\n"
CONTACTS = "Fornavn;Etternavn;Firma;Mobil\r\nIda;Berg;Nordlys Bygg AS;91234567\r\n"
REGISTER = '"organisasjonsnummer","navn","organisasjonsform.kode"\r\n"923609016","NORDLYS BYGG AS","AS"\r\n"889640782","FJORD AS","AS"\r\n'
BROKEN = "Navn;Org.nr\r\nRett AS;\r\nFeil AS;123\r\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_company(tmp_path)
    return tmp_path


@pytest.fixture
def run(data: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("CRM_USER", "kari")
    monkeypatch.setenv("CRM_DATA", str(data))
    return lambda *words: CliRunner().invoke(main, list(words))


def file_of(data: Path, text: str, name: str = "fil.csv") -> str:
    path = data / name
    path.write_bytes(text.encode("cp1252"))
    return str(path)


def names(data: Path) -> set[str]:
    crm = Connection(Local(Database(f"duckdb:///{data / 'crm.duckdb'}"), user="kari"))
    try:
        return set(crm.customers.list().name) | set(crm.contacts.list().last_name)
    finally:
        crm.close()


def test_customers_and_contacts_come_in_and_the_same_file_twice_adds_nothing(data: Path, run: Callable[..., Result]) -> None:
    file = file_of(data, CUSTOMERS)
    first, second = run("import", "customers", file), run("import", "customers", file)
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert "2" in first.output and "Org.nr" in first.output
    assert run("import", "contacts", file_of(data, CONTACTS)).exit_code == 0
    assert names(data) == {"Nordlys Bygg AS", "Fjord AS", "Fjell og Vidde", "Berg"}


def test_a_broken_row_is_named_and_stops_the_file_unless_it_is_to_be_skipped(data: Path, run: Callable[..., Result]) -> None:
    file = file_of(data, BROKEN)
    refused = run("import", "customers", file)
    assert refused.exit_code == 2
    assert "3: organisation_number:" in refused.output and "Traceback" not in refused.output
    assert names(data) == {"Nordlys Bygg AS"}
    assert run("import", "customers", "--skip-faulty", file).exit_code == 0
    assert names(data) == {"Nordlys Bygg AS", "Rett AS"}


@pytest.mark.parametrize("name", ["bilde.png", "regneark.xlsx", "tom.csv", "kort.vcf"])
@pytest.mark.parametrize("kind", ["customers", "contacts"])
def test_a_file_of_another_kind_is_refused_in_a_sentence(data: Path, run: Callable[..., Result], kind: str, name: str) -> None:
    wrong = run("import", kind, file_of(data, "" if name == "tom.csv" else "\xffPNG\x00\x01 no table at all", name))
    assert wrong.exit_code == 2, wrong.output
    assert wrong.output.strip() and "Traceback" not in wrong.output
    assert names(data) == {"Nordlys Bygg AS"}


def test_what_is_no_file_and_who_is_no_employee_is_told(data: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("import", "customers", str(data / "none.csv")).exit_code == 2
    monkeypatch.setenv("CRM_USER", "nobody")
    refused = run("import", "customers", file_of(data, CUSTOMERS))
    assert refused.exit_code == 2 and "nobody" in refused.output
    assert names(data) == {"Nordlys Bygg AS"}


def test_check_and_backup_of_a_company_that_nobody_serves(data: Path, run: Callable[..., Result]) -> None:
    assert run("check").output.strip() == "OK"
    made = run("backup")
    assert made.exit_code == 0
    assert list((data / "backup").glob("*/schema.sql"))


def test_check_backup_and_imports_work_while_it_is_served(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_USER", "kari")
    runner, folder = CliRunner(), ["--data", str(served.data)]
    assert runner.invoke(main, ["check", *folder]).output.strip() == "OK"
    made = runner.invoke(main, ["backup", *folder])
    assert made.exit_code == 0, made.output
    assert list((served.data / "backup").glob("*/schema.sql"))
    brought = runner.invoke(main, ["import", "customers", file_of(tmp_path, "Navn\r\nFra skallet AS\r\n"), *folder])
    assert brought.exit_code == 0, brought.output
    register = file_of(tmp_path, REGISTER, "enheter.csv")
    for told in ("1 enhet lest inn", "0 enheter lest inn"):
        brought = runner.invoke(main, ["import", "register", "--as", "customers", register, *folder])
        assert brought.exit_code == 0 and told in brought.output, brought.output
    monkeypatch.setenv("CRM_USER", "ola")
    for command in (["check"], ["backup"], ["import", "register", "--as", "customers", register]):
        refused = runner.invoke(main, [*command, *folder])
        assert refused.exit_code == 2 and refused.output.strip()


def test_a_backup_is_restored_into_a_new_folder_and_not_over_a_company(data: Path, run: Callable[..., Result]) -> None:
    made, again = run("backup", "--keep", "1").output.strip(), data.parent / "again"
    restored = CliRunner().invoke(main, ["restore", made, str(again)])
    assert restored.exit_code == 0 and str(again) in restored.output, restored.output
    assert names(again) == names(data)
    refused = CliRunner().invoke(main, ["restore", made, str(again)])
    assert refused.exit_code == 2 and str(again) in refused.output
