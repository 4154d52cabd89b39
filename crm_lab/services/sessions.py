"""Who is signed in: passwords, sessions of browsers, access tokens of scripts.

Tokens are 256 random bits; the store keeps their SHA-256 only. Passwords are argon2id (RFC 9106).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, true, update

from crm_lab.domain.access import READ, SCOPE, WRITE, Actor, Role
from crm_lab.domain.ids import new_id
from crm_lab.errors import Forbidden, InvalidInput, NotFound, SignedOut
from crm_lab.i18n import LOCALES, _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.second_factors import lacks_factor, prove
from crm_lab.settings import Settings
from crm_lab.store import tables
from crm_lab.store.records import Row, Work, as_record

if TYPE_CHECKING:
    from crm_lab.services.actions import Dispatcher

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
WINDOW = timedelta(minutes=15)
TRIES_A_USER, TRIES_AN_ADDRESS = 5, 20
SHORTEST_PASSWORD = 10
LONGEST_TOKEN = 3650
TOKEN = "crm_"  # noqa: S105 - how personal access tokens begin
THEMES = ("auto", "light", "dark")
DENSITIES = ("full", "compact")


class WrongPassword(Forbidden):
    """The user name or the password is wrong; which of them is not said."""

    status = 401

    def __init__(self) -> None:
        super().__init__(_("Wrong user name or password."))


class SignOnOnly(Forbidden):
    """The password is right, and lets in administrators only."""

    def __init__(self) -> None:
        super().__init__(_("Your company signs in by single sign-on. Use that."))


class TooManyAttempts(Forbidden):
    """Too many wrong passwords lately."""

    status = 429

    def __init__(self) -> None:
        super().__init__(_("Too many attempts. Wait 15 minutes and try again."))


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A fresh session; `token` is shown once."""

    token: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A personal access token; `token` is empty except when just made."""

    id: UUID
    name: str
    created_at: datetime
    token: str = ""
    scopes: tuple[str, ...] = (READ, WRITE)
    expires_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A browser that somebody is signed in with; `is_this` is the one that asks."""

    id: UUID
    employee_id: UUID
    name: str
    opened_at: datetime
    seen_at: datetime
    address: str
    agent: str = ""
    is_this: bool = False


@cache
def hasher() -> PasswordHasher:
    """argon2id with the library's parameters (RFC 9106, low-memory profile)."""
    return PasswordHasher()


@cache
def _decoy() -> str:
    return hasher().hash(secrets.token_hex(8))


def hash_password(password: str) -> str:
    """An argon2id hash. Raises `InvalidInput` where the password is too short or absurdly long."""
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInput(_("The password must have at least {n} characters.", n=SHORTEST_PASSWORD), "password")
    if len(password) > 256:  # noqa: PLR2004 - argon2 would spend time on megabytes
        raise InvalidInput(_("The password can have at most 256 characters."), "password")
    return hasher().hash(password)


