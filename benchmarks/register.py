"""Engines for our copy of Enhetsregisteret, on made-up entities: size, building, memory, and how soon they answer.

`python -m benchmarks.register [n]` compares the three; `python -m benchmarks.register load [n]` times a bulk file
through `crm-lab register update`. DuckDB and tantivy are here only to be compared with.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from benchmarks.entities import entities, write_bulk
from crm_lab.domain.names import name_key, tokens
from crm_lab.exchange.register import as_flat, place
from crm_lab.store.register import RegisterFile, RegisterRow, build
from tests.misspellings import misspell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

N = 1_100_000
ASKED = 200
HITS = 10


@dataclass(frozen=True, slots=True)
class Made:
    """An entity as every engine gets it."""

    number: str
    name: str
    place: int
    record: dict[str, Any]

    @property
    def id(self) -> int:
        return self.place * 10**9 + int(self.number)


class Engine(Protocol):
    def build(self, rows: Sequence[Made]) -> None: ...
    def open(self) -> None: ...
    def number(self, number: str) -> list[str]: ...
    def names(self, text: str) -> list[str]: ...
    def misspelt(self, text: str) -> list[str]: ...


class Sqlite:
    """The product: FTS5 with prefixes, an index of word parts for misspellings."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "register.sqlite"

    def build(self, rows: Sequence[Made]) -> None:
        build(self.path, (RegisterRow.of(r.number, r.name, r.place, r.record) for r in rows), {}, check=lambda _n: None)

    def open(self) -> None:
        self.file = RegisterFile(self.path)

    def names(self, text: str) -> list[str]:
        return [record["organisasjonsnummer"] for record in self.file.search(text, HITS)]

    number = misspelt = names


class Tantivy:
    """Terms of the name, their automata for prefixes and misspellings, records in its own store."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        self.t, self.path = tantivy, folder
        fields = tantivy.SchemaBuilder()
        fields.add_text_field("number", stored=True, tokenizer_name="raw", index_option="basic")
        fields.add_text_field("word", stored=False, tokenizer_name="whitespace", index_option="basic")
        fields.add_integer_field("place", fast=True)
        fields.add_bytes_field("record", stored=True)
        self.schema = fields.build()

    def build(self, rows: Sequence[Made]) -> None:
        writer = self.t.Index(self.schema, path=str(self.path)).writer(128_000_000, 2)
        for row in rows:
            record = msgspec.msgpack.encode(row.record)
            writer.add_document(
                self.t.Document(number=row.number, word=name_key(row.name), place=9 - row.place, record=record)
            )
        writer.commit()
        writer.wait_merging_threads()

    def open(self) -> None:
        self.searcher = self.t.Index.open(str(self.path)).searcher()

    def _found(self, queries: list[Any]) -> list[str]:
        query = self.t.Query.boolean_query([(self.t.Occur.Must, query) for query in queries])
        hits = self.searcher.search(query, HITS, order_by_field="place", count=False).hits
        return [self.searcher.doc(address)["number"][0] for _score, address in hits]

    def number(self, number: str) -> list[str]:
        return self._found([self.t.Query.term_query(self.schema, "number", number)])

    def names(self, text: str) -> list[str]:
        return self._found([self.t.Query.regex_query(self.schema, "word", f"{word}.*") for word in tokens(text)])

    def misspelt(self, text: str) -> list[str]:
        near = self.t.Query.fuzzy_term_query
        return self._found(
            [near(self.schema, "word", word, distance=int(len(word) > 3), prefix=True) for word in tokens(text)]
        )


class DuckDB:
    """Rows sorted by name, a table of tokens sorted by token; misspellings by Jaro-Winkler over all names."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "register.duckdb"

    def build(self, rows: Sequence[Made]) -> None:
        import duckdb
        import pyarrow as pa

        table = pa.table(
            {
                "id": pa.array([row.id for row in rows]), "number": [row.number for row in rows],
                "key": [name_key(row.name) for row in rows],
                "record": pa.array([msgspec.msgpack.encode(row.record) for row in rows], pa.binary()),
            }
        )  # fmt: skip
        with duckdb.connect(str(self.path), config={"threads": 2}) as connection:
            connection.register("fresh", table)
            connection.execute("CREATE TABLE entity AS SELECT * FROM fresh ORDER BY key")
            connection.execute("CREATE TABLE number AS SELECT number, id FROM fresh ORDER BY number")
            connection.execute("CREATE TABLE token AS SELECT unnest(string_split(key, ' ')) AS token, id FROM fresh ORDER BY 1, 2")

    def open(self) -> None:
        import duckdb

        self.connection = duckdb.connect(str(self.path), read_only=True, config={"threads": 2})

    def _rows(self, query: str, values: Sequence[object]) -> list[str]:
        return [f"{row[0] % 10**9:09d}" for row in self.connection.execute(query, values).fetchall()]

    def number(self, number: str) -> list[str]:
        return self._rows("SELECT id FROM number WHERE number = ?", [number])

    def names(self, text: str) -> list[str]:
        words = tokens(text)
        one = "SELECT id FROM token WHERE token >= ? AND token < ?"
        query = f"{' INTERSECT '.join([one] * len(words))} ORDER BY id LIMIT {HITS}"
        return self._rows(query, [bound for word in words for bound in (word, word + "\U0010ffff")])

    def misspelt(self, text: str) -> list[str]:
        return self._rows(f"SELECT id FROM entity ORDER BY jaro_winkler_similarity(key, ?) DESC LIMIT {HITS}", [name_key(text)])


