"""Changes: which tables the newest transactions wrote, and of which parties, kept in memory for those who wait for news."""

from __future__ import annotations

import time
from collections import deque
from functools import reduce
from threading import Condition
from typing import TYPE_CHECKING

from sqlalchemy import Table, event
from sqlalchemy.sql.dml import UpdateBase

from crm_lab.domain.news import News, mark
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from sqlalchemy import Connection, Engine

KEPT = 500
"""So many changes are told apart; to who has not listened for longer, anything may have changed."""
MOST_PARTIES = 200
"""A change of more parties is one of anybody."""
UNTOLD = {
    "access_token", "audit", "calendar_feed", "calendar_object", "calendar_secret", "clue", "counter", "dashboard", "document_text", "identity", "import_file", "import_part", "login_attempt", "look",
    "mail_folder", "mail_secret", "mail_state", "payment_file", "register_reading", "register_said", "request", "saft_file", "saft_part", "second_factor", "session", "webhook_message",
}  # fmt: skip
"""What no open page shows, or what is written beside something that it does."""
OF_PARTIES = {t.name for t in tables.metadata.tables.values() if tables.PARENTS.keys() & set(t.columns.keys())} | {t.name for t in tables.PARENTS.values()}
"""The tables whose rows say of whom they are."""


class Written:
    """What one transaction has written so far: in which tables, and of whom, where every row was noted with its party."""

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.noted: set[str] = set()
        self.parties: set[UUID] = set()

    def note(self, table: str, parties: Iterable[UUID]) -> None:
        """Rows of a table were written, each of which is of these parties."""
        self.tables.add(table)
        self.noted.add(table)
        self.parties.update(parties)

    def news(self, number: int) -> News | None:
        """What is told of it; None is nothing."""
        if not (told := frozenset(map(str, self.tables - UNTOLD))):  # SQLAlchemy's names are no plain texts
            return None
        is_known = told <= self.noted & OF_PARTIES and 0 < len(self.parties) <= MOST_PARTIES
        return News(number, told, frozenset(map(mark, self.parties)) if is_known else None)


class Changes:
    """The newest changes, numbered; safe to use from many threads. Numbers grow also when the store starts again."""

    def __init__(self) -> None:
        self.last = time.time_ns() // 1_000_000
        self.written_at = 0.0
        self._kept: deque[News] = deque(maxlen=KEPT)
        self._condition = Condition()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, told: Callable[[], None]) -> None:
        """Have something done, in the writer's thread, whenever there are news."""
        self._listeners.append(told)

    def tell(self, written: Written) -> None:
        """A transaction was committed."""
        if written.tables:
            self.written_at = time.monotonic()
        with self._condition:
            if (news := written.news(self.last + 1)) is None:
                return
            self.last = news.last
            self._kept.append(news)
            self._condition.notify_all()
        for told in self._listeners:
            told()

    def since(self, after: int) -> News:
        """All that came after the change of that number."""
        with self._condition:
            last, missed = self.last, [news for news in self._kept if news.last > after]
        if last <= after:
            return News(last, frozenset(), frozenset())
        return reduce(News.and_then, missed) if len(missed) == last - after else News(last)

    def wait(self, after: int, timeout: float) -> News:
        """Block until there is a change later than `after`, `timeout` seconds at most."""
        with self._condition:
            self._condition.wait_for(lambda: self.last > after, timeout)
        return self.since(after)


def watch(engine: Engine) -> None:
    """Have every statement that writes say so to the transaction it belongs to; rows that are loaded in bulk do so themselves."""

    @event.listens_for(engine, "before_execute")
    def note(connection: Connection, statement: object, *_parameters: object) -> None:
        written = connection.get_execution_options().get("written")
        if written and isinstance(statement, UpdateBase) and isinstance(statement.table, Table):
            written.tables.add(statement.table.name)
