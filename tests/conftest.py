"""What every test run shares: with CRM_REQUIRE_ALL=1 nothing that matters may be skipped."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher

from crm_lab.services.company import create_company
from crm_lab.store.engine import Database
from tests.company import PASSWORD, served  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

NEVER_SKIPPED = ("browser", "notebook", "fault")


class RequireAll:
    """Turns a skipped browser, notebook or fault test into a failed run, and names it."""

    def __init__(self) -> None:
        self.skipped: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and any(m in report.keywords for m in NEVER_SKIPPED):
            self.skipped[report.nodeid] = _reason(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that skips itself has no markers yet: its source is asked."""
        path = Path(report.nodeid.split("::")[0])
        if report.skipped and path.suffix == ".py":
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            if re.search(rf"mark\.({'|'.join(NEVER_SKIPPED)})\b", text):
                self.skipped[report.nodeid] = _reason(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.skipped:
            terminalreporter.section("skipped, but required by CRM_REQUIRE_ALL", red=True)
            for name, reason in self.skipped.items():
                terminalreporter.write_line(f"{name}: {reason}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("CRM_REGISTER_URL", "")  # no test asks the real one
    if os.environ.get("CRM_REQUIRE_ALL") == "1":
        config.pluginmanager.register(RequireAll())


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Passwords made in this process take a hundredth of the time; a hash says itself how it is to be checked."""
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crm_lab.services.sessions.hasher", lambda: quick)
        yield


@pytest.fixture(scope="session")
def _empty_company(tmp_path_factory: pytest.TempPathFactory, quick_passwords: None) -> Path:
    del quick_passwords
    path = tmp_path_factory.mktemp("template") / "crm.duckdb"
    database = Database(f"duckdb:///{path}")
    create_company(database, name="Test AS", username="kari", admin_name="Kari Nordmann", password=PASSWORD)
    database.close()
    return path


@pytest.fixture
def company_url(tmp_path: Path, _empty_company: Path) -> str:
    """An empty company of the test's own, with the administrator kari; made once and copied."""
    return f"duckdb:///{shutil.copy(_empty_company, tmp_path / 'crm.duckdb')}"
