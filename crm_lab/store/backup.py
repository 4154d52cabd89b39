"""Copies of a company that outlive it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sqlalchemy import text

from crm_lab.settings import utc_now

if TYPE_CHECKING:
    from pathlib import Path

    from crm_lab.store.engine import Database


def backup(database: Database, folder: Path) -> Path:
    """Write a consistent copy as Parquet files while people work; returns its folder."""
    target = folder / utc_now().strftime("%Y%m%dT%H%M%SZ")
    part = target.with_suffix(".part")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(part, ignore_errors=True)
    with database.reading() as connection:
        path = str(part.absolute()).replace("'", "''")
        connection.execute(text(f"EXPORT DATABASE '{path}' (FORMAT parquet)"))
    part.rename(target)
    return target
