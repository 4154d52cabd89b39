"""What every test run shares: with CRM_REQUIRE_ALL=1 nothing that matters may be skipped."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from hypothesis import settings

from crm_lab.domain.ids import new_id
from crm_lab.services.company import create_company
from crm_lab.store.engine import Database
from tests.company import PASSWORD, served  # noqa: F401 - a fixture
from tests.postgresql import postgresql, programs, run_on

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile("without_clock", deadline=None)
settings.load_profile("without_clock")  # how long an example takes says how busy the machine is
NEVER_SKIPPED = ("browser", "database", "notebook", "fault")


class RequireAll:
    """Turns a skipped browser, notebook, fault or database test into a failed run, and names it."""

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=("duckdb", "postgresql"), default="duckdb", help="What the services' tests keep their company in.")


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("CRM_REGISTER_URL", "")  # no test asks the real one
    if os.environ.get("CRM_REQUIRE_ALL") == "1":
        config.pluginmanager.register(RequireAll())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--engine") == "postgresql":
        for item in items:
            if item.get_closest_marker("one_file"):
                item.add_marker(pytest.mark.skip(reason="of a company in one DuckDB file"))


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Passwords made in this process take a hundredth of the time; a hash says itself how it is to be checked."""
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crm_lab.services.sessions.hasher", lambda: quick)
        yield


def make_empty(url: str) -> None:
    """A company without anything but the administrator kari."""
    database = Database(url)
    create_company(database, name="Test AS", username="kari", admin_name="Kari Nordmann", password=PASSWORD)
    database.close()


@pytest.fixture(scope="session")
def _empty_company(tmp_path_factory: pytest.TempPathFactory, quick_passwords: None) -> Path:
    del quick_passwords
    path = tmp_path_factory.mktemp("template") / "crm.duckdb"
    make_empty(f"duckdb:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_url(quick_passwords: None) -> Iterator[str]:
    """A PostgreSQL with the database `empty`, which holds an empty company."""
    del quick_passwords
    if programs() is None:
        pytest.skip("Debian's postgresql is not installed (apt-get install postgresql)")
    with postgresql() as url:
        run_on(url, "CREATE DATABASE empty")
        make_empty(f"{url}/empty")
        yield url


@pytest.fixture
def postgresql_company(postgresql_url: str) -> Iterator[str]:
    """An empty company of the test's own in PostgreSQL."""
    name = f"c{new_id().hex}"
    run_on(postgresql_url, f"CREATE DATABASE {name} TEMPLATE empty")
    yield f"{postgresql_url}/{name}"
    run_on(postgresql_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def company_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty company of the test's own, with the administrator kari, in what `--engine` names; made once and copied."""
    if request.config.getoption("--engine") == "postgresql":
        request.getfixturevalue("monkeypatch").setenv("CRM_DOCUMENTS", str(tmp_path / "documents"))  # a database has no folder
        found: str = request.getfixturevalue("postgresql_company")
        return found
    return f"duckdb:///{shutil.copy(request.getfixturevalue('_empty_company'), tmp_path / 'crm.duckdb')}"
