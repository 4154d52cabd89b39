"""Copies of a company that outlive it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.files import files_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from crm_lab.store.engine import Database


def backup(database: Database, folder: Path) -> Path:
    """Write a consistent copy while people work, Parquet files and the contents of documents; returns its folder."""
    with database.reading() as connection:
        return export(connection, folder)


def backup_folder(connection: Connection) -> Path:
    """Where a company's copies are: beside its file, the one place DuckDB may write to."""
    return Path(connection.engine.url.database or "").absolute().parent / "backup"


def export(connection: Connection, folder: Path) -> Path:
    """The same inside a transaction."""
    target = folder / utc_now().strftime("%Y%m%dT%H%M%SZ")
    part = target.with_suffix(".part")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(part, ignore_errors=True)
    path = str(part.absolute()).replace("'", "''")
    connection.execute(text(f"EXPORT DATABASE '{path}' (FORMAT parquet)"))
    a = tables.audit
    told = connection.execute(select(a.c.after).where(a.c.entity == tables.document.name, a.c.after.is_not(None))).scalars()
    digests = set(connection.execute(select(tables.document.c.sha256)).scalars()) | {row["sha256"] for row in told}  # older versions too
    files_of(connection).copy_to(part / "documents", digests)
    part.rename(target)
    return target
