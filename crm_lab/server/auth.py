"""Who may see a page: login, sessions, and the rule that a kernel belongs to one login session."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.httputil import url_concat
from traitlets import default

from crm_lab.domain.sign_on import SignOnFacts
from crm_lab.errors import CrmError, Forbidden, SignedOut, Unavailable
from crm_lab.i18n import LOCALES, _, use_locale

if TYPE_CHECKING:
    from crm_lab.connection import Remote
    from crm_lab.domain.access import Actor
    from crm_lab.domain.sign_on import SignOnStart
    from crm_lab.services.sessions import OpenedSession

COOKIE, UNDER_WAY = "crm_session", "crm_sign_on"
SIGN_ON_TAKES = 1 / 96
"""The part of a day in which somebody comes back from the identity provider: a quarter of an hour."""
KNOWN_FOR = 5.0
TRUSTED_WITHOUT_STORE = 60.0


@dataclass
class PageUser(User):
    """The employee of a request, with the session's token."""

    session: str = ""
    locale: str = "nb"
    theme: str = "auto"


class Callers:
    """Sessions checked with the store, remembered for five seconds (for a minute while the store is away)."""

    def __init__(self, store: Remote) -> None:
        self.store = store
        self._known: dict[str, tuple[Actor, float]] = {}

    async def actor(self, token: str) -> Actor | None:
        """The employee behind a session token, or None. Raises `Unavailable`."""
        known = self._known.get(token)
        if known and time.monotonic() - known[1] < KNOWN_FOR:
            return known[0]
        try:
            actor: Actor = await in_thread(self.store.call, "sessions", "who", {}, token=token)
        except SignedOut:
            self.forget(token)
            return None
        except Unavailable:
            if known and time.monotonic() - known[1] < TRUSTED_WITHOUT_STORE:
                return known[0]
            raise
        self._known[token] = (actor, time.monotonic())
        return actor

    def forget(self, token: str) -> None:
        """Ask the store again next time."""
        self._known.pop(token, None)


