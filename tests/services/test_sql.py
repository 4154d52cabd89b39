"""`crm.sql`: what it answers, and all that it must not do."""

from __future__ import annotations

import importlib
import os
import time
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crm_lab.services.sql.views import VIEWS
from crm_lab.store import sql
from crm_lab.store.sql import WrongQuestion
from crm_lab.store.sql.allowed import FUNCTIONS, OPERATORS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crm_lab.connection import Connection

BOMB = ", ".join(f"t{n} AS (SELECT * FROM t{n - 1} x, t{n - 1} y)" for n in range(1, 19))
ATTACKS = {
    "write": ["DELETE FROM customers", "UPDATE customers SET name = 'x'", "INSERT INTO customers VALUES (1)", "DROP TABLE customers", "CREATE TABLE x AS SELECT 1",
              "CREATE VIEW v AS SELECT 1", "TRUNCATE customers", "MERGE INTO customers USING notes ON true WHEN MATCHED THEN DELETE", "ALTER TABLE customers ADD COLUMN x INT",
              "WITH x AS (DELETE FROM customers RETURNING *) SELECT * FROM x", "SELECT * INTO x FROM customers"],
    "leave": ["ATTACH '/tmp/x.duckdb'", "ATTACH ':memory:' AS other", "DETACH memory", "USE memory", "COPY customers TO '/tmp/x.csv'", "COPY (SELECT 1) TO '/tmp/x.csv'",
              "EXPORT DATABASE '/tmp/x'", "IMPORT DATABASE '/tmp/x'", "INSTALL httpfs", "LOAD httpfs", "CHECKPOINT", "VACUUM", "BEGIN", "COMMIT"],
    "set": ["SET enable_external_access = true", "RESET ALL", "PRAGMA enable_external_access", "PRAGMA version", "SET VARIABLE x = 1", "SELECT getvariable('x')",
            "CREATE SECRET s (TYPE s3)", "SELECT current_setting('temp_directory')", "PREPARE p AS SELECT 1", "EXECUTE p", "CALL duckdb_tables()", "SELECT $1", "SELECT ?"],
    "files": ["SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_blob('/etc/*')", "SELECT * FROM read_parquet('/tmp/x')",
              "SELECT * FROM read_json_auto('/tmp/x')", "SELECT * FROM glob('/*')", "SELECT * FROM '/etc/passwd'", 'SELECT * FROM "/etc/passwd.csv"', "FROM 'x.parquet'",
              "SELECT * FROM sniff_csv('/etc/passwd')", "SELECT getenv('HOME')", "SELECT * FROM parquet_metadata('x')", "SELECT * FROM arrow_scan(1, 2, 3)",
              "SELECT * FROM pandas_scan(1)", "SELECT * FROM python_map_function()"],
    "catalogue": ["SELECT * FROM information_schema.tables", "SELECT * FROM duckdb_tables()", "SELECT * FROM duckdb_secrets()", "SELECT * FROM duckdb_settings()",
                  "SELECT * FROM pg_catalog.pg_class", "SELECT * FROM pg_tables", "SELECT * FROM sqlite_master", "SELECT * FROM duckdb_columns", "SHOW TABLES", "SHOW ALL TABLES",
                  "DESCRIBE customers", "SUMMARIZE customers", "SELECT * FROM pragma_table_info('customers')", "SELECT * FROM employee", "SELECT * FROM session",
                  "SELECT * FROM main.customers", "SELECT * FROM memory.main.customers", "SELECT * FROM system.information_schema.tables", "SELECT version()", "SELECT * FROM company", "SELECT * FROM access_token", "SELECT nextval('s')", "SELECT txid_current()"],
    "hidden": ["SELECT * FROM customers; DROP TABLE customers", "SELECT 1; SELECT 2", "SELECT 1 /* */ ; -- \n DELETE FROM customers", "-- nothing", "", ";", "/* SELECT 1 */",
               'WITH employee AS (SELECT 1) SELECT * FROM "employee" UNION ALL SELECT * FROM session', "WITH x AS (SELECT * FROM session) SELECT 1",
               "SELECT (SELECT count(*) FROM session)", "SELECT * FROM customers WHERE EXISTS (FROM session)", "SELECT * FROM (VALUES (1)) v, LATERAL (SELECT * FROM session)",
               "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('customers')", "SELECT * FROM json_execute_serialized_sql('{}')",
               "SELECT json_serialize_sql('SELECT 1')", "SELECT \"getenv\"('HOME')", "SELECT GetEnv('HOME')", "SELECT 'HOME'.getenv()", "SELECT system.main.getenv('HOME')",
               "SELECT list_transform(['HOME'], x -> getenv(x))", "SELECT * FROM customers ORDER BY getenv('HOME')", "SELECT 1 LIMIT (SELECT length(getenv('HOME')))",
               "SELECT count(*) FILTER (WHERE getenv('HOME') <> '') FROM customers", "SELECT sum(1) OVER (PARTITION BY getenv('HOME')) FROM customers",
               "SELECT * FROM unnest([getenv('HOME')])", "SELECT * FROM range(length(getenv('HOME')))", "SELECT * REPLACE (getenv('HOME') AS name) FROM customers",
               "WITH duckdb_settings AS (SELECT 1) SELECT * FROM duckdb_settings", "PIVOT customers ON name", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1",
               "SELECT list_aggregate(['a'], getenv('HOME'))", "SELECT pg_sleep(100)", "SELECT sleep_ms(100000)", "SELECT write_log('x')"],
    "much": ["SELECT * FROM range(1000000)", f"WITH t0 AS (SELECT * FROM customers), {BOMB} SELECT * FROM t18", "SELECT " + "+".join("1" for _n in range(9000)), "SELECT '" + "x" * 30_000 + "'", "SELECT string_agg(repeat('x', 1000000), '') FROM range(5000)",
             "SELECT list(range) FROM range(10000000000)", "SELECT repeat('x', 5000000000)", "SELECT NOT " * 1900 + "true",
             "SELECT * FROM " + ", ".join(f"customers c{n}" for n in range(41))],
}  # fmt: skip


