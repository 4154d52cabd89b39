"""E-mail: accounts, folders, messages once each, and in whose mailboxes and on which cards they are."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, String, Table, Uuid

from crm_lab.store.tables.columns import INSTANT, Lines, metadata, of, text

mail_account = Table(
    "mail_account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    of("employee"),
    *text("address", "user_name", "login_by", "imap_host"),
    Column("imap_port", Integer, nullable=False),
    *text("imap_security", "smtp_host"),
    Column("smtp_port", Integer, nullable=False),
    *text("smtp_security"),
    Column("folders", Lines, nullable=False),
    Column("private_words", Lines, nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("created_at", INSTANT, nullable=False),
)
mail_secret = Table("mail_secret", metadata, of("mail_account", "account_id"), *text("secret"))
mail_state = Table(
    "mail_state",
    metadata,
    of("mail_account", "account_id"),
    *text("error"),
    Column("tries", Integer, nullable=False),
    Column("failed_at", INSTANT),
    Column("synced_at", INSTANT),
)
mail_folder = Table(
    "mail_folder",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("mail_account", "account_id"),
    *text("name"),
    Column("uid_validity", BigInteger, nullable=False),
    Column("uid_next", BigInteger, nullable=False),
)
message = Table(
    "message",
    metadata,
    Column("id", Uuid, primary_key=True),
    *text("message_id", "digest"),
    Column("thread_id", Uuid, nullable=False),
    *text("subject", "sender", "sender_name", "preview"),
    Column("sent_at", INSTANT, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("n_files", Integer, nullable=False),
    Column("has_html", Boolean, nullable=False),
    Column("is_cut", Boolean, nullable=False),
    Column("is_outgoing", Boolean, nullable=False),
    Column("created_at", INSTANT, nullable=False),
)
message_body = Table("message_body", metadata, of("message"), *text("text", "html"))
message_address = Table(
    "message_address", metadata, of("message"), Column("position", Integer, nullable=False), *text("role", "address", "name")
)
message_reference = Table("message_reference", metadata, of("message"), *text("reference"))
message_file = Table(
    "message_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("message"),
    Column("position", Integer, nullable=False),
    *text("name", "media_type", "sha256", "content_id"),
    Column("size", BigInteger, nullable=False),
    Column("is_inline", Boolean, nullable=False),
)
message_copy = Table(
    "message_copy",
    metadata,
    Column("id", Uuid, primary_key=True),
    of("message"),
    of("employee"),
    of("mail_account", "account_id", always=False),
    of("mail_folder", "folder_id", always=False),
    Column("uid", BigInteger),
    Column("gone_at", INSTANT),
)
message_link = Table(
    "message_link",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    of("message"),
    of("customer", always=False),
    of("contact", always=False),
    *text("how"),
)
message_doubt = Table("message_doubt", metadata, of("message"), *text("address"))
outgoing_message = Table(
    "outgoing_message",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    of("employee"),
    of("mail_account", "account_id"),
    *text("recipients", "copies", "subject", "text"),
    of("message", "answers", always=False),
    of("customer", always=False),
    of("contact", always=False),
    *text("state"),
    Column("tries", Integer, nullable=False),
    *text("error"),
    Column("queued_at", INSTANT, nullable=False),
    Column("next_at", INSTANT, nullable=False),
    Column("files", JSON),
    Column("message_id", String, nullable=False, default=""),
)
