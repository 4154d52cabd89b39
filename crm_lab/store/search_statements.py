"""What the search index is asked, as SQLite's own text: each statement is built once, for building one costs more than answering it.

Every statement that finds parties has the caller's rule in it, which is `visible`, the rule of every table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal, literal_column, or_, select, union
from sqlalchemy.dialects import sqlite

from crm_lab.domain.search import Match
from crm_lab.store.search_rows import HEAD, code, fts, name, place
from crm_lab.store.visibility import visible

CALLER: Any = bindparam("caller")


@dataclass(frozen=True, slots=True)
class Statement:
    """A text with named parameters, and those that are always the same."""

    text: str
    given: dict[str, Any]


def _made(query: Any) -> Statement:
    compiled = query.compile(dialect=sqlite.dialect(paramstyle="named"))  # type: ignore[no-untyped-call]
    return Statement(str(compiled), {key: value for key, value in compiled.params.items() if value is not None})


@cache
def begun(n_opened: int, is_archived: bool | None, is_head: bool) -> tuple[Statement, ...]:  # noqa: FBT001
    """The places of names that are the key or begin with it, the best first.

    Thousands begin with a key of `HEAD` letters. Each reason for a name to come first then has a statement of its own, which
    reads an index in the order wanted and stops, where one statement for all would sort every such name.
    """
    most: Any = bindparam("most")
    key: Any = bindparam("key")
    if not is_head:
        between = name.c.key.between(key, bindparam("key_end"))
        return (_made(select(name.c.place).where(between, _seen(is_archived)).order_by(_is_whole(), *_order(n_opened)).limit(most)),)
    head: Any = func.substr(name.c.key, literal_column("1"), literal_column(str(HEAD))) == key
    opened = (and_(head, name.c.id == party) for party in _several("opened", n_opened))
    reasons = (name.c.key == key, *opened, and_(head, name.c.owner_id == CALLER), head)
    query = select(name.c.place).where(_seen(is_archived)).order_by(func.length(name.c.key), name.c.key, name.c.place).limit(most)
    return tuple(_made(query.where(reason)) for reason in reasons)


@cache
def named(n_opened: int, is_archived: bool | None, n_words: int) -> Statement:  # noqa: FBT001
    """The places of names with all words, the name it had, and whether only that has them."""
    by_former = case((and_(name.c.former.is_not(None), ~_has_words(name.c.key, n_words)), 1), else_=0)
    query = _matching(select(name.c.place, name.c.former, by_former), is_archived)
    return _made(query.order_by(by_former, *_order(n_opened)).limit(bindparam("most")))


@cache
def alike(n_opened: int, is_archived: bool | None) -> Statement:  # noqa: FBT001
    """The places and words of names that a pattern fits."""
    return _made(_matching(select(name.c.place, name.c.words), is_archived).order_by(*_order(n_opened)).limit(bindparam("most")))


@cache
def coded(n_opened: int, is_archived: bool | None) -> Statement:  # noqa: FBT001
    """The places of parties with a number or address."""
    return _coded(code.c.value == bindparam("value"), n_opened, is_archived)


@cache
def coded_from(n_opened: int, is_archived: bool | None) -> Statement:  # noqa: FBT001
    """The same, of which only the beginning is known."""
    reach = and_(code.c.value.between(bindparam("value"), bindparam("value_end")), code.c.match != Match.NUMBER)
    return _coded(reach, n_opened, is_archived)


def _coded(wanted: ColumnElement[bool], n_opened: int, is_archived: bool | None) -> Statement:  # noqa: FBT001
    joined = select(name.c.place, code.c.match, code.c.value).select_from(code.join(name, name.c.id == code.c.id))
    seen = (visible(code, CALLER), _seen(is_archived))
    return _made(joined.where(wanted, *seen).order_by(*_order(n_opened)).limit(bindparam("most")))


@cache
def counted(is_archived: bool | None, n_places: int) -> Statement:  # noqa: FBT001
    """How many parties a pattern finds, and the places given beside those."""
    by_name = _matching(select(name.c.place), is_archived)
    every = union(by_name, select(name.c.place).where(name.c.place.in_(_several("place", n_places)))) if n_places else by_name
    return _made(select(func.count()).select_from(every.subquery()))


@cache
def matching() -> Statement:
    """How many names a pattern fits, whoever may see them."""
    return _made(select(func.count()).select_from(fts).where(fts.c.fts.match(bindparam("pattern"))))


@cache
def unseen(n_words: int) -> Statement:
    """How many names with all words are archived or hidden from the caller."""
    hidden = or_(name.c.owner_only, name.c.is_archived)
    return _made(select(func.count()).select_from(name).where(hidden, ~_seen(is_archived=False), _has_words(name.c.words, n_words)))


@cache
def shown(n_places: int) -> Statement:
    """What a hit shows: key, number, label, person, incomplete, and where it is."""
    first = select(place.c.label).where(place.c.id == name.c.id, visible(place, CALLER)).order_by(place.c.rank).limit(1)
    here = first.scalar_subquery().label("here")
    columns = (name.c.place, name.c.id, name.c.number, name.c.label, name.c.is_person, name.c.is_incomplete, here)
    return _made(select(*columns).where(name.c.place.in_(_several("place", n_places))))


@cache
def numbers(n_values: int) -> Statement:
    """The parties of customer numbers."""
    return _made(select(code.c.value, code.c.id).where(code.c.match == Match.NUMBER, code.c.value.in_(_several("value", n_values))))


def _matching(query: Select[Any], is_archived: bool | None) -> Select[Any]:  # noqa: FBT001
    fits = fts.c.fts.match(bindparam("pattern"))
    return query.select_from(fts.join(name, name.c.place == fts.c.rowid)).where(fits, _seen(is_archived))


def _seen(is_archived: bool | None) -> ColumnElement[bool]:  # noqa: FBT001
    may = visible(name, CALLER)
    return may if is_archived is None else and_(may, name.c.is_archived.is_(is_archived))


def _order(n_opened: int) -> tuple[ColumnElement[Any], ...]:
    """Those opened lately, then one's own, then the shorter name."""
    lately = [(name.c.id == key, n) for n, key in enumerate(_several("opened", n_opened))]
    return (
        case(*lately, else_=n_opened) if lately else literal(0),
        case((name.c.owner_id == CALLER, 0), else_=1),
        func.length(name.c.key),
        name.c.key,
        name.c.place,
    )


def _is_whole() -> ColumnElement[int]:
    return case((name.c.key == bindparam("key"), 0), else_=1)


def _has_words(text: ColumnElement[str], n_words: int) -> ColumnElement[bool]:
    """Whether a text has words that begin so."""
    return and_(*(func.instr(" " + text, word) > 0 for word in _several("word", n_words)))


def _several(stem: str, n: int) -> list[Any]:
    return [bindparam(f"{stem}_{i}") for i in range(n)]