@pytest.fixture
def kari(login: Callable[[str], Connection]) -> Connection:
    crm = login("kari")
    nordlys = crm.customers.create(name="Nordlys AS")
    crm.customers.create(name="Åsgård AS", is_supplier=True)
    crm.ledger.post(customer_id=nordlys.id, kind="manual", amount=Decimal("125.50"), posted_on=date(2026, 1, 2))
    crm.ledger.post(customer_id=nordlys.id, kind="manual", amount=Decimal("-25.25"), posted_on=date(2026, 2, 3))
    return crm


def test_a_question_gives_a_frame(kari: Connection) -> None:
    found = kari.sql("""
        WITH owed AS (SELECT customer_id, sum(amount_minor) AS owed_minor FROM postings GROUP BY ALL)
        SELECT c.name, coalesce(o.owed_minor, 0) AS owed_minor, rank() OVER (ORDER BY o.owed_minor) AS place
        FROM customers c LEFT JOIN owed o ON o.customer_id = c.id WHERE c.name LIKE '%AS' ORDER BY c.number
    """)
    assert found.name.tolist() == ["Nordlys AS", "Åsgård AS"]
    assert found.owed_minor.tolist() == [10025, 0]
    assert str(found.owed_minor.dtype) == "Int64"


WORKS = [
    "FROM customers",
    "VALUES (1), (2)",
    "SELECT count(*) AS n FROM Customers -- a comment; and more",
    'SELECT "name" FROM "customers" WHERE name ILIKE \'nord%\'',
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t",
    "SELECT date_trunc('month', posted_on) AS month, sum(amount_minor) / 100 FROM postings GROUP BY 1 ORDER BY 1",
    "SELECT name.upper() FROM customers",
    "SELECT list_transform([1, 2], lambda x: x + 1), extract(year FROM current_date), {'a': 1}.a, [1, 2][1], INTERVAL 1 MONTH",
    "SELECT * EXCLUDE (id), COLUMNS('n.*') FROM customers QUALIFY row_number() OVER (ORDER BY number) = 1",
    "SELECT * FROM (PIVOT postings ON ledger IN ('receivable', 'payable') USING sum(amount_minor) GROUP BY currency)",
    "SELECT CASE WHEN is_supplier THEN 'a' END, try_cast('x' AS INT), name NOT LIKE 'x', number BETWEEN 1 AND 2 FROM customers ORDER BY name COLLATE nb",
]


