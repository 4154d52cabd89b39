"""Signed messages about calls over HTTP: taken where the signature is right, refused and counted where it is not."""

from __future__ import annotations

import requests

from crm_lab.connection import Connection, Remote
from crm_lab.exchange.signed import SIGNATURE, TIMESTAMP, sign
from crm_lab.server.hooks import MOST_REFUSED
from crm_lab.settings import utc_now
from tests.company import CALLS_SECRET, Served

BODY = '{"calls":[{"call_id":"1","caller":"22334455","called":"101","started_at":"2026-11-24T12:00:00Z"}]}'


def test_calls_are_told_over_the_web(served: Served) -> None:
    url, stamp = f"{served.url}/hooks/calls", str(int(utc_now().timestamp()))
    headers = {TIMESTAMP: stamp, SIGNATURE: sign(CALLS_SECRET, stamp, BODY)}
    assert [requests.post(url, BODY, headers=headers, timeout=10).json()["n_new"] for _n in range(2)] == [1, 0]
    assert "+4722334455" in list(Connection(Remote(served.socket, user="kari")).calls.list().number)
    assert requests.get(url, timeout=10).status_code == 405
    wrong = '{"calls":[{}]}'
    assert requests.post(url, wrong, headers={TIMESTAMP: stamp, SIGNATURE: sign(CALLS_SECRET, stamp, wrong)}, timeout=10).status_code == 422
    refused = [requests.post(url, BODY, headers=headers | {SIGNATURE: "0" * 64}, timeout=10).status_code for _n in range(MOST_REFUSED + 1)]
    assert set(refused[:-1]) == {403}
    assert refused[-1] == 429
