"""Words that a misspelt one may stand for, from an index of word parts.

Two words within two edits share one of three parts unharmed, about where it belongs (Li, Deng, Wang, Feng: PASS-JOIN,
VLDB 2011), so an index of each word's three parts finds every one, without a scan.
"""

from __future__ import annotations

import json
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

PARTS = 3
EDITS = 2
SHORT = 5
"""Letters up to which one edit is forgiven, not two."""
SHORTEST = 4
MOST = 12
SHARING_A_PART = "SELECT DISTINCT word FROM part WHERE part IN (SELECT value FROM json_each(?))"


def index_words(connection: sqlite3.Connection, words: Iterable[str]) -> None:
    """Put the parts of words into the table `part`."""
    rows = sorted((part, word) for word in words if _is_corrected(word) for part in _parts(word))
    connection.executemany("INSERT OR IGNORE INTO part VALUES (?, ?)", rows)


def meant(connection: sqlite3.Connection, word: str) -> dict[str, int]:
    """Known words within one or two edits (a swap of neighbours is one), with their distance: the nearest first."""
    if not _is_corrected(word):
        return {}
    edits = 1 if len(word) <= SHORT else EDITS
    wanted = json.dumps(list(set(_probes(word, edits))))
    found = (
        (distance, known)
        for (known,) in connection.execute(SHARING_A_PART, (wanted,))
        if (distance := OSA.distance(word, known, score_cutoff=edits)) <= edits
    )
    return {known: distance for distance, known in sorted(found)[:MOST] if distance}


def _is_corrected(word: str) -> bool:
    return len(word) >= SHORTEST and not word.isdecimal()


def _cuts(length: int) -> list[tuple[int, int]]:
    """Where each part begins and ends."""
    at = [length * i // PARTS for i in range(PARTS + 1)]
    return list(pairwise(at))


def _parts(word: str) -> Iterator[int]:
    return (_mark(len(word), i, word[start:end]) for i, (start, end) in enumerate(_cuts(len(word))))


def _probes(word: str, edits: int) -> Iterator[int]:
    """The parts a known word within `edits` may share: each of theirs, moved by as many letters."""
    for length in range(len(word) - edits, len(word) + edits + 1):
        for i, (start, end) in enumerate(_cuts(length)):
            for at in range(max(0, start - edits), min(len(word) - (end - start), start + edits) + 1):
                yield _mark(length, i, word[at : at + end - start])


def _mark(length: int, i: int, part: str) -> int:
    return zlib.crc32(f"{length} {i} {part}".encode())
