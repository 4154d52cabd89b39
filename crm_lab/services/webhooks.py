"""What other systems are told: subscriptions, the messages to them, and those that were given up."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, delete, func, select, update

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.webhooks import (
    KEPT,
    KINDS,
    MOST_TRIES,
    UNDER_WAY,
    MessageState,
    Webhook,
    WebhookMessage,
    clean_kinds,
    clean_url,
    wait_after,
)
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.records import NoSuchRecord, Row, Work, as_record

if TYPE_CHECKING:
    from datetime import datetime

    from crm_lab.store.engine import Database

MOST_SHOWN, MOST_TAKEN, LONGEST_NAME, LONGEST_ERROR = 200, 50, 80, 300


class Webhooks(Service):
    """Administrators decide what leaves the house."""

    @reads(needs=Role.ADMIN)
    def list(self) -> list[Webhook]:
        """Every subscription by name, with how many messages wait and how many were given up."""
        m = tables.webhook_message
        counted = select(m.c.webhook_id, m.c.state, func.count().label("n")).where(m.c.state != MessageState.SENT).group_by(m.c.webhook_id, m.c.state)
        counts = {(row["webhook_id"], row["state"]): row["n"] for row in self.work.rows(counted)}
        return [
            as_record(Webhook, row | {"secret": "", "n_queued": counts.get((row["id"], MessageState.QUEUED), 0), "n_dead": counts.get((row["id"], MessageState.DEAD), 0)})
            for row in self.work.kept(tables.webhook)
        ]

    @reads(needs=Role.ADMIN)
    def kinds(self) -> tuple[str, ...]:
        """Every kind of event there is."""
        return KINDS

    @writes(needs=Role.ADMIN, remembered=False)
    def create(self, *, name: str, url: str, kinds: tuple[str, ...]) -> Webhook:
        """Subscribe an address; the answer alone holds the secret that messages are signed with. Raises `InvalidInput`."""
        hook = Webhook(id=new_id(), name=_clean_name(name), url=clean_url(url), kinds=clean_kinds(kinds), created_at=self.work.now, secret=secrets.token_urlsafe(32))
        row: Row = {field: getattr(hook, field) for field in ("id", "version", "name", "url", "kinds", "is_active", "secret", "created_at")}
        self.work.insert(tables.webhook, row | {"created_by": self.actor.id})
        return hook

    @writes(needs=Role.ADMIN)
    def change(self, *, id: UUID, version: int, name: str, url: str, kinds: tuple[str, ...], is_active: bool) -> Webhook:  # noqa: A002 - the wire's word
        """Change a subscription, or take it out of use. Raises `InvalidInput`, `NotFound`, `ChangedMeanwhile`."""
        changes: dict[str, Any] = {"name": _clean_name(name), "url": clean_url(url), "kinds": clean_kinds(kinds), "is_active": is_active}
        return as_record(Webhook, self.work.change(tables.webhook, id, version, **changes) | {"secret": ""})

    @reads(needs=Role.ADMIN)
    def messages(self, *, webhook_id: UUID, state: MessageState | None = None) -> list[WebhookMessage]:  # type: ignore[valid-type]
        """The newest two hundred messages of a subscription."""
        m = tables.webhook_message
        wanted = and_(m.c.webhook_id == webhook_id, m.c.state == state if state else m.c.state.is_not(None))
        rows = self.work.rows(select(m).where(wanted).order_by(m.c.queued_at.desc(), m.c.id.desc()).limit(MOST_SHOWN))
        return [as_record(WebhookMessage, row) for row in rows]

    @writes(needs=Role.ADMIN)
    def resend(self, *, ids: tuple[UUID, ...]) -> int:
        """Queue messages again, as if never tried; how many. Raises `NotFound`."""
        m = tables.webhook_message
        values: dict[str, Any] = {"state": MessageState.QUEUED, "tries": 0, "next_at": self.work.now, "done_at": None}
        done = self.work.connection.execute(update(m).where(among(m.c.id, ids)).values(**values)).rowcount
        if not done:
            raise NoSuchRecord
        return int(done)


def take_due(database: Database, now: datetime) -> list[tuple[Row, Row]]:
    """Messages that are due, each with its subscription; they are the caller's for two minutes. Old ones are forgotten."""
    m, w = tables.webhook_message, tables.webhook
    due = and_(m.c.state == MessageState.QUEUED, m.c.next_at <= now)
    with database.reading() as connection:
        if not Work(connection, None, now).scalar(select(m.c.id).where(due).limit(1)):
            return []
    with database.writing() as connection:
        work = Work(connection, None, now)
        connection.execute(delete(m).where(and_(m.c.done_at < now - KEPT, m.c.state != MessageState.QUEUED)))
        hooks = {row["id"]: row for row in work.rows(select(w).where(w.c.is_active))}
        rows = work.rows(select(m).where(and_(due, m.c.webhook_id.in_(hooks))).order_by(m.c.queued_at, m.c.id).limit(MOST_TAKEN))
        connection.execute(update(m).where(among(m.c.id, [row["id"] for row in rows])).values(next_at=now + UNDER_WAY))
        return [(hooks[row["webhook_id"]], row) for row in rows]


def settle(database: Database, message: Row, now: datetime, *, status: int, error: str) -> None:
    """Note what became of a message: sent, to be tried again later, or given up."""
    m, tries = tables.webhook_message, message["tries"] + 1
    state = MessageState.SENT if not error else MessageState.QUEUED if tries < MOST_TRIES else MessageState.DEAD
    done_at = None if state is MessageState.QUEUED else now
    values: dict[str, Any] = {"state": state, "tries": tries, "status": status, "error": error[:LONGEST_ERROR], "next_at": now + wait_after(tries), "done_at": done_at}
    with database.writing() as connection:
        connection.execute(update(m).where(m.c.id == message["id"]).values(**values))


def _clean_name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInput(_("Write a name of at most {n} characters.", n=LONGEST_NAME), "name")
    return name
