"""An index of names, numbers and addresses beside the database: SQLite's FTS5, in memory, one for each kind of party.

It is made from the database at the first search and told of every commit, so it is never older than the data. It holds
the owner of every row, and is read through the predicate of every table: `Work.visible_to`.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Uuid,
    and_,
    case,
    cast,
    create_engine,
    func,
    literal,
    null,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.pool import StaticPool

from crm_lab.domain.search import Match, Question, SearchKind, typos
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Engine

    from crm_lab.store.records import Work

Touched = frozenset[tuple[str, UUID]]
"""The kind and id of each party that a commit has changed, or a part of it."""
BATCH = 1000
MOST_SPELLINGS, MOST_GUESSES = 60, 200
EXACT, WHOLE, BEGINS, WORDS, FORMER, PARTLY = range(6)
"""The ranks of hits: a whole number, the whole name, its beginning, its words, a former name, the beginning of a number."""

metadata = MetaData()
name = Table(
    "name", metadata,
    Column("place", Integer, primary_key=True),
    Column("id", Uuid, nullable=False, index=True),
    Column("key", String, nullable=False),
    Column("shown", String),
    Column("owner_id", Uuid),
    Column("owner_only", Boolean, nullable=False),
    Column("is_archived", Boolean, nullable=False),
)  # fmt: skip
"""Names by which a party is found; `shown` is a former one as it was written, None for the one it has."""
code = Table(
    "code", metadata,
    Column("value", String, primary_key=True),
    Column("id", Uuid, primary_key=True, index=True),
    Column("match", String, primary_key=True),
    Column("owner_id", Uuid),
    Column("owner_only", Boolean, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip
"""Numbers and addresses; the owner is that of the customer for whom a contact has them, if any."""
words = Table("words", MetaData(), Column("rowid", Integer), Column("words", String))
SCHEMA = (
    "CREATE VIRTUAL TABLE words USING fts5(key, content='name', content_rowid='place', prefix='1 2 3', detail='none')",
    "CREATE TRIGGER name_added AFTER INSERT ON name BEGIN INSERT INTO words(rowid, key) VALUES (new.place, new.key); END",
    "CREATE TRIGGER name_gone AFTER DELETE ON name BEGIN"
    " INSERT INTO words(words, rowid, key) VALUES ('delete', old.place, old.key); END",
)
ADD_NAME = "INSERT INTO name(id, key, shown, owner_id, owner_only, is_archived) VALUES (?, ?, ?, ?, ?, ?)"
ADD_CODE = "INSERT OR IGNORE INTO code(value, id, match, owner_id, owner_only) VALUES (?, ?, ?, ?, ?)"


class Found(NamedTuple):
    """One party found, and by what; `text` is what matched where that is not the name."""

    id: UUID
    match: Match
    text: str


class PartyIndex:
    """The names, numbers and addresses of one kind of party. Safe to use from many threads."""

    def __init__(self, kind: SearchKind) -> None:
        self.kind = kind
        self._lock = Lock()
        self._engine: Engine | None = None
        self._stale: list[Touched] = []
        self._words: set[str] = set()
        self._beginnings: dict[int, list[str]] = {}

    def touch(self, changed: Touched) -> None:
        """What a commit has changed: it is read anew before the next search."""
        self._stale.append(changed)

    def find(
        self, work: Work, question: Question, *, recent: Sequence[UUID] = (), limit: int = 8, archived: bool | None = False
    ) -> tuple[list[Found], int]:
        """The best hits the caller may see, and how many there are; with typing errors only where there is none without."""
        with self._lock, self._current(work).connect() as index:
            reader = _Reader(index, work, recent, archived=archived)
            found, total = reader.read(question, " ".join(_quoted(word) for word in question.words), limit)
            if not total and any(typos(word) for word in question.words):
                found, total = reader.guess(question, self._near(question), limit)
            return found, total

    def warm(self, work: Work) -> None:
        """Make the index now, so that nobody waits for it later."""
        with self._lock:
            self._current(work)

    def _current(self, work: Work) -> Engine:
        """The index as new as the newest commit: what it reads is read after it was told, on a connection of its own."""
        stale, self._stale = self._stale, []
        if self._engine is not None and not stale:
            return self._engine
        with work.connection.engine.connect() as source:
            if self._engine is None:
                self._engine = self._build(source)
            else:
                self._refresh(self._engine, source, set().union(*(self._ids(changed, source) for changed in stale)))
        return self._engine

    def _ids(self, changed: Touched, source: Connection) -> set[UUID]:
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
            index.exec_driver_sql(SCHEMA[0])
            self._fill(index, source, None)
            index.exec_driver_sql("INSERT INTO words(words) VALUES ('rebuild')")
            for trigger in SCHEMA[1:]:
                index.exec_driver_sql(trigger)
        return engine

    def _refresh(self, engine: Engine, source: Connection, stale: set[UUID]) -> None:
        ids = list(stale)
        with engine.begin() as index:
            for start in range(0, len(ids), BATCH):
                batch = ids[start : start + BATCH]
                for table in (name, code):
                    index.execute(table.delete().where(table.c.id.in_(batch)))
                self._fill(index, source, batch)

    def _fill(self, index: Connection, source: Connection, ids: list[UUID] | None) -> None:
        raw: Any = index.connection.driver_connection
        names = source.execute(_names(self.kind, ids)).fetchall()
        raw.executemany(ADD_NAME, names)
        raw.executemany(ADD_CODE, source.execute(_codes(self.kind, ids)).fetchall())
        fresh = {word for row in names for word in row[1].split() if not word.isdigit()} - self._words
        if fresh:
            self._words |= fresh
            self._beginnings = {}

    def _near(self, question: Question) -> str:
        """The question with each word, or any that differs from it by its typing errors."""
        return " AND ".join(f"({' OR '.join(map(_quoted, (word, *self._spellings(word))))})" for word in question.words)

    def _spellings(self, word: str) -> list[str]:
        """Beginnings of known words that differ from `word` by its typing errors at most, the likeliest first."""
        most, found = typos(word), {}
        for length in range(len(word) - most, len(word) + most + 1) if most else ():
            if length not in self._beginnings:
                self._beginnings[length] = list({known[:length] for known in self._words if len(known) >= length})
            near = process.extract(word, self._beginnings[length], scorer=OSA.distance, score_cutoff=most, limit=None)
            found |= {spelling: distance for spelling, distance, _place in near}
        return sorted(found, key=lambda spelling: (found[spelling], spelling))[:MOST_SPELLINGS]


class _Reader:
    """One search in an index."""

    def __init__(self, index: Connection, work: Work, recent: Sequence[UUID], *, archived: bool | None) -> None:
        self._index, self._work = index, work
        self._seen = and_(
            work.visible_to(name), name.c.is_archived.is_(archived) if archived is not None else True
        )
        me = work.actor.id if work.actor else None
        self._order = (
            case({party: n for n, party in enumerate(recent)}, value=name.c.id, else_=len(recent)) if recent else literal(0),
            case((name.c.owner_id == me, 0), else_=1),
        )

    def read(self, question: Question, pattern: str, limit: int) -> tuple[list[Found], int]:
        """The hits, best first, and how many there are."""
        parts = [self._named(pattern, " ".join(question.words))] if question.words else []
        if question.exact:
            parts.append(self._coded(question))
        if not parts:
            return [], 0
        hits = union_all(*parts).subquery() if len(parts) > 1 else parts[0].subquery()
        query = (
            # SQLite takes the bare columns of a group from the row that holds its min()
            select(hits.c.id, hits.c.match, hits.c.text, func.min(hits.c.rank), func.count().over())
            .group_by(hits.c.id)
            .order_by(func.min(hits.c.rank), hits.c.recent, hits.c.own, func.length(hits.c.key), hits.c.key, hits.c.id)
            .limit(limit)
        )
        rows = self._index.execute(query).fetchall()
        return [Found(row[0], Match(row[1]), row[2] or "") for row in rows], rows[0][4] if rows else 0

    def guess(self, question: Question, pattern: str, limit: int) -> tuple[list[Found], int]:
        """The same with typing errors, the likeliest first."""
        hits = self._named(pattern, " ".join(question.words)).subquery()
        query = select(hits, func.count().over().label("total")).order_by(hits.c.recent, hits.c.own).limit(MOST_GUESSES)
        rows = self._index.execute(query).mappings().fetchall()
        best = sorted(rows, key=lambda row: (_unlike(question.words, row["key"]), row["recent"], row["own"], len(row["key"]), row["key"]))
        found = list(dict.fromkeys(Found(row["id"], Match.SPELLING, row["text"] or "") for row in best))
        return found[:limit], rows[0]["total"] if rows else 0

    def _named(self, pattern: str, key: str) -> Select[Any]:
        rank = case(
            (name.c.shown.is_not(None), FORMER),
            (name.c.key == key, WHOLE),
            (func.substr(name.c.key, 1, len(key)) == key, BEGINS),
            else_=WORDS,
        )
        match = case((name.c.shown.is_not(None), Match.FORMER_NAME), else_=Match.NAME)
        return (
            select(*self._columns(rank, match, name.c.shown))
            .join_from(words, name, name.c.place == words.c.rowid)
            .where(and_(words.c.words.match(pattern), self._seen))
        )

    def _coded(self, question: Question) -> Select[Any]:
        whole = code.c.value.in_(question.exact)
        begun = [code.c.value.between(start, f"{start}\U0010ffff") for start in question.starts]
        return (
            select(*self._columns(case((whole, EXACT), else_=PARTLY), code.c.match, code.c.value))
            .join_from(code, name, and_(name.c.id == code.c.id, name.c.shown.is_(None)))
            .where(and_(or_(whole, and_(code.c.match != Match.NUMBER, or_(*begun))), self._work.visible_to(code), self._seen))
        )

    def _columns(self, rank: ColumnElement[int], match: ColumnElement[str], what: ColumnElement[Any]) -> list[ColumnElement[Any]]:
        recent, own = self._order
        return [
            name.c.id, name.c.key, rank.label("rank"), match.label("match"), what.label("text"),
            recent.label("recent"), own.label("own"),
        ]  # fmt: skip


def _quoted(word: str) -> str:
    """A word as FTS5's query for all words that begin with it; folded words hold letters and digits only."""
    return f'"{word}"*'


