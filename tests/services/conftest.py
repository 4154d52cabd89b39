"""A small company on a file of its own, and its people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crm_lab.connection import Connection, Local
from crm_lab.domain.access import Role
from crm_lab.store.engine import Database
from tests.company import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def database(company_url: str) -> Iterator[Database]:
    """An empty company with the administrator kari."""
    opened = Database(company_url)
    yield opened
    opened.close()


@pytest.fixture
def login(database: Database) -> Callable[[str], Connection]:
    """A connection as the named employee; ola (seller) and ingrid (accountant) are made as needed."""
    kari = Connection(Local(database, user="kari"))
    roles = {"ola": Role.SELLER, "ingrid": Role.ACCOUNTANT}

    def connect(username: str) -> Connection:
        if username in roles and username not in {e.username for e in kari.employees.list()}:
            name = f"{username.capitalize()} Hansen"
            kari.employees.add(username=username, name=name, password=PASSWORD, roles=(roles[username],))
        return Connection(Local(database, user=username))

    return connect
