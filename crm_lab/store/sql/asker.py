"""The process a question in SQL runs in: it holds the rows that its caller may see, and can open no file.

Run as a file, so that it imports nothing of ours. From standard input it reads, each with its length in eight bytes
before it: the order (JSON), and then the Arrow stream of each table it has asked for. To standard output it writes a line of JSON,
which names those tables or says why not, and then another followed by the Arrow stream of the answer.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
import pytz  # type: ignore[import-untyped]
from allowed import MOST_CHARACTERS, Reason, Refused, tables_of  # type: ignore[import-not-found]  # beside this file

LIMITS = {resource.RLIMIT_AS: 3 << 30, resource.RLIMIT_CPU: 30, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: 3}
"""Bytes, seconds, and no file beyond the three streams it was given: set when all that is needed is loaded."""
INT64 = pa.int64()


def main(source: BinaryIO, target: BinaryIO) -> None:
    """Answer one question."""
    connection = _prepared()
    order = json.loads(_read(source))
    try:
        names = _asked_for(connection, order)
        _say(target, {"tables": names})
        for name in names:
            connection.register(name, pa.ipc.open_stream(_read(source)).read_all())
        answer = _answer(connection, order)
    except Refused as refused:
        _say(target, {"refused": refused.reason, "what": refused.what})
        return
    except (duckdb.OutOfMemoryException, MemoryError):
        _say(target, {"refused": Reason.MEMORY, "what": ""})
        return
    except (duckdb.Error, pa.ArrowException, ValueError, OverflowError) as error:
        _say(target, {"refused": Reason.WRONG, "what": str(error)[:1000]})
        return
    _say(target, {"rows": answer.num_rows})
    with pa.ipc.new_stream(target, answer.schema) as stream:
        stream.write_table(answer)


def _prepared() -> duckdb.DuckDBPyConnection:
    """An empty database in memory that can reach nothing, in a process that can open nothing."""
    config: dict[str, Any] = {
        "enable_external_access": "false", "python_enable_replacements": "false", "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false", "threads": 1, "memory_limit": "768MB", "max_temp_directory_size": "0KB", "temp_directory": "",
    }  # fmt: skip
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET TimeZone = 'Europe/Oslo'")
    connection.execute("SET lock_configuration = true")
    pytz.timezone("Europe/Oslo")
    _plain(connection.execute("SELECT json_serialize_sql('SELECT 1'), now(), sum(1)").to_arrow_table())
    for limit, most in LIMITS.items():
        resource.setrlimit(limit, (most, most))
    return connection


def _asked_for(connection: duckdb.DuckDBPyConnection, order: dict[str, Any]) -> list[str]:
    statement = order["statement"]
    if len(statement) > MOST_CHARACTERS:
        raise Refused(Reason.LONG, str(MOST_CHARACTERS))
    statements = connection.extract_statements(statement)
    if len(statements) != 1:
        raise Refused(Reason.ONE, str(len(statements)))
    if statements[0].type != duckdb.StatementType.SELECT or statements[0].named_parameters:
        raise Refused(Reason.SELECT)
    (told,) = connection.execute("SELECT json_serialize_sql($1)", [statement]).fetchone() or ("{}",)
    tree = json.loads(told)
    if tree.get("error") or len(tree["statements"]) != 1:
        raise Refused(Reason.SELECT)
    names: list[str] = tables_of(tree, set(order["tables"]))
    return names


def _answer(connection: duckdb.DuckDBPyConnection, order: dict[str, Any]) -> pa.Table:
    batches, n, size = [], 0, 0
    reader = connection.execute(order["statement"]).to_arrow_reader(10_000)
    for batch in reader:
        n, size = n + batch.num_rows, size + batch.nbytes
        if n > order["rows"] or size > order["bytes"]:
            raise Refused(Reason.ROWS, str(order["rows"]))
        batches.append(batch)
    return _plain(pa.Table.from_batches(batches, reader.schema))


def _plain(table: pa.Table) -> pa.Table:
    """Sums of whole numbers as whole numbers: DuckDB's have 128 bits, which pandas does not know."""
    for at, field in enumerate(table.schema):
        if field.type == pa.decimal128(38, 0):
            try:
                table = table.set_column(at, field.name, table.column(at).cast(INT64))
            except pa.ArrowInvalid:
                continue
    return table


def _read(source: BinaryIO) -> bytes:
    return source.read(int.from_bytes(source.read(8), "big"))


def _say(target: BinaryIO, what: dict[str, Any]) -> None:
    target.write(json.dumps(what).encode() + b"\n")
    target.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
