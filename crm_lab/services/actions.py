"""What an action is, and how one is run: the same path for the wire, the shell and a test.

A service is a class built with a `Work`. Its methods marked `@reads` or `@writes` are the actions people,
scripts and screens may call; nothing else can be reached from outside.
"""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

import msgspec
from sqlalchemy import Connection, insert, select

from crm_lab.domain.access import Role, covers
from crm_lab.errors import Conflict, Forbidden, InvalidInput, NotFound, SignedOut
from crm_lab.i18n import _
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.engine import Database, RetryableConflict
from crm_lab.store.records import Work
from crm_lab.store.webhooks import queue_events

if TYPE_CHECKING:
    from uuid import UUID

    from crm_lab.domain.access import Actor

F = TypeVar("F", bound=Callable[..., Any])
TRIES = 50
ASKED_TO_CHANGE = {"calls", "documents", "privacy"}
"""Services whose questions to others do something: they bring files, or let a telephone ring."""
OPEN_WITHOUT = {"sessions", "second_factors", "company"}
"""Services that somebody may use who has yet to set up the second factor."""


@dataclass(frozen=True, slots=True)
class Action:
    """How a method may be called. `needs` is a role, `public` means that nobody need be signed in.

    `asks` means that it waits for somebody outside, and holds nothing of the database meanwhile.
    """

    writes: bool
    asks: bool = False
    needs: Role | None = None
    public: bool = False
    remembered: bool = True


class Service:
    """A group of actions on one noun."""

    def __init__(self, work: Work) -> None:
        self.work = work

    @property
    def actor(self) -> Actor:
        """The caller. Raises `SignedOut` where there is none."""
        if self.work.actor is None:
            raise SignedOut(_("You are signed out. Sign in again."))
        return self.work.actor


def reads(*, needs: Role | None = None, public: bool = False) -> Callable[[F], F]:
    """Mark a method as an action that changes nothing."""
    return _mark(Action(writes=False, needs=needs, public=public))


def writes(*, needs: Role | None = None, public: bool = False, remembered: bool = True) -> Callable[[F], F]:
    """Mark a method as an action that changes data; its answer is kept so that a repeat is harmless.

    `remembered=False` is for answers that hold a secret, such as a session token.
    """
    return _mark(Action(writes=True, needs=needs, public=public, remembered=remembered))


def asks(*, needs: Role | None = None, public: bool = False) -> Callable[[F], F]:
    """Mark a method as an action that asks another service: it has no transaction, and its `work` runs no query."""
    return _mark(Action(writes=False, asks=True, needs=needs, public=public))


def _mark(action: Action) -> Callable[[F], F]:
    def mark(method: F) -> F:
        method.action = action  # type: ignore[attr-defined]
        return method

    return mark


def find_action(services: dict[str, type[Service]], service: str, name: str) -> tuple[Callable[..., Any], Action]:
    """The method behind `service.name`. Raises `NotFound`."""
    method = getattr(services.get(service), name, None)
    action = getattr(method, "action", None)
    if method is None or action is None:
        raise NotFound(_("There is no action {name}.", name=f"{service}.{name}"))
    return method, action


@cache
def arguments_of(method: Callable[..., Any]) -> type[msgspec.Struct]:
    """The keyword arguments of an action as a struct that checks what the wire brings.

    `**fields: Unpack[SomeTypedDict]` are arguments that may be left out.
    """
    hints = get_type_hints(method)
    fields: list[Any] = []
    for name, parameter in inspect.signature(method).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            (optional,) = get_args(hints[name])
            fields += [(key, kind | msgspec.UnsetType, msgspec.UNSET) for key, kind in get_type_hints(optional).items()]
        elif name != "self":
            known = (name, hints[name])
            fields.append(known if parameter.default is inspect.Parameter.empty else (*known, parameter.default))
    return msgspec.defstruct(
        f"{method.__qualname__}Arguments".replace(".", ""), fields, kw_only=True, forbid_unknown_fields=True
    )


