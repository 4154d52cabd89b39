"""`connect()`: the same object for a page, a notebook and a script, wherever the data is.

`Remote` speaks HTTP over the store's Unix socket, `Local` runs the services in this process.
"""

from __future__ import annotations

import getpass
import random
import ssl
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, get_type_hints
from urllib.parse import urlsplit

import httpcore
import msgspec

from crm_lab.domain.access import Actor
from crm_lab.domain.ids import new_id
from crm_lab.domain.news import News
from crm_lab.errors import Unavailable, from_wire
from crm_lab.i18n import _, current_locale, set_locale
from crm_lab.proxies import PROXIES, ServiceProxy
from crm_lab.services.actions import Dispatcher, find_action
from crm_lab.services.catalogue import SERVICES
from crm_lab.services.sessions import OpenedSession, actor_of_token, actor_of_username, digest, sign_in
from crm_lab.services.sign_on import sign_on
from crm_lab.settings import Settings, utc_now
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from uuid import UUID

    import pandas as pd
    import pyarrow as pa

    from crm_lab.store.engine import Database

ARROW = "application/vnd.apache.arrow.stream"
LONG_ACTIONS = {
    ("imports", "run"), ("imports", "preview"), ("history", "undo"), ("calendar", "bring_in"), ("company", "check"), ("company", "backup"),
    ("ledger", "match_many"), ("ledger", "undo_run"), ("merges", "merge_many"), ("merges", "unmerge"), ("payments", "book"), ("payments", "undo"),
    ("register", "bring_in"), ("saft", "run"), ("saft", "preview"),
}  # fmt: skip
TIMEOUT, LONG_TIMEOUT = 60.0, 900.0
OK = 200
NO_ANSWER = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)
PATIENCE = 5.0
"""Seconds a call waits for a store that restarts before it gives up."""


class Transport(Protocol):
    """How an action reaches the services."""

    def call(self, service: str, action: str, arguments: dict[str, Any], *, request_id: UUID | None = None) -> Any:
        """Run one action and return its answer; frames come as Arrow tables."""

    def news(self, after: int, timeout: float) -> News:
        """What was written after the change of that number, as soon as there is any."""

    def health(self) -> dict[str, Any]:
        """Whether the store answers. Raises `Unavailable`."""

    def close(self) -> None:
        """Let go."""


class StoreAway(Unavailable):
    """Nobody answers on the store's socket."""

    def __init__(self) -> None:
        super().__init__(_("The data store does not answer. Try again in a moment."))


