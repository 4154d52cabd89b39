"""A company that is open in this process, and its administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crm_lab.connection import Connection, Local
from crm_lab.store.engine import Database

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def database(company_url: str) -> Iterator[Database]:
    opened = Database(company_url)
    yield opened
    opened.close()


@pytest.fixture
def kari(database: Database) -> Connection:
    return Connection(Local(database, user="kari"))
