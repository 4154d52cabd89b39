"""Opening the company's database, once, safely; and turning its errors into ours."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from crm_lab.domain.search import SearchKind
from crm_lab.errors import Conflict, InvalidInput, Unavailable
from crm_lab.i18n import _
from crm_lab.settings import utc_now
from crm_lab.store.changes import Changes, Written, watch
from crm_lab.store.kept import KeptRows
from crm_lab.store.migrations import migrate
from crm_lab.store.references import add_references
from crm_lab.store.search import PartyIndex
from crm_lab.store.signatures import Signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

log = structlog.get_logger()

CONFLICTS = re.compile(
    r"Conflict on|Transaction conflict|write-write conflict|PRIMARY KEY or UNIQUE constraint violation"
    r"|another transaction has altered|could not serialize|deadlock detected|duplicate key value violates unique|violates foreign key",
    re.IGNORECASE,
)
BROKEN = re.compile(r"Reopen the database|database has been invalidated|FatalException", re.IGNORECASE)
JSON_CODEC: dict[str, Any] = {"json_serializer": lambda value: msgspec.json.encode(value).decode(), "json_deserializer": msgspec.json.decode}
FULL = re.compile(r"No space left|disk is full|could not (write|fsync)|ENOSPC", re.IGNORECASE)


UNKEEPABLE = re.compile(r"too large for 128-bit|out of range|cannot contain NUL|invalid byte sequence", re.IGNORECASE)


class StoreHeld(Conflict):
    """Another process has the company's file open."""

    def __init__(self, path: str, process: str) -> None:
        super().__init__(
            _(
                "The company file {path} is held by process {process}. Stop that one first, or connect to it.",
                path=path,
                process=process,
            )
        )


