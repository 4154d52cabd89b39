"""JupyterHub: who it has let in works in the company as the employee of the same name."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import and_, select

from crm_lab.errors import InvalidInput, NotFound
from crm_lab.exchange.signed import require_signed
from crm_lab.i18n import _
from crm_lab.services.actions import Service, writes
from crm_lab.services.sessions import begin_session
from crm_lab.settings import Settings
from crm_lab.store import tables

AGENT = "JupyterHub"


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """What a hub sends: whose server is about to start."""

    username: str


@dataclass(frozen=True, slots=True)
class LentSession:
    """The token of a session, which the user's server acts with."""

    token: str


class Hub(Service):
    """What a hub may ask that knows `CRM_HUB_SECRET`."""

    @writes(public=True, remembered=False)
    def lend(self, *, body: str, timestamp: str, signature: str) -> LentSession:
        """A session of the employee that a signed message names; it ends as those of browsers do, and is listed with them.

        Raises `SignatureRefused`, `InvalidInput`, `NotFound` where there is no such active employee.
        """
        require_signed(body, timestamp=timestamp, signature=signature, secret=Settings().hub_secret, now=self.work.now)
        try:
            wish = msgspec.json.decode(body, type=Wish)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise InvalidInput(_("This value cannot be used: {reason}", reason=str(error)), "username") from None
        e = tables.employee
        employee = self.work.scalar(select(e.c.id).where(and_(e.c.username == wish.username.strip().lower(), e.c.is_active)))
        if employee is None:
            raise NotFound(_("There is no active employee {name}. Ask an administrator to add one.", name=wish.username[:64]))
        return LentSession(begin_session(self.work, employee, address="", agent=AGENT, is_signed_on=True))