ENGINES: tuple[Callable[[Path], Engine], ...] = (DuckDB, Tantivy, Sqlite)


def questions(rows: Sequence[Made]) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """By kind: which way of the engine is asked, and what is typed for which entity."""
    dice = random.Random(7)
    some = [row for row in dice.sample(rows, 3 * ASKED) if len(name_key(row.name).split()) > 1][:ASKED]
    keys = [name_key(row.name) for row in some]
    typed: dict[str, tuple[str, list[str]]] = {
        "number": ("number", [row.number for row in some]),
        "prefix, 2 letters": ("names", [key[:2] for key in keys]),
        "prefix, 5 letters": ("names", [key[:5].strip() for key in keys]),
        "words, 3 letters each": ("names", [" ".join(word[:3] for word in key.split()) for key in keys]),
        "whole name": ("names", [row.name for row in some]),
        "one typo": ("misspelt", [misspell(row.name, i) for i, row in enumerate(some)]),
        "two typos": ("misspelt", [misspell(row.name, i, edits=2) for i, row in enumerate(some)]),
    }
    return {kind: (way, list(zip(texts, [row.number for row in some], strict=True))) for kind, (way, texts) in typed.items()}


def ask(make: Callable[[Path], Engine], folder: Path, asked: dict[str, tuple[str, list[tuple[str, str]]]]) -> None:
    """In a process of its own, so that its memory is the engine's."""
    before = memory()
    engine = make(folder)
    engine.open()
    for kind, (way, pairs) in asked.items():
        answer = getattr(engine, way)
        answer(pairs[0][0])
        took, found = [], 0
        for text, number in pairs:
            start = time.process_time()
            hits = answer(text)
            took.append(1000 * (time.process_time() - start))
            found += number in hits
        took.sort()
        p50, p95 = statistics.median(took), took[int(0.95 * len(took))]
        print(f"  {kind:<24} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms   found {found / len(pairs):.2f}", flush=True)
    print(f"  memory of its own, after all that: {memory() - before:.0f} MB", flush=True)


def memory() -> float:
    """Private memory of this process in MB; pages of the mapped file are the system's cache."""
    text = Path("/proc/self/smaps_rollup").read_text(encoding="utf-8")
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_Dirty")) / 1000


def compare(rows: Sequence[Made]) -> None:
    """Build and ask each engine; times are of the processor, since a shared machine's clock tells little."""
    asked = questions(rows)
    for make in ENGINES:
        folder = Path(tempfile.mkdtemp())
        start, cpu = time.perf_counter(), time.process_time()
        make(folder).build(rows)
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        size = sum(file.stat().st_size for file in folder.rglob("*")) / 1e6
        print(f"\n{getattr(make, '__name__', '')}: {size:.0f} MB, built in {wall:.0f} s ({cpu:.0f} s of processor)", flush=True)
        child = multiprocessing.get_context("spawn").Process(target=ask, args=(make, folder, asked))
        child.start()
        child.join()
        shutil.rmtree(folder)


def load(n: int) -> None:
    """A bulk file of `n` entities through the command."""
    data = Path(tempfile.mkdtemp())
    write_bulk(data / "enheter.json.gz", n)
    command = [sys.executable, "-m", "crm_lab", "register", "update", "--data", str(data), "--file", str(data / "enheter.json.gz")]
    start = time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, "CRM_REGISTER_URL": ""})
    wall, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    size = (data / "register.sqlite").stat().st_size / 1e6
    print(f"{n} entities in {wall:.0f} s ({used.ru_utime + used.ru_stime:.0f} s of processor), {used.ru_maxrss / 1e3:.0f} MB, file {size:.0f} MB")
    shutil.rmtree(data)


def made_rows(n: int) -> Iterator[Made]:
    """The entities as the product keeps them."""
    for entity in entities(n):
        flat = as_flat(entity)
        yield Made(flat["organisasjonsnummer"], flat["navn"], place(flat), flat)


if __name__ == "__main__":
    wanted = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    if "load" in sys.argv:
        load(*wanted or [N])
    else:
        compare(list(made_rows(*wanted or [N])))
