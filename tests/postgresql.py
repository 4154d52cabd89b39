"""A PostgreSQL of the tests' own: in a temporary folder, on loopback, as a user that is not root; it ends with the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.company import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60 -c shared_buffers=64MB"


@cache
def programs() -> Path | None:
    """Where Debian's postgresql has its programs, the newest."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def as_another_user() -> dict[str, object]:
    """PostgreSQL refuses to run as root: it then runs as the user `postgres`, whom Debian's package makes, or as `nobody`."""
    if os.geteuid() != 0:
        return {}
    names = {user.pw_name for user in pwd.getpwall()}
    return {"user": "postgres" if "postgres" in names else "nobody", "cwd": "/"}


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a running server, without the name of a database."""
    folder, port, user = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp")), free_port(), as_another_user()
    folder.chmod(0o777)
    bin_ = programs()
    assert bin_ is not None
    made = [bin_ / "initdb", "-D", folder / "data", "-U", "crm", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, **user)  # type: ignore[call-overload]
    control = [bin_ / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log"]
    subprocess.run([*control, "-o", f"-h 127.0.0.1 -p {port} -k {folder} {OPTIONS}", "start"], check=True, stdout=subprocess.DEVNULL, **user)  # type: ignore[call-overload]
    try:
        yield f"postgresql+psycopg://crm@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, **user)  # type: ignore[call-overload]
        subprocess.run(["rm", "-rf", str(folder)], check=True)


def run_on(url: str, statement: str) -> None:
    """Run a statement beside the databases of tests, outside any transaction."""
    import psycopg

    with psycopg.connect(f"{url.replace('+psycopg', '')}/postgres", autocommit=True) as connection:
        connection.execute(statement)
