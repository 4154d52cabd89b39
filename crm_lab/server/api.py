"""The store process: the services behind HTTP, on a Unix socket only its owner can open.

`POST /api/{service}/{action}` with the arguments as JSON. The answer is JSON, or an Arrow stream for a frame.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click
import structlog
import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from crm_lab.errors import CrmError, InvalidInput, SignedOut
from crm_lab.exchange.signed import message_of
from crm_lab.i18n import _, set_locale
from crm_lab.server import logs
from crm_lab.server.calendar_sync import Calendars
from crm_lab.server.limits import Limits
from crm_lab.server.mail import Mail
from crm_lab.server.metrics import CONTENT_TYPE, StoreMetrics, label_of
from crm_lab.server.nightly import Nightly, keep_calls
from crm_lab.server.openapi import describe
from crm_lab.server.register import keep_register
from crm_lab.server.rest import (
    answer,
    arguments_in,
    arguments_of_query,
    bearer_of,
    body_of,
    refusal,
    request_id_of,
    respond,
    with_version,
)
from crm_lab.server.sales import SalesAtNight
from crm_lab.server.telephony import hear_exchange
from crm_lab.server.texts import keep_texts
from crm_lab.server.tracing import Tracer
from crm_lab.server.webhooks import post_messages
from crm_lab.services.actions import Dispatcher
from crm_lab.services.catalogue import SERVICES
from crm_lab.services.sessions import TOKEN, actor_of_token, actor_of_username, digest, sign_in
from crm_lab.services.sign_on import sign_on
from crm_lab.settings import Settings, utc_now
from crm_lab.store.engine import Database
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import FrameType

    from starlette.requests import Request

    from crm_lab.domain.access import Actor

log = structlog.get_logger()
IDLE_BEFORE_CHECKPOINT = 2.0
LARGEST_WAL = 1_000_000
EXIT_REOPEN = 75
TOUCH_EVERY = 60.0
CALLER_KEPT = 5.0
MOST_CALLERS = 10_000
OUTCOMES = {2: "ok", 4: "refused", 5: "failed"}
CREDENTIALS = ("username", "password", "address", "code", "agent")
BROUGHT_BACK = ("code", "redirect", "nonce", "verifier", "address", "agent")
"""What signing in and single sign-on are told; both commit before they look, and run outside the dispatcher."""
WHO_IS_WHO = {"employees", "history", "second_factors", "sessions"}


class StoreApp:
    """The ASGI application of one open company."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.dispatcher = Dispatcher(database, SERVICES)
        self.nightly = Nightly(database)
        self.metrics = StoreMetrics(database)
        self.tracer = Tracer(Settings().traces)
        self.sales = SalesAtNight(self.dispatcher)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._leaving = False
        self._is_logged = Settings().log == "json"
        self._callers: dict[tuple[str, str], tuple[Actor, float]] = {}
        self._touched: dict[str, float] = {}
        self._limits = Limits(Settings().api_per_minute)
        routes = [
            Route("/api/changes", self.changes, methods=["GET"]),
            Route("/api/openapi.json", self.openapi, methods=["GET"]),
            Route("/api/hooks/calls", self.hook, methods=["POST"]),
            Route("/api/{service}/{action}", self.act, methods=["GET", "POST"]),
            Route("/health", self.health, methods=["GET"]),
            Route("/metrics", self.figures, methods=["GET"]),
        ]
        self.asgi = Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        del app
        self._loop = asyncio.get_running_loop()
        self.database.changes.listen(self._wake)
        to_thread.current_default_thread_limiter().total_tokens = 16
        chores = (
            self._keep_tidy(), self.nightly.keep(), self.sales.keep(), to_thread.run_sync(self.database.warm),
            keep_register(self.database), hear_exchange(self.database), post_messages(self.database),
            keep_texts(self.database), keep_calls(self.database),
            Mail(self.database).keep(), Calendars(self.database).keep(),
        )  # fmt: skip
        tasks = [asyncio.create_task(chore) for chore in chores]
        yield
        for task in tasks:
            task.cancel()
        await to_thread.run_sync(self.tracer.close)

    def leave(self) -> None:
        """Let nobody wait any longer for what others write: the store is about to stop."""
        self._leaving = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._news.set)

    def _wake(self) -> None:
        """Let all hear the news who wait for them; called in any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._announce)

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _keep_tidy(self) -> None:
        """Checkpoint when writing pauses or 1 MB waits; leave, to be started again, when DuckDB asks to be reopened."""
        done = 0.0
        while True:
            await asyncio.sleep(1)
            if self.database.is_broken:
                log.error("database must be reopened, leaving")
                os._exit(EXIT_REOPEN)
            written_at = self.database.changes.written_at
            idle = time.monotonic() - written_at > IDLE_BEFORE_CHECKPOINT
            if written_at > done and (idle or self.database.wal_bytes > LARGEST_WAL):
                done = written_at
                await to_thread.run_sync(self.database.checkpoint)

    async def act(self, request: Request) -> Response:
        """Run one action for whoever calls, and count it."""
        begun, name = time.monotonic(), label_of(request.path_params["service"], request.path_params["action"])
        with self.tracer.span(name, request.headers) as span:
            response = await self._answer(request)
            span.set_attribute("http.response.status_code", response.status_code)
        seconds, outcome = time.monotonic() - begun, OUTCOMES.get(response.status_code // 100, "refused")
        self.metrics.note(name, outcome, seconds)
        if self._is_logged:
            log.info("action", action=name, outcome=outcome, ms=round(1000 * seconds, 1), request=request.headers.get("idempotency-key", ""))
        return response

    async def _answer(self, request: Request) -> Response:
        try:
            if request.method == "POST":
                arguments = with_version(request, arguments_in(await body_of(request)))
            else:
                arguments = arguments_of_query(request)
            return await to_thread.run_sync(partial(self._act, request, arguments))
        except CrmError as error:
            return refusal(error, request)
        except Exception:
            reference = uuid4().hex[:8]
            log.exception("action failed", reference=reference, path=request.url.path)
            message = _("Something went wrong. Reference {reference}.", reference=reference)
            return answer({"error": "CrmError", "message": message}, 500)

    async def hook(self, request: Request) -> Response:
        """Take in a signed message about calls."""
        try:
            told = message_of(await body_of(request), request.headers)
            return await to_thread.run_sync(lambda: answer(self.dispatcher.run("calls", "hook", told, actor=None, request_id=uuid4())))
        except CrmError as error:
            return answer(error.to_wire(), error.status)

    def _act(self, request: Request, arguments: dict[str, Any]) -> Response:
        set_locale(request.headers.get("accept-language", "nb")[:2])
        service, action = request.path_params["service"], request.path_params["action"]
        if (service, action) == ("sessions", "open"):
            return answer(sign_in(self.dispatcher, **_texts(arguments, CREDENTIALS)))
        if (service, action) == ("sign_on", "finish"):
            return answer(sign_on(self.dispatcher, **_texts(arguments, BROUGHT_BACK)))
        token = bearer_of(request)
        is_open = not token and is_public(service, action)
        actor, session = None if is_open else self._caller(request, token), digest(token) if token else ""
        if token.startswith(TOKEN):
            self._limits.count(session, time.monotonic())
        if session and action != "who":
            self._touch(actor, session)
        value = self.dispatcher.run(
            service, action, arguments, actor=actor, request_id=request_id_of(request), session=session
        )
        if service in WHO_IS_WHO and action not in {"who", "touch"}:
            self._callers = {}
        return respond(request, value)

    def _touch(self, actor: Actor | None, session: str) -> None:
        """Keep the session of somebody who works from going idle, with one write a minute."""
        now = time.monotonic()
        if now - self._touched.get(session, 0.0) < TOUCH_EVERY:
            return
        self._touched = {s: at for s, at in self._touched.items() if now - at < TOUCH_EVERY} | {session: now}
        self.dispatcher.run("sessions", "touch", {}, actor=actor, request_id=uuid4(), session=session)

    def _caller(self, request: Request, token: str) -> Actor:
        """Who calls: by token; without one, the owner of the socket names an employee.

        The answer is kept for a moment, and forgotten whenever an employee or a session changes.
        """
        name = request.headers.get("x-crm-user", "")
        if not token and not name:
            raise SignedOut(_("You are signed out. Sign in again."))
        key, now = (token, "") if token else ("", name), time.monotonic()
        callers = self._callers
        known = callers.get(key)
        if known and now - known[1] < CALLER_KEPT:
            return known[0]
        with self.database.reading() as connection:
            work = Work(connection, None, utc_now())
            actor = actor_of_token(work, token) if token else actor_of_username(work, name)
        if len(callers) < MOST_CALLERS:
            callers[key] = (actor, now)
        return actor

    async def changes(self, request: Request) -> Response:
        """Answer as soon as there is a change later than `after`, or after `timeout` seconds."""
        try:
            await to_thread.run_sync(partial(self._caller, request, bearer_of(request)))
            after = int(request.query_params.get("after", "0"))
            wait = min(float(request.query_params.get("timeout", "25")), 55.0)
        except CrmError as error:
            return answer(error.to_wire(), error.status)
        except ValueError:
            return answer(InvalidInput(_("after and timeout are numbers.")).to_wire(), InvalidInput.status)
        if self.database.changes.last <= after and not self._leaving:
            try:
                await asyncio.wait_for(self._news.wait(), wait)
            except TimeoutError:
                pass
        return answer(self.database.changes.since(after))

    async def openapi(self, request: Request) -> Response:
        """The API described in OpenAPI 3.1."""
        del request
        return answer(describe(SERVICES))

    async def health(self, request: Request) -> Response:
        """Whether the database answers a query, and when the newest backup was made."""
        del request
        try:
            return answer(await to_thread.run_sync(lambda: self.database.health() | {"backup": self.nightly.state()}))
        except CrmError as error:
            return answer(error.to_wire(), error.status)


    async def figures(self, request: Request) -> Response:
        """The figures that Prometheus reads."""
        del request
        try:
            made = self.nightly.newest()
            return Response(await self.metrics.text(made, is_failing=self.nightly.is_failing), media_type=CONTENT_TYPE)
        except CrmError as error:
            return answer(error.to_wire(), error.status)


def is_public(service: str, action: str) -> bool:
    """Whether an action is for callers without a name: it is told a secret of its own."""
    found = getattr(getattr(SERVICES.get(service), action, None), "action", None)
    return found is not None and found.public


def _texts(arguments: dict[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    known = {name: arguments.get(name, "") for name in names}
    if not all(isinstance(value, str) for value in known.values()):
        raise InvalidInput(_("The request is not a JSON object."))
    return known


def listen(path: Path) -> socket.socket:
    """A Unix socket that only its owner can open; a dead process's leftover is replaced."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    old = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(old)
    return listener


class StoreServer(uvicorn.Server):
    """A server whose waiting requests are answered when it is told to stop."""

    def __init__(self, app: StoreApp) -> None:
        super().__init__(uvicorn.Config(app.asgi, log_level="warning", access_log=False, timeout_graceful_shutdown=3))
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop."""
        self._app.leave()
        super().handle_exit(sig, frame)


@click.command()
def main() -> None:
    """Serve the company that CRM_DATA (or CRM_URL) names until told to stop."""
    logs.set_up("store")
    settings = Settings()
    try:
        database = Database(settings.database_url)
    except CrmError as error:
        click.echo(error.message, err=True)
        sys.exit(2)
    path = settings.socket_path
    listener = listen(path)
    server = StoreServer(StoreApp(database))
    logs.take_over()
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them again once it has shut down
        signal.signal(number, lambda *_: None)
    log.info("store is up", socket=str(path))
    try:
        server.run(sockets=[listener])
    finally:
        database.close()
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
