"""What a page does when others write: it reads what it shows of it, and nothing where it shows none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from crm_lab.widgets import shell

if TYPE_CHECKING:
    from crm_lab.connection import Connection
    from crm_lab.widgets.shell import App


@pytest.fixture
def read(app: App, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The actions that the page has asked for."""
    asked: list[str] = []
    call = app.crm.transport.call

    def noted(service: str, action: str, *arguments: object, **named: object) -> object:
        asked.append(f"{service}.{action}")
        return call(service, action, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(app.crm.transport, "call", noted)
    return asked


def test_a_card_reads_again_what_is_written_on_it_and_not_on_others(crm: Connection, app: App, read: list[str]) -> None:
    acme, other = crm.customers.create(name="Acme AS"), crm.customers.create(name="Annen AS")
    app.go(f"customers/{acme.number}")
    since = crm.changes.wait(after=-1)
    crm.notes.create(customer_id=other.id, text="Ringte")
    read.clear()
    app.changed(crm.changes.news(after=since, timeout=0))
    assert read == []
    crm.notes.create(customer_id=acme.id, text="Ringte oss")
    read.clear()
    app.changed(crm.changes.news(after=since, timeout=0))
    assert "cards.customer" in read
    assert "overview.counts" not in read


def test_a_list_that_is_kept_is_read_again_only_where_one_of_it_was_written(crm: Connection, app: App, read: list[str]) -> None:
    acme = crm.customers.create(name="Acme AS")
    app.go("customers")
    app._heard = crm.changes.wait(after=-1)
    app.go(f"customers/{acme.number}")
    crm.notes.create(customer_id=acme.id, text="Ringte")
    app.go("customers")
    assert "customers.list" not in read[read.index("notes.create") :]
    app.go(f"customers/{acme.number}")
    crm.customers.create(name="Bakeriet AS")
    app.go("customers")
    assert "Bakeriet AS" in set(app.main.children[0].frame.name)


def test_what_comes_close_together_is_shown_once(crm: Connection, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "TURNS", 0.0)
    shown: list[object] = []
    monkeypatch.setattr(app, "changed", shown.append)

    async def hear() -> None:
        since = crm.changes.wait(after=-1)
        for n in range(3):
            crm.tasks.create(title=f"Oppgave {n}")
            app._hear(crm.changes.news(after=since, timeout=0), is_first=False)
        await asyncio.sleep(0.05)

    asyncio.run(hear())
    assert len(shown) == 1