class DiskFull(Unavailable):
    """There was no room to save; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(_("The disk is full. Nothing was saved; make room and try again."))


class StoreBroken(Unavailable):
    """DuckDB asks to be reopened; what was committed is safe and the store restarts itself."""

    def __init__(self) -> None:
        super().__init__(_("The data store must restart. Trying again …"))


class Unkeepable(InvalidInput):
    """A value that no column holds."""

    def __init__(self) -> None:
        super().__init__(_("A number in the request is too large, or a text holds a character that cannot be kept."))


class RetryableConflict(Exception):
    """Two transactions met; the whole unit of work is to be run again."""


def _open_duckdb(url: URL) -> tuple[Engine, Callable[[], None]]:
    import duckdb
    from duckdb_sqlalchemy import ConnectionWrapper

    path = url.database or ":memory:"
    folder = Path(path).absolute().parent
    if path != ":memory:":
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "checkpoint_threshold": "64MB",  # ours comes sooner; at 1 MB DuckDB folds at every commit: 24 ms against 9
        "threads": 2,
    }
    try:
        root = duckdb.connect(path, config=config)
    except duckdb.IOException as error:
        held = re.search(r"lock is held in .*?\(PID (\d+)\)", str(error))
        if held or "lock" in str(error):
            raise StoreHeld(path, held[1] if held else "?") from None
        raise Unavailable(_("The company file {path} cannot be opened: {reason}", path=path, reason=str(error))) from error
    root.execute("SET TimeZone = 'UTC'")
    root.execute("SET disabled_compression_methods = 'bitpacking'")  # a key so packed takes 75 ns to read, 5 as it is; files grow by a third
    root.execute("SET allowed_directories = ?", [[str(folder / "backup")]])
    root.execute("SET enable_external_access = false")
    root.execute("SET lock_configuration = true")
    engine = create_engine(
        url,
        creator=lambda: ConnectionWrapper(root.cursor()),
        poolclass=QueuePool,
        **JSON_CODEC,
        hide_parameters=True,  # an error is logged: what people typed is not
        pool_size=8,
        max_overflow=24,
        pool_reset_on_return=None,  # a connection rolls its own transaction back; a second time costs DuckDB 0.3 ms
    )
    return engine, root.close


class Database:
    """One open company. Safe to use from many threads. `until` leaves its schema at an older number, for a backup that had it."""

    def __init__(self, url: str, *, until: int | None = None) -> None:
        parsed = make_url(url)
        self.is_duckdb = parsed.get_backend_name() == "duckdb"
        self.path = Path(parsed.database) if self.is_duckdb and parsed.database else None
        self._let_go: Callable[[], None] = lambda: None
        if self.is_duckdb:
            self.engine, self._let_go = _open_duckdb(parsed)
        else:
            self.engine = create_engine(parsed, **JSON_CODEC, pool_pre_ping=True, pool_size=16, isolation_level="REPEATABLE READ", hide_parameters=True)
        self.indexes = {kind: PartyIndex(kind) for kind in SearchKind}
        self.signatures = {kind: Signatures(kind) for kind in SearchKind}
        self.kept, self.changes = KeptRows(), Changes()
        watch(self.engine)
        self.engine = self.engine.execution_options(indexes=self.indexes, signatures=self.signatures, kept=self.kept if self.is_duckdb else None)
        self._writing_engine = self.engine if self.is_duckdb else self.engine.execution_options(isolation_level="SERIALIZABLE")
        self.is_broken = False
        self._writer = Lock()
        with self.engine.begin() as connection:
            migrate(connection, now=utc_now(), until=until)
            if until is None:
                add_references(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction for reads."""
        with self._errors(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def idle(self) -> Iterator[Connection]:
        """A closed connection, for actions that wait for somebody outside: it holds nothing and refuses every query."""
        with self._errors(), self.engine.connect() as connection:
            pass
        yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction for one unit of work; commits at the end, rolls back on any error.

        Writers of one DuckDB process queue up: its optimistic transactions would only conflict and be
        run again. PostgreSQL sorts them out itself: of two that cannot follow one another, one is run again.
        """
        if not self.is_duckdb:
            with self._errors(), self._telling() as connection:
                yield connection
            return
        with self._writer, self._errors(), self._telling() as connection:
            yield connection

    @contextmanager
    def _telling(self) -> Iterator[Connection]:
        """A transaction that tells what is kept in memory what it changed, once it is committed."""
        touched: set[tuple[str, UUID]] = set()
        written = Written()
        with self._writing_engine.begin() as connection:
            yield connection.execution_options(touched=touched, written=written)
        self.kept.forget(written.tables)
        for kind in SearchKind if touched else ():
            self.indexes[kind].touch(frozenset(touched))
            self.signatures[kind].touch(frozenset(touched))
        self.changes.tell(written)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            self._translate(error)

    def _translate(self, error: DBAPIError) -> None:
        message = str(error.orig)
        if BROKEN.search(message):
            self.is_broken = True
            raise StoreBroken from error
        if FULL.search(message):
            raise DiskFull from error
        if UNKEEPABLE.search(message):
            raise Unkeepable from error
        if CONFLICTS.search(message):
            raise RetryableConflict(message) from error
        raise error

    def warm(self) -> None:
        """Make the search indexes, which the first search would wait for."""
        for index in self.indexes.values():
            with self._errors():
                index.warm(self.engine)

    def health(self) -> dict[str, Any]:
        """Answer a trivial query; raises `Unavailable` where that fails."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1")).one()
        return {"ok": True}

    @property
    def wal_bytes(self) -> int:
        """How much a restart would have to read again."""
        wal = self.path.with_name(self.path.name + ".wal") if self.path else None
        return wal.stat().st_size if wal and wal.exists() else 0

    def checkpoint(self) -> None:
        """Fold DuckDB's write-ahead log into the file, so that a restart is quick."""
        if not self.is_duckdb:
            return
        try:
            with self._writer, self._errors(), self.engine.connect() as connection:
                connection.exec_driver_sql("CHECKPOINT")
        except (DBAPIError, RetryableConflict, Unavailable) as error:
            log.warning("checkpoint failed", reason=str(error))

    def close(self) -> None:
        """Checkpoint and let the file go."""
        if not self.is_broken:
            self.checkpoint()
        self.engine.dispose()
        self._let_go()