def _unlike(asked: Sequence[str], key: str) -> int:
    """Typing errors between the words asked for and those of a name that come nearest."""
    known = key.split()
    return sum(
        min(min(OSA.distance(word, other), 1 + OSA.distance(word, other[: len(word)])) for other in known) for word in asked
    )


def _hex(column: ColumnElement[UUID]) -> ColumnElement[str]:
    """A key as SQLAlchemy keeps it in SQLite, without a Python object for each."""
    return func.replace(cast(column, String), "-", "")


def _names(kind: SearchKind, ids: list[UUID] | None) -> Any:
    """The names of parties, in the order of `ADD_NAME`; of all where `ids` is None."""
    t, f = _table(kind), tables.former_name
    key = f.c[f"{kind}_id"]
    rest = (t.c.owner_id, t.c.owner_only, t.c.archived_at.is_not(None))
    present = select(_hex(t.c.id), t.c.name_key, null(), _hex(rest[0]), *rest[1:])
    former = select(_hex(t.c.id), f.c.name_key, f.c.name, _hex(rest[0]), *rest[1:]).join_from(f, t, t.c.id == key)
    parts = [present, former] if ids is None else [present.where(t.c.id.in_(ids)), former.where(key.in_(ids))]
    return union_all(*parts)


def _codes(kind: SearchKind, ids: list[UUID] | None) -> Any:
    """The numbers and addresses of parties, in the order of `ADD_CODE`."""
    t = _table(kind)
    columns = {
        SearchKind.CUSTOMER: {
            "number": Match.NUMBER, "supplier_number": Match.NUMBER, "organisation_number": Match.ORGANISATION_NUMBER,
            "phone": Match.PHONE, "mobile": Match.PHONE, "email": Match.EMAIL, "invoice_email": Match.EMAIL,
        },
        SearchKind.CONTACT: {"phone": Match.PHONE, "mobile": Match.PHONE, "email": Match.EMAIL},
    }[kind]  # fmt: skip
    parts = [
        select(func.lower(cast(t.c[column], String)).label("value"), _hex(t.c.id), literal(match), null(), literal(False))
        .where(t.c.id.in_(ids) if ids is not None else True, cast(t.c[column], String) != "")
        for column, match in columns.items()
    ]  # fmt: skip
    return union_all(*parts, *(_role_codes(ids) if kind is SearchKind.CONTACT else ()))


def _role_codes(ids: list[UUID] | None) -> list[Select[Any]]:
    """Those of the work belong to the customer too, and are as visible as it is."""
    r, c = tables.contact_role, tables.customer
    return [
        select(func.lower(r.c[column]), _hex(r.c.contact_id), literal(match), _hex(c.c.owner_id), c.c.owner_only)
        .join_from(r, c, c.c.id == r.c.customer_id)
        .where(r.c.contact_id.in_(ids) if ids is not None else True, r.c[column] != "")
        for column, match in (("phone", Match.PHONE), ("email", Match.EMAIL))
    ]  # fmt: skip


def _table(kind: SearchKind) -> Table:
    return {SearchKind.CUSTOMER: tables.customer, SearchKind.CONTACT: tables.contact}[kind]