class Remote:
    """The store process over its socket, or over a web server's `https://` address with a personal access token.

    A call that got no answer is sent again with the same request number until `patience` seconds have
    passed: the store runs a request once, however often it comes.
    """

    def __init__(self, socket: str, *, token: str = "", user: str = "", patience: float = PATIENCE) -> None:
        is_far = socket.startswith(("https://", "http://"))
        self._base, self._health = (socket.rstrip("/"), "/healthz") if is_far else ("http://store", "/health")
        trusted = ssl.create_default_context() if is_far else None  # the system's authorities, and those of SSL_CERT_FILE
        self._http = httpcore.ConnectionPool(ssl_context=trusted, uds=None if is_far else socket, max_connections=8)
        self._token, self._user, self.patience = token, user, patience

    def _headers(self, token: str | None) -> dict[str, str]:
        headers = {"Accept-Language": current_locale()}
        bearer = self._token if token is None else token
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        elif self._user:
            headers["X-Crm-User"] = self._user
        return headers

    def _ask(
        self, method: str, path: str, headers: dict[str, str], content: bytes = b"", timeout: float = TIMEOUT
    ) -> httpcore.Response:
        sent: list[tuple[bytes | str, bytes | str]] = [("Host", urlsplit(self._base).netloc), ("Content-Length", str(len(content))), *headers.items()]
        limits = {"connect": 2.0, "read": timeout, "write": timeout, "pool": timeout}
        return self._http.request(
            method, f"{self._base}{path}", headers=sent, content=content, extensions={"timeout": limits}
        )

    def _send(
        self, method: str, path: str, headers: dict[str, str], content: bytes = b"", timeout: float = TIMEOUT
    ) -> httpcore.Response:
        deadline = time.monotonic() + self.patience
        while True:
            try:
                response = self._ask(method, path, headers, content, timeout)
            except NO_ANSWER as error:
                if time.monotonic() > deadline:
                    raise StoreAway from error
                time.sleep(random.uniform(0.02, 0.1))  # noqa: S311 - jitter, no secret
                continue
            if response.status == OK:
                return response
            raise from_wire(_error_body(response))

    def call(
        self,
        service: str,
        action: str,
        arguments: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        request_id: UUID | None = None,
    ) -> Any:
        """Run one action. Raises the service's own errors, and `StoreAway`."""
        headers = self._headers(token) | {"Idempotency-Key": str(request_id or new_id())}
        body = msgspec.json.encode(arguments or {})
        timeout = LONG_TIMEOUT if (service, action) in LONG_ACTIONS else TIMEOUT
        response = self._send("POST", f"/api/{service}/{action}", headers, body, timeout)
        if any(name.lower() == b"content-type" and value == ARROW.encode() for name, value in response.headers):
            return _read_arrow(response.content)
        return msgspec.json.decode(response.content, type=answer_type(service, action))

    def news(self, after: int, timeout: float) -> News:
        """Long-poll for a change later than `after`."""
        path = f"/api/changes?after={after}&timeout={timeout:g}"
        return msgspec.json.decode(self._send("GET", path, self._headers(None)).content, type=News)

    def health(self) -> dict[str, Any]:
        """Ask once, without patience."""
        try:
            response = self._ask("GET", self._health, {}, timeout=2.0)
        except NO_ANSWER as error:
            raise StoreAway from error
        if response.status != OK:
            raise StoreAway
        answer: dict[str, Any] = msgspec.json.decode(response.content)
        return answer

    def hand_on(self, method: str, path: str, headers: dict[str, str], content: bytes) -> httpcore.Response:
        """The store's answer to somebody else's request, whatever it is. Raises `StoreAway`."""
        try:
            return self._ask(method, path, headers, content, LONG_TIMEOUT)
        except NO_ANSWER as error:
            raise StoreAway from error

    def metrics(self) -> bytes:
        """The store's figures as Prometheus reads them, without patience."""
        try:
            response = self._ask("GET", "/metrics", {}, timeout=2.0)
        except NO_ANSWER as error:
            raise StoreAway from error
        if response.status != OK:
            raise StoreAway
        return response.content

    def close(self) -> None:
        """Close the socket."""
        self._http.close()


def _error_body(response: httpcore.Response) -> dict[str, Any]:
    try:
        body: dict[str, Any] = msgspec.json.decode(response.content)
    except msgspec.DecodeError:
        body = {}
    return {"message": _("The data store does not answer. Try again in a moment.")} | body


@cache
def answer_type(service: str, action: str) -> Any:
    """The type an action answers with, for decoding."""
    if (service, action) in {("sessions", "open"), ("sign_on", "finish")}:
        return OpenedSession
    method, _action = find_action(SERVICES, service, action)
    return get_type_hints(method).get("return", type(None))


def learn_answers() -> None:
    """Prepare the decoders of all actions, which the first call of each would wait for."""
    for service, cls in SERVICES.items():
        for action in [name for name, method in vars(cls).items() if hasattr(method, "action")]:
            answer_type(service, action)


def _read_arrow(content: bytes) -> pa.Table:
    import pyarrow.ipc

    return pyarrow.ipc.open_stream(content).read_all()


