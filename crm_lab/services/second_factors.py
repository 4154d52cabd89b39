"""The second factor: codes of half a minute from an app (TOTP, RFC 6238), and recovery codes on paper.

The secret of an app must be known to compute its codes, so it stands in the company's file, in no answer but the one that made it and in no audit
row. Of recovery codes the digests are kept: 80 random bits each need no slow hash.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b32encode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import pyotp
from sqlalchemy import delete, insert, select, update

from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.errors import Conflict, Forbidden, InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.store import tables

if TYPE_CHECKING:
    from datetime import datetime

    from crm_lab.store.records import Row, Work

STEP = 30
"""Seconds that a code is good for; one before and one after are taken too (RFC 6238 § 5.2)."""
RECOVERY_CODES, RECOVERY_BYTES = 10, 10


class SecondFactorNeeded(Forbidden):
    """The password was right; a code is asked for."""

    status = 401

    def __init__(self) -> None:
        super().__init__(_("Enter your password again, and the code from your app."))


class WrongCode(Forbidden):
    """The code is wrong, too old, or was used already."""

    status = 401

    def __init__(self) -> None:
        super().__init__(_("The code is wrong or used already. Wait for the next one and try again."))


@dataclass(frozen=True, slots=True)
class NewFactor:
    """What an app is set up with; shown once. `uri` is what the QR code says."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class FactorState:
    """Whether the caller has a second factor, how many recovery codes are left, and whether the company wants one."""

    is_on: bool
    n_recovery: int
    is_required: bool


class SecondFactors(Service):
    """One's own second factor, and whether the company wants one of everybody."""

    @reads()
    def state(self) -> FactorState:
        """How it stands with the caller's."""
        row = _confirmed(self.work, self.actor.id)
        return FactorState(row is not None, len(row["recovery"]) if row else 0, _is_required(self.work))

    @writes(remembered=False)
    def begin(self) -> NewFactor:
        """Make a secret for an app; nothing is asked for until `confirm` has seen a code of it. Raises `Conflict`."""
        f = tables.second_factor
        if _confirmed(self.work, self.actor.id):
            raise Conflict(_("You have a second factor. Remove it before you set up another."))
        made: Row = {"secret": pyotp.random_base32(), "begun_at": self.work.now, "last_step": 0, "recovery": ()}
        if self.work.rows_of(f, "employee_id", [self.actor.id]):
            self.work.connection.execute(update(f).where(f.c.employee_id == self.actor.id).values(**made))
        else:
            self.work.connection.execute(insert(f), [made | {"id": new_id(), "employee_id": self.actor.id}])
        company = next(iter(self.work.kept(tables.company)), {"name": "crm_lab"})
        return NewFactor(made["secret"], pyotp.TOTP(made["secret"]).provisioning_uri(name=self.actor.username, issuer_name=company["name"]))

    @writes(remembered=False)
    def confirm(self, *, code: str) -> list[str]:
        """Switch it on with a first code; the recovery codes, which are shown now and never again. Raises `InvalidInput`."""
        f = tables.second_factor
        row = self.work.one(select(f).where(f.c.employee_id == self.actor.id, f.c.confirmed_at.is_(None)))
        step = _step_of(row, code, self.work.now) if row else None
        if row is None or step is None:
            raise InvalidInput(_("The code is wrong. Check the clock of your phone, and enter the code it shows now."), "code")
        codes = [_grouped(secrets.token_bytes(RECOVERY_BYTES)) for _n in range(RECOVERY_CODES)]
        kept = {"confirmed_at": self.work.now, "last_step": step, "recovery": tuple(_digest(code) for code in codes)}
        self.work.connection.execute(update(f).where(f.c.id == row["id"]).values(**kept))
        self._tell(self.actor.id)
        return codes

    @writes(remembered=False)
    def remove(self, *, code: str) -> None:
        """Switch it off with a code of the app or a recovery code. Raises `WrongCode`."""
        prove(self.work, self.actor.id, code)
        self._forget(self.actor.id)

    @writes(needs=Role.ADMIN, remembered=False)
    def reset(self, *, employee_id: UUID) -> None:
        """Take away the second factor of somebody who has lost it; that one's sessions end."""
        self._forget(employee_id)
        s = tables.session
        self.work.connection.execute(delete(s).where(s.c.employee_id == employee_id, s.c.token_hash != self.work.session))

    @writes(needs=Role.ADMIN)
    def require(self, *, is_required: bool) -> None:
        """Ask a second factor of everybody, or no longer. Raises `Conflict` where the caller has none."""
        if is_required and not _confirmed(self.work, self.actor.id):
            raise Conflict(_("Set up a second factor of your own first; else you would shut yourself out."))
        row = self.work.one(select(tables.company))
        assert row is not None  # noqa: S101 - an administrator belongs to a company
        self.work.change(tables.company, row["id"], row["version"], needs_second_factor=is_required)

    def _forget(self, employee_id: UUID) -> None:
        f = tables.second_factor
        self.work.connection.execute(delete(f).where(f.c.employee_id == employee_id))
        self._tell(employee_id)

    def _tell(self, employee_id: UUID) -> None:
        """That it was changed stands in the audit; what it is does not."""
        (row,) = self.work.rows_of(tables.employee, "id", [employee_id])
        self.work.note(tables.employee, row, row, row)


def lacks_factor(work: Work, employee_id: UUID) -> bool:
    """Whether the company wants a second factor of somebody who has none."""
    return _is_required(work) and _confirmed(work, employee_id) is None


def prove(work: Work, employee_id: UUID, code: str) -> None:
    """See that somebody has the second factor, where there is one; a code is good once. Raises `SecondFactorNeeded`, `WrongCode`."""
    f, row = tables.second_factor, _confirmed(work, employee_id)
    if row is None:
        return
    if not code.strip():
        raise SecondFactorNeeded
    step = _step_of(row, code, work.now)
    if step is not None:
        work.connection.execute(update(f).where(f.c.id == row["id"]).values(last_step=step))
    elif (used := _digest(code)) in row["recovery"]:
        left = tuple(one for one in row["recovery"] if one != used)
        work.connection.execute(update(f).where(f.c.id == row["id"]).values(recovery=left))
    else:
        raise WrongCode


def _is_required(work: Work) -> bool:
    return bool(next(iter(work.kept(tables.company)), {}).get("needs_second_factor"))


def _confirmed(work: Work, employee_id: UUID) -> Row | None:
    f = tables.second_factor
    return work.one(select(f).where(f.c.employee_id == employee_id, f.c.confirmed_at.is_not(None)))


def _step_of(row: Row, code: str, now: datetime) -> int | None:
    """The half minute whose code this is: the present one or a neighbour, and later than the last that was used."""
    app, at, digits = pyotp.TOTP(row["secret"]), int(now.timestamp()) // STEP, "".join(code.split())
    fits = [step for step in (at - 1, at, at + 1) if secrets.compare_digest(app.generate_otp(step).encode(), digits.encode())]
    return next((step for step in fits if step > row["last_step"]), None)


def _grouped(random: bytes) -> str:
    text = b32encode(random).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _digest(code: str) -> str:
    return hashlib.sha256("".join(c for c in code.lower() if c.isalnum()).encode()).hexdigest()
