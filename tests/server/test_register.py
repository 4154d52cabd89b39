"""The store's daily care for its copy of the register: when it is due, when it is not, and when nobody answers."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crm_lab.connection import Connection, Local
from crm_lab.server.register import keep_register
from crm_lab.services.register import load_register
from crm_lab.settings import utc_now
from crm_lab.store.engine import Database
from crm_lab.store.register import register_at
from tests.register_server import EQUINOR, enhet, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.register_server import RegisterServer

NUMBER = EQUINOR["organisasjonsnummer"]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[RegisterServer]:
    """The service, where Equinor has got another name since the copy was made."""
    with running() as register:
        monkeypatch.setenv("CRM_REGISTER_URL", register.url)
        monkeypatch.setenv("CRM_REGISTER_LOOK_EVERY", "0.05")
        register.enheter[NUMBER] = enhet(NUMBER, "EQUINOR NYE ASA", "ASA")
        register.change("enheter", NUMBER, "Endring", f"{utc_now():%Y-%m-%dT%H:%M:%S.000Z}")
        yield register


def copy_of(folder: Path, made_at: datetime) -> Path:
    bulk, copy = folder / "bulk.json", folder / "register.sqlite"
    bulk.write_text(json.dumps([EQUINOR]), encoding="utf-8")
    load_register(copy, [bulk], made_at=made_at)
    return copy


def looked_after(database: Database, is_done: Callable[[], bool], seconds: float) -> bool:
    """Let the store look after its copy until something is so, or for some seconds; whether it was."""

    async def look() -> bool:
        keeper = asyncio.create_task(keep_register(database))
        for _moment in range(round(seconds / 0.05)):
            await asyncio.sleep(0.05)
            if is_done():
                break
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
        return is_done()

    with ThreadPoolExecutor() as pool:  # a browser of another test may have its loop in this thread
        return pool.submit(asyncio.run, look()).result()


def test_a_copy_of_yesterday_is_brought_up_to_date_and_compared(database: Database, service: RegisterServer, tmp_path: Path) -> None:
    kari = Connection(Local(database, user="kari"))
    party = kari.customers.create(name="Equinor ASA", organisation_number=NUMBER)
    copy = copy_of(tmp_path, utc_now() - timedelta(hours=25))
    assert looked_after(database, lambda: kari.register.n_notices() > 0, 60)
    assert register_at(copy).get(NUMBER)["navn"] == "EQUINOR NYE ASA"
    assert [(n.customer_id, n.field) for n in kari.register.notices()] == [(party.id, "name")]
    assert utc_now() - datetime.fromisoformat(register_at(copy).facts()["read_at"]) < timedelta(minutes=5)


@pytest.mark.parametrize(("hours", "daily"), [(23, "1"), (25, "0")])
def test_a_copy_of_today_or_one_nobody_wants_kept_is_left_alone(
    database: Database, service: RegisterServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int, daily: str
) -> None:
    monkeypatch.setenv("CRM_REGISTER_DAILY", daily)
    copy_of(tmp_path, utc_now() - timedelta(hours=hours))
    assert not looked_after(database, lambda: bool(service.asked), 1)


def test_a_service_that_fails_leaves_the_copy_and_is_not_pestered(
    database: Database, service: RegisterServer, tmp_path: Path
) -> None:
    copy = copy_of(tmp_path, utc_now() - timedelta(hours=25))
    service.faults.extend([400] * 1000)
    tries: list[int] = []

    def has_rested() -> bool:
        tries.append(len(service.asked))
        return len(tries) > 40 and tries[-1] > 0 and tries[-1] == tries[-40]  # two seconds, forty looks, and nobody asked again

    assert looked_after(database, has_rested, 60)
    assert register_at(copy).get(NUMBER)["navn"] == "EQUINOR ASA"
