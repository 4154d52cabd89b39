"""Copies of a company that outlive it: each whole by itself, with a manifest of what is in it (docs/operating.md)."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import func, inspect, select, table, text

from crm_lab.errors import Conflict, InvalidInput
from crm_lab.i18n import _
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.files import files_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from crm_lab.store.engine import Database

MANIFEST = "manifest.json"
STAMPED = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
_one_at_a_time = Lock()


class NothingKept(InvalidInput):
    """Retention that would remove every backup."""

    def __init__(self) -> None:
        super().__init__(_("At least one backup must be kept."), "keep")


class NoFile(Conflict):
    """The company is in a database server, which has its own way of backing up."""

    def __init__(self) -> None:
        super().__init__(_("This company is kept in PostgreSQL: back it up with pg_dump, and its documents by copying their folder (docs/postgresql.md)."))


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds, so that whoever restores it knows that it is all there.

    Attributes
    ----------
    schema : number of the last migration that had run.
    tables : rows of each table.
    files : SHA-256 of each file but the documents.
    documents : bytes of each content, by its SHA-256.
    missing : contents that were gone already when the backup was made.
    """

    made_at: datetime
    schema: int
    tables: dict[str, int]
    files: dict[str, str]
    documents: dict[str, int]
    missing: list[str] = []


def backup(database: Database, folder: Path, *, keep: int | None = None) -> Path:
    """Write a consistent copy while people work, Parquet files and the contents of documents; returns its folder."""
    with database.reading() as connection:
        return export(connection, folder, keep=keep)


def backup_folder(connection: Connection) -> Path:
    """Where a company's copies are: beside its file, the one place DuckDB may write to."""
    return Path(connection.engine.url.database or "").absolute().parent / "backup"


def export(connection: Connection, folder: Path, *, keep: int | None = None) -> Path:
    """The same inside a transaction; `keep` removes all but the newest so many. Raises `NothingKept`, `NoFile`."""
    if connection.dialect.name != "duckdb":
        raise NoFile
    if keep is not None and keep < 1:
        raise NothingKept
    with _one_at_a_time:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in folder.glob("*.part"):
            shutil.rmtree(left)
        before, now = backups(folder), utc_now()
        target = _free(folder, now)
        part = target.with_name(target.name + ".part")
        path = str(part.absolute()).replace("'", "''")
        connection.execute(text(f"EXPORT DATABASE '{path}' (FORMAT parquet)"))
        manifest = _manifest(connection, part, before[-1] if before else None, now)
        _write(part / MANIFEST, msgspec.json.encode(manifest))
        part.rename(target)
        for old in backups(folder)[:-keep] if keep else ():
            _remove(old)
    return target


def backups(folder: Path) -> list[Path]:
    """The whole ones, oldest first."""
    return sorted(path for path in folder.glob("*") if STAMPED.fullmatch(path.name))


def made_at(backup: Path) -> datetime:
    """When a backup was made, as its name tells."""
    return datetime.strptime(backup.name[:16] + "+0000", "%Y%m%dT%H%M%SZ%z")


def sha256_of(path: Path) -> str:
    """The digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(connection: Connection, part: Path, before: Path | None, now: datetime) -> Manifest:
    """Copy the documents, and tell what there is now."""
    files = {path.name: sha256_of(path) for path in sorted(part.iterdir())}
    names = inspect(connection).get_table_names()
    rows = {name: connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in sorted(names)}
    schema = connection.execute(text("SELECT max(number) FROM schema_version")).scalar_one()
    wanted = _wanted(connection)
    _link(before, part / "documents", wanted)
    there = files_of(connection).copy_to(part / "documents", set(wanted))
    return Manifest(now, schema, rows, files, {k: wanted[k] for k in sorted(there)}, sorted(wanted.keys() - there))


def _wanted(connection: Connection) -> dict[str, int]:
    """The contents that documents and files of messages have, and documents had before: an older version, or a removed one, can be brought back."""
    d, a = tables.document, tables.audit.c
    kept = [table for table in (d, tables.message_file) if inspect(connection).has_table(table.name)]  # an older schema has fewer
    earlier = connection.execute(select(a.before).where(a.entity == d.name, a.before.is_not(None))).scalars()
    wanted = {row["sha256"]: row["size"] for row in earlier if "sha256" in row and "size" in row}
    return wanted | {row.sha256: row.size for table in kept for row in connection.execute(select(table.c.sha256, table.c.size))}


def _link(before: Path | None, target: Path, wanted: dict[str, int]) -> None:
    """Share with the backup before what is in it: a content never changes, so nothing is copied twice."""
    for digest, size in wanted.items() if before else ():
        assert before is not None  # noqa: S101 - for mypy
        old, new = (folder / digest[:2] / digest for folder in (before / "documents", target))
        if old.exists() and old.stat().st_size == size:
            new.parent.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):  # a file system without links, or with too many: it is copied
                os.link(old, new)


def _free(folder: Path, now: datetime) -> Path:
    """A name that no backup has; two within a second are told apart by a number."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    names = (stamp, *(f"{stamp}-{n}" for n in range(2, 1000)))
    return next(folder / name for name in names if not (folder / name).exists())


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _remove(backup: Path) -> None:
    """Half removed, it must not look whole."""
    gone = backup.with_name(backup.name + ".part")
    backup.rename(gone)
    shutil.rmtree(gone)
