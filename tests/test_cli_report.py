"""`crm-lab report`: a file beside one, or an e-mail."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.services.company import create_company
from crm_lab.store.engine import Database
from tests.mailbox import mailbox


@pytest.fixture
def company(tmp_path: Path) -> Path:
    database = Database(f"duckdb:///{tmp_path / 'crm.duckdb'}")
    create_company(database, name="Nordlys", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
    database.close()
    return tmp_path


def test_a_report_of_an_empty_company_is_a_file(company: Path) -> None:
    path = company / "rapport.pdf"
    told = CliRunner().invoke(main, ["report", "pipeline", "--month", "2026-11", "--out", str(path), "--data", str(company)], env={"CRM_USER": "kari"})
    assert told.exit_code == 0, told.output
    assert path.read_bytes().startswith(b"%PDF")


def test_a_report_goes_by_mail(company: Path) -> None:
    with mailbox() as box:
        env = {"CRM_USER": "kari", "CRM_MAIL_SERVER": box.url, "CRM_MAIL_FROM": "crm@nordlys.example"}
        order = ["report", "pipeline", "--month", "2026-11", "--format", "xlsx", "--email", "sjef@nordlys.example", "--data", str(company)]
        told = CliRunner().invoke(main, order, env=env)
        assert told.exit_code == 0, told.output
    (got,) = box.messages
    (part,) = got.iter_attachments()
    assert (got["To"], part.get_filename()) == ("sjef@nordlys.example", "pipeline-2026-11.xlsx")


@pytest.mark.parametrize("month", ["november", "2026-13", "11.2026"])
def test_what_is_no_month_is_told(company: Path, month: str) -> None:
    told = CliRunner().invoke(main, ["report", "pipeline", "--month", month, "--data", str(company)], env={"CRM_USER": "kari"})
    assert told.exit_code == 2
    assert "2026-11" in told.output
