"""For a JupyterHub's configuration: each user's server acts in the company as the employee of the same name.

    from crm_lab.hub import lend_session
    c.Spawner.pre_spawn_hook = lend_session("https://crm.example.no", secret)

`crm_lab.connect()` in a notebook of that server is then the employee's own; the Hub knows the secret, its users do not.
"""

from __future__ import annotations

import json
import ssl
import time
from typing import TYPE_CHECKING, Any

import httpx
from tornado import web

from crm_lab.exchange.signed import SIGNATURE, TIMESTAMP, sign

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PATIENCE = 20.0


class NoSession(web.HTTPError):
    """Why a server does not start; JupyterHub shows `jupyterhub_message` to its user."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, "%s", reason)
        self.jupyterhub_message = reason


def lend_session(url: str, secret: str) -> Callable[[Any], Awaitable[None]]:
    """A hook that gives every server that starts a session of its user, at the company served at `url`.

    `secret` is `CRM_HUB_SECRET` there. The hook refuses to start a server, with the reason for its user, where there is no such employee.
    """

    async def lend(spawner: Any) -> None:
        body, timestamp = json.dumps({"username": spawner.user.name}), str(int(time.time()))
        headers = {"Content-Type": "application/json", TIMESTAMP: timestamp, SIGNATURE: sign(secret, timestamp, body)}
        try:
            async with httpx.AsyncClient(timeout=PATIENCE, verify=ssl.create_default_context()) as client:
                answer = await client.post(f"{url.rstrip('/')}/hooks/hub", content=body, headers=headers)
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise NoSession(503, f"The CRM at {url} does not answer: {error}") from None
        if not answer.is_success:
            raise NoSession(403, str(told.get("message", answer.status_code)))
        spawner.environment |= {"CRM_URL": url, "CRM_SESSION": told["token"]}

    return lend
