"""How many kernels a session may have, and when one ends by itself."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from jupyter_server import CallContext

from crm_lab.server.kernels import CONNECTED_LIMIT, DISCONNECTED_LIMIT, OwnedKernels
from crm_lab.settings import utc_now
from tests.server.sockets import page

if TYPE_CHECKING:
    from tests.company import Served

SHARE = Path(__file__).parents[2] / "share" / "jupyter"


@pytest.mark.slow
def test_a_session_has_eight_kernels_at_most(served: Served) -> None:
    kari, ola = served.login("kari"), served.login("ola")
    _html, olas = page(served, ola)
    kernels = [page(served, kari)[1] for _ in range(10)]

    def alive() -> list[str]:
        return [k for k in kernels if kari.get(f"{served.url}/api/kernels/{k}", timeout=10).status_code == 200]

    deadline = time.monotonic() + 20
    while len(alive()) > 8 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert alive() == kernels[2:], "the oldest give way"
    assert ola.get(f"{served.url}/api/kernels/{olas}", timeout=10).status_code == 200, "others are left alone"


@pytest.mark.parametrize(
    ("idle", "connected", "state", "stays"),
    [
        (DISCONNECTED_LIMIT - 30, False, "idle", True),
        (DISCONNECTED_LIMIT + 30, False, "idle", False),
        (DISCONNECTED_LIMIT + 30, True, "idle", True),
        (CONNECTED_LIMIT + 30, True, "idle", False),
        (CONNECTED_LIMIT + 30, True, "busy", True),
    ],
)
def test_a_kernel_nobody_uses_ends(
    monkeypatch: pytest.MonkeyPatch, idle: float, connected: bool, state: str, stays: bool
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(SHARE))

    async def life() -> bool:
        CallContext.set(CallContext.JUPYTER_HANDLER, SimpleNamespace(current_user=SimpleNamespace(session="s")))
        kernels = OwnedKernels()
        kernel_id = await kernels.start_kernel()
        if connected:
            kernels.notify_connect(kernel_id)
        kernel = kernels.get_kernel(kernel_id)
        kernel.last_activity, kernel.execution_state = utc_now() - timedelta(seconds=idle), state
        await kernels.cull_kernel_if_idle(kernel_id)
        left = kernel_id in kernels
        await kernels.shutdown_kernel(kernel_id, now=True)
        return left

    assert asyncio.run(life()) is stays