def password_fits(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; takes as long for an unknown user."""
    try:
        return hasher().verify(password_hash or _decoy(), password[:256]) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def digest(token: str) -> str:
    """What the store keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def as_actor(row: Row) -> Actor:
    """An employee's row as a caller."""
    return Actor(row["id"], row["username"], row["name"], tuple(Role(r) for r in row["roles"]), row["locale"], row["theme"], row["density"], row["extension"] or "")


def actor_of_token(work: Work, token: str) -> Actor:
    """The employee behind a session token or a personal access token. Raises `SignedOut`."""
    s, e, t = tables.session, tables.employee, tables.access_token
    row = work.one(
        select(e, s.c.opened_at, s.c.seen_at, s.c.is_signed_on)
        .join(s, s.c.employee_id == e.c.id)
        .where(and_(s.c.token_hash == digest(token), e.c.is_active))
    )
    if row is not None and work.now - row["seen_at"] < IDLE and work.now - row["opened_at"] < ABSOLUTE:
        return replace(as_actor(row), lacks_second_factor=not row["is_signed_on"] and lacks_factor(work, row["id"]))
    row = work.one(
        select(e, t.c.scopes)
        .join(t, t.c.employee_id == e.c.id)
        .where(and_(t.c.token_hash == digest(token), t.c.revoked_at.is_(None), e.c.is_active), or_(t.c.expires_at.is_(None), t.c.expires_at > work.now))
    )
    if row is None:
        raise SignedOut(_("You are signed out. Sign in again."))
    return replace(as_actor(row), scopes=row["scopes"] or (READ, WRITE), lacks_second_factor=lacks_factor(work, row["id"]))


def actor_of_username(work: Work, username: str) -> Actor:
    """The active employee of that user name. Raises `NotFound`."""
    known = (row for row in work.kept(tables.employee) if row["is_active"])
    row = next((row for row in known if row["username"] == username.lower()), None)
    if row is None:
        raise NotFound(
            _("There is no active employee {name}. Name one with CRM_USER or connect(user=…).", name=username)
        )
    return as_actor(row)


def sign_in(dispatcher: Dispatcher, *, username: str, password: str, address: str = "", code: str = "", agent: str = "") -> OpenedSession:
    """Open a session for whoever knows the password, and has the second factor where there is one.

    The attempt is counted and committed before the password is looked at, so that guesses made at once
    are all counted; argon2 runs outside any transaction.

    Raises `TooManyAttempts`, `WrongPassword`, `SignOnOnly`, `SecondFactorNeeded`, `WrongCode`.
    """
    username = username.strip().lower()[:64]
    database, clock = dispatcher.database, dispatcher.clock
    keys = {f"user {username}": TRIES_A_USER, f"address {address[:64]}": TRIES_AN_ADDRESS}
    with database.writing() as connection:
        attempts = _count_attempt(Work(connection, None, clock()), keys)
    e, a = tables.employee, tables.login_attempt
    with database.reading() as connection:
        row = Work(connection, None, clock()).one(select(e).where(and_(e.c.username == username, e.c.is_active)))
    if not password_fits(row["password_hash"] if row else None, password) or row is None:
        raise WrongPassword
    if Settings().oidc_issuer and Settings().oidc_only and Role.ADMIN not in row["roles"]:
        raise SignOnOnly
    with database.writing() as connection:
        prove(Work(connection, None, clock()), row["id"], code)
    with database.writing() as connection:
        connection.execute(delete(a).where(or_(a.c.key == f"user {username}", a.c.id.in_(attempts))))
    return open_session(dispatcher, row, address=address, agent=agent)


def open_session(dispatcher: Dispatcher, row: Row, *, address: str, agent: str, is_signed_on: bool = False) -> OpenedSession:
    """A session of an employee who has shown who they are; `is_signed_on` where the company's identity provider says so."""
    with dispatcher.database.writing() as connection:
        token = begin_session(Work(connection, None, dispatcher.clock()), row["id"], address=address, agent=agent, is_signed_on=is_signed_on)
    return OpenedSession(token, as_actor(row))


def begin_session(work: Work, employee_id: UUID, *, address: str, agent: str, is_signed_on: bool) -> str:
    """The token of a new session; those that have run out go."""
    s, token = tables.session, secrets.token_urlsafe(32)
    opened = {"id": new_id(), "token_hash": digest(token), "employee_id": employee_id, "opened_at": work.now, "seen_at": work.now, "is_signed_on": is_signed_on}
    work.connection.execute(insert(s), [opened | {"address": address[:64], "agent": agent[:200]}])
    work.connection.execute(delete(s).where(s.c.opened_at < work.now - ABSOLUTE))
    return token


def _count_attempt(work: Work, limits: dict[str, int]) -> list[UUID]:
    a, since = tables.login_attempt, work.now - WINDOW
    for key, most in limits.items():
        tries = select(func.count()).select_from(a).where(and_(a.c.key == key, a.c.tried_at > since))
        if work.scalar(tries) >= most:
            raise TooManyAttempts
    rows: list[Row] = [{"id": new_id(), "key": key, "tried_at": work.now} for key in limits]
    work.connection.execute(insert(a), rows)
    work.connection.execute(delete(a).where(a.c.tried_at < since))
    return [row["id"] for row in rows]


class Sessions(Service):
    """Signing in and out, and one's own settings."""

    @reads()
    def who(self) -> Actor:
        """The caller."""
        return self.actor

    @writes(remembered=False)
    def touch(self) -> None:
        """Keep the calling session from going idle: somebody is using it."""
        s = tables.session
        stale = s.c.seen_at < self.work.now - SEEN_EVERY
        self.work.connection.execute(
            update(s).where(and_(s.c.token_hash == self.work.session, stale)).values(seen_at=self.work.now)
        )
        t = tables.access_token
        self.work.connection.execute(update(t).where(t.c.token_hash == self.work.session).values(seen_at=self.work.now))

    @writes(remembered=False)
    def close(self) -> None:
        """End the calling session."""
        s = tables.session
        self.work.connection.execute(delete(s).where(s.c.token_hash == self.work.session))

    @writes(remembered=False)
    def change_password(self, *, old: str, new: str) -> None:
        """Change one's own password and end one's other sessions."""
        e = tables.employee
        row = self.work.one(select(e).where(e.c.id == self.actor.id))
        if row is None or not password_fits(row["password_hash"], old):
            raise InvalidInput(_("The present password is wrong."), "old")
        try:
            hashed = hash_password(new)
        except InvalidInput as error:
            raise InvalidInput(error.message, "new") from None
        self.work.change(e, self.actor.id, row["version"], password_hash=hashed)
        s = tables.session
        others = and_(s.c.employee_id == self.actor.id, s.c.token_hash != self.work.session)
        self.work.connection.execute(delete(s).where(others))

    @writes()
    def prefer(self, *, locale: str = "", theme: str = "", density: str = "") -> Actor:
        """Set one's own language (nb, en), theme (auto, light, dark) or density (full, compact); "" leaves it."""
        if locale and locale not in LOCALES:
            raise InvalidInput(_("The language must be nb or en."), "locale")
        if theme and theme not in THEMES:
            raise InvalidInput(_("The theme must be auto, light or dark."), "theme")
        if density and density not in DENSITIES:
            raise InvalidInput(_("The density must be full or compact."), "density")
        e = tables.employee
        row = self.work.one(select(e).where(e.c.id == self.actor.id))
        assert row is not None  # noqa: S101 - the caller is an employee
        chosen = {"locale": locale or row["locale"], "theme": theme or row["theme"], "density": density or row["density"]}
        return as_actor(self.work.change(e, self.actor.id, row["version"], **chosen))

    @writes(remembered=False)
    def create_token(self, *, name: str, scopes: tuple[str, ...] = (READ, WRITE), days: int | None = None) -> AccessToken:
        """Make a personal access token for scripts; its text is in the answer and nowhere else.

        Parameters
        ----------
        scopes : "read" and "write" of everything, or of one service: "customers:read", "orders:write".
        days : after which it ends; None for never.

        Raises `InvalidInput`.
        """
        wrong = [scope for scope in scopes if not SCOPE.fullmatch(scope)]
        if wrong or not scopes:
            raise InvalidInput(_("{text} is no scope. Write read, write, or one of a service: customers:read.", text=", ".join(wrong)[:80]), "scopes")
        if days is not None and not 1 <= days <= LONGEST_TOKEN:
            raise InvalidInput(_("A token lasts from 1 to {n} days.", n=LONGEST_TOKEN), "days")
        token = TOKEN + secrets.token_urlsafe(32)
        ends = self.work.now + timedelta(days=days) if days else None
        made: Row = {"id": new_id(), "employee_id": self.actor.id, "name": name[:80], "created_at": self.work.now, "scopes": tuple(scopes), "expires_at": ends}
        self.work.connection.execute(
            insert(tables.access_token), [made | {"token_hash": digest(token), "revoked_at": None}]
        )
        return AccessToken(made["id"], made["name"], self.work.now, token, tuple(scopes), ends)

    @reads()
    def tokens(self) -> list[AccessToken]:
        """One's own access tokens that are in force."""
        t = tables.access_token
        query = select(t.c.id, t.c.name, t.c.created_at, t.c.scopes, t.c.expires_at, t.c.seen_at).where(
            and_(t.c.employee_id == self.actor.id, t.c.revoked_at.is_(None)), or_(t.c.expires_at.is_(None), t.c.expires_at > self.work.now)
        )
        return [AccessToken(**row | {"scopes": row["scopes"] or (READ, WRITE)}) for row in self.work.rows(query.order_by(t.c.created_at))]

    @reads()
    def mine(self) -> list[OpenSession]:
        """Where the caller is signed in, last used first."""
        return self._open(tables.session.c.employee_id == self.actor.id)

    @reads(needs=Role.ADMIN)
    def everybodys(self) -> list[OpenSession]:
        """Where everybody is signed in, last used first."""
        return self._open(true())

    def _open(self, whose: ColumnElement[bool]) -> list[OpenSession]:
        s, e = tables.session, tables.employee
        alive = and_(whose, s.c.opened_at > self.work.now - ABSOLUTE, s.c.seen_at > self.work.now - IDLE)
        rows = self.work.rows(select(s, e.c.name).join(e, e.c.id == s.c.employee_id).where(alive).order_by(s.c.seen_at.desc()))
        return [as_record(OpenSession, row | {"agent": row["agent"] or "", "is_this": row["token_hash"] == self.work.session}) for row in rows]

    @writes(remembered=False)
    def revoke(self, *, id: UUID) -> None:  # noqa: A002 - the wire's word
        """End a session: one's own, or as an administrator anybody's; open pages close within a minute. Raises `NotFound`."""
        s = tables.session
        whose = true() if self.actor.has(Role.ADMIN) else s.c.employee_id == self.actor.id
        if self.work.scalar(select(s.c.id).where(s.c.id == id, whose)) is None:
            raise NotFound(_("There is no such session, or it has ended."))
        self.work.connection.execute(delete(s).where(s.c.id == id))

    @writes()
    def revoke_token(self, *, id: UUID) -> None:  # noqa: A002 - the wire's word
        """Revoke one's own access token."""
        t = tables.access_token
        self.work.connection.execute(
            update(t).where(and_(t.c.id == id, t.c.employee_id == self.actor.id)).values(revoked_at=self.work.now)
        )
