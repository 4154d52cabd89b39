"""Passwords of others' servers, encrypted where they rest (Fernet: AES-128-CBC with HMAC-SHA256).

The key is `CRM_SECRET_KEY`, else a file beside the database that only its owner can read and that no backup holds.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, insert

from crm_lab.errors import InvalidInput, Unavailable
from crm_lab.i18n import _
from crm_lab.settings import Settings

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection, Table

KEY_FILE = "secret.key"
SHORTEST = 24


class SecretLost(Unavailable):
    """What was encrypted with another key."""

    def __init__(self) -> None:
        super().__init__(_("The password cannot be read: it was encrypted with another key. Write it again."), "secret")


class WeakKey(InvalidInput):
    """A key that can be guessed."""

    def __init__(self) -> None:
        super().__init__(_("CRM_SECRET_KEY needs {n} characters or more.", n=SHORTEST), "secret_key")


def encrypt(connection: Connection, text: str) -> str:
    """A secret as it is kept."""
    return _fernet(connection).encrypt(text.encode()).decode()


def keep(connection: Connection, table: Table, account_id: UUID, secret: str, *, longest: int) -> None:
    """Keep the password of an account in its table of secrets, in the place of the former. Raises `InvalidInput` where there is none, or it is too long."""
    if not secret or len(secret) > longest:
        raise InvalidInput(_("Write the password, best one made for this program alone."), "secret")
    connection.execute(delete(table).where(table.c.account_id == account_id))
    connection.execute(insert(table), [{"account_id": account_id, "secret": encrypt(connection, secret)}])


def decrypt(connection: Connection, kept: str) -> str:
    """The secret. Raises `SecretLost`."""
    try:
        return _fernet(connection).decrypt(kept.encode()).decode()
    except InvalidToken:
        raise SecretLost from None


def _fernet(connection: Connection) -> Fernet:
    given = Settings().secret_key
    if given:
        if len(given) < SHORTEST:
            raise WeakKey
        return Fernet(urlsafe_b64encode(sha256(given.encode()).digest()))
    url = connection.engine.url
    home = Path(url.database or "").absolute().parent if url.get_backend_name() == "duckdb" else Settings().data.absolute()
    return Fernet(_key(home / KEY_FILE))


def _key(path: Path) -> bytes:
    """The key of a file, made the first time; of two that make it at once one wins."""
    if not path.exists():
        aside = path.with_name(f".{KEY_FILE}.{os.getpid()}")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return path.read_bytes().strip()
