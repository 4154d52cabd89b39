"""Our copy of Enhetsregisteret: one read-only SQLite file beside the company, searched in milliseconds.

An entity's `id` is its place in the ranking times 10⁹ plus its organisation number, so FTS5, which answers in the order
of ids, answers best first and stops early. Why SQLite, and the figures: docs/adr/0008.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing, contextmanager
from functools import cache
from itertools import chain, islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import zstandard

from crm_lab.domain.names import name_key
from crm_lab.errors import Unavailable
from crm_lab.i18n import _
from crm_lab.settings import Settings
from crm_lab.store.misspellings import index_words
from crm_lab.store.ranking import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy import URL

PLACES = 10
NUMBERS = 10**9
SAMPLE = 4000
DICTIONARY = 64 << 10
LEVEL = 4
MAPPED = 1 << 30
RECORD_OF = "SELECT record FROM entity WHERE id IN (SELECT value FROM json_each(?))"
RECORDS = "SELECT id, record FROM entity WHERE id IN (SELECT value FROM json_each(?))"
KEY_OF = "SELECT id, key FROM entity WHERE id IN (SELECT value FROM json_each(?))"
SCHEMA = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE entity (id INTEGER PRIMARY KEY, key TEXT NOT NULL, record BLOB NOT NULL);
CREATE VIRTUAL TABLE name USING fts5(
  key, content='entity', content_rowid='id', columnsize=0, tokenize="unicode61 remove_diacritics 0", prefix='1 2 3'
);
CREATE TABLE part (part INTEGER, word TEXT, PRIMARY KEY (part, word)) WITHOUT ROWID;
"""
INDEXES = """
CREATE INDEX entity_key ON entity(key);
INSERT INTO name(rowid, key) SELECT id, key FROM entity ORDER BY id;
INSERT INTO name(name) VALUES ('optimize');
CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, name, 'row');
"""
Record = dict[str, Any]


class RegisterRow(NamedTuple):
    """An entity to keep: its place in the ranking with its number, its folded name, its record as MessagePack."""

    id: int
    key: str
    packed: bytes

    @classmethod
    def of(cls, number: str, name: str, place: int, record: Record) -> RegisterRow:
        """From a JSON-ready record; `place` is its rank, 0 (best) to 9."""
        return cls(place * NUMBERS + int(number), name_key(name), msgspec.msgpack.encode(record))

    @property
    def number(self) -> str:
        """The organisation number."""
        return f"{self.id % NUMBERS:09d}"


class CopyDamaged(Unavailable):
    """The file is no such copy, or a broken one."""

    def __init__(self) -> None:
        super().__init__(
            _("Our copy of Enhetsregisteret is damaged. Make it anew with crm-lab register update --full."), "register"
        )


def register_path(url: URL) -> Path:
    """Where the copy is kept: beside the company's file."""
    is_file = url.get_backend_name() == "duckdb" and url.database not in {None, ":memory:"}
    return (Path(str(url.database)).parent if is_file else Settings().data) / "register.sqlite"


class _Packer:
    """Records as zstd frames over a dictionary of what they have in common."""

    def __init__(self, dictionary: bytes) -> None:
        shared = zstandard.ZstdCompressionDict(dictionary)
        self.dictionary = dictionary
        self.pack = zstandard.ZstdCompressor(level=LEVEL, dict_data=shared).compress
        self._unpack = zstandard.ZstdDecompressor(dict_data=shared).decompress
        self._decoder = msgspec.msgpack.Decoder(Record)

    @classmethod
    def trained(cls, sample: list[bytes]) -> _Packer:
        try:
            return cls(zstandard.train_dictionary(DICTIONARY, [*sample]).as_bytes())
        except zstandard.ZstdError:  # too few to learn from
            return cls(b"".join(sample)[:DICTIONARY])

    def unpack(self, packed: bytes) -> Record:
        return self._decoder.decode(self._unpack(packed))


