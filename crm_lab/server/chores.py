"""What the store does by itself, without anybody asking: one piece of work in one transaction, tried again where another was in its way."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from crm_lab.settings import utc_now
from crm_lab.store.engine import RetryableConflict
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.domain.access import Actor
    from crm_lab.store.engine import Database

T = TypeVar("T")
TRIES, PAUSE = 20, 0.05


def work(database: Database, do: Callable[[Work], T], *, action: str, actor: Actor | None = None, writes: bool = True) -> T:
    """What `do` answers; it is run again from the start where its transaction met another's. Raises `RetryableConflict` after twenty times."""
    for left in reversed(range(TRIES)):
        try:
            with database.writing() if writes else database.reading() as connection:
                return do(Work(connection, actor, utc_now(), action=action))
        except RetryableConflict:
            if not left:
                raise
            time.sleep(PAUSE)
    raise AssertionError  # pragma: no cover