def test_what_analysts_write_works(kari: Connection) -> None:
    for statement in WORKS:
        assert len(kari.sql(statement)), statement


@pytest.fixture(scope="module")
def asked_for() -> Callable[[str], list[str]]:
    """What the process says of a statement before it has seen a row, asked here: a process for each would take a minute."""
    import duckdb

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(sql.ASKER.parent))
        asker = importlib.import_module("asker")
    connection = duckdb.connect(":memory:", config={"enable_external_access": "false"})

    def ask(statement: str) -> list[str]:
        try:
            names: list[str] = asker._asked_for(connection, {"statement": statement, "tables": sorted(VIEWS)})
        except (asker.Refused, duckdb.Error) as error:
            raise PermissionError(str(error)) from error
        return names

    return ask


@pytest.mark.parametrize("kind", [kind for kind in ATTACKS if kind != "much"])
def test_an_attack_is_refused_before_it_sees_a_row(asked_for: Callable[[str], list[str]], kind: str) -> None:
    for statement in ATTACKS[kind]:
        with pytest.raises(PermissionError):
            pytest.fail(f"{statement}: {asked_for(statement)}")


def test_an_attack_is_refused_in_words(kari: Connection) -> None:
    for statement in (*ATTACKS["much"], *(kind[0] for kind in ATTACKS.values())):
        with pytest.raises(WrongQuestion) as caught:
            pytest.fail(f"{statement[:50]}: {kari.sql(statement)}")
        assert caught.value.field == "statement"
        assert os.environ.get("HOME", "/root") not in caught.value.message
    assert kari.customers.count() == 2


def test_what_takes_too_long_is_stopped(kari: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql.ask, "__kwdefaults__", {"seconds": 2.0, "most_rows": sql.MOST_ROWS})
    for endless in (
        "SELECT max(a.range + b.range) FROM range(1000000000) a, range(100000) b",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    ):
        before = time.monotonic()
        with pytest.raises(WrongQuestion, match="2"):
            kari.sql(endless)
        assert time.monotonic() - before < 10
    assert kari.customers.count() == 2


def test_every_column_is_told_of(kari: Connection) -> None:
    told = kari.sql_tables()
    assert set(told.table) == set(VIEWS)
    assert (told.meaning != "").all()
    columns = told[told.column != ""]
    kinds = (", ".join(f"typeof({column})" for column in columns.column[columns.table == name]) for name in VIEWS)
    asked = kari.sql(" UNION ALL ".join(f"(SELECT [{kind}] AS kinds FROM (SELECT NULL) LEFT JOIN {name} ON true LIMIT 1)" for name, kind in zip(VIEWS, kinds, strict=True)))
    assert [kind for kinds in asked.kinds for kind in kinds] == columns.type.tolist()


def test_every_function_that_may_be_used_is_there(kari: Connection) -> None:
    import duckdb

    known = {name for (name,) in duckdb.connect().execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()}
    grammar = {"current_timestamp", "grouping", "grouping_id", "ifnull", "like"}
    assert FUNCTIONS - OPERATORS - known - grammar == set()
    del kari


def test_rows_of_another_are_not_there(kari: Connection, login: Callable[[str], Connection]) -> None:
    ola = login("ola")
    kari.customers.create(name="Hemmelig AS", owner_only=True)
    assert kari.sql("SELECT count(*) AS n FROM customers").n.tolist() == [3]
    assert ola.sql("SELECT count(*) AS n FROM customers").n.tolist() == [2]


def test_instants_are_shown_in_oslo(kari: Connection) -> None:
    assert str(kari.sql("SELECT created_at FROM customers").created_at.dt.tz) == "Europe/Oslo"


def test_the_process_can_open_no_file(tmp_path: Path) -> None:
    """Even where DuckDB would."""
    import subprocess
    import sys

    script = f"import sys; sys.path.insert(0, {str(sql.ASKER.parent)!r}); import asker; asker._prepared(); open({str(tmp_path / 'x')!r}, 'w')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "Too many open files" in done.stderr