def build(path: Path, rows: Iterable[RegisterRow], facts: dict[str, str], *, check: Callable[[int], None]) -> int:
    """Make the file anew and swap it in; where `rows` or `check(n)` raises, the former one stays. The number of entities."""
    with _replacing(path) as part, closing(sqlite3.connect(part, isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;" + SCHEMA)
        connection.execute("BEGIN")
        n = _insert(connection, rows)
        check(n)
        connection.executescript(INDEXES)  # commits first
        connection.execute("BEGIN")
        index_words(connection, (word for (word,) in connection.execute("SELECT term FROM temp.vocabulary")))
        _note(connection, facts)
        connection.execute("COMMIT")
    return n


def change(path: Path, rows: Iterable[RegisterRow], gone: Iterable[str], facts: dict[str, str]) -> None:
    """Put rows in, replacing those of the same number, and take numbers out, on a copy that is swapped in."""
    with _replacing(path) as part:
        shutil.copyfile(path, part)
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
            packer = _packer(connection)
            connection.execute("BEGIN")
            for number in gone:
                _take_out(connection, number)
            for row in rows:
                _take_out(connection, row.number)
                connection.execute("INSERT INTO entity VALUES (?, ?, ?)", (row.id, row.key, packer.pack(row.packed)))
                connection.execute("INSERT INTO name(rowid, key) VALUES (?, ?)", (row.id, row.key))
                index_words(connection, row.key.split())
            _note(connection, facts)
            connection.execute("COMMIT")


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place when the block ends well."""
    for leftover in path.parent.glob(f"{path.name}.*.part"):
        leftover.unlink(missing_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _insert(connection: sqlite3.Connection, rows: Iterable[RegisterRow]) -> int:
    """Insert all rows, the first of each number only."""
    rest = iter(rows)
    sample = list(islice(rest, SAMPLE))
    packer = _Packer.trained([row.packed for row in sample])
    connection.execute("INSERT INTO fact VALUES ('dictionary', ?)", (packer.dictionary,))
    seen: set[int] = set()

    def values() -> Iterator[tuple[int, str, bytes]]:
        for row in chain(sample, rest):
            number = row.id % NUMBERS
            if number not in seen:
                seen.add(number)
                yield row.id, row.key, packer.pack(row.packed)

    connection.executemany("INSERT INTO entity VALUES (?, ?, ?)", values())
    return len(seen)


def _take_out(connection: sqlite3.Connection, number: str) -> None:
    for id_, key in connection.execute(KEY_OF, (json.dumps(_ids(number)),)).fetchall():
        connection.execute("INSERT INTO name(name, rowid, key) VALUES ('delete', ?, ?)", (id_, key))
        connection.execute("DELETE FROM entity WHERE id = ?", (id_,))


def _note(connection: sqlite3.Connection, facts: dict[str, str]) -> None:
    connection.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", facts.items())


def _packer(connection: sqlite3.Connection) -> _Packer:
    row = connection.execute("SELECT value FROM fact WHERE name = 'dictionary'").fetchone()
    if row is None:
        raise CopyDamaged
    return _Packer(row[0])


def _ids(number: str) -> list[int]:
    """The ids that the number may have."""
    return [place * NUMBERS + int(number) for place in range(PLACES)]


class RegisterFile:
    """The file at `path`, opened when first asked and again when another has taken its place. Safe for many threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._opened: tuple[int, int] | None = None
        self._connection: sqlite3.Connection | None = None
        self._packer = _Packer(b"")

    @property
    def exists(self) -> bool:
        """Whether there is such a file."""
        return self._path.exists()

    def facts(self) -> dict[str, str]:
        """What was noted when the file was made."""
        with self._open() as connection:
            query = "SELECT name, value FROM fact WHERE name != 'dictionary'"
            return dict(connection.execute(query).fetchall()) if connection else {}

    def count(self) -> int:
        """How many entities there are."""
        with self._open() as connection:
            return int(connection.execute("SELECT count(*) FROM entity").fetchone()[0]) if connection else 0

    def get(self, number: str) -> Record | None:
        """The record of that organisation number, or None."""
        with self._open() as connection:
            row = connection and connection.execute(RECORD_OF, (json.dumps(_ids(number)),)).fetchone()
            return self._packer.unpack(row[0]) if row else None

    def get_many(self, numbers: Iterable[str]) -> dict[str, Record]:
        """The records of those organisation numbers that are there."""
        ids = json.dumps([id_ for number in numbers for id_ in _ids(number)])
        with self._open() as connection:
            rows = connection.execute(RECORDS, (ids,)).fetchall() if connection else []
            return {f"{id_ % NUMBERS:09d}": self._packer.unpack(packed) for id_, packed in rows}

    def search(self, text: str, limit: int) -> list[Record]:
        """Records whose number or name is meant by `text`, best first."""
        with self._open() as connection:
            if not connection:
                return []
            ids = find(connection, text, limit)
            rows = dict(connection.execute(RECORDS, (json.dumps(ids),)))
            return [self._packer.unpack(rows[id_]) for id_ in ids]

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = self._opened = None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection | None]:
        with self._lock:
            try:
                yield self._current()
            except (sqlite3.DatabaseError, zstandard.ZstdError, msgspec.MsgspecError) as error:
                self._opened = None
                raise CopyDamaged from error

    def _current(self) -> sqlite3.Connection | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        if self._opened != (status.st_ino, status.st_mtime_ns):
            if self._connection:
                self._connection.close()
            uri = f"{self._path.absolute().as_uri()}?mode=ro&immutable=1"
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            self._connection.execute(f"PRAGMA mmap_size={MAPPED}")
            self._packer = _packer(self._connection)
            self._opened = (status.st_ino, status.st_mtime_ns)
        return self._connection


@cache
def register_at(path: Path) -> RegisterFile:
    """The one reader of the copy at `path` in this process."""
    return RegisterFile(path)
