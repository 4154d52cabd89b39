"""How much a company has on hand: sessions, and what waits to be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from crm_lab.store import tables

if TYPE_CHECKING:
    from crm_lab.store.engine import Database


ABANDONED = timedelta(days=1)
"""A file that was chosen and not brought in by then waits for nobody."""


@dataclass(frozen=True, slots=True)
class Load:
    """`queues` are lengths by name."""

    n_sessions: int
    queues: dict[str, int]


def load_of(database: Database, now: datetime, idle: timedelta) -> Load:
    """What there is at `now`, a statement for each figure; sessions unused for `idle` are over."""
    s, d, i, m = tables.session, tables.delivery, tables.import_file, tables.webhook_message
    counts = {
        "sessions": select(func.count()).select_from(s).where(s.c.seen_at > now - idle),
        "deliveries": select(func.count()).select_from(d).where(d.c.state == "queued"),
        "webhooks": select(func.count()).select_from(m).where(m.c.state == "queued"),
        "dead webhooks": select(func.count()).select_from(m).where(m.c.state == "dead"),
        "imports": select(func.count()).select_from(i).where(and_(i.c.done_at.is_(None), i.c.started_at > now - ABANDONED)),
    }
    with database.reading() as connection:
        found = {name: int(connection.execute(count).scalar_one()) for name, count in counts.items()}
    return Load(found.pop("sessions"), found)
