"""What stands in the search index, and how it is read from the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    case,
    cast,
    func,
    literal,
    select,
    true,
)

from crm_lab.domain.addresses import AddressKind
from crm_lab.domain.search import Match, SearchKind
from crm_lab.store import tables
from crm_lab.store.merges import now_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Select

READ_AT_ONCE = 10_000
HEAD = 2
"""So many letters thousands of names begin with: those stand in the order they are shown in."""
metadata = MetaData()


class Key(TypeDecorator[UUID]):
    """A UUID as its 16 bytes."""

    impl = LargeBinary(16)
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: object) -> bytes | None:
        """The bytes."""
        del dialect
        return None if value is None else value.bytes

    def process_result_value(self, value: bytes | None, dialect: object) -> UUID | None:
        """The key."""
        del dialect
        return None if value is None else UUID(bytes=value)


def _owned() -> list[Column[Any]]:
    """What `Work.visible_to` judges a row by."""
    return [Column("owner_id", Key), Column("owner_only", Boolean, nullable=False)]


name = Table(
    "name",
    metadata,
    Column("place", Integer, primary_key=True),
    Column("id", Key, nullable=False),
    Column("words", String, nullable=False),
    Column("key", String, nullable=False),
    Column("former", String),
    Column("label", String, nullable=False),
    Column("number", Integer),
    Column("is_person", Boolean, nullable=False),
    Column("is_incomplete", Boolean, nullable=False),
    Column("is_archived", Boolean, nullable=False),
    *_owned(),
)
"""A party: `words` of the names it has and had, `key` and `label` of the one it has, `former` the last it had."""
code = Table(
    "code",
    metadata,
    Column("value", String, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("match", String, primary_key=True),
    *_owned(),
    sqlite_with_rowid=False,
)
"""Numbers, phones and e-mail addresses; those of a contact's work are owned as the customer is."""
place = Table(
    "place",
    metadata,
    Column("id", Key, primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("label", String, nullable=False),
    *_owned(),
    sqlite_with_rowid=False,
)
"""The place of a customer; the companies of a contact, each owned as it is."""
fts = Table("fts", MetaData(), Column("rowid", Integer), Column("fts", String))
SCHEMA = "CREATE VIRTUAL TABLE fts USING fts5(words, content='name', content_rowid='place', prefix='1 2 3', detail='none')"
TRIGGERS = (
    "CREATE TRIGGER name_added AFTER INSERT ON name BEGIN INSERT INTO fts(rowid, words) VALUES (new.place, new.words); END",
    "CREATE TRIGGER name_gone AFTER DELETE ON name BEGIN INSERT INTO fts(fts, rowid, words) VALUES ('delete', old.place, old.words); END",
)
INDEXES = (
    "CREATE INDEX name_id ON name (id)",
    "CREATE INDEX name_key ON name (key, owner_only, owner_id, is_archived, id)",
    f"CREATE INDEX name_head ON name (substr(key, 1, {HEAD}), length(key), key, place)",
    f"CREATE INDEX name_own_head ON name (owner_id, substr(key, 1, {HEAD}), length(key), key, place)",
    "CREATE INDEX name_hidden ON name (place) WHERE owner_only = 1 OR is_archived = 1",
    "CREATE INDEX code_id ON code (id)",
)
"""Made when the tables are filled, which is sooner done."""
ADD_NAME = "INSERT INTO name VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
ADD_CODE = "INSERT OR IGNORE INTO code VALUES (?, ?, ?, ?, ?)"
ADD_PLACE = "INSERT OR IGNORE INTO place VALUES (?, ?, ?, ?, ?)"
COLUMNS = {
    SearchKind.CUSTOMER: {
        "number": Match.NUMBER,
        "supplier_number": Match.NUMBER,
        "organisation_number": Match.ORGANISATION_NUMBER,
        "phone": Match.PHONE,
        "mobile": Match.PHONE,
        "email": Match.EMAIL,
        "invoice_email": Match.EMAIL,
    },
    SearchKind.CONTACT: {"phone": Match.PHONE, "mobile": Match.PHONE, "email": Match.EMAIL},
}


def read_rows(kind: SearchKind, source: Connection, ids: list[UUID] | None) -> Iterator[tuple[str, Iterator[tuple[Any, ...]]]]:
    """Statements that fill the index, each with its rows: of these parties, or of all where `ids` is None."""
    yield ADD_NAME, _names(kind, source, ids)
    yield ADD_CODE, _codes(kind, source, ids)
    if kind is SearchKind.CUSTOMER:
        yield ADD_PLACE, _cities(source, ids)
    else:
        yield ADD_CODE, _role_codes(source, ids)
        yield ADD_PLACE, _companies(source, ids)


def _names(kind: SearchKind, source: Connection, ids: list[UUID] | None) -> Iterator[tuple[Any, ...]]:
    t, f = _table(kind), tables.former_name
    key = f.c[f"{kind}_id"]
    former: dict[str, list[Any]] = {}
    for row in source.execute(select(_text(key).label("id"), f.c.name, f.c.name_key).where(_among(key, ids)).order_by(f.c.left_at)):
        former.setdefault(row.id, []).append(row)
    merged = select(_text(t.c.merged_into).label("id"), _shown(kind).label("name"), t.c.name_key).where(t.c.merged_into.is_not(None))
    for row in source.execute(merged.where(_among(t.c.merged_into, ids))):
        former.setdefault(row.id, []).append(row)
    shown: tuple[ColumnElement[Any], ...] = (_shown(kind), literal(None), literal(value=True))
    if kind is SearchKind.CUSTOMER:
        shown = (_shown(kind), t.c.number, t.c.is_person)
    rest = (t.c.is_incomplete, t.c.archived_at.is_not(None), _text(t.c.owner_id), t.c.owner_only)
    for party, words, *others, owner, owner_only in _read(source, select(_text(t.c.id), t.c.name_key, *shown, *rest).where(t.c.merged_into.is_(None), _among(t.c.id, ids))):
        left = former.get(party, [])
        every = " ".join([words, *(row.name_key for row in left)])
        yield _bytes(party), every, words, left[-1].name if left else None, *others, _bytes(owner), owner_only


def _codes(kind: SearchKind, source: Connection, ids: list[UUID] | None) -> Iterator[tuple[Any, ...]]:
    t, columns = _table(kind), COLUMNS[kind]
    whose = now_of(t)
    for party, *values in _read(source, select(_text(whose), *(t.c[column] for column in columns)).where(_among(whose, ids))):
        key = _bytes(party)
        for value, match in zip(values, columns.values(), strict=True):
            if value:
                yield str(value).casefold(), key, match, None, False


def _role_codes(source: Connection, ids: list[UUID] | None) -> Iterator[tuple[Any, ...]]:
    r, c = tables.contact_role, tables.customer
    query = select(_text(r.c.contact_id), r.c.phone, r.c.email, _text(c.c.owner_id), c.c.owner_only).join_from(r, c, c.c.id == r.c.customer_id)
    for party, phone, email, owner, owner_only in _read(source, query.where(_among(r.c.contact_id, ids))):
        for value, match in ((phone, Match.PHONE), (email, Match.EMAIL)):
            if value:
                yield value.casefold(), _bytes(party), match, _bytes(owner), owner_only


def _cities(source: Connection, ids: list[UUID] | None) -> Iterator[tuple[Any, ...]]:
    """Places of the visiting address, else of the postal one."""
    a = tables.address
    rank = case((a.c.kind == AddressKind.VISITING, 0), else_=1000) + a.c.position
    here = a.c.kind.in_((AddressKind.VISITING, AddressKind.POSTAL))
    query = select(_text(a.c.customer_id), rank, a.c.city).where(here, a.c.city != "", a.c.customer_id.is_not(None), _among(a.c.customer_id, ids))
    for party, order, city in _read(source, query):
        yield _bytes(party), order, city, None, False


def _companies(source: Connection, ids: list[UUID] | None) -> Iterator[tuple[Any, ...]]:
    """Where a person works now; first where decisions are hers."""
    r, c = tables.contact_role, tables.customer
    rank = func.row_number().over(partition_by=r.c.contact_id, order_by=(r.c.is_decision_maker.desc(), r.c.id))
    query = (
        select(_text(r.c.contact_id), rank, shown_name(), _text(c.c.owner_id), c.c.owner_only)
        .join_from(r, c, c.c.id == r.c.customer_id)
        .where(r.c.ended_on.is_(None), c.c.archived_at.is_(None), _among(r.c.contact_id, ids))
    )
    for party, order, company, owner, owner_only in _read(source, query):
        yield _bytes(party), order, company, _bytes(owner), owner_only


def _shown(kind: SearchKind) -> ColumnElement[str]:
    """The name of a customer or contact as people read it."""
    c = tables.contact.c
    return shown_name() if kind is SearchKind.CUSTOMER else func.trim(c.first_name + " " + c.last_name)


def shown_name() -> ColumnElement[str]:
    """The name of a customer as people read it."""
    c = tables.customer.c
    return case((c.is_person & (c.first_name != ""), c.first_name + " " + c.name), else_=c.name)


def _read(source: Connection, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
    for rows in source.execute(query).partitions(READ_AT_ONCE):
        yield from rows


def _among(column: ColumnElement[Any], ids: list[UUID] | None) -> ColumnElement[bool]:
    return true() if ids is None else column.in_(ids)


def _text(key: ColumnElement[Any]) -> ColumnElement[str]:
    """A key as text: a million UUID objects cost seconds."""
    return cast(key, String)


def _bytes(key: str | None) -> bytes | None:
    return None if key is None else bytes.fromhex(key.replace("-", ""))


def _table(kind: SearchKind) -> Table:
    return {SearchKind.CUSTOMER: tables.customer, SearchKind.CONTACT: tables.contact}[kind]