class Local:
    """The services in this process, on a database of its own: tests, or a lone analyst."""

    def __init__(self, database: Database, *, token: str = "", user: str = "") -> None:
        self.dispatcher = Dispatcher(database, SERVICES)
        self._token, self._user = token, user

    def call(
        self,
        service: str,
        action: str,
        arguments: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        request_id: UUID | None = None,
    ) -> Any:
        """Run one action here."""
        if (service, action) == ("sessions", "open"):
            return sign_in(self.dispatcher, **(arguments or {}))
        if (service, action) == ("sign_on", "finish"):
            return sign_on(self.dispatcher, **(arguments or {}))
        bearer = self._token if token is None else token
        with self.dispatcher.database.reading() as connection:
            work = Work(connection, None, utc_now())
            actor = actor_of_token(work, bearer) if bearer else actor_of_username(work, self._user)
        return self.dispatcher.run(
            service, action, arguments or {}, actor=actor, request_id=request_id or new_id(),
            session=digest(bearer) if bearer else "",
        )  # fmt: skip

    def news(self, after: int, timeout: float) -> News:
        """Wait for a change made in this process."""
        return self.dispatcher.database.changes.wait(after, timeout)

    def health(self) -> dict[str, Any]:
        """Query the database."""
        return self.dispatcher.database.health()

    def close(self) -> None:
        """Close the database."""
        self.dispatcher.database.close()


class ChangesProxy:
    """`crm.changes`: waiting for what others write."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def wait(self, after: int = 0, timeout: float = 25.0) -> int:
        """The number of the newest change, as soon as it is later than `after` (or `timeout` seconds passed)."""
        return self.news(after, timeout).last

    def news(self, after: int = 0, timeout: float = 25.0) -> News:
        """What was written after that change, as soon as there is any (or `timeout` seconds passed)."""
        return self._transport.news(after, timeout)


class Connection:
    """The company: `crm.customers.create(...)`, `crm.customers.list()` and so on.

    Attributes
    ----------
    last_request : number of the newest write, for `crm.history.undo(request_id=...)`.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.changes = ChangesProxy(transport)
        self.last_request: UUID | None = None

    @classmethod
    def find(cls, *, user: str = "", url: str = "", token: str = "") -> Connection:
        """Connect as `crm_lab.connect` describes."""
        settings = Settings()
        user = user or settings.user or getpass.getuser()
        address = url or settings.url
        if address.startswith(("https://", "http://")):
            return cls(Remote(address, token=token or settings.session))
        token = token or ("" if url else settings.session)
        if not url and not settings.url and settings.socket_path.exists():
            return cls(Remote(str(settings.socket_path), token=token, user=user))
        from crm_lab.store.engine import Database

        return cls(Local(Database(url or settings.database_url), token=token, user=user))

    def __getattr__(self, service: str) -> ServiceProxy:
        if service not in SERVICES:
            raise AttributeError(service)
        return PROXIES.get(service, ServiceProxy)(self, service)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *SERVICES]

    def run(self, service: str, action: str, arguments: dict[str, Any], *, writes: bool) -> Any:
        """Run one action; frames become pandas."""
        request_id = new_id()
        answer = self.transport.call(service, action, arguments, request_id=request_id)
        if writes:
            self.last_request = request_id
        return _as_frame(answer)

    def sql(self, statement: str) -> pd.DataFrame:
        """One SELECT over what you may see, as a frame; amounts in øre. `sql_tables` tells what there is. Raises `InvalidInput`."""
        frame: pd.DataFrame = self.run("sql", "frame", {"statement": statement}, writes=False)
        return frame

    def sql_tables(self) -> pd.DataFrame:
        """Every table and column that `sql` may ask, with its type and meaning."""
        frame: pd.DataFrame = self.run("sql", "tables", {}, writes=False)
        return frame

    @property
    def me(self) -> Actor:
        """The employee on whose behalf this connection acts; also sets the language to theirs."""
        actor: Actor = self.sessions.who()
        set_locale(actor.locale)
        return actor

    def health(self) -> dict[str, Any]:
        """Whether the store answers. Raises `Unavailable`."""
        return self.transport.health()

    def close(self) -> None:
        """Let go of the socket or the file."""
        self.transport.close()


def _as_frame(answer: Any) -> Any:
    if not hasattr(answer, "to_pandas"):
        return answer
    import pandas as pd
    import pyarrow as pa

    kinds = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.date32(): pd.ArrowDtype(pa.date32())}
    frame: pd.DataFrame = answer.to_pandas(types_mapper=kinds.get)
    return frame
