"""The signatures of all names of one kind of party in memory: which of 100,000 are spelled nearly so, in a millisecond.

They are read from the database when first asked for, and told of every commit as the search index is. What is found may
be hidden from the caller: whoever asks looks the parties up under the caller's rule.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
from sqlalchemy import String, cast, select

from crm_lab.domain.names import name_bits
from crm_lab.store import tables
from crm_lab.store.bulk import among, batched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Engine

    from crm_lab.domain.search import SearchKind
    from crm_lab.store.search import Touched

READ_AT_ONCE = 10_000


class Signatures:
    """Every party's name key and its 64 bits. Safe to use from many threads.

    A party that has changed is written behind the others, and its former line forgotten; many of those, and all is read anew.
    """

    def __init__(self, kind: SearchKind) -> None:
        self._kind, self._table = kind, tables.metadata.tables[kind]
        self._lock = Lock()
        self._stale: deque[Touched] = deque()
        self._forget()

    def _forget(self) -> None:
        self._ids: list[bytes | None] = []
        self._keys: list[str] = []
        self._bits = np.empty(0, "int64")
        self._line: dict[bytes, int] = {}

    def touch(self, changed: Touched) -> None:
        """What a commit has changed: it is read anew before the next question."""
        self._stale.append(changed)

    def near(self, database: Engine, key: str, *, bits: int, limit: int) -> list[tuple[UUID, str]]:
        """The parties, with their name keys, whose signatures differ from that of `key` in `bits` bits at most, the nearest first."""
        with self._lock:
            self._read(database)
            unlike = np.bitwise_count((self._bits ^ np.int64(name_bits(key))).view("uint64"))  # of a signed number numpy counts the absolute value
            lines = np.flatnonzero(unlike <= bits)
            nearest = lines[np.argsort(unlike[lines], kind="stable")]
            known = ((self._ids[line], self._keys[line]) for line in nearest)
            return list(islice(((UUID(bytes=party), name) for party, name in known if party is not None), limit))

    def _read(self, database: Engine) -> None:
        changed: set[UUID] = set()
        while self._stale:
            changed |= {party for kind, party in self._stale.popleft() if kind == self._kind}
        if not self._line or len(self._ids) + len(changed) > 2 * len(self._line):
            self._forget()
            with database.connect() as source:
                self._add(source, None)
        elif changed:
            self._leave(changed)
            with database.connect() as source:
                for part in batched(list(changed)):
                    self._add(source, part)

    def _leave(self, changed: Iterable[UUID]) -> None:
        for party in changed:
            line = self._line.pop(party.bytes, None)
            if line is not None:
                self._ids[line] = None

    def _add(self, source: Connection, ids: list[UUID] | None) -> None:
        t, fresh = self._table, list[int]()
        query = select(cast(t.c.id, String), t.c.name_key, t.c.name_bits)
        for rows in source.execute(query if ids is None else query.where(among(t.c.id, ids))).partitions(READ_AT_ONCE):
            for party, key, bits in rows:
                raw = bytes.fromhex(party.replace("-", ""))
                self._line[raw] = len(self._ids)
                self._ids.append(raw)
                self._keys.append(key)
                fresh.append(bits)
        self._bits = np.concatenate([self._bits, np.array(fresh, "int64")])
