"""The web server's process: the fork server first, then the pages.

Started as `python -m crm_lab.server.web --socket PATH`. It owns the fork server, and all kernels end with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import click

from crm_lab.server import logs
from crm_lab.server.assets import scripts_address

ZYGOTE_SOCKET = "CRM_ZYGOTE"


def keep_fork_server(path: Path) -> None:
    """Run the fork server, and again whenever it ends; meanwhile kernels start as ordinary processes."""
    while True:
        path.unlink(missing_ok=True)
        subprocess.run([sys.executable, "-m", "crm_lab.server.zygote", str(path)], check=False)  # noqa: S603
        time.sleep(1)


def start_fork_server(state: Path) -> None:
    """Have a fork server where forking is safe; it ends with this process."""
    if sys.platform != "linux":
        return
    path = state / "zygote.sock"
    os.environ[ZYGOTE_SOCKET] = str(path)
    threading.Thread(target=keep_fork_server, args=(path,), daemon=True).start()


@click.command()
@click.option("--socket", required=True)
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=8866)
@click.option("--base-url", default="/")
@click.option("--state-dir", type=click.Path(path_type=Path), required=True)
@click.option("--trust-proxy", default="")
def main(socket: str, host: str, port: int, base_url: str, state_dir: Path, trust_proxy: str) -> None:
    """Serve pages until told to stop."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chdir(state_dir)  # Voilà reads a configuration file wherever it stands
    os.environ["CRM_SCRIPTS"] = scripts_address(base_url)
    os.environ["JUPYTER_WIDGETS_ECHO"] = "0"  # a page needs no echo of what it says: nobody else looks at its kernel
    start_fork_server(state_dir)
    logs.set_up("web")
    from crm_lab.server.pages import ROOT, CrmVoila, configuration  # takes seconds, in which the fork server gets ready

    share = ROOT / "share" / "jupyter"
    if share.exists():
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(share), os.environ.get("JUPYTER_PATH", "")]))
    config = configuration(socket, state_dir, base_url=base_url, trust_proxy=trust_proxy)
    CrmVoila.launch_instance(argv=[f"--port={port}", f"--Voila.ip={host}"], config=config)


if __name__ == "__main__":
    main()
