"""A company made anew from a backup: every file is checked by its digest, every table by its rows."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import func, select, table, text

from crm_lab.errors import Conflict, InvalidInput
from crm_lab.i18n import _
from crm_lab.store.backup import MANIFEST, Manifest
from crm_lab.store.engine import Database
from crm_lab.store.files import BLOCK
from crm_lab.store.migrations import NewerSchema, scripts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class NoBackup(InvalidInput):
    """The folder is none that `crm-lab backup` wrote to its end."""

    def __init__(self, path: Path) -> None:
        super().__init__(_("{path} is not a backup, or one that was never finished: it has no readable {name}.", path=path, name=MANIFEST), "backup")


class Damaged(InvalidInput):
    """What is in a backup is not what was written."""

    def __init__(self, name: str) -> None:
        super().__init__(_("{name} in the backup is missing or damaged. Nothing was restored; take another backup.", name=name), "backup")


class Taken(Conflict):
    """There is something already where the company should be."""

    def __init__(self, path: Path) -> None:
        super().__init__(_("{path} is not empty. Restore into a new folder.", path=path))


def restore(backup: Path, target: Path, on_progress: Callable[[int, int], None] = lambda _done, _total: None) -> Manifest:
    """Make a company in the new folder `target`; killed half-way, the folder is not there.

    Parameters
    ----------
    on_progress : told the bytes done and their total.

    Raises
    ------
    NoBackup, Damaged, Taken, and NewerSchema for the backup of a later release.
    """
    manifest, known = manifest_of(backup), scripts()[-1][0]
    if manifest.schema > known:
        raise NewerSchema(manifest.schema, known)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Taken(target)
    part = target.absolute().with_name(f".{target.absolute().name}.restoring")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    try:
        _copy(backup, part, manifest, on_progress)
        _load(part, manifest)
        shutil.rmtree(part / "backup")
        os.sync()
        part.rename(target.absolute())
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return manifest


def manifest_of(backup: Path) -> Manifest:
    """What a backup says that it holds. Raises `NoBackup`."""
    try:
        return msgspec.json.decode((backup / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        raise NoBackup(backup) from None


def _copy(backup: Path, part: Path, manifest: Manifest, on_progress: Callable[[int, int], None]) -> None:
    """Copy what is there, and refuse what is not as it was written: what is checked is what is used."""
    wanted = {f"documents/{digest[:2]}/{digest}": digest for digest in manifest.documents}
    copies = [(name, part / "backup" / name, digest) for name, digest in manifest.files.items()]
    copies += [(name, part / name, digest) for name, digest in wanted.items()]
    try:
        total = sum((backup / name).stat().st_size for name, _to, _digest in copies)
    except FileNotFoundError as error:
        raise Damaged(str(error.filename)) from None
    done = 0
    for name, target, digest in copies:
        target.parent.mkdir(parents=True, exist_ok=True)
        found = hashlib.sha256()
        with (backup / name).open("rb") as source, target.open("wb") as copy:
            while block := source.read(BLOCK):
                found.update(block)
                copy.write(block)
                done += len(block)
                on_progress(done, total)
        if found.hexdigest() != digest:
            raise Damaged(name)


def _load(part: Path, manifest: Manifest) -> None:
    """Make the schema that the backup had, fill it, count, and bring it forward to this release."""
    url = f"duckdb:///{part / 'crm.duckdb'}"
    database = Database(url, until=manifest.schema)
    try:
        with database.writing() as connection:
            for name in manifest.tables:  # some migrations bring rows; DuckDB wants these gone before the same keys come
                connection.execute(table(name).delete())
        with database.writing() as connection:
            for name, n in manifest.tables.items():
                here = table(name)
                quoted = connection.dialect.identifier_preparer.quote(name)
                file = str(part / "backup" / f"{name}.parquet").replace("'", "''")
                connection.execute(text(f"INSERT INTO {quoted} BY NAME SELECT * FROM read_parquet('{file}')"))  # noqa: S608 - names of our own tables
                if connection.execute(select(func.count()).select_from(here)).scalar_one() != n:
                    raise Damaged(name)
    finally:
        database.close()
    Database(url).close()