async def in_thread(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Run a blocking call beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(None, lambda: function(*args, **kwargs))


class SessionIdentity(IdentityProvider):
    """Identity from a signed cookie that holds a session token. Tokens in headers or URLs are never taken."""

    @default("token")
    def _no_token(self) -> str:
        return ""

    def _options(self, handler: web.RequestHandler) -> dict[str, Any]:
        path = handler.settings["base_url"]
        return {"httponly": True, "samesite": "Lax", "path": path, "secure": handler.request.protocol == "https"}

    def open_session(self, handler: web.RequestHandler, token: str) -> None:
        """Hand the browser its session."""
        handler.set_signed_cookie(COOKIE, token, expires_days=None, **self._options(handler))

    def end_session(self, handler: web.RequestHandler) -> None:
        """Take the session from the browser."""
        handler.clear_cookie(COOKIE, **self._options(handler))

    async def get_user(self, handler: web.RequestHandler) -> PageUser | None:  # type: ignore[override]
        """The employee of a request, or None."""
        raw = handler.get_signed_cookie(COOKIE, max_age_days=1)
        if not raw:
            return None
        token = raw.decode()
        try:
            actor = await handler.settings["callers"].actor(token)
        except Unavailable as error:
            raise web.HTTPError(503) from error
        if actor is None:
            return None
        return PageUser(
            username=actor.username, name=actor.name, session=token, locale=actor.locale, theme=actor.theme
        )

    def is_token_authenticated(self, handler: web.RequestHandler) -> bool:
        """Never: so cross-site checks are never skipped."""
        del handler
        return False

    def should_check_origin(self, handler: web.RequestHandler) -> bool:
        """Always."""
        del handler
        return True

    def get_handlers(self) -> list[Any]:
        """Login and logout, below the base URL."""
        base = self.parent.server_url or self.parent.base_url
        return [
            (url_path_join(base, "login"), LoginHandler), (url_path_join(base, "logout"), LogoutHandler),
            (url_path_join(base, "sso"), SignOnHandler), (url_path_join(base, "sso", "callback"), SignOnReturn),
        ]  # fmt: skip


class OwnerAuthorizer(Authorizer):
    """Denies everything but a session's use of its own kernels."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Whether the kernel named in the URL was started by this very session."""
        del action
        if resource != "kernels":
            return False
        kernel_id = handler.path_kwargs.get("kernel_id") or next(iter(handler.path_args), None)
        return kernel_id is not None and handler.kernel_manager.owner.get(kernel_id) == user.session


def return_address(handler: web.RequestHandler) -> str:
    """Where the identity provider sends browsers back to: an address that is registered there."""
    return f"{handler.request.protocol}://{handler.request.host}{url_path_join(handler.settings['base_url'], 'sso', 'callback')}"


def page_locale(handler: web.RequestHandler) -> str:
    """The language of a page nobody is signed in to: asked for, remembered, the browser's, Norwegian."""
    accepted = handler.request.headers.get("Accept-Language", "")[:2].lower()
    wishes = (handler.get_query_argument("lang", ""), handler.get_cookie("crm_lang", ""), accepted)
    wish = next((w for w in wishes if w), "nb")
    return wish if wish in LOCALES else ("nb" if wish in {"no", "nn", "da", "sv"} else "en")


class LoginPage(LoginFormHandler):
    """What all ways in share: the page, and going on from it."""

    async def _sign_on_facts(self) -> SignOnFacts:
        try:
            facts: SignOnFacts = await in_thread(self.settings["callers"].store.call, "sign_on", "facts", {}, token="")
        except CrmError:
            return SignOnFacts(is_on=False)
        return facts

    async def _render(self, message: str = "", *, asks_code: bool = False, username: str = "") -> None:
        locale = page_locale(self)
        home, facts = self.settings["home_url"], await self._sign_on_facts()
        template = self.settings["voila_jinja2_env"].get_template("login.html")
        self.set_header("Cache-Control", "no-store")
        if self.get_query_argument("lang", ""):
            self.set_cookie("crm_lang", locale, path=self.base_url, samesite="Lax", expires_days=365)
        with use_locale(locale):
            self.write(
                template.render(
                    _=_,
                    lang=locale,
                    message=message,
                    asks_code=asks_code,
                    username=username,
                    next=self.get_argument("next", home),
                    base_url=self.base_url,
                    xsrf=self.xsrf_token.decode(),
                    demo=self.settings["demo_login"],
                    sign_on=facts,
                    sign_on_address=url_concat(url_path_join(self.base_url, "sso"), {"next": self.get_argument("next", home)}),
                )
            )

    def _let_in(self, opened: OpenedSession, to: str) -> None:
        self.identity_provider.open_session(self, opened.token)
        self._redirect_safe(to, self.settings["home_url"])

    async def _refuse(self, error: CrmError, **shown: Any) -> None:
        self.log.warning("login refused: %s from %s", type(error).__name__, self.request.remote_ip)
        self.set_status(error.status)
        await self._render(error.message, **shown)


class LoginHandler(LoginPage):
    """The login page."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Show the form, or go on where somebody is signed in."""
        if await self.identity_provider.get_user(self):
            self._redirect_safe(self.get_argument("next", self.settings["home_url"]), self.settings["home_url"])
        else:
            await self._render()

    @allow_unauthenticated
    async def post(self) -> None:
        """Check the password with the store and open a session."""
        credentials = {
            "username": self.get_body_argument("username", "")[:64],
            "password": self.get_body_argument("password", "", strip=False)[:256],
            "address": self.request.remote_ip or "",
            "code": self.get_body_argument("code", "")[:32],
            "agent": self.request.headers.get("User-Agent", "")[:200],
        }
        with use_locale(page_locale(self)):
            try:
                opened = await in_thread(self.settings["callers"].store.call, "sessions", "open", credentials)
            except (Forbidden, Unavailable) as error:
                asks_code = type(error).__name__ in {"SecondFactorNeeded", "WrongCode"}
                await self._refuse(error, asks_code=asks_code, username=credentials["username"])
                return
        self._let_in(opened, self.get_body_argument("next", self.settings["home_url"]))


class SignOnHandler(LoginPage):
    """The way to the company's identity provider. What the browser must come back with is in a cookie that only this server can make."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Send the browser there."""
        with use_locale(page_locale(self)):
            try:
                start: SignOnStart = await in_thread(self.settings["callers"].store.call, "sign_on", "start", {"redirect": return_address(self)}, token="")
            except CrmError as error:
                await self._refuse(error)
                return
        kept = json.dumps([start.state, start.nonce, start.verifier, self.get_argument("next", self.settings["home_url"])])
        self.set_signed_cookie(UNDER_WAY, kept, expires_days=None, httponly=True, samesite="Lax", path=self.base_url, secure=self.request.protocol == "https")
        self.redirect(start.url)


class SignOnReturn(LoginPage):
    """The way back, with a code that the store takes to the provider."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Let in whom the provider vouches for, once."""
        kept = self.get_signed_cookie(UNDER_WAY, max_age_days=SIGN_ON_TAKES)
        self.clear_cookie(UNDER_WAY, path=self.base_url)
        with use_locale(page_locale(self)):
            try:
                state, nonce, verifier, to = json.loads(kept or b"[]") or ("", "", "", "")
                if not state or not secrets.compare_digest(state, self.get_query_argument("state", "")):
                    raise Forbidden(_("Signing in took too long, or was begun in another window. Try again."))
                if refusal := self.get_query_argument("error", ""):
                    raise Forbidden(_("Signing in was not completed: {reason}", reason=self.get_query_argument("error_description", refusal)[:200]))
                brought = {
                    "code": self.get_query_argument("code", "")[:4096], "redirect": return_address(self), "nonce": nonce, "verifier": verifier,
                    "address": self.request.remote_ip or "", "agent": self.request.headers.get("User-Agent", "")[:200],
                }  # fmt: skip
                opened = await in_thread(self.settings["callers"].store.call, "sign_on", "finish", brought, token="")
            except CrmError as error:
                await self._refuse(error)
                return
        self._let_in(opened, to)


class LogoutHandler(JupyterHandler):
    """Ends the session, its kernels and its sockets."""

    @web.authenticated
    async def post(self) -> None:
        """Log out."""
        session = self.current_user.session
        try:
            await in_thread(self.settings["callers"].store.call, "sessions", "close", {}, token=session)
        except CrmError as error:
            self.log.warning("logout: %s", error)
        await self.settings["end_session"](session)
        self.identity_provider.end_session(self)
        self.redirect(url_path_join(self.base_url, "login"))
