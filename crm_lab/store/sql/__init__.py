"""A question in SQL, asked in a process of its own that holds nothing but the rows its caller may see (ADR 12)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore, Timer
from typing import IO, TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from crm_lab.errors import InvalidInput, Unavailable
from crm_lab.i18n import _
from crm_lab.store.sql.allowed import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

ASKER = Path(__file__).with_name("asker.py")
MOST_ROWS, MOST_BYTES = 200_000, 128 << 20
SECONDS = 20.0
AT_ONCE = BoundedSemaphore(2)
PATIENCE = 10.0
"""Seconds a question waits for those of others."""


class WrongQuestion(InvalidInput):
    """What was asked in SQL is not allowed, or not possible."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "statement")


class TooManyAsk(Unavailable):
    """Others' questions take all the room there is."""

    def __init__(self) -> None:
        super().__init__(_("Others are asking in SQL right now. Try again in a moment."))


def ask(statement: str, tables: Collection[str], rows_of: Callable[[str], pa.Table], *, seconds: float = SECONDS, most_rows: int = MOST_ROWS) -> pa.Table:
    """The answer to one SELECT.

    Parameters
    ----------
    tables : the names it may read.
    rows_of : the rows of one of them, which is asked only for those that the statement reads.
    seconds : how long it may take, with the reading of its tables.

    Raises `WrongQuestion`, and `TooManyAsk` where two are asked already.
    """
    if not AT_ONCE.acquire(timeout=PATIENCE):
        raise TooManyAsk
    try:
        with _started() as process:
            timer = Timer(seconds, process.kill)
            timer.start()
            try:
                return _talk(process, {"statement": statement, "tables": sorted(tables), "rows": most_rows, "bytes": MOST_BYTES}, rows_of)
            except (BrokenPipeError, EOFError, msgspec.DecodeError, pa.ArrowInvalid):
                alive = timer.is_alive()
                raise WrongQuestion(_("This takes too much memory. Ask for less at once.") if alive else _too_long(seconds)) from None
            finally:
                timer.cancel()
                process.kill()
    finally:
        AT_ONCE.release()


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own file, and no argument of the caller's
        [sys.executable, "-E", "-s", "-B", str(ASKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, start_new_session=True
    )


def _talk(process: subprocess.Popen[bytes], order: dict[str, Any], rows_of: Callable[[str], pa.Table]) -> pa.Table:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    _send(process.stdin, msgspec.json.encode(order))
    for name in _heard(process.stdout)["tables"]:
        sink = pa.BufferOutputStream()
        table = rows_of(name)
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        _send(process.stdin, sink.getvalue())
    _heard(process.stdout)
    return pa.ipc.open_stream(process.stdout).read_all()


def _send(target: IO[bytes], content: bytes | pa.Buffer) -> None:
    target.write(len(content).to_bytes(8, "big"))
    target.write(content)
    target.flush()


def _heard(source: IO[bytes]) -> dict[str, Any]:
    """What the process says. Raises `WrongQuestion` where that is a refusal."""
    line = source.readline()
    if not line:
        raise EOFError
    said: dict[str, Any] = msgspec.json.decode(line)
    if "refused" in said:
        raise WrongQuestion(_refusal(said["refused"], said["what"]))
    return said


def _refusal(reason: str, what: str) -> str:
    sentences: dict[str, str] = {
        Reason.LONG: _("The statement is longer than {most} characters.", most=what),
        Reason.ONE: _("Ask one thing at a time: this is {n} statements.", n=what),
        Reason.SELECT: _("Only a SELECT may be asked: nothing can be changed, read from files or set here."),
        Reason.TABLE: _("There is no table {name} to ask. crm.sql_tables() lists those there are.", name=what),
        Reason.TABLES: _("A statement may read at most {most} tables.", most=what),
        Reason.FUNCTION: _("The function {name} may not be used here.", name=what),
        Reason.PART: _("This may not be used here: {name}.", name=what),
        Reason.MEMORY: _("This takes too much memory. Ask for less at once."),
        Reason.ROWS: _("The answer is larger than {most} rows. Add a LIMIT, or sum up in the statement.", most=what),
    }
    return sentences.get(reason) or _("The statement cannot be answered: {reason}", reason=what)


def _too_long(seconds: float) -> str:
    return _("This took longer than {seconds} seconds and was stopped.", seconds=f"{seconds:g}")
