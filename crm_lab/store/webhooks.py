"""Messages to other systems, queued in the transaction that they tell of: none is lost, and none tells of what was rolled back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import and_, insert, select

from crm_lab.domain.ids import new_id
from crm_lab.domain.webhooks import CHANGES, NOUNS, MessageState
from crm_lab.store import tables
from crm_lab.store.bulk import batched
from crm_lab.store.visibility import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_lab.store.records import Row, Work

SENT_ALONE = {"id", "version"}


def queue_events(work: Work) -> None:
    """Queue what this action changed for who wants to know of it; what is its owner's alone is told to nobody."""
    if not work.steps:
        return
    hooks = [hook for hook in work.kept(tables.webhook) if hook["is_active"]]
    if not hooks:
        return
    a = tables.audit
    made = and_(a.c.request_id == work.request_id, a.c.entity.in_(NOUNS), visible(a, None))
    events = [_event(row) for row in work.rows(select(a).where(made).order_by(a.c.step))]
    rows = [row for hook in hooks for row in _messages(work, hook, [event for event in events if event["event"] in hook["kinds"]])]
    if rows:
        work.connection.execute(insert(tables.webhook_message), rows)


def _event(row: Row) -> Row:
    """What happened, without what was written: the receiver asks for that, and is told what it may see."""
    before, after = row["before"], row["after"]
    change = CHANGES[0] if before is None else CHANGES[2] if after is None else CHANGES[1]
    found: Row = {"event": f"{NOUNS[row['entity']]}.{change}", "id": row["entity_id"]}
    if before and after:
        found["fields"] = sorted(name for name in after if name not in SENT_ALONE and after[name] != before.get(name))
    return found | {key: str(row[key]) for key in tables.PARENTS if row[key] and str(row[key]) != row["entity_id"]}


def _messages(work: Work, hook: Row, events: Sequence[Row]) -> list[Row]:
    return [_message(work, hook, part) for part in batched(events)]


def _message(work: Work, hook: Row, events: Sequence[Row]) -> dict[str, Any]:
    key = new_id()
    told = {"id": str(key), "at": work.now.isoformat(), "request": str(work.request_id), "events": list(events)}
    return {
        "id": key, "webhook_id": hook["id"], "body": msgspec.json.encode(told).decode(), "state": MessageState.QUEUED, "tries": 0, "status": 0, "error": "",
        "queued_at": work.now, "next_at": work.now, "done_at": None,
    }  # fmt: skip