def check_arguments(method: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as the method's own types. Raises `InvalidInput` naming the field."""
    try:
        struct = msgspec.convert(msgspec.to_builtins(arguments), arguments_of(method), strict=False)
    except msgspec.ValidationError as error:
        field = str(error).rpartition("`$.")[2].rstrip("`") if "`$." in str(error) else ""
        raise InvalidInput(_("This value cannot be used: {reason}", reason=str(error)), field) from None
    values = {name: getattr(struct, name) for name in struct.__struct_fields__}
    return {name: value for name, value in values.items() if value is not msgspec.UNSET}


@dataclass(slots=True)
class Dispatcher:
    """Runs actions on one company."""

    database: Database
    services: dict[str, type[Service]]
    clock: Callable[[], datetime] = utc_now

    def run(
        self,
        service: str,
        name: str,
        arguments: dict[str, Any],
        *,
        actor: Actor | None,
        request_id: UUID,
        session: str = "",
    ) -> Any:
        """Run one action for `actor`. A write whose `request_id` is known is not run again: its answer is."""
        method, action = find_action(self.services, service, name)
        if not action.public and actor is None:
            raise SignedOut(_("You are signed out. Sign in again."))
        if actor is not None:
            _refuse_beyond(actor, service, name, action)
        if action.needs and not (actor and actor.has(action.needs)):
            raise Forbidden(_("You do not have permission to do this."))
        checked = check_arguments(method, arguments)
        if not action.writes:
            with self.database.idle() if action.asks else self.database.reading() as connection:
                work = Work(connection, actor, self.clock(), request_id, f"{service}.{name}", session)
                return method(self.services[service](work), **checked)

        def make_work(connection: Connection) -> Work:
            return Work(connection, actor, self.clock(), request_id, f"{service}.{name}", session)

        return self._write(method, action, self.services[service], checked, make_work)

    def _write(
        self,
        method: Callable[..., Any],
        action: Action,
        cls: type[Service],
        arguments: dict[str, Any],
        make_work: Callable[[Connection], Work],
    ) -> Any:
        for attempt in range(TRIES):
            try:
                with self.database.writing() as connection:
                    work = make_work(connection)
                    known = _earlier_answer(work, method) if action.remembered else None
                    if known is not None:
                        return known[0]
                    answer = method(cls(work), **arguments)
                    queue_events(work)
                    if action.remembered:
                        _remember(work, answer)
            except RetryableConflict:
                time.sleep(random.uniform(0, min(0.3, 0.005 * 2**attempt)))  # noqa: S311 - jitter, no secret
            else:
                return answer
        raise Conflict(_("Too many people changed this at once. Nothing was saved; try again."))


class BeyondScope(Forbidden):
    """A personal access token is used for what it was not made for."""

    def __init__(self, service: str, name: str) -> None:
        super().__init__(_("This token may not do {action}. Make one with the right scope.", action=f"{service}.{name}"))


class SecondFactorLacking(Forbidden):
    """The company wants a second factor first."""

    def __init__(self) -> None:
        super().__init__(_("The company asks for a second factor. Set it up under My profile → Security first."))


def _refuse_beyond(actor: Actor, service: str, name: str, action: Action) -> None:
    changes = action.writes or (action.asks and service in ASKED_TO_CHANGE)
    if actor.scopes is not None and not covers(actor.scopes, service, name, changes=changes):
        raise BeyondScope(service, name)
    if actor.lacks_second_factor and service not in OPEN_WITHOUT:
        raise SecondFactorLacking


def _earlier_answer(work: Work, method: Callable[..., Any]) -> tuple[Any] | None:
    r = tables.request
    row = work.one(select(r).where(r.c.id == work.request_id))
    if row is None:
        return None
    if row["action"] != work.action or row["actor_id"] != (work.actor.id if work.actor else None):
        raise Conflict(_("This request number was used for something else."))
    kind = get_type_hints(method).get("return", type(None))
    return (msgspec.json.decode(row["answer"], type=kind),)


def _remember(work: Work, answer: Any) -> None:
    work.connection.execute(
        insert(tables.request),
        [
            {
                "id": work.request_id,
                "actor_id": work.actor.id if work.actor else None,
                "action": work.action,
                "answer": msgspec.json.encode(answer).decode(),
                "done_at": work.now,
            }
        ],
    )
