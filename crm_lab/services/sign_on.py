"""Single sign-on: employees let in by the company's identity provider.

The store itself takes the code to the provider and looks at the token it gets: nobody who reaches the store can say who somebody is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cachetools import TTLCache
from sqlalchemy import and_, func, insert, select

from crm_lab.domain.ids import new_id
from crm_lab.domain.sign_on import Identity, SignOnFacts, SignOnStart
from crm_lab.errors import Forbidden, NotFound
from crm_lab.exchange.oidc import Provider
from crm_lab.i18n import _
from crm_lab.services.actions import Service, asks, reads
from crm_lab.services.sessions import OpenedSession, open_session
from crm_lab.settings import Settings
from crm_lab.store import tables
from crm_lab.store.records import Row, Work

if TYPE_CHECKING:
    from crm_lab.services.actions import Dispatcher

KEPT = 3600
_PROVIDERS: TTLCache[tuple[str, ...], Provider] = TTLCache(4, KEPT)
"""What a provider told of itself is asked again once an hour."""


class NoSuchEmployee(Forbidden):
    """The provider knows somebody whom the company has not added here."""

    def __init__(self, identity: Identity) -> None:
        known_as = identity.email or identity.user_name or identity.subject
        super().__init__(_("{name} is no employee here. Ask an administrator to add you, with the same e-mail address.", name=known_as[:120]))


class SignOn(Service):
    """The way in by the company's identity provider."""

    @reads(public=True)
    def facts(self) -> SignOnFacts:
        """What the login page shows of it."""
        settings = Settings()
        return SignOnFacts(bool(settings.oidc_issuer), settings.oidc_name, bool(settings.oidc_issuer) and settings.oidc_only)

    @asks(public=True)
    def start(self, *, redirect: str) -> SignOnStart:
        """Where a browser is sent that is to come back to `redirect`. Raises `NotFound` where there is no single sign-on, `ProviderAway`."""
        return _provider().start(redirect)


def sign_on(dispatcher: Dispatcher, *, code: str, redirect: str, nonce: str, verifier: str, address: str = "", agent: str = "") -> OpenedSession:
    """Open a session for whoever the provider says came back with `code`. Raises `SignOnRefused`, `NoSuchEmployee`, `ProviderAway`."""
    identity = _provider().identity(code=code, redirect=redirect, nonce=nonce, verifier=verifier)
    with dispatcher.database.writing() as connection:
        row = _employee(Work(connection, None, dispatcher.clock()), identity)
    return open_session(dispatcher, row, address=address, agent=agent, is_signed_on=True)


def _employee(work: Work, identity: Identity) -> Row:
    """The employee that an identity is linked with; one who comes for the first time is found and linked. Raises `NoSuchEmployee`."""
    e, i = tables.employee, tables.identity
    linked = and_(i.c.issuer == identity.issuer, i.c.subject == identity.subject)
    row = work.one(select(e).join(i, i.c.employee_id == e.c.id).where(linked))
    if row is None:
        row = _first_time(work, identity)
        if row is not None:
            made = {"id": new_id(), "issuer": identity.issuer, "subject": identity.subject, "employee_id": row["id"], "linked_at": work.now}
            work.connection.execute(insert(i), [made])
    if row is None or not row["is_active"]:
        raise NoSuchEmployee(identity)
    return row


def _first_time(work: Work, identity: Identity) -> Row | None:
    """The one active employee with that verified e-mail address or that user name, who is linked with no other identity there."""
    e, i = tables.employee, tables.identity
    if Settings().oidc_match == "email":
        wanted = func.lower(e.c.email) == identity.email if identity.email and identity.is_email_verified else None
    else:
        wanted = e.c.username == identity.user_name if identity.user_name else None
    if wanted is None:
        return None
    taken = select(i.c.employee_id).where(i.c.issuer == identity.issuer)
    rows = work.rows(select(e).where(and_(wanted, e.c.is_active, e.c.id.not_in(taken))))
    return rows[0] if len(rows) == 1 else None


def _provider() -> Provider:
    settings = Settings()
    if not settings.oidc_issuer:
        raise NotFound(_("Single sign-on is not set up."))
    key = (settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret)
    if key not in _PROVIDERS:
        _PROVIDERS[key] = Provider(*key)
    return _PROVIDERS[key]
