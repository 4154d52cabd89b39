"""Which entities of the register are meant: by number, by the name's beginning, by all words as prefixes; else misspelt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crm_lab.domain.names import tokens
from crm_lab.store.misspellings import SHORTEST, meant

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

PLACES = 10
NUMBER_LENGTH = 9
SHORTEST_NUMBER = 4
SHORTEST_HALF = 3
POOL = 200
BY_KEY = "SELECT id FROM entity WHERE key = ? ORDER BY id LIMIT ?"
BY_NAME = "SELECT rowid FROM name WHERE name MATCH ? ORDER BY rowid LIMIT ?"
KEYS = "SELECT entity.id, entity.key FROM name JOIN entity ON entity.id = name.rowid WHERE name MATCH ? ORDER BY name.rowid LIMIT ?"


def find(connection: sqlite3.Connection, text: str, limit: int) -> list[int]:
    """The ids of at most `limit` entities, best first."""
    words = tokens(text)
    ids = dict.fromkeys(_by_number(connection, text, limit))
    if words:
        ids |= _beginning_with(connection, words, limit)
        for query in _with_all(words):
            if len(ids) < limit:
                ids |= dict.fromkeys(id_ for (id_,) in connection.execute(BY_NAME, (query, limit)))
    if words and not ids:
        return _misspelt(connection, words, limit)
    return list(ids)[:limit]


def _by_number(connection: sqlite3.Connection, text: str, limit: int) -> Iterator[int]:
    """By organisation number or its beginning."""
    digits = re.sub(r"\s", "", text)
    if not re.fullmatch(rf"[0-9]{{{SHORTEST_NUMBER},{NUMBER_LENGTH}}}", digits):
        return
    width = 10 ** (NUMBER_LENGTH - len(digits))
    for place in range(PLACES):
        start = place * 10**NUMBER_LENGTH + int(digits) * width
        query = "SELECT id FROM entity WHERE id >= ? AND id < ? LIMIT ?"
        yield from (id_ for (id_,) in connection.execute(query, (start, start + width, limit)))


def _beginning_with(connection: sqlite3.Connection, words: Sequence[str], limit: int) -> dict[int, None]:
    key = " ".join(words)
    exact = connection.execute(BY_KEY, (key, limit)).fetchall()
    begun = connection.execute(BY_NAME, (f'^ "{key}" *', limit)).fetchall() if len(exact) < limit else []
    return {id_: None for (id_,) in exact + begun}


def _with_all(words: Sequence[str]) -> Iterator[str]:
    """All words as prefixes; then without a last one that may be the beginning of a legal form."""
    yield _all(f'"{word}" *' for word in words)
    if len(words) > 1 and len(words[-1]) < SHORTEST_HALF:
        yield _all(f'"{word}" *' for word in words[:-1])


def _misspelt(connection: sqlite3.Connection, words: Sequence[str], limit: int) -> list[int]:
    """Entities where one word is another that it may stand for, or its two halves; then where several are, or short ones differ."""
    others = [meant(connection, word) for word in words]
    found: dict[int, tuple[int, int]] = {}
    for query in _spellings(words, others):
        for id_, key in connection.execute(KEYS, (query, POOL)):
            found[id_] = _changes(key.split(), words, others)
        if len(found) >= limit:
            break
    for query in () if found else _long_words(words, others):
        found |= {id_: _changes(key.split(), words, others) for id_, key in connection.execute(KEYS, (query, POOL))}
    return sorted(found, key=lambda id_: (*found[id_], id_))[:limit]


def _spellings(words: Sequence[str], others: Sequence[dict[str, int]]) -> Iterator[str]:
    same = [f'"{word}" *' for word in words]
    for edits in sorted({edits for known in others for edits in known.values()} | {1}):
        changed = [
            [f'"{other}"' for other, n in known.items() if n == edits] + (_halves(word) if edits == 1 else [])
            for word, known in zip(words, others, strict=True)
        ]
        one = [_all([*same[:i], _any(c), *same[i + 1 :]]) for i, c in enumerate(changed) if c]
        joined = [_all(_joined(words, i)) for i in range(len(words) - 1)] if edits == 1 else []
        if one or joined:
            yield _any(f"({query})" for query in one + joined)
    yield _all(_each(words, others))


def _long_words(words: Sequence[str], others: Sequence[dict[str, int]]) -> Iterator[str]:
    """Without the words that are too short to be corrected."""
    long = [each for word, each in zip(words, _each(words, others), strict=True) if len(word) >= SHORTEST]
    if long and len(long) < len(words):
        yield _all(long)


def _each(words: Sequence[str], others: Sequence[dict[str, int]]) -> list[str]:
    return [_any([f'"{word}" *', *(f'"{other}"' for other in known)]) for word, known in zip(words, others, strict=True)]


def _changes(there: list[str], words: Sequence[str], others: Sequence[dict[str, int]]) -> tuple[int, int]:
    """Edits between the words and the name (a split or a joint counts as one), and words the name has beside them."""
    edits = 0
    for word, known in zip(words, others, strict=True):
        begun = any(w.startswith(word) for w in there)
        edits += 0 if begun else min((known[w] for w in there if w in known), default=1)
    return edits, abs(len(there) - len(words))


def _halves(word: str) -> list[str]:
    return [f'"{word[:at]} {word[at:]}" *' for at in range(SHORTEST_HALF, len(word) - SHORTEST_HALF + 1)]


def _joined(words: Sequence[str], i: int) -> list[str]:
    return [f'"{word}" *' for word in (*words[:i], words[i] + words[i + 1], *words[i + 2 :])]


def _all(parts: Iterable[str]) -> str:
    return " AND ".join(parts)


def _any(parts: Iterable[str]) -> str:
    return f"({' OR '.join(parts)})"
