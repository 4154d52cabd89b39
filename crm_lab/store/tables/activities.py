"""What people note, what they are to do, and the addresses their calendars are read at."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Integer, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, metadata, of, text

note = Table(
    "note",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    of("customer", always=False),
    of("contact", always=False),
    *text("text"),
    of("employee", "author_id"),
    Column("created_at", INSTANT, nullable=False),
    Column("edited_at", INSTANT),
    Column("pinned_at", INSTANT),
)
note_mention = Table(
    "note_mention",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("note"),
    of("employee"),
)
task = Table(
    "task",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    *text("title", "text", "kind", "priority", "status"),
    Column("percent", Integer, nullable=False),
    Column("starts_at", INSTANT),
    Column("due_at", INSTANT),
    Column("is_all_day", Boolean, nullable=False),
    Column("minutes", Integer),
    *text("rrule"),
    Column("recurs_from", INSTANT),
    *text("zone", "skips", "uid"),
    Column("remind_at", INSTANT),
    of("employee", "owner_id"),
    Column("owner_only", Boolean, nullable=False),
    of("customer", always=False),
    of("contact", always=False),
    of("project", always=False),
    of("employee", "created_by"),
    Column("created_at", INSTANT, nullable=False),
    Column("done_at", INSTANT),
)
task_member = Table(
    "task_member",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("task"),
    of("employee"),
)
calendar_feed = Table(
    "calendar_feed",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("employee"),
    *text("token_hash"),
    Column("created_at", INSTANT, nullable=False),
    Column("revoked_at", INSTANT),
)
calendar_account = Table(
    "calendar_account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    of("employee"),
    *text("url", "name", "user_name"),
    Column("is_on", Boolean, nullable=False, default=False),
    Column("are_private", Boolean, nullable=False, default=True),
    Column("created_at", INSTANT, nullable=False),
)
calendar_secret = Table("calendar_secret", metadata, of("calendar_account", "account_id"), *text("secret"))
calendar_state = Table(
    "calendar_state",
    metadata,
    of("calendar_account", "account_id"),
    *text("error"),
    Column("tries", Integer, nullable=False),
    Column("failed_at", INSTANT),
    Column("synced_at", INSTANT),
    *text("token"),
)
calendar_object = Table(
    "calendar_object",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("calendar_account", "account_id"),
    *text("href", "etag", "body"),
    Column("parts", JSON, nullable=False),
    *text("left_out", "their_etag", "their_body"),
)
followed_card = Table(
    "followed_card",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("employee"),
    of("customer", always=False),
    of("contact", always=False),
    Column("followed_at", INSTANT, nullable=False),
)
