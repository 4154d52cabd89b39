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
from sqlalchemy import Connection, and_, case, create_engine, func, literal, or_, select, true, union
from sqlalchemy.pool import StaticPool

from crm_lab.domain.search import Hit, HitGroup, Match, Question, SearchKind, typos
from crm_lab.store import tables
from crm_lab.store.search_rows import INDEXES, SCHEMA, TRIGGERS, code, fts, metadata, name, place, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Engine

    from crm_lab.store.records import Work

Touched = frozenset[tuple[str, UUID]]
"""The kind and id of each party that a commit has changed, or a part of it."""
BATCH = 1000
MOST_SPELLINGS, MOST_GUESSES, MOST_RECENT, MOST_CODES = 60, 200, 20, 200
WHOLE, BEGINS, WORDS = range(3)
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
        self._index, self._work, self._listed = index, work, is_archived is False
        self._seen = work.visible_to(name)
        if is_archived is not None:
            self._seen = and_(self._seen, name.c.is_archived.is_(is_archived))
        opened = self._opened(recent[:MOST_RECENT])
        self._order = (
            case(*((name.c.id == key, n) for n, key in enumerate(opened)), else_=len(opened)) if opened else literal(0),
            case((name.c.owner_id == (work.actor.id if work.actor else None), 0), else_=1),
            func.length(name.c.key),
            name.c.key,
            name.c.place,
        )

    def find(self, question: Question, limit: int) -> HitGroup:
        """Whole numbers, then names, then beginnings of numbers."""
        whole, begun = self._coded(question)
        named = self._named(_pattern(question), question.words, limit) if question.words else {}
        found = (whole | {k: v for k, v in (named | begun).items() if k not in whole}) if whole or begun else named
        if not found:
            return HitGroup()
        coded = [*whole, *begun]
        total = self._count_listed(question) if question.words and self._listed and not coded else self._count(_pattern(question), coded)
        return HitGroup(hits=self._hits(list(found.items())[:limit]), total=total)

    def guess(self, question: Question, pattern: str, limit: int) -> HitGroup:
        """Names with words near those asked for."""
        query = select(name.c.id, name.c.words).select_from(fts.join(name, name.c.place == fts.c.rowid))
        rows = self._index.execute(query.where(fts.c.fts.match(pattern), self._seen).order_by(*self._order).limit(MOST_GUESSES))
        best = sorted((_unlike(question.words, row.words), n, row.id) for n, row in enumerate(rows))
        return HitGroup(hits=self._hits([(key, (Match.SPELLING, "")) for _n, _at, key in best[:limit]]), total=self._count(pattern, []))

    def _named(self, pattern: str, words: Sequence[str], limit: int) -> dict[UUID, tuple[Match, str]]:
        """By name: whole, then its beginning, then all words; a name it had comes last."""
        key = " ".join(words)
        rank = case((name.c.key == key, WHOLE), (func.substr(name.c.key, 1, len(key)) == key, BEGINS), else_=WORDS)
        begun = select(name.c.id).where(name.c.key.between(key, f"{key}\U0010ffff"), self._seen).order_by(rank, *self._order).limit(limit)
        found: dict[UUID, tuple[Match, str]] = dict.fromkeys(self._index.execute(begun).scalars(), (Match.NAME, ""))
        if len(found) == limit:
            return found  # of a few letters, the many names that only have them somewhere need not be sorted
        by_former = case((and_(name.c.former.is_not(None), ~_has_words(name.c.key, words)), 1), else_=0)
        query = (
            select(name.c.id, name.c.former, by_former)
            .select_from(fts.join(name, name.c.place == fts.c.rowid))
            .where(fts.c.fts.match(pattern), self._seen)
            .order_by(by_former, rank, *self._order)
            .limit(limit)
        )
        return {
            id_: (Match.FORMER_NAME, former) if left else (Match.NAME, "")
            for id_, former, left in self._index.execute(query)
        }  # fmt: skip

    def _coded(self, question: Question) -> tuple[dict[UUID, tuple[Match, str]], dict[UUID, tuple[Match, str]]]:
        """The parties whose numbers and addresses are those asked for, and those whose begin so."""
        seen = (self._work.visible_to(code), self._seen)
        joined = select(name.c.id, code.c.match, code.c.value).select_from(code.join(name, name.c.id == code.c.id))
        whole = joined.where(code.c.value.in_(question.exact), *seen).order_by(*self._order).limit(MOST_CODES)
        found: list[dict[UUID, tuple[Match, str]]] = [{}, {}]
        if question.exact:
            found[0] = {key: (Match(match), value) for key, match, value in self._index.execute(whole)}
        for start in question.starts:
            reach = and_(code.c.value.between(start, f"{start}\U0010ffff"), code.c.match != Match.NUMBER)
            begun = joined.where(reach, *seen).order_by(*self._order).limit(MOST_CODES)
            found[1] |= {key: (Match(match), value) for key, match, value in self._index.execute(begun)}
        return found[0], found[1]

    def _count(self, pattern: str, coded: Sequence[UUID]) -> int:
        """How many parties there are by name, and by number beside those."""
        by_name = select(name.c.place).select_from(fts.join(name, name.c.place == fts.c.rowid))
        by_name = by_name.where(fts.c.fts.match(pattern), self._seen)
        by_code = select(name.c.place).where(name.c.id.in_(coded))
        every = by_name if pattern and not coded else union(by_name, by_code) if pattern else by_code
        return int(self._index.execute(select(func.count()).select_from(every.subquery())).scalar_one())

    def _count_listed(self, question: Question) -> int:
        """The same by name alone, of those not archived: all that match, less the few hidden ones, which are read one by one."""
        every = select(func.count()).select_from(fts).where(fts.c.fts.match(_pattern(question)))
        hidden = or_(name.c.owner_only, name.c.is_archived)
        unseen = select(func.count()).select_from(name).where(hidden, ~self._seen, _has_words(name.c.words, question.words))
        return int(self._index.execute(every).scalar_one() - self._index.execute(unseen).scalar_one())

    def _hits(self, found: Sequence[tuple[UUID, tuple[Match, str]]]) -> tuple[Hit, ...]:
        ids = [key for key, _why in found]
        columns = (name.c.id, name.c.number, name.c.label.label("name"), name.c.is_person, name.c.is_incomplete)
        rows = {row["id"]: row for row in self._index.execute(select(*columns).where(name.c.id.in_(ids))).mappings()}
        here = select(place.c.id, place.c.label).where(place.c.id.in_(ids), self._work.visible_to(place)).order_by(place.c.rank.desc())
        where = dict(self._index.execute(here).all())
        return tuple(Hit(**rows[key], match=match, text=what, place=where.get(key, "")) for key, (match, what) in found)

    def _opened(self, recent: Sequence[str]) -> list[UUID]:
        """The parties of customer numbers or ids; what is neither is left out."""
        if not recent:
            return []
        numbers = select(code.c.value, code.c.id).where(code.c.match == Match.NUMBER, code.c.value.in_(recent))
        known = dict(self._index.execute(numbers).all())
        return list(dict.fromkeys(known[r] if r in known else UUID(r) for r in recent if r in known or IDENTITY.fullmatch(r)))


def _pattern(question: Question) -> str:
    """The question as FTS5 asks for it: all words, each as a beginning."""
    return " AND ".join(_quoted(word) for word in question.words)


def _has_words(text: ColumnElement[str], words: Sequence[str]) -> ColumnElement[bool]:
    """Whether a text has words that begin so."""
    return and_(*(func.instr(" " + text, f" {word}") > 0 for word in words))


def _quoted(word: str) -> str:
    """A word as FTS5's query for all words that begin with it; folded words hold letters and digits only."""
    return f'"{word}"*'


def _unlike(asked: Sequence[str], there: str) -> int:
    """Typing errors between the words asked for and those of a name that come nearest; a word begun costs half of one."""
    known = there.split()
    return sum(min(min(2 * OSA.distance(w, k), 1 + 2 * OSA.distance(w, k[: len(w)])) for k in known) for w in asked)
