"""Malformed requests against the API, made by schemathesis from its own description: `python -m benchmarks.fuzz --requests 100000`.

Every action is asked what its description allows and what it does not; an answer of 500 or above, or a store that
answers no more, is a fault and is printed with the request that made it.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import click
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.generation import GenerationMode
from starlette.testclient import TestClient

from crm_lab.connection import Connection, Local
from crm_lab.server.api import StoreApp
from crm_lab.services.company import create_company
from crm_lab.store.engine import Database

LEFT_OUT = {"/api/company/backup", "/api/sessions/close", "/api/sessions/revoke_token", "/api/register/search", "/api/register/look_up"}
"""What copies the company each time, ends the asking session, or asks another service."""
PIECES = (b"", b'"', b"{", b"]", b"\x00", b"\xff", b"-", b"1e999", b"9" * 30, b"null", b"[]", b"{}", b"\\ud800", b"%00", b"&", b" ", b"\xc3\xa6", b"NaN", b"2026-13-45")
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


class Faults(Exception):
    """The store failed on requests."""


def fuzz(database: Database, token: str, *, examples: int, broken: int = 0, start: int = 0, deadline: float = 0.0) -> Counter[int]:
    """How often each status was answered; every request is sent again `broken` times with bytes of it changed.

    Raises `Faults` with the first requests that made the store fail.
    """
    app, statuses = StoreApp(database).asgi, Counter[int]()
    with TestClient(app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {token}"}) as client:
        return ask_all(client, statuses, examples, broken, start, deadline)


def ask_all(client, statuses, examples, broken, start, deadline) -> Counter[int]:
    schema = schemathesis.openapi.from_dict(client.get("/api/openapi.json").json())
    faults: list[str] = []
    operations = [found.ok() for found in schema.get_all_operations()]
    operations = [one for one in operations if one.path not in LEFT_OUT]
    for i, operation in enumerate(operations[start % len(operations):] + operations[: start % len(operations)]):
        if deadline and time.monotonic() > deadline:
            break
        for mode in MODES:
            ask(client, operation, mode, start + i, examples, broken, statuses, faults)
    if faults:
        raise Faults(f"{len(faults)} of {statuses.total()} requests:\n" + "\n".join(faults[:20]))
    return statuses


def ask(client, operation, mode, number, examples, broken, statuses, faults) -> None:
    try:
        strategy = operation.as_strategy(generation_mode=mode)
    except ValueError:  # nothing about this action can be wrong
        return

    chance = random.Random(number)

    @seed(number)
    @settings(max_examples=examples, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=strategy)
    def one(case) -> None:
        sent = case.as_transport_kwargs(base_url="http://store")
        sent.pop("cookies", None)
        sent["url"] = sent["url"].replace("http://store", "")
        sent["headers"] = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in sent["headers"].items() if name.lower() != "authorization"]
        for request in [client.build_request(**sent), *(breaking(client, sent, chance) for _ in range(broken))]:
            answer = client.send(request)
            statuses[answer.status_code] += 1
            if answer.status_code >= 500:
                faults.append(f"{answer.status_code} {request.method} {request.url} {request.content[:500]!r}: {answer.text[:200]}")

    try:
        one()
    except Exception as error:
        if type(error).__name__ != "Unsatisfiable":
            raise


def breaking(client, sent, chance):
    """The same request with some of its bytes changed, lost or doubled."""
    whole = client.build_request(**sent)
    is_read = whole.method == "GET"
    text = bytearray(whole.url.raw_path if is_read else whole.content or b"{}")
    least = len(whole.url.path.encode()) + 1 if is_read else 0
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(min(least, len(text)), len(text))
        text[at : at + chance.choice((0, 1, 1, 5))] = chance.choice(PIECES)
    if is_read:
        return client.build_request("GET", "".join(chr(byte) if 32 < byte < 127 else f"%{byte:02X}" for byte in text))
    return client.build_request("POST", whole.url.raw_path.decode(), content=bytes(text), headers={"Content-Type": "application/json"})


@click.command()
@click.option("--requests", default=100_000)
def main(requests: int) -> None:
    """Send so many requests, and tell how they were answered."""
    folder = Path(tempfile.mkdtemp())
    database = Database(f"duckdb:///{folder / 'crm.duckdb'}")
    create_company(database, name="Test AS", username="kari", admin_name="Kari Nordmann", password="hemmelig-nok")
    token = Connection(Local(database, user="kari")).sessions.create_token(name="fuzz").token
    statuses, begun, turn = Counter[int](), time.monotonic(), 0
    while statuses.total() < requests:
        statuses += fuzz(database, token, examples=4, broken=24, start=turn)
        turn += 7919
        print(f"{statuses.total():>7} requests in {time.monotonic() - begun:.0f} s: {dict(sorted(statuses.items()))}", flush=True)
    database.close()


if __name__ == "__main__":
    main()
