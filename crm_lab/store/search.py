"""An index of names, numbers and addresses beside the database: SQLite's FTS5, in memory, one for each kind of party.

It is made from the database at the first search and told of every commit, so it is never older than the data. It holds
the owner of every row, and is read through the predicate of every table: `Work.visible_to`. Why: docs/adr/0009.
"""

from __future__ import annotations

import re
import time
from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import Connection, create_engine, select, true
from sqlalchemy.pool import StaticPool

from crm_lab.domain.search import Hit, HitGroup, Match, Question, SearchKind, typos
from crm_lab.store import search_statements as statements
from crm_lab.store import tables
from crm_lab.store.search_rows import HEAD, INDEXES, SCHEMA, TRIGGERS, code, metadata, name, place, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.engine import Engine

    from crm_lab.store.records import Work
    from crm_lab.store.search_statements import Statement

Touched = frozenset[tuple[str, UUID]]
"""The kind and id of each party that a commit has changed, or a part of it."""
BATCH = 1000
MOST_SPELLINGS, MOST_GUESSES, MOST_RECENT, MOST_CODES = 60, 200, 20, 200
Found = dict[int, tuple[Match, str]]
"""The places of parties in the index, the best first, with what matched."""
IDENTITY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class PartyIndex:
    """The names, numbers and addresses of one kind of party. Safe to use from many threads."""

    def __init__(self, kind: SearchKind) -> None:
        self.kind = kind
        self._lock = Lock()
        self._engine: Engine | None = None
        self._stale: deque[Touched] = deque()
        self._words: set[str] = set()
        self._beginnings: dict[int, list[str]] = {}
        self._asked = False

    def touch(self, changed: Touched) -> None:
        """What a commit has changed: it is read anew before the next search."""
        self._stale.append(changed)

    def warm(self, source: Engine) -> None:
        """Make the index now, so that nobody waits for it later."""
        with self._lock:
            self._current(source)

    def find(
        self, work: Work, question: Question, *, limit: int, recent: Sequence[str] = (), is_archived: bool | None = False
    ) -> HitGroup:
        """The best hits the caller may see, and how many there are.

        `recent` are customer numbers or ids: of equally good hits those come first.
        """
        if not question:
            return HitGroup()
        self._asked = True
        with self._lock, self._current(work.connection.engine).connect() as index:
            return _Reader(index, work, recent, is_archived=is_archived).find(question, limit)

    def guess(
        self, work: Work, question: Question, *, limit: int, recent: Sequence[str] = (), is_archived: bool | None = False
    ) -> HitGroup:
        """The same for words with typing errors, the likeliest hits first."""
        if not any(typos(word) for word in question.words):
            return HitGroup()
        self._asked = True
        with self._lock, self._current(work.connection.engine).connect() as index:
            return _Reader(index, work, recent, is_archived=is_archived).guess(question, self._near(question), limit)

    def _current(self, database: Engine) -> Engine:
        """The index as new as the newest commit: what it reads is read after it was told, on a connection of its own."""
        stale: set[tuple[str, UUID]] = set()
        while self._stale:
            stale |= self._stale.popleft()
        engine, self._engine = self._engine, None  # made anew, should reading fail
        if engine is None or stale:
            with database.connect() as source:
                if engine is None:
                    engine = self._build(source)
                else:
                    self._refresh(engine, source, self._ids(stale, source))
        self._engine = engine
        return engine

    def _ids(self, changed: set[tuple[str, UUID]], source: Connection) -> set[UUID]:
        """The parties of this kind to read anew: those changed, and the contacts who work for a changed customer."""
        ids = {party for kind, party in changed if kind == self.kind}
        at = {party for kind, party in changed if kind == SearchKind.CUSTOMER}
        if self.kind is SearchKind.CONTACT and at:
            r = tables.contact_role
            ids |= set(source.execute(select(r.c.contact_id).where(r.c.customer_id.in_(at))).scalars())
        return ids

    def _build(self, source: Connection) -> Engine:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        metadata.create_all(engine)
        with engine.begin() as index:
            index.exec_driver_sql(SCHEMA)
            self._fill(index, source, None)
            for statement in ("INSERT INTO fts(fts) VALUES ('rebuild')", *INDEXES, *TRIGGERS):
                index.exec_driver_sql(statement)
        return engine

    def _refresh(self, engine: Engine, source: Connection, stale: set[UUID]) -> None:
        ids = list(stale)
        with engine.begin() as index:
            for start in range(0, len(ids), BATCH):
                batch = ids[start : start + BATCH]
                for table in (name, code, place):
                    index.execute(table.delete().where(table.c.id.in_(batch)))
                self._fill(index, source, batch)

    def _fill(self, index: Connection, source: Connection, ids: list[UUID] | None) -> None:
        fresh: set[str] = set()
        for insert, rows in read_rows(self.kind, source, ids):
            index.connection.driver_connection.executemany(insert, rows if self._asked else self._gently(rows))  # type: ignore[union-attr]
        newest = select(name.c.words).where(name.c.id.in_(ids) if ids is not None else true())
        for known in index.execute(newest).scalars():
            fresh.update(known.split())
        if fresh - self._words:
            self._words |= fresh
            self._beginnings = {}

    def _gently(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """The rows, with the processor left to others half of the time until the first search waits for them."""
        start = time.monotonic()
        for n, row in enumerate(rows):
            yield row
            if n % BATCH == 0 and not self._asked:
                time.sleep(time.monotonic() - start)
                start = time.monotonic()

    def _near(self, question: Question) -> str:
        """The question with each word, or any that differs from it by its typing errors."""
        return " AND ".join(f"({' OR '.join(map(_quoted, (word, *self._spellings(word))))})" for word in question.words)

    def _spellings(self, word: str) -> list[str]:
        """Known words, or their beginnings, that differ from `word` by its typing errors at most, the likeliest first."""
        most, found = typos(word), dict[str, int]()
        for length in range(len(word) - most, len(word) + most + 1) if most else ():
            if length not in self._beginnings:
                self._beginnings[length] = list({known[:length] for known in self._words if len(known) >= length})
            near = process.extract(word, self._beginnings[length], scorer=OSA.distance, score_cutoff=most, limit=None)
            # A beginning that is no whole word must end as the typed one does: else nordl would be nordskog.
            found |= {known: int(n) for known, n, _at in near if known in self._words or known[-1] == word[-1]}
        return sorted(found, key=lambda known: (found[known], known))[:MOST_SPELLINGS]


class _Reader:
    """One search in an index, as one caller may see it."""

    def __init__(self, index: Connection, work: Work, recent: Sequence[str], *, is_archived: bool | None) -> None:
        self._index, self._archived = index, is_archived
        self._given: dict[str, Any] = {"caller": work.actor.id.bytes if work.actor else None}
        opened = self._opened(recent[:MOST_RECENT])
        self._n_opened = len(opened)
        self._given |= {f"opened_{n}": key.bytes for n, key in enumerate(opened)}

    def find(self, question: Question, limit: int) -> HitGroup:
        """Whole numbers, then names, then beginnings of numbers."""
        whole, begun = self._coded(question)
        named = self._named(question.words, limit) if question.words else {}
        found = (whole | {k: v for k, v in (named | begun).items() if k not in whole}) if whole or begun else named
        if not found:
            return HitGroup()
        coded = [*whole, *begun]
        is_listed = self._archived is False
        total = self._count_listed(question) if question.words and is_listed and not coded else self._count(pattern(question.words), coded)
        return HitGroup(hits=self._hits(list(found.items())[:limit]), total=total)

    def guess(self, question: Question, spellings: str, limit: int) -> HitGroup:
        """Names with words near those asked for."""
        rows = self._rows(statements.alike(self._n_opened, self._archived), pattern=spellings, most=MOST_GUESSES)
        best = sorted((_unlike(question.words, words), n, place) for n, (place, words) in enumerate(rows))
        found = [(place, (Match.SPELLING, "")) for _n, _at, place in best[:limit]]
        return HitGroup(hits=self._hits(found), total=self._count(spellings, []))

    def _rows(self, statement: Statement, **values: Any) -> list[Any]:
        return list(self._index.exec_driver_sql(statement.text, statement.given | self._given | values).all())

    def _named(self, words: Sequence[str], limit: int) -> Found:
        """By name: whole, then its beginning, then all words; a name it had comes last."""
        key = " ".join(words)
        asked = {"key": key, "key_end": f"{key}\U0010ffff", "most": limit}
        begun = statements.begun(self._n_opened, self._archived, len(key) == HEAD)
        places = dict.fromkeys(place for statement in begun for (place,) in self._rows(statement, **asked))
        found: Found = dict.fromkeys(list(places)[:limit], (Match.NAME, ""))
        if len(found) == limit:
            return found  # of a few letters, the many names that only have them somewhere need not be sorted
        rows = self._rows(statements.named(self._n_opened, self._archived, len(words)), most=limit, pattern=pattern(words), **_spaced(words))
        rest = {place: (Match.FORMER_NAME, former) if left else (Match.NAME, "") for place, former, left in rows if place not in found}
        return dict(list((found | rest).items())[:limit])

    def _coded(self, question: Question) -> tuple[Found, Found]:
        """The parties whose numbers and addresses are those asked for, and those whose begin so."""
        found: list[Found] = [{}, {}]
        for exact in question.exact:
            found[0] |= self._codes(statements.coded(self._n_opened, self._archived), value=exact)
        for start in question.starts:
            found[1] |= self._codes(statements.coded_from(self._n_opened, self._archived), value=start, value_end=f"{start}\U0010ffff")
        return found[0], found[1]

    def _codes(self, statement: Statement, **asked: str) -> Found:
        return {place: (Match(match), value) for place, match, value in self._rows(statement, most=MOST_CODES, **asked)}

    def _count(self, words: str, coded: Sequence[int]) -> int:
        """How many parties there are by name, and by number beside those."""
        if not words:
            return len(set(coded))
        named = self._rows(statements.counted(self._archived, len(coded)), pattern=words, **_numbered("place", coded))
        return int(named[0][0])

    def _count_listed(self, question: Question) -> int:
        """The same by name alone, of those not archived: all that match, less the few hidden ones, which are read one by one."""
        ((every,),) = self._rows(statements.matching(), pattern=pattern(question.words))
        ((unseen,),) = self._rows(statements.unseen(len(question.words)), **_spaced(question.words))
        return int(every - unseen)

    def _hits(self, found: Sequence[tuple[int, tuple[Match, str]]]) -> tuple[Hit, ...]:
        if not found:
            return ()
        rows = {row.place: row for row in self._rows(statements.shown(len(found)), **_numbered("place", [place for place, _why in found]))}
        return tuple(_hit(rows[place], match, what) for place, (match, what) in found)

    def _opened(self, recent: Sequence[str]) -> list[UUID]:
        """The parties of customer numbers or ids; what is neither is left out."""
        if not recent:
            return []
        numbers = self._rows(statements.numbers(len(recent)), **_numbered("value", recent))
        known = {value: UUID(bytes=key) for value, key in numbers}
        return list(dict.fromkeys(known[r] if r in known else UUID(r) for r in recent if r in known or IDENTITY.fullmatch(r)))


def _hit(row: Any, match: Match, text: str) -> Hit:
    return Hit(
        id=UUID(bytes=row.id), number=row.number, name=row.label, is_person=bool(row.is_person),
        is_incomplete=bool(row.is_incomplete), match=match, text=text, place=row.here or "",
    )  # fmt: skip


def _numbered(stem: str, values: Sequence[Any]) -> dict[str, Any]:
    return {f"{stem}_{n}": value for n, value in enumerate(values)}


def _spaced(words: Sequence[str]) -> dict[str, str]:
    """The words as they stand after another one."""
    return {f"word_{n}": f" {word}" for n, word in enumerate(words)}


def pattern(words: Sequence[str]) -> str:
    """The words as FTS5 asks for them: all, each as a beginning."""
    return " AND ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """A word as FTS5's query for all words that begin with it; folded words hold letters and digits only."""
    return f'"{word}"*'


def _unlike(asked: Sequence[str], there: str) -> int:
    """Typing errors between the words asked for and those of a name that come nearest; a word begun costs half of one."""
    known = there.split()
    return sum(min(min(2 * OSA.distance(w, k), 1 + 2 * OSA.distance(w, k[: len(w)])) for k in known) for w in asked)
